/* SPDX-License-Identifier: MIT */
/* A layer of one's own with parameters and state, written as the library writes its own.
 *
 *   y = gain (x - c) / s,     c, s the running means of x and |x - c| over the batches of training
 *
 * brings features of any unit to one size, and outliers move it less than squares would. A net
 * begins with it and learns a surface:
 *
 *   y = sin(3 u) + v w,     x = (u, 20 + 5 v, 3 + 0.1 w)
 *
 * The layer's derivatives are checked, the net is trained by nn_fit, and what it has learnt, the
 * running means among it, is written to a file and read into another net. */
#include <wengert/nn.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 400, FEATURES = 3 };

/* ---- a layer ---- */

typedef struct scale_options {
    double momentum; /* the part of a new batch in the running means */
    NN_LAYER_OPTIONS;
} scale_options;

static void scale_build(const nn_layer *layer, nn_builder *builder, ad_var x)
{
    (void)layer;
    if (ad_shape_of(x).rank != 2) {
        nn_builder_fail(builder, AD_ERR_SHAPE, "it takes [rows, features]");
        return;
    }
    const ad_shape row = AD_SHAPE(ad_shape_of(x).len[1]);
    const nn_fans one = {1, 1};
    nn_builder_add(builder, "gain", NN_GAIN, row, nn_constant(1), one);
    nn_builder_add(builder, "centre", NN_STATE, row, nn_constant(0), one);
    nn_builder_add(builder, "size", NN_STATE, row, nn_constant(1), one);
}

static ad_var scale_apply(const nn_layer *layer, nn_pass *pass, ad_var x)
{
    const scale_options *o = nn_layer_options(layer);
    ad_var c = nn_pass_param(pass, "centre"), s = nn_pass_param(pass, "size");
    if (nn_pass_is_training(pass)) {
        ad_var size = ad_mean(ad_abs(ad_sub(x, c)), AD_AXES(0));
        c = ad_fma(o->momentum, ad_sub(ad_mean(x, AD_AXES(0)), c), c);
        s = ad_fma(o->momentum, ad_sub(size, s), s);
        nn_pass_assign(pass, "centre", c);
        nn_pass_assign(pass, "size", s);
    }
    return ad_mul(nn_pass_param(pass, "gain"), ad_div(ad_sub(x, c), s));
}

static const nn_layer_kind scale_kind = {.name = "scale",
                                         .options = NN_LAYOUT(scale_options),
                                         .build = scale_build,
                                         .apply = scale_apply};

#define scale(...) NN_LAYER(&scale_kind, scale_options, .momentum = __VA_ARGS__)

static int check_scale(void)
{
    const double points[] = {1, 2, -1, 0.5, 3, -2};
    const ad_check_input x = {AD_F64, AD_SHAPE(3, 2), points};
    nn_model *alone = scale(0.5);
    nn_build(alone, .input = AD_SHAPE(2));
    ad_report report = nn_check(alone, &x, .training = 1);
    printf("derivatives of the layer: %s\n", report.message);
    nn_model_free(alone);
    return report.passed;
}

/* ---- a net with it ---- */

static nn_model *new_net(uint64_t seed)
{
    nn_model *net = nn_sequential(scale(0.1), nn_dense(32, .activation = ad_tanh), nn_dense(1));
    nn_build(net, .input = AD_SHAPE(FEATURES), .seed = seed);
    return net;
}

static void make_data(double x[ROWS][FEATURES], double *y)
{
    ad_rng rng = {.seed = 1};
    for (int i = 0; i < ROWS; i++) {
        double u = 2 * ad_rng_uniform(&rng) - 1, v = ad_rng_normal(&rng), w = ad_rng_normal(&rng);
        x[i][0] = u;
        x[i][1] = 20 + 5 * v;
        x[i][2] = 3 + 0.1 * w;
        y[i] = sin(3 * u) + v * w;
    }
}

/* Writes all parameters and state, or reads them into a net of the same layers. */
static int keep(nn_model *net, FILE *file, int reads)
{
    const nn_params *params = nn_model_params(net);
    int complete = 1;
    for (int i = 0; i < nn_params_count(params) && complete; i++) {
        const nn_param *p = nn_params_at(params, i);
        size_t width = ad_type_bytes(p->type);
        complete = p->count == (reads ? fread(p->data, width, p->count, file)
                                      : fwrite(p->data, width, p->count, file));
    }
    return complete;
}

int main(void)
{
    static double data[ROWS][FEATURES], target[ROWS];
    make_data(data, target);
    nn_array x = nn_array_view(NN_F64, AD_SHAPE(ROWS, FEATURES), data), first, second;
    nn_array y = nn_array_view(NN_F64, AD_SHAPE(ROWS), target);
    nn_model *net = new_net(1), *other = new_net(2);
    FILE *file = tmpfile();
    nn_fit_result fit = nn_fit(net, x, y, .cost = nn_mse, .optim = nn_adam(.rate = 0.01),
                               .epochs = 200, .batch = 40, .validation = 0.2, .seed = 1);
    if (!check_scale() || fit.error.status != AD_OK || file == NULL) {
        fprintf(stderr, "%s\n", fit.error.message);
        return 1;
    }
    const nn_params *params = nn_model_params(net);
    const nn_epoch *last = &fit.history[fit.epochs - 1];
    for (size_t j = 0; j < FEATURES; j++) {
        printf("feature %zu: centre %.4g, size %.4g\n", j,
               nn_param_value(nn_params_find(params, "scale1.centre"), j),
               nn_param_value(nn_params_find(params, "scale1.size"), j));
    }
    printf("cost of training %.4f, of validation %.4f\n", last->train.cost, last->validation.cost);

    int kept = keep(net, file, 0) && fseek(file, 0, SEEK_SET) == 0 && keep(other, file, 1);
    nn_predict(net, x, NULL, &first, NULL);
    nn_predict(other, x, NULL, &second, NULL);
    int same = kept && memcmp(first.data, second.data, sizeof target) == 0;
    printf("read back: %s predictions\n", same ? "the same" : "other");
    fclose(file);
    nn_array_clear(&first);
    nn_array_clear(&second);
    nn_fit_result_clear(&fit);
    nn_model_free(other);
    nn_model_free(net);
    return !same;
}
