/* SPDX-License-Identifier: MIT */
#ifndef NN_HISTORY_H
#define NN_HISTORY_H

#include "metrics.h"
#include "model.h"
#include "optim.h"

#include <stdio.h>

/* What is known of a training while it runs and after it. [everyday] */

/* A cost and a metric of all rows, whatever the batch; the metric is NaN if there is none. */
typedef struct nn_score {
    double cost, metric;
} nn_score;

/* What is kept of an epoch. train is measured batch by batch while parameters change, without the
 * penalties; validation after the last batch, NaN if no rows are held out. */
typedef struct nn_epoch {
    nn_score train, validation;
    double rate;    /* of the last step */
    double seconds; /* since training began */
} nn_epoch;

typedef enum nn_moment { NN_AFTER_BATCH, NN_AFTER_EPOCH, NN_AT_END } nn_moment;

/* What callbacks see. Counts are of what is finished. */
typedef struct nn_fit_state {
    nn_moment moment;
    const nn_model *model;
    nn_metric metric;              /* neither function nor add if there is none */
    int epoch, epochs;             /* finished, and in all */
    int64_t batch, batches;        /* finished in this epoch, and in an epoch */
    int64_t step;                  /* batches finished since the beginning */
    nn_score last, mean;           /* of the last batch, and of this epoch's so far: a metric or
                                    * cost of all rows at once counts as a mean until its end */
    double seconds, left;          /* since the beginning, and an estimate to the end */
    const nn_epoch *history;       /* epoch entries */
    const nn_optimiser *optimiser; /* at work: its memory and count, for checkpoints */
} nn_fit_state;

/* Draws progress; nn_progress_terminal and nn_progress_lines are in progress.h. */
typedef void (*nn_progress)(const nn_fit_state *state, FILE *to);

/* 0 to go on, else training ends, with the result kept. */
typedef int (*nn_callback)(const nn_fit_state *state, void *user);

#endif
