/* SPDX-License-Identifier: MIT */
/* The functions of ADBench against what its hand-written derivatives give, to 1e-10 of the largest
 * entry. */
#include "adbench/adbench.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

#define DATA "tests/reference/adbench/"
enum { MAX_ENTRIES = 2048 };
static const double tolerance = 1e-10;

/* Compares count numbers, in units of the largest. */
static void expect(const char *what, int count, const double *got, const double *want)
{
    double largest = 0;
    for (int i = 0; i < count; i++) {
        largest = fmax(largest, fabs(want[i]));
    }
    for (int i = 0; i < count; i++) {
        cr_expect(fabs(got[i] - want[i]) <= tolerance * largest, "%s[%d]: %.17g, not %.17g", what,
                  i, got[i], want[i]);
    }
}

/* The same by a compiled function. */
static void expect_compiled(ad_var y, int count, const ad_var *x, const double *want)
{
    static double got[MAX_ENTRIES];
    double value;
    ad_var out[4] = {y};
    void *at[4] = {&value, got};
    ad_grad(y, count, x, out + 1);
    ad_fn *f = ad_fn_new(y.tape, 0, NULL, 1 + count, out);
    cr_assert(f != NULL, "%s", ad_tape_message(y.tape));
    for (int i = 1; i < count; i++) {
        at[i + 1] = (double *)at[i] + ad_count(x[i - 1]);
    }
    cr_assert(ad_fn_run(f, NULL, at) == AD_OK, "%s", ad_fn_message(f));
    expect("compiled objective", 1, &value, want);
    expect("compiled gradient", (int)want[1], got, want + 2);
    ad_fn_free(f);
}

/* An objective and its gradient against a file: objective, n, then n entries. */
static void expect_file(const char *path, ad_var y, int count, const ad_var *x)
{
    static double got[MAX_ENTRIES];
    int numbers;
    double *want = adbench_numbers(path, &numbers), value = ad_value(y);
    cr_assert(want != NULL && numbers == 2 + (int)want[1] && want[1] <= MAX_ENTRIES);
    cr_assert(ad_grad_values(y, count, x, got) == AD_OK, "%s", ad_tape_message(y.tape));
    expect("objective", 1, &value, want);
    expect("gradient", (int)want[1], got, want + 2);
    expect_compiled(y, count, x, want);
    free(want);
}

static void check_gmm(const char *path, const char *expected)
{
    adbench_gmm p;
    cr_assert(adbench_gmm_read(path, &p));
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input_view(tape, AD_F64, AD_SHAPE(p.n, p.d), p.x);
    ad_var w[] = {ad_input_view(tape, AD_F64, AD_SHAPE(p.k), p.alphas),
                  ad_input_view(tape, AD_F64, AD_SHAPE(p.k, p.d), p.means),
                  ad_input_view(tape, AD_F64, AD_SHAPE(p.k, p.d * (p.d + 1) / 2), p.icf)};
    expect_file(expected, adbench_gmm_objective(&p, w[0], w[1], w[2], x), 3, w);
    ad_tape_free(tape);
    free(p.numbers);
}

Test(adbench, gaussian_mixtures)
{
    check_gmm(DATA "gmm_d2_K5.txt", DATA "gmm_d2_K5.expected.txt");
    check_gmm(DATA "gmm_d10_K25.txt", DATA "gmm_d10_K25.expected.txt");
}

Test(adbench, lstm)
{
    adbench_lstm p;
    cr_assert(adbench_lstm_read(DATA "lstm_l2_c1024.txt", &p));
    ad_tape *tape = ad_tape_new();
    ad_var w[] = {ad_input_view(tape, AD_F64, AD_SHAPE(p.layers, 8, p.bits), p.main),
                  ad_input_view(tape, AD_F64, AD_SHAPE(3, p.bits), p.extra)};
    expect_file(DATA "lstm_l2_c1024.expected.txt", adbench_lstm_objective(&p, w[0], w[1]), 2, w);
    ad_tape_free(tape);
    free(p.numbers);
}

/* An observation: its number, 17 numbers, of which the last two are the feature, the error, two
 * rows of the Jacobian, and d(1 - w^2)/dw. */
static void check_observation(const double *row)
{
    const double *in = row + 1, *error = in + ADBENCH_BA + 2, *rows = error + 2;
    ad_tape *tape = ad_tape_new();
    ad_var x[ADBENCH_BA + 2], y[3];
    double got[3][ADBENCH_BA];
    for (int i = 0; i < ADBENCH_BA + 2; i++) {
        x[i] = ad_input(tape, in[i]);
    }
    ad_var w = x[ADBENCH_CAM + 3];
    adbench_ba_error(x, x + ADBENCH_CAM, w, x + ADBENCH_BA, y);
    y[2] = ad_sub(1, ad_square(w));
    cr_assert(ad_jacobian_values(3, y, ADBENCH_BA, x, got[0]) == AD_OK);
    expect("error", 2, (double[]){ad_value(y[0]), ad_value(y[1])}, error);
    expect("row 0", ADBENCH_BA, got[0], rows);
    expect("row 1", ADBENCH_BA, got[1], rows + ADBENCH_BA);
    expect("weight", 1, &got[2][ADBENCH_BA - 1], rows + 2 * ADBENCH_BA);
    ad_tape_free(tape);
}

enum { SUMS = 3, ROW = 1 + ADBENCH_BA + 2 + 2 + 2 * ADBENCH_BA + 1 };

/* The same of all observations in lanes, which read the numbers where they lie. */
static void check_lanes(const double *rows, int count)
{
    enum { IN = ADBENCH_BA + 2, OUT = 2 + 2 * ADBENCH_BA + 1, WEIGHT = ADBENCH_BA - 1 };
    ad_var x[IN], y[2], out[OUT], one = ad_literal(1);
    ad_column in[IN];
    ad_target to[OUT];
    double *got = malloc((size_t)count * OUT * sizeof *got);
    ad_tape *tape = ad_tape_new();
    for (int i = 0; i < IN; i++) {
        x[i] = ad_input(tape, rows[1 + i]);
        in[i] = (ad_column){rows + 1 + i, ROW};
    }
    adbench_ba_error(x, x + ADBENCH_CAM, x[WEIGHT], x + ADBENCH_BA, y);
    for (int k = 0; k < 2; k++) {
        out[k] = y[k];
        ad_vjp(1, &y[k], ADBENCH_BA, x, &one, out + 2 + k * ADBENCH_BA);
    }
    ad_grad(ad_sub(1, ad_square(x[WEIGHT])), 1, &x[WEIGHT], &out[OUT - 1]);
    for (int k = 0; k < OUT; k++) {
        to[k] = (ad_target){got + k, OUT};
    }
    ad_map *m = ad_map_new(tape, IN, x, OUT, out, NULL);
    cr_assert(m != NULL, "%s", ad_tape_message(tape));
    ad_map_run(m, (size_t)count, in, to);
    for (int i = 0; i < count; i++) {
        const double *own = got + i * OUT, *want = rows + i * ROW + 1 + IN;
        expect("error in lanes", 2, own, want);
        expect("row 0 in lanes", ADBENCH_BA, own + 2, want + 2);
        expect("row 1 in lanes", ADBENCH_BA, own + 2 + ADBENCH_BA, want + 2 + ADBENCH_BA);
        expect("weight in lanes", 1, own + OUT - 1, want + OUT - 1);
    }
    ad_map_free(m);
    ad_tape_free(tape);
    free(got);
}

Test(adbench, bundle_adjustment)
{
    int count;
    double *numbers = adbench_numbers(DATA "ba1v.expected.txt", &count);
    cr_assert(numbers != NULL && count > SUMS + 1);
    int listed = (int)numbers[SUMS];
    cr_assert(listed == 200 && count == SUMS + 1 + listed * ROW);
    for (int i = 0; i < listed; i++) {
        check_observation(numbers + SUMS + 1 + i * ROW);
    }
    check_lanes(numbers + SUMS + 1, listed);
    free(numbers);
}
