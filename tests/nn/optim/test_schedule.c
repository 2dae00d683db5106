/* SPDX-License-Identifier: MIT */
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
