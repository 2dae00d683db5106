/* SPDX-License-Identifier: MIT */
#include "ops/ldu_internal.h"

#include "rng.h"

#include <criterion/criterion.h>
#include <math.h>

enum { MOST = 12 };

static ad__arena arena;

static void start(void)
{
    ad__arena_init(&arena, ad_allocator_default());
}

static void stop(void)
{
    ad__arena_clear(&arena);
}

TestSuite(ldu, .init = start, .fini = stop);

/* A random matrix of order n and rank r. */
static void of_rank(size_t n, size_t r, double *a)
{
    double x[MOST * MOST], y[MOST * MOST];
    ad_rng_fill_normal((ad_rng){.seed = n, .stream = 1}, AD_F64, n * n, x);
    ad_rng_fill_normal((ad_rng){.seed = n, .stream = 2}, AD_F64, n * n, y);
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            a[i * n + j] = 0;
            for (size_t k = 0; k < r; k++) {
                a[i * n + j] += x[i * n + k] * y[k * n + j];
            }
        }
    }
}

/* left a right^T is diagonal, with r pivots that count, none larger than the one before. */
Test(ldu, diagonalises_matrices_of_every_rank)
{
    for (size_t n = 1; n <= MOST; n++) {
        for (size_t r = 0; r <= n; r++) {
            double a[MOST * MOST], z[MOST * MOST];
            ad__ldu f;
            of_rank(n, r, a);
            cr_assert_eq(ad__ldu_init(&f, n, &arena), AD_OK);
            ad__ldu_factor(&f, a);
            ad__multiply(n, n, f.left, 0, a, 0, f.work);
            ad__multiply(n, n, f.work, 0, f.right, 1, z);
            for (size_t i = 0; i < n * n; i++) {
                double expected = i % (n + 1) == 0 ? f.pivot[i / n] : 0;
                cr_expect_lt(fabs(z[i] - expected), 1e-12, "order %zu, rank %zu", n, r);
            }
            for (size_t i = 0; i < n; i++) {
                cr_expect_eq(fabs(f.pivot[i]) > 1e-9, i < r, "order %zu, rank %zu", n, r);
                cr_expect(i == 0 || fabs(f.pivot[i]) <= 4 * fabs(f.pivot[i - 1]));
            }
        }
    }
}

Test(ldu, sign_is_the_determinant_of_what_it_multiplied_by)
{
    const double rows_swapped[] = {0, 1, 1, 0}, larger_last[] = {1, 0, 0, 2};
    ad__ldu f;
    cr_assert_eq(ad__ldu_init(&f, 2, &arena), AD_OK);
    ad__ldu_factor(&f, rows_swapped);
    cr_expect_eq(f.sign * f.pivot[0] * f.pivot[1], -1);
    ad__ldu_factor(&f, larger_last);
    cr_expect_eq(f.sign * f.pivot[0] * f.pivot[1], 2);
    cr_expect_eq(fabs(f.pivot[0]), 2);
}

Test(ldu, needs_memory)
{
    ad_failing_allocator state = {.fail_at = 0, .fail_forever = 1};
    ad__arena none;
    ad__arena_init(&none, ad_allocator_failing(&state));
    ad__ldu f;
    cr_expect_eq(ad__ldu_init(&f, 3, &none), AD_ERR_MEMORY);
    ad__arena_clear(&none);
}
