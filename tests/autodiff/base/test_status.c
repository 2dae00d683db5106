/* SPDX-License-Identifier: MIT */
#include "status.h"

#include <criterion/criterion.h>
#include <string.h>

Test(status, every_code_has_its_own_name_and_a_text)
{
#define CHECK(code, meaning)                                                                       \
    cr_expect_str_eq(ad_status_name(code), #code);                                                 \
    cr_expect_str_eq(ad_status_text(code), meaning);
    AD_STATUS_LIST(CHECK)
#undef CHECK
}

Test(status, ok_is_zero_so_that_a_status_can_stand_in_an_if)
{
    cr_expect_eq(AD_OK, 0);
}

Test(status, numbers_outside_the_list_have_a_name_too)
{
    const int unknown[] = {-1, AD_ERR_UNSUPPORTED + 1, 1 << 20};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        cr_expect_str_eq(ad_status_name((ad_status)unknown[i]), "AD_ERR_UNKNOWN");
        cr_expect_str_eq(ad_status_text((ad_status)unknown[i]), "unknown status");
    }
}

Test(status, an_error_keeps_code_and_message)
{
    ad_error error = {0};
    ad_status status = ad_error_set(&error, AD_ERR_IO, "%s: line %d", "data.csv", 7);
    cr_expect_eq(status, AD_ERR_IO);
    cr_expect_eq(error.status, AD_ERR_IO);
    cr_expect_str_eq(error.message, "data.csv: line 7");
}

Test(status, an_error_nobody_wants_still_returns_its_code)
{
    cr_expect_eq(ad_error_set(NULL, AD_ERR_SHAPE, "%s", "unread"), AD_ERR_SHAPE);
}

Test(status, an_overlong_message_is_cut_and_ends)
{
    char path[1000];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    ad_error error;
    memset(&error, 1, sizeof error);
    ad_error_set(&error, AD_ERR_FORMAT, "%s", path);
    cr_expect_eq(strlen(error.message), sizeof error.message - 1);
}
