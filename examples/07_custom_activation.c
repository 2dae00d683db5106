/* SPDX-License-Identifier: MIT */
/* An activation of one's own: written in a line, checked, and trained with.
 *
 *   mish(x) = x tanh(softplus(x)),     softplus(x) = log(1 + e^x)
 *
 * Its derivative is written nowhere. The check compares what the tape makes of it, to the second
 * order, with differences of values. The net then tells two interleaved spirals apart:
 *
 *   (x0, x1) = +-(t cos 3 pi t, t sin 3 pi t),  0 < t <= 1,     P(first) = sigma(a^3(x))
 *
 * usage: 07_custom_activation [FIGURES]     a folder for spirals.png */
#include <wengert/nn.h>

#include <math.h>
#include <stdio.h>

enum { POINTS = 200, EPOCHS = 500, GRID = 100 };

static ad_var mish(ad_var x)
{
    return ad_mul(x, ad_tanh(ad_softplus(x)));
}

/* Draws both spirals and the line a^3 = 0 between them: in each cell of a grid from edge to edge,
 * where it changes sign. */
static ad_status draw(const char *path, nn_model *net, double (*x)[2], ad_error *error)
{
    static double grid[GRID * GRID][2], line[2][5 * GRID * GRID], spiral[2][2][POINTS / 2];
    for (int i = 0; i < GRID; i++) {
        for (int j = 0; j < GRID; j++) {
            grid[i * GRID + j][0] = 2.2 * j / (GRID - 1) - 1.1;
            grid[i * GRID + j][1] = 2.2 * i / (GRID - 1) - 1.1;
        }
    }
    nn_array output;
    ad_status status = nn_predict(net, nn_array_view(NN_F64, AD_SHAPE(GRID * GRID, 2), grid), NULL,
                                  &output, error);
    if (status != AD_OK) {
        return status;
    }
    const double *a = output.data;
    size_t count = 0;
    for (int i = 0; i < GRID * (GRID - 1) - 1; i++) {
        const int corner[] = {i, i + 1, i + GRID + 1, i + GRID, i};
        for (int k = 0; k < 4 && i % GRID < GRID - 1; k++) {
            int p = corner[k], q = corner[k + 1];
            if ((a[p] < 0) != (a[q] < 0)) {
                double s = a[p] / (a[p] - a[q]);
                line[0][count] = grid[p][0] + s * (grid[q][0] - grid[p][0]);
                line[1][count++] = grid[p][1] + s * (grid[q][1] - grid[p][1]);
            }
        }
        line[0][count] = line[1][count] = NAN; /* the line ends here */
        count++;
    }
    for (int i = 0; i < POINTS; i++) {
        spiral[i % 2][0][i / 2] = x[i][0];
        spiral[i % 2][1][i / 2] = x[i][1];
    }
    const nn_curve curves[] = {{"first", POINTS / 2, spiral[0][0], spiral[0][1], 1},
                               {"second", POINTS / 2, spiral[1][0], spiral[1][1], 1},
                               {"P = 1/2", count, line[0], line[1], 0}};
    nn_array_clear(&output);
    return nn_plot_curves(path, 3, curves, error, .title = "two spirals", .x = "x0", .y = "x1",
                          .equal = 1);
}

int main(int argc, char **argv)
{
    ad_report report = ad_check_unary(mish, -20, 20);
    printf("mish: %s\n", report.message);

    double x[POINTS][2], y[POINTS];
    for (int i = 0; i < POINTS; i += 2) {
        double t = (i + 2.0) / POINTS, angle = 3 * acos(-1) * t;
        x[i][0] = t * cos(angle);
        x[i][1] = t * sin(angle);
        y[i] = 1;
        x[i + 1][0] = -x[i][0];
        x[i + 1][1] = -x[i][1];
        y[i + 1] = 0;
    }
    nn_model *net = nn_sequential(nn_dense(32, .activation = mish),
                                  nn_dense(32, .activation = mish), nn_dense(1));
    nn_array inputs = nn_array_view(NN_F64, AD_SHAPE(POINTS, 2), x);
    nn_array targets = nn_array_view(NN_F64, AD_SHAPE(POINTS), y);
    nn_fit_result fit =
        nn_fit(net, inputs, targets, .cost = nn_binary_cross_entropy,
               .optim = nn_adam(.rate = 0.01, .decay = 0.5), .epochs = EPOCHS, .seed = 7);
    nn_evaluation end = nn_evaluate(net, inputs, targets, .cost = nn_binary_cross_entropy);
    int failed = fit.error.status != AD_OK || end.error.status != AD_OK || !report.passed;
    if (failed) {
        fprintf(stderr, "%s %s\n", fit.error.message, end.error.message);
    } else {
        for (int epoch = 0; epoch < fit.epochs; epoch += 100) {
            printf("epoch %4d  cost %.4f\n", epoch, fit.history[epoch].train.cost);
        }
        printf("epoch %4d  cost %.4f  %.0f of %d points on the right side\n", fit.epochs, end.cost,
               end.metric * POINTS, POINTS);
    }
    if (!failed && argc > 1) {
        char path[4096];
        ad_error error = {0};
        (void)snprintf(path, sizeof path, "%s/spirals.png", argv[1]);
        if (draw(path, net, x, &error) != AD_OK) {
            fprintf(stderr, "no figure: %s\n", error.message);
            failed = 1;
        }
    }
    nn_fit_result_clear(&fit);
    nn_model_free(net);
    return failed;
}
