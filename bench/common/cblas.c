/* SPDX-License-Identifier: MIT */
#include "cblas.h"

#include <dlfcn.h>
#include <stddef.h>

cblas cblas_in(const char *name, void *library)
{
    cblas c = {.name = name};
    if (library != NULL) {
        *(void **)&c.sgemm = dlsym(library, "cblas_sgemm");
        *(void **)&c.dgemm = dlsym(library, "cblas_dgemm");
    }
    return c;
}

const cblas *cblas_openblas(void)
{
    static cblas openblas;
    if (openblas.name == NULL) {
        int flags = RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND; /* BLIS has functions of these names */
        openblas = cblas_in("openblas", dlopen("libopenblas.so.0", flags));
    }
    return &openblas;
}

#define PLAIN_GEMM(name, real)                                                                     \
    static void name(int order, int ta, int tb, int m, int n, int k, real alpha, const real *a,    \
                     int lda, const real *b, int ldb, real beta, real *c, int ldc)                 \
    {                                                                                              \
        (void)order;                                                                               \
        for (int i = 0; i < m; i++) {                                                              \
            for (int j = 0; j < n; j++) {                                                          \
                real sum = 0;                                                                      \
                for (int l = 0; l < k; l++) {                                                      \
                    real x = ta == CBLAS_TRANSPOSED ? a[l * lda + i] : a[i * lda + l];             \
                    real y = tb == CBLAS_TRANSPOSED ? b[j * ldb + l] : b[l * ldb + j];             \
                    sum += x * y;                                                                  \
                }                                                                                  \
                real *z = &c[i * ldc + j];                                                         \
                *z = alpha * sum + (beta == 0 ? 0 : beta * *z);                                    \
            }                                                                                      \
        }                                                                                          \
    }

PLAIN_GEMM(plain_sgemm, float)
PLAIN_GEMM(plain_dgemm, double)

const cblas *cblas_plain(void)
{
    static const cblas plain = {"plain", plain_sgemm, plain_dgemm};
    return &plain;
}
