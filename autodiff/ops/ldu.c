/* SPDX-License-Identifier: MIT */
#include "ops/ldu_internal.h"

#include "kernels/blas_internal.h"
#include "base/c_source_internal.h"
#include "ops/reduce_internal.h"

#include <math.h>
#include <string.h>

/* texts: plain */

void ad__ldu_place(ad__ldu *f, size_t n, double *buffer)
{
    f->n = n;
    f->left = buffer;
    f->right = f->left + n * n;
    f->work = f->right + n * n;
    f->pivot = f->work + n * n;
}

static size_t bytes_of(size_t n)
{
    return AD__LDU_NUMBERS(n) * sizeof(double);
}

ad_status ad__ldu_init(ad__ldu *f, size_t n, ad__arena *arena)
{
    double *buffer = ad__arena_take(arena, bytes_of(n));
    if (buffer == NULL || !ad__can_multiply(n, n)) {
        return AD_ERR_MEMORY;
    }
    ad__ldu_place(f, n, buffer);
    return AD_OK;
}

size_t ad__ldu_bytes(size_t n)
{
    return ad__rounded(bytes_of(n));
}

/* n^3 / 3 comparisons, 2 n^3 / 3 in the matrix itself, n^3 in left and in right. */
double ad__ldu_flops(size_t n)
{
    return 3 * (double)n * (double)n * (double)n;
}

static void set_identity(size_t n, double *x)
{
    memset(x, 0, n * n * sizeof *x);
    for (size_t i = 0; i < n; i++) {
        x[i * n + i] = 1;
    }
}

static void swap_rows(size_t n, double *x, size_t i, size_t j)
{
    for (size_t k = 0; k < n; k++) {
        double kept = x[i * n + k];
        x[i * n + k] = x[j * n + k];
        x[j * n + k] = kept;
    }
}

static void swap_columns(size_t n, double *x, size_t i, size_t j)
{
    for (size_t k = 0; k < n; k++) {
        double kept = x[k * n + i];
        x[k * n + i] = x[k * n + j];
        x[k * n + j] = kept;
    }
}

/* row i of x -= factor times row s */
static void subtract_row(size_t n, double *restrict x, size_t i, size_t s, double factor)
{
    for (size_t k = 0; k < n; k++) {
        x[i * n + k] -= factor * x[s * n + k];
    }
}

/* Brings the largest element of what is left, the first of equals or of NaN, to place (s, s). */
static void choose_pivot(ad__ldu *f, size_t s)
{
    size_t n = f->n, row = s, column = s;
    double largest = fabs(f->work[s * n + s]);
    for (size_t i = s; i < n; i++) {
        for (size_t j = s; j < n; j++) {
            double size = fabs(f->work[i * n + j]);
            if (size > largest || (isnan(size) && !isnan(largest))) {
                largest = size, row = i, column = j;
            }
        }
    }
    if (row != s) {
        swap_rows(n, f->work, row, s);
        swap_rows(n, f->left, row, s);
        f->sign = -f->sign;
    }
    if (column != s) {
        swap_columns(n, f->work, column, s);
        swap_rows(n, f->right, column, s);
        f->sign = -f->sign;
    }
}

void ad__ldu_factor(ad__ldu *f, const double *a)
{
    size_t n = f->n;
    memcpy(f->work, a, n * n * sizeof *a);
    set_identity(n, f->left);
    set_identity(n, f->right);
    f->sign = 1;
    for (size_t s = 0; s < n; s++) {
        choose_pivot(f, s);
        const double pivot = f->pivot[s] = f->work[s * n + s];
        for (size_t i = s + 1; i < n && pivot != 0; i++) {
            const double across = f->work[s * n + i] / pivot, down = f->work[i * n + s] / pivot;
            subtract_row(n, f->right, i, s, across);
            subtract_row(n, f->left, i, s, down);
            for (size_t j = s + 1; j < n; j++) {
                f->work[i * n + j] -= down * f->work[s * n + j];
            }
        }
    }
}

int ad__can_multiply(size_t n, size_t m)
{
    const ad__gemm gemm = {.m = (int64_t)n, .n = (int64_t)m, .k = (int64_t)n, .ldc = (int64_t)m};
    return ad__gemm_has_memory(&gemm, 1, 1);
}

void ad__multiply(size_t n, size_t m, const double *x, int transpose_x, const double *y,
                  int transpose_y, double *z)
{
    const ad__gemm gemm = {.m = (int64_t)n,
                           .n = (int64_t)m,
                           .k = (int64_t)n,
                           .lda = (int64_t)n,
                           .ldb = (int64_t)(transpose_y ? n : m),
                           .ldc = (int64_t)m,
                           .transpose_a = transpose_x,
                           .transpose_b = transpose_y,
                           .threads = 1};
    ad__dgemm(&gemm, x, y, z);
}

/* ---- elements and shapes ---- */

void ad__widen(ad_type type, size_t count, const void *x, double *z)
{
    for (size_t i = 0; i < count; i++) {
        z[i] = type == AD_F64 ? ((const double *)x)[i] : (double)((const float *)x)[i];
    }
}

void ad__narrow(ad_type type, size_t count, const double *x, void *z)
{
    for (size_t i = 0; i < count; i++) {
        if (type == AD_F64) {
            ((double *)z)[i] = x[i];
        } else {
            ((float *)z)[i] = (float)x[i];
        }
    }
}

void ad__put_eliminator(ad__emit *e, size_t n, size_t count, size_t size)
{
    const ad__gemm whole = {.m = (int64_t)n, .n = (int64_t)n, .k = (int64_t)n, .lda = (int64_t)n};
    size_t at = ad__emit_scratch(e, AD_F64, count * size);
    size_t buffer = ad__emit_scratch(e, AD_F64, AD__LDU_NUMBERS(n) + 1);
    e->uses_blis |= ad__gemm_order_of(&whole, 1) == AD__GEMM_BLIS;
    ad__put(e, "    ");
    ad__put_kernel(e, "ad__ldu", AD__NO_TYPE);
    ad__put(e, " f;\n    double *a = scratch_f64 + %zu;\n    ", at);
    ad__put_kernel(e, "ad__ldu_place", AD__NO_TYPE);
    ad__put(e, "(&f, %zu, scratch_f64 + %zu);\n", n, buffer);
}

ad_status ad__check_square(const ad__spec *spec, ad_error *error)
{
    const ad_shape *shape = &spec->shape;
    char text[160];
    if (shape->rank < 2 || shape->len[shape->rank - 1] != shape->len[shape->rank - 2]) {
        return ad_error_set(error, AD_ERR_SHAPE, "%s; takes square matrices, [..., n, n]",
                            ad_shape_print(shape, text, sizeof text));
    }
    return ad__check_float(spec->type, shape, error);
}
