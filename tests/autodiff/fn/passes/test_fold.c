/* SPDX-License-Identifier: MIT */
#include "fn/passes.h"

#include "operations.h"

#include <criterion/criterion.h>

TestSuite(fn_fold, .init = test_passes_start, .fini = test_passes_stop);

Test(fn_fold, what_is_made_of_constants_is_one)
{
    ad_var x = ad_input(test_tape, 2);
    ad_var c = ad_constant(test_tape, AD_F64, AD_SCALAR, TEST_NUMBERS(3));
    ad_var y = ad_mul(x, ad_exp(ad_sin(c)));
    ad__program *p = test_capture(1, &x, 1, &y);
    cr_expect_eq(test_operations(p), 3);
    TEST_PASSES(p, ad__simplify);
    cr_expect_eq(test_operations(p), 1);
    test_same_bits(1, &x, 1, &y);
}

Test(fn_fold, a_large_result_of_small_constants_stays_an_operation)
{
    ad_var x = ad_input(test_tape, 2), one = ad_full(test_tape, AD_F64, AD_SHAPE(1), 1);
    ad_var small = ad_mul(x, ad_tile(one, 0, 64)), large = ad_mul(x, ad_tile(one, 0, 65));
    ad__program *p = test_capture(1, &x, 2, (ad_var[]){small, large});
    int before = test_operations(p);
    TEST_PASSES(p, ad__simplify);
    cr_expect_lt(test_operations(p), before);
    const ad__value *v = &p->values[p->outputs[0]], *w = &p->values[p->outputs[1]];
    cr_expect(ad__is_constant(&p->values[ad__arguments(p, v)[1]]));
    cr_expect_not(ad__is_constant(&p->values[ad__arguments(p, w)[1]]));
}

Test(fn_fold, inputs_and_views_are_no_constants)
{
    double memory[2] = {1, 2};
    ad_var v = ad_input_view(test_tape, AD_F64, AD_SHAPE(2), memory), y = ad_neg(v);
    ad__program *p = test_capture(0, NULL, 1, &y);
    TEST_PASSES(p, ad__simplify);
    cr_expect_eq(test_operations(p), 1);
}

/* Which of two zeros the smaller one is, C's fmin leaves open. */
Test(fn_fold, extremes_of_zeros_of_both_signs_are_those_of_the_recording)
{
    ad_var zero = ad_full(test_tape, AD_F64, AD_SHAPE(4, 1), 0);
    ad_var minus = ad_full(test_tape, AD_F64, AD_SHAPE(4, 17), -0.0);
    ad_var out[] = {ad_fmin(zero, minus),       ad_fmin(minus, zero),    ad_fmax(zero, minus),
                    ad_fmax(minus, zero),       ad_minimum(zero, minus), ad_maximum(zero, minus),
                    ad_clamp(zero, minus, zero)};
    test_same_bits(0, NULL, (int)(sizeof out / sizeof *out), out);
}
