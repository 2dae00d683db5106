/* SPDX-License-Identifier: MIT */
/* Single elements along an axis by a tensor of indices of the same rank. */
#ifdef real /* texts: real */

/* Moves elements between the indices' shape and x, whose element they name. n: slices before the
 * axis, its length, elements behind it; indices along the axis. */
static inline void TYPED(move)(const size_t *n, int what, const int64_t *index,
                               const real_total *from, real_total *to)
{
    const size_t len = n[1], inner = n[2];
    size_t at = 0, i = 0;
    for (size_t o = 0; o < n[0]; o++) {
        for (size_t end = at + n[3] * inner; at < end; at++) {
            const size_t named = (o * len + ad__from_front(index[at], len)) * inner + i;
            i = i + 1 == inner ? 0 : i + 1;
            if (what == GATHER) {
                to[at] = from[named];
            } else if (what == SET) {
                to[named] = from[at];
            } else {
                to[named] += from[at];
            }
        }
    }
}

/* n: as of move, as of all that follow */
static inline int TYPED(gather)(const ad__args *a)
{
    const size_t count = a->n[0] * a->n[3] * a->n[2];
    if (ad__first_stray(count, a->x[1], a->n[1]) < count) {
        return 1;
    }
    TYPED(move)(a->n, GATHER, a->x[1], a->x[0], a->z);
    return 0;
}

/* z = zeros, plus the values. */
static inline int TYPED(scatter_sum)(const ad__args *a)
{
    const size_t count = a->n[0] * a->n[3] * a->n[2];
    if (ad__first_stray(count, a->x[1], a->n[1]) < count) {
        return 1;
    }
    memset(a->z, 0, a->n[0] * a->n[1] * a->n[2] * sizeof(real));
    TYPED(move)(a->n, ADD, a->x[1], a->x[0], a->z);
    return 0;
}

/* z = x, plus the values. Arguments: x, values, indices. */
static inline int TYPED(scatter_add)(const ad__args *a)
{
    const size_t count = a->n[0] * a->n[3] * a->n[2];
    if (ad__first_stray(count, a->x[2], a->n[1]) < count) {
        return 1;
    }
    memcpy(a->z, a->x[0], a->n[0] * a->n[1] * a->n[2] * sizeof(real));
    TYPED(move)(a->n, ADD, a->x[2], a->x[1], a->z);
    return 0;
}

/* z = x, but for the values. Arguments: x, values, indices. */
static inline int TYPED(scatter)(const ad__args *a)
{
    const size_t count = a->n[0] * a->n[3] * a->n[2];
    if (ad__first_stray(count, a->x[2], a->n[1]) < count) {
        return 1;
    }
    memcpy(a->z, a->x[0], a->n[0] * a->n[1] * a->n[2] * sizeof(real));
    TYPED(move)(a->n, SET, a->x[2], a->x[1], a->z);
    return 0;
}

/* 1 for the values that a scatter leaves in place. Scatters the elements' own numbers into scratch
 * and looks which ones are still there. */
static inline int TYPED(scatter_winners)(const ad__args *a)
{
    const size_t outer = a->n[0], len = a->n[1], inner = a->n[2], along = a->n[3];
    const size_t row = along * inner;
    const int64_t *index = a->x[0];
    int64_t *number = a->scratch;
    real *z = a->z;
    if (ad__first_stray(outer * row, index, len) < outer * row) {
        return 1;
    }
    for (size_t o = 0; o < outer; o++, index += row, z += row) {
        for (size_t k = 0; k < along; k++) {
            for (size_t i = 0; i < inner; i++) {
                number[ad__from_front(index[k * inner + i], len) * inner + i] = (int64_t)k;
            }
        }
        for (size_t k = 0; k < along; k++) {
            for (size_t i = 0; i < inner; i++) {
                const size_t named = ad__from_front(index[k * inner + i], len) * inner + i;
                z[k * inner + i] = number[named] == (int64_t)k;
            }
        }
    }
    return 0;
}

#else /* texts: plain */
#include "ops/index_internal.h"

#include "ops/build_internal.h"
#include "tape/tape_internal.h"
#include "ops.h"

#include <string.h>

/* What move does. */
enum { GATHER = 0, SET = 1, ADD = 2 };

/* texts: end */

#define AD__KERNELS "ops/scatter.c"
#include "kernels/every_type_internal.h"

/* Checks that argument i has the shape of the indices, and that both fit shape but for the axis. */
static ad_status infer_elements(const ad__call *call, const ad_shape *shape, int indices, int i)
{
    const ad__indexing *a = call->attributes;
    const ad_shape *own = &call->x[indices].spec->shape;
    char p[160], q[160];
    int axis;
    ad_status status = ad__infer_indices(call, indices);
    status = status != AD_OK ? status : ad__axis(a->axis, shape, &axis, call->error);
    if (status == AD_OK && !ad__same_but_axis(shape, own, axis)) {
        status = ad_error_set(
            call->error, AD_ERR_SHAPE, "x is %s, indices are %s; only axis %d may differ",
            ad_shape_print(shape, p, sizeof p), ad_shape_print(own, q, sizeof q), axis);
    }
    if (status == AD_OK && !ad_shape_equal(own, &call->x[i].spec->shape)) {
        status = ad_error_set(
            call->error, AD_ERR_SHAPE, "values are %s, indices are %s; they must be the same",
            ad_shape_print(&call->x[i].spec->shape, p, sizeof p), ad_shape_print(own, q, sizeof q));
    }
    return status;
}

/* Launches one of the kernels on a tensor of this shape, by the indices that are argument number
 * `indices`; x are its arguments. */
static void launch(ad__runner *r, const ad__call *call, const ad_shape *shape, int indices,
                   ad__launch l)
{
    const ad__indexing *attributes = call->attributes;
    const int axis = ad__front_axis(attributes->axis, shape);
    const ad__along a = ad__along_axis(shape, axis);
    const size_t n[] = {a.outer, a.len, a.inner, (size_t)call->x[indices].spec->shape.len[axis]};
    l.n = n;
    l.count = sizeof n / sizeof *n;
    l.z = ad__result(r);
    l.explain = ad__explain_index;
    ad__launch_kernel(r, &l);
}

static ad_var record(const ad_op *op, int count, const ad_var *x, int axis, int64_t len,
                     ad_type type)
{
    const ad__indexing a = {.axis = axis, .type = type, .len = len};
    return ad__record(op, count, x, &a, sizeof a);
}

static int axis_of(const ad__vjp *v)
{
    return ((const ad__indexing *)v->attributes)->axis;
}

/* ---- samples: indices of shape [2, 3] into a first axis of length 4 or a last one of length 5 */

static ad_var sample_indices(const ad_var *x)
{
    static const int64_t indices[] = {0, 3, 1, 2, -1, 1};
    return ad_constant(x[0].tape, AD_I64, AD_SHAPE(2, 3), indices);
}

static ad_var gather_first(const ad_var *x)
{
    return ad_gather(x[0], sample_indices(x), 0);
}

static ad_var gather_last(const ad_var *x)
{
    return ad_gather(x[0], sample_indices(x), -1);
}

static ad_var scatter_sum_last(const ad_var *x)
{
    return ad_scatter_sum(x[0], sample_indices(x), 1, 5);
}

static ad_var scatter_add_first(const ad_var *x)
{
    return ad_scatter_add(x[0], sample_indices(x), x[1], 0);
}

static ad_var scatter_first(const ad_var *x)
{
    return ad_scatter(x[0], sample_indices(x), x[1], 0); /* places 3 and -1 collide */
}

/* ---- gather ---- */

static ad_status gather_infer(ad__call *call)
{
    call->spec.type = call->x[0].spec->type;
    call->spec.shape = call->x[1].spec->shape;
    return infer_elements(call, &call->x[0].spec->shape, 1, 1);
}

static void gather_run(ad__runner *r, const ad__call *call)
{
    launch(r, call, &call->x[0].spec->shape, 1,
           (ad__launch){AD__KERNEL(gather, call->spec.type),
                        .x = {ad__argument(r, 0), ad__argument(r, 1)}});
}

static void gather_vjp(ad__vjp *v)
{
    ad_shape shape = ad_shape_of(v->x[0]);
    int axis = axis_of(v) < 0 ? axis_of(v) + shape.rank : axis_of(v);
    v->dx[0] = ad__follow(ad_scatter_sum(v->g, v->x[1], axis, shape.len[axis]), v->x[0]);
}

static const ad__sample gather_samples[] = {{1, {{2, {4, 3}}}, -2, 2, gather_first},
                                            {1, {{2, {2, 5}}}, -2, 2, gather_last}};

const ad_op ad_gather__op = {.name = "ad_gather",
                             .traits = AD__MOVES,
                             .infer = gather_infer,
                             .run = gather_run,
                             .vjp = gather_vjp,
                             .samples = gather_samples,
                             .sample_count = 2};

ad_var(ad_gather)(ad_var x, ad_var indices, int axis)
{
    return record(&ad_gather__op, 2, (const ad_var[]){x, indices}, axis, 0, AD_F64);
}

/* ---- scatter_sum ---- */

static ad_status scatter_sum_infer(ad__call *call)
{
    const ad__indexing *a = call->attributes;
    int axis;
    call->spec = *call->x[0].spec;
    ad_status status = ad__infer_len(call, a->len);
    status = status != AD_OK ? status : ad__axis(a->axis, &call->spec.shape, &axis, call->error);
    if (status == AD_OK) {
        call->spec.shape.len[axis] = a->len;
    }
    return status != AD_OK ? status : infer_elements(call, &call->spec.shape, 1, 0);
}

static void scatter_sum_run(ad__runner *r, const ad__call *call)
{
    launch(r, call, &call->spec.shape, 1,
           (ad__launch){AD__KERNEL(scatter_sum, call->spec.type),
                        .x = {ad__argument(r, 0), ad__argument(r, 1)}});
}

static void scatter_sum_vjp(ad__vjp *v)
{
    v->dx[0] = ad_gather(v->g, v->x[1], axis_of(v));
}

static const ad__sample scatter_sum_samples[] = {{1, {{2, {2, 3}}}, -2, 2, scatter_sum_last}};

const ad_op ad_scatter_sum__op = {.name = "ad_scatter_sum",
                                  .infer = scatter_sum_infer,
                                  .resize = ad__resize_indexed,
                                  .run = scatter_sum_run,
                                  .flops = ad__one_in,
                                  .vjp = scatter_sum_vjp,
                                  .samples = scatter_sum_samples,
                                  .sample_count = 1};

ad_var(ad_scatter_sum)(ad_var values, ad_var indices, int axis, int64_t len)
{
    return record(&ad_scatter_sum__op, 2, (const ad_var[]){values, indices}, axis, len, AD_F64);
}

/* ---- scatter_add and scatter: x, indices, values ---- */

static ad_status scatter_infer(ad__call *call)
{
    call->spec = *call->x[0].spec;
    if (call->x[2].spec->type != call->spec.type) {
        return ad_error_set(call->error, AD_ERR_TYPE,
                            "x is %s, values are %s; convert one with ad_cast",
                            ad_type_name(call->spec.type), ad_type_name(call->x[2].spec->type));
    }
    return infer_elements(call, &call->spec.shape, 1, 2);
}

static double scatter_add_flops(const ad__call *call)
{
    return (double)call->x[2].spec->count;
}

static void scatter_add_run(ad__runner *r, const ad__call *call)
{
    launch(r, call, &call->spec.shape, 1,
           (ad__launch){AD__KERNEL(scatter_add, call->spec.type),
                        .x = {ad__argument(r, 0), ad__argument(r, 2), ad__argument(r, 1)}});
}

static void scatter_add_vjp(ad__vjp *v)
{
    v->dx[0] = v->g;
    if (v->needs[2]) {
        v->dx[2] = ad_gather(v->g, v->x[1], axis_of(v));
    }
}

static const ad__sample scatter_add_samples[] = {
    {2, {{2, {4, 3}}, {2, {2, 3}}}, -2, 2, scatter_add_first}};

const ad_op ad_scatter_add__op = {.name = "ad_scatter_add",
                                  .infer = scatter_infer,
                                  .run = scatter_add_run,
                                  .flops = scatter_add_flops,
                                  .vjp = scatter_add_vjp,
                                  .samples = scatter_add_samples,
                                  .sample_count = 1};

/* Values that are a number or of a smaller shape, in the indices' shape. */
static ad_var spread(ad_var x, ad_var indices, ad_var values, const char *origin)
{
    ad_shape shape = ad_shape_of(indices), own = ad_shape_of(values), wide;
    if (ad_is_dead(x) || ad_is_dead(indices) || ad_is_dead(values) || x.tape == NULL ||
        ad_shape_equal(&shape, &own) || ad_shape_broadcast(&own, &shape, &wide) != AD_OK ||
        !ad_shape_equal(&wide, &shape)) {
        return values; /* infer names what does not fit */
    }
    const ad__made made = ad__making(1, &x);
    ad_var z = values.tape == NULL ? ad_full(x.tape, ad_type_of(x), shape, values.ref.literal)
                                   : ad_broadcast_to(values, shape);
    return ad__follow(ad__made_of(made, origin, z), indices);
}

ad_var(ad_scatter_add)(ad_var x, ad_var indices, ad_var values, int axis)
{
    values = spread(x, indices, values, "ad_scatter_add");
    return record(&ad_scatter_add__op, 3, (const ad_var[]){x, indices, values}, axis, 0, AD_F64);
}

static void scatter_run(ad__runner *r, const ad__call *call)
{
    launch(r, call, &call->spec.shape, 1,
           (ad__launch){AD__KERNEL(scatter, call->spec.type),
                        .x = {ad__argument(r, 0), ad__argument(r, 2), ad__argument(r, 1)}});
}

/* What was overwritten has no influence: neither elements of x nor values that lost their place. */
static void scatter_vjp(ad__vjp *v)
{
    int axis = axis_of(v);
    ad_shape shape = ad_shape_of(v->x[0]);
    if (v->needs[0]) {
        v->dx[0] = ad_scatter(v->g, v->x[1], 0, axis);
    }
    if (v->needs[2]) {
        int64_t len = shape.len[ad__front_axis(axis, &shape)];
        ad_var won =
            ad__follow(ad_scatter_winners(v->x[1], axis, len, ad_type_of(v->x[0])), v->x[0]);
        v->dx[2] = ad_chain(won, ad_gather(v->g, v->x[1], axis));
    }
}

static const ad__sample scatter_samples[] = {{2, {{2, {4, 3}}, {2, {2, 3}}}, -2, 2, scatter_first}};

const ad_op ad_scatter__op = {.name = "ad_scatter",
                              .traits = AD__MOVES,
                              .infer = scatter_infer,
                              .run = scatter_run,
                              .vjp = scatter_vjp,
                              .samples = scatter_samples,
                              .sample_count = 1};

ad_var(ad_scatter)(ad_var x, ad_var indices, ad_var values, int axis)
{
    values = spread(x, indices, values, "ad_scatter");
    return record(&ad_scatter__op, 3, (const ad_var[]){x, indices, values}, axis, 0, AD_F64);
}

/* ---- scatter_winners ---- */

static ad_status winners_infer(ad__call *call)
{
    const ad__indexing *a = call->attributes;
    int axis;
    ad_status status = ad__infer_indices(call, 0);
    status = status != AD_OK ? status : ad__infer_len(call, a->len);
    call->spec = *call->x[0].spec;
    call->spec.type = a->type;
    if (status == AD_OK && a->type != AD_F64 && a->type != AD_F32) {
        status = ad_error_set(call->error, AD_ERR_TYPE, "%s; give AD_F64 or AD_F32",
                              ad_type_name(a->type));
    }
    return status != AD_OK ? status : ad__axis(a->axis, &call->spec.shape, &axis, call->error);
}

static void winners_run(ad__runner *r, const ad__call *call)
{
    const ad__indexing *a = call->attributes;
    ad_shape shape = call->spec.shape;
    const int axis = ad__front_axis(a->axis, &shape);
    shape.len[axis] = a->len;
    const size_t inner = ad__along_axis(&shape, axis).inner;
    launch(r, call, &shape, 0,
           (ad__launch){AD__KERNEL(scatter_winners, a->type), .x = {ad__argument(r, 0)},
                        .scratch = ad__scratch(r, AD_I64, (size_t)a->len * inner)});
}

const ad_op ad_scatter_winners__op = {.name = "ad_scatter_winners",
                                      .traits = AD__MOVES,
                                      .infer = winners_infer,
                                      .resize = ad__resize_indexed,
                                      .run = winners_run};

ad_var(ad_scatter_winners)(ad_var indices, int axis, int64_t len, ad_type type)
{
    return record(&ad_scatter_winners__op, 1, &indices, axis, len, type);
}

#endif
