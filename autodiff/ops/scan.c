/* SPDX-License-Identifier: MIT */
/* Linear recurrences along an axis, and the sums and products that are made of them. */
#include "ops/reduce_internal.h"

#include "ops/build_internal.h"
#include "tape/tape_internal.h"
#include "ops.h"

typedef struct recurrence {
    int axis, transpose;
} recurrence;

static ad_status recurrence_infer(ad__call *call)
{
    const ad__spec *a = call->x[0].spec, *b = call->x[1].spec;
    call->spec.type = a->type;
    call->spec.shape = a->shape;
    char text[160], other[160];
    if (a != b) {
        return ad_error_set(call->error, a->type == b->type ? AD_ERR_SHAPE : AD_ERR_TYPE,
                            "%s %s with %s %s; one type and one shape are needed",
                            ad_type_name(a->type), ad_shape_print(&a->shape, text, sizeof text),
                            ad_type_name(b->type), ad_shape_print(&b->shape, other, sizeof other));
    }
    return ad__check_float(a->type, &a->shape, call->error);
}

static double recurrence_flops(const ad__call *call)
{
    return 2 * ad__one_each(call);
}

static void recurrence_run(ad__runner *r, const ad__call *call)
{
    const recurrence *attributes = call->attributes;
    const ad_type type = call->spec.type;
    const ad__along a = ad__along_axis(&call->spec.shape, attributes->axis);
    if (call->spec.count > 0) {
        ad__launch_kernel(
            r, &(ad__launch){AD__ROWS(recurrence, type), (int)type,
                             AD__NUMBERS(a.outer, a.len, a.inner, (size_t)attributes->transpose),
                             .x = {ad__argument(r, 0), ad__argument(r, 1)}, .z = ad__result(r)});
    }
}

/* z = (1 - S)^-1 b with S_(i,i-1) = a_i, so db = h = (1 - S)^-T g; and da_i = h_i z_(i-1), h and z
 * exchanged for the transpose. a_0 is nowhere used. */
static void recurrence_vjp(ad__vjp *v)
{
    const recurrence *r = v->attributes;
    ad_shape shape = ad_shape_of(v->z);
    ad_var h = ad_recurrence(v->x[0], v->g, r->axis, !r->transpose);
    if (v->needs[0]) {
        ad_var later = ad_slice(r->transpose ? v->z : h, r->axis, 1, AD_END, 1);
        ad_var earlier = ad_slice(r->transpose ? h : v->z, r->axis, 0, -1, 1);
        ad_var da = r->transpose ? ad_chain(earlier, later) : ad_chain(later, earlier);
        v->dx[0] = ad__follow(ad_unslice(da, r->axis, shape.len[r->axis], 1, AD_END, 1), v->z);
    }
    v->dx[1] = h;
}

static ad_var recurrence_forward(const ad_var *x)
{
    return ad_recurrence(x[0], x[1], 1, 0);
}

static ad_var recurrence_back(const ad_var *x)
{
    return ad_recurrence(x[0], x[1], 0, 1);
}

static const ad__sample recurrence_samples[] = {
    {2, {{3, {2, 3, 2}}, {3, {2, 3, 2}}}, -2, 2, recurrence_forward},
    {2, {{2, {4, 2}}, {2, {4, 2}}}, -2, 2, recurrence_back},
};

const ad_op ad_recurrence__op = {.name = "ad_recurrence",
                                 .infer = recurrence_infer,
                                 .run = recurrence_run,
                                 .flops = recurrence_flops,
                                 .vjp = recurrence_vjp,
                                 .samples = recurrence_samples,
                                 .sample_count =
                                     sizeof recurrence_samples / sizeof *recurrence_samples};

/* v of a shape that it broadcasts to; a number as a tensor of the type. It is the shape of other,
 * or else one that neither has. */
static ad_var widened(ad_tape *tape, ad_var v, ad_var other, ad_type type, const ad_shape *shape)
{
    if (v.tape == NULL) {
        return ad_shaped_like(ad_full(tape, type, *shape, v.ref.literal), other);
    }
    ad_shape own = ad_shape_of(v);
    return ad_shape_equal(&own, shape) ? v : ad_shaped_like(ad_broadcast_to(v, *shape), other);
}

/* Records the recurrence in the name of origin. */
static ad_var record(ad_var a, ad_var b, int axis, int transpose, const char *origin)
{
    ad_var vars[2] = {a, b};
    ad_tape *tape = ad__tape_of(2, vars);
    ad_shape x, y, shape;
    ad_error error;
    recurrence r = {.transpose = transpose != 0};
    if (!ad__shape_for(a, &x, origin) || !ad__shape_for(b, &y, origin)) {
        return ad__dead(tape);
    }
    if (tape != NULL && ad_shape_broadcast(&x, &y, &shape) == AD_OK) {
        ad_var any = a.tape != NULL ? a : b;
        if (ad__axis(axis, &shape, &r.axis, &error) != AD_OK ||
            ad__check_float(ad_type_of(any), &shape, &error) != AD_OK) {
            return ad__failed(any, &error, origin);
        }
        vars[0] = widened(tape, a, b, ad_type_of(any), &shape);
        vars[1] = widened(tape, b, a, ad_type_of(any), &shape);
    }
    return ad__record(&ad_recurrence__op, 2, vars, &r, sizeof r);
}

ad_var(ad_recurrence)(ad_var a, ad_var b, int axis, int transpose)
{
    return record(a, b, axis, transpose, "ad_recurrence");
}

/* ---- running sums and products ---- */

ad_var(ad_cumsum)(ad_var x, int axis)
{
    return record(ad_literal(1), x, axis, 0, "ad_cumsum");
}

/* z_i = 0 + x_i z_(i-1) from z_0 = x_0, so that no derivative divides by an x_i. */
ad_var(ad_cumprod)(ad_var x, int axis)
{
    ad_shape shape;
    ad_error error;
    int at;
    if (!ad__shape_for(x, &shape, "ad_cumprod")) {
        return ad__dead(x.tape);
    }
    if (ad__axis(axis, &shape, &at, &error) != AD_OK) {
        return ad__failed(x, &error, "ad_cumprod");
    }
    ad_var first = ad_slice(x, at, 0, 1, 1);
    ad_var start = ad__follow(ad_unslice(first, at, shape.len[at], 0, 1, 1), x);
    return ad_recurrence(x, start, at, 0);
}

/* The last of the running products, one axis after the other. */
ad_var(ad_prod)(ad_var x, ad_axes axes)
{
    ad_shape shape;
    ad_error error;
    ad__reduction r;
    if (!ad__shape_for(x, &shape, "ad_prod")) {
        return ad__dead(x.tape);
    }
    if (ad__check_float(ad_type_of(x), &shape, &error) != AD_OK ||
        ad__reduction_of(axes, &shape, &r, &error) != AD_OK) {
        return ad__failed(x, &error, "ad_prod");
    }
    ad_shape reduced = ad__reduced_shape(&shape, r);
    if (ad__reduced_count(&shape, r) == 0) { /* 1, where a sum over the same axes is 0 */
        return ad_add(ad_sum(x, axes), ad_literal(1));
    }
    for (int axis = 0; axis < shape.rank; axis++) {
        if (r.mask >> axis & 1 && shape.len[axis] != 1) {
            x = ad_slice(ad_cumprod(x, axis), axis, -1, AD_END, 1);
        }
    }
    return ad_reshape(x, reduced);
}
