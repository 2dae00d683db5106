/* SPDX-License-Identifier: MIT */
/* The smallest network: one input, one output, no hidden layer, trained on one pair (x, y).
 *
 *   a = w x + b,     C = (a - y)^2 / 2
 *   w <- w - eta dC/dw,     b <- b - eta dC/db
 *
 * By hand dC/dw = (a - y) x and dC/db = a - y. The error shrinks by the factor 1 - eta (1 + x^2) a
 * step, 0.83 here, so the loss after 40 steps is 0.83^80 of the first. */
#include <wengert/autodiff.h>

#include <stdio.h>

int main(void)
{
    const double x = 4, y = 9, eta = 0.01;
    ad_mt19937 numpy; /* the numbers of np.random.seed(0) */
    ad_mt19937_init(&numpy, 0);
    double w_now = ad_mt19937_normal(&numpy), b_now = ad_mt19937_normal(&numpy);

    ad_tape *tape = ad_tape_new();
    ad_mark start = ad_tape_mark(tape);
    double loss = 0;
    for (int step = 0; step <= 40; step++) {
        ad_tape_rewind(tape, start);
        ad_var w = ad_input(tape, w_now), b = ad_input(tape, b_now);
        ad_var a = ad_add(ad_mul(w, x), b);
        ad_var cost = ad_div(ad_square(ad_sub(a, y)), 2);
        double gradient[2];
        ad_grad_values(cost, AD_LIST(w, b), gradient);
        loss = ad_value(cost);
        if (step % 10 == 0) {
            double error = ad_value(a) - y;
            printf("step %2d  loss %.6e  dC/dw % .3e (by hand % .3e)  dC/db % .3e (% .3e)\n", step,
                   loss, gradient[0], error * x, gradient[1], error);
        }
        if (step < 40) {
            w_now -= eta * gradient[0];
            b_now -= eta * gradient[1];
        }
    }
    int failed = ad_tape_status(tape) != AD_OK;
    if (failed) {
        fprintf(stderr, "%s\n", ad_tape_message(tape));
    }
    printf("w = %.16g  b = %.16g\n", w_now, b_now);
    printf("loss after 40 steps = %.17g\n", loss);
    ad_tape_free(tape);
    return failed;
}
