/* SPDX-License-Identifier: MIT */
#include "tiny.h"

#include <math.h>
#include <string.h>

enum { N = TINY_SAMPLES, U = TINY_UNITS };

static inline double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

double hand_tiny_1_1_1(const double w[4], double x, double y, double dw[4])
{
    double a1 = sigmoid(w[0] * x + w[1]), a2 = sigmoid(w[2] * a1 + w[3]), e = a2 - y;
    double d2 = 2 * e * a2 * (1 - a2), d1 = d2 * w[2] * a1 * (1 - a1);
    dw[0] = d1 * x;
    dw[1] = d1;
    dw[2] = d2 * a1;
    dw[3] = d2;
    return e * e;
}

double hand_tiny_2_2_1(const double w[9], const double x[2][N], const double y[N], double dw[9])
{
    const double *restrict x0 = x[0], *restrict x1 = x[1];
    double w00 = w[0], w01 = w[1], w10 = w[2], w11 = w[3], b0 = w[4], b1 = w[5];
    double v0 = w[6], v1 = w[7], c = w[8];
    double g00 = 0, g01 = 0, g10 = 0, g11 = 0, gb0 = 0, gb1 = 0, gv0 = 0, gv1 = 0, gc = 0, sum = 0;
    double h0[N], h1[N], out[N];
    for (int i = 0; i < N; i++) { /* loops of their own: a call of vector exp spills all sums */
        h0[i] = sigmoid(w00 * x0[i] + w10 * x1[i] + b0);
        h1[i] = sigmoid(w01 * x0[i] + w11 * x1[i] + b1);
    }
    for (int i = 0; i < N; i++) {
        out[i] = sigmoid(v0 * h0[i] + v1 * h1[i] + c);
    }
    for (int i = 0; i < N; i++) {
        double a0 = h0[i], a1 = h1[i], a = out[i], e = a - y[i];
        double d = e * a * (1 - a);
        double d0 = d * v0 * a0 * (1 - a0), d1 = d * v1 * a1 * (1 - a1);
        sum += e * e;
        gc += d;
        gv0 += d * a0;
        gv1 += d * a1;
        gb0 += d0;
        gb1 += d1;
        g00 += d0 * x0[i];
        g01 += d1 * x0[i];
        g10 += d0 * x1[i];
        g11 += d1 * x1[i];
    }
    const double g[9] = {g00, g01, g10, g11, gb0, gb1, gv0, gv1, gc};
    for (int i = 0; i < 9; i++) {
        dw[i] = g[i] * (2.0 / N);
    }
    return sum / N;
}

/* The parts of the weights, or of their gradient. */
#define W1(w) (w)
#define B1(w) ((w) + 2 * U)
#define W2(w) ((w) + 3 * U)
#define B2(w) ((w) + 3 * U + U * U)
#define W3(w) ((w) + 4 * U + U * U)
#define B3(w) ((w) + 5 * U + U * U)

static void product(const cblas *blas, int ta, int tb, int m, int k, const double *a,
                    const double *b, double *c)
{
    blas->dgemm(CBLAS_ROWS, ta ? CBLAS_TRANSPOSED : CBLAS_AS_IS,
                tb ? CBLAS_TRANSPOSED : CBLAS_AS_IS, m, U, k, 1, a, U, b, U, 0, c, U);
}

double hand_tiny_2_50_50_1(const cblas *blas, const double w[TINY_WEIGHTS], const double x[2][N],
                           const double y[N], double dw[TINY_WEIGHTS], hand_tiny_work *work)
{
    double(*restrict a1)[U] = work->a1, (*restrict a2)[U] = work->a2;
    double(*restrict d1)[U] = work->d1, (*restrict d2)[U] = work->d2;
    const double *w1 = W1(w), *b1 = B1(w), *b2 = B2(w), *w3 = W3(w);
    double sum = 0;
    memset(dw, 0, TINY_WEIGHTS * sizeof *dw);
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < U; j++) {
            a1[i][j] = tanh(x[0][i] * w1[j] + x[1][i] * w1[U + j] + b1[j]);
        }
    }
    product(blas, 0, 0, N, U, a1[0], W2(w), a2[0]);
    for (int i = 0; i < N; i++) {
        double a = *B3(w);
        for (int j = 0; j < U; j++) {
            a2[i][j] = tanh(a2[i][j] + b2[j]);
            a += a2[i][j] * w3[j];
        }
        double e = a - y[i], d = e * (2.0 / N);
        sum += e * e;
        *B3(dw) += d;
        for (int j = 0; j < U; j++) {
            W3(dw)[j] += d * a2[i][j];
            d2[i][j] = d * w3[j] * (1 - a2[i][j] * a2[i][j]);
            B2(dw)[j] += d2[i][j];
        }
    }
    product(blas, 1, 0, U, N, a1[0], d2[0], W2(dw));
    product(blas, 0, 1, N, U, d2[0], W2(w), d1[0]);
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < U; j++) {
            double d = d1[i][j] * (1 - a1[i][j] * a1[i][j]);
            W1(dw)[j] += d * x[0][i];
            W1(dw)[U + j] += d * x[1][i];
            B1(dw)[j] += d;
        }
    }
    return sum / N;
}
