/* SPDX-License-Identifier: MIT */
#include "fn/replay.h"
#include "tape/op_internal.h"
#include "tape/tape_internal.h"

#include <stdio.h>
#include <string.h>

typedef struct subject {
    const ad_op *op;
    ad_var (*build)(const ad_var *x); /* NULL: a row */
    int count;
} subject;

static void with_derivatives(ad_tape *tape, const ad_var *in, ad_var *out, void *user)
{
    const subject *s = user;
    ad_var dx[REPLAY_MOST], sum = ad_literal(0);
    out[0] = s->build != NULL ? s->build(in) : ad__record(s->op, s->count, in, NULL, 0);
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

void each_sample(void (*test)(const replay *r))
{
    for (const ad_op *const *op = ad__catalogue; *op != NULL; op++) {
        for (int i = 0; i < (*op)->sample_count; i++) {
            const ad__sample *sample = &(*op)->samples[i];
            subject s = {*op, sample->build, sample->count};
            char text[128];
            (void)snprintf(text, sizeof text, "%s, sample %d", (*op)->name, i);
            replay r = {text,       sample->count, 1 + 2 * sample->count, AD_F64, {{0}},
                        sample->lo, sample->hi,    with_derivatives,      &s};
            memcpy(r.shape, sample->shape, (size_t)sample->count * sizeof *r.shape);
            test(&r);
        }
    }
}
