/* SPDX-License-Identifier: MIT */
#ifndef NN_COSTS_COSTS_INTERNAL_H
#define NN_COSTS_COSTS_INTERNAL_H

#include "costs.h"
#include "array.h"

/* Refuses targets outside a cost's domain, naming the first row and what it has, for outputs with
 * rows of that shape. Targets that do not fit it are left to the cost. */
typedef ad_status nn__target_check(const nn_array *y, const ad_shape *output, ad_error *error);

/* Element j of a row, as it is gathered. */
double nn__element(const nn_array *y, const void *row, size_t j);

/* Finite numbers; numbers from 0 to 1; classes or rows of probabilities. */
nn__target_check nn__check_finite, nn__check_parts, nn__check_classes;

/* Whether there is a metric, and its figure of the sums of batches. */
int nn__is_metric(const nn_metric *metric);
double nn__metric_of_sums(const nn_metric *metric, const double *sums);

/* How the costs of batches make the one of all rows, which is that of no batch size. */
typedef enum nn__adds {
    NN__AT_ONCE, /* not at all: what the model makes of all rows is kept, and read in one go */
    NN__MEAN,    /* the mean, each batch with the weight of its rows */
    NN__SUM
} nn__adds;

/* What is known of a cost beside its function. */
typedef struct nn__cost_row {
    const char *name;
    nn_cost function;
    const nn_metric *metric; /* read unless another one is asked for, or NULL */
    nn__target_check *check; /* or NULL */
    nn__adds adds;
    int takes_logits; /* 1: the model does not end in probabilities */
} nn__cost_row;

/* The row of the cost, an empty one if it is the user's own. */
const nn__cost_row *nn__cost_of(nn_cost function);

#endif
