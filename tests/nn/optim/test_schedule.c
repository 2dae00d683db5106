/* SPDX-License-Identifier: MIT */
#include "members.h"
#include "schedule.h"

#include <criterion/criterion.h>
#include <math.h>

Test(schedule, none_is_a_factor_of_one)
{
    const nn_schedule none = {0};
    cr_expect_eq(nn_schedule_at(&none, 0, 10), 1);
    cr_expect_eq(nn_schedule_at(&none, 9.9, 10), 1);
}

Test(schedule, a_cosine_falls_from_one_to_zero)
{
    const nn_schedule cosine = nn_cosine(0);
    cr_expect_eq(nn_schedule_at(&cosine, 0, 10), 1);
    cr_expect_float_eq(nn_schedule_at(&cosine, 5, 10), 0.5, 1e-15);
    cr_expect_float_eq(nn_schedule_at(&cosine, 2.5, 10), 0.5 + sqrt(0.125), 1e-15);
    cr_expect_float_eq(nn_schedule_at(&cosine, 10, 10), 0, 1e-15);
}

Test(schedule, a_warm_up_rises_before_all_else)
{
    const nn_schedule cosine = nn_cosine(2);
    cr_expect_eq(nn_schedule_at(&cosine, 0, 10), 0);
    cr_expect_eq(nn_schedule_at(&cosine, 1, 10), 0.5);
    cr_expect_eq(nn_schedule_at(&cosine, 2, 10), 1);
    cr_expect_float_eq(nn_schedule_at(&cosine, 6, 10), 0.5, 1e-15);
    const nn_schedule too_long = nn_cosine(20);
    cr_expect_eq(nn_schedule_at(&too_long, 25, 10), 0);
}

Test(schedule, steps_fall_by_their_factor)
{
    const nn_schedule steps = nn_step_decay(3, 0.5);
    cr_expect_eq(nn_schedule_at(&steps, 2.9, 10), 1);
    cr_expect_eq(nn_schedule_at(&steps, 3, 10), 0.5);
    cr_expect_eq(nn_schedule_at(&steps, 6.1, 10), 0.25);
    const nn_schedule flat = nn_step_decay(0, 0.5);
    cr_expect_eq(nn_schedule_at(&flat, 2, 10), 1);
}

/* ---- every schedule that schedule.h declares, and one's own ---- */

Test(schedule, every_factor_is_a_function_of_the_time_that_begins_with_its_warmup)
{
#define SCHEDULE(value) value,
    const nn_schedule every[] = {NN_EVERY_SCHEDULE(SCHEDULE)};
#undef SCHEDULE
    for (size_t i = 0; i < sizeof every / sizeof every[0]; i++) {
        nn_schedule warm = every[i], cold = every[i];
        warm.warmup = 3;
        cold.warmup = 0;
        cr_expect_eq(nn_schedule_at(&warm, 0, 10), 0);
        cr_expect_eq(nn_schedule_at(&cold, 0, 10), 1);
        for (double epoch = 0; epoch <= 12; epoch += 0.25) { /* training may be shorter than told */
            double factor = nn_schedule_at(&every[i], epoch, 10);
            cr_expect(factor >= 0 && factor <= 1, "%zu at %g: %g", i, epoch, factor);
            cr_expect_eq(nn_schedule_at(&every[i], epoch, 10), factor);
        }
    }
}

static double halved(const nn_schedule *self, double epoch, double epochs)
{
    (void)epoch, (void)epochs;
    return ldexp(1, -*(const int *)self->user);
}

Test(schedule, a_factor_of_ones_own_sees_what_is_behind_user)
{
    int times = 0;
    const nn_schedule own = {.factor = halved, .user = &times};
    cr_expect_eq(nn_schedule_at(&own, 1, 10), 1);
    times = 3;
    cr_expect_eq(nn_schedule_at(&own, 1, 10), 0.125);
}
