/* SPDX-License-Identifier: MIT */
#include "fn/passes.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <math.h>

TestSuite(fn_simplify, .init = test_passes_start, .fini = test_passes_stop);

static const double points[] = {0.0, -0.0, NAN, INFINITY, -INFINITY, 1.5, -5e-324, 1e300};
#define POINTS AD_SHAPE(8)

/* The operations left of y(x), whose bits must be those of the recording. */
static int left_of(ad_var x, ad_var y)
{
    ad__program *p = test_capture(1, &x, 1, &y);
    TEST_PASSES(p, ad__simplify, ad__dce);
    test_same_bits(1, &x, 1, &y);
    return test_operations(p);
}

Test(fn_simplify, operations_that_change_nothing_go)
{
    for (int type = AD_F64; type <= AD_F32; type++) {
        ad_var x = ad_cast(ad_constant(test_tape, AD_F64, POINTS, points), (ad_type)type);
        x = ad_input_array(test_tape, (ad_type)type, POINTS, ad_data(x));
        cr_expect_eq(left_of(x, ad_mul(x, 1)), 0);
        cr_expect_eq(left_of(x, ad_mul(1, x)), 0);
        cr_expect_eq(left_of(x, ad_div(x, 1)), 0);
        cr_expect_eq(left_of(x, ad_sub(x, 0)), 0);
        cr_expect_eq(left_of(x, ad_neg(ad_neg(x))), 0);
        cr_expect_eq(left_of(x, ad_chain(1, x)), 0);
        cr_expect_eq(left_of(x, ad_stop_gradient(x)), 0);
        cr_expect_eq(left_of(x, ad_reshape(x, POINTS)), 0);
    }
}

Test(fn_simplify, operations_that_change_a_sign_or_a_nan_stay)
{
    ad_var x = ad_input_array(test_tape, AD_F64, POINTS, points);
    cr_expect_eq(left_of(x, ad_add(x, 0)), 1);
    cr_expect_eq(left_of(x, ad_sub(x, -0.0)), 1);
    cr_expect_eq(left_of(x, ad_sub(0, x)), 1);
    cr_expect_eq(left_of(x, ad_mul(x, 0)), 1);
    cr_expect_eq(left_of(x, ad_mul(x, -1)), 1);
    cr_expect_eq(left_of(x, ad_chain(-0.0, x)), 1);
}

Test(fn_simplify, what_also_broadcasts_stays)
{
    ad_var x = ad_input_array(test_tape, AD_F64, POINTS, points);
    ad_var ones = ad_constant(test_tape, AD_F64, AD_SHAPE(3, 1), TEST_NUMBERS(1, 1, 1));
    ad_var one = ad_constant(test_tape, AD_F64, AD_SHAPE(1, 1), TEST_NUMBERS(1));
    cr_expect_eq(left_of(x, ad_mul(x, ones)), 1);
    cr_expect_eq(left_of(x, ad_mul(x, one)), 1);
}

Test(fn_simplify, an_argument_is_read_before_it_was_broadcast)
{
    ad_var x = ad_input_array(test_tape, AD_F64, POINTS, points);
    ad_var wide = ad_broadcast_to(x, AD_SHAPE(3, 8));
    cr_expect_eq(left_of(x, ad_exp(wide)), 1);
}

/* -(-x broadcast) is as large as what was broadcast, x is not. */
Test(fn_simplify, two_signs_with_a_broadcast_between_them_stay)
{
    ad_var x = ad_input_array(test_tape, AD_F64, AD_SHAPE(2, 2), TEST_NUMBERS(1, 2, 3, 4));
    ad_var wide = ad_broadcast_to(ad_neg(x), AD_SHAPE(2, 2, 2));
    ad_var z = ad_logsumexp(ad_neg(wide), AD_AXES(0, 1));
    cr_expect_gt(left_of(x, z), 1);
}

Test(fn_simplify, a_reshape_of_a_reshape_is_one)
{
    ad_var x = ad_input_array(test_tape, AD_F64, POINTS, points);
    ad_var y = ad_reshape(ad_reshape(x, AD_SHAPE(2, 4)), AD_SHAPE(4, 2));
    cr_expect_eq(left_of(x, y), 1);
}

/* above(x, 0) and relu(x) of a layer: x need not be kept for the gradient. */
Test(fn_simplify, the_step_of_a_relu_reads_its_result)
{
    ad_var x = ad_input_array(test_tape, AD_F64, POINTS, points);
    ad_var y = ad_relu(x), step = ad_above(x, 0), out[] = {y, step};
    ad__program *p = test_capture(1, &x, 2, out);
    TEST_PASSES(p, ad__simplify);
    const ad__value *above = &p->values[p->outputs[1]];
    cr_expect_eq(ad__arguments(p, above)[0], p->outputs[0]);
    test_same_bits(1, &x, 2, out);
}
