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

static double from_uniform(nn_draw *draw, double lo, double hi)
{
    return lo + (hi - lo) * nn_draw_uniform(draw);
}

/* ---- one function a rule ---- */

static double constant(const nn_init *self, const nn_fans *fans, nn_draw *draw, size_t i)
{
    (void)fans, (void)draw, (void)i;
    return self->a;
}

static double listed(const nn_init *self, const nn_fans *fans, nn_draw *draw, size_t i)
{
    (void)fans, (void)draw;
    return self->values[i];
}

static double uniform(const nn_init *self, const nn_fans *fans, nn_draw *draw, size_t i)
{
    (void)fans, (void)i;
    return from_uniform(draw, self->a, self->b);
}

static double normal(const nn_init *self, const nn_fans *fans, nn_draw *draw, size_t i)
{
    (void)fans, (void)i;
    return self->a + self->b * nn_draw_normal(draw);
}

static double glorot_uniform(const nn_init *self, const nn_fans *fans, nn_draw *draw, size_t i)
{
    (void)i;
    double bound = self->a * sqrt(6 / (fans->in + fans->out));
    return from_uniform(draw, -bound, bound);
}

static double glorot_normal(const nn_init *self, const nn_fans *fans, nn_draw *draw, size_t i)
{
    (void)i;
    return self->a * sqrt(2 / (fans->in + fans->out)) * nn_draw_normal(draw);
}

static double he_uniform(const nn_init *self, const nn_fans *fans, nn_draw *draw, size_t i)
{
    (void)i;
    double bound = self->a * sqrt(3 / fans->in);
    return from_uniform(draw, -bound, bound);
}

static double he_normal(const nn_init *self, const nn_fans *fans, nn_draw *draw, size_t i)
{
    (void)i;
    return self->a / sqrt(fans->in) * nn_draw_normal(draw);
}

/* ---- values ---- */

nn_init nn_constant(double value)
{
    return (nn_init){.element = constant, .a = value};
}

nn_init nn_values(size_t count, const double *values)
{
    return (nn_init){.element = listed, .values = values, .count = count};
}

nn_init nn_uniform(double lo, double hi)
{
    return (nn_init){.element = uniform, .a = lo, .b = hi};
}

nn_init nn_normal(double mean, double std)
{
    return (nn_init){.element = normal, .a = mean, .b = std};
}

nn_init nn_glorot_uniform(double gain)
{
    return (nn_init){.element = glorot_uniform, .a = gain};
}

nn_init nn_glorot_normal(double gain)
{
    return (nn_init){.element = glorot_normal, .a = gain};
}

nn_init nn_he_uniform(double gain)
{
    return (nn_init){.element = he_uniform, .a = gain};
}

nn_init nn_he_normal(double gain)
{
    return (nn_init){.element = he_normal, .a = gain};
}

nn_init nn_lecun_uniform(void)
{
    return nn_he_uniform(1);
}

nn_init nn_lecun_normal(void)
{
    return nn_he_normal(1);
}

ad_status nn_init_fill(const nn_init *init, nn_fans fans, nn_draw *draw, const nn_param *param,
                       ad_error *error)
{
    if (init == NULL || init->element == NULL || draw == NULL || param == NULL) {
        return ad_error_set(
            error, AD_ERR_DOMAIN,
            "nn_init_fill: give an initialiser, what it draws from and a parameter");
    }
    if (init->element == listed && init->count != param->count) {
        char text[160];
        return ad_error_set(error, AD_ERR_SHAPE, "%s is %s: it needs %zu values, not %zu",
                            param->name, ad_shape_print(&param->shape, text, sizeof text),
                            param->count, init->count);
    }
    if (init->element == listed && init->values == NULL && param->count > 0) {
        return ad_error_set(error, AD_ERR_DOMAIN, "%s: the list of its values is NULL",
                            param->name);
    }
    for (size_t i = 0; i < param->count; i++) {
        double value = init->element(init, &fans, draw, i);
        if (!isfinite(value) || (param->type == AD_F32 && !isfinite((float)value))) {
            return ad_error_set(error, AD_ERR_DOMAIN,
                                "%s would begin with %g at element %zu; give a finite gain, "
                                "bound or value",
                                param->name, value, i);
        }
        if (param->type == AD_F64) {
            ((double *)param->data)[i] = value;
        } else {
            ((float *)param->data)[i] = (float)value;
        }
    }
    return AD_OK;
}
