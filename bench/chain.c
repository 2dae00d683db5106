/* SPDX-License-Identifier: MIT */
/* 1,000 chained scalar multiplications y <- y w from y = x: the value and its derivatives by x and
 * w. Each call waits for the last one's result. What bounds them all is the latency of a product,
 * 2,000 times.
 *
 *   chain.record    recorded and swept back each time
 *
 * Baselines: c_hand, the loops by hand (hand/programs.c); adolc. */
#include "bench.h"
#include "programs.h"

#include <wengert/autodiff.h>

#include <math.h>
#include <stdio.h>

typedef struct job {
    ad_tape *tape;
    ad_mark begin;
    double x, w, y, dxw[2];
    double hand_y, hand_dxw[2];
} job;

/* Records the function: in receives x and w. */
static ad_var record(job *j, ad_var in[2])
{
    in[0] = ad_input(j->tape, j->x);
    in[1] = ad_input(j->tape, j->w);
    ad_var y = in[0];
    for (int i = 0; i < CHAIN_LEN; i++) {
        y = ad_mul(y, in[1]);
    }
    return y;
}

/* A step too small to see, on which the next call depends. */
static void step(job *j, const double dxw[2])
{
    j->x -= 1e-12 * dxw[1];
}

static void run(void *context)
{
    job *j = context;
    ad_var in[2];
    ad_tape_rewind(j->tape, j->begin);
    ad_var y = record(j, in);
    j->y = ad_value(y);
    ad_grad_values(y, 2, in, j->dxw);
    step(j, j->dxw);
}

static void hand(void *context)
{
    job *j = context;
    j->hand_y = hand_chain(j->x, j->w, j->hand_dxw);
    step(j, j->hand_dxw);
}

int main(void)
{
    static job j = {.w = 1.0001};
    bench_start();
    j.tape = ad_tape_new();
    j.begin = ad_tape_mark(j.tape);
    j.x = 0.7;
    run(&j);
    j.x = 0.7;
    hand(&j);
    double worst = fmax(fabs(j.y / j.hand_y - 1), fabs(j.dxw[0] / j.hand_dxw[0] - 1));
    worst = fmax(worst, fabs(j.dxw[1] / j.hand_dxw[1] - 1));
    if (ad_tape_status(j.tape) != AD_OK || !(worst <= 1e-12)) {
        (void)fprintf(stderr, "chain: differs by %g; %s\n", worst, ad_tape_message(j.tape));
        return 1;
    }
    bench_case("chain.record", 3,
               (bench_side[]){
                   {"ours", .run = run, .context = &j},
                   {"c_hand", .run = hand, .context = &j},
                   {"adolc", .command = "$WENGERT_BUILD/bench/peers/programs_adolc chain record"}},
               NULL);
    ad_tape_free(j.tape);
    return bench_finish();
}
