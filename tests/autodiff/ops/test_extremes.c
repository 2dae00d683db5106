/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <math.h>

extern const ad_op ad_max__op, ad_min__op;

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(extremes, .init = start, .fini = stop);

static ad_var vector(int n, const double *x)
{
    return ad_input_array(tape, AD_F64, AD_SHAPE(n), x);
}

Test(extremes, samples_have_the_derivatives_of_central_differences)
{
    test_samples(&ad_max__op);
    test_samples(&ad_min__op);
}

Test(extremes, are_taken_over_any_axes_in_every_type)
{
    for (int type = AD_F64; type <= AD_I64; type++) {
        ad_var x = test_counting(tape, (ad_type)type, AD_SHAPE(2, 3, 2));
        test_expect(ad_max(x, AD_ALL), AD_SCALAR, TEST_NUMBERS(12));
        test_expect(ad_max(x, AD_AXES(1)), AD_SHAPE(2, 2), TEST_NUMBERS(5, 6, 11, 12));
        test_expect(ad_max(x, AD_KEEP(0, 2)), AD_SHAPE(1, 3, 1), TEST_NUMBERS(8, 10, 12));
        test_expect(ad_min(x, AD_AXES(-1)), AD_SHAPE(2, 3), TEST_NUMBERS(1, 3, 5, 7, 9, 11));
        test_expect(ad_min(x, AD_AXES(0)), AD_SHAPE(3, 2), TEST_NUMBERS(1, 2, 3, 4, 5, 6));
        cr_expect_eq(ad_type_of(ad_max(x, AD_ALL)), (ad_type)type);
        ad_var place = ad_argmax(x, AD_AXES(1));
        cr_expect_eq(ad_type_of(place), AD_I64);
        test_expect(place, AD_SHAPE(2, 2), TEST_NUMBERS(2, 2, 2, 2));
        test_expect(ad_argmin(x, AD_KEEP(1)), AD_SHAPE(2, 1, 2), TEST_NUMBERS(0, 0, 0, 0));
    }
}

Test(extremes, several_axes_count_places_in_row_major_order)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(2, 3, 2));
    test_expect(ad_argmax(x, AD_ALL), AD_SCALAR, TEST_NUMBERS(11));
    test_expect(ad_argmax(x, AD_AXES(0, 2)), AD_SHAPE(3), TEST_NUMBERS(3, 3, 3));
    test_expect(ad_argmax(ad_neg(x), AD_AXES(0, 2)), AD_SHAPE(3), TEST_NUMBERS(0, 0, 0));
}

/* Longer than the running maxima of a kernel, with the extreme at every place. */
Test(extremes, are_found_at_every_place_of_a_long_row)
{
    enum { N = 75 };
    double x[N];
    for (int at = 0; at < N; at++) {
        for (int sign = -1; sign <= 1; sign += 2) {
            for (int i = 0; i < N; i++) {
                x[i] = sign * (i == at ? 3 : (double)(i % 3));
            }
            ad_var v = vector(N, x);
            ad_var z = sign > 0 ? ad_max(v, AD_ALL) : ad_min(v, AD_ALL);
            ad_var place = sign > 0 ? ad_argmax(v, AD_ALL) : ad_argmin(v, AD_ALL);
            cr_expect_eq(ad_value(z), 3 * sign);
            cr_expect_eq(ad_value(place), at);
        }
    }
}

Test(extremes, the_first_of_equals_has_the_place)
{
    ad_var x = vector(4, TEST_NUMBERS(1, 3, 3, 1));
    test_expect(ad_argmax(x, AD_ALL), AD_SCALAR, TEST_NUMBERS(1));
    test_expect(ad_argmin(x, AD_ALL), AD_SCALAR, TEST_NUMBERS(0));
}

Test(extremes, nan_wins_wherever_it_stands)
{
    enum { N = 70 };
    double x[N];
    for (int at = 0; at < N; at++) {
        for (int i = 0; i < N; i++) {
            x[i] = i == at ? (double)NAN : i % 2 ? (double)INFINITY : -(double)INFINITY;
        }
        for (int n = at + 1; n <= N; n += N - 1) {
            ad_var v = vector(n, x);
            cr_expect(isnan(ad_value(ad_max(v, AD_ALL))), "%d of %d", at, n);
            cr_expect(isnan(ad_value(ad_min(v, AD_ALL))), "%d of %d", at, n);
            cr_expect_eq(ad_value(ad_argmax(v, AD_ALL)), at);
            cr_expect_eq(ad_value(ad_argmin(v, AD_ALL)), at);
        }
    }
}

Test(extremes, equals_share_the_gradient_evenly)
{
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2, 4),
                              TEST_NUMBERS(1, 3, 3, 3, -1, -1, 7, -1)),
           dx;
    double third = 1.0 / 3;
    ad_grad(ad_sum(ad_max(x, AD_AXES(1)), AD_ALL), 1, &x, &dx);
    test_expect(dx, AD_SHAPE(2, 4), TEST_NUMBERS(0, third, third, third, 0, 0, 1, 0));
    ad_grad(ad_sum(ad_min(x, AD_AXES(1)), AD_ALL), 1, &x, &dx);
    test_expect(dx, AD_SHAPE(2, 4), TEST_NUMBERS(1, 0, 0, 0, third, third, 0, third));
    ad_grad(ad_square(ad_max(x, AD_ALL)), 1, &x, &dx);
    test_expect(dx, AD_SHAPE(2, 4), TEST_NUMBERS(0, 0, 0, 0, 0, 0, 14, 0));
    ad_grad(ad_sum(dx, AD_ALL), 1, &x, &dx);
    test_expect(dx, AD_SHAPE(2, 4), TEST_NUMBERS(0, 0, 0, 0, 0, 0, 2, 0));
}

Test(extremes, of_no_elements_are_an_error)
{
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(0, 3), NULL);
    TEST_ERROR(tape, ad_max(x, AD_AXES(0)), AD_ERR_SHAPE,
               "ad_max: [0, 3] has no elements along the axes, and of none there is no extreme");
    TEST_ERROR(tape, ad_argmin(x, AD_ALL), AD_ERR_SHAPE,
               "ad_argmin: [0, 3] has no elements along the axes, and of none there is no extreme");
    test_expect(ad_max(x, AD_AXES(1)), AD_SHAPE(0), NULL);
    test_expect(ad_argmax(x, AD_KEEP(1)), AD_SHAPE(0, 1), NULL);
}

Test(extremes, places_carry_no_gradient)
{
    ad_var x = vector(2, TEST_NUMBERS(1, 2)), dx;
    ad_var place = ad_argmax(x, AD_ALL);
    cr_expect_eq(ad_vjp(1, &place, 1, &x, (ad_var[]){ad_literal(1)}, &dx), AD_OK);
    test_expect(dx, AD_SHAPE(2), TEST_NUMBERS(0, 0));
}
