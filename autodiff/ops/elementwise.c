/* SPDX-License-Identifier: MIT */
#include "ops/elementwise_internal.h"

#include "base/c_source_internal.h"

#include <stdio.h>

ad_status ad__elementwise_infer(ad__call *call)
{
    const ad__spec *first = call->x[0].spec;
    if (first->type != AD_F64 && first->type != AD_F32) {
        return ad_error_set(call->error, AD_ERR_TYPE,
                            "an argument is %s; elementwise operations take f64 or f32, ad_cast "
                            "converts",
                            ad_type_name(first->type));
    }
    call->spec = *first;
    for (int i = 1; i < call->count; i++) {
        const ad__spec *next = call->x[i].spec;
        if (next == first) {
            continue;
        }
        char a[160], b[160];
        ad_shape *shape = &call->spec.shape;
        if (next->type != first->type) {
            return ad_error_set(
                call->error, AD_ERR_TYPE, "%s %s with %s %s; convert one with ad_cast",
                ad_type_name(first->type), ad_shape_print(shape, a, sizeof a),
                ad_type_name(next->type), ad_shape_print(&next->shape, b, sizeof b));
        }
        ad_shape before = *shape;
        if (ad_shape_broadcast(&before, &next->shape, shape) != AD_OK) {
            return ad_error_set(call->error, AD_ERR_SHAPE,
                                "%s with %s: aligned at the last axis, lengths must agree or be 1; "
                                "reshape one?",
                                ad_shape_print(&before, a, sizeof a),
                                ad_shape_print(&next->shape, b, sizeof b));
        }
    }
    return AD_OK;
}

/* A walk over the result in rows that every argument crosses with a step of 0 or 1. Axes run from
 * the innermost, 0, outwards. */
typedef struct walk {
    int rank;
    size_t len[AD_MAX_RANK], stride[3][AD_MAX_RANK];
} walk;

/* Appends an axis outside the others, or lengthens the outermost one if every argument crosses the
 * two as one, so that the inner rows are as long as they can be. */
static void walk_axis(walk *w, int count, size_t len, const size_t *stride)
{
    int top = w->rank - 1, joins = w->rank > 0;
    for (int a = 0; a < count && joins; a++) {
        joins = stride[a] == w->stride[a][top] * w->len[top];
    }
    if (joins) {
        w->len[top] *= len;
        return;
    }
    w->len[w->rank] = len;
    for (int a = 0; a < count; a++) {
        w->stride[a][w->rank] = stride[a];
    }
    w->rank++;
}

static walk walk_of(const ad__call *call)
{
    walk w = {.rank = 0};
    size_t product[3] = {1, 1, 1};
    int count = call->count < 3 ? call->count : 3; /* it never is more; said for the compiler */
    for (int i = 1; i <= call->spec.shape.rank; i++) {
        size_t len = (size_t)call->spec.shape.len[call->spec.shape.rank - i], stride[3];
        for (int a = 0; a < count; a++) {
            const ad_shape *shape = &call->x[a].spec->shape;
            size_t own = i <= shape->rank ? (size_t)shape->len[shape->rank - i] : 1;
            stride[a] = own == 1 ? 0 : product[a];
            product[a] *= own;
        }
        if (len != 1) {
            walk_axis(&w, count, len, stride);
        }
    }
    if (w.rank == 0) {
        w = (walk){.rank = 1, .len = {1}};
    }
    return w;
}

ad_status ad__elementwise_eval(const ad__call *call, ad__loop *const *loop)
{
    size_t bytes = ad_type_bytes(call->spec.type), index[AD_MAX_RANK] = {0}, step[3];
    const char *x[3] = {NULL, NULL, NULL};
    char *z = call->z;
    walk w = walk_of(call);
    for (int a = 0; a < call->count; a++) {
        x[a] = call->x[a].data;
        step[a] = w.stride[a][0];
    }
    for (size_t left = call->spec.count; left > 0; left -= w.len[0]) {
        loop[call->spec.type](w.len[0], (const void *const *)x, step, z);
        z += w.len[0] * bytes;
        for (int axis = 1; axis < w.rank; axis++) { /* a step outwards, with carry */
            int carry = ++index[axis] == w.len[axis];
            for (int a = 0; a < call->count; a++) {
                size_t stride = w.stride[a][axis] * bytes;
                x[a] = carry ? x[a] - stride * (w.len[axis] - 1) : x[a] + stride;
            }
            if (!carry) {
                break;
            }
            index[axis] = 0;
        }
    }
    return AD_OK;
}

/* ---- as C ---- */

void ad__elementwise_emit(ad__emit *e, const ad__call *call, const char *text)
{
    static const char *const x[] = {"x0", "x1", "x2"};
    static const char *const arg[] = {"a0", "a1", "a2"};
    walk w = walk_of(call);
    ptrdiff_t stride[4][AD_MAX_RANK] = {{0}}, dense = 1;
    for (int i = 0; i < w.rank; i++) { /* loops are numbered from the outermost */
        for (int a = 0; a < call->count && a < 3; a++) {
            stride[a][w.rank - 1 - i] = (ptrdiff_t)w.stride[a][i];
        }
        stride[3][w.rank - 1 - i] = dense;
        dense *= (ptrdiff_t)w.len[i];
    }
    for (int i = 0; i < w.rank; i++) {
        char index[16];
        (void)snprintf(index, sizeof index, "i%d", i);
        ad__put_loop(e, 1 + i, index, w.len[w.rank - 1 - i]);
    }
    for (int a = 0; a < call->count && a < 3; a++) {
        ad__put(e, "%*sconst %s a%d = ", 4 * w.rank + 4, "", ad__c_type(call->spec.type), a);
        ad__put_element(e, x[a], 0, w.rank, stride[a]);
        ad__put(e, ";\n");
    }
    ad__put(e, "%*s", 4 * w.rank + 4, "");
    ad__put_element(e, "z", 0, w.rank, stride[3]);
    ad__put(e, " = ");
    ad__put_text(e, text, (int)call->spec.type, arg);
    ad__put(e, ";\n");
    for (int i = w.rank; i > 0; i--) {
        ad__put_end(e, i);
    }
}
