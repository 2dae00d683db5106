/* SPDX-License-Identifier: MIT */
#ifndef NN_FUNCTION_H
#define NN_FUNCTION_H

#include "activations.h"
#include "options.h"
#include "layer.h"

/* A layer without parameters: any function from a batch to a batch, as an activation. [everyday]
 *
 *   z = a = f(x)
 *
 * Errors: AD_ERR_DOMAIN if function is NULL; the model reports it.
 * Owns:   as nn_dense. */
typedef struct nn_function_options {
    nn_activation function;
    const char *name; /* NULL: function1, function2, ..; copied */
    const ad_allocator *allocator;
} nn_function_options;

#define nn_function(...)                                                                           \
    nn_function_at(NN_OPTIONS(nn_function_options, .function = __VA_ARGS__), AD_HERE)

#ifdef __cplusplus
extern "C" {
#endif

AD_API nn_layer *nn_function_of(nn_function_options options);

/* site as AD_HERE: errors name it. */
AD_API nn_layer *nn_function_at(nn_function_options options, const char *site);

#ifdef __cplusplus
}
#endif

#endif
