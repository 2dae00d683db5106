/* SPDX-License-Identifier: MIT */
#ifndef NN_SCHEDULE_H
#define NN_SCHEDULE_H

#include <wengert/status.h>

#include <stddef.h>

/* Schedules: the factor on the optimiser's rate in the course of training. [everyday]
 *
 *   .optim = nn_adam(.rate = 1e-3), .schedule = nn_cosine(1)
 *
 * A plain value; all zeros: always 1. Times are in epochs and parts of them. A course of one's own
 * is a function of the time; what it needs besides is in the value, or behind user, which a
 * callback may change:
 *
 *   static double falls(const nn_schedule *self, double epoch, double epochs)
 *   {
 *       return 1 / (1 + self->by * epoch);
 *   }
 *
 *   .schedule = {.factor = falls, .by = 0.1, .warmup = 1} */

typedef struct nn_schedule nn_schedule;
struct nn_schedule {
    double (*factor)(const nn_schedule *self, double epoch, double epochs); /* NULL: 1 */
    double warmup; /* over so many epochs the factor first grows from 0, linearly */
    double every, by;
    void *user; /* for a factor of one's own */
};

#ifdef __cplusplus
extern "C" {
#endif

/* After a warm-up of so many epochs, or none, from 1 to 0 along half a cosine.
 *
 *   (1 + cos(pi s)) / 2,  s from 0 at the end of the warm-up to 1 at the end of training
 *
 * Source: Loshchilov, Hutter 2017, eq. 5, without restarts. */
AD_API nn_schedule nn_cosine(double warmup);

/* by^floor(epoch / every): times `by` after each `every` epochs; 1 throughout unless every > 0. */
AD_API nn_schedule nn_step_decay(double every, double by);

/* The factor for a step that begins after `epoch` of `epochs` epochs. */
AD_API double nn_schedule_at(const nn_schedule *schedule, double epoch, double epochs);

#ifdef __cplusplus
}
#endif

#endif
