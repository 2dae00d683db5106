/* SPDX-License-Identifier: MIT */
/* Parts of one axis, and their transposes, which put a part back among zeros. */
#include "ops/build_internal.h"

#include "ops/strided_internal.h"
#include "tape/tape_internal.h"
#include "ops.h"

#include <inttypes.h>
#include <string.h>

/* A slice as the caller gave it; len is that of the whole axis where no argument has it. If it
 * follows a variable, that has this length, or, of a slice, the bounds are parts of its own
 * axis. */
typedef struct bounds {
    int axis;
    int64_t start, stop, step, len;
} bounds;

/* The places first, first + step, ... of an axis. */
typedef struct span {
    int axis;
    int64_t first, step, count;
} span;

/* Without stray bytes in between: attributes are compared byte by byte. */
static ad_var record(const ad_op *op, ad_var x, int axis, int64_t start, int64_t stop, int64_t step,
                     int64_t len)
{
    bounds b;
    memset(&b, 0, sizeof b);
    b.axis = axis, b.start = start, b.stop = stop, b.step = step, b.len = len;
    return ad__record(op, 1, &x, &b, sizeof b);
}

/* A bound counted from the front and cut to lo .. hi. */
static int64_t cut(int64_t bound, int64_t len, int64_t lo, int64_t hi)
{
    bound = bound < 0 ? bound + len : bound;
    return bound < lo ? lo : bound > hi ? hi : bound;
}

/* NumPy's rule for an axis of length len. */
static ad_status span_of(const bounds *b, const ad_shape *shape, int64_t len, span *out,
                         ad_error *error)
{
    *out = (span){.step = 1};
    ad_status status = ad__axis(b->axis, shape, &out->axis, error);
    if (status != AD_OK) {
        return status;
    }
    if (b->step == 0) {
        return ad_error_set(error, AD_ERR_DOMAIN, "the step is 0; give 1, -1, 2, ...");
    }
    if (b->step > 0) {
        int64_t stop = cut(b->stop, len, 0, len);
        out->first = cut(b->start, len, 0, len);
        out->count = stop > out->first ? (stop - out->first - 1) / b->step + 1 : 0;
    } else {
        int64_t stop = cut(b->stop, len, -1, len - 1);
        out->first = cut(b->start, len, -1, len - 1);
        out->count = stop < out->first ? (stop - out->first + 1) / b->step + 1 : 0;
    }
    /* one place has no next one; strides are multiplied by the step */
    out->step = out->count > 1 ? b->step : 1;
    return AD_OK;
}

/* ---- slice ---- */

static ad_status slice_infer(ad__call *call)
{
    const bounds *b = call->attributes;
    span s;
    call->spec = *call->x[0].spec;
    ad_status status = ad__axis(b->axis, &call->spec.shape, &s.axis, call->error);
    if (status == AD_OK) {
        int64_t *len = &call->spec.shape.len[s.axis];
        status = span_of(b, &call->spec.shape, *len, &s, call->error);
        *len = s.count;
    }
    return status;
}

/* Whether the places of a span of an axis that is len long lie together, and from which element on:
 * no axis before it is longer than 1. */
static int lies_together(const bounds *b, const ad_shape *shape, int64_t len, size_t *first)
{
    ad_error error;
    span s;
    if (span_of(b, shape, len, &s, &error) != AD_OK || (s.step != 1 && s.count > 1)) {
        return 0;
    }
    ad__along along = ad__along_axis(shape, s.axis);
    *first = (size_t)s.first * along.inner;
    return along.outer == 1 && s.count > 0;
}

static int slice_alias(const ad__call *call, size_t *first)
{
    const bounds *b = call->attributes;
    const ad_shape *shape = &call->x[0].spec->shape;
    return lies_together(b, shape, shape->len[ad__front_axis(b->axis, shape)], first);
}

/* Bounds that were taken from lengths hold for these alone. */
static ad_status slice_resize(ad__resizing *r)
{
    const bounds *b = r->attributes;
    const ad_shape *before = &r->before[0]->shape, *now = &r->now[0]->shape;
    int axis = ad__front_axis(b->axis, before);
    return r->like == NULL || before->len[axis] == now->len[axis]
               ? AD_OK
               : ad_error_set(r->error, AD_ERR_SHAPE,
                              "part of an axis of length %" PRId64 ", which is %" PRId64
                              " now; where the parts end is not known",
                              before->len[axis], now->len[axis]);
}

static void slice_run(ad__runner *r, const ad__call *call)
{
    const bounds *b = call->attributes;
    const ad_shape *shape = &call->x[0].spec->shape;
    ptrdiff_t from[AD_MAX_RANK], to[AD_MAX_RANK];
    ad_error error;
    span s;
    span_of(b, shape, shape->len[ad__front_axis(b->axis, shape)], &s, &error);
    ad__dense_strides(shape, from);
    ad__dense_strides(&call->spec.shape, to);
    if (call->spec.count > 0) {
        const ad__region x = ad__from(ad__argument(r, 0), (size_t)(s.first * from[s.axis]));
        from[s.axis] *= (ptrdiff_t)s.step;
        ad__launch_copy(r, &call->spec.shape, x, from, ad__result(r), to);
    }
}

static void slice_vjp(ad__vjp *v)
{
    const bounds *b = v->attributes;
    ad_shape shape = ad_shape_of(v->x[0]);
    int64_t len = shape.len[ad__front_axis(b->axis, &shape)];
    v->dx[0] = ad__follow(ad_unslice(v->g, b->axis, len, b->start, b->stop, b->step), v->x[0]);
}

static ad_var slice_odd_columns(const ad_var *x)
{
    return ad_slice(x[0], -1, 1, AD_END, 2);
}

static ad_var slice_backward(const ad_var *x)
{
    return ad_slice(x[0], 0, AD_END, AD_BEGIN, -2);
}

static const ad__sample slice_samples[] = {{1, {{2, {2, 5}}}, -2, 2, slice_odd_columns},
                                           {1, {{2, {4, 2}}}, -2, 2, slice_backward}};

const ad_op ad_slice__op = {.name = "ad_slice",
                            .traits = AD__MOVES,
                            .infer = slice_infer,
                            .alias = slice_alias,
                            .resize = slice_resize,
                            .run = slice_run,
                            .vjp = slice_vjp,
                            .samples = slice_samples,
                            .sample_count = 2};

ad_var(ad_slice)(ad_var x, int axis, int64_t start, int64_t stop, int64_t step)
{
    return record(&ad_slice__op, x, axis, start, stop, step, 0);
}

/* ---- an argument among constants ---- */

/* z = value everywhere, but x at the places of the span. */
static void place(ad__runner *r, const ad__call *call, int axis, int64_t first, int64_t step,
                  double value)
{
    const ad_shape *shape = &call->x[0].spec->shape;
    ptrdiff_t from[AD_MAX_RANK], to[AD_MAX_RANK];
    ad__launch_fill(r, call->spec.count, value, ad__result(r));
    if (call->x[0].spec->count > 0) {
        ad__dense_strides(shape, from);
        ad__dense_strides(&call->spec.shape, to);
        const ad__region z = ad__from(ad__result(r), (size_t)(first * to[axis]));
        to[axis] *= (ptrdiff_t)step;
        ad__launch_copy(r, shape, ad__argument(r, 0), from, z, to);
    }
}

/* ---- unslice ---- */

static ad_status unslice_infer(ad__call *call)
{
    const bounds *b = call->attributes;
    const ad_shape *shape = &call->x[0].spec->shape;
    char text[160];
    span s;
    if (b->len < 0) {
        return ad_error_set(call->error, AD_ERR_DOMAIN, "length %" PRId64 " of the whole axis",
                            b->len);
    }
    ad_status status = span_of(b, shape, b->len, &s, call->error);
    if (status == AD_OK && shape->len[s.axis] != s.count) {
        return ad_error_set(call->error, AD_ERR_SHAPE,
                            "%s along axis %d; this slice of an axis of length %" PRId64
                            " has %" PRId64 " places",
                            ad_shape_print(shape, text, sizeof text), s.axis, b->len, s.count);
    }
    call->spec = *call->x[0].spec;
    if (status == AD_OK) {
        call->spec.shape.len[s.axis] = b->len;
    }
    return status;
}

static int unslice_placed(const ad__call *call, size_t *first)
{
    const bounds *b = call->attributes;
    return lies_together(b, &call->x[0].spec->shape, b->len, first);
}

static ad_status unslice_resize(ad__resizing *r)
{
    bounds *b = r->attributes;
    if (r->like != NULL) {
        b->len = r->like->shape.len[ad__front_axis(b->axis, &r->like->shape)];
    }
    return AD_OK;
}

static void unslice_run(ad__runner *r, const ad__call *call)
{
    const bounds *b = call->attributes;
    ad_error error;
    span s;
    span_of(b, &call->x[0].spec->shape, b->len, &s, &error);
    place(r, call, s.axis, s.first, s.step, 0);
}

static void unslice_vjp(ad__vjp *v)
{
    const bounds *b = v->attributes;
    v->dx[0] = ad_slice(v->g, b->axis, b->start, b->stop, b->step);
}

static ad_var unslice_rows(const ad_var *x)
{
    return ad_unslice(x[0], 0, 5, -1, AD_BEGIN, -2);
}

static const ad__sample unslice_samples[] = {{1, {{2, {3, 2}}}, -2, 2, unslice_rows}};

const ad_op ad_unslice__op = {.name = "ad_unslice",
                              .traits = AD__MOVES,
                              .infer = unslice_infer,
                              .placed = unslice_placed,
                              .resize = unslice_resize,
                              .run = unslice_run,
                              .vjp = unslice_vjp,
                              .samples = unslice_samples,
                              .sample_count = 1};

ad_var(ad_unslice)(ad_var x, int axis, int64_t len, int64_t start, int64_t stop, int64_t step)
{
    return record(&ad_unslice__op, x, axis, start, stop, step, len);
}

/* ---- pad ---- */

typedef struct padding {
    int axis;
    int64_t before, after;
    double value;
} padding;

static ad_status pad_infer(ad__call *call)
{
    const padding *p = call->attributes;
    const int64_t limit = (int64_t)1 << 60;
    int axis;
    call->spec = *call->x[0].spec;
    ad_status status = ad__axis(p->axis, &call->spec.shape, &axis, call->error);
    if (status != AD_OK) {
        return status;
    }
    if (p->before < 0 || p->after < 0 || p->before > limit || p->after > limit) {
        return ad_error_set(call->error, AD_ERR_DOMAIN,
                            "%" PRId64 " before and %" PRId64
                            " after; counts are not negative, ad_slice cuts",
                            p->before, p->after);
    }
    if (call->spec.type == AD_I64 && !(p->value >= -0x1p62 && p->value <= 0x1p62)) {
        return ad_error_set(call->error, AD_ERR_DOMAIN, "%g is no i64 to pad with", p->value);
    }
    call->spec.shape.len[axis] += p->before + p->after;
    return AD_OK;
}

static void pad_run(ad__runner *r, const ad__call *call)
{
    const padding *p = call->attributes;
    place(r, call, ad__front_axis(p->axis, &call->spec.shape), p->before, 1, p->value);
}

static void pad_vjp(ad__vjp *v)
{
    const padding *p = v->attributes;
    v->dx[0] = ad_slice(v->g, p->axis, p->before, p->after > 0 ? -p->after : AD_END, 1);
}

static ad_var pad_columns(const ad_var *x)
{
    return ad_pad(x[0], 1, 2, 1, 0.5);
}

static const ad__sample pad_samples[] = {{1, {{2, {2, 3}}}, -2, 2, pad_columns}};

const ad_op ad_pad__op = {.name = "ad_pad",
                          .traits = AD__MOVES,
                          .infer = pad_infer,
                          .run = pad_run,
                          .vjp = pad_vjp,
                          .samples = pad_samples,
                          .sample_count = 1};

ad_var(ad_pad)(ad_var x, int axis, int64_t before, int64_t after, double value)
{
    padding p;
    memset(&p, 0, sizeof p);
    p.axis = axis, p.before = before, p.after = after, p.value = value;
    return ad__record(&ad_pad__op, 1, &x, &p, sizeof p);
}

/* ---- composed of slices ---- */

ad_var(ad_select)(ad_var x, int axis, int64_t index)
{
    const ad__made select = ad__making(1, &x);
    ad_shape shape;
    ad_error error;
    char text[160];
    int at;
    if (!ad__shape_for(x, &shape, "ad_select")) {
        return ad__dead(x.tape);
    }
    if (ad__axis(axis, &shape, &at, &error) != AD_OK) {
        return ad__failed(x, &error, "ad_select");
    }
    int64_t len = shape.len[at];
    if (index < -len || index >= len) {
        ad_error_set(&error, AD_ERR_INDEX,
                     "index %" PRId64 " is outside axis %d of %s; indices are %" PRId64
                     " to %" PRId64,
                     index, at, ad_shape_print(&shape, text, sizeof text), -len, len - 1);
        return ad__failed(x, &error, "ad_select");
    }
    ad_var z = ad_slice(x, at, index, index == -1 ? AD_END : index + 1, 1);
    shape.rank--;
    for (int i = at; i < shape.rank; i++) {
        shape.len[i] = shape.len[i + 1];
    }
    return ad__made_of(select, "ad_select", ad_reshape(z, shape));
}

ad_var(ad_flip)(ad_var x, ad_axes axes)
{
    const ad__made flip = ad__making(1, &x);
    ad_shape shape;
    ad_error error;
    if (!ad__shape_for(x, &shape, "ad_flip")) {
        return ad__dead(x.tape);
    }
    int count = axes.count < 0 ? shape.rank : axes.count;
    uint32_t seen = 0;
    for (int i = 0, axis = 0; i < count && i < AD_MAX_RANK; i++) {
        axis = i;
        if (axes.count >= 0 && ad__axis(axes.axis[i], &shape, &axis, &error) != AD_OK) {
            return ad__failed(x, &error, "ad_flip");
        }
        if (!(seen >> axis & 1)) {
            x = ad_slice(x, axis, AD_END, AD_BEGIN, -1);
        }
        seen |= 1U << axis;
    }
    return ad__made_of(flip, "ad_flip", x);
}
