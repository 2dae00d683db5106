/* SPDX-License-Identifier: MIT */
/* Speelpenning's product of 100,000 numbers and its gradient.
 *
 *   speelpenning.record        recorded and swept back each time, a scalar a factor
 *   speelpenning.fn            recorded once, with x as one tensor
 *   speelpenning.fn.scalars    recorded once from the scalars
 *
 * Baselines: c_primal, the plain product in C; c_hand, the gradient by hand (hand/programs.c);
 * adolc. */
#include "bench.h"
#include "profile.h"
#include "programs.h"

#include <wengert/autodiff.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 100000 };
#define ADOLC(what) "$WENGERT_BUILD/bench/peers/programs_adolc speelpenning " what

typedef struct job {
    ad_tape *tape;
    ad_mark begin;
    ad_var in[N];
    ad_fn *fn;
    double x[N], out[1 + N]; /* value and gradient */
    double primal, hand_y, hand_dx[N];
} job;

static void primal(void *context)
{
    job *j = context;
    double y = 1;
    for (int i = 0; i < N; i++) {
        y *= j->x[i];
    }
    j->primal = y;
}

static void hand(void *context)
{
    job *j = context;
    j->hand_y = hand_speelpenning(N, j->x, j->hand_dx);
}

static ad_var record(job *j)
{
    for (int i = 0; i < N; i++) {
        j->in[i] = ad_input(j->tape, j->x[i]);
    }
    ad_var y = j->in[0];
    for (int i = 1; i < N; i++) {
        y = ad_mul(y, j->in[i]);
    }
    return y;
}

static void run(void *context)
{
    job *j = context;
    ad_tape_rewind(j->tape, j->begin);
    ad_var y = record(j);
    j->out[0] = ad_value(y);
    ad_grad_values(y, N, j->in, j->out + 1);
}

static void replay(void *context)
{
    job *j = context;
    ad_fn_eval(j->fn, j->x, j->out);
}

static ad_fn *compile_tensor(job *j)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input_view(tape, AD_F64, AD_SHAPE(N), j->x), out[2];
    out[0] = ad_prod(x, AD_ALL);
    ad_grad(out[0], 1, &x, &out[1]);
    ad_fn *fn = bench_compiled(tape, 1, &x, 2, out);
    ad_tape_free(tape);
    return fn;
}

static ad_fn *compile_scalars(job *j)
{
    static ad_var out[1 + N];
    ad_tape_rewind(j->tape, j->begin);
    out[0] = record(j);
    ad_grad(out[0], N, j->in, out + 1);
    return bench_compiled(j->tape, N, j->in, 1 + N, out);
}

/* Times ours beside the others, once it has been right. */
static void measure(job *j, const char *name, void (*ours)(void *), const char *adolc)
{
    ours(j);
    double worst = fmax(fabs(j->out[0] / j->primal - 1), fabs(j->hand_y / j->primal - 1));
    for (int i = 0; i < N; i++) {
        worst = fmax(worst, fabs(j->out[1 + i] / j->hand_dx[i] - 1));
    }
    if (!(worst <= 1e-10)) {
        (void)fprintf(stderr, "%s: differs by %g; %s\n", name, worst, ad_tape_message(j->tape));
        exit(1);
    }
    bench_case(name, 4,
               (bench_side[]){{"ours", .run = ours, .context = j},
                              {"c_primal", .run = primal, .context = j},
                              {"c_hand", .run = hand, .context = j},
                              {"adolc", .command = adolc}},
               NULL);
}

static void measure_compiled(job *j, const char *name, ad_fn *(*compile)(job *))
{
    j->fn = compile(j);
    if (j->fn == NULL) {
        (void)fprintf(stderr, "%s: not compiled\n", name);
        exit(1);
    }
    bench_profile_eval(name, j->fn, j->x, j->out);
    measure(j, name, replay, ADOLC("replay"));
    ad_fn_free(j->fn);
}

int main(void)
{
    static job j;
    bench_start();
    j.tape = ad_tape_new();
    j.begin = ad_tape_mark(j.tape);
    for (int i = 0; i < N; i++) {
        j.x[i] = 1 + 1e-3 * (i % 7 - 3);
    }
    primal(&j);
    hand(&j);
    measure(&j, "speelpenning.record", run, ADOLC("record"));
    measure_compiled(&j, "speelpenning.fn", compile_tensor);
    measure_compiled(&j, "speelpenning.fn.scalars", compile_scalars);
    ad_tape_free(j.tape);
    return bench_finish();
}
