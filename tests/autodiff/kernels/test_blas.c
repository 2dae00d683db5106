/* SPDX-License-Identifier: MIT */
#include "kernels/blas_internal.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

Test(blas, an_empty_sum_is_zero_and_empty_results_are_left_alone)
{
    double c[6];
    const double one = 1;
    for (int accumulate = 0; accumulate < 2; accumulate++) {
        for (int i = 0; i < 6; i++) {
            c[i] = NAN;
        }
        ad__gemm s = {.m = 2, .n = 2, .k = 0, .lda = 1, .ldb = 2, .ldc = 3, .threads = 1};
        s.accumulate = accumulate;
        ad__dgemm(&s, &one, &one, c);
        for (int i = 0; i < 6; i++) {
            int inside = i % 3 < 2;
            cr_expect(inside && !accumulate ? c[i] == 0 : isnan(c[i]), "element %d", i);
        }
    }
    c[0] = 5;
    ad__dgemm(&(ad__gemm){.m = 0, .n = 3, .k = 4, .lda = 4, .ldb = 3, .ldc = 3}, &one, &one, c);
    ad__dgemm(&(ad__gemm){.m = 3, .n = 0, .k = 4, .lda = 4, .ldb = 1, .ldc = 1}, &one, &one, c);
    ad__dgemm(&(ad__gemm){0}, NULL, NULL, NULL);
    ad__sgemm(&(ad__gemm){0}, NULL, NULL, NULL);
    cr_expect_eq(c[0], 5);
}

static double *random_f64(size_t count, unsigned seed)
{
    double *x = malloc(count * sizeof *x);
    cr_assert_not_null(x);
    uint64_t state = seed;
    for (size_t i = 0; i < count; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        x[i] = (double)(int64_t)state * 0x1p-63;
    }
    return x;
}

static float *random_f32(size_t count, unsigned seed)
{
    double *x = random_f64(count, seed);
    float *y = malloc(count * sizeof *y);
    cr_assert_not_null(y);
    for (size_t i = 0; i < count; i++) {
        y[i] = (float)x[i];
    }
    free(x);
    return y;
}

static void same_bits_for_threads(int64_t m, int64_t n, int64_t k, int transposes)
{
    ad__gemm s = {.m = m, .n = n, .k = k, .threads = 1};
    s.transpose_a = transposes & 1;
    s.transpose_b = transposes >> 1;
    s.lda = s.transpose_a ? m : k;
    s.ldb = s.transpose_b ? k : n;
    s.ldc = n;
    size_t count = (size_t)(m * n);
    float *a = random_f32((size_t)(m * k), 5), *b = random_f32((size_t)(k * n), 6);
    float *want = malloc(count * sizeof *want), *got = malloc(count * sizeof *got);
    cr_assert(want && got);
    ad__sgemm(&s, a, b, want);
    static const int threads[] = {2, 3, 7, 1000, 0, -1};
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        s.threads = threads[i];
        memset(got, 0xff, count * sizeof *got);
        ad__sgemm(&s, a, b, got);
        cr_expect_arr_eq(got, want, count * sizeof *got, "%dx%dx%d, transposes %d, %d threads",
                         (int)m, (int)n, (int)k, transposes, threads[i]);
    }
    free(a);
    free(b);
    free(want);
    free(got);
}

/* The shapes are large enough to be divided; the last part is smallest; the last two go to BLIS. */
Test(blas, any_number_of_threads_gives_the_same_bits)
{
    static const int64_t shapes[][3] = {
        {400, 400, 400}, {49, 97, 13000},  {97, 49, 13000},  {2, 30001, 1100},
        {3000, 33, 700}, {450, 1300, 700}, {1100, 800, 701},
    };
    for (int i = 0; i < 7 * 4; i++) {
        same_bits_for_threads(shapes[i / 4][0], shapes[i / 4][1], shapes[i / 4][2], i % 4);
    }
}

Test(blas, the_same_numbers_at_other_addresses_give_the_same_bits)
{
    enum { M = 45, N = 67, K = 301 };
    double *a = random_f64(M * K + 8, 7), *b = random_f64(K * N + 8, 8);
    double want[M * N], got[M * N + 8];
    ad__gemm s = {.m = M, .n = N, .k = K, .lda = K, .ldb = N, .ldc = N, .threads = 1};
    ad__dgemm(&s, a, b, want);
    for (int shift = 1; shift < 8; shift++) {
        memmove(a + shift, a + shift - 1, M * K * sizeof *a);
        memmove(b + shift, b + shift - 1, K * N * sizeof *b);
        ad__dgemm(&s, a + shift, b + shift, got + shift);
        cr_expect_arr_eq(got + shift, want, sizeof want, "moved by %d", shift);
    }
    free(a);
    free(b);
}
