/* SPDX-License-Identifier: MIT */
#include "base/text_internal.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

Test(text, pieces_are_appended_and_what_does_not_fit_is_cut)
{
    char text[12] = "";
    ad__say(text, sizeof text, "%s %d", "row", 7);
    ad__say(text, sizeof text, "%s", ", column");
    cr_expect_str_eq(text, "row 7, colu");
    ad__say(text, sizeof text, "more");
    cr_expect_str_eq(text, "row 7, colu");
}

Test(text, numbers_have_the_digits_asked_for_and_nan_no_sign)
{
    char text[80] = "";
    const double numbers[] = {1.0 / 3, -NAN, NAN, -INFINITY, 1e300, -0.0};
    for (int i = 0; i < 6; i++) {
        ad__say_number(text, sizeof text, numbers[i], 3);
        ad__say(text, sizeof text, " ");
    }
    cr_expect_str_eq(text, "0.333 nan nan -inf 1e+300 -0 ");
}

Test(text, an_element_is_named_by_its_index)
{
    const ad_shape scalar = AD_SCALAR, matrix = AD_SHAPE(3, 4), cube = AD_SHAPE(2, 3, 5);
    char text[80] = "";
    ad__say_index(text, sizeof text, &scalar, 0);
    cr_expect_str_eq(text, "");
    ad__say_index(text, sizeof text, &matrix, 7);
    ad__say_index(text, sizeof text, &cube, 29);
    cr_expect_str_eq(text, "[1, 3][1, 2, 4]");
}
