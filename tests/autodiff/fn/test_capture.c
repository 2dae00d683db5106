/* SPDX-License-Identifier: MIT */
#include "fn/passes.h"

#include "operations.h"

#include <criterion/criterion.h>

TestSuite(fn_capture, .init = test_passes_start, .fini = test_passes_stop);

Test(fn_capture, only_what_outputs_need_is_taken)
{
    ad_var x = ad_input(test_tape, 2), y = ad_sin(x);
    (void)ad_exp(ad_cos(x));
    ad__program *p = test_capture(1, &x, 1, &y);
    cr_expect_eq(p->count, 2);
    cr_expect_eq(p->outputs[0], 1);
}

Test(fn_capture, two_views_of_the_same_memory_are_one_leaf)
{
    double memory[2] = {1, 2};
    ad_var v = ad_input_view(test_tape, AD_F64, AD_SHAPE(2), memory);
    ad_var w = ad_input_view(test_tape, AD_F64, AD_SHAPE(2), memory), y = ad_mul(v, w);
    cr_expect_eq(test_capture(0, NULL, 1, &y)->count, 2);
}

Test(fn_capture, what_reads_a_view_reads_what_was_assigned_to_it_before)
{
    double memory[2] = {1, 2};
    ad_var v = ad_input_view(test_tape, AD_F64, AD_SHAPE(2), memory), before = ad_neg(v);
    ad_var next = ad_mul(v, 3);
    ad_assign(v, next);
    ad_var after = ad_exp(v);
    ad__program *p = test_capture(0, NULL, 2, (ad_var[]){before, after});
    const ad__value *early = &p->values[p->outputs[0]], *late = &p->values[p->outputs[1]];
    cr_expect_eq(ad__row_of(&p->values[*ad__arguments(p, early)]), AD__VIEW);
    cr_expect_str_eq(p->values[*ad__arguments(p, late)].op->name, "ad_mul");
    cr_expect_eq(p->store_count, 1);
}

/* w <- w is the content then, whatever is assigned later. */
Test(fn_capture, the_result_of_an_assignment_stays_when_the_view_is_assigned_to_again)
{
    double memory[3] = {1, 2, 3}, got[3];
    ad_var w = ad_input_view(test_tape, AD_F64, AD_SHAPE(3), memory);
    ad_var kept = ad_assign(w, w);
    ad_assign(w, test_counting(test_tape, AD_F64, AD_SHAPE(3)));
    ad_assign(w, ad_neg(w));
    ad_var out = ad_mul(kept, 10);
    ad_fn *f = ad_fn_new(test_tape, 0, NULL, 1, &out);
    cr_assert_not_null(f, "%s", ad_tape_message(test_tape));
    memory[0] = 7;
    cr_expect_eq(ad_fn_run(f, NULL, (void *[]){got}), AD_OK);
    cr_expect_eq(got[0], 70);
    cr_expect_eq(memory[0], -1);
    ad_fn_free(f);
}
