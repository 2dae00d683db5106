/* SPDX-License-Identifier: MIT */
/* Matrix products over the shapes of networks and some squares, beside
 *
 *   flop_bound   the time the flops alone would take at the core's measured peak of FMAs
 *   blis         BLIS as it comes, with the kernels it picks itself
 *   blis_vector  BLIS with the kernels that loading our library makes it pick
 *   openblas     OpenBLAS, where installed */
#include "bench.h"
#include "blas_internal.h"

#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { ROW_MAJOR = 101, NO_TRANS = 111, TRANS = 112 };
typedef void cblas_sgemm_like(int order, int ta, int tb, int m, int n, int k, float alpha,
                              const float *a, int lda, const float *b, int ldb, float beta,
                              float *c, int ldc);
typedef void cblas_dgemm_like(int order, int ta, int tb, int m, int n, int k, double alpha,
                              const double *a, int lda, const double *b, int ldb, double beta,
                              double *c, int ldc);

typedef struct peer {
    const char *name;
    cblas_sgemm_like *sgemm;
    cblas_dgemm_like *dgemm;
} peer;

typedef struct work {
    ad__gemm shape;
    const peer *with; /* NULL: ours */
    void *a, *b, *c;
    int is_float;
} work;

static void run(void *context)
{
    const work *w = context;
    const ad__gemm *s = &w->shape;
    int ta = s->transpose_a ? TRANS : NO_TRANS, tb = s->transpose_b ? TRANS : NO_TRANS;
    int m = (int)s->m, n = (int)s->n, k = (int)s->k;
    int lda = (int)s->lda, ldb = (int)s->ldb, ldc = (int)s->ldc;
    if (w->with == NULL && w->is_float) {
        ad__sgemm(s, w->a, w->b, w->c);
    } else if (w->with == NULL) {
        ad__dgemm(s, w->a, w->b, w->c);
    } else if (w->is_float) {
        w->with->sgemm(ROW_MAJOR, ta, tb, m, n, k, 1, w->a, lda, w->b, ldb, 0, w->c, ldc);
    } else {
        w->with->dgemm(ROW_MAJOR, ta, tb, m, n, k, 1, w->a, lda, w->b, ldb, 0, w->c, ldc);
    }
}

/* A peer without functions if the library is not there. */
static peer peer_in(const char *name, void *library)
{
    peer p = {.name = name};
    if (library != NULL) {
        *(void **)&p.sgemm = dlsym(library, "cblas_sgemm");
        *(void **)&p.dgemm = dlsym(library, "cblas_dgemm");
    }
    return p;
}

/* ---- the peak: independent FMAs on registers, their latency covered */

enum { CHAINS = 12, TURNS = 20000 };

#if defined(__x86_64__)
__attribute__((target("avx512f"))) static float fma_512(void)
{
    __m512 x[CHAINS], y = _mm512_set1_ps(0.999F), z = _mm512_set1_ps(1e-3F);
#pragma GCC unroll 12
    for (int i = 0; i < CHAINS; i++) {
        x[i] = _mm512_set1_ps((float)i);
    }
    for (int turn = 0; turn < TURNS; turn++) {
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++) {
            x[i] = _mm512_fmadd_ps(x[i], y, z);
        }
    }
#pragma GCC unroll 12
    for (int i = 1; i < CHAINS; i++) {
        x[0] = _mm512_add_ps(x[0], x[i]);
    }
    return _mm512_reduce_add_ps(x[0]);
}

__attribute__((target("avx2,fma"))) static float fma_256(void)
{
    __m256 x[CHAINS], y = _mm256_set1_ps(0.999F), z = _mm256_set1_ps(1e-3F);
#pragma GCC unroll 12
    for (int i = 0; i < CHAINS; i++) {
        x[i] = _mm256_set1_ps((float)i);
    }
    for (int turn = 0; turn < TURNS; turn++) {
#pragma GCC unroll 12
        for (int i = 0; i < CHAINS; i++) {
            x[i] = _mm256_fmadd_ps(x[i], y, z);
        }
    }
#pragma GCC unroll 12
    for (int i = 1; i < CHAINS; i++) {
        x[0] = _mm256_add_ps(x[0], x[i]);
    }
    return _mm256_cvtss_f32(x[0]);
}
#endif

/* Float operations a microsecond, NAN where the CPU has no wide vectors; double has half. */
static double peak_flops(void)
{
#if defined(__x86_64__)
    int bits = ad__cpu_vectors();
    double rates[7];
    volatile float keep;
    for (int i = 0; i < 7 && bits > 0; i++) {
        double start = bench_now_us();
        keep = bits == 512 ? fma_512() : fma_256();
        int flops = 2 * bits / 32 * CHAINS * TURNS;
        rates[i] = flops / (bench_now_us() - start);
    }
    (void)keep;
    return bits > 0 ? bench_median(7, rates) : NAN;
#else
    return NAN;
#endif
}

/* ---- the cases */

enum { BLIS, BLIS_VECTOR, OPENBLAS, PEERS };

static void measure(const ad__gemm *shape, int is_float, const peer peers[PEERS])
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
        const peer *with = i > 0 ? &peers[i - 1] : NULL;
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
    double peak = peak_flops() / (is_float ? 1 : 2), us[1 + PEERS];
    bench_case(name, 1 + PEERS, sides, us);
    double flops = 2.0 * (double)m * (double)n * (double)k;
    if (!isnan(peak)) {
        bench_row(name, us[0], "flop_bound", flops / peak);
    }
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
    peer peers[PEERS] = {
        [BLIS] = peer_in("blis", dlmopen(LM_ID_NEWLM, "libblis.so.4", RTLD_NOW)),
        [BLIS_VECTOR] = peer_in("blis_vector", dlopen("libblis.so.4", RTLD_NOW)),
        [OPENBLAS] =
            peer_in("openblas", dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND)),
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
