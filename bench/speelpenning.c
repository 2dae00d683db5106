/* SPDX-License-Identifier: MIT */
/* Speelpenning's product of 100,000 numbers and its gradient.
 *
 *   speelpenning.record    recorded and swept back each time
 *
 * Baselines: c_primal, the plain product in C; c_hand, the gradient by hand (hand/programs.c);
 * adolc. */
#include "bench.h"
#include "programs.h"

#include <wengert/autodiff.h>

#include <math.h>
#include <stdio.h>

enum { N = 100000 };

typedef struct job {
    ad_tape *tape;
    ad_mark begin;
    ad_var in[N];
    double x[N], y, dx[N], primal, hand_y, hand_dx[N];
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
    j->y = ad_value(y);
    ad_grad_values(y, N, j->in, j->dx);
}

static double difference(const job *j)
{
    double worst = fmax(fabs(j->y / j->primal - 1), fabs(j->hand_y / j->primal - 1));
    for (int i = 0; i < N; i++) {
        worst = fmax(worst, fabs(j->dx[i] / j->hand_dx[i] - 1));
    }
    return worst;
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
    run(&j);
    primal(&j);
    hand(&j);
    if (ad_tape_status(j.tape) != AD_OK || !(difference(&j) <= 1e-10)) {
        (void)fprintf(stderr, "speelpenning: differs by %g; %s\n", difference(&j),
                      ad_tape_message(j.tape));
        return 1;
    }
    bench_case("speelpenning.record", 4,
               (bench_side[]){{"ours", .run = run, .context = &j},
                              {"c_primal", .run = primal, .context = &j},
                              {"c_hand", .run = hand, .context = &j},
                              {"adolc", .command = "$WENGERT_BUILD/bench/peers/programs_adolc "
                                                   "speelpenning record"}},
               NULL);
    ad_tape_free(j.tape);
    return bench_finish();
}
