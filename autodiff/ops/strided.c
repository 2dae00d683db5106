/* SPDX-License-Identifier: MIT */
#ifdef real /* texts: real */

static inline void TYPED(copy_with_strides)(size_t n, const real *restrict x, ptrdiff_t from,
                                            real *restrict z, ptrdiff_t to)
{
    for (ptrdiff_t i = 0; i < (ptrdiff_t)n; i++) {
        z[i * to] = x[i * from];
    }
}

static inline void TYPED(copy_row)(size_t n, const real *x, ptrdiff_t from, real *z, ptrdiff_t to)
{
    if (from == 1 && to == 1) {
        memcpy(z, x, n * sizeof *z);
    } else if (from == 0 && to == 1) {
        TYPED(copy_with_strides)(n, x, 0, z, 1);
    } else {
        TYPED(copy_with_strides)(n, x, from, z, to);
    }
}

/* Two axes, of which x crosses the second with stride 1, in tiles, so that neither reads nor writes
 * jump from cache line to cache line. */
static inline void TYPED(copy_tiles)(const size_t *axis, const real *x, real *z)
{
    const size_t tile = 16, m = axis[0], n = axis[3];
    const ptrdiff_t from = (ptrdiff_t)axis[1], to = (ptrdiff_t)axis[2], step = (ptrdiff_t)axis[5];
    for (size_t i = 0; i < m; i += tile) {
        const size_t high = m - i < tile ? m - i : tile;
        const real *source = x + (ptrdiff_t)i * from;
        real *target = z + (ptrdiff_t)i * to;
        for (size_t j = 0; j < n; j++, source++, target += step) {
            TYPED(copy_with_strides)(high, source, from, target, to);
        }
    }
}

/* n: whether the first two are copied in tiles; the axes, 3 to 8 from the innermost outwards; the
 * length of each, and the strides of x and z */
static inline int TYPED(copy_axes)(const ad__args *a)
{
    const size_t tiled = a->n[0], rank = a->n[1], *axis = a->n + 2;
    const real *x = a->x[0];
    real *z = a->z;
    size_t index[8] = {0}, i = 0;
    const ptrdiff_t from = (ptrdiff_t)axis[1], to = (ptrdiff_t)axis[2];
    while (i < rank) {
        for (ptrdiff_t k = 0; k < (ptrdiff_t)axis[6]; k++) {
            const real *x2 = x + k * (ptrdiff_t)axis[7];
            real *z2 = z + k * (ptrdiff_t)axis[8];
            for (ptrdiff_t j = 0; j < (ptrdiff_t)axis[3] && !tiled; j++) {
                const real *x1 = x2 + j * (ptrdiff_t)axis[4];
                TYPED(copy_row)(axis[0], x1, from, z2 + j * (ptrdiff_t)axis[5], to);
            }
            if (tiled) {
                TYPED(copy_tiles)(axis, x2, z2);
            }
        }
        for (i = 3; i < rank; i++) { /* a step outwards, with carry */
            const size_t len = axis[3 * i];
            const ptrdiff_t dx = (ptrdiff_t)axis[3 * i + 1], dz = (ptrdiff_t)axis[3 * i + 2];
            x += dx;
            z += dz;
            if (++index[i] < len) {
                break;
            }
            x -= dx * (ptrdiff_t)len;
            z -= dz * (ptrdiff_t)len;
            index[i] = 0;
        }
    }
    return 0;
}

/* n: elements */
static inline int TYPED(fill)(const ad__args *a)
{
    real *z = a->z;
    for (size_t i = 0; i < a->n[0]; i++) {
        z[i] = (real)a->number;
    }
    return 0;
}

#else /* texts: end */
#include "ops/strided_internal.h"

#include <string.h>

#define AD__KERNELS "ops/strided.c"
#include "kernels/every_type_internal.h"

/* Axes from the innermost outwards; none has length 1, and no two could be walked as one. */
typedef struct walk {
    int rank;
    struct {
        size_t len;
        ptrdiff_t from, to;
    } axis[AD_MAX_RANK];
} walk;

enum { LEAST_AXES = 3 }; /* that the kernel has */

void ad__dense_strides(const ad_shape *shape, ptrdiff_t *stride)
{
    ptrdiff_t product = 1;
    for (int i = shape->rank - 1; i >= 0; i--) {
        stride[i] = product;
        product *= (ptrdiff_t)shape->len[i];
    }
}

static void find_walk(const ad_shape *shape, const ptrdiff_t *from, const ptrdiff_t *to, walk *w)
{
    w->rank = 0;
    for (int i = shape->rank - 1; i >= 0; i--) {
        const ptrdiff_t len = (ptrdiff_t)shape->len[i];
        const int top = w->rank - 1;
        if (len == 1) {
            continue;
        }
        if (top >= 0 && from[i] == w->axis[top].from * (ptrdiff_t)w->axis[top].len &&
            to[i] == w->axis[top].to * (ptrdiff_t)w->axis[top].len) {
            w->axis[top].len *= (size_t)len;
            continue;
        }
        w->axis[w->rank].len = (size_t)len;
        w->axis[w->rank].from = from[i];
        w->axis[w->rank++].to = to[i];
    }
    for (; w->rank < LEAST_AXES; w->rank++) {
        w->axis[w->rank].len = 1;
        w->axis[w->rank].from = w->axis[w->rank].to = w->rank == 0;
    }
}

/* Makes an axis that x crosses with stride 1 the second one, if the first is not it: the two are
 * then walked in tiles. */
static int walk_in_tiles(walk *w)
{
    for (int i = 1; i < w->rank && w->axis[0].from != 0 && w->axis[0].from != 1; i++) {
        if (w->axis[i].from == 1) {
            const walk old = *w;
            w->axis[i] = old.axis[1];
            w->axis[1] = old.axis[i];
            return 1;
        }
    }
    return 0;
}

void ad__launch_copy(ad__runner *r, const ad_shape *shape, ad__region x, const ptrdiff_t *from,
                     ad__region z, const ptrdiff_t *to)
{
    size_t n[2 + 3 * AD_MAX_RANK];
    walk w;
    if (ad_shape_count(shape) == 0) {
        return;
    }
    find_walk(shape, from, to, &w);
    n[0] = (size_t)walk_in_tiles(&w);
    n[1] = (size_t)w.rank;
    for (int i = 0; i < w.rank; i++) {
        n[2 + 3 * i] = w.axis[i].len;
        n[3 + 3 * i] = (size_t)w.axis[i].from;
        n[4 + 3 * i] = (size_t)w.axis[i].to;
    }
    ad__launch_kernel(r, &(ad__launch){AD__KERNEL(copy_axes, (ad_type)z.type), .n = n,
                                       .count = 2 + 3 * (size_t)w.rank, .x = {x}, .z = z});
}

void ad__launch_dense_copy(ad__runner *r, size_t count, ad__region x, ad__region z)
{
    const ad_shape shape = {1, {(int64_t)count}};
    const ptrdiff_t stride = 1;
    ad__launch_copy(r, &shape, x, &stride, z, &stride);
}

void ad__launch_fill(ad__runner *r, size_t count, double value, ad__region z)
{
    ad__launch_kernel(r, &(ad__launch){AD__KERNEL(fill, (ad_type)z.type), AD__NUMBERS(count),
                                       .number = value, .z = z});
}

#endif
