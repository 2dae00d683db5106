/* SPDX-License-Identifier: MIT */
/* The derivative of a plain function, and the derivative of that.
 *
 *   y  = x w + sin(2 x)
 *   dy/dx = w + 2 cos(2 x),     dy/dw = x,     d2y/dx2 = -4 sin(2 x)
 *
 * Any C can stand between the operations: here `power` is a loop, and `kink` takes a branch. */
#include <wengert/autodiff.h>

#include <math.h>
#include <stdio.h>

/* x^n by repeated multiplication. */
static ad_var power(ad_var x, int n)
{
    ad_var z = ad_literal(1);
    for (int i = 0; i < n; i++) {
        z = ad_mul(z, x);
    }
    return z;
}

/* x^3 for x > 0, else x^2: the branch is taken on the value, while recording. */
static ad_var kink(ad_var x)
{
    return ad_value(x) > 0 ? power(x, 3) : power(x, 2);
}

int main(void)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 1.5), w = ad_input(tape, -0.5);
    ad_var y = ad_add(ad_mul(x, w), ad_sin(ad_mul(2.0, x)));
    ad_var dy[2], d2y, cubic, slope;

    ad_grad(y, AD_LIST(x, w), dy); /* gradients are variables: */
    ad_grad(dy[0], 1, &x, &d2y);   /* differentiate them again */

    cubic = kink(x);
    ad_grad(cubic, 1, &x, &slope);

    int failed = ad_tape_status(tape) != AD_OK;
    if (failed) {
        fprintf(stderr, "%s\n", ad_tape_message(tape));
    }
    printf("            tape                  by hand\n");
    printf("y        % .17g  % .17g\n", ad_value(y), 1.5 * -0.5 + sin(3.0));
    printf("dy/dx    % .17g  % .17g\n", ad_value(dy[0]), -0.5 + 2 * cos(3.0));
    printf("dy/dw    % .17g  % .17g\n", ad_value(dy[1]), 1.5);
    printf("d2y/dx2  % .17g  % .17g\n", ad_value(d2y), -4 * sin(3.0));
    printf("dx^3/dx  % .17g  % .17g\n", ad_value(slope), 3 * 1.5 * 1.5);
    ad_tape_free(tape);
    return failed;
}
