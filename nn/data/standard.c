/* SPDX-License-Identifier: MIT */
#include "standard.h"
#include "data/array_internal.h"

#include <inttypes.h>
#include <math.h>

void nn_standard_clear(nn_standard *standard)
{
    if (standard == NULL) {
        return;
    }
    nn__free(&standard->allocator, standard->mean); /* and deviation: one block */
    *standard = (nn_standard){0};
}

/* sums[j] = the mean over the rows of (x - centre)^power; row [columns] is scratch */
static ad_status average(const nn_array *x, size_t columns, const double *centre, int power,
                         double *row, double *sums, ad_error *error)
{
    int64_t rows = nn_array_rows(x);
    for (size_t j = 0; j < columns; j++) {
        sums[j] = 0.0;
    }
    for (int64_t i = 0; i < rows; i++) {
        ad_status status = nn_array_gather(x, 1, &i, AD_F64, row, error);
        if (status != AD_OK) {
            return status;
        }
        for (size_t j = 0; j < columns; j++) {
            double d = row[j] - centre[j];
            sums[j] += (power == 2 ? d * d : d) / (double)rows;
        }
    }
    return AD_OK;
}

/* Two passes, since a mean of squares less a squared mean cancels. The mean is taken of differences
 * to the first row: in a column that never changes they are exactly 0. scratch [2 columns] */
static ad_status measure(nn_standard *s, const nn_array *x, double *scratch, ad_error *error)
{
    double *first = scratch, *row = scratch + s->columns;
    ad_status status = nn_array_gather(x, 1, NULL, AD_F64, first, error);
    if (status == AD_OK) {
        status = average(x, s->columns, first, 1, row, s->mean, error);
    }
    for (size_t j = 0; j < s->columns && status == AD_OK; j++) {
        s->mean[j] += first[j];
    }
    if (status == AD_OK) {
        status = average(x, s->columns, s->mean, 2, row, s->deviation, error);
    }
    for (size_t j = 0; j < s->columns && status == AD_OK; j++) {
        if (!isfinite(s->mean[j]) || !isfinite(s->deviation[j])) {
            return ad_error_set(error, AD_ERR_DOMAIN,
                                "nn_standard_fit: column %zu has a NaN, or numbers too large to "
                                "measure: leave out such rows, or fill them in",
                                j);
        }
        s->deviation[j] = s->deviation[j] > 0.0 ? sqrt(s->deviation[j]) : 1.0;
    }
    return status;
}

ad_status nn_standard_fit(nn_standard *standard, const nn_array *x, const ad_allocator *allocator,
                          ad_error *error)
{
    if (nn__given(standard, "nn_standard_fit", "standard", error)) {
        return AD_ERR_DOMAIN;
    }
    *standard = (nn_standard){0};
    if (nn_array_rows(x) == 0) {
        return ad_error_set(error, AD_ERR_DOMAIN, "nn_standard_fit: no rows to measure");
    }
    nn_standard new = {.columns = nn__row_len(x), .allocator = nn__allocator(allocator)};
    double *block = nn__resize(&new.allocator, NULL, new.columns, 4 * sizeof *block);
    if (block == NULL && new.columns > 0) {
        return ad_error_set(error, AD_ERR_MEMORY, "nn_standard_fit: out of memory for %zu columns",
                            new.columns);
    }
    ad_status status = AD_OK;
    if (new.columns > 0) {
        new.mean = block;
        new.deviation = block + new.columns;
        status = measure(&new, x, block + 2 * new.columns, error);
    }
    if (status != AD_OK) {
        nn_standard_clear(&new);
    }
    *standard = new;
    return status;
}

ad_status nn_standard_apply(const nn_standard *standard, const nn_array *x, ad_type type,
                            nn_array *z, ad_error *error)
{
    if (nn__given(z, "nn_standard_apply", "z", error)) {
        return AD_ERR_DOMAIN;
    }
    *z = (nn_array){0};
    if (nn__given(standard, "nn_standard_apply", "standard", error) ||
        nn__given(x, "nn_standard_apply", "x", error)) {
        return AD_ERR_DOMAIN;
    }
    if (type != AD_F64 && type != AD_F32) {
        return ad_error_set(error, AD_ERR_TYPE, "nn_standard_apply: f64 or f32, not %s",
                            ad_type_name(type));
    }
    if (nn__row_len(x) != standard->columns) {
        return ad_error_set(error, AD_ERR_SHAPE,
                            "nn_standard_apply: rows have %zu columns, but %zu were measured",
                            nn__row_len(x), standard->columns);
    }
    /* an empty one measured rows without columns */
    const ad_allocator own =
        standard->allocator.resize != NULL ? standard->allocator : ad_allocator_default();
    size_t n = standard->columns;
    double *row = nn__resize(&own, NULL, n, sizeof *row);
    if (row == NULL && n > 0) {
        return ad_error_set(error, AD_ERR_MEMORY, "nn_standard_apply: out of memory for a row");
    }
    ad_status status = nn_array_init(z, (nn_type)type, x->shape, &own, error);
    for (int64_t i = 0; i < nn_array_rows(x) && n > 0 && status == AD_OK; i++) {
        status = nn_array_gather(x, 1, &i, AD_F64, row, error);
        for (size_t j = 0; j < n && status == AD_OK; j++) {
            double value = (row[j] - standard->mean[j]) / standard->deviation[j];
            if (type == AD_F64) {
                ((double *)z->owned)[(size_t)i * n + j] = value;
            } else {
                ((float *)z->owned)[(size_t)i * n + j] = (float)value;
            }
        }
    }
    nn__free(&own, row);
    if (status != AD_OK) {
        nn_array_clear(z);
    }
    return status;
}

ad_status nn_standard_undo(const nn_standard *standard, int64_t rows, ad_type type, void *values,
                           ad_error *error)
{
    if (type != AD_F64 && type != AD_F32) {
        return ad_error_set(error, AD_ERR_TYPE, "nn_standard_undo: f64 or f32, not %s",
                            ad_type_name(type));
    }
    if (rows < 0) {
        return ad_error_set(error, AD_ERR_DOMAIN, "nn_standard_undo: %lld rows; at least 0",
                            (long long)rows);
    }
    if (nn__given(standard, "nn_standard_undo", "standard", error) ||
        (rows > 0 && standard->columns > 0 &&
         nn__given(values, "nn_standard_undo", "values", error))) {
        return AD_ERR_DOMAIN;
    }
    size_t n = standard->columns;
    for (size_t i = 0; n > 0 && i < (size_t)rows; i++) {
        for (size_t j = 0; j < n; j++) {
            double mean = standard->mean[j], deviation = standard->deviation[j];
            if (type == AD_F64) {
                double *value = (double *)values + i * n + j;
                *value = mean + deviation * *value;
            } else {
                float *value = (float *)values + i * n + j;
                *value = (float)(mean + deviation * (double)*value);
            }
        }
    }
    return AD_OK;
}
