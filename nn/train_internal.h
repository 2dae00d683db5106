/* SPDX-License-Identifier: MIT */
#ifndef NN_TRAIN_INTERNAL_H
#define NN_TRAIN_INTERNAL_H

#include "memory_internal.h"
#include "train.h"

/* What feeds batches to a model: rows are gathered into two buffers and recorded, with the
 * parameters, on one tape that is rewound to its beginning for each. After the largest batch was
 * there once, another one allocates nothing. */
typedef struct nn__feed {
    ad_allocator allocator;
    nn_model *model;
    ad_tape *tape;
    ad_mark begin;
    int64_t size; /* rows at most */
    void *x, *y;
    ad_var *params, *grads; /* one each a parameter */
} nn__feed;

/* One batch on the tape. */
typedef struct nn__batch {
    ad_var x, y;
} nn__batch;

/* Buffers for batches of size rows of x and, unless it is NULL, y.
 * Errors: as nn_fit. *feed is to be cleared in any case. */
ad_status nn__feed_init(nn__feed *feed, nn_model *model, const nn_array *x, const nn_array *y,
                        int64_t size, const ad_allocator *allocator, ad_error *error);
void nn__feed_clear(nn__feed *feed);

/* Begins anew with count rows, those of the indices, or the first ones if rows is NULL. */
ad_status nn__feed_load(nn__feed *feed, const nn_array *x, const nn_array *y, int64_t count,
                        const int64_t *rows, nn__batch *batch, ad_error *error);

/* The tape's error, if it has one, as *error. */
ad_status nn__tape_error(const ad_tape *tape, ad_error *error);

/* Means over all rows, batch by batch in their order. */
ad_status nn__score(nn__feed *feed, const nn_array *x, const nn_array *y, nn_cost cost,
                    nn_metric metric, nn_score *score, ad_error *error);

/* metric, or the cost's own if it is NULL; NULL if it has none. */
nn_metric nn__metric_for(nn_metric metric, nn_cost cost);

/* Errors: AD_ERR_SHAPE unless x and y have the same number of rows, not 0. */
ad_status nn__check_rows(const char *call, const nn_array *x, const nn_array *y, ad_error *error);

#endif
