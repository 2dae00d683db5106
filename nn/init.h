/* SPDX-License-Identifier: MIT */
#ifndef NN_INIT_H
#define NN_INIT_H

#include "params.h"

#include <wengert/autodiff.h>

/* What parameters are before training. [everyday]
 *
 *   nn_dense(300, .activation = ad_relu, .weight = nn_he_normal(nn_gain(ad_relu)))
 *
 * A weight that many inputs feed must be small, or sums grow from layer to layer; the families
 * below keep the variance of what passes through a layer. fan_in is the number of inputs of a unit,
 * fan_out that of the units an input feeds: n and m for a dense layer with W [n, m]. The gain makes
 * up for what the activation takes away; see nn_gain. */

typedef struct nn_fans {
    double in, out;
} nn_fans;

/* Where random numbers come from: a place in the library's own sequence, or, if numpy is set, the
 * next number of that generator. */
typedef struct nn_draw {
    ad_rng rng;
    ad_mt19937 *numpy;
} nn_draw;

/* A plain value. All zeros: the layer's own choice. element gives element i of a parameter; write
 * one for rules of your own. */
typedef struct nn_init nn_init;
struct nn_init {
    double (*element)(const nn_init *self, const nn_fans *fans, nn_draw *draw, size_t i);
    double a, b;
    const double *values; /* borrowed until the model is built */
    size_t count;         /* of values; 0 if any number of elements will do */
};

#ifdef __cplusplus
extern "C" {
#endif

AD_API nn_init nn_constant(double value);
AD_API nn_init nn_uniform(double lo, double hi);
AD_API nn_init nn_normal(double mean, double std);

/* These values, row-major. They are read when the model is built and must stay until then. */
AD_API nn_init nn_values(size_t count, const double *values);

/* Variance gain^2 2 / (fan_in + fan_out); uniform on +-gain sqrt(6 / (fan_in + fan_out)).
 * Source: Glorot, Bengio 2010, eq. 16 (also known as Xavier). */
AD_API nn_init nn_glorot_uniform(double gain);
AD_API nn_init nn_glorot_normal(double gain);

/* Variance gain^2 / fan_in; uniform on +-gain sqrt(3 / fan_in). For relu the gain is sqrt 2.
 * Source: He, Zhang, Ren, Sun 2015, eq. 10 (also known as Kaiming). */
AD_API nn_init nn_he_uniform(double gain);
AD_API nn_init nn_he_normal(double gain);

/* Variance 1 / fan_in. Source: LeCun, Bottou, Orr, Mueller 1998, section 4.6. */
AD_API nn_init nn_lecun_uniform(void);
AD_API nn_init nn_lecun_normal(void);

/* Fills a parameter, element after element.
 * Errors: AD_ERR_SHAPE if init's values are not as many as param's elements;
 *         AD_ERR_DOMAIN if the list or an argument is NULL, or an element is not finite in param's
 *         type. */
AD_API ad_status nn_init_fill(const nn_init *init, nn_fans fans, nn_draw *draw,
                              const nn_param *param, ad_error *error);

/* The next number: uniform on [0, 1), or standard normal; NaN of NULL. */
AD_API double nn_draw_uniform(nn_draw *draw);
AD_API double nn_draw_normal(nn_draw *draw);

#ifdef __cplusplus
}
#endif

#endif
