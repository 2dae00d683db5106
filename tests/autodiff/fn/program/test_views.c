/* SPDX-License-Identifier: MIT */
/* An input that is a view, beside other views of its memory. */
#include "autodiff.h"

#include <criterion/criterion.h>
#include <string.h>

static ad_tape *tape;
static double m[4] = {1, 2, 3, 4};

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(fn_views, .init = start, .fini = stop);

static ad_var squares(ad_var x)
{
    return ad_sum(ad_square(x), AD_ALL);
}

static ad_var view_at(const char *site, ad_shape shape, double *memory)
{
    return ad_input_view_at(tape, AD_F64, shape, memory, site);
}

Test(fn_views, an_input_that_overlaps_a_view_which_a_call_would_read_is_refused)
{
    ad_var x[] = {ad_input(tape, 1), view_at("own.c:7", AD_SHAPE(3), m)};
    ad_var u = view_at("other.c:9", AD_SHAPE(2, 1), m + 2);
    ad_var y = ad_mul(x[0], ad_add(squares(x[1]), squares(u)));
    cr_expect_null(ad_fn_new(tape, 2, x, 1, &y));
    cr_expect_eq(ad_tape_status(tape), AD_ERR_STATE);
    cr_expect_str_eq(ad_tape_message(tape),
                     "ad_fn_new: input 1, viewed at own.c:7, overlaps the view at other.c:9, which "
                     "a call would read from memory; view the memory once, and take parts with "
                     "ad_slice");
}

static void expect_value(int in_count, const ad_var *in, ad_var y, const double *inputs,
                         double expected)
{
    double out = 0;
    ad_fn *f = ad_fn_new(tape, in_count, in, 1, &y);
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
    cr_expect_eq(ad_fn_eval(f, inputs, &out), AD_OK);
    cr_expect_eq(out, expected);
    ad_fn_free(f);
}

Test(fn_views, neighbours_and_the_same_view_are_fine)
{
    ad_var v = view_at("own.c:7", AD_SHAPE(2), m), same = view_at("other.c:9", AD_SHAPE(2), m);
    ad_var next = view_at("other.c:9", AD_SHAPE(2), m + 2);
    ad_var y = ad_add(ad_add(squares(v), squares(same)), squares(next));
    expect_value(1, &v, y, (const double[]){5, 6}, 2 * (25 + 36) + 9 + 16);
}

Test(fn_views, a_view_that_no_output_is_made_of_is_fine)
{
    ad_var v = view_at("own.c:7", AD_SHAPE(2), m), unused = view_at("other.c:9", AD_SHAPE(3), m);
    cr_expect_not(ad_is_dead(squares(unused)));
    expect_value(1, &v, squares(v), (const double[]){5, 6}, 25 + 36);
}

Test(fn_views, views_that_overlap_each_other_and_no_input_are_fine)
{
    ad_var x = ad_input(tape, 1), y = ad_mul(x, ad_add(squares(view_at(NULL, AD_SHAPE(2), m)),
                                                       squares(view_at(NULL, AD_SHAPE(2), m + 1))));
    expect_value(1, &x, y, (const double[]){2}, 2 * (1 + 4 + 4 + 9));
}
