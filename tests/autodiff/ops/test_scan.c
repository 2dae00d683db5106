/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

extern const ad_op ad_recurrence__op;

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(scan, .init = start, .fini = stop);

static ad_var vector(int n, const double *x)
{
    return ad_input_array(tape, AD_F64, AD_SHAPE(n), x);
}

Test(scan, samples_have_the_derivatives_of_central_differences)
{
    test_samples(&ad_recurrence__op);
}

static ad_var cumsum_rows(const ad_var *x)
{
    return ad_cumsum(x[0], 1);
}

static ad_var cumprod_columns(const ad_var *x)
{
    return ad_cumprod(x[0], 0);
}

static ad_var prod_all(const ad_var *x)
{
    return ad_prod(x[0], AD_ALL);
}

static ad_var prod_outer(const ad_var *x)
{
    return ad_prod(x[0], AD_KEEP(0, 2));
}

Test(scan, composed_ones_have_them_too)
{
    ad_shape shape = AD_SHAPE(2, 3, 2);
    test_gradients("ad_cumsum", cumsum_rows, 1, &shape, -2, 2);
    test_gradients("ad_cumprod", cumprod_columns, 1, &shape, -2, 2);
    test_gradients("ad_prod", prod_outer, 1, &shape, -2, 2);
    shape = AD_SHAPE(5);
    test_gradients("ad_prod", prod_all, 1, &shape, -2, 2);
}

Test(scan, runs_along_any_axis_in_both_types)
{
    for (int type = AD_F64; type <= AD_F32; type++) {
        ad_var x = test_counting(tape, (ad_type)type, AD_SHAPE(2, 3));
        test_expect(ad_cumsum(x, 0), AD_SHAPE(2, 3), TEST_NUMBERS(1, 2, 3, 5, 7, 9));
        test_expect(ad_cumsum(x, -1), AD_SHAPE(2, 3), TEST_NUMBERS(1, 3, 6, 4, 9, 15));
        test_expect(ad_cumprod(x, 0), AD_SHAPE(2, 3), TEST_NUMBERS(1, 2, 3, 4, 10, 18));
        test_expect(ad_cumprod(x, 1), AD_SHAPE(2, 3), TEST_NUMBERS(1, 2, 6, 4, 20, 120));
        test_expect(ad_prod(x, AD_AXES(0)), AD_SHAPE(3), TEST_NUMBERS(4, 10, 18));
        test_expect(ad_prod(x, AD_KEEP(1)), AD_SHAPE(2, 1), TEST_NUMBERS(6, 120));
        test_expect(ad_prod(x, AD_ALL), AD_SCALAR, TEST_NUMBERS(720));
    }
}

Test(scan, a_recurrence_is_its_definition_both_ways)
{
    ad_var a = vector(4, TEST_NUMBERS(7, 2, -1, 3)), b = vector(4, TEST_NUMBERS(1, 1, 5, -2));
    test_expect(ad_recurrence(a, b, 0, 0), AD_SHAPE(4), TEST_NUMBERS(1, 3, 2, 4));
    test_expect(ad_recurrence(a, b, 0, 1), AD_SHAPE(4),
                TEST_NUMBERS(5, 2, -1, -2)); /* from behind */
    test_expect(ad_recurrence(0.5, b, 0, 0), AD_SHAPE(4), TEST_NUMBERS(1, 1.5, 5.75, 0.875));
    test_expect(ad_recurrence(a, 1, 0, 0), AD_SHAPE(4), TEST_NUMBERS(1, 3, -2, -5));
    ad_var rows = ad_input_array(tape, AD_F64, AD_SHAPE(2, 1), TEST_NUMBERS(1, 2));
    test_expect(ad_recurrence(rows, ad_slice(b, 0, 0, 3, 1), 1, 0), AD_SHAPE(2, 3),
                TEST_NUMBERS(1, 2, 7, 1, 3, 11));
}

/* Derivatives of a product of n numbers: products of the others, whatever is 0. */
Test(scan, products_with_zeros_have_exact_derivatives_of_every_order)
{
    enum { N = 4 };
    const double cases[][N] = {{2, 3, 4, 5}, {0, 2, 3, 5}, {0, 0, 3, 5},
                               {2, 0, 3, 0}, {0, 0, 0, 7}, {0, 0, 0, 0}};
    for (size_t c = 0; c < sizeof cases / sizeof cases[0]; c++) {
        const double *x = cases[c];
        /* the gradient; that of d/dx_0; and that of d/dx_0 dx_1 */
        const double first[N] = {x[1] * x[2] * x[3], x[0] * x[2] * x[3], x[0] * x[1] * x[3],
                                 x[0] * x[1] * x[2]};
        const double second[N] = {0, x[2] * x[3], x[1] * x[3], x[1] * x[2]};
        const double third[N] = {0, 0, x[3], x[2]};
        ad_var v = vector(N, x), d1, d2, d3;
        ad_grad(ad_prod(v, AD_ALL), 1, &v, &d1);
        test_expect(d1, AD_SHAPE(N), first);
        ad_grad(ad_select(d1, 0, 0), 1, &v, &d2);
        test_expect(d2, AD_SHAPE(N), second);
        ad_grad(ad_select(d2, 0, 1), 1, &v, &d3);
        test_expect(d3, AD_SHAPE(N), third);
    }
}

Test(scan, running_products_with_zeros_have_exact_derivatives)
{
    ad_var x = vector(3, TEST_NUMBERS(2, 0, 3)), dx, d2x;
    ad_var z = ad_cumprod(x, 0);
    test_expect(z, AD_SHAPE(3), TEST_NUMBERS(2, 0, 0));
    ad_grad(ad_sum(z, AD_ALL), 1, &x, &dx);
    test_expect(dx, AD_SHAPE(3), TEST_NUMBERS(1, 8, 0));
    ad_grad(ad_select(dx, 0, 0), 1, &x, &d2x); /* 1 + x1 + x1 x2 */
    test_expect(d2x, AD_SHAPE(3), TEST_NUMBERS(0, 4, 0));
}

Test(scan, empty_axes_give_empty_scans_and_a_product_of_1)
{
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2, 0), NULL), dx;
    test_expect(ad_cumsum(x, 1), AD_SHAPE(2, 0), NULL);
    test_expect(ad_cumprod(x, 0), AD_SHAPE(2, 0), NULL);
    test_expect(ad_prod(x, AD_AXES(0)), AD_SHAPE(0), NULL);
    test_expect(ad_prod(x, AD_AXES(1)), AD_SHAPE(2), TEST_NUMBERS(1, 1));
    ad_var all = ad_add(ad_prod(x, AD_ALL), ad_sum(ad_cumprod(x, 1), AD_ALL));
    test_expect(all, AD_SCALAR, TEST_NUMBERS(1));
    cr_assert_eq(ad_grad(all, 1, &x, &dx), AD_OK, "%s", ad_tape_message(tape));
    test_expect(dx, AD_SHAPE(2, 0), NULL);
    ad_var one = ad_input(tape, 3);
    test_expect(ad_prod(one, AD_ALL), AD_SCALAR, TEST_NUMBERS(3));
}

/* The padding in front of a derivative is 0 also beside an infinite value. */
Test(scan, the_unused_first_factor_has_gradient_0)
{
    ad_var a = vector(2, TEST_NUMBERS(INFINITY, 2)), b = vector(2, TEST_NUMBERS(1, 1)), da;
    ad_var z = ad_recurrence(a, b, 0, 0);
    test_expect(z, AD_SHAPE(2), TEST_NUMBERS(1, 3));
    ad_grad(ad_sum(z, AD_ALL), 1, &a, &da);
    test_expect(da, AD_SHAPE(2), TEST_NUMBERS(0, 1));
}

Test(scan, errors_name_the_operation_called)
{
    ad_var x = vector(2, TEST_NUMBERS(1, 2)), whole = test_counting(tape, AD_I64, AD_SHAPE(2));
    TEST_ERROR(tape, ad_cumprod(x, 1), AD_ERR_SHAPE, "ad_cumprod: axis 1 of [2]; axes are -1 to 0");
    TEST_ERROR(tape, ad_cumsum(x, 1), AD_ERR_SHAPE, "ad_cumsum: axis 1 of [2]; axes are -1 to 0");
    TEST_ERROR(tape, ad_cumsum(whole, 0), AD_ERR_TYPE,
               "ad_cumsum: i64 [2]; takes f64 or f32, ad_cast converts");
    TEST_ERROR(tape, ad_prod(x, AD_AXES(1)), AD_ERR_SHAPE,
               "ad_prod: axis 1 of [2]; axes are -1 to 0");
    TEST_ERROR(tape, ad_prod(whole, AD_ALL), AD_ERR_TYPE,
               "ad_prod: i64 [2]; takes f64 or f32, ad_cast converts");
    TEST_ERROR(tape, ad_recurrence(x, vector(3, TEST_NUMBERS(1, 2, 3)), 0, 0), AD_ERR_SHAPE,
               "ad_recurrence: f64 [2] with f64 [3]; one type and one shape are needed");
    TEST_ERROR(tape, ad_recurrence(x, whole, 0, 0), AD_ERR_TYPE,
               "ad_recurrence: f64 [2] with i64 [2]; one type and one shape are needed");
}

Test(scan, every_failed_allocation_is_an_error)
{
    test_failed_allocations(cumprod_columns, AD_SHAPE(100, 50));
    test_failed_allocations(prod_outer, AD_SHAPE(10, 50, 10));
}

/* ---- the chain of numbers ---- */

Test(scan, a_chain_of_numbers_has_the_bits_of_its_equation)
{
    static const double special[] = {0, -0.0, 1, -2, 0.5, -1e300, 1e300, 1e-310, INFINITY};
    enum { N = 40, KINDS = sizeof special / sizeof *special };
    for (uint64_t seed = 0; seed < 300; seed++) {
        double a[N], b[N], z[N];
        ad_rng rng = {.seed = seed};
        for (int i = 0; i < N; i++) {
            a[i] = special[ad_rng_below(&rng, KINDS)];
            b[i] = ad_rng_below(&rng, 3) > 0 ? 0 : special[ad_rng_below(&rng, KINDS)];
        }
        for (int transpose = 0; transpose < 2; transpose++) {
            ad_mark mark = ad_tape_mark(tape);
            ad_var r = ad_recurrence(ad_input_array(tape, AD_F64, AD_SHAPE(N), a),
                                     ad_input_array(tape, AD_F64, AD_SHAPE(N), b), 0, transpose);
            cr_assert_eq(ad_read(r, N, z), AD_OK);
            for (int k = 0; k < N; k++) {
                int i = transpose ? N - 1 - k : k, before = transpose ? i + 1 : i - 1;
                double want = k == 0 ? b[i] : b[i] + a[transpose ? i + 1 : i] * z[before];
                cr_expect(memcmp(&want, &z[i], sizeof want) == 0 || (isnan(want) && isnan(z[i])),
                          "seed %d, place %d: %g, not %g", (int)seed, i, z[i], want);
            }
            ad_tape_rewind(tape, mark);
        }
    }
}
