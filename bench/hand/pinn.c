/* SPDX-License-Identifier: MIT */
#include "pinn.h"

#include <math.h>
#include <string.h>

enum { N = PINN_POINTS, U = PINN_UNITS, LANES = 8, BLOCK = 5 };

typedef double vector __attribute__((vector_size(LANES * sizeof(double)), aligned(8)));

/* c [m, 32] = a b for b [k, 32], element i, l of a at a[i row + l column]; m a multiple of BLOCK or
 * less than that: a block of rows of c stays in registers. */
static inline void rows_product(int rows, int k, const double *a, long row, long column,
                                const double *b, double *c)
{
    vector sum[BLOCK][U / LANES] = {{{0}}};
    for (int l = 0; l < k; l++) {
        const vector *from = (const vector *)(b + l * U);
        for (int i = 0; i < rows; i++) {
            double factor = a[i * row + l * column];
            for (int j = 0; j < U / LANES; j++) {
                sum[i][j] += factor * from[j];
            }
        }
    }
    for (int i = 0; i < rows; i++) {
        memcpy(c + i * U, sum[i], U * sizeof *c);
    }
}

static void product(int m, int k, const double *a, long row, long column, const double *b,
                    double *c)
{
    int i = 0;
    for (; i + BLOCK <= m; i += BLOCK) {
        rows_product(BLOCK, k, a + i * row, row, column, b, c + i * U);
    }
    for (; i + 2 <= m; i += 2) {
        rows_product(2, k, a + i * row, row, column, b, c + i * U);
    }
    for (; i < m; i++) {
        rows_product(1, k, a + i * row, row, column, b, c + i * U);
    }
}

/* a = tanh(z), a' = s z', a'' = s z'' - 2 a s z'^2 with s = 1 - a^2; b is added to z. */
static void activate(const double *restrict z, const double *restrict z1, const double *restrict z2,
                     const double *restrict b, double *restrict a, double *restrict a1,
                     double *restrict a2)
{
    for (int j = 0; j < U; j++) {
        double t = tanh(z[j] + b[j]), s = 1 - t * t;
        a[j] = t;
        a1[j] = s * z1[j];
        a2[j] = s * (z2[j] - 2 * t * z1[j] * z1[j]);
    }
}

/* The cotangents d of z, z', z'' from those of a, a', a'', which are in d. */
static inline void activate_back(const double *restrict a, const double *restrict z1,
                                 const double *restrict z2, double *restrict d, double *restrict d1,
                                 double *restrict d2)
{
    for (int j = 0; j < U; j++) {
        double t = a[j], s = 1 - t * t, p = z1[j], q = z2[j], g1 = d1[j], g2 = d2[j];
        double ds = g1 * p + g2 * (q - 2 * t * p * p);
        d[j] = (d[j] - 2 * g2 * s * p * p - 2 * t * ds) * s;
        d1[j] = s * (g1 - 4 * g2 * t * p);
        d2[j] = s * g2;
    }
}

/* The output layer, forward and back: fills the cotangents of a2 and returns the loss. */
static double output(const double *restrict w3, double b3, hand_pinn_work *work,
                     double *restrict dw3, double *restrict db3)
{
    double sum = 0;
    for (int i = 0; i < N; i++) {
        const double *restrict a = work->a2[0][i], *restrict a2 = work->a2[2][i];
        double r = b3;
        for (int j = 0; j < U; j++) {
            r += (a[j] + a2[j]) * w3[j];
        }
        double g = r * (2.0 / N);
        sum += r * r;
        *db3 += g;
        double *restrict d = work->d2[0][i], *restrict d1 = work->d2[1][i],
                         *restrict d2 = work->d2[2][i];
        for (int j = 0; j < U; j++) {
            dw3[j] += g * (a[j] + a2[j]);
            d[j] = g * w3[j];
            d1[j] = 0;
            d2[j] = d[j];
        }
    }
    return sum / N;
}

double hand_pinn(const double w[PINN_WEIGHTS], const double x[N], double dw[PINN_WEIGHTS],
                 hand_pinn_work *work)
{
    const double *w1 = w, *b1 = w + U, *w2 = w + 2 * U, *b2 = w2 + U * U, *w3 = b2 + U;
    double *dw1 = dw, *db1 = dw + U, *dw2 = dw + 2 * U, *db2 = dw2 + U * U, *dw3 = db2 + U;
    const double none[U] = {0};
    memset(dw, 0, PINN_WEIGHTS * sizeof *dw);
    for (int i = 0; i < N; i++) {
        double z[U];
        for (int j = 0; j < U; j++) {
            z[j] = x[i] * w1[j];
        }
        activate(z, w1, none, b1, work->a1[0][i], work->a1[1][i], work->a1[2][i]);
    }
    product(3 * N, U, work->a1[0][0], U, 1, w2, work->z2[0][0]);
    for (int i = 0; i < N; i++) {
        activate(work->z2[0][i], work->z2[1][i], work->z2[2][i], b2, work->a2[0][i], work->a2[1][i],
                 work->a2[2][i]);
    }
    double loss = output(w3, w3[U], work, dw3, dw3 + U);
    for (int i = 0; i < N; i++) {
        activate_back(work->a2[0][i], work->z2[1][i], work->z2[2][i], work->d2[0][i],
                      work->d2[1][i], work->d2[2][i]);
        for (int j = 0; j < U; j++) {
            db2[j] += work->d2[0][i][j];
        }
    }
    product(U, 3 * N, work->a1[0][0], 1, U, work->d2[0][0], dw2);
    for (int i = 0; i < U; i++) {
        for (int j = 0; j < U; j++) {
            work->w2_transposed[j][i] = w2[i * U + j];
        }
    }
    product(3 * N, U, work->d2[0][0], U, 1, work->w2_transposed[0], work->d1[0][0]);
    for (int i = 0; i < N; i++) {
        double *restrict d = work->d1[0][i], *restrict d1 = work->d1[1][i];
        activate_back(work->a1[0][i], w1, none, d, d1, work->d1[2][i]);
        for (int j = 0; j < U; j++) {
            dw1[j] += d[j] * x[i] + d1[j];
            db1[j] += d[j];
        }
    }
    return loss;
}
