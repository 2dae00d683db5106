/* SPDX-License-Identifier: MIT */
/* Whole slices by a tensor of indices. */
#ifdef real /* texts: real */

/* n: slices before the axis, its length, elements of a slice; indices */
static inline int TYPED(take)(const ad__args *a)
{
    const size_t outer = a->n[0], len = a->n[1], inner = a->n[2], count = a->n[3];
    const real *x = a->x[0];
    const int64_t *index = a->x[1];
    real *z = a->z;
    if (ad__first_stray(count, index, len) < count) {
        return 1;
    }
    for (size_t o = 0; o < outer; o++, x += len * inner) {
        for (size_t k = 0; k < count && inner == 1; k++) {
            z[o * count + k] = x[ad__from_front(index[k], len)];
        }
        for (size_t k = 0; k < count && inner > 1; k++, z += inner) {
            memcpy(z, x + ad__from_front(index[k], len) * inner, inner * sizeof *z);
        }
    }
    return 0;
}

/* z[o, index[k], i] = the sum of x[o, k, i]; n: as of take */
static inline int TYPED(segment_sum)(const ad__args *a)
{
    const size_t outer = a->n[0], len = a->n[1], inner = a->n[2], count = a->n[3];
    const real_total *x = a->x[0];
    const int64_t *index = a->x[1];
    real_total *z = a->z;
    if (ad__first_stray(count, index, len) < count) {
        return 1;
    }
    memset(z, 0, outer * len * inner * sizeof *z);
    for (size_t o = 0; o < outer; o++, z += len * inner) {
        for (size_t k = 0; k < count; k++, x += inner) {
            real_total *restrict to = z + ad__from_front(index[k], len) * inner;
            for (size_t i = 0; i < inner; i++) {
                to[i] += x[i];
            }
        }
    }
    return 0;
}

/* n: indices, length of the new axis */
static inline int TYPED(one_hot)(const ad__args *a)
{
    const size_t count = a->n[0], len = a->n[1];
    const int64_t *index = a->x[0];
    real *z = a->z;
    if (ad__first_stray(count, index, len) < count) {
        return 1;
    }
    memset(z, 0, count * len * sizeof *z);
    for (size_t k = 0; k < count; k++) {
        z[k * len + ad__from_front(index[k], len)] = 1;
    }
    return 0;
}

#else /* texts: end */
#include "ops/index_internal.h"

#include "ops/build_internal.h"
#include "tape/tape_internal.h"
#include "ops.h"

#include <inttypes.h>
#include <string.h>

#define AD__KERNELS "ops/index.c"
#include "kernels/every_type_internal.h"

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

ad_status ad__explain_index(const ad__call *call, const ad__launch *l)
{
    int last = AD__LAUNCH_ARGUMENTS - 1;
    while (last > 0 && l->x[last].memory == AD__NOTHING) {
        last--;
    }
    const ad__array *x = &call->x[l->x[last].argument];
    const int64_t *index = x->data, len = (int64_t)l->n[1];
    const size_t at = ad__first_stray(x->spec->count, index, l->n[1]);
    ad_shape place = x->spec->shape; /* the place of the element, printed like a shape */
    char text[160];
    size_t rest = at;
    for (int axis = place.rank - 1; axis >= 0; axis--) {
        place.len[axis] = (int64_t)(rest % (size_t)x->spec->shape.len[axis]);
        rest /= (size_t)x->spec->shape.len[axis];
    }
    return ad_error_set(call->error, AD_ERR_INDEX,
                        "indices%s is %" PRId64 ", outside an axis of length %" PRId64
                        "; indices are %" PRId64 " to %" PRId64,
                        ad_shape_print(&place, text, sizeof text), index[at], len, -len, len - 1);
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

static void take_run(ad__runner *r, const ad__call *call)
{
    const ad__indexing *attributes = call->attributes;
    const ad_shape *shape = &call->x[0].spec->shape;
    const ad__along a = ad__along_axis(shape, ad__front_axis(attributes->axis, shape));
    ad__launch_kernel(r, &(ad__launch){AD__KERNEL(take, call->spec.type),
                                       AD__NUMBERS(a.outer, a.len, a.inner, call->x[1].spec->count),
                                       .x = {ad__argument(r, 0), ad__argument(r, 1)},
                                       .z = ad__result(r), .explain = ad__explain_index});
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
                           .run = take_run,
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

static void segment_run(ad__runner *r, const ad__call *call)
{
    const ad__indexing *attributes = call->attributes;
    const ad__along a = ad__along_axis(&call->spec.shape, attributes->axis);
    ad__launch_kernel(r, &(ad__launch){AD__KERNEL(segment_sum, call->spec.type),
                                       AD__NUMBERS(a.outer, a.len, a.inner, call->x[1].spec->count),
                                       .x = {ad__argument(r, 0), ad__argument(r, 1)},
                                       .z = ad__result(r), .explain = ad__explain_index});
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
                                  .run = segment_run,
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

static void one_hot_run(ad__runner *r, const ad__call *call)
{
    const ad__indexing *a = call->attributes;
    ad__launch_kernel(r, &(ad__launch){AD__KERNEL(one_hot, a->type),
                                       AD__NUMBERS(call->x[0].spec->count, (size_t)a->len),
                                       .x = {ad__argument(r, 0)}, .z = ad__result(r),
                                       .explain = ad__explain_index});
}

const ad_op ad_one_hot__op = {
    .name = "ad_one_hot", .traits = AD__MOVES, .infer = one_hot_infer, .run = one_hot_run};

ad_var(ad_one_hot)(ad_var indices, int64_t len, ad_type type)
{
    const ad__indexing a = {.type = type, .len = len};
    return ad__record(&ad_one_hot__op, 1, &indices, &a, sizeof a);
}

#endif
