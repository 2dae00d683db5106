/* SPDX-License-Identifier: MIT */
/* Two inputs, two hidden nodes, one output: nine parameters, every number printed.
 *
 *   z1_j = sum_i w1_ji x_i + b1_j     a1_j = sigma(z1_j)
 *   z2   = sum_j w2_j a1_j + b2       a2   = f(z2), linear or sigma      C = (a2 - y)^2 / 2
 *
 * With delta for dC/dz:
 *
 *   delta2   = (a2 - y) f'(z2)                dC/dw2_j  = delta2 a1_j     dC/db2   = delta2
 *   delta1_j = delta2 w2_j sigma'(z1_j)       dC/dw1_ji = delta1_j x_i    dC/db1_j = delta1_j
 *
 * The lecture notes multiply dC/dw1_ij by a^(1) where the input a^(0) = x belongs, and their update
 * loop stops before the last layer, which must be updated too.
 *
 * usage: 04_nine_parameters [FIGURES]     a folder for linear.dot and sigma.dot, the network as a
 * graph of its operations with all values and gradients: dot -Tsvg linear.dot > linear.svg */
#include <wengert/autodiff.h>

#include <math.h>
#include <stdio.h>

static const double X[2] = {0.5, -0.25}, Y = 4.9375;

/* Where the numbers of the network are in an array of all of them, and what they are called. */
enum { W1 = 0, B1 = 4, W2 = 6, B2 = 8, Z1 = 9, A1 = 11, Z2 = 13, A2 = 14, COUNT = 15 };
static const char *const names[COUNT] = {"w1_11", "w1_12", "w1_21", "w1_22", "b1_1",
                                         "b1_2",  "w2_1",  "w2_2",  "b2",    "z1_1",
                                         "z1_2",  "a1_1",  "a1_2",  "z2",    "a2"};

static const double parameters[] = {1.764052345967664,
                                    0.4001572083672233,
                                    0.9787379841057392,
                                    2.240893199201458,
                                    0.01,
                                    0.01,
                                    1.8675579901499675,
                                    -0.977277879876411,
                                    0.01};

/* Records the network; returns the cost. */
static ad_var forward(ad_tape *tape, ad_var (*f)(ad_var), ad_var *v)
{
    for (int i = 0; i < Z1; i++) {
        v[i] = ad_input(tape, parameters[i]);
    }
    v[Z2] = v[B2];
    for (int j = 0; j < 2; j++) {
        v[Z1 + j] = v[B1 + j];
        for (int i = 0; i < 2; i++) {
            v[Z1 + j] = ad_add(v[Z1 + j], ad_mul(v[W1 + 2 * j + i], X[i]));
        }
        v[A1 + j] = ad_sigmoid(v[Z1 + j]);
        v[Z2] = ad_add(v[Z2], ad_mul(v[W2 + j], v[A1 + j]));
    }
    v[A2] = f(v[Z2]);
    return ad_div(ad_square(ad_sub(v[A2], Y)), 2);
}

/* A line of the trace: the tape's gradient d of v beside the delta equations'. */
static double compare(int i, const ad_var *v, const ad_var *d, double analytic)
{
    double tape = ad_value(d[i]);
    printf("  %-5s = % .16f   dC/d%-5s = % .16f   by hand % .16f\n", names[i], ad_value(v[i]),
           names[i], tape, analytic);
    return fabs(tape - analytic);
}

/* Every number of the network; slope is f'(z2). Returns the largest difference. */
static double trace(const ad_var *v, const ad_var *d, ad_var cost, double slope)
{
    double delta2 = (ad_value(v[A2]) - Y) * slope, worst = compare(Z2, v, d, delta2);
    printf("  a2    = % .16f   C = %.16f\n", ad_value(v[A2]), ad_value(cost));
    worst = fmax(worst, compare(B2, v, d, delta2));
    for (int j = 0; j < 2; j++) {
        double a = ad_value(v[A1 + j]), delta1 = delta2 * ad_value(v[W2 + j]) * a * (1 - a);
        worst = fmax(worst, compare(W2 + j, v, d, delta2 * a));
        worst = fmax(worst, compare(Z1 + j, v, d, delta1)); /* delta1 = dC/dz1 */
        printf("  a1_%d  = % .16f\n", j + 1, a);
        worst = fmax(worst, compare(W1 + 2 * j, v, d, delta1 * X[0]));
        worst = fmax(worst, compare(W1 + 2 * j + 1, v, d, delta1 * X[1]));
        worst = fmax(worst, compare(B1 + j, v, d, delta1));
    }
    return worst;
}

/* Writes the network as a graph with all values and gradients. */
static int draw(const char *folder, const char *name, ad_var cost, const ad_var *v, const ad_var *d)
{
    char path[4096];
    ad_label label[COUNT + 1] = {{.x = cost, .name = "C"}};
    for (int i = 0; i < COUNT; i++) {
        label[i + 1] = (ad_label){v[i], names[i], d[i]};
    }
    const ad_dump_options options = {.results = 1, .y = &cost, .count = COUNT + 1, .label = label};
    (void)snprintf(path, sizeof path, "%s/%s.dot", folder, name);
    FILE *file = fopen(path, "w");
    int failed = file == NULL || ad_dump_dot(cost.tape, file, &options) != AD_OK;
    failed |= file != NULL && fclose(file) != 0;
    if (failed) {
        fprintf(stderr, "%s cannot be written\n", path);
    }
    return failed;
}

static int network(const char *name, ad_var (*f)(ad_var), const char *folder, double *worst)
{
    ad_tape *tape = ad_tape_new();
    ad_var v[COUNT], d[COUNT], slope;
    ad_var cost = forward(tape, f, v);
    ad_grad(cost, COUNT, v, d);
    ad_grad(v[A2], 1, &v[Z2], &slope);
    printf("\noutput activation: %s\n", name);
    *worst = fmax(*worst, trace(v, d, cost, ad_value(slope)));

    int failed = ad_tape_status(tape) != AD_OK;
    if (failed) {
        fprintf(stderr, "%s\n", ad_tape_message(tape));
    } else if (folder != NULL) {
        failed = draw(folder, name, cost, v, d);
    }
    ad_tape_free(tape);
    return failed;
}

static ad_var linear(ad_var z)
{
    return z;
}

int main(int argc, char **argv)
{
    const char *folder = argc > 1 ? argv[1] : NULL;
    double worst = 0;
    int failed = network("linear", linear, folder, &worst);
    failed |= network("sigma", ad_sigmoid, folder, &worst);
    printf("\nlargest difference between tape and delta equations: %.1e\n", worst);
    return failed;
}
