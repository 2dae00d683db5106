/* SPDX-License-Identifier: MIT */
/* Record once, run many: a damped oscillation fitted to 400 measurements by Gauss and Newton.
 *
 *   r_i(p) = p_0 exp(-p_1 t_i) cos(p_2 t_i) - y_i        C(p) = sum_i r_i^2 / 2
 *
 *   J_ij = dr_i/dp_j        (J^T J) d = -J^T r        p <- p + d
 *
 * The residual is recorded for one measurement, with scalars, and compiled to run over all of them
 * at once (ad_map); its row of J is recorded with it. The cost of all measurements and its gradient
 * are recorded with tensors and compiled to one function (ad_fn), which is written as C, too.
 *
 * usage: 10_compiled [FOLDER]     a folder for oscillation.c: the cost and its gradient in C99 */
#include <wengert/autodiff.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { N = 400, P = 3 };

static const double truth[P] = {2, 0.3, 3};

static ad_var residual(const ad_var p[P], ad_var t, ad_var y)
{
    ad_var envelope = ad_mul(p[0], ad_exp(ad_neg(ad_mul(p[1], t))));
    return ad_sub(ad_mul(envelope, ad_cos(ad_mul(p[2], t))), y);
}

static void measure(double *t, double *y)
{
    ad_rng rng = {.seed = 1};
    for (int i = 0; i < N; i++) {
        t[i] = 0.02 * i;
        y[i] = truth[0] * exp(-truth[1] * t[i]) * cos(truth[2] * t[i]);
        y[i] += 0.01 * ad_rng_normal(&rng);
    }
}

/* r and its gradient by p, for one (p, t, y): a function of five numbers, whatever they are now. */
static ad_map *compile_residual(ad_tape *tape)
{
    ad_var in[P + 2], out[1 + P];
    for (int i = 0; i < P + 2; i++) {
        in[i] = ad_input(tape, 1);
    }
    out[0] = residual(in, in[P], in[P + 1]);
    ad_grad(out[0], P, in, out + 1);
    return ad_map_new(tape, P + 2, in, 1 + P, out, NULL);
}

/* C and its gradient by p; the measurements are views. */
static ad_fn *compile_cost(ad_tape *tape, double *t, double *y)
{
    ad_var p[P], out[1 + P];
    for (int i = 0; i < P; i++) {
        p[i] = ad_input(tape, 1);
    }
    ad_var r = residual(p, ad_input_view(tape, AD_F64, AD_SHAPE(N), t),
                        ad_input_view(tape, AD_F64, AD_SHAPE(N), y));
    out[0] = ad_div(ad_sum(ad_square(r), AD_ALL), 2);
    ad_grad(out[0], P, p, out + 1);
    return ad_fn_new(tape, P, p, 1 + P, out);
}

/* p + d, the linear equations solved on a tape that serves as a calculator. */
static void move(ad_tape *tape, const double *r, const double *columns, double *p)
{
    double d[P] = {0, 0, 0};
    ad_mark here = ad_tape_mark(tape);
    ad_var jt = ad_constant(tape, AD_F64, AD_SHAPE(P, N), columns);
    ad_var right = ad_matmul(jt, ad_constant(tape, AD_F64, AD_SHAPE(N), r));
    ad_read(ad_solve(ad_matmul_with(jt, jt, 0, 1), right), P, d);
    ad_tape_rewind(tape, here);
    for (int j = 0; j < P; j++) {
        p[j] -= d[j];
    }
}

int main(int argc, char **argv)
{
    static double t[N], y[N], r[N], columns[P][N];
    double p[P] = {1.5, 0.5, 2.9}, c[1 + P];
    measure(t, y);
    ad_tape *tape = ad_tape_new();
    ad_map *rows = compile_residual(tape);
    ad_fn *cost = compile_cost(tape, t, y);
    if (rows == NULL || cost == NULL) {
        (void)fprintf(stderr, "%s\n", ad_tape_message(tape));
        return 1;
    }
    for (int step = 0; step < 8; step++) {
        const ad_column in[] = {{&p[0], 0}, {&p[1], 0}, {&p[2], 0}, {t, 1}, {y, 1}};
        const ad_target out[] = {{r, 1}, {columns[0], 1}, {columns[1], 1}, {columns[2], 1}};
        ad_map_run(rows, N, in, out);
        ad_fn_eval(cost, p, c);
        printf("step %d  C = %.6f  |dC/dp| = %.1e  p = %.4f %.4f %.4f\n", step, c[0],
               sqrt(c[1] * c[1] + c[2] * c[2] + c[3] * c[3]), p[0], p[1], p[2]);
        move(tape, r, columns[0], p);
    }
    printf("a call of the cost: %zu bytes of workspace\n", ad_fn_workspace_bytes(cost));
    int failed = ad_tape_status(tape) != AD_OK;
    if (argc > 1) {
        char path[1024];
        (void)snprintf(path, sizeof path, "%s/oscillation.c", argv[1]);
        failed |= ad_fn_emit_c(cost, path, "oscillation") != AD_OK;
        puts(failed ? ad_fn_message(cost) : path);
    }
    ad_fn_free(cost);
    ad_map_free(rows);
    ad_tape_free(tape);
    return failed;
}
