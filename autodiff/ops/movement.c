/* SPDX-License-Identifier: MIT */
/* Operations that move elements and compute nothing. */
#include "ops/build_internal.h"

#include "ops/reduce_internal.h"
#include "ops/strided_internal.h"
#include "tape/tape_internal.h"
#include "ops.h"

#include <string.h>

/* ---- broadcast_to ---- */

static ad_status broadcast_infer(ad__call *call)
{
    const ad__spec *x = call->x[0].spec;
    const ad_shape *shape = call->attributes;
    ad_shape wide;
    char a[160], b[160];
    if (!ad_shape_is_valid(shape) || ad_shape_broadcast(&x->shape, shape, &wide) != AD_OK ||
        !ad_shape_equal(&wide, shape)) {
        return ad_error_set(call->error, AD_ERR_SHAPE,
                            "%s does not broadcast to %s: aligned at the last axis, its lengths "
                            "must be the same or 1",
                            ad_shape_print(&x->shape, a, sizeof a),
                            ad_shape_print(shape, b, sizeof b));
    }
    call->spec.type = x->type;
    call->spec.shape = *shape;
    return AD_OK;
}

/* The shape of the variable that it was taken from; or else lengths that are x's follow x. */
static ad_status broadcast_resize(ad__resizing *r)
{
    ad_shape *shape = r->attributes;
    const ad_shape *x = &r->before[0]->shape;
    int missing = shape->rank - x->rank;
    if (r->like != NULL) {
        *shape = r->like->shape;
    }
    for (int i = missing; i < shape->rank && r->like == NULL; i++) {
        if (shape->len[i] == x->len[i - missing]) {
            shape->len[i] = r->now[0]->shape.len[i - missing];
        }
    }
    return AD_OK;
}

/* A walk of x has stride 0 along the axes that it lacks or has with length 1. */
static void broadcast_strides(const ad_shape *small, const ad_shape *large, ptrdiff_t *from)
{
    ptrdiff_t own[AD_MAX_RANK];
    int missing = large->rank - small->rank;
    ad__dense_strides(small, own);
    for (int i = 0; i < large->rank; i++) {
        from[i] = i < missing || small->len[i - missing] == 1 ? 0 : own[i - missing];
    }
}

/* Nothing is repeated: at most axes of length 1 are new. */
static int broadcast_alias(const ad__call *call, size_t *first)
{
    *first = 0;
    return call->x[0].spec->count == call->spec.count;
}

static void broadcast_run(ad__runner *r, const ad__call *call)
{
    const ad_shape *large = &call->spec.shape;
    ptrdiff_t from[AD_MAX_RANK], to[AD_MAX_RANK];
    ad__dense_strides(large, to);
    broadcast_strides(&call->x[0].spec->shape, large, from);
    ad__launch_copy(r, large, ad__argument(r, 0), from, ad__result(r), to);
}

static void broadcast_vjp(ad__vjp *v)
{
    v->dx[0] = ad__sum_to(v->g, ad_shape_of(v->x[0]), v->x[0]);
}

static ad_var broadcast_matrix(const ad_var *x)
{
    return ad_broadcast_to(x[0], AD_SHAPE(2, 3, 4));
}

static const ad__sample broadcast_samples[] = {{1, {{2, {3, 1}}}, -2, 2, broadcast_matrix}};

const ad_op ad_broadcast_to__op = {.name = "ad_broadcast_to",
                                   .traits = AD__SPREADS,
                                   .alias = broadcast_alias,
                                   .infer = broadcast_infer,
                                   .resize = broadcast_resize,
                                   .run = broadcast_run,
                                   .vjp = broadcast_vjp,
                                   .samples = broadcast_samples,
                                   .sample_count = 1};

ad_var(ad_broadcast_to)(ad_var x, ad_shape shape)
{
    shape = ad_shape_of_lens(shape.rank, shape.len); /* unused lengths are 0 */
    return ad__record(&ad_broadcast_to__op, 1, &x, &shape, sizeof shape);
}

/* ---- transpose ---- */

/* order[i] is the axis of x that becomes axis i of the result. */
static ad_status transpose_order(const ad_axes *axes, const ad_shape *shape, int *order,
                                 ad_error *error)
{
    char text[160];
    uint32_t seen = 0;
    for (int i = 0; i < shape->rank && axes->count < 0; i++) {
        order[i] = shape->rank - 1 - i;
    }
    if (axes->count >= 0 && axes->count != shape->rank) {
        return ad_error_set(error, AD_ERR_SHAPE, "%d axes for %s; name each of its %d axes once",
                            axes->count, ad_shape_print(shape, text, sizeof text), shape->rank);
    }
    for (int i = 0; i < axes->count; i++) {
        ad_status status = ad__axis(axes->axis[i], shape, &order[i], error);
        if (status != AD_OK) {
            return status;
        }
        if (seen >> order[i] & 1) {
            return ad_error_set(error, AD_ERR_SHAPE, "axis %d of %s is named twice", order[i],
                                ad_shape_print(shape, text, sizeof text));
        }
        seen |= 1U << order[i];
    }
    return AD_OK;
}

static ad_status transpose_infer(ad__call *call)
{
    const ad_shape *shape = &call->x[0].spec->shape;
    int order[AD_MAX_RANK];
    ad_status status = transpose_order(call->attributes, shape, order, call->error);
    call->spec = *call->x[0].spec;
    for (int i = 0; i < shape->rank && status == AD_OK; i++) {
        call->spec.shape.len[i] = shape->len[order[i]];
    }
    return status;
}

static void transpose_run(ad__runner *r, const ad__call *call)
{
    const ad_shape *shape = &call->x[0].spec->shape;
    ptrdiff_t own[AD_MAX_RANK], from[AD_MAX_RANK], to[AD_MAX_RANK];
    int order[AD_MAX_RANK] = {0};
    ad_error error;
    transpose_order(call->attributes, shape, order, &error); /* infer had no complaint */
    ad__dense_strides(shape, own);
    ad__dense_strides(&call->spec.shape, to);
    for (int i = 0; i < shape->rank; i++) {
        from[i] = own[order[i]];
    }
    ad__launch_copy(r, &call->spec.shape, ad__argument(r, 0), from, ad__result(r), to);
}

/* The inverse permutation. */
static void transpose_vjp(ad__vjp *v)
{
    ad_shape shape = ad_shape_of(v->x[0]);
    int order[AD_MAX_RANK] = {0}, inverse[AD_MAX_RANK] = {0};
    transpose_order(v->attributes, &shape, order, NULL);
    for (int i = 0; i < shape.rank; i++) {
        inverse[order[i]] = i;
    }
    v->dx[0] = ad_transpose(v->g, ad_axes_of(shape.rank, inverse, 0));
}

static ad_var transpose_reversed(const ad_var *x)
{
    return ad_transpose(x[0], AD_ALL);
}

static ad_var transpose_cycled(const ad_var *x)
{
    return ad_transpose(x[0], AD_AXES(-1, 0, 1));
}

static const ad__sample transpose_samples[] = {{1, {{2, {3, 4}}}, -2, 2, transpose_reversed},
                                               {1, {{3, {2, 3, 4}}}, -2, 2, transpose_cycled}};

const ad_op ad_transpose__op = {.name = "ad_transpose",
                                .traits = AD__MOVES,
                                .infer = transpose_infer,
                                .run = transpose_run,
                                .vjp = transpose_vjp,
                                .samples = transpose_samples,
                                .sample_count = 2};

ad_var(ad_transpose)(ad_var x, ad_axes axes)
{
    return ad__record(&ad_transpose__op, 1, &x, &axes, sizeof axes);
}

ad_var(ad_matrix_transpose)(ad_var x)
{
    ad_shape shape;
    int order[AD_MAX_RANK] = {0, 1, 2, 3, 4, 5, 6, 7};
    if (!ad__shape_for(x, &shape, "ad_matrix_transpose")) {
        return ad__dead(x.tape);
    }
    if (shape.rank < 2) {
        ad_error error;
        char text[160];
        ad_error_set(&error, AD_ERR_SHAPE, "%s has fewer than two axes; ad_reshape it first",
                     ad_shape_print(&shape, text, sizeof text));
        return ad__failed(x, &error, "ad_matrix_transpose");
    }
    order[shape.rank - 2] = shape.rank - 1;
    order[shape.rank - 1] = shape.rank - 2;
    return ad_transpose(x, ad_axes_of(shape.rank, order, 0));
}

/* ---- axes of length 1 ---- */

ad_var(ad_expand_dims)(ad_var x, int axis)
{
    ad_shape shape;
    ad_error error;
    int at;
    if (!ad__shape_for(x, &shape, "ad_expand_dims")) {
        return ad__dead(x.tape);
    }
    ad_shape longer = shape;
    longer.rank++;
    if (shape.rank == AD_MAX_RANK) {
        ad_error_set(&error, AD_ERR_SHAPE, "the argument has %d axes already", AD_MAX_RANK);
        return ad__failed(x, &error, "ad_expand_dims");
    }
    longer.len[shape.rank] = 1;
    if (ad__axis(axis, &longer, &at, &error) != AD_OK) {
        return ad__failed(x, &error, "ad_expand_dims");
    }
    for (int i = shape.rank; i > at; i--) {
        longer.len[i] = shape.len[i - 1];
    }
    longer.len[at] = 1;
    return ad_reshape(x, longer);
}

ad_var(ad_squeeze)(ad_var x, ad_axes axes)
{
    ad_shape shape, shorter = {.rank = 0};
    ad_error error;
    uint32_t named = 0;
    char text[160];
    if (!ad__shape_for(x, &shape, "ad_squeeze")) {
        return ad__dead(x.tape);
    }
    for (int i = 0, axis; i < axes.count && i < AD_MAX_RANK; i++) {
        if (ad__axis(axes.axis[i], &shape, &axis, &error) != AD_OK) {
            return ad__failed(x, &error, "ad_squeeze");
        }
        if (shape.len[axis] != 1) {
            ad_error_set(&error, AD_ERR_SHAPE, "axis %d of %s has not length 1", axis,
                         ad_shape_print(&shape, text, sizeof text));
            return ad__failed(x, &error, "ad_squeeze");
        }
        named |= 1U << axis;
    }
    for (int i = 0; i < shape.rank; i++) {
        if (axes.count < 0 ? shape.len[i] != 1 : !(named >> i & 1)) {
            shorter.len[shorter.rank++] = shape.len[i];
        }
    }
    return ad_reshape(x, shorter);
}
