/* SPDX-License-Identifier: MIT */
#include "programs.h"

double hand_chain(double x, double w, double dxw[2])
{
    double y[CHAIN_LEN], g = 1, dw = 0;
    for (int i = 0; i < CHAIN_LEN; i++) {
        y[i] = x;
        x *= w;
    }
    for (int i = CHAIN_LEN; i-- > 0;) {
        dw += g * y[i];
        g *= w;
    }
    dxw[0] = g;
    dxw[1] = dw;
    return x;
}

double hand_rosenbrock(int n, const double *restrict x, double *restrict dx)
{
    double f = 0;
    if (n < 2) {
        return 0;
    }
    dx[0] = -2 * (1 - x[0]) - 400 * x[0] * (x[1] - x[0] * x[0]);
    for (int i = 1; i + 1 < n; i++) {
        double a = 1 - x[i - 1], b = x[i] - x[i - 1] * x[i - 1], c = x[i + 1] - x[i] * x[i];
        f += a * a + 100 * (b * b);
        dx[i] = 200 * b - 2 * (1 - x[i]) - 400 * x[i] * c;
    }
    double a = 1 - x[n - 2], b = x[n - 1] - x[n - 2] * x[n - 2];
    dx[n - 1] = 200 * b;
    return f + a * a + 100 * (b * b);
}

double hand_speelpenning(int n, const double *restrict x, double *restrict dx)
{
    double before = 1, after = 1;
    for (int i = 0; i < n; i++) {
        dx[i] = before;
        before *= x[i];
    }
    for (int i = n; i-- > 0;) {
        dx[i] *= after;
        after *= x[i];
    }
    return before;
}
