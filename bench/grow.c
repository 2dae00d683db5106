/* SPDX-License-Identifier: MIT */
/* What a piece of work costs in programs of ten times the size: microseconds of CPU an element,
 * beside those at size 1. A cost that is linear has a ratio of 1; one that grows with the square
 * has 10.
 *
 *   grow.fn_tensors   ad_fn_new of a chain of sin, multiplication and addition of tensors [64] with
 *                     its gradient; an element is an operation of the chain
 *   grow.memory       the same within a tenth of the memory
 *   grow.fn_scalars   the first for scalars
 *   grow.fn_products  ad_fn_new of matrix products that wait for an activation each, all at once,
 *                     with the gradient; an element is a product
 *   grow.grad_values  a loop that records a step and takes the gradient of a small function of the
 *                     state, on one tape from begin to end; an element is a step
 *   grow.rewind       a loop that tries a step, rewinds to where it began, and records the step
 *                     that it takes, with variables from the begin of the tape; an element is a
 *                     step
 *   grow.hub          ad_sparse_hessian of an arrow, one variable that meets all others; an element
 *                     is a variable
 *
 * A case is a row of the table at the end: what is made once for n elements, and what is timed. */
#include "bench.h"

#include <wengert/autodiff.h>

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { TIMES = 10, ROUNDS = 5, WIDTH = 64 };

typedef struct grow {
    const char *name;
    int64_t n; /* elements at size 1 */
    void *(*make)(int64_t n);
    void (*run)(void *made);
    void (*end)(void *made);
} grow;

static void must(int holds, const char *what)
{
    if (!holds) {
        (void)fprintf(stderr, "grow: %s\n", what);
        exit(1);
    }
}

/* ---- compiling ---- */

typedef struct chain {
    ad_tape *tape;
    ad_var x, out[2];
    size_t memory;
} chain;

/* n operations and the gradient; the numbers differ everywhere. */
static chain *chain_of(int64_t n, int64_t width)
{
    chain *c = calloc(1, sizeof *c);
    double start[WIDTH];
    must(c != NULL, "out of memory");
    for (int i = 0; i < WIDTH; i++) {
        start[i] = 0.3 + 0.01 * i;
    }
    c->tape = ad_tape_new();
    c->x = ad_input_array(c->tape, AD_F64, width > 0 ? AD_SHAPE(width) : AD_SCALAR, start);
    ad_var y = c->x;
    for (int64_t i = 0; i < n; i++) {
        y = i % 3 == 0 ? ad_sin(y) : i % 3 == 1 ? ad_mul(y, 1 + 1e-7 * (double)i) : ad_add(y, c->x);
    }
    c->out[0] = ad_sum(y, AD_ALL);
    ad_grad(c->out[0], 1, &c->x, &c->out[1]);
    return c;
}

/* The sum of tanh(x c x), each product before the first tanh. */
static void *make_products(int64_t n)
{
    chain *c = chain_of(0, 0);
    double start[WIDTH];
    ad_var *product = calloc((size_t)n, sizeof *product);
    must(product != NULL, "out of memory");
    for (int i = 0; i < WIDTH; i++) {
        start[i] = 0.02 + 0.001 * i;
    }
    c->x = ad_input_array(c->tape, AD_F64, AD_SHAPE(8, 8), start);
    for (int64_t i = 0; i < n; i++) {
        product[i] = ad_matmul(ad_mul(c->x, 1 + 1e-5 * (double)i), c->x);
    }
    ad_var y = ad_literal(0);
    for (int64_t i = 0; i < n; i++) {
        y = ad_add(y, ad_tanh(product[i]));
    }
    c->out[0] = ad_sum(y, AD_ALL);
    ad_grad(c->out[0], 1, &c->x, &c->out[1]);
    free(product);
    return c;
}

static ad_fn *compile(const chain *c)
{
    ad_fn *f = ad_fn_new_with(c->tape, 1, &c->x, 2, c->out, &(ad_fn_options){.memory = c->memory});
    must(f != NULL, ad_tape_message(c->tape));
    return f;
}

static void *make_tensors(int64_t n)
{
    return chain_of(n, WIDTH);
}

static void *make_scalars(int64_t n)
{
    return chain_of(n, 0);
}

static void *make_limited(int64_t n)
{
    chain *c = chain_of(n, WIDTH);
    ad_fn *f = compile(c);
    c->memory = ad_fn_memory_of(f).tensors / 10;
    ad_fn_free(f);
    return c;
}

static void run_compile(void *made)
{
    ad_fn_free(compile(made));
}

static void end_chain(void *made)
{
    chain *c = made;
    ad_tape_free(c->tape);
    free(c);
}

/* ---- derivatives ---- */

/* A tape, n scalars on it, and where they end. */
typedef struct program {
    ad_tape *tape;
    ad_mark begin;
    int n;
    ad_var y, x[];
} program;

static program *program_of(int64_t n)
{
    program *p = calloc(1, sizeof *p + (size_t)n * sizeof *p->x);
    must(p != NULL, "out of memory");
    p->tape = ad_tape_new();
    p->n = (int)n;
    for (int i = 0; i < p->n; i++) {
        p->x[i] = ad_input(p->tape, 0.5);
    }
    p->begin = ad_tape_mark(p->tape);
    return p;
}

static void *make_steps(int64_t n)
{
    return program_of(n);
}

/* The gradient of a potential, and the step that it belongs to. */
static void run_steps(void *made)
{
    program *p = made;
    double slope = 0;
    ad_tape_rewind(p->tape, p->begin);
    ad_var q = p->x[0];
    for (int i = 0; i < p->n; i++) {
        ad_grad_values(ad_mul(0.5, ad_square(q)), 1, &q, &slope);
        q = ad_sub(q, ad_mul(1e-3, ad_sin(q)));
    }
    must(ad_tape_status(p->tape) == AD_OK && slope != 0, ad_tape_message(p->tape));
}

/* Each step's mark is later than the one before, so no rewind makes up for an earlier one. */
static void run_tries(void *made)
{
    program *p = made;
    double tried = 0;
    ad_tape_rewind(p->tape, p->begin);
    ad_var q = p->x[0];
    for (int i = 0; i < p->n; i++) {
        ad_mark before = ad_tape_mark(p->tape);
        tried += ad_value(ad_sin(ad_add(q, p->x[i])));
        ad_tape_rewind(p->tape, before);
        q = ad_add(q, ad_mul(1e-3, p->x[i]));
    }
    must(ad_tape_status(p->tape) == AD_OK && tried != 0, ad_tape_message(p->tape));
}

static void *make_arrow(int64_t n)
{
    program *p = program_of(n);
    ad_var hub = p->x[n - 1];
    p->y = ad_square(hub);
    for (int64_t i = 0; i + 1 < n; i++) {
        p->y = ad_add(p->y, ad_square(ad_mul(hub, p->x[i])));
    }
    return p;
}

static void run_arrow(void *made)
{
    program *p = made;
    ad_sparse *h = NULL;
    ad_sparse_hessian(p->y, p->n, p->x, &h);
    must(h != NULL && h->products == 2, ad_tape_message(p->tape));
    ad_sparse_free(h);
}

static void end_program(void *made)
{
    program *p = made;
    ad_tape_free(p->tape);
    free(p);
}

/* ---- the cases ---- */

static const grow cases[] = {
    {"grow.fn_tensors", 5000, make_tensors, run_compile, end_chain},
    {"grow.fn_products", 1000, make_products, run_compile, end_chain},
    {"grow.memory", 2000, make_limited, run_compile, end_chain},
    {"grow.fn_scalars", 20000, make_scalars, run_compile, end_chain},
    {"grow.grad_values", 10000, make_steps, run_steps, end_program},
    {"grow.rewind", 10000, make_steps, run_tries, end_program},
    {"grow.hub", 20000, make_arrow, run_arrow, end_program},
};

/* Of this process: its rounds are long, so that each would meet a busy neighbour. */
static double cpu_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec * 1e-3;
}

/* Rounds alternate between the sizes, so that a busy neighbour meets both. */
static void measure(const grow *g)
{
    double us[2][ROUNDS];
    void *made[2] = {g->make(g->n), g->make(TIMES * g->n)};
    for (int size = 0; size < 2; size++) {
        g->run(made[size]); /* the first touch of memory is not counted */
    }
    for (int round = 0; round < ROUNDS; round++) {
        for (int size = 0; size < 2; size++) {
            int calls = size == 0 ? TIMES : 1;
            double start = cpu_now_us();
            for (int call = 0; call < calls; call++) {
                g->run(made[size]);
            }
            us[size][round] = (cpu_now_us() - start) / (double)(TIMES * g->n);
        }
    }
    bench_row(g->name, bench_median(ROUNDS, us[1]), "size1", bench_median(ROUNDS, us[0]));
    for (int size = 0; size < 2; size++) {
        g->end(made[size]);
    }
}

int main(void)
{
    bench_start();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        measure(&cases[i]);
    }
    return bench_finish();
}
