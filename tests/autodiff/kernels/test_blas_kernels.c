/* SPDX-License-Identifier: MIT */
#include "base/cpu_internal.h"
#include "kernels/blas_internal.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

/* ---- the functions under test, for both element types */

static void door_f64(const ad__gemm *s, const void *a, const void *b, void *c)
{
    ad__dgemm(s, a, b, c);
}

static void door_f32(const ad__gemm *s, const void *a, const void *b, void *c)
{
    ad__sgemm(s, a, b, c);
}

typedef struct candidate {
    const char *name;
    ad__gemm_kernel *f64, *f32;
    int vectors; /* the CPU must have: see ad__cpu_vectors */
} candidate;

static const candidate candidates[] = {
    {"door", door_f64, door_f32, 0},
    {"blis", ad__dgemm_blis, ad__sgemm_blis, 0},
    {"portable", ad__dgemm_portable, ad__sgemm_portable, 0},
#if defined(__x86_64__)
    {"avx2", ad__dgemm_avx2, ad__sgemm_avx2, 256},
    {"avx512", ad__dgemm_avx512, ad__sgemm_avx512, 512},
#endif
};
enum { CANDIDATES = sizeof candidates / sizeof candidates[0] };

static int runs_here(const candidate *c)
{
    return ad__cpu_vectors() >= c->vectors;
}

/* ---- operands between two pages that may not be touched */

typedef struct guarded {
    unsigned char *map, *first, *end; /* [first, end) is usable */
    size_t bytes;
} guarded;

static guarded guarded_new(size_t bytes)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    size_t inner = (bytes + page - 1) / page * page;
    guarded g = {.bytes = inner + 2 * page};
    g.map = mmap(NULL, g.bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    cr_assert(g.map != MAP_FAILED);
    g.first = g.map + page;
    g.end = g.first + inner;
    cr_assert_eq(mprotect(g.first, inner, PROT_READ | PROT_WRITE), 0);
    return g;
}

static void guarded_free(guarded *g)
{
    munmap(g->map, g->bytes);
}

/* A matrix of small integers, so that every product is exact in both types. */
typedef struct matrix {
    guarded memory;
    void *data;
    int64_t ld;
    int is_float;
} matrix;

enum { PADDING = -77 }; /* between rows of C: must stay */

static double get(const matrix *x, int64_t i, int64_t j)
{
    int64_t at = i * x->ld + j;
    return x->is_float ? (double)((float *)x->data)[at] : ((double *)x->data)[at];
}

static void set(matrix *x, int64_t i, int64_t j, double value)
{
    int64_t at = i * x->ld + j;
    if (x->is_float) {
        ((float *)x->data)[at] = (float)value;
    } else {
        ((double *)x->data)[at] = value;
    }
}

/* Places rows x columns flush with the guard page behind (at_end) or the one before. */
static void place(matrix *x, int is_float, int64_t rows, int64_t columns, int64_t padding,
                  int at_end)
{
    x->is_float = is_float;
    x->ld = columns + padding;
    size_t bytes = (size_t)((rows - 1) * x->ld + columns) * (is_float ? 4 : 8);
    cr_assert_leq(bytes, (size_t)(x->memory.end - x->memory.first));
    x->data = at_end ? x->memory.end - bytes : x->memory.first;
    for (int64_t i = 0; i < rows; i++) {
        for (int64_t j = 0; j < (i < rows - 1 ? x->ld : columns); j++) {
            set(x, i, j, PADDING);
        }
    }
}

static int pattern(int64_t i, int64_t j, int seed)
{
    return (int)((i * 5 + j * 3 + i * j + seed) % 7) - 3;
}

typedef struct product {
    matrix a, b, c;
    int *want; /* the exact product, m x n */
} product;

enum { MOST_BYTES = 1 << 21 };

static product product_new(void)
{
    product p;
    p.a.memory = guarded_new(MOST_BYTES);
    p.b.memory = guarded_new(MOST_BYTES);
    p.c.memory = guarded_new(MOST_BYTES);
    p.want = malloc(MOST_BYTES);
    cr_assert_not_null(p.want);
    return p;
}

static void product_free(product *p)
{
    guarded_free(&p->a.memory);
    guarded_free(&p->b.memory);
    guarded_free(&p->c.memory);
    free(p->want);
}

static void fill(product *p, const ad__gemm *s)
{
    for (int64_t q = 0; q < s->k; q++) {
        for (int64_t i = 0; i < s->m; i++) {
            set(&p->a, s->transpose_a ? q : i, s->transpose_a ? i : q, pattern(i, q, 1));
        }
        for (int64_t j = 0; j < s->n; j++) {
            set(&p->b, s->transpose_b ? j : q, s->transpose_b ? q : j, pattern(q, j, 2));
        }
    }
}

static void multiply_exactly(product *p, const ad__gemm *s)
{
    for (int64_t i = 0; i < s->m; i++) {
        int *row = p->want + i * s->n;
        memset(row, 0, (size_t)s->n * sizeof *row);
        for (int64_t q = 0; q < s->k; q++) {
            int x = pattern(i, q, 1);
            for (int64_t j = 0; j < s->n; j++) {
                row[j] += x * pattern(q, j, 2);
            }
        }
    }
}

static void expect_product(const product *p, const ad__gemm *s, const char *name)
{
    int64_t wrong = 0;
    for (int64_t i = 0; i < s->m; i++) {
        for (int64_t j = 0; j < (i < s->m - 1 ? s->ldc : s->n); j++) {
            double want =
                j >= s->n ? PADDING : p->want[i * s->n + j] + (s->accumulate ? PADDING : 0);
            wrong += get(&p->c, i, j) != want;
        }
    }
    cr_expect_eq(wrong, 0, "%s f%d %dx%dx%d%s%s%s: %d wrong", name, p->c.is_float ? 32 : 64,
                 (int)s->m, (int)s->n, (int)s->k, s->transpose_a ? " A'" : "",
                 s->transpose_b ? " B'" : "", s->accumulate ? " +=" : "", (int)wrong);
}

/* Every candidate, both types, all transposes, against either guard page. The padding between
 * rows alternates with the shape. */
static void check_shape(product *p, int64_t m, int64_t n, int64_t k)
{
    ad__gemm s = {.m = m, .n = n, .k = k, .threads = 1};
    multiply_exactly(p, &s);
    int64_t padding = (m + n + k) % 3 == 0 ? 3 : 0;
    for (int variant = 0; variant < 16; variant++) {
        s.transpose_a = variant & 1;
        s.transpose_b = variant >> 1 & 1;
        s.accumulate = (int)((m + n + k + variant) & 1);
        int is_float = variant >> 2 & 1, at_end = variant >> 3 & 1;
        place(&p->a, is_float, s.transpose_a ? k : m, s.transpose_a ? m : k, padding, at_end);
        place(&p->b, is_float, s.transpose_b ? n : k, s.transpose_b ? k : n, padding, at_end);
        fill(p, &s);
        for (int i = 0; i < CANDIDATES; i++) {
            if (!runs_here(&candidates[i])) {
                continue;
            }
            place(&p->c, is_float, m, n, padding, at_end);
            s.lda = p->a.ld;
            s.ldb = p->b.ld;
            s.ldc = p->c.ld;
            (is_float ? candidates[i].f32 : candidates[i].f64)(&s, p->a.data, p->b.data, p->c.data);
            expect_product(p, &s, candidates[i].name);
        }
    }
}

Test(blas_kernels, small_products_are_exact_and_touch_nothing_outside_their_operands)
{
    static const int64_t lens[] = {1, 2, 3, 5, 6, 7, 8, 9, 15, 16, 17, 24, 33, 49};
    enum { LENS = sizeof lens / sizeof lens[0] };
    product p = product_new();
    for (int i = 0; i < LENS * LENS * LENS; i++) {
        check_shape(&p, lens[i / LENS / LENS], lens[i / LENS % LENS], lens[i % LENS]);
    }
    product_free(&p);
}

/* Edges of the blocking: panels that are copied, blocks of rows, several depths. */
Test(blas_kernels, larger_products_are_exact_and_touch_nothing_outside_their_operands)
{
    static const int64_t shapes[][3] = {
        {64, 300, 784}, {300, 100, 64},  {64, 10, 100},  {96, 49, 256}, {97, 50, 257},
        {8, 48, 513},   {256, 17, 40},   {257, 33, 20},  {515, 7, 300}, {1, 300, 784},
        {300, 1, 784},  {4, 3, 600},     {7, 700, 5},    {1, 1, 5000},  {1000, 1, 3},
        {1, 1000, 1},   {200, 200, 200}, {97, 512, 259}, {98, 1024, 7}, {96, 1021, 3},
    };
    product p = product_new();
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        check_shape(&p, shapes[i][0], shapes[i][1], shapes[i][2]);
    }
    product_free(&p);
}

/* ---- special values and rounding */

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

Test(blas_kernels, what_the_result_held_before_is_ignored_unless_accumulating)
{
    enum { M = 37, N = 53, K = 29 };
    double *a = random_f64(M * K, 1), *b = random_f64(K * N, 2);
    double c[M * N];
    for (int i = 0; i < CANDIDATES; i++) {
        if (!runs_here(&candidates[i])) {
            continue;
        }
        ad__gemm s = {.m = M, .n = N, .k = K, .lda = K, .ldb = N, .ldc = N, .threads = 1};
        for (s.accumulate = 0; s.accumulate < 2; s.accumulate++) {
            for (int j = 0; j < M * N; j++) {
                c[j] = j % 2 ? NAN : INFINITY;
            }
            candidates[i].f64(&s, a, b, c);
            int finite = 0;
            for (int j = 0; j < M * N; j++) {
                finite += isfinite(c[j]) != 0;
            }
            cr_expect_eq(finite, s.accumulate ? 0 : M * N, "%s", candidates[i].name);
        }
    }
    free(a);
    free(b);
}

/* 0 x NaN and 0 x inf are NaN: no term may be skipped. */
Test(blas_kernels, nan_and_infinity_reach_their_row_and_column_and_no_other)
{
    enum { M = 19, N = 21, K = 35 };
    float a[M * K], b[K * N], c[M * N];
    const float bad[] = {NAN, INFINITY};
    for (int i = 0; i < 2 * CANDIDATES; i++) {
        const candidate *which = &candidates[i / 2];
        if (!runs_here(which)) {
            continue;
        }
        memset(a, 0, sizeof a);
        memset(b, 0, sizeof b);
        a[11 * K + 34] = bad[i % 2];
        b[3 * N + 17] = bad[i % 2];
        ad__gemm s = {.m = M, .n = N, .k = K, .lda = K, .ldb = N, .ldc = N, .threads = 1};
        which->f32(&s, a, b, c);
        for (int j = 0; j < M * N; j++) {
            int hit = j / N == 11 || j % N == 17;
            cr_expect(hit ? isnan(c[j]) : c[j] == 0, "%s: element %d", which->name, j);
        }
    }
}

/* |error| <= k eps sum |a| |b|, the bound of any order of summation */
Test(blas_kernels, rounding_stays_within_the_bound_of_a_dot_product)
{
    enum { M = 40, N = 50, K = 600 };
    double *a = random_f64(M * K, 3), *b = random_f64(K * N, 4);
    float *a32 = random_f32(M * K, 3), *b32 = random_f32(K * N, 4);
    double c[M * N];
    float c32[M * N];
    ad__gemm s = {.m = M, .n = N, .k = K, .lda = K, .ldb = N, .ldc = N, .threads = 1};
    for (int which = 0; which < CANDIDATES; which++) {
        if (!runs_here(&candidates[which])) {
            continue;
        }
        candidates[which].f64(&s, a, b, c);
        candidates[which].f32(&s, a32, b32, c32);
        for (int i = 0; i < M * N; i++) {
            long double exact = 0, exact32 = 0, size = 0;
            for (int p = 0; p < K; p++) {
                int at = i / N * K + p, bt = p * N + i % N;
                exact += (long double)a[at] * b[bt];
                exact32 += (long double)a32[at] * b32[bt];
                size += fabsl((long double)a[at] * b[bt]);
            }
            cr_expect_lt(fabsl(c[i] - exact), K * 0x1p-53L * size, "%s", candidates[which].name);
            cr_expect_lt(fabsl(c32[i] - exact32), K * 0x1p-24L * size, "%s",
                         candidates[which].name);
        }
    }
    free(a);
    free(b);
    free(a32);
    free(b32);
}
