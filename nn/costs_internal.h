/* SPDX-License-Identifier: MIT */
#ifndef NN_COSTS_INTERNAL_H
#define NN_COSTS_INTERNAL_H

#include "costs.h"

/* What is known of a cost beside its function. */
typedef struct nn__cost_row {
    nn_cost function;
    nn_adds adds;
    const nn_metric *metric; /* read unless another one is asked for, or NULL */
} nn__cost_row;

/* The row of the cost, an empty one if it is the user's own. */
const nn__cost_row *nn__cost_of(nn_cost function);

#endif
