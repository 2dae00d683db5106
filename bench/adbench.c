/* SPDX-License-Identifier: MIT */
/* ADBench's Gaussian mixture (d = 10, K = 25, 1,000 points) and LSTM (2 layers, 1,024 characters):
 * value and gradient, beside the value alone in plain C.
 *
 *   gmm.record, lstm.record    recorded and swept back each time
 *   gmm.fn, lstm.fn            recorded once
 *
 * Baselines: c_primal (common/primal.c); adolc. What is computed is held against ADBench's own
 * results. */
#include "bench.h"
#include "profile.h"
#include "expected.h"
#include "primal.h"

#include <stdio.h>
#include <stdlib.h>

#define DATA "tests/reference/adbench/"
#define ADOLC(what) "$WENGERT_BUILD/bench/peers/adbench_adolc " what

enum { MAX_ENTRIES = 2048, MAX_VARS = 3 };

/* One of the two functions; its parameters lie one after the other. */
typedef struct job {
    adbench_gmm gmm;
    adbench_lstm lstm;
    ad_tape *tape;
    ad_mark begin;
    ad_fn *fn;
    int vars;                    /* variables that hold the parameters */
    double *w;                   /* the parameters */
    double out[1 + MAX_ENTRIES]; /* value and gradient */
    double primal;
} job;

/* Records the value: in receives the parameters. */
typedef ad_var recorder(const job *j, ad_tape *tape, ad_var in[MAX_VARS]);

static ad_var record_gmm(const job *j, ad_tape *tape, ad_var in[MAX_VARS])
{
    const adbench_gmm *p = &j->gmm;
    in[0] = ad_input_view(tape, AD_F64, AD_SHAPE(p->k), p->alphas);
    in[1] = ad_input_view(tape, AD_F64, AD_SHAPE(p->k, p->d), p->means);
    in[2] = ad_input_view(tape, AD_F64, AD_SHAPE(p->k, p->d * (p->d + 1) / 2), p->icf);
    ad_var x = ad_constant(tape, AD_F64, AD_SHAPE(p->n, p->d), p->x);
    return adbench_gmm_objective(p, in[0], in[1], in[2], x);
}

static ad_var record_lstm(const job *j, ad_tape *tape, ad_var in[MAX_VARS])
{
    const adbench_lstm *p = &j->lstm;
    in[0] = ad_input_view(tape, AD_F64, AD_SHAPE(p->layers, 8, p->bits), p->main);
    in[1] = ad_input_view(tape, AD_F64, AD_SHAPE(3, p->bits), p->extra);
    return adbench_lstm_objective(p, in[0], in[1]);
}

static void run_record(job *j, recorder *record)
{
    ad_var in[MAX_VARS];
    ad_tape_rewind(j->tape, j->begin);
    ad_var y = record(j, j->tape, in);
    j->out[0] = ad_value(y);
    ad_grad_values(y, j->vars, in, j->out + 1);
}

static void gmm(void *context)
{
    run_record(context, record_gmm);
}

static void lstm(void *context)
{
    run_record(context, record_lstm);
}

static void run_fn(void *context)
{
    job *j = context;
    ad_fn_eval(j->fn, j->w, j->out);
}

static void primal_of_gmm(void *context)
{
    job *j = context;
    j->primal = primal_gmm(&j->gmm);
}

static void primal_of_lstm(void *context)
{
    job *j = context;
    j->primal = primal_lstm(&j->lstm);
}

static ad_fn *compile(const job *j, recorder *record)
{
    ad_var in[MAX_VARS], out[1 + MAX_VARS];
    ad_tape *tape = ad_tape_new();
    out[0] = record(j, tape, in);
    ad_grad(out[0], j->vars, in, out + 1);
    ad_fn *fn = bench_compiled(tape, j->vars, in, 1 + j->vars, out);
    ad_tape_free(tape);
    return fn;
}

/* A function, and the sides of its two cases. */
typedef struct function {
    const char *record_name, *fn_name, *expected;
    recorder *record;
    void (*run)(void *), (*primal)(void *);
    const char *adolc_record, *adolc_replay;
} function;

static void measure(job *j, const function *f)
{
    int count;
    double *want = must_read(f->expected, &count);
    j->tape = ad_tape_new();
    j->begin = ad_tape_mark(j->tape);
    j->fn = compile(j, f->record);
    if (j->fn == NULL) {
        (void)fprintf(stderr, "%s: not compiled\n", f->fn_name);
        exit(1);
    }
    f->primal(j);
    must_be("primal", 1, &j->primal, want, 1e-10);
    const char *names[] = {f->record_name, f->fn_name};
    const char *adolc[] = {f->adolc_record, f->adolc_replay};
    void (*const runs[])(void *) = {f->run, run_fn};
    for (int i = 0; i < 2; i++) {
        runs[i](j);
        must_be(names[i], 1, j->out, want, 1e-10);
        must_be(names[i], (int)want[1], j->out + 1, want + 2, 1e-10);
        if (i == 1) {
            bench_profile_eval(names[i], j->fn, j->w, j->out);
        }
        bench_case(names[i], 3,
                   (bench_side[]){{"ours", .run = runs[i], .context = j},
                                  {"c_primal", .run = f->primal, .context = j},
                                  {"adolc", .command = adolc[i]}},
                   NULL);
    }
    ad_fn_free(j->fn);
    ad_tape_free(j->tape);
    free(want);
}

int main(void)
{
    static const function functions[] = {
        {"gmm.record", "gmm.fn", DATA "gmm_d10_K25.expected.txt", record_gmm, gmm, primal_of_gmm,
         ADOLC("gmm record"), ADOLC("gmm replay")},
        {"lstm.record", "lstm.fn", DATA "lstm_l2_c1024.expected.txt", record_lstm, lstm,
         primal_of_lstm, ADOLC("lstm record"), ADOLC("lstm replay")},
    };
    static job j;
    bench_start();
    if (!adbench_gmm_read(DATA "gmm_d10_K25.txt", &j.gmm) ||
        !adbench_lstm_read(DATA "lstm_l2_c1024.txt", &j.lstm)) {
        (void)fputs("adbench: the inputs are not there\n", stderr);
        return 1;
    }
    j.vars = 3;
    j.w = j.gmm.alphas;
    measure(&j, &functions[0]);
    j.vars = 2;
    j.w = j.lstm.main;
    measure(&j, &functions[1]);
    free(j.gmm.numbers);
    free(j.lstm.numbers);
    return bench_finish();
}
