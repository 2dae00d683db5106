/* SPDX-License-Identifier: MIT */
/* Which targets are in a cost's domain. */
#include "costs/costs_internal.h"

#include <math.h>

/* Rows of probabilities sum to 1, but for the digits of a file: 0.333 0.333 0.333. */
static const double slack = 0.01;

/* Integers are labels, and not scaled, as when they are gathered. */
static int is_label(const nn_array *y)
{
    return y->type == NN_I64 || (y->type == NN_U8 && y->scale == 1 && y->offset == 0);
}

double nn__element(const nn_array *y, const void *row, size_t j)
{
    double raw = NAN;
    switch (y->type) {
    case NN_F64:
        raw = ((const double *)row)[j];
        break;
    case NN_F32:
        raw = (double)((const float *)row)[j];
        break;
    case NN_I64:
        return (double)((const int64_t *)row)[j];
    case NN_U8:
        raw = ((const uint8_t *)row)[j];
        break;
    }
    return y->scale * raw + y->offset;
}

static ad_status refuse(const nn_array *y, int64_t row, size_t element, double value,
                        const char *domain, ad_error *error)
{
    ad_shape shape = nn_array_row_shape(y);
    char place[64] = "", text[32];
    if (ad_shape_count(&shape) > 1) {
        (void)snprintf(place, sizeof place, " at element %zu", element);
    }
    (void)snprintf(text, sizeof text, "%g", value);
    return ad_error_set(error, AD_ERR_DOMAIN, "row %lld of the targets has %s%s; %s",
                        (long long)row, isnan(value) ? "nan" : text, place, domain);
}

/* All elements are from low to high and finite. */
static ad_status check_range(const nn_array *y, double low, double high, const char *domain,
                             ad_error *error)
{
    ad_shape shape = nn_array_row_shape(y);
    size_t len = ad_shape_count(&shape);
    for (int64_t i = 0; len > 0 && i < nn_array_rows(y); i++) {
        const void *row = nn_array_row(y, i);
        for (size_t j = 0; j < len; j++) {
            double value = nn__element(y, row, j);
            if (!(value >= low && value <= high) || isinf(value)) {
                return refuse(y, i, j, value, domain, error);
            }
        }
    }
    return AD_OK;
}

ad_status nn__check_finite(const nn_array *y, const ad_shape *output, ad_error *error)
{
    (void)output;
    return is_label(y) ? AD_OK
                       : check_range(y, -INFINITY, INFINITY, "targets are finite numbers", error);
}

ad_status nn__check_parts(const nn_array *y, const ad_shape *output, ad_error *error)
{
    (void)output;
    return check_range(y, 0, 1, "targets are labels 0 and 1, or probabilities from 0 to 1", error);
}

static ad_status check_labels(const nn_array *y, int64_t classes, ad_error *error)
{
    for (int64_t i = 0; i < nn_array_rows(y); i++) {
        double class = nn__element(y, nn_array_row(y, i), 0);
        if (!(class >= 0 && class < (double)classes)) {
            return ad_error_set(error, AD_ERR_INDEX,
                                "the class of row %lld is %.0f; the output has %lld, numbered from "
                                "0",
                                (long long)i, class, (long long)classes);
        }
    }
    return AD_OK;
}

static ad_status check_sums(const nn_array *y, size_t classes, ad_error *error)
{
    for (int64_t i = 0; i < nn_array_rows(y); i++) {
        const void *row = nn_array_row(y, i);
        double sum = 0;
        for (size_t j = 0; j < classes; j++) {
            sum += nn__element(y, row, j);
        }
        if (fabs(sum - 1) > slack) {
            return ad_error_set(error, AD_ERR_DOMAIN,
                                "row %lld of the targets sums to %g; give the probabilities of the "
                                "classes, which sum to 1, or class numbers",
                                (long long)i, sum);
        }
    }
    return AD_OK;
}

ad_status nn__check_classes(const nn_array *y, const ad_shape *output, ad_error *error)
{
    ad_shape shape = nn_array_row_shape(y);
    size_t len = ad_shape_count(&shape), classes = ad_shape_count(output);
    if (output->rank != 1) {
        return AD_OK;
    }
    if (len == 1 && is_label(y)) {
        return check_labels(y, output->len[0], error);
    }
    if (len == 1 && classes > 1) {
        return ad_error_set(error, AD_ERR_TYPE,
                            "targets are one number of type %s a row; class numbers are integers: "
                            "give them as NN_I64 (.y_type = NN_I64 where they are read)",
                            nn_type_name(y->type));
    }
    if (len != classes) {
        return AD_OK;
    }
    ad_status status = check_range(y, 0, 1, "probabilities are from 0 to 1", error);
    return status == AD_OK ? check_sums(y, classes, error) : status;
}
