/* SPDX-License-Identifier: MIT */
#include "fn/passes.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(fn_schedule, .init = test_passes_start, .fini = test_passes_stop);

/* The place of the last value of an operation. */
static ad__id last_of(const ad__program *p, const char *op)
{
    ad__id found = AD__NONE;
    for (ad__id id = 0; id < p->count; id++) {
        found = strcmp(p->values[id].op->name, op) == 0 ? id : found;
    }
    return found;
}

static void expect_in_order(const ad__program *p)
{
    for (ad__id id = 0; id < p->count; id++) {
        for (uint32_t i = 0; i < p->values[id].count; i++) {
            cr_expect_lt(ad__arguments(p, &p->values[id])[i], id);
        }
    }
}

Test(fn_schedule, an_update_comes_as_soon_as_its_gradient_is_there)
{
    double memory[2] = {1, 2};
    ad_var w = ad_input_view(test_tape, AD_F64, AD_SHAPE(2), memory);
    ad_var x = test_counting(test_tape, AD_F64, AD_SHAPE(2));
    ad_var dw = ad_sum(ad_broadcast_to(x, AD_SHAPE(3, 2)), AD_AXES(0)); /* stands for a gradient */
    ad_var other = ad_cumsum(ad_cumsum(x, 0), 0);
    ad_assign(w, ad_sub(w, dw));
    ad__program *p = test_capture(1, &x, 1, &other);
    cr_expect_gt(last_of(p, "ad_sub"), last_of(p, "ad_recurrence"));
    TEST_PASSES(p, ad__dce, ad__schedule);
    cr_expect_eq(last_of(p, "ad_sub"), last_of(p, "ad_sum") + 1);
    expect_in_order(p);
}

Test(fn_schedule, an_update_waits_for_those_who_read_the_old_content)
{
    double memory[2] = {1, 2};
    ad_var w = ad_input_view(test_tape, AD_F64, AD_SHAPE(2), memory);
    ad_var x = test_counting(test_tape, AD_F64, AD_SHAPE(2));
    ad_var dw = ad_sum(ad_broadcast_to(x, AD_SHAPE(3, 2)), AD_AXES(0));
    ad_var late = ad_cumsum(w, 0);
    ad_assign(w, ad_sub(w, dw));
    ad__program *p = test_capture(1, &x, 1, &late);
    TEST_PASSES(p, ad__dce, ad__schedule);
    cr_expect_eq(last_of(p, "ad_sub"), last_of(p, "ad_recurrence") + 1);
    expect_in_order(p);
}

Test(fn_schedule, outputs_are_no_updates)
{
    double memory[2] = {1, 2};
    ad_var w = ad_input_view(test_tape, AD_F64, AD_SHAPE(2), memory);
    ad_var x = test_counting(test_tape, AD_F64, AD_SHAPE(2));
    ad_var other = ad_cumsum(x, 0), next = ad_sub(w, x), out[] = {next, other};
    ad_assign(w, next);
    ad__program *p = test_capture(1, &x, 2, out);
    ad__id place = last_of(p, "ad_sub");
    TEST_PASSES(p, ad__dce, ad__schedule);
    cr_expect_eq(last_of(p, "ad_sub"), place);
    expect_in_order(p);
}

Test(fn_schedule, without_stores_the_order_stays)
{
    ad_var x = ad_input(test_tape, 2), out[] = {ad_sin(x), ad_exp(x), ad_cos(x)};
    ad__program *p = test_capture(1, &x, 3, out);
    TEST_PASSES(p, ad__schedule);
    cr_expect_eq(last_of(p, "ad_sin"), 1);
    cr_expect_eq(last_of(p, "ad_exp"), 2);
    cr_expect_eq(last_of(p, "ad_cos"), 3);
}
