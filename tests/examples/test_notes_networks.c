/* SPDX-License-Identifier: MIT */
/* The networks of the lecture notes, run again on tensors: the extended program and the activations
 * and gradients of twenty layers, from reference/notes.json. Tolerances are relative; matrix
 * products here and in NumPy sum in different orders. */
#include "close.h"
#include "reference/notes.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static void fill_normal(ad_mt19937 *numpy, size_t n, double scale, double *out)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = ad_mt19937_normal(numpy) * scale;
    }
}

/* ---- the extended program: x0^2 + 3 x0 x1 + x1^2 + 5 by ten hidden nodes */

enum { ROWS = 100, HIDDEN = 10 };

typedef struct quadratic {
    double x[ROWS][2], y[ROWS];
    double w1[2][HIDDEN], b1[HIDDEN], w2[HIDDEN], b2;
} quadratic;

/* np.random.seed(0); X = rand(100, 2); W1 = randn(2, 10); W2 = randn(10, 1); biases 0.01 */
static void quadratic_init(quadratic *q)
{
    ad_mt19937 numpy;
    ad_mt19937_init(&numpy, 0);
    for (int i = 0; i < ROWS; i++) {
        double x0 = q->x[i][0] = ad_mt19937_uniform(&numpy);
        double x1 = q->x[i][1] = ad_mt19937_uniform(&numpy);
        q->y[i] = x0 * x0 + 3 * x0 * x1 + x1 * x1 + 5;
    }
    fill_normal(&numpy, sizeof q->w1 / sizeof(double), 1, q->w1[0]);
    fill_normal(&numpy, HIDDEN, 1, q->w2);
    for (int j = 0; j < HIDDEN; j++) {
        q->b1[j] = 0.01;
    }
    q->b2 = 0.01;
}

static void descend_array(double *p, const double *gradient, int n, double eta)
{
    for (int i = 0; i < n; i++) {
        p[i] -= eta * gradient[i];
    }
}

/* One step down the sum of (a2 - y)^2 / 2 over the rows, times scale; returns the mean of
 * (a2 - y)^2 before it. */
static double quadratic_step(quadratic *q, ad_tape *tape, double scale, double eta)
{
    ad_mark start = ad_tape_mark(tape);
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(ROWS, 2), q->x);
    ad_var y = ad_input_array(tape, AD_F64, AD_SHAPE(ROWS), q->y);
    ad_var p[] = {ad_input_array(tape, AD_F64, AD_SHAPE(2, HIDDEN), q->w1),
                  ad_input_array(tape, AD_F64, AD_SHAPE(HIDDEN), q->b1),
                  ad_input_array(tape, AD_F64, AD_SHAPE(HIDDEN), q->w2), ad_input(tape, q->b2)};
    ad_var a1 = ad_sigmoid(ad_add(ad_matmul(x, p[0]), p[1]));
    ad_var a2 = ad_add(ad_matmul(a1, p[2]), p[3]);
    ad_var sum = ad_sum(ad_square(ad_sub(a2, y)), AD_ALL);

    double gradient[4 * HIDDEN + 1];
    ad_grad_values(ad_mul(sum, scale / 2), 4, p, gradient);
    descend_array(q->w1[0], gradient, 2 * HIDDEN, eta);
    descend_array(q->b1, gradient + 2 * HIDDEN, HIDDEN, eta);
    descend_array(q->w2, gradient + 3 * HIDDEN, HIDDEN, eta);
    descend_array(&q->b2, gradient + 4 * HIDDEN, 1, eta);
    double mse = ad_value(sum) / ROWS;
    ad_tape_rewind(tape, start);
    return mse;
}

/* The mean squared error after so many steps. */
static double quadratic_descend(quadratic *q, int steps, double scale, double eta)
{
    ad_tape *tape = ad_tape_new();
    for (int i = 0; i < steps; i++) {
        quadratic_step(q, tape, scale, eta);
    }
    double mse = quadratic_step(q, tape, scale, 0);
    expect_sound(tape);
    ad_tape_free(tape);
    return mse;
}

Test(notes_networks, extended_program_has_the_same_data)
{
    quadratic q;
    quadratic_init(&q);
    double mean = 0, variance = 0;
    for (int i = 0; i < ROWS; i++) {
        mean += q.y[i] / ROWS;
    }
    for (int i = 0; i < ROWS; i++) {
        variance += (q.y[i] - mean) * (q.y[i] - mean) / ROWS;
    }
    expect_close("mean", 0, mean, notes.extended_program.y_mean, 1e-13);
    expect_close("variance", 0, variance, notes.extended_program.y_var, 1e-13);
    for (int i = 0; i < 3; i++) {
        expect_all("X", 2, q.x[i], notes.extended_program.X_first3[i], 0);
        expect_close("Y", i, q.y[i], notes.extended_program.Y_first3[i], 0);
    }
}

Test(notes_networks, extended_program_learns_as_the_notes_do)
{
    quadratic q;
    quadratic_init(&q);
    int step = 0;
    for (int i = 0; i < COUNT(notes.extended_program.mse_at); i++) {
        int at = (int)notes.extended_program.mse_at[i][0];
        double mse = quadratic_descend(&q, at - step, 1.0 / ROWS, notes.extended_program.eta);
        expect_close("mse", at, mse, notes.extended_program.mse_at[i][1], 1e-12);
        step = at;
    }
}

/* Rate 0.01 on the sum is chaotic at first: changing the first weights by an ulp moves NumPy's own
 * figure by up to 3 %. The last row diverges. */
Test(notes_networks, extended_program_agrees_for_every_learning_rate)
{
    const double tolerance[] = {1e-12, 1e-12, 0.05, 0};
    for (int i = 0; i < COUNT(tolerance); i++) {
        quadratic q;
        quadratic_init(&q);
        double eta = notes.extended_program_sum_loss_lr_sweep_mse_after_1000[i].key;
        expect_close("mse", i, quadratic_descend(&q, 1000, 1, eta),
                     notes.extended_program_sum_loss_lr_sweep_mse_after_1000[i].value,
                     tolerance[i]);
    }
}

/* The mean squared error of a polynomial 1, x0, x1, x0^2, x0 x1, x1^2, cut to count terms. */
static ad_var polynomial_error(const quadratic *q, const ad_var *c, int count)
{
    ad_var sum = ad_literal(0);
    for (int i = 0; i < ROWS; i++) {
        double x0 = q->x[i][0], x1 = q->x[i][1];
        const double term[6] = {1, x0, x1, x0 * x0, x0 * x1, x1 * x1};
        ad_var z = ad_neg(q->y[i]);
        for (int j = 0; j < count; j++) {
            z = ad_add(z, ad_mul(c[j], term[j]));
        }
        sum = ad_add(sum, ad_square(z));
    }
    return ad_div(sum, ROWS);
}

/* x = A^-1 b for a positive definite A, which is overwritten. */
static void solve(int n, double a[6][6], double *b)
{
    for (int k = 0; k < n; k++) {
        for (int i = 0; i < n; i++) {
            double factor = a[i][k] / a[k][k];
            for (int j = k; j < n && i != k; j++) {
                a[i][j] -= factor * a[k][j];
            }
            b[i] -= i != k ? factor * b[k] : 0;
        }
    }
    for (int k = 0; k < n; k++) {
        b[k] /= a[k][k];
    }
}

/* Least squares by Newton steps: the gradient and, differentiated again, the Hessian. The second
 * step removes what rounding left of the first. */
static double least_squares(const quadratic *q, int count, double *c)
{
    ad_tape *tape = ad_tape_new();
    for (int step = 0; step < 2; step++) {
        ad_mark start = ad_tape_mark(tape);
        ad_var v[6], g[6];
        double hessian[6][6] = {{0}}, gradient[6];
        for (int i = 0; i < count; i++) {
            v[i] = ad_input(tape, c[i]);
        }
        ad_grad(polynomial_error(q, v, count), count, v, g);
        for (int i = 0; i < count; i++) {
            gradient[i] = ad_value(g[i]);
            ad_grad_values(g[i], count, v, hessian[i]);
        }
        solve(count, hessian, gradient);
        descend_array(c, gradient, count, 1);
        ad_tape_rewind(tape, start);
    }
    ad_var v[6];
    for (int i = 0; i < count; i++) {
        v[i] = ad_input(tape, c[i]);
    }
    double mse = ad_value(polynomial_error(q, v, count));
    expect_sound(tape);
    ad_tape_free(tape);
    return mse;
}

Test(notes_networks, extended_program_has_the_same_best_polynomials)
{
    quadratic q;
    quadratic_init(&q);
    double line[6] = {0}, parabola[6] = {0};
    expect_close("linear mse", 0, least_squares(&q, 3, line),
                 notes.extended_program.linear_lstsq_mse, 1e-13);
    /* the quadratic one is the function itself; what is left is rounding, here and in the notes */
    cr_expect_lt(least_squares(&q, 6, parabola), 1e-28);
    cr_expect_lt(notes.extended_program.quadratic_lstsq_mse, 1e-28);
    for (int i = 0; i < 6; i++) {
        cr_expect_float_eq(parabola[i], notes.extended_program.quadratic_lstsq_coef[i], 1e-13);
    }
}

/* ---- activations and gradients of twenty layers */

enum { BATCH = 200, WIDTH = 100, DEPTH = 20 };

static ad_var leaky_relu(ad_var z)
{
    return ad_leaky_relu(z, 0.01);
}

static ad_var elu(ad_var z)
{
    return ad_elu(z, 1);
}

static const struct {
    const char *name;
    ad_var (*f)(ad_var);
} activations[] = {{"sigmoid", ad_sigmoid},
                   {"tanh", ad_tanh},
                   {"relu", ad_relu},
                   {"lrelu", leaky_relu},
                   {"elu", elu}};

/* The activation and the standard deviation of the weights that a row's name, "relu/he", means. */
static ad_var (*activation_of(const char *name))(ad_var)
{
    for (int i = 0; i < COUNT(activations); i++) {
        if (strncmp(name, activations[i].name, strcspn(name, "/")) == 0) {
            return activations[i].f;
        }
    }
    cr_assert_fail("no activation %s", name);
    return NULL;
}

static double scale_of(const char *name)
{
    const char *initialiser = strchr(name, '/') + 1;
    return strcmp(initialiser, "he") == 0       ? sqrt(2.0 / WIDTH)
           : strcmp(initialiser, "glorot") == 0 ? sqrt(2.0 / (WIDTH + WIDTH))
                                                : 1;
}

static double variance(ad_var x)
{
    double n = (double)ad_count(x), mean = ad_value(ad_sum(x, AD_ALL)) / n;
    return ad_value(ad_sum(ad_square(ad_sub(x, mean)), AD_ALL)) / n;
}

static double frobenius_norm(ad_var x)
{
    return sqrt(ad_value(ad_sum(ad_square(x), AD_ALL)));
}

/* The part of the elements of z at which f' is below 1e-3. */
static double saturated(ad_var (*f)(ad_var), ad_var z)
{
    ad_var slope;
    ad_grad(ad_sum(f(z), AD_ALL), 1, &z, &slope);
    return ad_value(ad_sum(ad_less(slope, 1e-3), AD_ALL)) / (double)ad_count(z);
}

/* np.random.seed(0); h = randn(200, 100); then W = randn(100, 100) s and h = f(h W), twenty times.
 * The gradients are those of the mean of the last h.
 *
 * tanh with weights of variance 1 is chaotic: a difference of an ulp at the first layer has grown
 * some 1e7 times at the last. */
Test(notes_networks, twenty_layers_have_the_same_activations_and_gradients)
{
    double *numbers = malloc(BATCH * WIDTH * sizeof *numbers);
    cr_assert_not_null(numbers);
    for (int i = 0; i < COUNT(notes.depth20); i++) {
        const char *name = notes.depth20[i].key;
        ad_var (*f)(ad_var) = activation_of(name);
        double tolerance = strcmp(name, "tanh/normal01") == 0 ? 1e-7 : 1e-12;
        ad_tape *tape = ad_tape_new();
        ad_mt19937 numpy;
        ad_mt19937_init(&numpy, 0);
        fill_normal(&numpy, BATCH * WIDTH, 1, numbers);
        ad_var h = ad_input_array(tape, AD_F64, AD_SHAPE(BATCH, WIDTH), numbers), z = h;
        ad_var w[DEPTH], dw[DEPTH];
        expect_close(name, 0, variance(h), notes.depth20[i].act_var[0], tolerance);
        for (int l = 0; l < DEPTH; l++) {
            fill_normal(&numpy, WIDTH * WIDTH, scale_of(name), numbers);
            w[l] = ad_input_array(tape, AD_F64, AD_SHAPE(WIDTH, WIDTH), numbers);
            z = ad_matmul(h, w[l]);
            h = f(z);
            expect_close(name, l + 1, variance(h), notes.depth20[i].act_var[l + 1], tolerance);
        }
        ad_grad(ad_div(ad_sum(h, AD_ALL), (double)ad_count(h)), DEPTH, w, dw);
        for (int l = 0; l < DEPTH; l++) {
            expect_close(name, l, frobenius_norm(dw[l]),
                         notes.depth20[i].grad_norm_w_first_to_last[l], tolerance);
        }
        expect_close(name, DEPTH, saturated(f, z), notes.depth20[i].saturated_frac_last, 0);
        expect_sound(tape);
        ad_tape_free(tape);
    }
    free(numbers);
}
