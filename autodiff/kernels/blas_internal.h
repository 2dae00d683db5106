/* SPDX-License-Identifier: MIT */
#ifndef AD_KERNELS_BLAS_INTERNAL_H
#define AD_KERNELS_BLAS_INTERNAL_H

#include <stdint.h>

/* The door to dense linear algebra: nothing else in the library knows BLIS or vector kernels.
 *
 *   C = op(A) op(B)            accumulate = 0; what C held before, even NaN, has no influence
 *   C = C + op(A) op(B)        accumulate = 1
 *
 * op(A) [m, k]   op(B) [k, n]   C [m, n], all row-major with rows lda, ldb, ldc elements apart;
 * op transposes if transpose_a or transpose_b is set: A is then stored [k, m], B [n, k].
 * m, n, k >= 0; k = 0 is a sum of no terms. NaN and infinity propagate. C overlaps neither A nor B.
 *
 * threads is how many may be used, 1 or less for the calling one. The result has the same bits
 * for any number of threads: which kernel runs depends on the shape and the CPU alone, and no sum
 * is split between threads. May be called from several threads at once. */
typedef struct ad__gemm {
    int64_t m, n, k;
    int64_t lda, ldb, ldc;
    int transpose_a, transpose_b;
    int accumulate;
    int threads;
} ad__gemm;

void ad__dgemm(const ad__gemm *s, const double *a, const double *b, double *c);
void ad__sgemm(const ad__gemm *s, const float *a, const float *b, float *c);

/* Rows first to first + rows - 1 of the product, with the bits that the whole of it has there; c is
 * where they go. first and, unless they are the last ones, rows are multiples of
 * ad__gemm_granule; fewer rows than that are never a part of their own. threads is ignored. */
int64_t ad__gemm_granule(const ad__gemm *s, int is_double);
void ad__gemm_rows(const ad__gemm *s, int is_double, int64_t first, int64_t rows, const void *a,
                   const void *b, void *c);

/* Whether there is memory for a product of this shape, in `parts` calls side by side. BLIS ends the
 * process where it gets none for its packing, so this is asked before; 0: there is not. Threads
 * that take memory meanwhile may still starve it. */
int ad__gemm_has_memory(const ad__gemm *s, int is_double, int parts);

/* How the elements of a product of this shape are summed on this CPU: term by term (see
 * blas_tile.inc), every few terms apart in the lanes of a vector, or as BLIS has it. */
typedef enum ad__gemm_order { AD__GEMM_TERMS, AD__GEMM_LANES, AD__GEMM_BLIS } ad__gemm_order;
ad__gemm_order ad__gemm_order_of(const ad__gemm *s, int is_double);

enum { AD__DOTS_UP_TO_ROWS = 3 }; /* rows of A up to which dot products beat transposing B */

/* What the door chooses from; a, b and c point to float in sgemm, to double in dgemm. They ignore
 * threads and need m, n, k > 0. The AVX kernels exist on x86-64 only, and need the CPU to have
 * what ad__cpu_vectors tells. */
typedef void ad__gemm_kernel(const ad__gemm *s, const void *a, const void *b, void *c);

ad__gemm_kernel ad__dgemm_portable, ad__sgemm_portable;
ad__gemm_kernel ad__dgemm_avx512, ad__sgemm_avx512;
ad__gemm_kernel ad__dgemm_avx2, ad__sgemm_avx2;
ad__gemm_kernel ad__dgemm_blis, ad__sgemm_blis;

/* Whether BLIS gets what it packs matrices into, for so many calls at one time. */
int ad__blis_has_memory(int calls);

#endif
