/* SPDX-License-Identifier: MIT */
/* ADBench's three functions with all derivatives, beside the plain function in C without any.
 *
 *   gmm.record     Gaussian mixture, d = 10, K = 25, 1,000 points: value and gradient
 *   ba.record      bundle adjustment: errors and Jacobians of 31,843 observations
 *   lstm.record    LSTM, 2 layers, 1,024 characters: value and gradient
 *
 * each recorded and swept back every time. Baselines: c_primal (common/primal.c); adolc, which does
 * the same. What is computed is held against ADBench's own results. */
#include "bench.h"
#include "primal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA "tests/reference/adbench/"
#define ADOLC(what) "$WENGERT_BUILD/bench/peers/adbench_adolc " what " record"

enum { MAX_ENTRIES = 2048, OBSERVATIONS = 31843 };

/* What the file says of count numbers from `first` on must be what was computed. */
static void must_be(const char *name, int count, const double *got, const double *want)
{
    double worst = 0, largest = 0;
    for (int i = 0; i < count; i++) {
        worst = fmax(worst, fabs(got[i] - want[i]));
        largest = fmax(largest, fabs(want[i]));
    }
    if (!(worst <= 1e-10 * largest)) {
        (void)fprintf(stderr, "%s: differs by %g of %g\n", name, worst, largest);
        exit(1);
    }
}

static double *must_read(const char *path, int *count)
{
    double *numbers = adbench_numbers(path, count);
    if (numbers == NULL) {
        (void)fprintf(stderr, "adbench: %s is not there\n", path);
        exit(1);
    }
    return numbers;
}

/* ---- Gaussian mixture and LSTM: a gradient ---- */

typedef struct job {
    const char *name, *expected, *adolc;
    ad_tape *tape;
    ad_mark begin;
    adbench_gmm gmm;
    adbench_lstm lstm;
    double value, gradient[MAX_ENTRIES], primal;
} job;

static void gmm_primal(void *context)
{
    job *j = context;
    j->primal = primal_gmm(&j->gmm);
}

static void gmm_record(void *context)
{
    job *j = context;
    adbench_gmm *p = &j->gmm;
    ad_tape_rewind(j->tape, j->begin);
    ad_var x = ad_input_view(j->tape, AD_F64, AD_SHAPE(p->n, p->d), p->x);
    ad_var w[] = {ad_input_view(j->tape, AD_F64, AD_SHAPE(p->k), p->alphas),
                  ad_input_view(j->tape, AD_F64, AD_SHAPE(p->k, p->d), p->means),
                  ad_input_view(j->tape, AD_F64, AD_SHAPE(p->k, p->d * (p->d + 1) / 2), p->icf)};
    ad_var y = adbench_gmm_objective(p, w[0], w[1], w[2], x);
    j->value = ad_value(y);
    ad_grad_values(y, 3, w, j->gradient);
}

static void lstm_primal(void *context)
{
    job *j = context;
    j->primal = primal_lstm(&j->lstm);
}

static void lstm_record(void *context)
{
    job *j = context;
    adbench_lstm *p = &j->lstm;
    ad_var w[MAX_ENTRIES];
    int mains = 8 * p->layers * p->bits, count = mains + 3 * p->bits;
    ad_tape_rewind(j->tape, j->begin);
    for (int i = 0; i < count; i++) {
        w[i] = ad_input(j->tape, p->main[i]);
    }
    ad_var y = adbench_lstm_objective(p, w, w + mains);
    j->value = ad_value(y);
    ad_grad_values(y, count, w, j->gradient);
}

static void measure(job *j, void (*record)(void *), void (*primal)(void *))
{
    int count;
    double *want = must_read(j->expected, &count);
    j->tape = ad_tape_new();
    j->begin = ad_tape_mark(j->tape);
    record(j);
    primal(j);
    must_be(j->name, 1, &j->value, want);
    must_be(j->name, 1, &j->primal, want);
    must_be(j->name, (int)want[1], j->gradient, want + 2);
    bench_case(j->name, 3,
               (bench_side[]){{"ours", .run = record, .context = j},
                              {"c_primal", .run = primal, .context = j},
                              {"adolc", .command = j->adolc}},
               NULL);
    ad_tape_free(j->tape);
    free(want);
}

/* ---- bundle adjustment: errors and Jacobians, one observation after the other ---- */

enum { ROW = 1 + ADBENCH_BA + 2 + 2 + 2 * ADBENCH_BA + 1, RESULTS = 3 };

typedef struct observation {
    double in[ADBENCH_BA + 2];
    double error[2], weight_error, jacobian[RESULTS][ADBENCH_BA];
} observation;

typedef struct observations {
    ad_tape *tape;
    ad_mark begin;
    observation *all;
} observations;

static void ba_primal(void *context)
{
    observations *o = context;
    for (int i = 0; i < OBSERVATIONS; i++) {
        observation *at = &o->all[i];
        double w = at->in[ADBENCH_BA - 1];
        primal_ba(at->in, at->error);
        at->weight_error = 1 - w * w;
    }
}

static void ba_record(void *context)
{
    observations *o = context;
    for (int i = 0; i < OBSERVATIONS; i++) {
        observation *at = &o->all[i];
        ad_var x[ADBENCH_BA], y[RESULTS], feature[2];
        ad_tape_rewind(o->tape, o->begin);
        for (int k = 0; k < ADBENCH_BA; k++) {
            x[k] = ad_input(o->tape, at->in[k]);
        }
        for (int k = 0; k < 2; k++) {
            feature[k] = ad_literal(at->in[ADBENCH_BA + k]);
        }
        adbench_ba_error(x, x + ADBENCH_CAM, x[ADBENCH_BA - 1], feature, y);
        y[2] = ad_sub(1, ad_square(x[ADBENCH_BA - 1]));
        at->error[0] = ad_value(y[0]);
        at->error[1] = ad_value(y[1]);
        at->weight_error = ad_value(y[2]);
        ad_jacobian_values(RESULTS, y, ADBENCH_BA, x, at->jacobian[0]);
    }
}

static void measure_ba(void)
{
    int count;
    double *numbers = must_read(DATA "ba1v.expected.txt", &count);
    const double *rows = numbers + 4;
    int listed = (count - 4) / ROW;
    observations o = {.tape = ad_tape_new(), .all = calloc(OBSERVATIONS, sizeof *o.all)};
    if (o.all == NULL || listed == 0) {
        exit(1);
    }
    o.begin = ad_tape_mark(o.tape);
    for (int i = 0; i < OBSERVATIONS; i++) { /* those listed, in turn */
        memcpy(o.all[i].in, rows + i % listed * ROW + 1, sizeof o.all[i].in);
    }
    ba_record(&o);
    for (int i = 0; i < OBSERVATIONS; i++) {
        const double *want = rows + i % listed * ROW + 1 + ADBENCH_BA + 2;
        double recorded[2] = {o.all[i].error[0], o.all[i].error[1]};
        must_be("ba.record", 2, recorded, want);
        must_be("ba.record", 2 * ADBENCH_BA, o.all[i].jacobian[0], want + 2);
        primal_ba(o.all[i].in, o.all[i].error);
        must_be("ba primal", 2, o.all[i].error, want);
    }
    bench_case("ba.record", 3,
               (bench_side[]){{"ours", .run = ba_record, .context = &o},
                              {"c_primal", .run = ba_primal, .context = &o},
                              {"adolc", .command = ADOLC("ba")}},
               NULL);
    ad_tape_free(o.tape);
    free(o.all);
    free(numbers);
}

int main(void)
{
    static job gmm = {"gmm.record", DATA "gmm_d10_K25.expected.txt", ADOLC("gmm"), .value = 0};
    static job lstm = {"lstm.record", DATA "lstm_l2_c1024.expected.txt", ADOLC("lstm"), .value = 0};
    bench_start();
    if (!adbench_gmm_read(DATA "gmm_d10_K25.txt", &gmm.gmm) ||
        !adbench_lstm_read(DATA "lstm_l2_c1024.txt", &lstm.lstm)) {
        (void)fputs("adbench: the inputs are not there\n", stderr);
        return 1;
    }
    measure(&gmm, gmm_record, gmm_primal);
    measure_ba();
    measure(&lstm, lstm_record, lstm_primal);
    free(gmm.gmm.numbers);
    free(lstm.lstm.numbers);
    return bench_finish();
}
