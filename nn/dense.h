/* SPDX-License-Identifier: MIT */
#ifndef NN_DENSE_H
#define NN_DENSE_H

#include "activations.h"
#include "options.h"
#include "layer.h"

/* A dense layer: every unit sees every input. [everyday]
 *
 *   z = x W + b,  a = f(z)
 *
 * x [rows, ...]   W [n, units]   b [units]   ->   a [rows, units]
 *
 * n is the number of elements in a row of x, which is flattened: images need no reshaping. W is
 * the transpose of the lecture's w^l, whose rows are units: z^l = w^l a^(l-1) + b^l.
 *
 *   nn_dense(300, .activation = ad_relu)
 *   nn_dense(1, .weight = nn_normal(0, 1), .bias = nn_constant(0.01))
 *
 * Parameters: "<name>.weight", "<name>.bias".
 * Errors: AD_ERR_DOMAIN if units < 1;  AD_ERR_SHAPE if x has rank 0 or 1. The model reports them.
 * Owns:   the model it is given to, else the caller until nn_layer_free; NULL if out of memory,
 *         which the model reports too. */
typedef struct nn_dense_options {
    int64_t units;
    nn_activation activation; /* NULL: none */
    nn_init weight;           /* nn_init_for(activation) */
    nn_init bias;             /* zeros */
    int no_bias;              /* 1: z = x W */
    const char *name;         /* NULL: dense1, dense2, ..; copied */
    const ad_allocator *allocator;
} nn_dense_options;

#define nn_dense(...) nn_dense_at(NN_OPTIONS(nn_dense_options, .units = __VA_ARGS__), AD_HERE)

#ifdef __cplusplus
extern "C" {
#endif

AD_API nn_layer *nn_dense_of(nn_dense_options options);

/* site as AD_HERE: errors name it. */
AD_API nn_layer *nn_dense_at(nn_dense_options options, const char *site);

#ifdef __cplusplus
}
#endif

#endif
