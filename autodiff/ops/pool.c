/* SPDX-License-Identifier: MIT */
/* Maxima over windows. The operation finds where they are; values and gradients are those of
 * ad_gather. */
#ifdef real /* texts: real */

/* The elements of an axis that its window number i covers. */
static inline void TYPED(cover)(const size_t *axis, size_t i, size_t *start, size_t *stop)
{
    const size_t len = axis[0], window = axis[2], stride = axis[3], padding = axis[4];
    const size_t from = i * stride, to = from + window - padding;
    *start = from < padding ? 0 : from - padding;
    *stop = to > len ? len : to;
}

/* Of one number with itself: whether it is NaN. */
static inline int TYPED(are_unequal)(real x, real y)
{
    return x != y;
}

/* The place in a plane of the first largest element of a window; NaN is larger than any. */
static inline size_t TYPED(largest)(const real *x, size_t columns, const size_t *start,
                                    const size_t *stop)
{
    size_t at = start[0] * columns + start[1];
    for (size_t r = start[0]; r < stop[0]; r++) {
        for (size_t c = start[1]; c < stop[1]; c++) {
            const size_t k = r * columns + c;
            at = !(x[k] <= x[at]) && !TYPED(are_unequal)(x[at], x[at]) ? k : at;
        }
    }
    return at;
}

/* n: planes; of each of their two axes its length, windows, and these windows' length, stride and
 * padding */
static inline int TYPED(max_pool_indices)(const ad__args *a)
{
    const size_t *row = a->n + 1, *column = a->n + 6;
    const real *x = a->x[0];
    int64_t *z = a->z;
    size_t start[2], stop[2];
    for (size_t plane = 0; plane < a->n[0]; plane++, x += row[0] * column[0]) {
        for (size_t i = 0; i < row[1]; i++) {
            TYPED(cover)(row, i, &start[0], &stop[0]);
            for (size_t j = 0; j < column[1]; j++) {
                TYPED(cover)(column, j, &start[1], &stop[1]);
                *z++ = (int64_t)TYPED(largest)(x, column[0], start, stop);
            }
        }
    }
    return 0;
}

#else /* texts: end */
#include "ops/build_internal.h"
#include "tape/launch_internal.h"
#include "tape/tape_internal.h"

#include "ops.h"

#include <inttypes.h>
#include <string.h>

#define AD__KERNELS "ops/pool.c"
#include "kernels/every_type_internal.h"

typedef struct pooling {
    ad_shape window, stride, padding;
} pooling;

/* One pooled axis: n elements in, m windows out. */
typedef struct pooled_axis {
    size_t n, m, window, stride, padding;
} pooled_axis;

/* The last axes of shape as two, the first of which may be a single row. */
static void axes_of(const pooling *p, const ad_shape *shape, pooled_axis axis[2])
{
    axis[0] = (pooled_axis){1, 1, 1, 1, 0};
    for (int i = 0; i < p->window.rank; i++) {
        size_t n = (size_t)shape->len[shape->rank - p->window.rank + i];
        size_t w = (size_t)p->window.len[i], s = (size_t)p->stride.len[i];
        size_t pad = (size_t)p->padding.len[i];
        axis[2 - p->window.rank + i] = (pooled_axis){n, (n + 2 * pad - w) / s + 1, w, s, pad};
    }
}

static ad_status check_axis(const ad__call *call, int i)
{
    const pooling *p = call->attributes;
    const ad_shape *shape = &call->x[0].spec->shape;
    const int64_t limit = (int64_t)1 << 60;
    int64_t n = shape->len[shape->rank - p->window.rank + i];
    int64_t w = p->window.len[i], s = p->stride.len[i], pad = p->padding.len[i];
    if (w < 1 || s < 1 || pad < 0 || pad >= w || w > limit || s > limit) {
        return ad_error_set(call->error, AD_ERR_DOMAIN,
                            "window %" PRId64 ", stride %" PRId64 ", padding %" PRId64
                            "; give 1 or more, 1 or more, 0 to window - 1",
                            w, s, pad);
    }
    if (n < 1 || n + 2 * pad < w) {
        return ad_error_set(call->error, AD_ERR_SHAPE,
                            "a window of %" PRId64 " over an axis of length %" PRId64
                            " with padding %" PRId64 " does not fit once",
                            w, n, pad);
    }
    return AD_OK;
}

static ad_status pool_infer(ad__call *call)
{
    const pooling *p = call->attributes;
    const ad_shape *shape = &call->x[0].spec->shape;
    char text[160];
    int axes = p->window.rank;
    if (call->x[0].spec->type == AD_I64) {
        return ad_error_set(call->error, AD_ERR_TYPE, "x is i64; it must be f64 or f32");
    }
    if (axes < 1 || axes > 2 || axes > shape->rank || p->stride.rank != axes ||
        p->padding.rank != axes) {
        return ad_error_set(call->error, AD_ERR_SHAPE,
                            "%d window, %d stride and %d padding lengths for %s; give 1 or 2 of "
                            "each, for its last axes",
                            axes, p->stride.rank, p->padding.rank,
                            ad_shape_print(shape, text, sizeof text));
    }
    pooled_axis axis[2];
    ad_status status = AD_OK;
    for (int i = 0; i < axes && status == AD_OK; i++) {
        status = check_axis(call, i);
    }
    if (status == AD_OK) {
        axes_of(p, shape, axis);
        call->spec.type = AD_I64;
        call->spec.shape = *shape;
        for (int i = 0; i < axes; i++) {
            call->spec.shape.len[shape->rank - axes + i] = (int64_t)axis[2 - axes + i].m;
        }
    }
    return status;
}

static double pool_flops(const ad__call *call)
{
    return ad__one_each(call) *
           (double)ad_shape_count(&((const pooling *)call->attributes)->window);
}

static void pool_run(ad__runner *r, const ad__call *call)
{
    pooled_axis axis[2];
    axes_of(call->attributes, &call->x[0].spec->shape, axis);
    const pooled_axis *row = &axis[0], *column = &axis[1];
    const size_t planes = call->spec.count / (row->m * column->m);
    ad__launch_kernel(r, &(ad__launch){AD__KERNEL(max_pool_indices, call->x[0].spec->type),
                                       AD__NUMBERS(planes, row->n, row->m, row->window, row->stride,
                                                   row->padding, column->n, column->m,
                                                   column->window, column->stride, column->padding),
                                       .x = {ad__argument(r, 0)}, .z = ad__result(r)});
}

const ad_op ad_max_pool_indices__op = {
    .name = "ad_max_pool_indices", .infer = pool_infer, .run = pool_run, .flops = pool_flops};

ad_var(ad_max_pool_indices)(ad_var x, ad_shape window, ad_shape stride, ad_shape padding)
{
    const ad_shape given[] = {window, stride, padding};
    pooling p;
    ad_shape *kept[] = {&p.window, &p.stride, &p.padding};
    memset(&p, 0, sizeof p); /* attributes are compared byte by byte */
    for (int i = 0; i < 3; i++) {
        kept[i]->rank = given[i].rank;
        memcpy(kept[i]->len, given[i].len, sizeof given[i].len);
    }
    return ad__record(&ad_max_pool_indices__op, 1, &x, &p, sizeof p);
}

/* shape with its last axes as one. */
static ad_shape flattened(ad_shape shape, int axes)
{
    if (axes == 2) {
        shape.len[shape.rank - 2] *= shape.len[shape.rank - 1];
        shape.rank--;
    }
    return shape;
}

ad_var(ad_max_pool)(ad_var x, ad_shape window, ad_shape stride, ad_shape padding)
{
    const ad__made pool = ad__making(1, &x);
    ad_var indices = ad_max_pool_indices(x, window, stride, padding);
    if (indices.tape == NULL || ad_is_dead(indices)) {
        return ad__made_of(pool, "ad_max_pool", indices);
    }
    ad_shape in = ad_shape_of(x), out = ad_shape_of(indices);
    ad_var planes = ad_reshape(x, flattened(in, window.rank));
    ad_var places = ad_reshape(indices, flattened(out, window.rank));
    ad_var largest = ad_gather(planes, places, -1);
    return ad__made_of(pool, "ad_max_pool", ad_reshape(largest, out));
}

#endif
