/* SPDX-License-Identifier: MIT */
#ifndef HAND_PINN_H
#define HAND_PINN_H

/* The loss mean((u'' + u)^2) over points x of a 1-32-32-1 net u(x), tanh in the hidden layers, and
 * its gradient by the weights, by hand: u, u' and u'' go forward through the net together, three
 * Taylor coefficients a unit, and the sweep back is written out.
 *
 * Weights stand in the order W^1 [1, 32], b^1, W^2 [32, 32], b^2, W^3 [32, 1], b^3, and so does the
 * gradient. The loss is returned. */

enum { PINN_POINTS = 100, PINN_UNITS = 32 };
enum { PINN_WEIGHTS = 2 * PINN_UNITS + PINN_UNITS * (PINN_UNITS + 1) + PINN_UNITS + 1 };

/* Of both hidden layers: the activations with their first and second derivative by x, the
 * preactivations' derivatives, and the cotangents of the preactivations; a row a point, so that one
 * product takes all three. */
typedef struct hand_pinn_work {
    double a1[3][PINN_POINTS][PINN_UNITS], a2[3][PINN_POINTS][PINN_UNITS];
    double z2[3][PINN_POINTS][PINN_UNITS], d2[3][PINN_POINTS][PINN_UNITS];
    double d1[3][PINN_POINTS][PINN_UNITS], w2_transposed[PINN_UNITS][PINN_UNITS];
} hand_pinn_work;

double hand_pinn(const double w[PINN_WEIGHTS], const double x[PINN_POINTS], double dw[PINN_WEIGHTS],
                 hand_pinn_work *work);

#endif
