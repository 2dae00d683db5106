/* SPDX-License-Identifier: MIT */
#ifndef NN_ACTIVATIONS_H
#define NN_ACTIVATIONS_H

#include <wengert/autodiff.h>

#include "init.h"

/* Activations: any function of a variable, element by element or not. [everyday]
 *
 * Those of the catalogue (ad_tanh, ad_sigmoid, ad_relu, ad_softplus, ad_gelu, ad_silu, ad_selu, ..)
 * are activations as they are, and so is a function of one's own:
 *
 *   static ad_var mish(ad_var x) { return ad_mul(x, ad_tanh(ad_softplus(x))); }
 *
 * Below are those that the catalogue does not have under one name with one argument. */

typedef ad_var (*nn_activation)(ad_var x);

/* What is known of an activation by name. */
typedef struct nn_activation_row {
    const char *name; /* "tanh" */
    nn_activation function;
    double gain;                  /* see nn_gain */
    nn_init (*init)(double gain); /* what a layer's weights begin with: init(init_gain) */
    double init_gain;
} nn_activation_row;

#ifdef __cplusplus
extern "C" {
#endif

/* x itself */
AD_API ad_var nn_identity(ad_var x);

/* x where x > 0, else 0.01 x */
AD_API ad_var nn_leaky_relu(ad_var x);

/* x where x > 0, else e^x - 1 */
AD_API ad_var nn_elu(ad_var x);

/* x tanh(softplus(x)). Source: Misra 2020, eq. 1. */
AD_API ad_var nn_mish(ad_var x);

/* x / (1 + |x|) */
AD_API ad_var nn_softsign(ad_var x);

/* min(max(x, 0), 6) */
AD_API ad_var nn_relu6(ad_var x);

/* x kept within [-1, 1] */
AD_API ad_var nn_hard_tanh(ad_var x);

/* x / 6 + 1/2 kept within [0, 1] */
AD_API ad_var nn_hard_sigmoid(ad_var x);

/* x hard_sigmoid(x). Source: Howard et al. 2019, section 5.2. */
AD_API ad_var nn_hard_swish(ad_var x);

/* e^x_i / sum_j e^x_j over the last axis: probabilities. A cost that takes logits, such as
 * nn_softmax_cross_entropy, has it already: its model ends without. */
AD_API ad_var nn_softmax(ad_var x);

/* Rows 0, 1, .. of the table of activations, element by element; NULL past its end. */
AD_API const nn_activation_row *nn_activation_at(int i);

/* The row of that name, or of that function; NULL if there is none. NULL as a function is the
 * identity. */
AD_API const nn_activation_row *nn_activation_named(const char *name);
AD_API const nn_activation_row *nn_activation_of(nn_activation function);

/* The gain that keeps the variance of a signal through the activation: sqrt 2 for relu, 5/3 for
 * tanh, 3/4 for selu; 1 for the identity, sigmoid and every function not in the table. */
AD_API double nn_gain(nn_activation function);

/* The weights a layer begins with unless told: He's normal for relu and its like, LeCun's normal
 * for selu, Glorot's uniform (gain 1) for all others. */
AD_API nn_init nn_init_for(nn_activation function);

#ifdef __cplusplus
}
#endif

#endif
