/* SPDX-License-Identifier: MIT */
#include "layers.h"

static const double USUAL_EPS = 1e-5;

/* The axes of a row that are normalised over. */
static int axes_of(const nn_layer *layer)
{
    const nn_layer_norm_options *o = nn_layer_options(layer);
    return o->axes > 0 ? o->axes : 1;
}

static ad_status layer_norm_check(const nn_layer *layer, ad_error *error)
{
    const nn_layer_norm_options *o = nn_layer_options(layer);
    if (o->axes < 0 || o->axes >= AD_MAX_RANK || !(o->eps >= 0)) {
        return ad_error_set(error, AD_ERR_DOMAIN,
                            "axes = %d and eps = %g; layer norm takes 1 to %d axes and eps above 0",
                            o->axes, o->eps, AD_MAX_RANK - 1);
    }
    return AD_OK;
}

static void layer_norm_build(const nn_layer *layer, nn_builder *builder, ad_var x)
{
    const nn_layer_norm_options *o = nn_layer_options(layer);
    const nn_fans one = {1, 1};
    int axes = axes_of(layer);
    ad_shape shape = ad_shape_of(x), last = {.rank = axes};
    if (shape.rank <= axes) {
        char text[160];
        nn_builder_fail(builder, AD_ERR_SHAPE,
                        "its input is %s; layer norm over %d axes takes rows with as many",
                        ad_shape_print(&shape, text, sizeof text), axes);
        return;
    }
    for (int i = 0; i < axes; i++) {
        last.len[i] = shape.len[shape.rank - axes + i];
    }
    if (!o->no_affine) {
        nn_builder_add(builder, "gain", NN_GAIN, last, nn_constant(1), one);
        nn_builder_add(builder, "bias", NN_BIAS, last, nn_constant(0), one);
    }
}

static ad_var layer_norm_apply(const nn_layer *layer, nn_pass *pass, ad_var x)
{
    const nn_layer_norm_options *o = nn_layer_options(layer);
    int list[AD_MAX_RANK], count = axes_of(layer);
    for (int i = 0; i < count; i++) {
        list[i] = i - count;
    }
    ad_axes axes = ad_axes_of(count, list, 1);
    ad_var deviation = ad_sqrt(ad_add(ad_variance(x, axes, 0), o->eps > 0 ? o->eps : USUAL_EPS));
    ad_var y = ad_div(ad_sub(x, ad_mean(x, axes)), deviation);
    return o->no_affine ? y : ad_fma(y, nn_pass_param(pass, "gain"), nn_pass_param(pass, "bias"));
}

static nn_sample layer_norm_sample(int i)
{
    switch (i) {
    case 0:
        return (nn_sample){nn_layer_norm(), AD_SHAPE(5), 0};
    case 1:
        return (nn_sample){nn_layer_norm(.axes = 2, .eps = 0.1), AD_SHAPE(2, 3), 0};
    case 2:
        return (nn_sample){nn_layer_norm(.no_affine = 1), AD_SHAPE(2, 3), 0};
    case 3:
        return (nn_sample){nn_layer_norm(.axes = 2), AD_SHAPE(3), 1};
    case 4:
        return (nn_sample){nn_layer_norm(.eps = -1), AD_SHAPE(3), 1};
    default:
        return (nn_sample){.layer = NULL};
    }
}

const nn_layer_kind nn_layer_norm_kind = {.name = "layer_norm",
                                          .options = NN_LAYOUT(nn_layer_norm_options),
                                          .check = layer_norm_check,
                                          .build = layer_norm_build,
                                          .apply = layer_norm_apply,
                                          .place = NN_BETWEEN,
                                          .sample = layer_norm_sample};
