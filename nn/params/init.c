/* SPDX-License-Identifier: MIT */
#include "init.h"

#include <math.h>

double nn_draw_uniform(nn_draw *draw)
{
    if (draw == NULL) {
        return NAN;
    }
    return draw->numpy != NULL ? ad_mt19937_uniform(draw->numpy) : ad_rng_uniform(&draw->rng);
}

double nn_draw_normal(nn_draw *draw)
{
    if (draw == NULL) {
        return NAN;
    }
    return draw->numpy != NULL ? ad_mt19937_normal(draw->numpy) : ad_rng_normal(&draw->rng);
}

static ad_status fill_uniform(const nn_param *param, nn_draw *draw, double lo, double hi)
{
    for (size_t i = 0; i < param->count; i++) {
        nn_param_set(param, i, lo + (hi - lo) * nn_draw_uniform(draw));
    }
    return AD_OK;
}

static ad_status fill_normal(const nn_param *param, nn_draw *draw, double mean, double std)
{
    for (size_t i = 0; i < param->count; i++) {
        nn_param_set(param, i, mean + std * nn_draw_normal(draw));
    }
    return AD_OK;
}

/* ---- each rule, and the value that chooses it ---- */

static ad_status constant(const nn_init *self, const nn_param *param, nn_fans fans, nn_draw *draw,
                          ad_error *error)
{
    (void)fans, (void)draw, (void)error;
    for (size_t i = 0; i < param->count; i++) {
        nn_param_set(param, i, self->a);
    }
    return AD_OK;
}

nn_init nn_constant(double value)
{
    return (nn_init){.fill = constant, .a = value};
}

static ad_status values(const nn_init *self, const nn_param *param, nn_fans fans, nn_draw *draw,
                        ad_error *error)
{
    (void)fans, (void)draw;
    if (self->count != param->count) {
        char text[160];
        return ad_error_set(error, AD_ERR_SHAPE, "%s is %s: it needs %zu values, not %zu",
                            param->name, ad_shape_print(&param->shape, text, sizeof text),
                            param->count, self->count);
    }
    if (self->values == NULL && param->count > 0) {
        return ad_error_set(error, AD_ERR_DOMAIN, "%s: the list of its values is NULL",
                            param->name);
    }
    for (size_t i = 0; i < param->count; i++) {
        nn_param_set(param, i, self->values[i]);
    }
    return AD_OK;
}

nn_init nn_values(size_t count, const double *list)
{
    return (nn_init){.fill = values, .values = list, .count = count};
}

static ad_status uniform(const nn_init *self, const nn_param *param, nn_fans fans, nn_draw *draw,
                         ad_error *error)
{
    (void)fans, (void)error;
    return fill_uniform(param, draw, self->a, self->b);
}

nn_init nn_uniform(double lo, double hi)
{
    return (nn_init){.fill = uniform, .a = lo, .b = hi};
}

static ad_status normal(const nn_init *self, const nn_param *param, nn_fans fans, nn_draw *draw,
                        ad_error *error)
{
    (void)fans, (void)error;
    return fill_normal(param, draw, self->a, self->b);
}

nn_init nn_normal(double mean, double std)
{
    return (nn_init){.fill = normal, .a = mean, .b = std};
}

static ad_status glorot_uniform(const nn_init *self, const nn_param *param, nn_fans fans,
                                nn_draw *draw, ad_error *error)
{
    (void)error;
    double bound = self->a * sqrt(6 / (fans.in + fans.out));
    return fill_uniform(param, draw, -bound, bound);
}

nn_init nn_glorot_uniform(double gain)
{
    return (nn_init){.fill = glorot_uniform, .a = gain};
}

static ad_status glorot_normal(const nn_init *self, const nn_param *param, nn_fans fans,
                               nn_draw *draw, ad_error *error)
{
    (void)error;
    return fill_normal(param, draw, 0, self->a * sqrt(2 / (fans.in + fans.out)));
}

nn_init nn_glorot_normal(double gain)
{
    return (nn_init){.fill = glorot_normal, .a = gain};
}

static ad_status he_uniform(const nn_init *self, const nn_param *param, nn_fans fans, nn_draw *draw,
                            ad_error *error)
{
    (void)error;
    double bound = self->a * sqrt(3 / fans.in);
    return fill_uniform(param, draw, -bound, bound);
}

nn_init nn_he_uniform(double gain)
{
    return (nn_init){.fill = he_uniform, .a = gain};
}

static ad_status he_normal(const nn_init *self, const nn_param *param, nn_fans fans, nn_draw *draw,
                           ad_error *error)
{
    (void)error;
    return fill_normal(param, draw, 0, self->a / sqrt(fans.in));
}

nn_init nn_he_normal(double gain)
{
    return (nn_init){.fill = he_normal, .a = gain};
}

nn_init nn_lecun_uniform(void)
{
    return nn_he_uniform(1);
}

nn_init nn_lecun_normal(void)
{
    return nn_he_normal(1);
}

/* ---- filling ---- */

ad_status nn_init_fill(const nn_init *init, nn_fans fans, nn_draw *draw, const nn_param *param,
                       ad_error *error)
{
    if (init == NULL || init->fill == NULL || draw == NULL || param == NULL) {
        return ad_error_set(
            error, AD_ERR_DOMAIN,
            "nn_init_fill: give an initialiser, what it draws from and a parameter");
    }
    ad_status status = init->fill(init, param, fans, draw, error);
    for (size_t i = 0; i < param->count && status == AD_OK; i++) {
        double value = nn_param_value(param, i);
        if (!isfinite(value)) {
            status = ad_error_set(error, AD_ERR_DOMAIN,
                                  "%s would begin with %g at element %zu; give a finite gain, "
                                  "bound or value",
                                  param->name, value, i);
        }
    }
    return status;
}
