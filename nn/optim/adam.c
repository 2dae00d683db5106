/* SPDX-License-Identifier: MIT */
#include "optim.h"

#include <math.h>

enum { BETA1, BETA2, EPS };
enum { MEAN, SQUARE };
enum { RATE, SCALE };

static void numbers(const double *o, double rate, double t, double *number)
{
    number[RATE] = -rate / (1 - pow(o[BETA1], t));
    number[SCALE] = 1 / sqrt(1 - pow(o[BETA2], t));
}

static ad_var step(const nn_update *u)
{
    double b1 = u->options[BETA1], b2 = u->options[BETA2];
    u->next[MEAN] = ad_fma(b1, u->slot[MEAN], ad_mul(1 - b1, u->g));
    u->next[SQUARE] = ad_fma(b2, u->slot[SQUARE], ad_mul(1 - b2, ad_square(u->g)));
    ad_var root = ad_sqrt(u->next[SQUARE]);
    ad_var scaled = ad_fma(root, nn_update_number(u, SCALE), u->options[EPS]);
    return ad_fma(nn_update_number(u, RATE), ad_div(u->next[MEAN], scaled), u->w);
}

const nn_rule nn_adam_rule = {.name = "adam",
                              .slots = {{"mean", NULL}, {"square", NULL}},
                              .options = {{"beta1", 0.9, "[)", 0, 1},
                                          {"beta2", 0.999, "[)", 0, 1},
                                          {"eps", 1e-8, "[)", 0, INFINITY}},
                              .numbers = numbers,
                              .step = step};
