/* SPDX-License-Identifier: MIT */
/* A surface learnt from 100 points: the exercise at the end of the lecture notes.
 *
 *   y = x0^2 + 3 x0 x1 + x1^2 + 5,     x0, x1 in [0, 1)
 *
 *   a1 = sigma(x W1 + b1)   ten nodes      a2 = a1 W2 + b2      C = 1/n sum_rows (a2 - y)^2 / 2
 *
 * Gradient descent on all points at once, with the notes' numbers: those of np.random.seed(0). The
 * notes print the mean squared error, 2 C.
 *
 * usage: 06_quadratic [FIGURES]     a folder for quadratic.png, the error by step */
#include <wengert/nn.h>

#include <stdio.h>

enum { ROWS = 100, STEPS = 10000 };

/* The mean squared error before each step; 1 if it cannot be drawn. */
static int draw(const char *folder, const nn_fit_result *fit)
{
    static double mse[STEPS];
    char path[4096];
    ad_error error = {0};
    for (int i = 0; i < fit->epochs; i++) {
        mse[i] = 2 * fit->history[i].train.cost;
    }
    const nn_curve curve = {.count = (size_t)fit->epochs, .y = mse};
    (void)snprintf(path, sizeof path, "%s/quadratic.png", folder);
    if (nn_plot_curves(path, 1, &curve, &error, .title = "fitting a quadratic function",
                       .x = "step", .y = "mean squared error", .log_x = 1, .log_y = 1) != AD_OK) {
        fprintf(stderr, "no figure: %s\n", error.message);
    }
    return error.status != AD_OK;
}

int main(int argc, char **argv)
{
    double x[ROWS][2], y[ROWS];
    ad_mt19937 numpy; /* draws the points, then the weights */
    ad_mt19937_init(&numpy, 0);
    for (int i = 0; i < ROWS; i++) {
        double x0 = x[i][0] = ad_mt19937_uniform(&numpy);
        double x1 = x[i][1] = ad_mt19937_uniform(&numpy);
        y[i] = x0 * x0 + 3 * x0 * x1 + x1 * x1 + 5;
    }
    nn_array inputs = nn_array_view(NN_F64, AD_SHAPE(ROWS, 2), x);
    nn_array targets = nn_array_view(NN_F64, AD_SHAPE(ROWS), y);

    nn_init weight = nn_normal(0, 1), bias = nn_constant(0.01);
    nn_model *net =
        nn_sequential(nn_dense(10, .activation = ad_sigmoid, .weight = weight, .bias = bias),
                      nn_dense(1, .weight = weight, .bias = bias));
    nn_build(net, .input = AD_SHAPE(2), .numpy = &numpy);

    nn_fit_result fit = nn_fit(net, inputs, targets, .cost = nn_quadratic,
                               .optim = nn_sgd(.rate = 0.1), .epochs = STEPS);
    nn_evaluation end = nn_evaluate(net, inputs, targets, .cost = nn_mse);
    int failed = fit.error.status != AD_OK || end.error.status != AD_OK;
    if (failed) {
        fprintf(stderr, "%s%s\n", fit.error.message, end.error.message);
    } else {
        static const int steps[] = {0, 1, 10, 100, 1000, 5000};
        for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
            printf("step %5d  mean squared error %.16g\n", steps[i],
                   2 * fit.history[steps[i]].train.cost); /* measured before the step */
        }
        printf("step %5d  mean squared error %.16g\n", STEPS, end.cost);
    }
    if (!failed && argc > 1) {
        failed = draw(argv[1], &fit);
    }
    nn_fit_result_clear(&fit);
    nn_model_free(net);
    return failed;
}
