/* SPDX-License-Identifier: MIT */
/* Nets of any depth: the tape's gradients beside the delta equations.
 *
 *   z^l = a^(l-1) W^l + b^l     a^l = f(z^l)     C = 1/n sum_rows |a^L - y|^2 / 2
 *
 *   delta^L = (a^L - y) / n * f'(z^L)              dC/dW^l = a^(l-1)T delta^l
 *   delta^l = (delta^(l+1) W^(l+1)T) * f'(z^l)     dC/db^l = sum_rows delta^l
 *
 * Rows are examples, so W is the transpose of the lecture's w. The equations, f' too, are written
 * out below for nets of 1 to 20 layers of 1 to 64 units; in the library they stand nowhere. For
 * them the tape serves as a calculator with matrices.
 *
 * usage: 05_delta_equations [FIGURES]     a folder for deltas.png: gradients of 20 layers */
#include <wengert/nn.h>

#include <math.h>
#include <stdio.h>

enum { DEPTH = 20, WIDTH = 64, ROWS = 8, INPUTS = 5 };

/* ---- activations, and their derivatives by hand */

static ad_var slope_tanh(ad_var z)
{
    return ad_sub(1, ad_square(ad_tanh(z)));
}

static ad_var slope_sigmoid(ad_var z)
{
    return ad_mul(ad_sigmoid(z), ad_sub(1, ad_sigmoid(z)));
}

static ad_var slope_relu(ad_var z)
{
    return ad_greater(z, 0);
}

static ad_var slope_elu(ad_var z)
{
    return ad_exp(ad_minimum(z, 0));
}

static ad_var slope_softplus(ad_var z)
{
    return ad_sigmoid(z);
}

static const struct {
    const char *name;
    nn_activation f, slope;
} activations[] = {{"tanh", ad_tanh, slope_tanh},
                   {"sigmoid", ad_sigmoid, slope_sigmoid},
                   {"relu", ad_relu, slope_relu},
                   {"elu", nn_elu, slope_elu},
                   {"softplus", ad_softplus, slope_softplus}};
enum { KINDS = sizeof activations / sizeof activations[0] };

/* ---- the comparison */

/* The largest difference of two tensors, relative to the largest element of the second. */
static double difference(ad_var a, ad_var b)
{
    double worst = ad_value(ad_max(ad_abs(ad_sub(a, b)), AD_ALL));
    double largest = ad_value(ad_max(ad_abs(b), AD_ALL));
    return largest > 0 ? worst / largest : worst;
}

/* w and dw are W^1, b^1, W^2, b^2, .. and the tape's gradients. */
static double delta_equations(int depth, nn_activation slope, ad_var x, ad_var y,
                              const nn_trace *trace, const ad_var *w, const ad_var *dw)
{
    ad_var delta = ad_div(ad_sub(trace[depth - 1].a, y), ROWS);
    double worst = 0;
    for (int l = depth - 1; l >= 0; l--) { /* counts from 0 */
        ad_var before = l > 0 ? trace[l - 1].a : x;
        delta = ad_mul(delta, slope(trace[l].z));
        worst = fmax(worst, difference(dw[2 * l], ad_matmul_with(before, delta, 1, 0)));
        worst = fmax(worst, difference(dw[2 * l + 1], ad_sum(delta, AD_AXES(0))));
        delta = ad_matmul_with(delta, w[2 * l], 0, 1);
    }
    return worst;
}

static ad_var random_input(ad_tape *tape, ad_rng *rng, int rows, int columns)
{
    double numbers[ROWS * WIDTH];
    size_t count = (size_t)rows * (size_t)columns;
    (void)ad_rng_fill_normal(*rng, AD_F64, count, numbers);
    rng->counter += count;
    return ad_input_array(tape, AD_F64, AD_SHAPE(rows, columns), numbers);
}

/* Compares a net of random widths; returns the largest relative difference, NaN after an error.
 * size[l] becomes the size of a typical element of dC/dW^l: the root of the mean square. */
static double compare(int depth, int kind, double *size)
{
    ad_rng rng = {.seed = 5, .stream = (uint64_t)(depth * KINDS + kind)};
    nn_layer *layers[DEPTH];
    int width = 0;
    for (int l = 0; l < depth; l++) {
        width = 1 + (int)ad_rng_below(&rng, WIDTH);
        layers[l] = nn_dense(width, .activation = activations[kind].f);
    }
    nn_model *model = nn_sequential_in(NULL, (size_t)depth, layers);
    nn_build(model, .input = AD_SHAPE(INPUTS), .seed = rng.stream);

    ad_tape *tape = ad_tape_new();
    ad_var w[2 * DEPTH], dw[2 * DEPTH];
    nn_trace trace[DEPTH];
    nn_params_bind(nn_model_params(model), tape, w);
    ad_var x = random_input(tape, &rng, ROWS, INPUTS), y = random_input(tape, &rng, ROWS, width);
    ad_var a = nn_forward(model, x, .params = w, .trace = trace);
    ad_grad(nn_quadratic(a, y), 2 * depth, w, dw);
    double worst = delta_equations(depth, activations[kind].slope, x, y, trace, w, dw);
    for (int l = 0; l < depth; l++) {
        size[l] = sqrt(ad_value(ad_mean(ad_square(dw[2 * l]), AD_ALL)));
    }
    if (ad_tape_status(tape) != AD_OK) {
        fprintf(stderr, "%s\n", ad_tape_message(tape));
        worst = NAN;
    }
    ad_tape_free(tape);
    nn_model_free(model);
    return worst;
}

int main(int argc, char **argv)
{
    static double size[KINDS][DEPTH];
    nn_curve curves[KINDS];
    double all = 0;
    for (int kind = 0; kind < KINDS; kind++) {
        double worst = 0;
        for (int depth = 1; depth <= DEPTH; depth++) {
            double found = compare(depth, kind, size[kind]);
            if (isnan(found)) {
                return 1;
            }
            worst = fmax(worst, found);
        }
        curves[kind] = (nn_curve){activations[kind].name, DEPTH, NULL, size[kind], 0};
        printf("%-9s depths 1 to %d: largest relative difference %.1e\n", activations[kind].name,
               DEPTH, worst);
        all = fmax(all, worst);
    }
    printf("largest difference of all: %.1e\n", all);

    char path[4096];
    ad_error error = {0};
    (void)snprintf(path, sizeof path, "%s/deltas.png", argc > 1 ? argv[1] : "");
    if (argc > 1 &&
        nn_plot_curves(path, KINDS, curves, &error, .title = "gradients of 20 layers", .x = "layer",
                       .y = "dC/dw, root of the mean square", .log_y = 1) != AD_OK) {
        fprintf(stderr, "no figure: %s\n", error.message);
        return 1;
    }
    return 0;
}
