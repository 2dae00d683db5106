/* SPDX-License-Identifier: MIT */
#ifndef NN_STANDARD_H
#define NN_STANDARD_H

#include "array.h"

/* Standardisation: every column with mean 0 and deviation 1, measured on the training rows and then
 * applied to all others. [everyday]
 *
 *   z = (x - mean) / deviation          mean, deviation over the rows, one for each column
 *
 * The deviation divides by the number of rows. A column that never changes gets deviation 1, and
 * so becomes 0. Where rows have several axes, every element of a row is a column. */
typedef struct nn_standard {
    size_t columns;
    double *mean, *deviation; /* [columns] */
    ad_allocator allocator;
} nn_standard;

#ifdef __cplusplus
extern "C" {
#endif

/* Measures x, scaled as it is gathered.
 * Errors: AD_ERR_DOMAIN if x has no rows, or a value that is not finite;  AD_ERR_SHAPE, AD_ERR_TYPE
 *         if x is no valid array;  AD_ERR_MEMORY. *standard is then empty, and need not be cleared.
 * Owns:   *standard owns its numbers; end it with nn_standard_clear. */
AD_API ad_status nn_standard_fit(nn_standard *standard, const nn_array *x,
                                 const ad_allocator *allocator, ad_error *error);
AD_API void nn_standard_clear(nn_standard *standard);

/* *z is x standardised, a new array of type, AD_F64 or AD_F32.
 * Errors: AD_ERR_SHAPE if the rows of x have another length than those measured;  AD_ERR_TYPE if
 *         type is AD_I64;  AD_ERR_MEMORY. *z is then empty, and need not be cleared.
 * Owns:   *z owns its data, from standard's allocator; end it with nn_array_clear. */
AD_API ad_status nn_standard_apply(const nn_standard *standard, const nn_array *x, ad_type type,
                                   nn_array *z, ad_error *error);

/* The way back, x = mean + deviation z, in place: for predictions of standardised targets.
 * values [rows, columns] of type. Errors: AD_ERR_TYPE if type is AD_I64;
 * AD_ERR_DOMAIN if rows < 0. */
AD_API ad_status nn_standard_undo(const nn_standard *standard, int64_t rows, ad_type type,
                                  void *values, ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
