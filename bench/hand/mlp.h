/* SPDX-License-Identifier: MIT */
#ifndef HAND_MLP_H
#define HAND_MLP_H

#include "cblas.h"

#include <stdint.h>

/* A step of gradient descent of a 784-300-100-10 network by hand, f32: relu in the hidden layers,
 * softmax cross-entropy, products by blas. */

enum { MLP_IN = 784, MLP_1 = 300, MLP_2 = 100, MLP_OUT = 10, MLP_ROWS = 128 };

typedef struct hand_mlp {
    float w1[MLP_IN * MLP_1], b1[MLP_1], w2[MLP_1 * MLP_2], b2[MLP_2], w3[MLP_2 * MLP_OUT];
    float b3[MLP_OUT];
    float a1[MLP_ROWS * MLP_1], a2[MLP_ROWS * MLP_2], a3[MLP_ROWS * MLP_OUT];
    float d1[MLP_ROWS * MLP_1], d2[MLP_ROWS * MLP_2];
} hand_mlp;

/* Changes the weights; x [rows, 784], at most MLP_ROWS rows. Returns the cost before. */
float hand_mlp_step(const cblas *blas, hand_mlp *net, int rows, const float *x,
                    const int64_t *labels, float rate);

#endif
