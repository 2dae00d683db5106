/* SPDX-License-Identifier: MIT */
#include "optim.h"

#include <math.h>

enum { ALPHA, EPS, MOMENTUM, CENTRED };
enum { SQUARE, MEAN, VELOCITY };

static ad_var step(const nn_update *u)
{
    double a = u->options[ALPHA];
    ad_var square = ad_fma(a, u->slot[SQUARE], ad_mul(1 - a, ad_square(u->g)));
    ad_var variance = u->next[SQUARE] = square;
    if (u->options[CENTRED] != 0) {
        u->next[MEAN] = ad_fma(a, u->slot[MEAN], ad_mul(1 - a, u->g));
        variance = ad_sub(square, ad_square(u->next[MEAN])); /* above 0 but for rounding */
        variance = ad_maximum(variance, 0);
    }
    ad_var d = ad_div(u->g, ad_add(ad_sqrt(variance), u->options[EPS]));
    if (u->options[MOMENTUM] != 0) {
        d = u->next[VELOCITY] = ad_fma(u->options[MOMENTUM], u->slot[VELOCITY], d);
    }
    return ad_fma(nn_update_number(u, 0), d, u->w);
}

const nn_rule nn_rmsprop_rule = {
    .name = "rmsprop",
    .slots = {{"square", NULL}, {"mean", "centred"}, {"velocity", "momentum"}},
    .options = {{"alpha", 0.99, "[)", 0, 1},
                {"eps", 1e-8, "[)", 0, INFINITY},
                {"momentum", 0, "[)", 0, 1},
                {"centred", 0, "[]", 0, 1}},
    .step = step};
