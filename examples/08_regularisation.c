/* SPDX-License-Identifier: MIT */
/* Penalties on weights: l2 makes them small, l1 makes those that do not matter vanish.
 *
 *   C = 1/n sum_rows (a - y)^2 / 2  +  l1 sum |w| + l2 sum w^2,     a = x w + b
 *
 * First the perceptron of example 2, now 4000 steps with penalties: since one pair (x, y) leaves a
 * line of solutions, w shrinks and b takes over. Then a polynomial in Legendre's P_1 .. P_8 fitted
 * to noisy points:
 *
 *   y = 1 - 2 P_1(x) + 1.5 P_3(x) + 0.5 P_6(x) + noise,     x in [-1, 1]
 *
 * usage: 08_regularisation [FIGURES]     a folder for coefficients.png */
#include <wengert/nn.h>

#include <math.h>
#include <stdio.h>

enum { DEGREE = 8, ROWS = 60 };

static const double truth[DEGREE] = {-2, 0, 1.5, 0, 0, 0.5, 0, 0}; /* of P_1, P_2, .. */

/* Fits a = x w + b by gradient descent from w0, b0 and writes w and then b. */
static int fit_line(nn_array x, nn_array y, nn_fit_options options, const double *w0, double b0,
                    double *w)
{
    size_t n = (size_t)x.shape.len[1];
    nn_model *model =
        nn_sequential(nn_dense(1, .weight = nn_values(n, w0), .bias = nn_constant(b0)));
    options.cost = nn_quadratic;
    nn_fit_result fit = nn_fit_of(model, x, y, options);
    int failed = fit.error.status != AD_OK;
    if (failed) {
        fprintf(stderr, "%s\n", fit.error.message);
    } else {
        nn_params *params = nn_model_params(model);
        for (size_t i = 0; i < n; i++) {
            w[i] = nn_param_value(nn_params_find(params, "dense1.weight"), i);
        }
        w[n] = nn_param_value(nn_params_find(params, "dense1.bias"), 0);
    }
    nn_fit_result_clear(&fit);
    nn_model_free(model);
    return failed;
}

/* The perceptron of example 2 with a penalty. */
static int perceptron(const char *name, double l1, double l2)
{
    const double x = 4, y = 9;
    ad_mt19937 numpy; /* the numbers of np.random.seed(0) */
    ad_mt19937_init(&numpy, 0);
    double w0 = ad_mt19937_normal(&numpy), b0 = ad_mt19937_normal(&numpy), p[2] = {0};
    nn_fit_options options = {.optim = nn_sgd(.rate = 0.01), .epochs = 4000, .l1 = l1, .l2 = l2};
    int failed = fit_line(nn_array_view(NN_F64, AD_SHAPE(1, 1), &x),
                          nn_array_view(NN_F64, AD_SHAPE(1), &y), options, &w0, b0, p);
    double error = p[0] * x + p[1] - y;
    printf("%s = %-5g  w = % .17g  b = %.17g  loss without penalty = %.17g\n", name, l1 + l2, p[0],
           p[1], error * error / 2);
    return failed;
}

/* P_1 .. P_DEGREE at x: (k + 1) P_(k+1) = (2 k + 1) x P_k - k P_(k-1). */
static void legendre(double x, double *p)
{
    double before = 1;
    p[0] = x;
    for (int k = 1; k < DEGREE; k++) {
        p[k] = ((2 * k + 1) * x * p[k - 1] - k * before) / (k + 1);
        before = p[k - 1];
    }
}

/* The coefficients for noisy points, with a penalty; prints how many are 0 but for rounding. */
static int polynomial(const char *name, double l1, double l2, double *w)
{
    static const double zeros[DEGREE];
    double x[ROWS][DEGREE], y[ROWS];
    ad_rng rng = {.seed = 8};
    for (int i = 0; i < ROWS; i++) {
        legendre(-1 + 2 * (i + 0.5) / ROWS, x[i]);
        y[i] = 1 + 0.3 * ad_rng_normal(&rng);
        for (int k = 0; k < DEGREE; k++) {
            y[i] += truth[k] * x[i][k];
        }
    }
    /* the falling rate lets l1, whose slope has a jump at 0, come to rest there */
    nn_fit_options options = {
        .optim = nn_sgd(.rate = 0.5), .schedule = nn_cosine(0), .epochs = 3000, .l1 = l1, .l2 = l2};
    int failed = fit_line(nn_array_view(NN_F64, AD_SHAPE(ROWS, DEGREE), x),
                          nn_array_view(NN_F64, AD_SHAPE(ROWS), y), options, zeros, 0, w);
    int vanished = 0;
    for (int k = 0; k < DEGREE; k++) {
        vanished += fabs(w[k]) < 1e-4;
    }
    printf("%-10s %d of %d coefficients vanish:", name, vanished, DEGREE);
    for (int k = 0; k < DEGREE; k++) {
        printf(" %7.4f", w[k]);
    }
    printf("\n");
    return failed;
}

int main(int argc, char **argv)
{
    static const double lambda[] = {0.001, 0.01, 0.1, 1};
    int failed = 0;
    for (int i = 0; i < 4; i++) {
        failed |= perceptron("l1", lambda[i], 0);
    }
    for (int i = 0; i < 4; i++) {
        failed |= perceptron("l2", 0, lambda[i]);
    }
    double none[DEGREE + 1] = {0}, l1[DEGREE + 1] = {0}, l2[DEGREE + 1] = {0};
    failed |= polynomial("no penalty", 0, 0, none);
    failed |= polynomial("l2 = 0.02", 0, 0.02, l2);
    failed |= polynomial("l1 = 0.02", 0.02, 0, l1);

    if (!failed && argc > 1) {
        const nn_curve curves[] = {{.label = "truth", .count = DEGREE, .y = truth, .dots = 1},
                                   {.label = "no penalty", .count = DEGREE, .y = none, .dots = 1},
                                   {.label = "l2", .count = DEGREE, .y = l2, .dots = 1},
                                   {.label = "l1", .count = DEGREE, .y = l1, .dots = 1}};
        char path[4096];
        ad_error error = {0};
        (void)snprintf(path, sizeof path, "%s/coefficients.png", argv[1]);
        if (nn_plot_curves(path, 4, curves, &error, .title = "coefficients with penalties",
                           .x = "k", .y = "coefficient of P_k") != AD_OK) {
            fprintf(stderr, "no figure: %s\n", error.message);
            failed = 1;
        }
    }
    return failed;
}
