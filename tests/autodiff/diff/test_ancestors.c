/* SPDX-License-Identifier: MIT */
#include "autodiff.h"
#include "diff/ancestors_internal.h"

#include <criterion/criterion.h>
#include <string.h>

Test(trace, ancestors_are_what_a_result_was_made_of)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 1.0), w = ad_input(tape, 2.0); /* 1, 2 */
    ad_var a = ad_mul(x, x), b = ad_exp(w), c = ad_sin(a);   /* 3, 4, 5 */
    uint8_t mark[6];
    ad__mark_ancestors(tape, 1, &c, mark);
    cr_expect_eq(memcmp(mark, (uint8_t[]){0, 1, 0, 1, 0, 1}, 6), 0);
    ad__mark_ancestors(tape, 3, (ad_var[]){b, ad_literal(7), x}, mark);
    cr_expect_eq(memcmp(mark, (uint8_t[]){0, 1, 1, 0, 1, 0}, 6), 0);
    ad__mark_ancestors(tape, 0, NULL, mark);
    cr_expect_eq(memcmp(mark, (uint8_t[]){0, 1, 1, 1, 1, 1}, 6), 0, "all, but not node 0");
    ad_tape_free(tape);
}

Test(trace, elements_of_every_type_are_doubles)
{
    ad_tape *tape = ad_tape_new();
    const double wide[] = {1.5, -2};
    const float narrow[] = {0.5F, 3};
    const int64_t whole[] = {-7, 8};
    ad_input_array(tape, AD_F64, AD_SHAPE(2), wide);
    ad_input_array(tape, AD_F32, AD_SHAPE(2), narrow);
    ad_input_array(tape, AD_I64, AD_SHAPE(2), whole);
    ad_input(tape, 9.0);
    cr_expect_eq(ad__element_of(tape, 1, 1), -2);
    cr_expect_eq(ad__element_of(tape, 2, 0), 0.5);
    cr_expect_eq(ad__element_of(tape, 3, 0), -7);
    cr_expect_eq(ad__element_of(tape, 4, 0), 9);
    ad_tape_free(tape);
}
