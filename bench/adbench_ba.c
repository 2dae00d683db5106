/* SPDX-License-Identifier: MIT */
/* ADBench's bundle adjustment: errors and Jacobians of 31,843 observations, beside the errors alone
 * in plain C. The function is written for one observation; its arguments are vectors here, an
 * element an observation.
 *
 *   ba.record            recorded and swept back each time, 2,048 observations at once
 *   ba.record.scalars    recorded and swept back for each observation by itself
 *   ba.fn                one observation recorded once, and mapped over all of them
 *
 * Baselines: c_primal (common/primal.c); adolc. What is computed is held against ADBench's own
 * results. */
#include "bench.h"
#include "profile.h"
#include "expected.h"
#include "primal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DATA "tests/reference/adbench/ba1v.expected.txt"
#define ADOLC(what) "$WENGERT_BUILD/bench/peers/adbench_adolc ba " what

enum { OBSERVATIONS = 31843, AT_ONCE = 2048, IN = ADBENCH_BA + 2, WEIGHT = ADBENCH_BA - 1 };
enum { ERRORS = 3, OUT = ERRORS + 2 * ADBENCH_BA + 1 }; /* the third error is 1 - w^2 */
enum { ROW = 1 + IN + 2 + 2 * ADBENCH_BA + 1 };         /* numbers of an observation in DATA */

typedef struct job {
    ad_tape *tape;
    ad_mark begin;
    ad_map *map;
    double row[OBSERVATIONS][IN]; /* the input an observation after the other, */
    double in[IN][OBSERVATIONS];  /* and a variable after the other */
    double out[OUT][OBSERVATIONS];
    double primal[OBSERVATIONS][ERRORS];
} job;

static void primal(void *context)
{
    job *j = context;
    for (int i = 0; i < OBSERVATIONS; i++) {
        double w = j->row[i][WEIGHT];
        primal_ba(j->row[i], j->primal[i]);
        j->primal[i][2] = 1 - w * w;
    }
}

/* ---- ours */

static void errors(const ad_var in[IN], ad_var out[ERRORS])
{
    adbench_ba_error(in, in + ADBENCH_CAM, in[WEIGHT], in + ADBENCH_BA, out);
    out[2] = ad_sub(1, ad_square(in[WEIGHT]));
}

/* Records errors and derivatives of count observations from `first` on. */
static void record(job *j, ad_tape *tape, int first, int count, ad_var in[IN], ad_var out[OUT])
{
    const ad_var one = ad_literal(1);
    for (int k = 0; k < IN; k++) {
        in[k] = ad_input_view(tape, AD_F64, AD_SHAPE(count), j->in[k] + first);
    }
    errors(in, out);
    ad_vjp(1, &out[0], ADBENCH_BA, in, &one, out + ERRORS);
    ad_vjp(1, &out[1], ADBENCH_BA, in, &one, out + ERRORS + ADBENCH_BA);
    ad_vjp(1, &out[2], 1, &in[WEIGHT], &one, out + ERRORS + 2 * ADBENCH_BA);
}

static void run_record(void *context)
{
    job *j = context;
    ad_var in[IN], out[OUT];
    for (int first = 0; first < OBSERVATIONS; first += AT_ONCE) {
        int count = OBSERVATIONS - first < AT_ONCE ? OBSERVATIONS - first : AT_ONCE;
        ad_tape_rewind(j->tape, j->begin);
        record(j, j->tape, first, count, in, out);
        for (int k = 0; k < OUT; k++) {
            ad_read(out[k], (size_t)count, j->out[k] + first);
        }
    }
}

static void run_scalars(void *context)
{
    job *j = context;
    for (int i = 0; i < OBSERVATIONS; i++) {
        ad_var in[IN], out[ERRORS];
        double jacobian[ERRORS][ADBENCH_BA];
        ad_tape_rewind(j->tape, j->begin);
        for (int k = 0; k < IN; k++) {
            in[k] = ad_input(j->tape, j->row[i][k]);
        }
        errors(in, out);
        ad_jacobian_values(ERRORS, out, ADBENCH_BA, in, jacobian[0]);
        for (int k = 0; k < ERRORS; k++) {
            j->out[k][i] = ad_value(out[k]);
        }
        for (int k = 0; k < ADBENCH_BA; k++) {
            j->out[ERRORS + k][i] = jacobian[0][k];
            j->out[ERRORS + ADBENCH_BA + k][i] = jacobian[1][k];
        }
        j->out[OUT - 1][i] = jacobian[2][WEIGHT];
    }
}

static void run_fn(void *context)
{
    job *j = context;
    ad_column in[IN];
    ad_target out[OUT];
    for (int k = 0; k < IN; k++) {
        in[k] = (ad_column){j->in[k], 1};
    }
    for (int k = 0; k < OUT; k++) {
        out[k] = (ad_target){j->out[k], 1};
    }
    ad_map_run(j->map, OBSERVATIONS, in, out);
}

/* The errors of one observation and the rows of its Jacobian, for all of them at once. */
static ad_map *compile(const job *j)
{
    ad_var in[IN], out[OUT], one = ad_literal(1);
    ad_tape *tape = ad_tape_new();
    for (int k = 0; k < IN; k++) {
        in[k] = ad_input(tape, j->row[0][k]);
    }
    errors(in, out);
    ad_vjp(1, &out[0], ADBENCH_BA, in, &one, out + ERRORS);
    ad_vjp(1, &out[1], ADBENCH_BA, in, &one, out + ERRORS + ADBENCH_BA);
    ad_vjp(1, &out[2], 1, &in[WEIGHT], &one, out + ERRORS + 2 * ADBENCH_BA);
    ad_map *map = bench_compiled_map(tape, IN, in, OUT, out);
    ad_tape_free(tape);
    return map;
}

/* ---- cases */

static void check(const char *name, const job *j, const double *numbers, int listed)
{
    for (int i = 0; i < OBSERVATIONS; i++) {
        const double *want = numbers + i % listed * ROW + 1 + IN;
        double got[OUT];
        for (int k = 0; k < OUT; k++) {
            got[k] = j->out[k][i];
        }
        must_be(name, 2, got, want, 1e-10);
        must_be(name, ERRORS, got, j->primal[i], 1e-10);
        must_be(name, ADBENCH_BA, got + ERRORS, want + 2, 1e-10);
        must_be(name, ADBENCH_BA, got + ERRORS + ADBENCH_BA, want + 2 + ADBENCH_BA, 1e-10);
        must_be(name, 1, got + OUT - 1, want + 2 + 2 * ADBENCH_BA, 1e-10);
    }
}

int main(void)
{
    bench_start();
    int count;
    double *numbers = must_read(DATA, &count);
    const double *rows = numbers + 4;
    int listed = (count - 4) / ROW;
    job *j = calloc(1, sizeof *j);
    if (j == NULL || listed == 0) {
        return 1;
    }
    for (int i = 0; i < OBSERVATIONS; i++) { /* those listed, in turn */
        memcpy(j->row[i], rows + i % listed * ROW + 1, sizeof j->row[i]);
        for (int k = 0; k < IN; k++) {
            j->in[k][i] = j->row[i][k];
        }
    }
    j->tape = ad_tape_new();
    j->begin = ad_tape_mark(j->tape);
    j->map = compile(j);
    if (j->map == NULL) {
        (void)fputs("ba.fn: not compiled\n", stderr);
        return 1;
    }
    const struct {
        const char *name;
        void (*run)(void *);
        const char *adolc;
    } cases[] = {{"ba.record", run_record, ADOLC("record")},
                 {"ba.record.scalars", run_scalars, ADOLC("record")},
                 {"ba.fn", run_fn, ADOLC("replay")}};
    primal(j);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        memset(j->out, 0, sizeof j->out);
        cases[i].run(j);
        check(cases[i].name, j, rows, listed);
        bench_case(cases[i].name, 3,
                   (bench_side[]){{"ours", .run = cases[i].run, .context = j},
                                  {"c_primal", .run = primal, .context = j},
                                  {"adolc", .command = cases[i].adolc}},
                   NULL);
    }
    ad_map_free(j->map);
    ad_tape_free(j->tape);
    free(j);
    free(numbers);
    return bench_finish();
}
