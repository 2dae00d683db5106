/* SPDX-License-Identifier: MIT */
/* Two inputs, two hidden nodes, one output: nine parameters, every number printed.
 *
 *   z1_j = sum_i w1_ji x_i + b1_j     a1_j = sigma(z1_j)
 *   z2   = sum_j w2_j a1_j + b2       a2   = f(z2), linear or sigma      C = (a2 - y)^2 / 2
 *
 *   delta2   = (a2 - y) f'(z2)                dC/dw2_j  = delta2 a1_j     dC/db2   = delta2
 *   delta1_j = delta2 w2_j sigma'(z1_j)       dC/dw1_ji = delta1_j x_i    dC/db1_j = delta1_j
 *
 * The lecture notes multiply dC/dw1_ij by a^(1) where the input a^(0) = x belongs, and their update
 * loop stops before the last layer, which must be updated too. */
#include <wengert/autodiff.h>

#include <math.h>
#include <stdio.h>

static const double X[2] = {0.5, -0.25}, Y = 4.9375;
static const double W1[2][2] = {{1.764052345967664, 0.4001572083672233},
                                {0.9787379841057392, 2.240893199201458}};
static const double W2[2] = {1.8675579901499675, -0.977277879876411}, B = 0.01;

/* A line of the trace: the tape's gradient beside the delta equations'. */
static void compare(const char *name, ad_var parameter, ad_var gradient, double analytic,
                    double *worst)
{
    double tape = ad_value(gradient);
    printf("  %-5s = % .16f   dC/d%-5s = % .16f   by hand % .16f\n", name, ad_value(parameter),
           name, tape, analytic);
    *worst = fmax(*worst, fabs(tape - analytic));
}

static int network(ad_var (*f)(ad_var), const char *f_name, double *worst)
{
    ad_tape *tape = ad_tape_new();
    ad_var w1[2][2], b1[2], w2[2], b2 = ad_input(tape, B), z1[2], a1[2];
    ad_var z2 = b2;
    for (int j = 0; j < 2; j++) {
        b1[j] = ad_input(tape, B);
        w2[j] = ad_input(tape, W2[j]);
        z1[j] = b1[j];
        for (int i = 0; i < 2; i++) {
            w1[j][i] = ad_input(tape, W1[j][i]);
            z1[j] = ad_add(z1[j], ad_mul(w1[j][i], X[i]));
        }
        a1[j] = ad_sigmoid(z1[j]);
        z2 = ad_add(z2, ad_mul(w2[j], a1[j]));
    }
    ad_var a2 = f(z2);
    ad_var cost = ad_div(ad_square(ad_sub(a2, Y)), 2);

    ad_var x[] = {z2,       z1[0],    z1[1],    w2[0], w2[1], b2, w1[0][0],
                  w1[0][1], w1[1][0], w1[1][1], b1[0], b1[1], a2};
    enum { COUNT = sizeof x / sizeof x[0] };
    ad_var d[COUNT], slope; /* deltas are gradients too: delta = dC/dz */
    ad_grad(cost, COUNT, x, d);
    ad_grad(a2, 1, &z2, &slope);

    double delta2 = (ad_value(a2) - Y) * ad_value(slope);
    printf("\noutput activation: %s\n", f_name);
    printf("  z2 = % .16f   a2 = % .16f   C = %.16f\n", ad_value(z2), ad_value(a2), ad_value(cost));
    printf("  delta2    = % .16f   by hand % .16f\n", ad_value(d[0]), delta2);
    compare("w2_1", w2[0], d[3], delta2 * ad_value(a1[0]), worst);
    compare("w2_2", w2[1], d[4], delta2 * ad_value(a1[1]), worst);
    compare("b2", b2, d[5], delta2, worst);
    for (int j = 0; j < 2; j++) {
        double a = ad_value(a1[j]), delta1 = delta2 * W2[j] * a * (1 - a);
        char name[3][24];
        snprintf(name[0], sizeof name[0], "w1_%d1", j + 1);
        snprintf(name[1], sizeof name[1], "w1_%d2", j + 1);
        snprintf(name[2], sizeof name[2], "b1_%d", j + 1);
        printf("  z1_%d = % .16f   a1_%d = %.16f\n", j + 1, ad_value(z1[j]), j + 1, a);
        printf("  delta1_%d  = % .16f   by hand % .16f\n", j + 1, ad_value(d[1 + j]), delta1);
        compare(name[0], w1[j][0], d[6 + 2 * j], delta1 * X[0], worst);
        compare(name[1], w1[j][1], d[7 + 2 * j], delta1 * X[1], worst);
        compare(name[2], b1[j], d[10 + j], delta1, worst);
        *worst = fmax(*worst, fabs(ad_value(d[1 + j]) - delta1));
    }
    *worst = fmax(*worst, fabs(ad_value(d[0]) - delta2));
    int failed = ad_tape_status(tape) != AD_OK;
    if (failed) {
        fprintf(stderr, "%s\n", ad_tape_message(tape));
    }
    ad_tape_free(tape);
    return failed;
}

static ad_var linear(ad_var z)
{
    return z;
}

int main(void)
{
    double worst = 0;
    int failed = network(linear, "linear", &worst);
    failed |= network(ad_sigmoid, "sigma", &worst);
    printf("\nlargest difference between tape and delta equations: %.1e\n", worst);
    return failed;
}
