/* SPDX-License-Identifier: MIT */
/* Programs of scalars in loops with plain numbers in every term, no two of them alike: value and
 * gradient by all inputs, recorded and swept back each time (common/scalar_programs.h).
 *
 *   scalar.nbody       the potential energy of 64 bodies, by their positions
 *   scalar.lotka       1,000 steps of Runge-Kutta, each of its own length, by 4 rates and 2 states
 *   scalar.heston      a call's price from 10 paths of 252 days, by the model's 5 parameters
 *   scalar.logistic    the loss of 1,000 rows of 20 features, by weights and bias
 *   scalar.ba          the cost of 300 observations, by cameras, points and weights
 *   scalar.heat        10 explicit steps on a grid of 32 x 32, by the first field
 *   scalar.lstm        16 units, 10 steps, by weights and first state
 *
 * Baselines: c_primal, the value alone in plain C; adolc. A line tells what an operation of the
 * program takes to record, and to sweep back in ad_grad_values, in time of the process: medians,
 * and the least. BENCH_REPORT gets it too. */
#include "adbench/adbench.h"
#include "bench.h"
#include "expected.h"
#include "scalar_programs.h"

#include <wengert/autodiff.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROUNDS = 101 };

/* ---- the programs */

static ad_var nbody(const double *mass, const ad_var *x)
{
    ad_var energy = ad_literal(0);
    for (size_t i = 0; i < BODIES; i++) {
        for (size_t j = 0; j < i; j++) {
            ad_var r2 = ad_literal(0.01);
            for (size_t k = 0; k < 3; k++) {
                r2 = ad_add(r2, ad_square(ad_sub(x[3 * i + k], x[3 * j + k])));
            }
            energy = ad_sub(energy, ad_div(mass[i] * mass[j], ad_sqrt(r2)));
        }
    }
    return energy;
}

static void lotka_slope(const ad_var *abcd, const ad_var z[2], ad_var slope[2])
{
    slope[0] = ad_sub(ad_mul(abcd[0], z[0]), ad_mul(ad_mul(abcd[1], z[0]), z[1]));
    slope[1] = ad_sub(ad_mul(ad_mul(abcd[2], z[0]), z[1]), ad_mul(abcd[3], z[1]));
}

/* to = z + h slope */
static void move(const ad_var z[2], double h, const ad_var slope[2], ad_var to[2])
{
    for (int k = 0; k < 2; k++) {
        to[k] = ad_add(z[k], ad_mul(h, slope[k]));
    }
}

static ad_var lotka(const double *step, const ad_var *x)
{
    ad_var z[2] = {x[4], x[5]}, at[2], k1[2], k2[2], k3[2], k4[2], slope[2];
    for (int i = 0; i < LOTKA_STEPS; i++) {
        double h = step[i];
        lotka_slope(x, z, k1);
        move(z, 0.5 * h, k1, at);
        lotka_slope(x, at, k2);
        move(z, 0.5 * h, k2, at);
        lotka_slope(x, at, k3);
        move(z, h, k3, at);
        lotka_slope(x, at, k4);
        for (int k = 0; k < 2; k++) {
            ad_var middle = ad_add(ad_mul(2, k2[k]), ad_mul(2, k3[k]));
            slope[k] = ad_add(ad_add(k1[k], middle), k4[k]);
        }
        move(z, h / 6, slope, z);
    }
    return ad_add(z[0], z[1]);
}

static ad_var heston(const double *draw, const ad_var *x)
{
    const double dt = 1.0 / DAYS, rate = 0.02, strike = 0.9;
    ad_var pay = ad_literal(0), other = ad_sqrt(ad_sub(1, ad_square(x[3])));
    for (int path = 0; path < PATHS; path++) {
        ad_var price = ad_literal(0), variance = x[4];
        for (int day = 0; day < DAYS; day++, draw += 2) {
            ad_var v = ad_maximum(variance, 0), root = ad_sqrt(ad_mul(v, dt));
            ad_var drift = ad_mul(ad_sub(rate, ad_mul(0.5, v)), dt);
            ad_var pull = ad_mul(ad_mul(x[0], ad_sub(x[1], v)), dt);
            ad_var shock = ad_add(ad_mul(x[3], draw[0]), ad_mul(other, draw[1]));
            price = ad_add(price, ad_add(drift, ad_mul(root, draw[0])));
            variance = ad_add(variance, ad_add(pull, ad_mul(ad_mul(x[2], root), shock)));
        }
        pay = ad_add(pay, ad_maximum(ad_sub(ad_exp(price), strike), 0));
    }
    return ad_mul(pay, exp(-rate) / PATHS);
}

static ad_var logistic(const double *row, const ad_var *x)
{
    const double *label = row + (size_t)ROWS * FEATURES;
    ad_var loss = ad_literal(0);
    for (int i = 0; i < ROWS; i++, row += FEATURES) {
        ad_var z = x[FEATURES];
        for (int k = 0; k < FEATURES; k++) {
            z = ad_add(z, ad_mul(x[k], row[k]));
        }
        loss = ad_add(loss, ad_log(ad_add(1, ad_exp(ad_mul(-label[i], z)))));
    }
    return loss;
}

static ad_var ba(const double *feature, const ad_var *x)
{
    const ad_var *point = x + (size_t)CAMERAS * CAMERA, *weight = point + (size_t)3 * POINTS;
    ad_var cost = ad_literal(0);
    for (int i = 0; i < SIGHTINGS; i++, feature += 2) {
        ad_var at[2] = {ad_literal(feature[0]), ad_literal(feature[1])}, error[2];
        const ad_var *camera = x + (ptrdiff_t)CAMERA * camera_of(i);
        adbench_ba_error(camera, point + (ptrdiff_t)3 * point_of(i), weight[i], at, error);
        cost = ad_add(cost, ad_add(ad_square(error[0]), ad_square(error[1])));
    }
    return cost;
}

static ad_var heat(const double *source, const ad_var *x)
{
    const double *wanted = source + CELLS;
    ad_var u[2][CELLS], cost = ad_literal(0);
    memcpy(u[0], x, sizeof u[0]);
    memcpy(u[1], x, sizeof u[1]);
    for (int step = 0; step < HEAT_STEPS; step++) {
        const ad_var *old = u[step % 2];
        ad_var *next = u[1 - step % 2];
        for (int row = 1; row < GRID - 1; row++) {
            for (int i = row * GRID + 1; i < row * GRID + GRID - 1; i++) {
                ad_var across = ad_add(old[i - 1], old[i + 1]);
                ad_var around = ad_add(ad_add(old[i - GRID], old[i + GRID]), across);
                ad_var flow = ad_mul(0.2, ad_sub(around, ad_mul(4, old[i])));
                next[i] = ad_add(ad_add(old[i], flow), source[i]);
            }
        }
    }
    for (int i = 0; i < CELLS; i++) {
        cost = ad_add(cost, ad_square(ad_sub(u[HEAT_STEPS % 2][i], wanted[i])));
    }
    return cost;
}

static ad_var lstm(const double *step, const ad_var *x)
{
    ad_var hidden[UNITS], cell[UNITS], gate[GATES * UNITS], cost = ad_literal(0);
    memcpy(hidden, x + LSTM_WEIGHTS, sizeof hidden);
    memcpy(cell, x + LSTM_WEIGHTS + UNITS, sizeof cell);
    for (int t = 0; t < LSTM_STEPS; t++, step += UNITS) {
        const ad_var *w = x;
        for (int i = 0; i < GATES * UNITS; i++) {
            gate[i] = *w++;
            for (int k = 0; k < UNITS; k++) {
                gate[i] = ad_add(gate[i], ad_mul(w[k], step[k]));
                gate[i] = ad_add(gate[i], ad_mul(w[UNITS + k], hidden[k]));
            }
            w += (ptrdiff_t)2 * UNITS;
        }
        for (int u = 0; u < UNITS; u++) {
            const ad_var *in = gate + UNITS + u, *out = in + (ptrdiff_t)2 * UNITS;
            ad_var kept = ad_mul(ad_sigmoid(gate[u]), cell[u]);
            cell[u] = ad_add(kept, ad_mul(ad_sigmoid(*in), ad_tanh(in[UNITS])));
            hidden[u] = ad_mul(ad_sigmoid(*out), ad_tanh(cell[u]));
        }
    }
    for (int u = 0; u < UNITS; u++) {
        cost = ad_add(cost, ad_square(ad_sub(hidden[u], step[u])));
    }
    return cost;
}

/* In the order of scalar_programs; operations: the calls of ad_ functions. */
static const struct recorded {
    ad_var (*record)(const double *numbers, const ad_var *x);
    int operations;
} recorded[SCALAR_PROGRAMS] = {
    {nbody, BODIES *(BODIES - 1) / 2 * 12},
    {lotka, 58 * LOTKA_STEPS + 1},
    {heston, PATHS *(DAYS * 19 + 4) + 4},
    {logistic, ROWS *(2 * FEATURES + 5)},
    {ba, SIGHTINGS * 71},
    {heat, HEAT_STEPS *(GRID - 2) * (GRID - 2) * 8 + 3 * CELLS},
    {lstm, LSTM_STEPS *UNITS *(GATES * 4 * UNITS + 9) + 3 * UNITS},
};

/* ---- cases */

typedef struct job {
    const scalar_program *program;
    const struct recorded *ours;
    ad_tape *tape;
    ad_mark begin;
    double *numbers, *point, *gradient, *differences;
    ad_var *x, y;
    double primal;
} job;

static void record(job *j)
{
    ad_tape_rewind(j->tape, j->begin);
    for (int k = 0; k < j->program->inputs; k++) {
        j->x[k] = ad_input(j->tape, j->point[k]);
    }
    j->y = j->ours->record(j->numbers, j->x);
}

static void sweep(job *j)
{
    ad_grad_values(j->y, j->program->inputs, j->x, j->gradient);
}

static void run(void *context)
{
    record(context);
    sweep(context);
}

static void primal(void *context)
{
    job *j = context;
    j->primal = j->program->value(j->numbers, j->point);
}

/* Value and gradient are those of the plain program, and of its central differences. */
static void check(job *j)
{
    run(j);
    primal(j);
    double value = ad_value(j->y);
    must_be(j->program->name, 1, &value, &j->primal, 1e-10);
    for (int k = 0; k < j->program->inputs; k++) {
        double x = j->point[k], h = 1e-5 * fmax(1, fabs(x));
        j->point[k] = x + h;
        double above = j->program->value(j->numbers, j->point);
        j->point[k] = x - h;
        double below = j->program->value(j->numbers, j->point);
        j->point[k] = x;
        j->differences[k] = (above - below) / (2 * h);
    }
    must_be(j->program->name, j->program->inputs, j->gradient, j->differences, 1e-6);
}

static double process_us(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return 1e6 * (double)t.tv_sec + 1e-3 * (double)t.tv_nsec;
}

/* The line of what an operation takes, also into the report. */
static void tell_parts(job *j, const char *name)
{
    double recording[ROUNDS], sweeping[ROUNDS], operations = j->ours->operations;
    char line[200];
    for (int i = 0; i < ROUNDS; i++) {
        double begin = process_us();
        record(j);
        double between = process_us();
        sweep(j);
        recording[i] = between - begin;
        sweeping[i] = process_us() - between;
    }
    double records = bench_median(ROUNDS, recording), sweeps = bench_median(ROUNDS, sweeping);
    double ns = 1e3 / operations; /* sorted now: [0] is the least */
    (void)snprintf(line, sizeof line,
                   "%.0f operations: record %.2f ns each (least %.2f), ad_grad_values %.2f (%.2f)",
                   operations, ns * records, ns * recording[0], ns * sweeps, ns * sweeping[0]);
    printf("  %s\n", line);
    const char *path = getenv("BENCH_REPORT");
    FILE *out = path != NULL ? fopen(path, "a") : NULL;
    if (out != NULL) {
        (void)fprintf(out, "%s: %s\n\n", name, line);
        (void)fclose(out);
    }
}

static int measure(const scalar_program *program, const struct recorded *ours)
{
    size_t inputs = (size_t)program->inputs;
    job j = {.program = program, .ours = ours, .tape = ad_tape_new()};
    char name[64], command[128];
    j.begin = ad_tape_mark(j.tape);
    j.numbers = calloc((size_t)program->numbers, sizeof *j.numbers);
    j.point = calloc(3 * inputs, sizeof *j.point);
    j.x = calloc(inputs, sizeof *j.x);
    int ok = j.numbers != NULL && j.point != NULL && j.x != NULL;
    if (ok) {
        j.gradient = j.point + inputs;
        j.differences = j.gradient + inputs;
        program->fill(j.numbers, j.point);
        check(&j);
        (void)snprintf(name, sizeof name, "scalar.%s", program->name);
        (void)snprintf(command, sizeof command, "$WENGERT_BUILD/bench/peers/scalars_adolc %s",
                       program->name);
        bench_case(name, 3,
                   (bench_side[]){{"ours", .run = run, .context = &j},
                                  {"c_primal", .run = primal, .context = &j},
                                  {"adolc", .command = command}},
                   NULL);
        tell_parts(&j, name);
    }
    free(j.x);
    free(j.point);
    free(j.numbers);
    ad_tape_free(j.tape);
    return ok;
}

int main(void)
{
    bench_start();
    for (int i = 0; i < SCALAR_PROGRAMS; i++) {
        if (!measure(&scalar_programs[i], &recorded[i])) {
            return 1;
        }
    }
    return bench_finish();
}
