/* SPDX-License-Identifier: MIT */
#include "base/cpu_internal.h"
#include "kernels/blas_internal.h"

#include <pthread.h>
#include <stddef.h>
#include <string.h>

/* One product in one element type. */
typedef struct job {
    ad__gemm shape;
    const unsigned char *a, *b;
    unsigned char *c;
    size_t bytes; /* of an element */
    ad__gemm_kernel *kernel;
} job;

enum {
    PART = 48, /* least rows or columns for a thread: see run_threaded */
    MOST_THREADS = 64
};
/* Terms from which threads repay their start, some 20 us: about 1 ms of work for one. */
static const double THREADED_FROM = 6e7;

static ad__gemm_kernel *tiles(int vectors, int is_double)
{
#if defined(__x86_64__)
    if (vectors == 512) {
        return is_double ? ad__dgemm_avx512 : ad__sgemm_avx512;
    }
    if (vectors == 256) {
        return is_double ? ad__dgemm_avx2 : ad__sgemm_avx2;
    }
#endif
    (void)vectors;
    return is_double ? ad__dgemm_portable : ad__sgemm_portable;
}

/* Vector tiles are best while B stays in the inner caches, or has too few rows of A to repay BLIS's
 * packing; beyond, BLIS's blocking pays. Portable ones only save BLIS's start, some 3 us. All the
 * limits are measured. */
static int is_for_tiles(const ad__gemm *s, int vectors, size_t bytes)
{
    if (vectors == 0) {
        return s->m <= 3 || s->n <= (1 << 16) / s->m / s->k;
    }
    int64_t bytes_of_b = vectors == 512 ? 1 << 21 : 1 << 18;
    return s->m <= 128 || s->n <= bytes_of_b / (int64_t)bytes / s->k;
}

/* By the shape and the CPU only, so that the bits depend on nothing else. */
static ad__gemm_kernel *choose(const ad__gemm *s, size_t bytes)
{
    int is_double = bytes == sizeof(double), vectors = ad__cpu_vectors();
    if (is_for_tiles(s, vectors, bytes)) {
        return tiles(vectors, is_double);
    }
    return is_double ? ad__dgemm_blis : ad__sgemm_blis;
}

static void *run_part(void *part)
{
    job *j = part;
    j->kernel(&j->shape, j->a, j->b, j->c);
    return NULL;
}

/* Rows or columns [first, first + count) of the product. */
static job part_of(const job *whole, int by_rows, int64_t first, int64_t count)
{
    job part = *whole;
    const ad__gemm *s = &whole->shape;
    size_t skip = (size_t)first * whole->bytes;
    if (by_rows) {
        part.shape.m = count;
        part.a += skip * (size_t)(s->transpose_a ? 1 : s->lda);
        part.c += skip * (size_t)s->ldc;
    } else {
        part.shape.n = count;
        part.b += skip * (size_t)(s->transpose_b ? s->ldb : 1);
        part.c += skip;
    }
    return part;
}

/* Divides the longer side of C, never k, into parts large enough that the kernels treat them as
 * the whole: each element is computed as by one thread. A thread that cannot be started leaves its
 * part to this one. */
static void run_threaded(const job *whole, int threads)
{
    job parts[MOST_THREADS];
    pthread_t ids[MOST_THREADS];
    int started[MOST_THREADS] = {0};
    int by_rows = whole->shape.m >= whole->shape.n;
    int64_t len = by_rows ? whole->shape.m : whole->shape.n;
    int64_t units = len < PART ? 1 : len / PART;
    int count = units < threads ? (int)units : threads;
    for (int i = 0; i < count; i++) {
        int64_t first = units * i / count * PART;
        int64_t end = i == count - 1 ? len : units * (i + 1) / count * PART;
        parts[i] = part_of(whole, by_rows, first, end - first);
        started[i] = i > 0 && pthread_create(&ids[i], NULL, run_part, &parts[i]) == 0;
    }
    for (int i = 0; i < count; i++) {
        if (started[i]) {
            pthread_join(ids[i], NULL);
        } else {
            run_part(&parts[i]);
        }
    }
}

/* A column as result is computed as a row: C' = op(B)' op(A)'. */
static void turn_column(job *j)
{
    ad__gemm *s = &j->shape;
    const unsigned char *a = j->a;
    j->a = j->b;
    j->b = a;
    ad__gemm row = *s;
    row.m = 1;
    row.n = s->m;
    row.transpose_a = !s->transpose_b;
    row.transpose_b = !s->transpose_a;
    row.lda = s->ldb;
    row.ldb = s->lda;
    row.ldc = s->m;
    *s = row;
}

static void clear_rows(const job *j)
{
    for (int64_t i = 0; i < j->shape.m; i++) {
        memset(j->c + (size_t)(i * j->shape.ldc) * j->bytes, 0, (size_t)j->shape.n * j->bytes);
    }
}

static int is_column(const ad__gemm *s)
{
    return s->n == 1 && s->m > 1 && s->ldc == 1;
}

ad__gemm_order ad__gemm_order_of(const ad__gemm *shape, int is_double)
{
    job j = {.shape = *shape, .bytes = is_double ? sizeof(double) : sizeof(float)};
    const ad__gemm *s = &j.shape;
    if (s->m == 0 || s->n == 0 || s->k == 0) {
        return AD__GEMM_TERMS;
    }
    if (is_column(s)) {
        turn_column(&j);
    }
    if (!is_for_tiles(s, ad__cpu_vectors(), j.bytes)) {
        return AD__GEMM_BLIS;
    }
    return s->transpose_b && s->m <= AD__DOTS_UP_TO_ROWS && (!s->transpose_a || s->lda == 1)
               ? AD__GEMM_LANES
               : AD__GEMM_TERMS;
}

int ad__gemm_has_memory(const ad__gemm *s, int is_double, int parts)
{
    int threads = s->threads < 1 ? 1 : s->threads < MOST_THREADS ? s->threads : MOST_THREADS;
    return ad__gemm_order_of(s, is_double) != AD__GEMM_BLIS ||
           ad__blis_has_memory(parts > threads ? parts : threads);
}

static void run(job j)
{
    const ad__gemm *s = &j.shape;
    if (s->m == 0 || s->n == 0) {
        return;
    }
    if (s->k == 0) {
        if (!s->accumulate) {
            clear_rows(&j);
        }
        return;
    }
    if (is_column(s)) {
        turn_column(&j);
    }
    j.kernel = choose(s, j.bytes);
    int threads = s->threads < MOST_THREADS ? s->threads : MOST_THREADS;
    if (threads > 1 && s->m > 1 && (double)s->m * (double)s->n * (double)s->k >= THREADED_FROM) {
        run_threaded(&j, threads);
    } else {
        j.kernel(s, j.a, j.b, j.c);
    }
}

/* A column is computed as a row. BLIS may treat few rows otherwise than many, and so do tiles below
 * four. */
int64_t ad__gemm_granule(const ad__gemm *s, int is_double)
{
    enum { TILE_ROWS = 16 };
    size_t bytes = is_double ? sizeof(double) : sizeof(float);
    if (s->n <= 1 || s->m == 0 || s->k == 0) {
        return s->m > 0 ? s->m : 1;
    }
    return is_for_tiles(s, ad__cpu_vectors(), bytes) ? TILE_ROWS : PART;
}

/* With the kernel that the whole product takes. */
void ad__gemm_rows(const ad__gemm *s, int is_double, int64_t first, int64_t rows, const void *a,
                   const void *b, void *c)
{
    job j = {
        .shape = *s, .a = a, .b = b, .c = c, .bytes = is_double ? sizeof(double) : sizeof(float)};
    if (rows == s->m) {
        run(j);
        return;
    }
    j.kernel = s->k > 0 ? choose(s, j.bytes) : NULL;
    j.shape.m = rows;
    j.a += (size_t)(first * (s->transpose_a ? 1 : s->lda)) * j.bytes;
    if (j.kernel == NULL || s->n == 0) {
        run(j);
    } else {
        j.kernel(&j.shape, j.a, j.b, j.c);
    }
}

void ad__dgemm(const ad__gemm *s, const double *a, const double *b, double *c)
{
    run((job){.shape = *s,
              .a = (const unsigned char *)a,
              .b = (const unsigned char *)b,
              .c = (unsigned char *)c,
              .bytes = sizeof(double)});
}

void ad__sgemm(const ad__gemm *s, const float *a, const float *b, float *c)
{
    run((job){.shape = *s,
              .a = (const unsigned char *)a,
              .b = (const unsigned char *)b,
              .c = (unsigned char *)c,
              .bytes = sizeof(float)});
}
