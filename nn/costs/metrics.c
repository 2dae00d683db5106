/* SPDX-License-Identifier: MIT */
#include "metrics.h"
#include "costs/costs_internal.h"

#include <math.h>

static double element(ad_type type, const void *data, size_t i)
{
    switch (type) {
    case AD_F64:
        return ((const double *)data)[i];
    case AD_F32:
        return (double)((const float *)data)[i];
    case AD_I64:
        return (double)((const int64_t *)data)[i];
    }
    return NAN;
}

/* The place of the largest of k elements from the first on, -1 if one is NaN. */
static int64_t largest(ad_type type, const void *data, size_t first, int64_t k)
{
    int64_t best = 0;
    double top = element(type, data, first);
    for (int64_t j = 0; j < k; j++) {
        double value = element(type, data, first + (size_t)j);
        if (isnan(value)) {
            return -1;
        }
        if (value > top) {
            top = value;
            best = j;
        }
    }
    return best;
}

static void accuracy(ad_var a, ad_var y, double *sums)
{
    ad_shape shape = ad_shape_of(a);
    ad_type type = ad_type_of(a), target = ad_type_of(y);
    const void *output = ad_data(a), *wanted = ad_data(y);
    int64_t rows = shape.rank > 0 ? shape.len[0] : 0, k = shape.rank == 2 ? shape.len[1] : 1;
    size_t count = ad_count(y);
    if (output == NULL || wanted == NULL || shape.rank < 1 || shape.rank > 2 || rows == 0 ||
        k == 0 || (count != (size_t)rows && count != ad_count(a))) {
        sums[0] = NAN;
        return;
    }
    int64_t right = 0;
    for (int64_t i = 0; i < rows; i++) {
        size_t at = (size_t)(i * k);
        if (k == 1) {
            double logit = element(type, output, at);
            right += !isnan(logit) && (logit > 0) == (element(target, wanted, at) > 0.5);
        } else if (count == (size_t)rows) {
            double class = element(target, wanted, (size_t)i);
            right += (double)largest(type, output, at, k) == class;
        } else {
            int64_t class = largest(target, wanted, at, k);
            right += class >= 0 && largest(type, output, at, k) == class;
        }
    }
    sums[0] += (double)right;
    sums[1] += (double)rows;
}

static void absolute_error(ad_var a, ad_var y, double *sums)
{
    size_t count = ad_count(a);
    const void *output = ad_data(a), *wanted = ad_data(y);
    if (output == NULL || wanted == NULL || count == 0 || count != ad_count(y)) {
        sums[0] = NAN;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        sums[0] += fabs(element(ad_type_of(a), output, i) - element(ad_type_of(y), wanted, i));
    }
    sums[1] += (double)count;
}

static void binary_accuracy(ad_var a, ad_var y, double *sums)
{
    size_t count = ad_count(a), right = 0;
    const void *output = ad_data(a), *wanted = ad_data(y);
    if (output == NULL || wanted == NULL || count == 0 || count != ad_count(y)) {
        sums[0] = NAN;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        double logit = element(ad_type_of(a), output, i), label = element(ad_type_of(y), wanted, i);
        right += !isnan(logit) && !isnan(label) && (logit > 0) == (label > 0.5);
    }
    sums[0] += (double)right;
    sums[1] += (double)count;
}

const nn_metric nn_accuracy = {
    .name = "accuracy", .add = accuracy, .better = NN_HIGHER, .percent = 1};
const nn_metric nn_binary_accuracy = {
    .name = "accuracy", .add = binary_accuracy, .better = NN_HIGHER, .percent = 1};
const nn_metric nn_absolute_error = {
    .name = "absolute error", .add = absolute_error, .better = NN_LOWER};

int nn__is_metric(const nn_metric *metric)
{
    return metric->function != NULL || metric->add != NULL;
}

double nn__metric_of_sums(const nn_metric *metric, const double *sums)
{
    return metric->finish != NULL ? metric->finish(sums) : sums[0] / sums[1];
}

double nn_metric_value(nn_metric metric, ad_var a, ad_var y)
{
    double sums[NN_MAX_SUMS] = {0};
    if (metric.add != NULL) {
        metric.add(a, y, sums);
        return nn__metric_of_sums(&metric, sums);
    }
    return metric.function != NULL ? metric.function(a, y) : NAN;
}

ad_status nn_classes(const nn_array *a, int64_t *classes, ad_error *error)
{
    if (a == NULL || classes == NULL) {
        return ad_error_set(error, AD_ERR_DOMAIN, "nn_classes: the scores or classes are NULL");
    }
    if (a->shape.rank != 2 || a->shape.len[1] < 1 || !ad_shape_is_valid(&a->shape)) {
        char text[160];
        return ad_error_set(error, AD_ERR_SHAPE, "nn_classes: %s; scores are [rows, classes]",
                            ad_shape_print(&a->shape, text, sizeof text));
    }
    if (a->type != NN_F64 && a->type != NN_F32) {
        return ad_error_set(error, AD_ERR_TYPE, "nn_classes: scores are f64 or f32, not %s",
                            nn_type_name(a->type));
    }
    if (a->data == NULL && nn_array_rows(a) > 0) {
        return ad_error_set(error, AD_ERR_DOMAIN, "nn_classes: the data of the scores is NULL");
    }
    for (int64_t i = 0; i < nn_array_rows(a); i++) {
        int64_t place = largest((ad_type)a->type, nn_array_row(a, i), 0, a->shape.len[1]);
        classes[i] = place < 0 ? 0 : place;
    }
    return AD_OK;
}
