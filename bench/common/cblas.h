/* SPDX-License-Identifier: MIT */
#ifndef CBLAS_H
#define CBLAS_H

/* Another library's matrix products, taken from its file at run time, so that a benchmark is built
 * and runs without it. */

enum { CBLAS_ROWS = 101, CBLAS_AS_IS = 111, CBLAS_TRANSPOSED = 112 };

typedef void cblas_sgemm_like(int order, int ta, int tb, int m, int n, int k, float alpha,
                              const float *a, int lda, const float *b, int ldb, float beta,
                              float *c, int ldc);
typedef void cblas_dgemm_like(int order, int ta, int tb, int m, int n, int k, double alpha,
                              const double *a, int lda, const double *b, int ldb, double beta,
                              double *c, int ldc);

typedef struct cblas {
    const char *name;
    cblas_sgemm_like *sgemm; /* NULL if the library is not there */
    cblas_dgemm_like *dgemm;
} cblas;

/* The functions in a library that dlopen returned; NULL is fine. */
cblas cblas_in(const char *name, void *library);

/* OpenBLAS, where installed. Its number of threads is OPENBLAS_NUM_THREADS when first asked for. */
const cblas *cblas_openblas(void);

/* Plain loops over matrices that stand by rows, to check by where OpenBLAS is not there. */
const cblas *cblas_plain(void);

#endif
