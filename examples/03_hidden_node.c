/* SPDX-License-Identifier: MIT */
/* One hidden node: the chain rule through two layers.
 *
 *   a1 = sigma(w1 x + b1),     a2 = w2 a1 + b2,     C = (a2 - y)^2 / 2
 *
 *   delta2 = a2 - y                      dC/dw2 = delta2 a1     dC/db2 = delta2
 *   delta1 = delta2 w2 a1 (1 - a1)       dC/dw1 = delta1 x      dC/db1 = delta1
 *
 * The lecture notes print dC/dw1 with a1 where w2 belongs, and leave w2 out of dC/db1; the formulas
 * above are the right ones. At step 0 the misprint gives -0.0292506, the tape -0.0117148. */
#include <wengert/autodiff.h>

#include <math.h>
#include <stdio.h>

enum { W1, B1, W2, B2, PARAMETERS };

/* The delta equations, by hand. */
static void by_hand(const double *p, double x, double y, double *gradient)
{
    double a1 = 1 / (1 + exp(-(p[W1] * x + p[B1])));
    double delta2 = p[W2] * a1 + p[B2] - y;
    double delta1 = delta2 * p[W2] * a1 * (1 - a1);
    gradient[W1] = delta1 * x;
    gradient[B1] = delta1;
    gradient[W2] = delta2 * a1;
    gradient[B2] = delta2;
}

int main(void)
{
    const double x = 4, y = 9, eta = 0.1;
    ad_mt19937 numpy; /* the numbers of np.random.seed(0) */
    ad_mt19937_init(&numpy, 0);
    double p[PARAMETERS] = {0, 0.01, 0, 0.01};
    p[W1] = ad_mt19937_normal(&numpy);
    p[W2] = ad_mt19937_normal(&numpy);

    ad_tape *tape = ad_tape_new();
    ad_mark start = ad_tape_mark(tape);
    double worst = 0;
    for (int step = 0; step < 50; step++) {
        ad_tape_rewind(tape, start);
        ad_var v[PARAMETERS];
        for (int i = 0; i < PARAMETERS; i++) {
            v[i] = ad_input(tape, p[i]);
        }
        ad_var a1 = ad_sigmoid(ad_add(ad_mul(v[W1], x), v[B1]));
        ad_var a2 = ad_add(ad_mul(v[W2], a1), v[B2]);
        ad_var cost = ad_div(ad_square(ad_sub(a2, y)), 2);
        double gradient[PARAMETERS], analytic[PARAMETERS];
        ad_grad_values(cost, PARAMETERS, v, gradient);
        by_hand(p, x, y, analytic);
        if (step == 0) {
            printf("dC/dw1 at step 0: tape %.7f, right formula %.7f, misprint %.7f\n", gradient[W1],
                   analytic[W1],
                   (ad_value(a2) - y) * ad_value(a1) * ad_value(a1) * (1 - ad_value(a1)) * x);
        }
        for (int i = 0; i < PARAMETERS; i++) {
            worst = fmax(worst, fabs(gradient[i] - analytic[i]) / fmax(1, fabs(analytic[i])));
            p[i] -= eta * gradient[i];
        }
        if (step % 7 == 0) {
            printf("step %2d  loss %.17g\n", step, ad_value(cost));
        }
    }
    int failed = ad_tape_status(tape) != AD_OK;
    if (failed) {
        fprintf(stderr, "%s\n", ad_tape_message(tape));
    }
    printf("largest difference between tape and delta equations: %.1e\n", worst);
    ad_tape_free(tape);
    return failed;
}
