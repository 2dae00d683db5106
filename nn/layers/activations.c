/* SPDX-License-Identifier: MIT */
#include "activations.h"

#include <string.h>

/* Errors name the activation. */
#undef AD__CALL
#define AD__CALL(f, ...) f##_at(__VA_ARGS__, __func__)

ad_var nn_identity(ad_var x)
{
    return x;
}

ad_var nn_leaky_relu(ad_var x)
{
    return ad_leaky_relu(x, 0.01);
}

ad_var nn_elu(ad_var x)
{
    return ad_elu(x, 1);
}

ad_var nn_mish(ad_var x)
{
    return ad_mul(x, ad_tanh(ad_softplus(x)));
}

ad_var nn_softsign(ad_var x)
{
    return ad_div(x, ad_add(1, ad_abs(x)));
}

ad_var nn_relu6(ad_var x)
{
    return ad_clamp(x, 0, 6);
}

ad_var nn_hard_tanh(ad_var x)
{
    return ad_clamp(x, -1, 1);
}

ad_var nn_hard_sigmoid(ad_var x)
{
    return ad_clamp(ad_add(ad_div(x, 6), 0.5), 0, 1);
}

ad_var nn_hard_swish(ad_var x)
{
    return ad_mul(x, nn_hard_sigmoid(x));
}

ad_var nn_softmax(ad_var x)
{
    return ad_softmax(x, AD_AXES(-1));
}

/* ---- the table ---- */

#define SQRT2 1.4142135623730951

#define GLOROT nn_glorot_uniform, 1
#define HE nn_he_normal, SQRT2
#define LECUN nn_he_normal, 1

static const nn_activation_row rows[] = {
    {"identity", nn_identity, 1, GLOROT},
    {"sigmoid", ad_sigmoid, 1, GLOROT},
    {"tanh", ad_tanh, 5.0 / 3, GLOROT},
    {"relu", ad_relu, SQRT2, HE},
    {"leaky_relu", nn_leaky_relu, 1.4141428569978354, HE}, /* sqrt(2 / (1 + 0.01^2)) */
    {"elu", nn_elu, 1, HE},
    {"selu", ad_selu, 0.75, LECUN},
    {"gelu", ad_gelu, 1, HE},
    {"silu", ad_silu, 1, HE},
    {"mish", nn_mish, 1, HE},
    {"softplus", ad_softplus, 1, HE},
    {"relu6", nn_relu6, SQRT2, HE},
    {"softsign", nn_softsign, 1, GLOROT},
    {"hard_tanh", nn_hard_tanh, 1, GLOROT},
    {"hard_sigmoid", nn_hard_sigmoid, 1, GLOROT},
    {"hard_swish", nn_hard_swish, 1, HE},
    {"log_sigmoid", ad_log_sigmoid, 1, GLOROT},
    {"atan", ad_atan, 1, GLOROT},
    {"asinh", ad_asinh, 1, GLOROT},
    {"sin", ad_sin, 1, GLOROT},
    {"erf", ad_erf, 1, GLOROT},
};

enum { ROWS = sizeof rows / sizeof rows[0] };

const nn_activation_row *nn_activation_at(int i)
{
    return i >= 0 && i < ROWS ? &rows[i] : NULL;
}

const nn_activation_row *nn_activation_named(const char *name)
{
    for (int i = 0; i < ROWS && name != NULL; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

const nn_activation_row *nn_activation_of(nn_activation function)
{
    for (int i = 0; i < ROWS; i++) {
        if (rows[i].function == function) {
            return &rows[i];
        }
    }
    return function == NULL ? &rows[0] : NULL;
}

double nn_gain(nn_activation function)
{
    const nn_activation_row *row = nn_activation_of(function);
    return row != NULL ? row->gain : 1;
}

nn_init nn_init_for(nn_activation function)
{
    const nn_activation_row *row = nn_activation_of(function);
    return row != NULL ? row->init(row->init_gain) : nn_glorot_uniform(1);
}
