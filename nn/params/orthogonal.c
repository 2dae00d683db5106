/* SPDX-License-Identifier: MIT */
/* Orthogonal initialisation, by Gram-Schmidt in double. Each vector is made orthogonal to those
 * before it twice, which leaves them orthogonal to rounding (Giraud, Langou, Rozloznik 2005); what
 * is divided by is a length, so R's diagonal is above 0 and the result unique. */
#include "init.h"

#include "common/memory_internal.h"

#include <math.h>

enum { LANES = 8 }; /* sums that do not wait for each other */

static double dot(size_t n, const double *x, const double *y)
{
    double sums[LANES] = {0}, sum = 0;
    size_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        for (size_t j = 0; j < LANES; j++) {
            sums[j] += x[i + j] * y[i + j];
        }
    }
    for (; i < n; i++) {
        sum += x[i] * y[i];
    }
    for (size_t j = 0; j < LANES; j++) {
        sum += sums[j];
    }
    return sum;
}

/* Row j of q [m, n] as a vector of length 1, orthogonal to the rows before. */
static void orthogonalise(size_t n, size_t j, double *q)
{
    double *x = q + j * n;
    for (int pass = 0; pass < 2; pass++) {
        for (size_t i = 0; i < j; i++) {
            const double *y = q + i * n;
            double part = dot(n, x, y);
            for (size_t k = 0; k < n; k++) {
                x[k] -= part * y[k];
            }
        }
        double length = sqrt(dot(n, x, x));
        for (size_t k = 0; k < n; k++) {
            x[k] /= length;
        }
    }
}

static ad_status orthogonal(const nn_init *self, const nn_param *param, nn_fans fans, nn_draw *draw,
                            ad_error *error)
{
    (void)fans;
    char text[160];
    if (param->shape.rank < 2) {
        return ad_error_set(error, AD_ERR_SHAPE,
                            "%s is %s; nn_orthogonal is for matrices and higher ranks", param->name,
                            ad_shape_print(&param->shape, text, sizeof text));
    }
    if (param->count == 0) {
        return AD_OK;
    }
    size_t rows = (size_t)param->shape.len[0], columns = param->count / rows;
    int is_wide = rows <= columns;
    size_t m = is_wide ? rows : columns, n = is_wide ? columns : rows;
    ad_allocator allocator = nn__allocator(draw->allocator);
    double *q = nn__resize(&allocator, NULL, param->count, sizeof *q); /* m vectors of n */
    if (q == NULL) {
        return ad_error_set(error, AD_ERR_MEMORY, "%s: out of memory for nn_orthogonal",
                            param->name);
    }
    for (size_t i = 0; i < param->count; i++) {
        q[is_wide ? i : i % columns * n + i / columns] = nn_draw_normal(draw);
    }
    for (size_t j = 0; j < m; j++) {
        orthogonalise(n, j, q);
    }
    for (size_t i = 0; i < param->count; i++) {
        nn_param_set(param, i, self->a * q[is_wide ? i : i % columns * n + i / columns]);
    }
    nn__free(&allocator, q);
    return AD_OK;
}

nn_init nn_orthogonal(double gain)
{
    return (nn_init){.fill = orthogonal, .a = gain};
}
