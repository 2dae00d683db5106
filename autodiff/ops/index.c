/* SPDX-License-Identifier: MIT */
/* Whole slices by a tensor of indices. */
#include "ops/index_internal.h"

#include "ops/movement_internal.h"
#include "base/c_source_internal.h"
#include "tape/tape_internal.h"
#include "ops.h"

#include <inttypes.h>
#include <string.h>

/* ---- indices ---- */

ad_status ad__infer_indices(const ad__call *call, int i)
{
    ad_type type = call->x[i].spec->type;
    return type == AD_I64 ? AD_OK
                          : ad_error_set(call->error, AD_ERR_TYPE,
                                         "indices are %s; they must be i64", ad_type_name(type));
}

ad_status ad__infer_len(const ad__call *call, int64_t len)
{
    return len >= 0 ? AD_OK
                    : ad_error_set(call->error, AD_ERR_DOMAIN,
                                   "length %" PRId64 "; give that of the axis, 0 or more", len);
}

ad_status ad__resize_indexed(ad__resizing *r)
{
    ad__indexing *a = r->attributes;
    if (r->like != NULL) {
        a->len = r->like->shape.len[ad__front_axis(a->axis, &r->like->shape)];
    }
    return AD_OK;
}

ad_status ad__check_indices(const ad__call *call, int i, int64_t len)
{
    const ad__spec *spec = call->x[i].spec;
    const int64_t *index = call->x[i].data;
    size_t at = ad__first_stray(spec->count, index, len);
    if (at == spec->count) {
        return AD_OK;
    }
    ad_shape place = spec->shape; /* the place of the element, printed like a shape */
    char text[160];
    size_t rest = at;
    for (int axis = place.rank - 1; axis >= 0; axis--) {
        place.len[axis] = (int64_t)(rest % (size_t)spec->shape.len[axis]);
        rest /= (size_t)spec->shape.len[axis];
    }
    return ad_error_set(call->error, AD_ERR_INDEX,
                        "indices%s is %" PRId64 ", outside an axis of length %" PRId64
                        "; indices are %" PRId64 " to %" PRId64,
                        ad_shape_print(&place, text, sizeof text), index[at], len, -len, len - 1);
}

void ad__put_index_check(ad__emit *e, const ad__call *call, int i, int64_t len)
{
    ad__put(e, "    if (");
    ad__put_kernel(e, "ad__first_stray", AD__NO_TYPE);
    ad__put(e, "(%zu, x%d, %" PRId64 ") < %zu) {\n        return 1;\n    }\n",
            call->x[i].spec->count, i, len, call->x[i].spec->count);
    e->fails = 1;
}

/* shape with `count` axes of another in place of one axis of its own. */
static ad_status replace_axis(const ad__call *call, const ad_shape *shape, int axis, int removed,
                              int count, const int64_t *lens, ad_shape *out)
{
    if (shape->rank - removed + count > AD_MAX_RANK) {
        return ad_error_set(call->error, AD_ERR_SHAPE, "the result has more than %d axes",
                            AD_MAX_RANK);
    }
    ad_shape result = *shape;
    result.rank = shape->rank - removed + count;
    for (int i = 0; i < count; i++) {
        result.len[axis + i] = lens[i];
    }
    for (int i = axis + removed; i < shape->rank; i++) {
        result.len[i - removed + count] = shape->len[i];
    }
    *out = result;
    return AD_OK;
}

/* ---- take ---- */

static ad_status take_infer(ad__call *call)
{
    const ad__indexing *a = call->attributes;
    const ad_shape *shape = &call->x[0].spec->shape, *indices = &call->x[1].spec->shape;
    int axis;
    ad_status status = ad__infer_indices(call, 1);
    status = status != AD_OK ? status : ad__axis(a->axis, shape, &axis, call->error);
    call->spec.type = call->x[0].spec->type;
    return status != AD_OK
               ? status
               : replace_axis(call, shape, axis, 1, indices->rank, indices->len, &call->spec.shape);
}

/* Copies rows of `row` bytes; inline, so that the compiler copies single elements without a
 * call. */
static inline void copy_rows(size_t row, const char *x, const int64_t *index, size_t n, int64_t len,
                             char *z)
{
    for (size_t k = 0; k < n; k++) {
        memcpy(z + k * row, x + ad__from_front(index[k], len) * row, row);
    }
}

static void take_rows(size_t row, const char *x, const int64_t *index, size_t n, int64_t len,
                      char *z)
{
    if (row == sizeof(float)) {
        copy_rows(sizeof(float), x, index, n, len, z);
    } else if (row == sizeof(double)) {
        copy_rows(sizeof(double), x, index, n, len, z);
    } else {
        copy_rows(row, x, index, n, len, z);
    }
}

static ad_status take_eval(const ad__call *call)
{
    const ad__indexing *attributes = call->attributes;
    const ad_shape *shape = &call->x[0].spec->shape;
    int axis = ad__front_axis(attributes->axis, shape);
    ad__along a = ad__along_axis(shape, axis);
    ad_status status = ad__check_indices(call, 1, (int64_t)a.len);
    size_t row = a.inner * ad_type_bytes(call->spec.type), n = call->x[1].spec->count;
    for (size_t o = 0; o < a.outer && row > 0 && status == AD_OK; o++) {
        take_rows(row, (const char *)call->x[0].data + o * a.len * row, call->x[1].data, n,
                  (int64_t)a.len, (char *)call->z + o * n * row);
    }
    return status;
}

static void take_emit(ad__emit *e, const ad__call *call)
{
    const ad__indexing *attributes = call->attributes;
    const ad_shape *shape = &call->x[0].spec->shape;
    ad__along a = ad__along_axis(shape, ad__front_axis(attributes->axis, shape));
    size_t n = call->x[1].spec->count;
    ad__put_index_check(e, call, 1, (int64_t)a.len);
    ad__put_loop(e, 1, "o", a.outer);
    ad__put_loop(e, 2, "k", n);
    ad__put(e, "            const size_t at = o * %zu + ", a.len);
    ad__put_kernel(e, "ad__from_front", AD__NO_TYPE);
    ad__put(e,
            "(x1[k], %zu);\n"
            "            memcpy(z + (o * %zu + k) * %zu, x0 + at * %zu, %zu * sizeof *z);\n",
            a.len, n, a.inner, a.inner, a.inner);
    ad__put_end(e, 2);
    ad__put_end(e, 1);
}

static void take_vjp(ad__vjp *v)
{
    const ad__indexing *a = v->attributes;
    ad_shape shape = ad_shape_of(v->x[0]);
    int axis = ad__front_axis(a->axis, &shape);
    v->dx[0] = ad__follow(ad_segment_sum(v->g, v->x[1], axis, shape.len[axis]), v->x[0]);
}

/* Indices of the samples: some twice, some not at all, some from the end. */
static ad_var sample_indices(const ad_var *x)
{
    static const int64_t indices[] = {2, 0, -1, 2};
    return ad_constant(x[0].tape, AD_I64, AD_SHAPE(2, 2), indices);
}

static ad_var take_rows_of(const ad_var *x)
{
    return ad_take(x[0], sample_indices(x), 0);
}

static ad_var take_middle(const ad_var *x)
{
    return ad_take(x[0], sample_indices(x), -2);
}

static const ad__sample take_samples[] = {{1, {{2, {3, 2}}}, -2, 2, take_rows_of},
                                          {1, {{3, {2, 4, 2}}}, -2, 2, take_middle}};

const ad_op ad_take__op = {.name = "ad_take",
                           .traits = AD__MOVES,
                           .infer = take_infer,
                           .eval = take_eval,
                           .emit = take_emit,
                           .vjp = take_vjp,
                           .samples = take_samples,
                           .sample_count = 2};

ad_var(ad_take)(ad_var x, ad_var indices, int axis)
{
    const ad__indexing a = {.axis = axis};
    return ad__record(&ad_take__op, 2, (const ad_var[]){x, indices}, &a, sizeof a);
}

/* ---- segment_sum ---- */

static ad_status segment_infer(ad__call *call)
{
    const ad__indexing *a = call->attributes;
    const ad_shape *shape = &call->x[0].spec->shape, *indices = &call->x[1].spec->shape;
    char p[160], q[160];
    ad_status status = ad__infer_indices(call, 1);
    status = status != AD_OK ? status : ad__infer_len(call, a->len);
    if (status != AD_OK) {
        return status;
    }
    int fits = a->axis >= 0 && a->axis <= shape->rank - indices->rank;
    for (int i = 0; i < indices->rank && fits; i++) {
        fits = shape->len[a->axis + i] == indices->len[i];
    }
    if (!fits) {
        return ad_error_set(call->error, AD_ERR_SHAPE,
                            "x is %s, indices are %s; from axis %d on, counted from the front, "
                            "their lengths must agree",
                            ad_shape_print(shape, p, sizeof p),
                            ad_shape_print(indices, q, sizeof q), a->axis);
    }
    call->spec.type = call->x[0].spec->type;
    return replace_axis(call, shape, a->axis, indices->rank, 1, &a->len, &call->spec.shape);
}

#define SEGMENT_SUM(real, NAME)                                                                    \
    static void NAME(const ad__along *a, size_t n, const int64_t *index, const real *x, real *z)   \
    {                                                                                              \
        for (size_t o = 0; o < a->outer; o++) {                                                    \
            for (size_t k = 0; k < n; k++) {                                                       \
                const real *restrict from = x + (o * n + k) * a->inner;                            \
                size_t at = o * a->len + ad__from_front(index[k], (int64_t)a->len);                \
                real *restrict to = z + at * a->inner;                                             \
                for (size_t i = 0; i < a->inner; i++) {                                            \
                    to[i] += from[i];                                                              \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

SEGMENT_SUM(double, segment_sum_f64)
SEGMENT_SUM(float, segment_sum_f32)
SEGMENT_SUM(uint64_t, segment_sum_i64) /* wraps around */

static ad_status segment_eval(const ad__call *call)
{
    const ad__indexing *attributes = call->attributes;
    ad__along a = ad__along_axis(&call->spec.shape, attributes->axis);
    ad_status status = ad__check_indices(call, 1, attributes->len);
    if (status != AD_OK || call->spec.count == 0) {
        return status;
    }
    memset(call->z, 0, ad__spec_bytes(&call->spec));
    size_t n = call->x[1].spec->count;
    switch (call->spec.type) {
    case AD_F64:
        segment_sum_f64(&a, n, call->x[1].data, call->x[0].data, call->z);
        break;
    case AD_F32:
        segment_sum_f32(&a, n, call->x[1].data, call->x[0].data, call->z);
        break;
    case AD_I64:
        segment_sum_i64(&a, n, call->x[1].data, call->x[0].data, call->z);
        break;
    }
    return AD_OK;
}

static void segment_emit(ad__emit *e, const ad__call *call)
{
    const ad__indexing *attributes = call->attributes;
    ad__along a = ad__along_axis(&call->spec.shape, attributes->axis);
    size_t n = call->x[1].spec->count;
    ad__put_index_check(e, call, 1, attributes->len);
    ad__put(e, "    memset(z, 0, %zu * sizeof *z);\n", call->spec.count);
    ad__put_loop(e, 1, "o", a.outer);
    ad__put_loop(e, 2, "k", n);
    ad__put(e, "            const size_t at = o * %zu + ", a.len);
    ad__put_kernel(e, "ad__from_front", AD__NO_TYPE);
    ad__put(e, "(x1[k], %zu);\n", a.len);
    ad__put_loop(e, 3, "i", a.inner);
    const int wraps = call->spec.type == AD_I64;
    ad__put(e, "                %s[at * %zu + i] += %sx0[(o * %zu + k) * %zu + i];\n",
            wraps ? "((uint64_t *)z)" : "z", a.inner, wraps ? "(uint64_t)" : "", n, a.inner);
    ad__put_end(e, 3);
    ad__put_end(e, 2);
    ad__put_end(e, 1);
}

static void segment_vjp(ad__vjp *v)
{
    v->dx[0] = ad_take(v->g, v->x[1], ((const ad__indexing *)v->attributes)->axis);
}

static ad_var segment_rows(const ad_var *x)
{
    return ad_segment_sum(x[0], sample_indices(x), 0, 4);
}

static const ad__sample segment_samples[] = {{1, {{3, {2, 2, 3}}}, -2, 2, segment_rows}};

const ad_op ad_segment_sum__op = {.name = "ad_segment_sum",
                                  .infer = segment_infer,
                                  .resize = ad__resize_indexed,
                                  .eval = segment_eval,
                                  .emit = segment_emit,
                                  .flops = ad__one_in,
                                  .vjp = segment_vjp,
                                  .samples = segment_samples,
                                  .sample_count = 1};

ad_var(ad_segment_sum)(ad_var x, ad_var indices, int axis, int64_t len)
{
    const ad__indexing a = {.axis = axis, .len = len};
    return ad__record(&ad_segment_sum__op, 2, (const ad_var[]){x, indices}, &a, sizeof a);
}

/* ---- one_hot ---- */

static ad_status one_hot_infer(ad__call *call)
{
    const ad__indexing *a = call->attributes;
    const ad_shape *shape = &call->x[0].spec->shape;
    ad_status status = ad__infer_indices(call, 0);
    status = status != AD_OK ? status : ad__infer_len(call, a->len);
    if (status == AD_OK && ad_type_bytes(a->type) == 0) {
        status = ad_error_set(call->error, AD_ERR_TYPE,
                              "%d is no element type; use AD_F64, AD_F32 or AD_I64", (int)a->type);
    }
    call->spec.type = a->type;
    return status != AD_OK
               ? status
               : replace_axis(call, shape, shape->rank, 0, 1, &a->len, &call->spec.shape);
}

static ad_status one_hot_eval(const ad__call *call)
{
    const ad__indexing *a = call->attributes;
    const int64_t *index = call->x[0].data;
    ad_status status = ad__check_indices(call, 0, a->len);
    if (status != AD_OK || call->spec.count == 0) {
        return status;
    }
    memset(call->z, 0, call->spec.count * ad_type_bytes(a->type));
    for (size_t k = 0; k < call->x[0].spec->count; k++) {
        size_t at = k * (size_t)a->len + ad__from_front(index[k], a->len);
        if (a->type == AD_F64) {
            ((double *)call->z)[at] = 1;
        } else if (a->type == AD_F32) {
            ((float *)call->z)[at] = 1;
        } else {
            ((int64_t *)call->z)[at] = 1;
        }
    }
    return AD_OK;
}

static void one_hot_emit(ad__emit *e, const ad__call *call)
{
    const ad__indexing *a = call->attributes;
    ad__put_index_check(e, call, 0, a->len);
    ad__put(e, "    memset(z, 0, %zu * sizeof *z);\n", call->spec.count);
    ad__put_loop(e, 1, "k", call->x[0].spec->count);
    ad__put(e, "        z[k * %" PRId64 " + ", a->len);
    ad__put_kernel(e, "ad__from_front", AD__NO_TYPE);
    ad__put(e, "(x0[k], %" PRId64 ")] = 1;\n", a->len);
    ad__put_end(e, 1);
}

const ad_op ad_one_hot__op = {.name = "ad_one_hot",
                              .traits = AD__MOVES,
                              .infer = one_hot_infer,
                              .eval = one_hot_eval,
                              .emit = one_hot_emit};

ad_var(ad_one_hot)(ad_var indices, int64_t len, ad_type type)
{
    const ad__indexing a = {.type = type, .len = len};
    return ad__record(&ad_one_hot__op, 1, &indices, &a, sizeof a);
}
