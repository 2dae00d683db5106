/* SPDX-License-Identifier: MIT */
/* The kinds of steps: how a leaf or an operation is recorded, with attributes drawn from the step's
 * own numbers, so that it is the same at every point. */
#include "fuzz.h"
#include "kinds.h"
#include "tape/tape_internal.h"

#include <string.h>

/* ---- leaves ---- */

static void input(fuzz_call *c)
{
    const fuzz_step *s = c->step;
    c->z[0] = s->type == AD_F64 && s->shape.rank == 0
                  ? ad_input(c->tape, *(const double *)c->elements)
                  : ad_input_array(c->tape, s->type, s->shape, c->elements);
}

static void constant(fuzz_call *c)
{
    c->z[0] = ad_constant(c->tape, c->step->type, c->step->shape, c->elements);
}

static void full(fuzz_call *c)
{
    double number = c->step->type == AD_I64 ? fuzz_below(&c->rng, 3) : fuzz_number(&c->rng);
    c->z[0] = ad_full(c->tape, c->step->type, c->step->shape, number);
}

static void view(fuzz_call *c)
{
    c->z[0] = ad_input_view(c->tape, c->step->type, c->step->shape, (void *)c->elements);
}

/* ---- elementwise ---- */

static void row(fuzz_call *c)
{
    c->z[0] = ad__record(c->step->op, c->step->count, c->x, NULL, 0);
}

static const ad_op *some_row(ad_rng *rng)
{
    int rows = 0;
    for (const ad_op *const *op = ad__catalogue; *op != NULL; op++) {
        rows += (*op)->arity > 0;
    }
    int left = fuzz_below(rng, rows);
    const ad_op *const *op = ad__catalogue;
    while ((*op)->arity == 0 || left-- > 0) {
        op++;
    }
    return *op;
}

/* Rows over two values and their results: blocks with many registers. */
static void rows(fuzz_call *c)
{
    enum { POOL = 8 };
    ad_var pool[POOL] = {c->x[0], c->x[1]};
    int have = 2;
    for (int n = 2 + fuzz_below(&c->rng, 12); n > 0; n--) {
        ad_var x[3];
        const ad_op *op = some_row(&c->rng);
        for (int i = 0; i < op->arity; i++) {
            int number = i > 0 && fuzz_below(&c->rng, 4) == 0;
            x[i] = number ? ad_literal(fuzz_number(&c->rng)) : pool[fuzz_below(&c->rng, have)];
        }
        ad_var z = ad__record(op, op->arity, x, NULL, 0);
        pool[have < POOL ? have : fuzz_below(&c->rng, POOL)] = z;
        have += have < POOL;
        c->z[0] = z;
    }
    c->z[1] = pool[fuzz_below(&c->rng, have)];
    c->z[2] = pool[fuzz_below(&c->rng, have)];
}

/* ---- a structured or composed operation as its own tests record it ---- */

static void sample(fuzz_call *c)
{
    const ad__sample *own = &c->step->sample->own;
    ad_var x[FUZZ_ARGS];
    for (int i = 0; i < own->count; i++) {
        x[i] = fuzz_fit(c->x[i], own->shape[i]);
    }
    c->z[0] = own->build(x);
}

/* ---- state ---- */

static void assign(fuzz_call *c)
{
    ad_shape shape = ad_shape_of(c->x[0]);
    ad_var x = fuzz_fit(c->x[1], shape);
    x = ad_type_of(x) == ad_type_of(c->x[0]) ? x : ad_cast(x, ad_type_of(c->x[0]));
    c->z[0] = ad_assign(c->x[0], x);
}

/* A cost of a view w: of w itself, or of a product with it. */
static ad_var cost_of(fuzz_call *c, ad_var w, ad_var x)
{
    ad_shape shape = ad_shape_of(w);
    ad_var cost = ad_sum(x, AD_ALL);
    if (ad_type_of(x) != ad_type_of(w)) {
        x = cost = ad_cast(cost, ad_type_of(w));
    }
    if (shape.rank == 2 && fuzz_below(&c->rng, 4) > 0) {
        ad_var z = ad_matmul(fuzz_fit(x, AD_SHAPE(1 + fuzz_below(&c->rng, 20), shape.len[0])), w);
        return ad_add(cost, ad_sum(ad_tanh(z), AD_ALL));
    }
    return fuzz_below(&c->rng, 2) ? cost : ad_add(cost, ad_sum(ad_square(w), AD_ALL));
}

/* A step of gradient descent, with momentum where the second view can hold it. */
static void update(fuzz_call *c)
{
    ad_var w = c->x[0], m = c->x[2], dw;
    ad_shape shape = ad_shape_of(w), other = ad_shape_of(m);
    if (ad_grad(cost_of(c, w, c->x[1]), 1, &w, &dw) != AD_OK) {
        return;
    }
    c->z[1] = dw;
    if (ad_type_of(m) == ad_type_of(w) && ad_shape_equal(&shape, &other)) {
        dw = ad_assign(m, ad_add(ad_mul(0.5, m), dw));
    }
    c->z[0] = ad_assign(w, ad_sub(w, ad_mul(0.125, dw)));
}

/* ---- derivatives ---- */

static ad_var number_of(ad_var y)
{
    return ad_shape_of(y).rank > 0 ? ad_sum(y, AD_ALL) : y;
}

static void gradient(fuzz_call *c)
{
    int count = 1 + fuzz_below(&c->rng, 2);
    ad_grad(number_of(c->x[0]), count, c->x + 1, c->z);
}

static void vjp(fuzz_call *c)
{
    ad_var g = ad_type_of(c->x[0]) == ad_type_of(c->x[2]) ? fuzz_fit(c->x[2], ad_shape_of(c->x[0]))
                                                          : ad_literal(1);
    ad_vjp(1, c->x, 1, c->x + 1, &g, c->z);
}

static void jvp(fuzz_call *c)
{
    ad_var v = ad_literal(0.5);
    ad_jvp(1, c->x, 1, c->x + 1, &v, c->z);
}

static void hvp(fuzz_call *c)
{
    ad_var v = ad_literal(1);
    ad_hvp(number_of(c->x[0]), 1, c->x + 1, &v, c->z);
}

/* ---- all of them ---- */

#define OPERATION(name, count, weight, smooth, record)                                             \
    {name, count, weight, FUZZ_OPERATION, smooth, record},

const fuzz_kind fuzz_kinds[] = {{"input", 0, 0, FUZZ_INPUT, 1, input},
                                {"kept input", 0, 1, FUZZ_KEPT, 1, input},
                                {"constant", 0, 2, FUZZ_KEPT, 1, constant},
                                {"full", 0, 2, FUZZ_KEPT, 1, full},
                                {"view", 0, 2, FUZZ_VIEW, 0, view},
                                {"view as input", 0, 1, FUZZ_IN_VIEW, 0, view},
                                OPERATION("row", 0, 60, 1, row)          /* */
                                OPERATION("rows", 2, 6, 0, rows)         /* */
                                OPERATION("sample", 0, 8, 0, sample)     /* */
                                OPERATION("assign", 2, 4, 0, assign)     /* */
                                OPERATION("update", 3, 3, 0, update)     /* */
                                OPERATION("gradient", 3, 6, 0, gradient) /* */
                                OPERATION("vjp", 3, 2, 0, vjp)           /* */
                                OPERATION("jvp", 2, 1, 0, jvp)           /* */
                                OPERATION("hvp", 2, 1, 0, hvp)           /* */
#define FUZZ_KIND(name, count, weight, smooth) OPERATION(#name, count, weight, smooth, fuzz_##name)
#include "structured.def"
#undef FUZZ_KIND
                                {NULL, 0, 0, FUZZ_OPERATION, 0, NULL}};
