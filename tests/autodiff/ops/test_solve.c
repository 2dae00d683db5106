/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <math.h>

extern const ad_op ad_solve_with__op;

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(solve, .init = start, .fini = stop);

static ad_var matrix(int n, const double *x)
{
    return ad_input_array(tape, AD_F64, AD_SHAPE(n, n), x);
}

Test(solve, samples_have_the_derivatives_of_central_differences)
{
    test_samples(&ad_solve_with__op);
}

static ad_var inverse(const ad_var *x)
{
    return ad_inv(x[0]);
}

Test(solve, the_inverse_has_them_too)
{
    ad_shape shape = AD_SHAPE(2, 2, 2);
    test_gradients("ad_inv", inverse, 1, &shape, -2, 2);
}

Test(solve, finds_vectors_and_matrices)
{
    ad_var a = matrix(2, TEST_NUMBERS(4, 1, 2, 3));
    ad_var b = ad_input_array(tape, AD_F64, AD_SHAPE(2), TEST_NUMBERS(6, 8));
    ad_var sides = ad_input_array(tape, AD_F64, AD_SHAPE(2, 2), TEST_NUMBERS(6, 4, 8, 2));
    test_expect_near(ad_solve(a, b), AD_SHAPE(2), TEST_NUMBERS(1, 2), 4);
    test_expect_near(ad_solve(a, sides), AD_SHAPE(2, 2), TEST_NUMBERS(1, 1, 2, 0), 4);
    test_expect_near(ad_solve_with(a, b, 1), AD_SHAPE(2), TEST_NUMBERS(0.2, 2.6), 8);
    test_expect_near(ad_inv(a), AD_SHAPE(2, 2), TEST_NUMBERS(0.3, -0.1, -0.2, 0.4), 4);
}

/* A x = b of order 40 with a known x; also for the transpose, and in f32. */
Test(solve, is_accurate_for_larger_systems)
{
    enum { N = 40 };
    double a[N * N], x[N];
    float narrow[N * N];
    ad_rng_fill_normal((ad_rng){.seed = 3}, AD_F64, N * N, a);
    for (int i = 0; i < N * N; i++) {
        narrow[i] = (float)a[i];
        a[i] = (double)narrow[i];
    }
    for (int i = 0; i < N; i++) {
        x[i] = 1 + i;
    }
    ad_var m = matrix(N, a), v = ad_input_array(tape, AD_F64, AD_SHAPE(N), x);
    test_expect_near(ad_solve(m, ad_matmul(m, v)), AD_SHAPE(N), x, 10000);
    test_expect_near(ad_solve_with(m, ad_matmul(v, m), 1), AD_SHAPE(N), x, 10000);
    double product[N * N], eye[N * N] = {0};
    ad_read(ad_matmul(m, ad_inv(m)), N * N, product);
    for (int i = 0; i < N * N; i++) {
        eye[i] = i % (N + 1) == 0;
        cr_expect_lt(fabs(product[i] - eye[i]), 1e-12, "element %d", i);
    }
    ad_var m32 = ad_input_array(tape, AD_F32, AD_SHAPE(N, N), narrow);
    double inverse[N * N];
    ad_read(ad_inv(m), N * N, inverse);
    test_expect_near(ad_slice(ad_inv(m32), 0, 0, 4, 1), AD_SHAPE(4, N), inverse, 1);
}

Test(solve, broadcasts_batches)
{
    ad_var a =
        ad_input_array(tape, AD_F64, AD_SHAPE(2, 2, 2), TEST_NUMBERS(2, 0, 0, 4, 1, 0, 0, 8));
    ad_var b = ad_input_array(tape, AD_F64, AD_SHAPE(2, 1), TEST_NUMBERS(8, 8)), db, da;
    ad_var x = ad_solve(a, b);
    test_expect(x, AD_SHAPE(2, 2, 1), TEST_NUMBERS(4, 2, 8, 1));
    ad_grad(ad_sum(x, AD_ALL), 1, &b, &db);
    test_expect(db, AD_SHAPE(2, 1), TEST_NUMBERS(1.5, 0.375));
    ad_grad(ad_sum(x, AD_ALL), 1, &a, &da);
    test_expect(da, AD_SHAPE(2, 2, 2), TEST_NUMBERS(-2, -1, -1, -0.5, -8, -1, -1, -0.125));
    test_expect(ad_solve(a, ad_reshape(b, AD_SHAPE(2))), AD_SHAPE(2, 2), TEST_NUMBERS(4, 2, 8, 1));
}

Test(solve, a_singular_matrix_gives_nan)
{
    ad_var a =
        ad_input_array(tape, AD_F64, AD_SHAPE(2, 2, 2), TEST_NUMBERS(1, 2, 2, 4, 1, 0, 0, 2));
    test_expect_near(ad_inv(a), AD_SHAPE(2, 2, 2), TEST_NUMBERS(NAN, NAN, NAN, NAN, 1, 0, 0, 0.5),
                     0);
    cr_expect_eq(ad_tape_status(tape), AD_OK);
}

Test(solve, empty_systems_have_empty_solutions)
{
    ad_var a = ad_input_array(tape, AD_F64, AD_SHAPE(0, 0), NULL), da;
    ad_var b = ad_input_array(tape, AD_F64, AD_SHAPE(0, 3), NULL);
    ad_var x = ad_solve(a, b);
    test_expect(x, AD_SHAPE(0, 3), NULL);
    cr_assert_eq(ad_grad(ad_sum(x, AD_ALL), 1, &a, &da), AD_OK, "%s", ad_tape_message(tape));
    test_expect(da, AD_SHAPE(0, 0), NULL);
    test_expect(ad_inv(a), AD_SHAPE(0, 0), NULL);
    test_expect(
        ad_solve(matrix(1, TEST_NUMBERS(2)), ad_input_array(tape, AD_F64, AD_SHAPE(1, 0), NULL)),
        AD_SHAPE(1, 0), NULL);
}

Test(solve, errors_say_what_fits)
{
    ad_var a = matrix(2, TEST_NUMBERS(1, 0, 0, 1)),
           wide = test_counting(tape, AD_F64, AD_SHAPE(2, 3));
    TEST_ERROR(tape, ad_solve(wide, a), AD_ERR_SHAPE,
               "ad_solve: [2, 3]; takes square matrices, [..., n, n]");
    TEST_ERROR(tape, ad_inv(wide), AD_ERR_SHAPE,
               "ad_inv: [2, 3]; takes square matrices, [..., n, n]");
    TEST_ERROR(
        tape, ad_solve(a, test_counting(tape, AD_F64, AD_SHAPE(3, 2))), AD_ERR_SHAPE,
        "ad_solve: f64 [2, 2] with right-hand side f64 [3, 2]; one type, and [..., n, n] with "
        "[n] or [..., n, m] are needed");
    TEST_ERROR(
        tape, ad_solve(a, test_counting(tape, AD_F32, AD_SHAPE(2, 1))), AD_ERR_TYPE,
        "ad_solve: f64 [2, 2] with right-hand side f32 [2, 1]; one type, and [..., n, n] with "
        "[n] or [..., n, m] are needed");
    TEST_ERROR(
        tape, ad_solve(a, ad_input(tape, 1)), AD_ERR_SHAPE,
        "ad_solve: f64 [2, 2] with right-hand side f64 []; one type, and [..., n, n] with [n] "
        "or [..., n, m] are needed");
}

static ad_var solve_itself(const ad_var *x)
{
    return ad_solve(x[0], x[0]);
}

Test(solve, every_failed_allocation_is_an_error)
{
    test_failed_allocations(solve_itself, AD_SHAPE(40, 40));
    test_failed_allocations(inverse, AD_SHAPE(30, 30));
}
