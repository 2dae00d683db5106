/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <math.h>

extern const ad_op ad_det__op, ad_log_abs_det__op, ad_cofactors__op;

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(det, .init = start, .fini = stop);

Test(det, samples_have_the_derivatives_of_central_differences)
{
    test_samples(&ad_det__op);
    test_samples(&ad_log_abs_det__op);
    test_samples(&ad_cofactors__op);
}

Test(det, of_the_singular_matrix_of_the_table_is_0_with_the_adjugate_as_gradient)
{
    for (int type = AD_F64; type <= AD_F32; type++) {
        const float narrow[] = {1, 2, 2, 4};
        const double wide[] = {1, 2, 2, 4};
        const void *data = type == AD_F64 ? (const void *)wide : (const void *)narrow;
        ad_var x = ad_input_array(tape, (ad_type)type, AD_SHAPE(2, 2), data), dx;
        ad_var z = ad_det(x);
        test_expect(z, AD_SCALAR, TEST_NUMBERS(0));
        ad_grad(z, 1, &x, &dx);
        test_expect_near(dx, AD_SHAPE(2, 2), TEST_NUMBERS(4, -2, -2, 1), 0);
    }
}

/* 2e-6 on the diagonal: N log 2e-6, and 500000 there. */
Test(det, of_many_small_rows_the_logarithm_is_right_where_the_determinant_is_not)
{
    const int orders[] = {1, 56, 128};
    const double logs[] = {-13.122363377404329, -734.85234913464242, -1679.6625123077541};
    static double a[128 * 128], got[128 * 128];
    for (int k = 0; k < 3; k++) {
        const int n = orders[k];
        for (int i = 0; i < n * n; i++) {
            a[i] = i % (n + 1) == 0 ? 2e-6 : 0;
        }
        ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(n, n), a), dx;
        ad_var z = ad_log_abs_det(x);
        test_expect_near(z, AD_SCALAR, &logs[k], 4);
        cr_expect_eq(ad_value(ad_det_sign(x)), 1);
        ad_grad(z, 1, &x, &dx);
        cr_assert_eq(ad_read(dx, (size_t)(n * n), got), AD_OK, "%s", ad_tape_message(tape));
        for (int i = 0; i < n * n; i++) {
            cr_assert_float_eq(got[i], i % (n + 1) == 0 ? 5e5 : 0, 1e-9, "element %d of %d", i, n);
        }
    }
}

Test(det, has_a_sign_and_a_logarithm_for_each_matrix_of_a_batch)
{
    for (int type = AD_F64; type <= AD_F32; type++) {
        const double wide[] = {0, 1, 1, 0, 1, 2, 2, 4, 3, 0, 0, 2};
        ad_var x = ad_cast(ad_input_array(tape, AD_F64, AD_SHAPE(3, 2, 2), wide), (ad_type)type);
        test_expect(ad_det_sign(x), AD_SHAPE(3), TEST_NUMBERS(-1, 0, 1));
        test_expect_near(ad_log_abs_det(x), AD_SHAPE(3),
                         TEST_NUMBERS(0, -INFINITY, 1.7917594692280550), 2);
    }
    ad_var none = ad_input_array(tape, AD_F64, AD_SHAPE(0, 0), NULL);
    test_expect(ad_log_abs_det(none), AD_SCALAR, TEST_NUMBERS(0));
}

/* The determinant by its definition, expanded along the first row of what is left. */
static ad_var by_minors(int n, ad_var x, int row, unsigned taken)
{
    ad_var sum = ad_literal(row == n ? 1 : 0);
    double sign = 1;
    for (int j = 0; j < n && row < n; j++) {
        if (!(taken >> j & 1)) {
            ad_var element = ad_select(ad_select(x, 0, row), 0, j);
            ad_var minor = by_minors(n, x, row + 1, taken | 1U << j);
            sum = ad_add(sum, ad_mul(sign, ad_mul(element, minor)));
            sign = -sign;
        }
    }
    return sum;
}

/* A matrix of order n and rank r with whole elements. */
static void of_rank(int n, int r, double *x)
{
    for (int i = 0; i < n * n; i++) {
        x[i] = 0;
    }
    for (int k = 0; k < r; k++) {
        for (int i = 0; i < n; i++) {
            for (int j = 0; j < n; j++) {
                x[i * n + j] += (double)((7 * i + 3 * k * i + k) % 5 - 2) *
                                (double)((5 * j + 2 * k * j * j + 3 * k) % 7 - 3);
            }
        }
    }
}

static ad_var weighted(ad_var dx, int seed)
{
    double w[16];
    for (size_t i = 0; i < ad_count(dx); i++) {
        w[i] = (double)((int)(i * i + 3 * i) * (seed + 1) % 7 - 3);
    }
    return ad_sum(ad_mul(dx, ad_constant(tape, AD_F64, ad_shape_of(dx), w)), AD_ALL);
}

/* Both ways of writing det are the same polynomial: their derivatives agree, order by order. */
Test(det, derivatives_of_every_order_are_exact_at_every_rank)
{
    for (int n = 1; n <= 4; n++) {
        for (int r = 0; r <= n; r++) {
            double x[16], expected[16], got[16];
            of_rank(n, r, x);
            ad_mark mark = ad_tape_mark(tape);
            ad_var v = ad_input_array(tape, AD_F64, AD_SHAPE(n, n), x);
            ad_var a = ad_det(v), b = by_minors(n, v, 0, 0);
            for (int order = 1; order <= n + 1; order++) {
                ad_var da, db;
                cr_assert_eq(ad_grad(a, 1, &v, &da), AD_OK, "%s", ad_tape_message(tape));
                cr_assert_eq(ad_grad(b, 1, &v, &db), AD_OK);
                ad_read(da, (size_t)(n * n), got);
                ad_read(db, (size_t)(n * n), expected);
                for (int i = 0; i < n * n; i++) {
                    double scale = fmax(1000, fabs(expected[i]));
                    cr_expect_lt(fabs(got[i] - expected[i]), 1e-13 * scale,
                                 "n %d, rank %d, order %d, element %d: %g, not %g", n, r, order, i,
                                 got[i], expected[i]);
                }
                a = weighted(da, order);
                b = weighted(db, order);
            }
            cr_assert_eq(ad_tape_rewind(tape, mark), AD_OK);
        }
    }
}

Test(det, has_the_sign_of_the_permutation)
{
    const double x[] = {0, 0, 3, 2, 0, 0, 0, 5, 0}; /* 3, 2 and 5 in a cycle of three */
    test_expect(ad_det(ad_input_array(tape, AD_F64, AD_SHAPE(3, 3), x)), AD_SCALAR,
                TEST_NUMBERS(30));
    const double y[] = {0, 2, 3, 0};
    test_expect(ad_det(ad_input_array(tape, AD_F64, AD_SHAPE(2, 2), y)), AD_SCALAR,
                TEST_NUMBERS(-6));
}

/* Second differences, -1 2 -1: the determinant is n + 1, and the first cofactor n. */
Test(det, of_a_large_matrix_is_accurate)
{
    enum { N = 60 };
    double x[N * N] = {0};
    for (int i = 0; i < N; i++) {
        x[i * N + i] = 2;
        if (i > 0) {
            x[i * N + i - 1] = x[(i - 1) * N + i] = -1;
        }
    }
    ad_var v = ad_input_array(tape, AD_F64, AD_SHAPE(N, N), x), dx;
    ad_var z = ad_det(v);
    test_expect_near(z, AD_SCALAR, TEST_NUMBERS(N + 1), 100);
    ad_grad(z, 1, &v, &dx);
    test_expect_near(ad_select(ad_select(dx, 0, 0), 0, 0), AD_SCALAR, TEST_NUMBERS(N), 100);
}

Test(det, takes_each_matrix_of_a_batch_for_itself)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(2, 2, 2)), dx;
    ad_var z = ad_det(x);
    test_expect_near(z, AD_SHAPE(2), TEST_NUMBERS(-2, -2), 4);
    ad_grad(ad_sum(z, AD_ALL), 1, &x, &dx);
    test_expect_near(dx, AD_SHAPE(2, 2, 2), TEST_NUMBERS(4, -3, -2, 1, 8, -7, -6, 5), 4);
}

Test(det, of_no_rows_is_1)
{
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(3, 0, 0), NULL), dx;
    ad_var z = ad_det(x);
    test_expect(z, AD_SHAPE(3), TEST_NUMBERS(1, 1, 1));
    cr_assert_eq(ad_grad(ad_sum(z, AD_ALL), 1, &x, &dx), AD_OK, "%s", ad_tape_message(tape));
    test_expect(dx, AD_SHAPE(3, 0, 0), NULL);
    test_expect(ad_det(ad_input_array(tape, AD_F64, AD_SHAPE(0, 2, 2), NULL)), AD_SHAPE(0), NULL);
}

Test(det, nan_gives_nan)
{
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2, 2), TEST_NUMBERS(1, NAN, 2, 3));
    cr_expect(isnan(ad_value(ad_det(x))));
}

Test(det, errors_ask_for_square_matrices)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(2, 3)),
           y = test_counting(tape, AD_F64, AD_SHAPE(2, 2));
    TEST_ERROR(tape, ad_det(x), AD_ERR_SHAPE, "ad_det: [2, 3]; takes square matrices, [..., n, n]");
    TEST_ERROR(tape, ad_det(ad_input(tape, 1)), AD_ERR_SHAPE,
               "ad_det: []; takes square matrices, [..., n, n]");
    TEST_ERROR(tape, ad_det(test_counting(tape, AD_I64, AD_SHAPE(2, 2))), AD_ERR_TYPE,
               "ad_det: i64 [2, 2]; takes f64 or f32, ad_cast converts");
    TEST_ERROR(tape, ad_cofactors(2, ((ad_var[]){y, x})), AD_ERR_SHAPE,
               "ad_cofactors: f64 [2, 2] along f64 [2, 3]; one type and one shape are needed");
}

static ad_var slope_of_det(const ad_var *x)
{
    ad_var dx;
    ad_grad(ad_det(x[0]), 1, x, &dx);
    return dx;
}

Test(det, every_failed_allocation_is_an_error)
{
    test_failed_allocations(slope_of_det, AD_SHAPE(40, 40));
}
