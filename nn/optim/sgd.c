/* SPDX-License-Identifier: MIT */
/* Gradient descent, with and without momentum. */
#include "optim.h"

static ad_var sgd(const nn_update *u)
{
    return ad_fma(nn_update_number(u, 0), u->g, u->w);
}

static ad_var momentum(const nn_update *u)
{
    u->next[0] = ad_fma(u->options[0], u->slot[0], u->g);
    return ad_fma(nn_update_number(u, 0), u->next[0], u->w);
}

static ad_var nesterov(const nn_update *u)
{
    u->next[0] = ad_fma(u->options[0], u->slot[0], u->g);
    ad_var ahead = ad_fma(u->options[0], u->next[0], u->g);
    return ad_fma(nn_update_number(u, 0), ahead, u->w);
}

const nn_rule nn_sgd_rule = {.name = "sgd", .step = sgd};

const nn_rule nn_momentum_rule = {.name = "momentum",
                                  .slots = {{"velocity", NULL}},
                                  .options = {{"momentum", 0.9, "[)", 0, 1}},
                                  .step = momentum};

const nn_rule nn_nesterov_rule = {.name = "nesterov",
                                  .slots = {{"velocity", NULL}},
                                  .options = {{"momentum", 0.9, "[)", 0, 1}},
                                  .step = nesterov};
