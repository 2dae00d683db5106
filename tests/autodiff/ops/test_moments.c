/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <math.h>

extern const ad_op ad_norm__op;

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(moments, .init = start, .fini = stop);

static ad_var vector(int n, const double *x)
{
    return ad_input_array(tape, AD_F64, AD_SHAPE(n), x);
}

Test(moments, samples_have_the_derivatives_of_central_differences)
{
    test_samples(&ad_norm__op);
}

static ad_var mean_rows(const ad_var *x)
{
    return ad_mean(x[0], AD_AXES(-1));
}

static ad_var variance_columns(const ad_var *x)
{
    return ad_variance(x[0], AD_KEEP(0), 1);
}

static ad_var std_all(const ad_var *x)
{
    return ad_std(x[0], AD_ALL, 0);
}

static ad_var normalize_rows(const ad_var *x)
{
    return ad_normalize(x[0], AD_AXES(1));
}

Test(moments, composed_ones_have_them_too)
{
    ad_shape shape = AD_SHAPE(3, 4);
    test_gradients("ad_mean", mean_rows, 1, &shape, -2, 2);
    test_gradients("ad_variance", variance_columns, 1, &shape, -2, 2);
    test_gradients("ad_std", std_all, 1, &shape, -2, 2);
    test_gradients("ad_normalize", normalize_rows, 1, &shape, 0.2, 2);
}

Test(moments, have_their_values_in_both_types)
{
    for (int type = AD_F64; type <= AD_F32; type++) {
        ad_var x = test_counting(tape, (ad_type)type, AD_SHAPE(2, 4)); /* 1 2 3 4, 5 6 7 8 */
        test_expect(ad_mean(x, AD_ALL), AD_SCALAR, TEST_NUMBERS(4.5));
        test_expect(ad_mean(x, AD_AXES(1)), AD_SHAPE(2), TEST_NUMBERS(2.5, 6.5));
        test_expect(ad_variance(x, AD_AXES(1), 0), AD_SHAPE(2), TEST_NUMBERS(1.25, 1.25));
        test_expect(ad_variance(x, AD_KEEP(0), 1), AD_SHAPE(1, 4), TEST_NUMBERS(8, 8, 8, 8));
        test_expect(ad_std(x, AD_AXES(0), 0), AD_SHAPE(4), TEST_NUMBERS(2, 2, 2, 2));
        test_expect_near(ad_norm(x, AD_AXES(1)), AD_SHAPE(2),
                         TEST_NUMBERS(5.4772255750516611, 13.190905958272919), 1);
        test_expect_near(ad_normalize(ad_slice(x, 1, 2, 4, 1), AD_AXES(1)), AD_SHAPE(2, 2),
                         TEST_NUMBERS(0.6, 0.8, 7 / 10.6301458127346499, 8 / 10.6301458127346499),
                         2);
    }
}

/* Each element's weight in the mean is 1/n, in the variance 2 (x_i - mean) / (n - ddof). */
Test(moments, gradients_are_those_of_the_definitions)
{
    ad_var x = vector(4, TEST_NUMBERS(1, 2, 4, 9)), dx;
    ad_grad(ad_mean(x, AD_ALL), 1, &x, &dx);
    test_expect(dx, AD_SHAPE(4), TEST_NUMBERS(0.25, 0.25, 0.25, 0.25));
    ad_grad(ad_variance(x, AD_ALL, 0), 1, &x, &dx);
    test_expect(dx, AD_SHAPE(4), TEST_NUMBERS(-1.5, -1, 0, 2.5));
    ad_grad(ad_variance(x, AD_ALL, 2), 1, &x, &dx);
    test_expect(dx, AD_SHAPE(4), TEST_NUMBERS(-3, -2, 0, 5));
}

Test(moments, equal_elements_have_no_deviation_and_no_gradient)
{
    ad_var x = vector(3, TEST_NUMBERS(5, 5, 5)), dx;
    ad_var z = ad_std(x, AD_ALL, 1);
    test_expect(z, AD_SCALAR, TEST_NUMBERS(0));
    ad_grad(z, 1, &x, &dx);
    test_expect(dx, AD_SHAPE(3), TEST_NUMBERS(0, 0, 0));
}

/* Whatever the mean of so many rounds to: over each axis, in both types. */
Test(moments, equal_numbers_of_any_count_deviate_by_exactly_0)
{
    ad_rng rng = {.seed = 6};
    ad_mark mark = ad_tape_mark(tape);
    for (int n = 1; n < 85; n = n * 5 / 4 + 1) {
        const double c = ad_rng_normal(&rng) * pow(10, ad_rng_uniform(&rng) * 20 - 10);
        for (int type = AD_F64; type <= AD_F32; type++) {
            const double zeros[256] = {0};
            ad_var zero =
                ad_cast(ad_input_array(tape, AD_F64, AD_SHAPE(3, n), zeros), (ad_type)type);
            ad_var x = ad_add(zero, c), dx;
            for (int axis = 0; axis < 2; axis++) {
                ad_var z = ad_std(x, AD_AXES(axis), n > 1), one = ad_literal(1);
                test_expect(z, AD_SHAPE(axis == 0 ? n : 3), zeros);
                test_expect(ad_variance(x, AD_AXES(axis), 0), AD_SHAPE(axis == 0 ? n : 3), zeros);
                ad_vjp(1, &z, 1, &x, &one, &dx);
                test_expect(dx, AD_SHAPE(3, n), zeros);
            }
        }
        ad_tape_rewind(tape, mark);
    }
}

Test(moments, too_few_elements_give_nan)
{
    ad_var none = vector(0, NULL), one = vector(1, TEST_NUMBERS(3));
    cr_expect(isnan(ad_value(ad_mean(none, AD_ALL))));
    cr_expect(isnan(ad_value(ad_variance(none, AD_ALL, 0))));
    cr_expect(isnan(ad_value(ad_variance(one, AD_ALL, 1))));
    cr_expect(isnan(ad_value(ad_std(one, AD_ALL, 2))));
    test_expect(ad_variance(one, AD_ALL, 0), AD_SCALAR, TEST_NUMBERS(0));
    test_expect(ad_norm(none, AD_ALL), AD_SCALAR, TEST_NUMBERS(0));
}

/* (3, 4) scaled by powers of two: the norm is exact wherever it is a number of the type. */
Test(moments, norm_neither_overflows_nor_underflows)
{
    for (int power = -1074; power <= 1021; power++) {
        double scale = ldexp(1, power);
        ad_var x = vector(2, TEST_NUMBERS(3 * scale, -4 * scale)), dx;
        ad_var z = ad_norm(x, AD_ALL);
        cr_expect_eq(ad_value(z), 5 * scale, "%a", scale);
        ad_grad(z, 1, &x, &dx);
        test_expect_near(dx, AD_SHAPE(2), TEST_NUMBERS(0.6, -0.8), 2);
        test_expect_near(ad_normalize(x, AD_ALL), AD_SHAPE(2), TEST_NUMBERS(0.6, -0.8), 2);
    }
    for (int power = -149; power <= 125; power++) {
        const float x[] = {ldexpf(3, power), ldexpf(4, power)};
        ad_var z = ad_norm(ad_input_array(tape, AD_F32, AD_SHAPE(2), x), AD_ALL);
        cr_expect_eq(ad_value(z), ldexp(5, power), "2^%d", power);
    }
}

Test(moments, norm_of_a_long_vector_is_accurate)
{
    enum { N = 400 };
    double x[N];
    for (int i = 0; i < N; i++) {
        x[i] = i + 1;
    }
    /* 1 + 4 + ... + n^2 = n (n + 1) (2 n + 1) / 6 */
    double exact = sqrt(400.0 * 401 * 801 / 6);
    test_expect_near(ad_norm(vector(N, x), AD_ALL), AD_SCALAR, &exact, 1);
    for (int i = 0; i < N; i++) {
        x[i] *= 1e300;
    }
    exact *= 1e300;
    test_expect_near(ad_norm(vector(N, x), AD_ALL), AD_SCALAR, &exact, 4);
}

Test(moments, norm_keeps_nan_and_infinity)
{
    cr_expect(isnan(ad_value(ad_norm(vector(2, TEST_NUMBERS(NAN, INFINITY)), AD_ALL))));
    cr_expect(isnan(ad_value(ad_norm(vector(2, TEST_NUMBERS(INFINITY, NAN)), AD_ALL))));
    cr_expect_eq(ad_value(ad_norm(vector(2, TEST_NUMBERS(-INFINITY, 1)), AD_ALL)), INFINITY);
}

Test(moments, errors_name_the_operation_called)
{
    ad_var x = vector(2, TEST_NUMBERS(1, 2));
    TEST_ERROR(tape, ad_mean(x, AD_AXES(1)), AD_ERR_SHAPE,
               "ad_mean: axis 1 of [2]; axes are -1 to 0");
    TEST_ERROR(tape, ad_variance(x, AD_AXES(1), 0), AD_ERR_SHAPE,
               "ad_variance: axis 1 of [2]; axes are -1 to 0");
    TEST_ERROR(tape, ad_std(x, AD_AXES(1), 0), AD_ERR_SHAPE,
               "ad_std: axis 1 of [2]; axes are -1 to 0");
    ad_var whole = test_counting(tape, AD_I64, AD_SHAPE(3));
    TEST_ERROR(tape, ad_norm(whole, AD_ALL), AD_ERR_TYPE,
               "ad_norm: i64 [3]; takes f64 or f32, ad_cast converts");
    TEST_ERROR(tape, ad_mean(whole, AD_ALL), AD_ERR_TYPE,
               "ad_mean: i64 [3]; takes f64 or f32, ad_cast converts");
    cr_expect(isnan(ad_value(ad_mean(ad_literal(1), AD_AXES(0)))));
}
