/* SPDX-License-Identifier: MIT */
/* Single elements along an axis by a tensor of indices of the same rank. */
#include "ops/index_internal.h"

#include "ops/movement_internal.h"
#include "base/c_source_internal.h"
#include "tape/tape_internal.h"
#include "ops.h"

#include <string.h>

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

/* The indexed axis of x, and the indices along it; checked. */
typedef struct elements {
    ad__along x;
    size_t n;
    const int64_t *index;
} elements;

static ad_status elements_of(const ad__call *call, const ad_shape *shape, int indices,
                             elements *out)
{
    const ad__indexing *a = call->attributes;
    int axis = ad__front_axis(a->axis, shape);
    out->x = ad__along_axis(shape, axis);
    out->n = (size_t)call->x[indices].spec->shape.len[axis];
    out->index = call->x[indices].data;
    return ad__check_indices(call, indices, (int64_t)out->x.len);
}

/* What happens between an element of the indices' shape and the one of x that its index names. */
typedef enum action { GATHER, SET, ADD } action;

#define MOVE(real, NAME)                                                                           \
    static void NAME(const elements *e, action what, const real *from, real *to)                   \
    {                                                                                              \
        const size_t len = e->x.len, inner = e->x.inner;                                           \
        size_t at = 0, i = 0;                                                                      \
        for (size_t o = 0; o < e->x.outer; o++) {                                                  \
            for (size_t end = at + e->n * inner; at < end; at++) {                                 \
                size_t j = o * len + ad__from_front(e->index[at], (int64_t)len);                   \
                size_t named = j * inner + i;                                                      \
                i = i + 1 == inner ? 0 : i + 1;                                                    \
                if (what == GATHER) {                                                              \
                    to[at] = from[named];                                                          \
                } else if (what == SET) {                                                          \
                    to[named] = from[at];                                                          \
                } else {                                                                           \
                    to[named] += from[at];                                                         \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
    }

MOVE(double, move_f64)
MOVE(float, move_f32)
MOVE(uint64_t, move_i64) /* sums wrap around */

static void move(ad_type type, const elements *e, action what, const void *from, void *to)
{
    switch (type) {
    case AD_F64:
        move_f64(e, what, from, to);
        break;
    case AD_F32:
        move_f32(e, what, from, to);
        break;
    case AD_I64:
        move_i64(e, what, from, to);
        break;
    }
}

/* Loops over the indices, argument number `indices`, into a tensor of this shape: in the statement
 * `at` is the element of the indices and `named` the one that it names. */
static void put_moves(ad__emit *e, const ad__call *call, const ad_shape *shape, int indices,
                      const char *statement)
{
    const ad__indexing *attributes = call->attributes;
    int axis = ad__front_axis(attributes->axis, shape);
    ad__along a = ad__along_axis(shape, axis);
    size_t n = (size_t)call->x[indices].spec->shape.len[axis];
    ad__put_loop(e, 1, "o", a.outer);
    ad__put_loop(e, 2, "k", n);
    ad__put_loop(e, 3, "i", a.inner);
    ad__put(e, "                const size_t at = (o * %zu + k) * %zu + i;\n", n, a.inner);
    ad__put(e, "                const size_t named = (o * %zu + ", a.len);
    ad__put_kernel(e, "ad__from_front", AD__NO_TYPE);
    ad__put(e, "(x%d[at], %zu)) * %zu + i;\n                %s\n", indices, a.len, a.inner,
            statement);
    ad__put_end(e, 3);
    ad__put_end(e, 2);
    ad__put_end(e, 1);
}

/* The same, after the check of the indices and the beginning of the result. */
static void put_checked_moves(ad__emit *e, const ad__call *call, const ad_shape *shape,
                              const char *before, const char *statement)
{
    const ad__indexing *attributes = call->attributes;
    ad__put_index_check(e, call, 1, shape->len[ad__front_axis(attributes->axis, shape)]);
    if (before != NULL) {
        ad__put(e, "    %s, %zu * sizeof *z);\n", before, call->spec.count);
    }
    put_moves(e, call, shape, 1, statement);
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

static ad_status gather_eval(const ad__call *call)
{
    elements e;
    ad_status status = elements_of(call, &call->x[0].spec->shape, 1, &e);
    if (status == AD_OK) {
        move(call->spec.type, &e, GATHER, call->x[0].data, call->z);
    }
    return status;
}

static void gather_emit(ad__emit *e, const ad__call *call)
{
    put_checked_moves(e, call, &call->x[0].spec->shape, NULL, "z[at] = x0[named];");
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
                             .eval = gather_eval,
                             .emit = gather_emit,
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

static ad_status scatter_sum_eval(const ad__call *call)
{
    elements e;
    ad_status status = elements_of(call, &call->spec.shape, 1, &e);
    if (status == AD_OK && call->spec.count > 0) {
        memset(call->z, 0, ad__spec_bytes(&call->spec));
        move(call->spec.type, &e, ADD, call->x[0].data, call->z);
    }
    return status;
}

static void scatter_sum_emit(ad__emit *e, const ad__call *call)
{
    put_checked_moves(e, call, &call->spec.shape, "memset(z, 0",
                      call->spec.type == AD_I64 ? "((uint64_t *)z)[named] += (uint64_t)x0[at];"
                                                : "z[named] += x0[at];");
}

static void scatter_sum_vjp(ad__vjp *v)
{
    v->dx[0] = ad_gather(v->g, v->x[1], axis_of(v));
}

static const ad__sample scatter_sum_samples[] = {{1, {{2, {2, 3}}}, -2, 2, scatter_sum_last}};

const ad_op ad_scatter_sum__op = {.name = "ad_scatter_sum",
                                  .infer = scatter_sum_infer,
                                  .resize = ad__resize_indexed,
                                  .eval = scatter_sum_eval,
                                  .emit = scatter_sum_emit,
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

static ad_status scatter(const ad__call *call, action what)
{
    elements e;
    ad_status status = elements_of(call, &call->spec.shape, 1, &e);
    if (status == AD_OK) {
        ad__copy_eval(call);
        move(call->spec.type, &e, what, call->x[2].data, call->z);
    }
    return status;
}

static double scatter_add_flops(const ad__call *call)
{
    return (double)call->x[2].spec->count;
}

static ad_status scatter_add_eval(const ad__call *call)
{
    return scatter(call, ADD);
}

static void scatter_add_emit(ad__emit *e, const ad__call *call)
{
    put_checked_moves(e, call, &call->spec.shape, "memcpy(z, x0",
                      call->spec.type == AD_I64 ? "((uint64_t *)z)[named] += (uint64_t)x2[at];"
                                                : "z[named] += x2[at];");
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
                                  .eval = scatter_add_eval,
                                  .emit = scatter_add_emit,
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

static ad_status scatter_eval(const ad__call *call)
{
    return scatter(call, SET);
}

static void scatter_emit(ad__emit *e, const ad__call *call)
{
    put_checked_moves(e, call, &call->spec.shape, "memcpy(z, x0", "z[named] = x2[at];");
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
                              .eval = scatter_eval,
                              .emit = scatter_emit,
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

static ad_shape scattered_shape(const ad__call *call)
{
    const ad__indexing *a = call->attributes;
    ad_shape shape = call->spec.shape;
    shape.len[ad__front_axis(a->axis, &shape)] = a->len;
    return shape;
}

static size_t winners_scratch(const ad__call *call)
{
    ad_shape shape = scattered_shape(call);
    return 2 * ad__rounded(call->spec.count * sizeof(int64_t)) +
           ad__rounded(ad_shape_count(&shape) * sizeof(int64_t));
}

/* Scatters the elements' own numbers and looks which ones are still there. */
static ad_status winners_eval(const ad__call *call)
{
    const ad__indexing *a = call->attributes;
    ad_shape shape = scattered_shape(call);
    elements e;
    ad_status status = elements_of(call, &shape, 0, &e);
    size_t n = call->spec.count;
    int64_t *number = ad__arena_take(call->scratch, n * sizeof *number);
    int64_t *place = ad__arena_take(call->scratch, ad_shape_count(&shape) * sizeof *place);
    int64_t *found = ad__arena_take(call->scratch, n * sizeof *found);
    if (status != AD_OK || number == NULL || place == NULL || found == NULL) {
        return status != AD_OK ? status : AD_ERR_MEMORY;
    }
    for (size_t i = 0; i < n; i++) {
        number[i] = (int64_t)i;
    }
    move(AD_I64, &e, SET, number, place);
    move(AD_I64, &e, GATHER, place, found);
    for (size_t i = 0; i < n; i++) {
        if (a->type == AD_F64) {
            ((double *)call->z)[i] = found[i] == number[i];
        } else {
            ((float *)call->z)[i] = found[i] == number[i];
        }
    }
    return AD_OK;
}

static void winners_emit(ad__emit *e, const ad__call *call)
{
    const ad__indexing *a = call->attributes;
    ad_shape shape = scattered_shape(call);
    ad__put_index_check(e, call, 0, a->len);
    ad__emit_scratch(e, AD_I64, ad_shape_count(&shape) + 1);
    put_moves(e, call, &shape, 0, "scratch_i64[named] = (int64_t)at;");
    put_moves(e, call, &shape, 0, "z[at] = scratch_i64[named] == (int64_t)at;");
}

const ad_op ad_scatter_winners__op = {.name = "ad_scatter_winners",
                                      .traits = AD__MOVES,
                                      .infer = winners_infer,
                                      .resize = ad__resize_indexed,
                                      .eval = winners_eval,
                                      .emit = winners_emit,
                                      .scratch = winners_scratch};

ad_var(ad_scatter_winners)(ad_var indices, int axis, int64_t len, ad_type type)
{
    return record(&ad_scatter_winners__op, 1, &indices, axis, len, type);
}
