/* SPDX-License-Identifier: MIT */
/* Matrix products over the shapes of networks and some squares, beside
 *
 *   flop_bound   the time the flops alone would take at the core's measured peak of FMAs
 *   blis         BLIS as it comes, with the kernels it picks itself
 *   blis_vector  BLIS with the kernels that loading our library makes it pick
 *   openblas     OpenBLAS, where installed */
#include "bench.h"
#include "kernels/blas_internal.h"
#include "cblas.h"
#include "fma.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct work {
    ad__gemm shape;
    const cblas *with; /* NULL: ours */
    void *a, *b, *c;
    int is_float;
} work;

static void run(void *context)
{
    const work *w = context;
    const ad__gemm *s = &w->shape;
    int ta = s->transpose_a ? CBLAS_TRANSPOSED : CBLAS_AS_IS,
        tb = s->transpose_b ? CBLAS_TRANSPOSED : CBLAS_AS_IS;
    int m = (int)s->m, n = (int)s->n, k = (int)s->k;
    int lda = (int)s->lda, ldb = (int)s->ldb, ldc = (int)s->ldc;
    if (w->with == NULL && w->is_float) {
        ad__sgemm(s, w->a, w->b, w->c);
    } else if (w->with == NULL) {
        ad__dgemm(s, w->a, w->b, w->c);
    } else if (w->is_float) {
        w->with->sgemm(CBLAS_ROWS, ta, tb, m, n, k, 1, w->a, lda, w->b, ldb, 0, w->c, ldc);
    } else {
        w->with->dgemm(CBLAS_ROWS, ta, tb, m, n, k, 1, w->a, lda, w->b, ldb, 0, w->c, ldc);
    }
}

/* Operations a microsecond at the core's peak. */
static double peak_flops(int is_float)
{
    double rates[7], flops = 1e7;
    for (int i = 0; i < 7; i++) {
        double start = bench_now_us();
        (is_float ? fma_f32 : fma_f64)(&flops);
        rates[i] = flops / (bench_now_us() - start);
    }
    return bench_median(7, rates);
}

/* ---- the cases */

enum { BLIS, BLIS_VECTOR, OPENBLAS, PEERS };

static void measure(const ad__gemm *shape, int is_float, const cblas peers[PEERS])
{
    size_t bytes = is_float ? sizeof(float) : sizeof(double);
    size_t m = (size_t)shape->m, n = (size_t)shape->n, k = (size_t)shape->k;
    void *a = calloc(m * k, bytes), *b = calloc(k * n, bytes), *c = calloc(m * n, bytes);
    if (a == NULL || b == NULL || c == NULL) {
        fputs("gemm: out of memory\n", stderr);
        exit(1);
    }
    work works[1 + PEERS];
    bench_side sides[1 + PEERS];
    for (int i = 0; i < 1 + PEERS; i++) {
        const cblas *with = i > 0 ? &peers[i - 1] : NULL;
        works[i] = (work){*shape, with, a, b, c, is_float};
        sides[i] = (bench_side){with != NULL ? with->name : "ours",
                                with == NULL || with->sgemm != NULL ? run : NULL, &works[i], NULL};
    }
    char name[80];
    snprintf(name, sizeof name, "gemm.%s.%s%zux%zux%zu", is_float ? "f32" : "f64",
             shape->transpose_a   ? "tn."
             : shape->transpose_b ? "nt."
                                  : "",
             m, n, k);
    double peak = peak_flops(is_float), us[1 + PEERS];
    bench_case(name, 1 + PEERS, sides, us);
    double flops = 2.0 * (double)m * (double)n * (double)k;
    bench_row(name, us[0], "flop_bound", flops / peak);
    printf("%-24s GFLOP/s: ours %.1f", name, flops / us[0] * 1e-3);
    for (int i = 0; i < PEERS; i++) {
        printf(", %s %.1f", peers[i].name, flops / us[1 + i] * 1e-3);
    }
    printf(", peak %.1f\n", peak * 1e-3);
    free(a);
    free(b);
    free(c);
}

int main(void)
{
    bench_start();
    /* A second copy of BLIS, in a namespace of its own, which our library cannot prepare. */
    cblas peers[PEERS] = {
        [BLIS] = cblas_in("blis", dlmopen(LM_ID_NEWLM, "libblis.so.4", RTLD_NOW)),
        [BLIS_VECTOR] = cblas_in("blis_vector", dlopen("libblis.so.4", RTLD_NOW)),
        [OPENBLAS] = *cblas_openblas(),
    };
    enum { NN, TN, NT };
    static const struct {
        int64_t m, n, k;
        int transposed;
    } shapes[] = {
        {64, 300, 784, NN},  {64, 100, 300, NN},     {64, 10, 100, NN},     {784, 300, 64, TN},
        {300, 100, 64, TN},  {100, 10, 64, TN},      {64, 300, 100, NT},    {64, 100, 10, NT},
        {1, 300, 784, NN},   {64, 1, 300, NN},       {10000, 300, 784, NN}, {2, 2, 2, NN},
        {8, 8, 8, NN},       {32, 32, 32, NN},       {128, 128, 128, NN},   {256, 256, 256, NN},
        {512, 512, 512, NN}, {1024, 1024, 1024, NN},
    };
    for (size_t i = 0; i < 2 * (sizeof shapes / sizeof shapes[0]); i++) {
        size_t which = i / 2;
        ad__gemm s = {.m = shapes[which].m, .n = shapes[which].n, .k = shapes[which].k};
        s.transpose_a = shapes[which].transposed == TN;
        s.transpose_b = shapes[which].transposed == NT;
        s.lda = s.transpose_a ? s.m : s.k;
        s.ldb = s.transpose_b ? s.k : s.n;
        s.ldc = s.n;
        s.threads = 1;
        measure(&s, i % 2 == 0, peers);
    }
    return bench_finish();
}
