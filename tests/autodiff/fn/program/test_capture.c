/* SPDX-License-Identifier: MIT */
#include "fn/passes.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <string.h>

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

/* Views of three numbers each, from the last to the first, at these places. 1: they are refused. */
static int overlap(int count, const int at[], int assigned, double *memory)
{
    ad_tape *tape = ad_tape_new();
    ad_var v[64], y = ad_input(tape, 1);
    for (int i = count; i-- > 0;) {
        v[i] = ad_input_view(tape, AD_F64, AD_SHAPE(3), memory + at[i]);
        y = ad_add(y, ad_sum(v[i], AD_ALL));
    }
    ad_assign(v[assigned], ad_mul(v[assigned], 2));
    ad_fn *f = ad_fn_new(tape, 0, NULL, 1, &y);
    int is_refused = f == NULL && strstr(ad_tape_message(tape), "overlaps another view") != NULL;
    cr_expect(is_refused || f != NULL, "%s", ad_tape_message(tape));
    ad_fn_free(f);
    ad_tape_free(tape);
    return is_refused;
}

Test(fn_capture, an_assigned_view_that_shares_a_byte_with_any_other_is_refused)
{
    double memory[300] = {0};
    int at[40];
    for (int i = 0; i < 40; i++) {
        at[i] = 7 * ((11 * i) % 40); /* in no order */
    }
    for (int i = 0; i < 40; i++) {
        int j = (i + 17) % 40, own = at[j];
        cr_expect_not(overlap(40, at, i, memory), "%d", i);
        for (int off = -3; off <= 3; off++) {
            at[j] = at[i] + off < 0 ? 3 : at[i] + off;
            int shares = off != 0 && at[j] - at[i] < 3 && at[i] - at[j] < 3;
            cr_expect_eq(overlap(40, at, i, memory), shares, "%d %d", i, off);
            cr_expect_eq(overlap(40, at, j, memory), shares, "%d %d", i, off);
        }
        at[j] = own;
        cr_expect_not(overlap(40, at, i, memory));
    }
}

Test(fn_capture, views_that_none_assigns_to_may_overlap)
{
    double memory[20] = {0};
    cr_expect_not(overlap(4, (int[]){0, 1, 2, 10}, 3, memory));
    cr_expect(overlap(4, (int[]){0, 1, 2, 4}, 3, memory));
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
    cr_expect_eq(ad__code_of(&p->values[*ad__arguments(p, early)]), AD__VIEW);
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

/* Views of one number are one variable, whose value is what was assigned to any of them last.
 * Outputs between and after the assignments, and a third view made after the first one. */
static void exchange(ad_tape *tape, double *memory, ad_var *out)
{
    ad_var v = ad_input_view(tape, AD_F64, AD_SCALAR, memory);
    ad_var w = ad_input_view(tape, AD_F64, AD_SCALAR, memory);
    ad_assign(v, ad_mul(v, 3));
    out[0] = ad_exp(w);
    out[1] = ad_neg(v);
    ad_var u = ad_input_view(tape, AD_F64, AD_SCALAR, memory);
    ad_assign(w, ad_add(ad_mul(u, 10), w));
    out[2] = ad_sub(v, u);
    out[3] = ad_add(w, 1);
    ad_assign(v, ad_add(v, w));
    out[4] = w;
    out[5] = v;
}

Test(fn_capture, views_of_a_lone_number_change_by_assignments_to_any_of_them)
{
    enum { OUTPUTS = 6 };
    double memory = 0.5, got[OUTPUTS];
    ad_var out[OUTPUTS];
    exchange(test_tape, &memory, out);
    cr_expect_eq(memory, 0.5 * 3 * 11 * 2);
    ad_fn *f = ad_fn_new(test_tape, 0, NULL, OUTPUTS, out);
    cr_assert_not_null(f, "%s", ad_tape_message(test_tape));
    for (int step = 0; step < 3; step++) {
        double before = memory, after;
        ad_tape *tape = ad_tape_new();
        exchange(tape, &memory, out);
        after = memory;
        memory = before;
        cr_expect_eq(ad_fn_eval(f, NULL, got), AD_OK);
        cr_expect_eq(memory, after);
        for (int i = 0; i < OUTPUTS; i++) {
            cr_expect_eq(got[i], ad_value(out[i]), "output %d of step %d", i, step);
        }
        ad_tape_free(tape);
    }
    ad_fn_free(f);
}

Test(fn_capture, negative_counts_and_missing_variables_are_errors)
{
    static const int counts[][2] = {{-1, 1}, {1, -1}, {INT_MIN, 1}, {1, INT_MIN}};
    for (size_t i = 0; i < 6; i++) {
        ad_tape *tape = ad_tape_new();
        ad_var x = ad_input(tape, 1), y = ad_exp(x);
        ad_fn *f = i == 4   ? ad_fn_new(tape, 1, NULL, 1, &y)
                   : i == 5 ? ad_fn_new(tape, 1, &x, 1, NULL)
                            : ad_fn_new(tape, counts[i][0], &x, counts[i][1], &y);
        cr_expect_null(f);
        cr_expect_eq(ad_tape_status(tape), AD_ERR_DOMAIN, "%zu: %s", i, ad_tape_message(tape));
        ad_tape_free(tape);
    }
}

Test(fn_capture, a_plain_number_among_inputs_and_outputs_is_named)
{
    ad_var x[2] = {ad_input(test_tape, 2), ad_literal(1)};
    ad_var y[3] = {ad_sin(x[0]), ad_exp(x[0]), ad_literal(0)};
    cr_expect_null(ad_fn_new(test_tape, 1, x, 3, y));
    cr_expect_eq(ad_tape_status(test_tape), AD_ERR_DOMAIN);
    cr_expect(strstr(ad_tape_message(test_tape), "output 2 is a plain number"), "%s",
              ad_tape_message(test_tape));
    ad_tape *other = ad_tape_new();
    x[0] = ad_input(other, 2), y[0] = ad_sin(x[0]);
    cr_expect_null(ad_fn_new(other, 2, x, 1, y));
    cr_expect(strstr(ad_tape_message(other), "input 1 is a plain number"), "%s",
              ad_tape_message(other));
    ad_tape_free(other);
}
