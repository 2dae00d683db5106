/* SPDX-License-Identifier: MIT */
/* Tensors put together and taken apart along an axis. */
#include "ops/build_internal.h"

#include "ops/strided_internal.h"
#include "tape/tape_internal.h"
#include "ops.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

/* What either does: the arguments one after the other, for each index before the axis. */
static void join_run(ad__runner *r, const ad__call *call)
{
    int axis = ad__front_axis(*(const int *)call->attributes, &call->spec.shape);
    const ad__along whole = ad__along_axis(&call->spec.shape, axis);
    ad__region z = ad__result(r);
    for (int i = 0; i < call->count && call->spec.count > 0; i++) {
        const size_t run = call->x[i].spec->count / whole.outer;
        const ad_shape shape = {2, {(int64_t)whole.outer, (int64_t)run}};
        const ptrdiff_t from[] = {(ptrdiff_t)run, 1};
        const ptrdiff_t to[] = {(ptrdiff_t)(whole.len * whole.inner), 1};
        ad__launch_copy(r, &shape, ad__argument(r, i), from, z, to);
        z = ad__from(z, run);
    }
}

/* ---- concat ---- */

static ad_status concat_infer(ad__call *call)
{
    const ad__spec *first = call->x[0].spec;
    char a[160], b[160];
    int axis;
    ad_status status = ad__axis(*(const int *)call->attributes, &first->shape, &axis, call->error);
    call->spec = *first;
    for (int i = 1; i < call->count && status == AD_OK; i++) {
        const ad__spec *next = call->x[i].spec;
        if (next->type != first->type) {
            status = ad_error_set(call->error, AD_ERR_TYPE,
                                  "x[%d] is %s, x[0] is %s; convert one with ad_cast", i,
                                  ad_type_name(next->type), ad_type_name(first->type));
        } else if (!ad__same_but_axis(&first->shape, &next->shape, axis)) {
            status = ad_error_set(call->error, AD_ERR_SHAPE,
                                  "x[%d] is %s, x[0] is %s; only axis %d may differ", i,
                                  ad_shape_print(&next->shape, a, sizeof a),
                                  ad_shape_print(&first->shape, b, sizeof b), axis);
        } else {
            /* cannot overflow before the tape refuses it: each length is at most 2^60 */
            int64_t *len = &call->spec.shape.len[axis];
            *len += *len > (int64_t)1 << 60 ? 0 : next->shape.len[axis];
        }
    }
    return status;
}

static void concat_vjp(ad__vjp *v)
{
    int axis = *(const int *)v->attributes;
    int64_t at = 0;
    for (int i = 0; i < v->count; i++) {
        ad_shape shape = ad_shape_of(v->x[i]);
        int64_t len = shape.len[ad__front_axis(axis, &shape)];
        if (v->needs[i]) {
            v->dx[i] = ad__follow(ad_slice(v->g, axis, at, at + len, 1), v->x[i]);
        }
        at += len;
    }
}

static ad_var concat_columns(const ad_var *x)
{
    return ad_concat(3, x, -1);
}

static const ad__sample concat_samples[] = {
    {3, {{2, {2, 1}}, {2, {2, 3}}, {2, {2, 2}}}, -2, 2, concat_columns}};

const ad_op ad_concat__op = {.name = "ad_concat",
                             .traits = AD__MOVES,
                             .infer = concat_infer,
                             .run = join_run,
                             .vjp = concat_vjp,
                             .samples = concat_samples,
                             .sample_count = 1};

ad_var(ad_concat)(int count, const ad_var *x, int axis)
{
    return count < 1 || x == NULL ? ad_literal(NAN)
                                  : ad__record(&ad_concat__op, count, x, &axis, sizeof axis);
}

/* ---- stack ---- */

static ad_status stack_infer(ad__call *call)
{
    const ad__spec *first = call->x[0].spec;
    ad_shape shape = first->shape;
    char a[160], b[160];
    int axis;
    for (int i = 1; i < call->count; i++) {
        const ad__spec *next = call->x[i].spec;
        if (next != first) {
            return ad_error_set(call->error, next->type != first->type ? AD_ERR_TYPE : AD_ERR_SHAPE,
                                "x[%d] is %s %s, x[0] is %s %s; they must be the same", i,
                                ad_type_name(next->type), ad_shape_print(&next->shape, a, sizeof a),
                                ad_type_name(first->type), ad_shape_print(&shape, b, sizeof b));
        }
    }
    if (shape.rank == AD_MAX_RANK) {
        return ad_error_set(call->error, AD_ERR_SHAPE, "the arguments have %d axes already",
                            AD_MAX_RANK);
    }
    shape.len[shape.rank++] = 1;
    ad_status status = ad__axis(*(const int *)call->attributes, &shape, &axis, call->error);
    if (status == AD_OK) {
        memmove(shape.len + axis + 1, first->shape.len + axis,
                (size_t)(first->shape.rank - axis) * sizeof *shape.len);
        shape.len[axis] = call->count;
        call->spec.type = first->type;
        call->spec.shape = shape;
    }
    return status;
}

static void stack_vjp(ad__vjp *v)
{
    for (int i = 0; i < v->count; i++) {
        if (v->needs[i]) {
            v->dx[i] = ad_select(v->g, *(const int *)v->attributes, i);
        }
    }
}

static ad_var stack_last(const ad_var *x)
{
    return ad_stack(2, x, -1);
}

static const ad__sample stack_samples[] = {
    {2, {{.rank = 0}, {.rank = 0}}, -2, 2, stack_last},
    {2, {{2, {2, 3}}, {2, {2, 3}}}, -2, 2, stack_last},
};

const ad_op ad_stack__op = {.name = "ad_stack",
                            .traits = AD__MOVES,
                            .infer = stack_infer,
                            .run = join_run,
                            .vjp = stack_vjp,
                            .samples = stack_samples,
                            .sample_count = 2};

ad_var(ad_stack)(int count, const ad_var *x, int axis)
{
    return count < 1 || x == NULL ? ad_literal(NAN)
                                  : ad__record(&ad_stack__op, count, x, &axis, sizeof axis);
}

/* ---- split ---- */

/* Checks a split of an axis of length len into parts. */
static ad_status check_split(int64_t len, int count, const int64_t *lens, ad_error *error)
{
    if (count < 1) {
        return ad_error_set(error, AD_ERR_DOMAIN, "%d parts; give at least 1", count);
    }
    if (lens == NULL && len % count != 0) {
        return ad_error_set(error, AD_ERR_SHAPE,
                            "an axis of length %" PRId64 " in %d equal parts; give their lengths",
                            len, count);
    }
    int64_t left = len;
    for (int i = 0; lens != NULL && i < count; i++) {
        if (lens[i] < 0 || lens[i] > left) {
            return ad_error_set(error, AD_ERR_SHAPE,
                                "part %d of length %" PRId64 ", where %" PRId64 " of %" PRId64
                                " are left",
                                i, lens[i], left, len);
        }
        left -= lens[i];
    }
    if (lens != NULL && left > 0) {
        return ad_error_set(error, AD_ERR_SHAPE, "the parts leave %" PRId64 " of %" PRId64 " over",
                            left, len);
    }
    return AD_OK;
}

ad_status(ad_split)(ad_var x, int axis, int count, const int64_t *lens, ad_var *parts)
{
    if (parts == NULL) {
        return x.tape == NULL ? AD_ERR_DOMAIN
                              : ad_tape_fail(x.tape, AD_ERR_DOMAIN, "ad_split", NULL,
                                             "parts is NULL; give room for %d variables", count);
    }
    ad_shape shape;
    ad_error error = {.status = AD_OK};
    int at = 0, alive = ad__shape_for(x, &shape, "ad_split");
    if (alive && (ad__axis(axis, &shape, &at, &error) != AD_OK ||
                  check_split(shape.len[at], count, lens, &error) != AD_OK)) {
        ad__failed(x, &error, "ad_split");
    }
    const int fits = alive && error.status == AD_OK;
    int64_t start = 0;
    for (int i = 0; i < count; i++) {
        int64_t len = !fits ? 0 : lens != NULL ? lens[i] : shape.len[at] / count;
        parts[i] = ad__follow(ad_slice(x, at, start, start + len, 1), x);
        start += len;
    }
    const ad_status status = x.tape == NULL ? error.status : ad_tape_status(x.tape);
    for (int i = 0; status != AD_OK && x.tape != NULL && i < count; i++) {
        parts[i] = ad__dead(x.tape);
    }
    return status;
}

/* ---- repeat and tile ---- */

/* Repeats the axis as a whole, or, if each, every element of it: it becomes `times` as long. */
static ad_var repeat_axis(ad_var x, int axis, int each, int64_t times)
{
    ad_shape shape = ad_shape_of(x);
    ad__along a = ad__along_axis(&shape, axis);
    int64_t lens[4] = {(int64_t)a.outer, 1, 1, (int64_t)a.inner};
    lens[each ? 1 : 2] = (int64_t)a.len;
    x = ad_reshape(x, ad_shape_of_lens(4, lens));
    lens[each ? 2 : 1] = times;
    x = ad_broadcast_to(x, ad_shape_of_lens(4, lens));
    shape.len[axis] *= times;
    return ad_reshape(x, shape);
}

/* The axis counted from the front if x can be repeated along it, or -1 after an error. */
static int repeated_axis(ad_var x, int axis, int64_t times, ad_shape *shape, const char *origin)
{
    ad_error error;
    int at;
    if (!ad__shape_for(x, shape, origin)) {
        return -1;
    }
    if (ad__axis(axis, shape, &at, &error) != AD_OK) {
        ad__failed(x, &error, origin);
        return -1;
    }
    ad__along a = ad__along_axis(shape, at);
    size_t rest = (a.outer ? a.outer : 1) * (a.inner ? a.inner : 1) * (a.len ? a.len : 1);
    if (times < 0 || (size_t)times > SIZE_MAX / 16 / rest) {
        ad_error_set(&error, AD_ERR_DOMAIN,
                     "%" PRId64 " times; give 0 or more, so that the result fits in memory", times);
        ad__failed(x, &error, origin);
        return -1;
    }
    return at;
}

ad_var(ad_repeat)(ad_var x, int axis, int64_t times)
{
    ad_shape shape;
    int at = repeated_axis(x, axis, times, &shape, "ad_repeat");
    if (at < 0) {
        return x.tape == NULL ? ad_literal(NAN) : ad__dead(x.tape);
    }
    return repeat_axis(x, at, 1, times);
}

ad_var(ad_tile)(ad_var x, int axis, int64_t times)
{
    ad_shape shape;
    int at = repeated_axis(x, axis, times, &shape, "ad_tile");
    if (at < 0) {
        return x.tape == NULL ? ad_literal(NAN) : ad__dead(x.tape);
    }
    return repeat_axis(x, at, 0, times);
}
