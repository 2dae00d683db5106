/* SPDX-License-Identifier: MIT */
#ifndef NN_SCHEDULE_H
#define NN_SCHEDULE_H

#include "options.h"

/* Schedules: the factor on the optimiser's rate in the course of training. [everyday]
 *
 *   .optim = nn_adam(.rate = 1e-3), .schedule = nn_cosine(.warmup = 1)
 *
 * A plain value. Times are in epochs: s = e / epochs is the part of training that is done before a
 * step, where e counts epochs and parts of them. Write a factor of one's own for other courses. */

typedef struct nn_schedule nn_schedule;
struct nn_schedule {
    double (*factor)(const nn_schedule *self, double epoch, double epochs); /* NULL: 1 */
    double warmup; /* epochs in which the factor grows from 0 linearly; before all else */
    double every;
    double by;
};

/* .factor = 0 makes nn_cosine() valid C11, in which braces are not empty */
#define nn_cosine(...) nn_cosine_of(NN_OPTIONS(nn_schedule, .factor = 0, __VA_ARGS__))
#define nn_step_decay(...)                                                                         \
    nn_step_decay_of(NN_OPTIONS(nn_schedule, .factor = 0, __VA_ARGS__))

#ifdef __cplusplus
extern "C" {
#endif

/* From 1 to 0 along half a cosine: (1 + cos(pi s)) / 2, s counted from the end of the warm-up.
 * Source: Loshchilov, Hutter 2017, eq. 5, without restarts. Reads warmup only. */
AD_API nn_schedule nn_cosine_of(nn_schedule options);

/* by^floor(e / every): the rate times `by` (0 means 0.1) after `every` epochs (0 means 1), again
 * and again. */
AD_API nn_schedule nn_step_decay_of(nn_schedule options);

/* The factor for a step that begins after `epoch` of `epochs` epochs. */
AD_API double nn_schedule_at(const nn_schedule *schedule, double epoch, double epochs);

#ifdef __cplusplus
}
#endif

#endif
