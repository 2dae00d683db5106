/* SPDX-License-Identifier: MIT */
/* The row kernels of every type (rows_f64.c, rows_f32.c, rows_i64.c). */
#include "kernels/rows_internal.h"

#include "rng.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { MOST = 2100 };

/* Lengths about those at which the kernels change their ways. */
static const size_t lengths[] = {1, 2, 31, 32, 33, 63, 64, 511, 512, 513, 1024, 1056, 2081, MOST};
enum { LENGTHS = sizeof lengths / sizeof lengths[0] };

static void draw(double *wide, float *narrow, int64_t *whole)
{
    ad_rng_fill_normal((ad_rng){.seed = 9}, AD_F64, MOST, wide);
    for (int i = 0; i < MOST; i++) {
        narrow[i] = (float)wide[i];
        whole[i] = (int64_t)(wide[i] * 1000);
    }
}

/* Expects a within so many roundings of b, for terms that add up to `total` without their signs. */
static void expect_sum(double a, double b, double total, double eps, size_t n)
{
    cr_expect_lt(fabs(a - b), 32 * eps * total + 1e-300, "%zu elements: %g, not %g", n, a, b);
}

static void over_row(ad__kernel *kernel, size_t n, const void *x, void *z)
{
    kernel(&(ad__args){(const size_t[]){1, n}, 0, (const void *[]){x}, z, NULL});
}

static void recur(ad__kernel *kernel, size_t m, size_t n, int transpose, const void *a,
                  const void *b, void *z)
{
    const size_t numbers[] = {1, m, n, (size_t)transpose};
    kernel(&(ad__args){numbers, 0, (const void *[]){a, b}, z, NULL});
}

Test(rows, sums_and_norms_are_accurate_at_every_length)
{
    double wide[MOST], z;
    float narrow[MOST], z32;
    int64_t whole[MOST], z64;
    draw(wide, narrow, whole);
    for (int k = 0; k < LENGTHS; k++) {
        size_t n = lengths[k];
        long double sum = 0, sum32 = 0, size = 0, squares = 0;
        int64_t total = 0;
        for (size_t i = 0; i < n; i++) {
            sum += (long double)wide[i];
            sum32 += (long double)narrow[i];
            size += fabsl((long double)wide[i]);
            squares += (long double)wide[i] * (long double)wide[i];
            total += whole[i];
        }
        over_row(ad__rows_f64.sum, n, wide, &z);
        expect_sum(z, (double)sum, (double)size, 0x1p-53, n);
        over_row(ad__rows_f32.sum, n, narrow, &z32);
        expect_sum((double)z32, (double)sum32, (double)size, 0x1p-24, n);
        over_row(ad__rows_i64.sum, n, whole, &z64);
        cr_expect_eq(z64, total);
        over_row(ad__rows_f64.norm, n, wide, &z);
        expect_sum(z, (double)sqrtl(squares), sqrt((double)squares), 0x1p-53, n);
        over_row(ad__rows_f32.norm, n, narrow, &z32);
        expect_sum((double)z32, (double)sqrtl(squares), sqrt((double)squares), 0x1p-23, n);
    }
}

Test(rows, columns_are_summed_like_rows)
{
    double wide[MOST], z[7], room[7 * 8];
    float narrow[MOST];
    int64_t whole[MOST];
    draw(wide, narrow, whole);
    for (size_t n = 1; n <= 7; n++) {
        for (size_t m = 0; m <= MOST / 7; m++) {
            cr_assert_leq(ad__column_levels(m), (size_t)8);
            ad__rows_f64.sum_columns(
                &(ad__args){(const size_t[]){1, m, n}, 0, (const void *[]){wide}, z, room});
            for (size_t k = 0; k < n; k++) {
                long double sum = 0, size = 0;
                for (size_t i = 0; i < m; i++) {
                    sum += (long double)wide[i * n + k];
                    size += fabsl((long double)wide[i * n + k]);
                }
                expect_sum(z[k], (double)sum, (double)size, 0x1p-53, m);
            }
        }
    }
}

Test(rows, extremes_are_those_of_a_plain_search)
{
    double wide[MOST];
    float narrow[MOST];
    int64_t whole[MOST];
    draw(wide, narrow, whole);
    for (int k = 0; k < LENGTHS; k++) {
        size_t n = lengths[k], most = 0, least = 0;
        for (size_t i = 0; i < n; i++) {
            most = whole[i] > whole[most] ? i : most;
            least = whole[i] < whole[least] ? i : least;
        }
        int64_t z, place;
        float z32;
        over_row(ad__rows_i64.max, n, whole, &z);
        over_row(ad__rows_i64.argmax, n, whole, &place);
        cr_expect(z == whole[most] && place == (int64_t)most, "%zu elements", n);
        over_row(ad__rows_i64.min, n, whole, &z);
        over_row(ad__rows_i64.argmin, n, whole, &place);
        cr_expect(z == whole[least] && place == (int64_t)least, "%zu elements", n);
        over_row(ad__rows_f32.argmax, n, narrow, &place);
        over_row(ad__rows_f32.max, n, narrow, &z32);
        cr_expect(z32 == narrow[place] && (int64_t)((double)z32 * 1000) == whole[most]);
    }
}

Test(rows, a_recurrence_and_its_transpose_are_adjoint)
{
    enum { M = 9, N = 3 };
    double wide[MOST], z[M * N], h[M * N], left = 0, right = 0;
    float narrow[MOST];
    int64_t whole[MOST];
    draw(wide, narrow, whole);
    const double *a = wide, *b = wide + M * N, *g = wide + 2 * M * N;
    recur(ad__rows_f64.recurrence, M, N, 0, a, b, z);
    recur(ad__rows_f64.recurrence, M, N, 1, a, g, h);
    for (int i = 0; i < M * N; i++) {
        left += g[i] * z[i];
        right += h[i] * b[i];
    }
    cr_expect_lt(fabs(left - right), 1e-13 * fabs(left));
}

/* Reductions and maps of one type at one level, one result after the other. */
static size_t run_all(const ad__row_kernels *kernels, size_t bytes, size_t n, const void *x,
                      char *z)
{
    ad__kernel *const reductions[] = {kernels->sum, kernels->max, kernels->min, kernels->norm,
                                      kernels->logsumexp};
    size_t at = 0;
    for (size_t i = 0; i < sizeof reductions / sizeof *reductions; i++, at += bytes) {
        over_row(reductions[i], n, x, z + at);
    }
    over_row(kernels->softmax, n, x, z + at);
    over_row(kernels->log_softmax, n, x, z + at + n * bytes);
    recur(kernels->recurrence, 1, n / 2, 0, x, x, z + at + 2 * n * bytes);
    return at + (2 * n + n / 2) * bytes;
}

Test(rows, every_instruction_set_has_the_same_bits)
{
    static double wide[MOST], expected[3 * MOST], got[3 * MOST];
    static float narrow[MOST];
    static int64_t whole[MOST];
    const ad__row_kernels *const f64[] = {AD__EVERY_LEVEL(&ad__rows_f64)}, *const f32[] = {
                                                                               AD__EVERY_LEVEL(
                                                                                   &ad__rows_f32)};
    draw(wide, narrow, whole);
    for (int k = 0; k < LENGTHS; k++) {
        for (int level = 1; level <= ad__level(); level++) {
            size_t bytes = run_all(f64[0], sizeof(double), lengths[k], wide, (char *)expected);
            run_all(f64[level], sizeof(double), lengths[k], wide, (char *)got);
            cr_expect_eq(memcmp(got, expected, bytes), 0, "f64, %zu elements", lengths[k]);
            bytes = run_all(f32[0], sizeof(float), lengths[k], narrow, (char *)expected);
            run_all(f32[level], sizeof(float), lengths[k], narrow, (char *)got);
            cr_expect_eq(memcmp(got, expected, bytes), 0, "f32, %zu elements", lengths[k]);
        }
    }
}
