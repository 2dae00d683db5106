/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <math.h>

extern const ad_op ad_logsumexp__op, ad_softmax__op, ad_log_softmax__op, ad_centred__op;

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(softmax, .init = start, .fini = stop);

static ad_var vector(int n, const double *x)
{
    return ad_input_array(tape, AD_F64, AD_SHAPE(n), x);
}

Test(softmax, samples_have_the_derivatives_of_central_differences)
{
    test_samples(&ad_logsumexp__op);
    test_samples(&ad_softmax__op);
    test_samples(&ad_log_softmax__op);
    test_samples(&ad_centred__op);
}

/* By reference/structured.py, 60 digits. */
static const struct {
    int n;
    double x[5], logsumexp, softmax[5], log_softmax[5];
} rows[] = {
    {3,
     {1000, 999, 998.5},
     1000.4643687841079,
     {0.62853171921176245, 0.23122389762214907, 0.14024438316608848},
     {-0.46436878410794484, -1.4643687841079448, -1.9643687841079448}},
    {3, {1000, 0, -1000}, 1000, {1, 0, 0}, {0, -1000, -2000}},
    {3,
     {1, 2, 3},
     3.4076059644443803,
     {0.090030573170380458, 0.24472847105479765, 0.66524095577482189},
     {-2.4076059644443803, -1.4076059644443803, -0.4076059644443803}},
    {2, {0, -40}, 4.248354255291589e-18, {1, 4.248354255291589e-18}, {-4.248354255291589e-18, -40}},
    {2,
     {-1000, -1001},
     -999.68673831248178,
     {0.73105857863000488, 0.26894142136999512},
     {-0.31326168751822283, -1.3132616875182228}},
    {4,
     {-700, 5, 5.5, 5.25},
     6.3693380844056782,
     {1.6892513874089604e-307, 0.25427521259046562, 0.41922895160969771, 0.32649583579983667},
     {-706.36933808440568, -1.3693380844056782, -0.86933808440567819, -1.1193380844056782}},
    {1, {0.125}, 0.125, {1}, {0}},
};

Test(softmax, is_within_4_ulp_of_60_digits)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ad_var x = vector(rows[i].n, rows[i].x);
        ad_shape shape = ad_shape_of(x);
        test_expect_near(ad_logsumexp(x, AD_ALL), AD_SCALAR, &rows[i].logsumexp, 4);
        test_expect_near(ad_softmax(x, AD_ALL), shape, rows[i].softmax, 4);
        test_expect_near(ad_log_softmax(x, AD_AXES(0)), shape, rows[i].log_softmax, 4);
    }
}

Test(softmax, in_f32_as_well)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        float narrow[5];
        double softmax[5];
        for (int k = 0; k < rows[i].n; k++) {
            narrow[k] = (float)rows[i].x[k];
            softmax[k] = rows[i].softmax[k] < 1e-30 ? 0 : rows[i].softmax[k];
        }
        ad_shape shape = AD_SHAPE(rows[i].n);
        ad_var x = ad_input_array(tape, AD_F32, shape, narrow);
        test_expect_near(ad_logsumexp(x, AD_ALL), AD_SCALAR, &rows[i].logsumexp, 4);
        test_expect_near(ad_softmax(x, AD_ALL), shape, softmax, 4);
        test_expect_near(ad_log_softmax(x, AD_ALL), shape, rows[i].log_softmax, 4);
    }
}

/* Every set of axes against one row at a time. */
Test(softmax, goes_over_any_axes)
{
    double data[24];
    ad_rng_fill_normal((ad_rng){.seed = 4}, AD_F64, 24, data);
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2, 3, 4), data);
    for (int mask = 0; mask < 8; mask++) {
        int axes[3], count = 0;
        for (int axis = 0; axis < 3; axis++) {
            if (mask >> axis & 1) {
                axes[count++] = axis;
            }
        }
        ad_var total = ad_logsumexp(x, ad_axes_of(count, axes, 1));
        double by_total[24];
        cr_assert_eq(ad_read(ad_exp(ad_sub(x, total)), 24, by_total), AD_OK);
        test_expect_near(ad_softmax(x, ad_axes_of(count, axes, 0)), ad_shape_of(x), by_total, 16);
        ad_var logs = ad_log_softmax(x, ad_axes_of(count, axes, 0));
        test_expect_near(ad_exp(logs), ad_shape_of(x), by_total, 16);
        ad_var sums = ad_sum(ad_exp(x), ad_axes_of(count, axes, 1));
        double totals[24];
        cr_assert_eq(ad_read(sums, ad_count(sums), totals), AD_OK);
        test_expect_near(ad_exp(total), ad_shape_of(sums), totals, 16);
    }
}

Test(softmax, of_a_long_row_sums_to_1)
{
    enum { N = 512 * 3 };
    double x[N], mean = 1.0 / N;
    for (int i = 0; i < N; i++) {
        x[i] = i % 7;
    }
    ad_var v = vector(N, x), dx;
    ad_var p = ad_softmax(v, AD_ALL);
    test_expect_near(ad_mean(p, AD_ALL), AD_SCALAR, &mean, 4);
    ad_grad(ad_logsumexp(v, AD_ALL), 1, &v, &dx);
    test_expect_near(ad_sum(dx, AD_ALL), AD_SCALAR, TEST_NUMBERS(1), 4);
    ad_var difference = ad_sub(v, ad_log_softmax(v, AD_ALL));
    double total = ad_value(ad_logsumexp(v, AD_ALL));
    test_expect_near(ad_mean(difference, AD_ALL), AD_SCALAR, &total, 4);
}

/* The cross-entropy of PyTorch's figures: logits of 1000, classes 0 and 1, mean over the rows. */
Test(softmax, cross_entropy_at_logits_of_1000_has_its_loss_and_gradient)
{
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2, 3), TEST_NUMBERS(1000, 0, -1000, 1, 2, 3)),
           dx;
    ad_var target = ad_constant(tape, AD_F64, AD_SHAPE(2, 3), TEST_NUMBERS(1, 0, 0, 0, 1, 0));
    ad_var loss = ad_div(ad_sum(ad_mul(target, ad_log_softmax(x, AD_AXES(1))), AD_ALL), -2);
    test_expect_near(loss, AD_SCALAR, TEST_NUMBERS(0.7038029822221902), 2);
    ad_grad(loss, 1, &x, &dx);
    test_expect_near(
        dx, AD_SHAPE(2, 3),
        TEST_NUMBERS(0, 0, 0, 0.04501528658519022, -0.37763576447260117, 0.3326204778874109), 4);
    ad_var picked = ad_sum(ad_mul(target, x), AD_AXES(1));
    loss = ad_mean(ad_sub(ad_logsumexp(x, AD_AXES(1)), picked), AD_ALL);
    test_expect_near(loss, AD_SCALAR, TEST_NUMBERS(0.7038029822221902), 2);
    ad_grad(loss, 1, &x, &dx);
    test_expect_near(
        dx, AD_SHAPE(2, 3),
        TEST_NUMBERS(0, 0, 0, 0.04501528658519022, -0.37763576447260117, 0.3326204778874109), 4);
}

Test(softmax, of_whole_numbers_is_an_error)
{
    ad_var x = test_counting(tape, AD_I64, AD_SHAPE(3));
    TEST_ERROR(tape, ad_logsumexp(x, AD_ALL), AD_ERR_TYPE,
               "ad_logsumexp: i64 [3]; takes f64 or f32, ad_cast converts");
    TEST_ERROR(tape, ad_softmax(x, AD_ALL), AD_ERR_TYPE,
               "ad_softmax: i64 [3]; takes f64 or f32, ad_cast converts");
    TEST_ERROR(tape, ad_log_softmax(x, AD_AXES(1)), AD_ERR_SHAPE,
               "ad_log_softmax: axis 1 of [3]; axes are -1 to 0");
}

Test(softmax, of_empty_tensors_is_empty)
{
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2, 0), NULL), dx;
    test_expect(ad_softmax(x, AD_AXES(1)), AD_SHAPE(2, 0), NULL);
    test_expect(ad_log_softmax(x, AD_AXES(0)), AD_SHAPE(2, 0), NULL);
    ad_var z = ad_logsumexp(x, AD_AXES(1));
    test_expect(z, AD_SHAPE(2), TEST_NUMBERS(-INFINITY, -INFINITY));
    ad_grad(ad_sum(z, AD_ALL), 1, &x, &dx);
    test_expect(dx, AD_SHAPE(2, 0), NULL);
}

static ad_var softmax_outer(const ad_var *x)
{
    return ad_softmax(x[0], AD_AXES(0, 2));
}

static ad_var log_softmax_middle(const ad_var *x)
{
    return ad_log_softmax(x[0], AD_AXES(1));
}

Test(softmax, every_failed_allocation_is_an_error)
{
    test_failed_allocations(softmax_outer, AD_SHAPE(30, 20, 30));
    test_failed_allocations(log_softmax_middle, AD_SHAPE(30, 20, 30));
}
