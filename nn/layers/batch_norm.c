/* SPDX-License-Identifier: MIT */
#include "layers.h"

static const double USUAL_EPS = 1e-5, USUAL_MOMENTUM = 0.1;

/* The axis of the features of an input of that rank, -1 if it has none such. */
static int axis_of(const nn_layer *layer, int rank)
{
    int axis = ((const nn_batch_norm_options *)nn_layer_options(layer))->axis;
    axis = axis == 0 ? 1 : axis < 0 ? axis + rank : axis;
    return axis >= 1 && axis < rank ? axis : -1;
}

static ad_status batch_norm_check(const nn_layer *layer, ad_error *error)
{
    const nn_batch_norm_options *o = nn_layer_options(layer);
    if (!(o->momentum >= 0 && o->momentum <= 1 && o->eps >= 0)) {
        return ad_error_set(error, AD_ERR_DOMAIN,
                            "momentum = %g and eps = %g; batch norm takes a momentum in [0, 1] and "
                            "eps >= 0",
                            o->momentum, o->eps);
    }
    return AD_OK;
}

static void batch_norm_build(const nn_layer *layer, nn_builder *builder, ad_var x)
{
    const nn_batch_norm_options *o = nn_layer_options(layer);
    const nn_fans one = {1, 1};
    ad_shape shape = ad_shape_of(x);
    int axis = axis_of(layer, shape.rank);
    if (axis < 0) {
        char text[160];
        nn_builder_fail(builder, AD_ERR_SHAPE,
                        "its input is %s, which has no axis %d of features beside that of rows",
                        ad_shape_print(&shape, text, sizeof text), o->axis == 0 ? 1 : o->axis);
        return;
    }
    ad_shape features = AD_SHAPE(shape.len[axis]);
    if (!o->no_affine) {
        nn_builder_add(builder, "gain", NN_GAIN, features, nn_constant(1), one);
        nn_builder_add(builder, "bias", NN_BIAS, features, nn_constant(0), one);
    }
    nn_builder_add(builder, "mean", NN_STATE, features, nn_constant(0), one);
    nn_builder_add(builder, "var", NN_STATE, features, nn_constant(1), one);
}

/* [n] as [n, 1, ..], so that it meets the axis of the features. */
static ad_var spread(ad_var v, int after)
{
    ad_shape shape = {.rank = 1 + after, .len = {ad_shape_of(v).len[0]}};
    for (int i = 1; i <= after; i++) {
        shape.len[i] = 1;
    }
    return after > 0 ? ad_reshape(v, shape) : v;
}

/* Moves the running statistics towards those of the batch. */
static void run_on(const nn_layer *layer, nn_pass *pass, ad_var n, ad_var m, ad_var v)
{
    const nn_batch_norm_options *o = nn_layer_options(layer);
    double momentum = o->momentum > 0 ? o->momentum : USUAL_MOMENTUM;
    ad_var unbiased = ad_mul(v, ad_div(n, ad_maximum(ad_sub(n, 1), 1)));
    nn_pass_assign(pass, "mean",
                   ad_fma(1 - momentum, nn_pass_param(pass, "mean"), ad_mul(momentum, m)));
    nn_pass_assign(pass, "var",
                   ad_fma(1 - momentum, nn_pass_param(pass, "var"), ad_mul(momentum, unbiased)));
}

static ad_var batch_norm_apply(const nn_layer *layer, nn_pass *pass, ad_var x)
{
    const nn_batch_norm_options *o = nn_layer_options(layer);
    int rank = ad_shape_of(x).rank, axis = axis_of(layer, rank), list[AD_MAX_RANK], count = 0;
    for (int i = 0; i < rank; i++) {
        if (i != axis) {
            list[count++] = i;
        }
    }
    ad_var m, v;
    if (nn_pass_is_training(pass)) {
        ad_axes axes = ad_axes_of(count, list, 0);
        m = ad_mean(x, axes);
        v = ad_variance(x, axes, 0);
        run_on(layer, pass, ad_size(x, axes), m, v);
    } else {
        m = nn_pass_param(pass, "mean");
        v = nn_pass_param(pass, "var");
    }
    int after = rank - 1 - axis;
    ad_var deviation = ad_sqrt(ad_add(v, o->eps > 0 ? o->eps : USUAL_EPS));
    ad_var y = ad_div(ad_sub(x, spread(m, after)), spread(deviation, after));
    if (o->no_affine) {
        return y;
    }
    return ad_fma(y, spread(nn_pass_param(pass, "gain"), after),
                  spread(nn_pass_param(pass, "bias"), after));
}

static nn_sample batch_norm_sample(int i)
{
    switch (i) {
    case 0:
        return (nn_sample){nn_batch_norm(), AD_SHAPE(3), 0};
    case 1:
        return (nn_sample){nn_batch_norm(.momentum = 0.5, .eps = 0.1), AD_SHAPE(2, 3), 0};
    case 2:
        return (nn_sample){nn_batch_norm(.axis = -1, .no_affine = 1), AD_SHAPE(2, 3), 0};
    case 3:
        return (nn_sample){nn_batch_norm(), AD_SCALAR, 1};
    case 4:
        return (nn_sample){nn_batch_norm(.axis = 3), AD_SHAPE(2, 2), 1};
    case 5:
        return (nn_sample){nn_batch_norm(.momentum = 2), AD_SHAPE(2), 1};
    default:
        return (nn_sample){.layer = NULL};
    }
}

const nn_layer_kind nn_batch_norm_kind = {.name = "batch_norm",
                                          .options = NN_LAYOUT(nn_batch_norm_options),
                                          .check = batch_norm_check,
                                          .build = batch_norm_build,
                                          .apply = batch_norm_apply,
                                          .place = NN_BETWEEN,
                                          .sample = batch_norm_sample};
