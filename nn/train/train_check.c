/* SPDX-License-Identifier: MIT */
/* What enters from outside is looked at here, before anything runs. */
#include "layers/model_internal.h"
#include "train/train_internal.h"

#include <math.h>

/* All but labels becomes numbers of the model's type. */
ad_type nn__target_type(const nn_array *y, ad_type model)
{
    int scaled = y->scale != 1 || y->offset != 0;
    return y->type == NN_I64 || (y->type == NN_U8 && !scaled) ? AD_I64 : model;
}

static ad_status check_array(const char *call, const char *name, const nn_array *array,
                             ad_error *error)
{
    char text[160];
    if (nn_type_bytes(array->type) == 0) {
        return ad_error_set(error, AD_ERR_TYPE, "%s: %s is of no nn_type", call, name);
    }
    if (array->shape.rank < 1 || !ad_shape_is_valid(&array->shape)) {
        return ad_error_set(error, AD_ERR_SHAPE, "%s: %s is %s; it must be [rows, ...]", call, name,
                            ad_shape_print(&array->shape, text, sizeof text));
    }
    if (array->data == NULL && ad_shape_count(&array->shape) > 0) {
        return ad_error_set(error, AD_ERR_DOMAIN, "%s: the data of %s is NULL", call, name);
    }
    return AD_OK;
}

ad_status nn__check_data(const char *call, const nn_model *model, const nn_array *x,
                         const nn_array *y, ad_error *error)
{
    ad_status status = check_array(call, "x", x, error);
    if (status == AD_OK && y != NULL) {
        status = check_array(call, "y", y, error);
    }
    if (status != AD_OK) {
        return status;
    }
    int64_t rows = nn_array_rows(x);
    if (y != NULL && (rows == 0 || rows != nn_array_rows(y))) {
        return ad_error_set(error, AD_ERR_SHAPE,
                            "%s: x has %lld rows, y has %lld; one target a row, and not none", call,
                            (long long)rows, (long long)nn_array_rows(y));
    }
    if (rows == 0) {
        return ad_error_set(error, AD_ERR_SHAPE, "%s: x has no rows", call);
    }
    return nn_model_is_built(model) ? nn__model_takes(model, call, &x->shape, error) : AD_OK;
}

ad_status nn__check_built(const char *call, const nn_model *model, ad_error *error)
{
    if (nn_model_status(model) != AD_OK) {
        return ad_error_set(error, nn_model_status(model), "%s", nn_model_message(model));
    }
    if (!nn_model_is_built(model)) {
        return ad_error_set(error, AD_ERR_STATE, "%s: the model is not built; see nn_build", call);
    }
    return AD_OK;
}

ad_status nn__check_targets(const char *call, const nn_model *model, nn_cost cost,
                            const nn_array *y, ad_error *error)
{
    const nn__cost_row *row = nn__cost_of(cost);
    ad_shape output = nn_model_output(model);
    ad_error reason;
    if (row->takes_logits && nn__model_gives_parts(model)) {
        return ad_error_set(error, AD_ERR_STATE,
                            "%s: %s takes logits, and %s gives numbers in [0, 1]: leave out its "
                            "activation, which is part of the cost",
                            call, row->name, nn_model_layer_name(model, nn_model_depth(model) - 1));
    }
    if (row->check != NULL && row->check(y, &output, &reason) != AD_OK) {
        return ad_error_set(error, reason.status, "%s: %s: %s", call, row->name, reason.message);
    }
    return AD_OK;
}

/* These two tell the sides apart at 0, which numbers in [0, 1] never go below. */
static int reads_logits(nn_metric metric, const nn_model *model)
{
    ad_shape output = nn_model_output(model);
    return metric.add == nn_binary_accuracy.add ||
           (metric.add == nn_accuracy.add && ad_shape_count(&output) == 1);
}

ad_status nn__check_metric(const char *call, const nn_model *model, nn_metric metric,
                           ad_error *error)
{
    if (!nn__model_gives_parts(model) || metric.add == NULL || !reads_logits(metric, model)) {
        return AD_OK;
    }
    return ad_error_set(error, AD_ERR_STATE,
                        "%s: %s reads logits, and %s gives numbers in [0, 1]: leave out its "
                        "activation and take nn_binary_cross_entropy, or give a metric of your own",
                        call, metric.name, nn_model_layer_name(model, nn_model_depth(model) - 1));
}

ad_status nn__check_same(const char *call, const nn_model *model, const nn_table *train,
                         const nn_table *other, ad_error *error)
{
    const nn_array *pairs[][2] = {{&train->x, &other->x}, {&train->y, &other->y}};
    for (int i = 0; i < 2; i++) {
        ad_shape want = nn_array_row_shape(pairs[i][0]), got = nn_array_row_shape(pairs[i][1]);
        char wanted[160], text[160];
        if (!ad_shape_equal(&want, &got)) {
            return ad_error_set(error, AD_ERR_SHAPE,
                                "%s: rows of %s are %s, in training %s; they must be the same",
                                call, i == 0 ? "x" : "y", ad_shape_print(&got, text, sizeof text),
                                ad_shape_print(&want, wanted, sizeof wanted));
        }
    }
    ad_type type = nn_model_type(model);
    if (nn__target_type(&train->y, type) != nn__target_type(&other->y, type)) {
        return ad_error_set(error, AD_ERR_TYPE,
                            "%s: y is %s, in training %s; both are labels, or none is", call,
                            nn_type_name(other->y.type), nn_type_name(train->y.type));
    }
    return AD_OK;
}

/* The first row with a number that is not finite, or -1. */
static int64_t first_not_finite(const nn_array *array, double *value)
{
    ad_shape shape = nn_array_row_shape(array);
    size_t len = ad_shape_count(&shape);
    for (int64_t i = 0; len > 0 && i < nn_array_rows(array); i++) {
        const void *row = nn_array_row(array, i);
        for (size_t j = 0; j < len; j++) {
            *value = nn__element(array, row, j);
            if (!isfinite(*value)) {
                return i;
            }
        }
    }
    return -1;
}

ad_status nn__not_finite(const char *call, const char *where, double cost, const nn_array *x,
                         const nn_array *y, ad_error *error)
{
    const nn_array *arrays[] = {x, y};
    const char *text = isnan(cost) ? "nan" : cost > 0 ? "inf" : "-inf";
    for (int i = 0; i < 2; i++) {
        double value = 0;
        int64_t row = first_not_finite(arrays[i], &value);
        if (row >= 0) {
            return ad_error_set(
                error, AD_ERR_DOMAIN,
                "%s: the cost is %s%s; row %lld of %s has %s: leave out such rows, or fill them in",
                call, text, where, (long long)row, i == 0 ? "x" : "y",
                isnan(value) ? "nan"
                : value > 0  ? "inf"
                             : "-inf");
        }
    }
    return ad_error_set(error, AD_ERR_DOMAIN,
                        "%s: the cost is %s%s; lower the rate, or scale the data", call, text,
                        where);
}

ad_status nn__check_cost(const char *call, const nn__feed *feed, ad_var cost, ad_error *error)
{
    char text[160];
    ad_shape shape = ad_shape_of(cost);
    if (ad_tape_status(feed->tape) != AD_OK) {
        return nn__tape_error(feed->tape, error);
    }
    if (cost.tape != feed->tape) {
        return ad_error_set(error, cost.tape == NULL ? AD_ERR_DOMAIN : AD_ERR_FOREIGN,
                            "%s: the cost of a batch is %s; make it of the model's output", call,
                            cost.tape == NULL ? "a plain number" : "on another tape");
    }
    if (ad_is_dead(cost)) {
        return AD_OK;
    }
    if (shape.rank > 0) {
        return ad_error_set(error, AD_ERR_SHAPE,
                            "%s: the cost of a batch is a tensor of shape %s; it must be one "
                            "number: take the mean",
                            call, ad_shape_print(&shape, text, sizeof text));
    }
    if (ad_type_of(cost) == AD_I64) {
        return ad_error_set(error, AD_ERR_TYPE,
                            "%s: the cost of a batch is i64; it must be f64 or f32, ad_cast "
                            "converts",
                            call);
    }
    return AD_OK;
}
