/* SPDX-License-Identifier: MIT */
#include "fn/replay.h"
#include "samples.h"
#include "tape/op_internal.h"
#include "tape/tape_internal.h"

#include <stdio.h>
#include <string.h>

typedef struct subject {
    const ad_op *op;
    const ad__sample *sample; /* NULL: a row */
    int count;
} subject;

static void with_derivatives(ad_tape *tape, const ad_var *in, ad_var *out, void *user)
{
    const subject *s = user;
    ad_var dx[REPLAY_MOST], sum = ad_literal(0);
    out[0] =
        s->sample != NULL ? record_sample(s->sample, in) : ad__record(s->op, s->count, in, NULL, 0);
    ad_var y = ad_sum(ad_sin(out[0]), AD_ALL);
    ad_grad(y, s->count, in, out + 1);
    for (int i = 0; i < s->count; i++) {
        sum = ad_add(sum, ad_sum(ad_mul(out[1 + i], out[1 + i]), AD_ALL));
    }
    if (sum.tape == NULL) {
        sum = ad_input(tape, 0);
    }
    ad_grad(sum, s->count, in, dx);
    memcpy(out + 1 + s->count, dx, (size_t)s->count * sizeof *dx);
}

static void test_row(const ad_op *op, ad_type type, const ad_shape *shapes,
                     void (*test)(const replay *r))
{
    char text[128];
    subject s = {op, NULL, op->arity};
    (void)snprintf(text, sizeof text, "%s, %s", op->name, ad_type_name(type));
    replay r = {text, op->arity, 1 + 2 * op->arity, type, {{0}}, 0.3, 0.9, with_derivatives, &s};
    memcpy(r.shape, shapes, (size_t)op->arity * sizeof *shapes);
    test(&r);
}

void each_row(void (*test)(const replay *r))
{
    const ad_shape scalars[3] = {AD_SCALAR, AD_SCALAR, AD_SCALAR};
    const ad_shape tensors[3] = {AD_SHAPE(7, 5), AD_SHAPE(7, 5), AD_SHAPE(7, 5)};
    const ad_shape mixed[3] = {AD_SHAPE(5), AD_SHAPE(7, 1), AD_SHAPE(2, 1, 1)};
    const ad_shape large[3] = {AD_SHAPE(3, 700), AD_SHAPE(700), AD_SHAPE(3, 1)};
    for (const ad_op *const *op = ad__catalogue; *op != NULL; op++) {
        for (int type = AD_F64; type <= AD_F32 && (*op)->arity > 0; type++) {
            test_row(*op, (ad_type)type, tensors, test);
            test_row(*op, (ad_type)type, mixed, test);
            test_row(*op, (ad_type)type, large, test);
            if (type == AD_F64) {
                test_row(*op, (ad_type)type, scalars, test);
            }
        }
    }
}

void replay_sample(const operation_sample *o, ad_type type, const ad_shape *shapes,
                   void (*test)(const replay *r))
{
    const ad__sample *own = &o->own;
    subject s = {o->op, own, own->count};
    replay r = {o->name, own->count, 1 + 2 * own->count, type, {{0}},
                own->lo, own->hi,    with_derivatives,   &s};
    memcpy(r.shape, shapes, (size_t)own->count * sizeof *shapes);
    test(&r);
}

void each_sample(void (*test)(const replay *r))
{
    for (const operation_sample *o = all_samples(); o->name != NULL; o++) {
        replay_sample(o, AD_F64, o->own.shape, test);
        replay_sample(o, AD_F32, o->own.shape, test);
    }
}
