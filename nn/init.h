/* SPDX-License-Identifier: MIT */
#ifndef NN_INIT_H
#define NN_INIT_H

#include "params.h"

#include <wengert/arena.h>
#include <wengert/rng.h>
#include <wengert/status.h>

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
    const ad_allocator *allocator; /* of what a rule needs meanwhile; NULL: the C library's */
} nn_draw;

/* A plain value. All zeros: the layer's own choice. fill sets all elements of a parameter, drawing
 * its numbers in their order; a rule of one's own is such a function:
 *
 *   static ad_status fill(const nn_init *self, const nn_param *param, nn_fans fans, nn_draw *draw,
 *                         ad_error *error)
 *   {
 *       for (size_t i = 0; i < param->count; i++) {
 *           nn_param_set(param, i, self->a * nn_draw_uniform(draw));
 *       }
 *       return AD_OK;
 *   }
 *
 *   nn_dense(300, .weight = {.fill = fill, .a = 0.1}) */
typedef struct nn_init nn_init;
struct nn_init {
    ad_status (*fill)(const nn_init *self, const nn_param *param, nn_fans fans, nn_draw *draw,
                      ad_error *error);
    double a, b;
    const double *values; /* borrowed until the model is built */
    size_t count;         /* of values */
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

/* A matrix with orthogonal rows or columns, whichever are fewer, each of length gain: all singular
 * values are gain. A parameter of a higher rank is taken as the matrix [len 0, all the others].
 *
 *   gain Q,  Q R = a matrix of standard normal numbers,  R's diagonal above 0
 *
 * Errors: AD_ERR_SHAPE if the rank is below 2.
 * Source: Saxe, McClelland, Ganguli 2014, section 3. */
AD_API nn_init nn_orthogonal(double gain);

/* Fills a parameter.
 * Errors: the rule's: AD_ERR_SHAPE if a list has not as many values as param elements, or the rule
 *         needs another rank;  AD_ERR_DOMAIN if the list or an argument is NULL, or an element is
 *         not finite in param's type;  AD_ERR_MEMORY. */
AD_API ad_status nn_init_fill(const nn_init *init, nn_fans fans, nn_draw *draw,
                              const nn_param *param, ad_error *error);

/* The next number: uniform on [0, 1), or standard normal; NaN of NULL. */
AD_API double nn_draw_uniform(nn_draw *draw);
AD_API double nn_draw_normal(nn_draw *draw);

#ifdef __cplusplus
}
#endif

#endif
