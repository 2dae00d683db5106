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
    return pow(self->by, floor(epoch / self->every));
}

nn_schedule nn_cosine_of(nn_schedule options)
{
    return (nn_schedule){.factor = cosine, .warmup = options.warmup};
}

nn_schedule nn_step_decay_of(nn_schedule options)
{
    options.factor = stairs;
    options.every = options.every > 0 ? options.every : 1;
    options.by = options.by > 0 ? options.by : 0.1;
    return options;
}

double nn_schedule_at(const nn_schedule *schedule, double epoch, double epochs)
{
    double factor = schedule->factor != NULL ? schedule->factor(schedule, epoch, epochs) : 1;
    return epoch < schedule->warmup ? factor * epoch / schedule->warmup : factor;
}
