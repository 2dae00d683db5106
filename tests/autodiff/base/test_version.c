/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(version, library_and_headers_say_the_same)
{
    char text[64];
    (void)snprintf(text, sizeof text, "%d.%d.%d", AD_VERSION_MAJOR, AD_VERSION_MINOR,
                   AD_VERSION_PATCH);
    cr_expect_str_eq(AD_VERSION, text);
    cr_expect_str_eq(ad_version(), text);
}

Test(version, versions_are_compared_part_by_part)
{
    cr_expect(AD_VERSION_AT_LEAST(0, 0, 0));
    cr_expect(AD_VERSION_AT_LEAST(AD_VERSION_MAJOR, AD_VERSION_MINOR, AD_VERSION_PATCH));
    cr_expect(!AD_VERSION_AT_LEAST(AD_VERSION_MAJOR, AD_VERSION_MINOR, AD_VERSION_PATCH + 1));
    cr_expect(!AD_VERSION_AT_LEAST(AD_VERSION_MAJOR, AD_VERSION_MINOR + 1, 0));
    cr_expect(!AD_VERSION_AT_LEAST(AD_VERSION_MAJOR + 1, 0, 0));
}

/* In a preprocessor's own arithmetic too. */
#if !AD_VERSION_AT_LEAST(0, 1, 0) || AD_VERSION_AT_LEAST(1000, 0, 0)
#error "AD_VERSION_AT_LEAST cannot stand in #if"
#endif
