/* SPDX-License-Identifier: MIT */
#include "schedule.h"

#include <math.h>

static double cosine(const nn_schedule *self, double epoch, double epochs)
{
    double length = epochs - self->warmup;
    double s = length > 0 ? (epoch - self->warmup) / length : 1;
    return 0.5 * (1 + cos(3.14159265358979323846 * fmin(fmax(s, 0), 1)));
}

static double stairs(const nn_schedule *self, double epoch, double epochs)
{
    (void)epochs;
    return self->every > 0 ? pow(self->by, floor(epoch / self->every)) : 1;
}

nn_schedule nn_cosine(double warmup)
{
    return (nn_schedule){.factor = cosine, .warmup = warmup};
}

nn_schedule nn_step_decay(double every, double by)
{
    return (nn_schedule){.factor = stairs, .every = every, .by = by};
}

double nn_schedule_at(const nn_schedule *schedule, double epoch, double epochs)
{
    if (schedule == NULL) {
        return 1;
    }
    double factor = schedule->factor != NULL ? schedule->factor(schedule, epoch, epochs) : 1;
    return epoch < schedule->warmup ? factor * epoch / schedule->warmup : factor;
}
