/* SPDX-License-Identifier: MIT */
#ifndef NN_TABLE_H
#define NN_TABLE_H

#include "array.h"

#include <wengert/rng.h>

/* Examples with their targets, and how to divide them. [everyday]
 *
 *   nn_table all, train, test;
 *   nn_csv_options options = {.y = NN_COLUMNS(-1), .y_type = NN_I64};
 *   nn_read_csv("digits.csv.gz", &options, &all, &error);
 *   nn_table_split(&all, &(nn_split_options){.test = 0.2}, &train, NULL, &test, &error);
 *   ...
 *   nn_table_clear(&train), nn_table_clear(&test), nn_table_clear(&all);
 */

/* Row i of y is the target of row i of x. */
typedef struct nn_table {
    nn_array x, y;
    const char *const *x_names; /* of the columns; NULL if the file does not name them */
    const char *const *y_names;
    void *names; /* what holds them, if the table owns it */
} nn_table;

typedef struct nn_split_options {
    double validation, test; /* parts of the rows, 0 to 1; the rest is for training */
    int stratify;            /* the same parts of every class; y are class numbers from 0 */
    int keep_order;          /* do not shuffle: training rows first, test rows last */
    ad_rng rng;              /* the shuffling is a function of this */
    const ad_allocator *allocator;
} nn_split_options;

#ifdef __cplusplus
extern "C" {
#endif

/* Frees what the table owns and empties it. Empty tables (all zeros) may be cleared. */
AD_API void nn_table_clear(nn_table *table);

/* Divides the rows at random, each part to the nearest whole number of rows (of each class, if
 * stratified); every row is in one part. Parts nobody asks for may be NULL.
 * Errors: AD_ERR_DOMAIN if there are no rows, a part is not from 0 to 1 or leaves no row for
 *         training, a wanted part is NULL or gets no row, or labels are not class numbers;
 *         AD_ERR_SHAPE if x and y differ in length;  AD_ERR_TYPE if classes are not integers;
 *         AD_ERR_MEMORY. The parts are then empty, and need not be cleared.
 * Owns:   the parts own row numbers, end each with nn_table_clear; they borrow table's data and
 *         names, which must outlive them. */
AD_API ad_status nn_table_split(const nn_table *table, const nn_split_options *options,
                                nn_table *train, nn_table *validation, nn_table *test,
                                ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
