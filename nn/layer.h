/* SPDX-License-Identifier: MIT */
#ifndef NN_LAYER_H
#define NN_LAYER_H

#include <wengert/autodiff.h>

/* A layer: a function with parameters of its own, from one batch to the next. [everyday]
 *
 * Layers are made by nn_dense, nn_function, .., and given to a model, which owns and frees them. A
 * layer learns the shape of its input, and makes its parameters, when its model is built. Mistakes
 * in its options are reported by the model. */

typedef struct nn_layer nn_layer;

#ifdef __cplusplus
extern "C" {
#endif

/* Frees a layer that was given to no model; leaves one that was alone. NULL is fine. */
AD_API void nn_layer_free(nn_layer *layer);

#ifdef __cplusplus
}
#endif

#endif
