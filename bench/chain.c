/* SPDX-License-Identifier: MIT */
/* 1,000 chained scalar multiplications y <- y w from y = x: the value and its derivatives by x and
 * w. Each call waits for the last one's result. What bounds them all is the latency of a product,
 * 2,000 times.
 *
 *   chain.record    recorded and swept back each time
 *   chain.replay    recorded once
 *
 * Baselines: c_hand, the loops by hand (hand/programs.c); adolc. */
#include "bench.h"
#include "profile.h"
#include "programs.h"

#include <wengert/autodiff.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct job {
    ad_tape *tape;
    ad_mark begin;
    ad_fn *f;
    double in[2], y, dxw[2]; /* x and w; out */
    double hand_y, hand_dxw[2];
} job;

/* Records the function: in receives x and w. */
static ad_var record(const job *j, ad_tape *tape, ad_var in[2])
{
    in[0] = ad_input(tape, j->in[0]);
    in[1] = ad_input(tape, j->in[1]);
    ad_var y = in[0];
    for (int i = 0; i < CHAIN_LEN; i++) {
        y = ad_mul(y, in[1]);
    }
    return y;
}

/* A step too small to see, on which the next call depends. */
static void step(job *j, const double dxw[2])
{
    j->in[0] -= 1e-12 * dxw[1];
}

static void run_record(void *context)
{
    job *j = context;
    ad_var in[2];
    ad_tape_rewind(j->tape, j->begin);
    ad_var y = record(j, j->tape, in);
    j->y = ad_value(y);
    ad_grad_values(y, 2, in, j->dxw);
    step(j, j->dxw);
}

static void run_replay(void *context)
{
    job *j = context;
    double out[3];
    ad_fn_eval(j->f, j->in, out);
    j->y = out[0];
    j->dxw[0] = out[1];
    j->dxw[1] = out[2];
    step(j, j->dxw);
}

static ad_fn *compile(const job *j)
{
    ad_var in[2], out[3];
    ad_tape *tape = ad_tape_new();
    out[0] = record(j, tape, in);
    ad_grad(out[0], 2, in, out + 1);
    ad_fn *f = bench_compiled(tape, 2, in, 3, out);
    ad_tape_free(tape);
    return f;
}

static void hand(void *context)
{
    job *j = context;
    j->hand_y = hand_chain(j->in[0], j->in[1], j->hand_dxw);
    step(j, j->hand_dxw);
}

static void measure(job *j, const char *name, void (*run)(void *), const char *adolc)
{
    j->in[0] = 0.7;
    run(j);
    j->in[0] = 0.7;
    hand(j);
    double worst = fmax(fabs(j->y / j->hand_y - 1), fabs(j->dxw[0] / j->hand_dxw[0] - 1));
    worst = fmax(worst, fabs(j->dxw[1] / j->hand_dxw[1] - 1));
    if (!(worst <= 1e-12)) {
        (void)fprintf(stderr, "%s: differs by %g\n", name, worst);
        exit(1);
    }
    bench_case(name, 3,
               (bench_side[]){{"ours", .run = run, .context = j},
                              {"c_hand", .run = hand, .context = j},
                              {"adolc", .command = adolc}},
               NULL);
}

int main(void)
{
    static job j = {.in = {0.7, 1.0001}};
    bench_start();
    j.tape = ad_tape_new();
    j.begin = ad_tape_mark(j.tape);
    j.f = compile(&j);
    if (j.f == NULL) {
        return 1;
    }
    measure(&j, "chain.record", run_record,
            "$WENGERT_BUILD/bench/peers/programs_adolc chain record");
    double out[3];
    bench_profile_eval("chain.replay", j.f, j.in, out);
    measure(&j, "chain.replay", run_replay,
            "$WENGERT_BUILD/bench/peers/programs_adolc chain replay");
    ad_fn_free(j.f);
    ad_tape_free(j.tape);
    return bench_finish();
}
