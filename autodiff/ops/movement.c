/* SPDX-License-Identifier: MIT */
/* Operations that move elements and compute nothing. */
#include "../tape_internal.h"

#include "ops.h"

#include <string.h>

#undef AD_HERE
#define AD_HERE v->site

/* The shape that an operation was given. */
static const ad_shape *shape_attribute(const ad__call *call)
{
    return call->attributes;
}

/* ---- reshape ---- */

static ad_status reshape_infer(ad__call *call)
{
    const ad__kind *x = call->x[0].kind;
    ad_shape shape = *shape_attribute(call);
    char a[160], b[160];
    int open = -1;
    size_t known = 1;
    for (int i = 0; i < shape.rank && i < AD_MAX_RANK; i++) {
        if (shape.len[i] == -1 && open < 0) {
            open = i;
        } else {
            known *= (size_t)shape.len[i];
        }
    }
    if (open >= 0) {
        shape.len[open] = known > 0 ? (int64_t)(x->count / known) : 0;
    }
    if (!ad_shape_is_valid(&shape) || ad_shape_count(&shape) != x->count) {
        return ad_error_set(call->error, AD_ERR_SHAPE,
                            "%s to %s: the numbers of elements differ; one length may be -1",
                            ad_shape_print(&x->shape, a, sizeof a),
                            ad_shape_print(shape_attribute(call), b, sizeof b));
    }
    call->kind.type = x->type;
    call->kind.shape = shape;
    return AD_OK;
}

static ad_status copy_eval(const ad__call *call)
{
    if (call->kind.count > 0) {
        memcpy(call->z, call->x[0].data, call->kind.count * ad_type_bytes(call->kind.type));
    }
    return AD_OK;
}

static void reshape_vjp(ad__vjp *v)
{
    v->dx[0] = ad_reshape(v->g, ad_shape_of(v->x[0]));
}

static ad_var reshape_flat(const ad_var *x)
{
    return ad_reshape_at(x[0], AD_SHAPE(-1), NULL);
}

static const ad__sample reshape_samples[] = {{1, {{2, {2, 3}}}, -2, 2, reshape_flat}};

const ad_op ad_reshape__op = {.name = "ad_reshape",
                              .infer = reshape_infer,
                              .shares = 1,
                              .eval = copy_eval,
                              .vjp = reshape_vjp,
                              .samples = reshape_samples,
                              .sample_count = 1};

ad_var ad_reshape_at(ad_var x, ad_shape shape, const char *site)
{
    return ad__record(&ad_reshape__op, 1, &x, &shape, sizeof shape, site);
}

/* ---- broadcast_to ---- */

static ad_status broadcast_infer(ad__call *call)
{
    const ad__kind *x = call->x[0].kind;
    const ad_shape *shape = shape_attribute(call);
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
    call->kind.type = x->type;
    call->kind.shape = *shape;
    return AD_OK;
}

/* Fills one row after the other; a row is one element repeated, or a run of the argument. */
static ad_status broadcast_eval(const ad__call *call)
{
    const ad_shape *small = &call->x[0].kind->shape, *large = &call->kind.shape;
    size_t bytes = ad_type_bytes(call->kind.type), stride[AD_MAX_RANK], len[AD_MAX_RANK];
    size_t index[AD_MAX_RANK] = {0}, product = bytes;
    int rank = large->rank;
    for (int i = 0; i < rank; i++) { /* innermost first */
        size_t own = i < small->rank ? (size_t)small->len[small->rank - 1 - i] : 1;
        len[i] = (size_t)large->len[rank - 1 - i];
        stride[i] = own == 1 ? 0 : product;
        product *= own;
    }
    size_t row = rank > 0 ? len[0] : 1;
    const char *from = call->x[0].data;
    char *to = call->z;
    for (size_t left = call->kind.count; left > 0; left -= row) {
        if (rank > 0 && stride[0] != 0) {
            memcpy(to, from, row * bytes);
        } else {
            for (size_t i = 0; i < row; i++) {
                memcpy(to + i * bytes, from, bytes);
            }
        }
        to += row * bytes;
        for (int axis = 1; axis < rank; axis++) {
            from += stride[axis];
            if (++index[axis] < len[axis]) {
                break;
            }
            from -= stride[axis] * len[axis];
            index[axis] = 0;
        }
    }
    return AD_OK;
}

static void broadcast_vjp(ad__vjp *v)
{
    v->dx[0] = ad_sum_to(v->g, ad_shape_of(v->x[0]));
}

static ad_var broadcast_matrix(const ad_var *x)
{
    return ad_broadcast_to_at(x[0], AD_SHAPE(2, 3, 4), NULL);
}

static const ad__sample broadcast_samples[] = {{1, {{2, {3, 1}}}, -2, 2, broadcast_matrix}};

const ad_op ad_broadcast_to__op = {.name = "ad_broadcast_to",
                                   .infer = broadcast_infer,
                                   .eval = broadcast_eval,
                                   .vjp = broadcast_vjp,
                                   .samples = broadcast_samples,
                                   .sample_count = 1};

ad_var ad_broadcast_to_at(ad_var x, ad_shape shape, const char *site)
{
    return ad__record(&ad_broadcast_to__op, 1, &x, &shape, sizeof shape, site);
}
