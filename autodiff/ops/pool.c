/* SPDX-License-Identifier: MIT */
/* Maxima over windows. The operation finds where they are; values and gradients are those of
 * ad_gather. */
#include "ops/movement_internal.h"
#include "base/c_source_internal.h"
#include "tape/tape_internal.h"

#include "ops.h"

#include <inttypes.h>
#include <string.h>

typedef struct pooling {
    ad_shape window, stride, padding;
} pooling;

/* One pooled axis: n elements in, m windows out. */
typedef struct pooled_axis {
    int64_t n, m, window, stride, padding;
} pooled_axis;

/* The last axes of shape as two, the first of which may be a single row. */
static void axes_of(const pooling *p, const ad_shape *shape, pooled_axis axis[2])
{
    axis[0] = (pooled_axis){1, 1, 1, 1, 0};
    for (int i = 0; i < p->window.rank; i++) {
        int64_t n = shape->len[shape->rank - p->window.rank + i];
        int64_t w = p->window.len[i], s = p->stride.len[i], pad = p->padding.len[i];
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
            call->spec.shape.len[shape->rank - axes + i] = axis[2 - axes + i].m;
        }
    }
    return status;
}

/* The elements that window number i covers. */
static void cover(const pooled_axis *a, int64_t i, int64_t *start, int64_t *stop)
{
    int64_t from = i * a->stride - a->padding, to = from + a->window;
    *start = from < 0 ? 0 : from;
    *stop = to > a->n ? a->n : to;
}

/* z[i] = the place in a plane of the first largest element of window i; NaN is larger than any. */
#define LARGEST(real, largest, plane)                                                              \
    static int64_t largest(const real *x, int64_t columns, const int64_t *start,                   \
                           const int64_t *stop)                                                    \
    {                                                                                              \
        int64_t at = start[0] * columns + start[1];                                                \
        for (int64_t r = start[0]; r < stop[0]; r++) {                                             \
            for (int64_t c = start[1]; c < stop[1]; c++) {                                         \
                int64_t k = r * columns + c;                                                       \
                at = !(x[k] <= x[at]) && x[at] == x[at] ? k : at;                                  \
            }                                                                                      \
        }                                                                                          \
        return at;                                                                                 \
    }                                                                                              \
    static void plane(const pooled_axis *axis, const real *x, int64_t *z)                          \
    {                                                                                              \
        int64_t start[2], stop[2];                                                                 \
        for (int64_t i = 0; i < axis[0].m; i++) {                                                  \
            cover(&axis[0], i, &start[0], &stop[0]);                                               \
            for (int64_t j = 0; j < axis[1].m; j++) {                                              \
                cover(&axis[1], j, &start[1], &stop[1]);                                           \
                *z++ = largest(x, axis[1].n, start, stop);                                         \
            }                                                                                      \
        }                                                                                          \
    }

LARGEST(double, largest_f64, plane_f64)
LARGEST(float, largest_f32, plane_f32)

static double pool_flops(const ad__call *call)
{
    return ad__one_each(call) *
           (double)ad_shape_count(&((const pooling *)call->attributes)->window);
}

static ad_status pool_eval(const ad__call *call)
{
    pooled_axis axis[2];
    axes_of(call->attributes, &call->x[0].spec->shape, axis);
    size_t in = (size_t)(axis[0].n * axis[1].n), out = (size_t)(axis[0].m * axis[1].m);
    const double *f64 = call->x[0].data;
    const float *f32 = call->x[0].data;
    for (size_t o = 0; o < call->spec.count / out; o++) {
        int64_t *z = (int64_t *)call->z + o * out;
        if (call->x[0].spec->type == AD_F64) {
            plane_f64(axis, f64 + o * in, z);
        } else {
            plane_f32(axis, f32 + o * in, z);
        }
    }
    return AD_OK;
}

/* The loop over one axis's windows, and the elements that each covers. */
static void put_cover(ad__emit *e, int depth, const char *index, const char *axis,
                      const pooled_axis *a)
{
    const int in = 4 * depth + 4;
    ad__put(e, "%*sfor (int64_t %s = 0; %s < %" PRId64 "; %s++) {\n", 4 * depth, "", index, index,
            a->m, index);
    ad__put(e, "%*sint64_t %s = %s * %" PRId64 " - %" PRId64 ", %s_end = %s + %" PRId64 ";\n", in,
            "", axis, index, a->stride, a->padding, axis, axis, a->window);
    ad__put(e, "%*s%s = %s < 0 ? 0 : %s;\n", in, "", axis, axis, axis);
    ad__put(e, "%*s%s_end = %s_end > %" PRId64 " ? %" PRId64 " : %s_end;\n", in, "", axis, axis,
            a->n, a->n, axis);
}

static void pool_emit(ad__emit *e, const ad__call *call)
{
    pooled_axis axis[2];
    axes_of(call->attributes, &call->x[0].spec->shape, axis);
    size_t in = (size_t)(axis[0].n * axis[1].n), out = (size_t)(axis[0].m * axis[1].m);
    ad__put_loop(e, 1, "o", call->spec.count / out);
    ad__put(e, "        const %s *x = x0 + o * %zu;\n", ad__c_type(call->x[0].spec->type), in);
    put_cover(e, 2, "i", "row", &axis[0]);
    put_cover(e, 3, "j", "column", &axis[1]);
    ad__put(e,
            "                int64_t at = row * %" PRId64 " + column;\n"
            "                for (int64_t r = row; r < row_end; r++) {\n"
            "                    for (int64_t c = column; c < column_end; c++) {\n"
            "                        int64_t k = r * %" PRId64 " + c;\n"
            "                        at = !(x[k] <= x[at]) && x[at] == x[at] ? k : at;\n"
            "                    }\n"
            "                }\n"
            "                *z++ = at;\n",
            axis[1].n, axis[1].n);
    ad__put_end(e, 3);
    ad__put_end(e, 2);
    ad__put_end(e, 1);
}

const ad_op ad_max_pool_indices__op = {.name = "ad_max_pool_indices",
                                       .infer = pool_infer,
                                       .eval = pool_eval,
                                       .emit = pool_emit,
                                       .flops = pool_flops};

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
