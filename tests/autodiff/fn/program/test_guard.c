/* SPDX-License-Identifier: MIT */
#include "fn/run/fn_internal.h"

#include "map.h"
#include "ops.h"
#include "reverse.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static ad_fn *guarded(ad_tape *tape, int in_count, const ad_var *in, int out_count,
                      const ad_var *out)
{
    ad_fn *f = ad_fn_new_with(tape, in_count, in, out_count, out, &(ad_fn_options){.guard = 1});
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
    return f;
}

/* ---- conditions that are noticed ---- */

static double read_value(ad_var c)
{
    return ad_value(c);
}

static double read_data(ad_var c)
{
    return *(const double *)ad_data(c);
}

static double read_copy(ad_var c)
{
    double value = NAN;
    ad_read(c, 1, &value);
    return value;
}

Test(fn_guard, a_comparison_that_is_read_is_noticed)
{
    static double (*const readers[])(ad_var) = {read_value, read_data, read_copy};
    for (size_t r = 0; r < sizeof readers / sizeof *readers; r++) {
        ad_tape *tape = ad_tape_new();
        ad_var x = ad_input(tape, 1), y = ad_input(tape, 2);
        ad_var less = ad_less_at(x, y, "if.c:1");
        ad_var z = readers[r](less) != 0 ? ad_sub(y, x) : ad_sub(x, y);
        ad_fn *f = guarded(tape, 2, (ad_var[]){x, y}, 1, &z);
        ad_tape_free(tape);
        double out;
        ad_fn_branch branch = {.name = NULL};
        cr_expect_eq(ad_fn_guard(f, 1, &branch), 0, "before the first call");
        cr_assert_eq(ad_fn_eval(f, (double[]){5, 9}, &out), AD_OK);
        cr_expect_eq(out, 4);
        cr_expect_eq(ad_fn_guard(f, 1, &branch), 0);
        cr_expect_null(branch.name);
        cr_assert_eq(ad_fn_eval(f, (double[]){9, 5}, &out), AD_OK);
        cr_expect_eq(out, -4); /* of the branch that was recorded */
        cr_assert_eq(ad_fn_guard(f, 1, &branch), 1);
        cr_expect_str_eq(branch.name, "ad_less");
        cr_expect_str_eq(branch.site, "if.c:1");
        cr_expect_eq(branch.element, 0);
        cr_expect_eq(branch.recorded, 1);
        cr_expect_eq(branch.now, 0);
        cr_expect_eq(ad_fn_guard(f, 0, NULL), 1);
        cr_expect_eq(ad_fn_guard(f, 5, NULL), 1);
        ad_fn_free(f);
    }
}

/* What is read of x and y; whether a call where it is another is told. */
typedef struct reading {
    const char *name;
    ad_var (*build)(ad_var x, ad_var y);
    int is_noticed;
} reading;

static ad_var sign_of(ad_var x, ad_var y)
{
    return ad_sign(ad_sub(x, y));
}
static ad_var floor_of(ad_var x, ad_var y)
{
    return ad_floor(ad_mul(x, y));
}
static ad_var larger(ad_var x, ad_var y)
{
    return ad_argmax(ad_stack(2, (ad_var[]){x, y}, 0), AD_ALL);
}
static ad_var whole(ad_var x, ad_var y)
{
    return ad_cast(ad_mul(x, y), AD_I64);
}
static ad_var both(ad_var x, ad_var y)
{
    return ad_mul(ad_greater(x, 0.5), ad_less(y, 1.5));
}
static ad_var none_of(ad_var x, ad_var y)
{
    return ad_sub(1, ad_max(ad_stack(2, (ad_var[]){ad_less(x, 0), ad_less(y, 1.5)}, 0), AD_ALL));
}
static ad_var chosen(ad_var x, ad_var y)
{
    return ad_where(ad_less(x, y), 7, -7);
}
static ad_var product(ad_var x, ad_var y)
{
    return ad_mul(x, y);
}
static ad_var score(ad_var x, ad_var y)
{
    return ad_mean(ad_stack(2, (ad_var[]){ad_less(x, y), ad_greater(y, 1.5)}, 0), AD_ALL);
}
static ad_var kept(ad_var x, ad_var y)
{
    return ad_mul(x, ad_less(y, 1.5));
}

static const reading readings[] = {{"sign", sign_of, 1},  {"floor", floor_of, 1},
                                   {"argmax", larger, 1}, {"cast", whole, 1},
                                   {"and", both, 1},      {"nor", none_of, 1},
                                   {"where", chosen, 1},  {"product", product, 0},
                                   {"a score", score, 0}, {"a masked value", kept, 0}};

Test(fn_guard, step_functions_are_noticed_and_other_numbers_are_not)
{
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        const reading *r = &readings[i];
        ad_tape *tape = ad_tape_new();
        ad_var x = ad_input(tape, 1), y = ad_input(tape, 2.5), out;
        (void)ad_value(r->build(x, y));
        out = ad_add(x, y);
        ad_fn *f = guarded(tape, 2, (ad_var[]){x, y}, 1, &out);
        double sum;
        cr_assert_eq(ad_fn_eval(f, (double[]){1, 2.5}, &sum), AD_OK);
        cr_expect_eq(ad_fn_guard(f, 0, NULL), 0, "%s", r->name);
        cr_assert_eq(ad_fn_eval(f, (double[]){3, 1.25}, &sum), AD_OK);
        cr_expect_eq(ad_fn_guard(f, 0, NULL), (size_t)r->is_noticed, "%s", r->name);
        ad_fn_free(f);
        ad_tape_free(tape);
    }
}

Test(fn_guard, a_condition_that_was_asked_for_is_whatever_it_is)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input_at(tape, 2, "x"), y = ad_relu(x);
    cr_expect_eq(ad_branch(y), 1);
    cr_expect_eq(ad_value(y), 2); /* printing it makes no difference */
    cr_expect_eq(ad_branch(x), 1);
    cr_expect_eq(ad_branch(ad_literal(0)), 0);
    cr_expect_eq(ad_branch(ad_literal(0.5)), 1);
    ad_var z = ad_exp(x);
    ad_fn *f = guarded(tape, 1, &x, 1, &z);
    double out;
    ad_fn_branch branch[3];
    cr_assert_eq(ad_fn_eval(f, (double[]){7}, &out), AD_OK);
    cr_expect_eq(ad_fn_guard(f, 3, branch), 0); /* another number, but true */
    cr_assert_eq(ad_fn_eval(f, (double[]){-1}, &out), AD_OK);
    cr_expect_eq(ad_fn_guard(f, 3, branch), 1);
    cr_expect_str_eq(branch[0].name, "ad_relu");
    cr_expect_eq(branch[0].recorded, 2);
    cr_expect_eq(branch[0].now, 0);
    cr_assert_eq(ad_fn_eval(f, (double[]){0}, &out), AD_OK);
    cr_expect_eq(ad_fn_guard(f, 3, branch), 2);
    cr_expect_str_eq(branch[0].name, "input");
    cr_expect_str_eq(branch[0].site, "x");
    cr_expect_eq(ad_fn_guard(f, 1, branch), 2); /* of which one has room */
    ad_fn_free(f);
    ad_tape_free(tape);
}

Test(fn_guard, of_a_tensor_the_first_element_that_differs_is_told)
{
    const float x[6] = {1, -1, 2, -2, 3, -3};
    float at[6] = {4, -1, 2, -5, 3, -3};
    ad_tape *tape = ad_tape_new();
    ad_var in = ad_input_array(tape, AD_F32, AD_SHAPE(2, 3), x), mask = ad_greater(in, 0);
    ad_var best = ad_argmax(in, AD_AXES(1)), out = ad_sum(in, AD_ALL);
    int64_t column = ((const int64_t *)ad_data(best))[0];
    cr_expect_eq(column, 2);
    (void)ad_data(mask);
    ad_fn *f = guarded(tape, 1, &in, 1, &out);
    float sum;
    ad_fn_branch branch[2];
    cr_assert_eq(ad_fn_run(f, (const void *[]){x}, (void *[]){&sum}), AD_OK);
    cr_expect_eq(ad_fn_guard(f, 2, branch), 0);
    cr_assert_eq(ad_fn_run(f, (const void *[]){at}, (void *[]){&sum}), AD_OK);
    cr_assert_eq(ad_fn_guard(f, 2, branch), 1);
    cr_expect_str_eq(branch[0].name, "ad_argmax");
    cr_expect_eq(branch[0].element, 0);
    cr_expect_eq(branch[0].recorded, 2);
    cr_expect_eq(branch[0].now, 0);
    at[0] = 1;
    at[3] = 2;
    cr_assert_eq(ad_fn_run(f, (const void *[]){at}, (void *[]){&sum}), AD_OK);
    cr_assert_eq(ad_fn_guard(f, 2, branch), 1);
    cr_expect_str_eq(branch[0].name, "ad_greater");
    cr_expect_eq(branch[0].element, 3);
    ad_fn_free(f);
    ad_tape_free(tape);
}

Test(fn_guard, nan_is_what_it_was)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, NAN), s = ad_sign(x), out = ad_mul(x, 2);
    cr_expect(isnan(ad_value(s)));
    ad_fn *f = guarded(tape, 1, &x, 1, &out);
    double y;
    cr_assert_eq(ad_fn_eval(f, (double[]){NAN}, &y), AD_OK);
    cr_expect_eq(ad_fn_guard(f, 0, NULL), 0);
    cr_assert_eq(ad_fn_eval(f, (double[]){1}, &y), AD_OK);
    cr_expect_eq(ad_fn_guard(f, 0, NULL), 1);
    ad_fn_free(f);
    ad_tape_free(tape);
}

/* ---- what is not noticed ---- */

Test(fn_guard, integers_from_outside_are_data_and_constants_cannot_change)
{
    const int64_t labels[3] = {0, 2, 1}, others[3] = {2, 2, 2};
    ad_tape *tape = ad_tape_new();
    ad_var in = ad_input_array(tape, AD_I64, AD_SHAPE(3), labels);
    ad_var hot = ad_one_hot(in, 3, AD_F64), two = ad_less(ad_sum(hot, AD_ALL), 2);
    ad_var fixed = ad_less(ad_constant(tape, AD_F64, AD_SCALAR, (double[]){1}), 2);
    (void)ad_data(in), (void)ad_data(hot), (void)ad_value(fixed);
    ad_fn *f = guarded(tape, 1, &in, 1, &hot);
    cr_expect_eq(f->program.guard_count, 0);
    ad_fn_free(f);
    (void)ad_value(two), (void)ad_value(ad_equal(ad_cast(ad_select(in, 0, 0), AD_F64), 0));
    f = guarded(tape, 1, &in, 1, &hot);
    cr_expect_eq(f->program.guard_count, 2);
    double out[9];
    ad_fn_branch branch[2];
    cr_assert_eq(ad_fn_run(f, (const void *[]){others}, (void *[]){out}), AD_OK);
    cr_expect_eq(ad_fn_guard(f, 2, branch), 1);
    cr_expect_str_eq(branch[0].name, "ad_equal");
    ad_fn_free(f);
    ad_tape_free(tape);
}

Test(fn_guard, a_rewind_forgets_what_was_read_above_the_mark)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 1), below = ad_less(x, 3), out;
    (void)ad_value(below);
    ad_mark mark = ad_tape_mark(tape);
    for (int i = 0; i < 20; i++) {
        (void)ad_branch(ad_greater(x, i));
    }
    ad_tape_rewind(tape, mark);
    for (int i = 0; i < 20; i++) { /* at the same places, not read */
        out = ad_greater(x, i);
    }
    ad_fn *f = guarded(tape, 1, &x, 1, &out);
    cr_expect_eq(f->program.guard_count, 1);
    double y;
    cr_assert_eq(ad_fn_eval(f, (double[]){4}, &y), AD_OK);
    cr_expect_eq(ad_fn_guard(f, 0, NULL), 1);
    ad_fn_free(f);
    ad_tape_free(tape);
}

Test(fn_guard, without_the_option_nothing_is_kept)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 1), out = ad_mul(x, 2);
    ad_fn *before = ad_fn_new(tape, 1, &x, 1, &out);
    (void)ad_branch(ad_less(x, 3));
    ad_fn *f = ad_fn_new(tape, 1, &x, 1, &out);
    cr_expect_eq(f->plan.step_count, before->plan.step_count);
    cr_expect_eq(f->program.count, before->program.count);
    cr_expect_eq(ad_fn_workspace_bytes(f), ad_fn_workspace_bytes(before));
    double y;
    cr_assert_eq(ad_fn_eval(f, (double[]){4}, &y), AD_OK);
    cr_expect_eq(ad_fn_guard(f, 0, NULL), 0);
    ad_fn_free(f);
    ad_fn_free(before);
    ad_tape_free(tape);
}

/* ---- with the rest ---- */

/* sqrt by Newton's method, until it is exact: a loop of C. */
static ad_var square_root(ad_var a)
{
    ad_var x = a;
    while (ad_branch(ad_greater(ad_abs(ad_sub(ad_mul(x, x), a)), 1e-9))) {
        x = ad_mul(0.5, ad_add(x, ad_div(a, x)));
    }
    return x;
}

Test(fn_guard, a_loop_with_other_lengths_is_told_and_the_gradient_goes_with_it)
{
    ad_tape *tape = ad_tape_new();
    ad_var a = ad_input(tape, 2), out[2];
    out[0] = square_root(a);
    ad_grad(out[0], 1, &a, &out[1]);
    ad_fn *f = guarded(tape, 1, &a, 2, out);
    ad_workspace *w = ad_workspace_new(f, NULL);
    double y[2];
    cr_assert_eq(ad_fn_eval_in(f, w, (double[]){2}, y), AD_OK);
    cr_expect_float_eq(y[0], sqrt(2), 1e-9);
    cr_expect_float_eq(y[1], 0.5 / sqrt(2), 1e-6);
    cr_expect_eq(ad_fn_guard_in(f, w, 0, NULL), 0);
    cr_expect_eq(ad_fn_guard(f, 0, NULL), 0); /* that is the function's own workspace */
    cr_assert_eq(ad_fn_eval_in(f, w, (double[]){1e6}, y), AD_OK);
    cr_expect_gt(fabs(y[0] - 1e3), 1);
    cr_expect_eq(ad_fn_guard_in(f, w, 0, NULL), 1); /* it would have gone on */
    ad_workspace_free(w);
    ad_fn_free(f);
    ad_tape_free(tape);
}

Test(fn_guard, assignments_and_outputs_that_are_conditions)
{
    double memory[2] = {1, 3}, y[2];
    ad_tape *tape = ad_tape_new();
    ad_var w = ad_input_view(tape, AD_F64, AD_SHAPE(2), memory);
    ad_var less = ad_less(ad_sum(w, AD_ALL), 10), out[2] = {less, ad_exp(less)};
    cr_expect(ad_branch(less));
    cr_expect_eq(ad_value(less), 1);
    ad_assign(w, ad_mul(w, 2));
    ad_fn *f = guarded(tape, 0, NULL, 2, out);
    ad_tape_free(tape);
    cr_assert_eq(ad_fn_run(f, NULL, (void *[]){&y[0], &y[1]}), AD_OK); /* of 2, 6 */
    cr_expect_eq(ad_fn_guard(f, 0, NULL), 0);
    cr_assert_eq(ad_fn_run(f, NULL, (void *[]){&y[0], &y[1]}), AD_OK); /* of 4, 12 */
    cr_expect_eq(ad_fn_guard(f, 0, NULL), 1);
    cr_expect_eq(y[0], 0);
    cr_expect_eq(memory[1], 24);
    ad_fn_free(f);
}

Test(fn_guard, functions_of_numbers_stay_so)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 1), out = ad_mul(x, 2);
    (void)ad_value(ad_cast(x, AD_I64)); /* an i64 that is no output of the caller's */
    ad_fn *f = guarded(tape, 1, &x, 1, &out);
    double y;
    cr_expect_eq(ad_fn_eval(f, (double[]){1.5}, &y), AD_OK);
    cr_expect_eq(ad_fn_guard(f, 0, NULL), 0);
    cr_expect_eq(ad_fn_matches(f, tape, 1, &x, 1, &out), 1);
    ad_fn_free(f);
    ad_tape_free(tape);
}

/* ---- what goes wrong ---- */

Test(fn_guard, a_call_that_fails_tells_of_no_branch)
{
    const double x[2] = {1, 2};
    int64_t place = 0;
    double y;
    ad_tape *tape = ad_tape_new();
    ad_var in[2] = {ad_input_array(tape, AD_F64, AD_SHAPE(2), x),
                    ad_input_array(tape, AD_I64, AD_SHAPE(1), &place)};
    ad_var out = ad_take(in[0], in[1], 0);
    cr_expect(ad_branch(ad_less(out, 2)));
    ad_fn *f = guarded(tape, 2, in, 1, &out);
    place = 1;
    cr_expect_eq(ad_fn_run(f, (const void *[]){x, &place}, (void *[]){&y}), AD_OK);
    cr_expect_eq(ad_fn_guard(f, 0, NULL), 1);
    place = 2;
    cr_expect_eq(ad_fn_run(f, (const void *[]){x, &place}, (void *[]){&y}), AD_ERR_INDEX);
    cr_expect_eq(ad_fn_guard(f, 0, NULL), 0);
    ad_fn_free(f);
    ad_tape_free(tape);
}

Test(fn_guard, a_condition_is_one_number_that_is_alive)
{
    ad_tape *tape = ad_tape_new();
    ad_mark mark = ad_tape_mark(tape);
    ad_var x = ad_input_array_at(tape, AD_F64, AD_SHAPE(2), (double[]){1, 1}, "x");
    cr_expect_eq(ad_branch(x), 0);
    cr_expect_eq(ad_tape_status(tape), AD_ERR_SHAPE);
    cr_expect_str_eq(ad_tape_message(tape), "ad_branch: [2]; a condition is one number; reduce it "
                                            "with ad_max or ad_min (x)");
    ad_tape_clear_error(tape);
    ad_tape_rewind(tape, mark);
    cr_expect_eq(ad_branch(x), 0);
    cr_expect_eq(ad_tape_status(tape), AD_ERR_STALE);
    ad_tape_free(tape);
    cr_expect_eq(ad_fn_guard(NULL, 0, NULL), 0);
    cr_expect_eq(ad_fn_guard_in(NULL, NULL, 0, NULL), 0);
}

Test(fn_guard, neither_c_nor_a_map_has_a_guard)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 1), out = ad_mul(x, 2);
    cr_expect(ad_branch(x));
    ad_fn *f = guarded(tape, 1, &x, 1, &out);
    cr_expect_eq(ad_fn_emit_c(f, "/dev/null", "f"), AD_ERR_UNSUPPORTED);
    cr_expect_str_eq(ad_fn_message(f),
                     "ad_fn_emit_c: the function has a guard; compile it without");
    ad_fn_free(f);
    cr_expect_null(ad_map_new(tape, 1, &x, 1, &out, &(ad_fn_options){.guard = 1}));
    cr_expect_eq(ad_tape_status(tape), AD_ERR_UNSUPPORTED);
    ad_tape_free(tape);
}

Test(fn_guard, each_allocation_may_fail)
{
    int compiled = 0;
    for (size_t fail_at = 0; !compiled; fail_at++) {
        ad_failing_allocator state = {.fail_at = fail_at};
        ad_allocator allocator = ad_allocator_failing(&state);
        ad_tape *tape = ad_tape_new_in(&allocator);
        ad_var x = ad_input(tape, 1), out = ad_mul(x, 2);
        (void)ad_branch(ad_less(out, 3)), (void)ad_value(ad_floor(out));
        ad_fn *f = tape == NULL
                       ? NULL
                       : ad_fn_new_with(tape, 1, &x, 1, &out,
                                        &(ad_fn_options){.guard = 1, .allocator = &allocator});
        cr_expect(f != NULL || ad_tape_status(tape) == AD_ERR_MEMORY);
        if (f != NULL) {
            double y;
            cr_expect_geq(fail_at, state.requests, "request %zu", fail_at);
            cr_expect_eq(ad_fn_eval(f, (double[]){2}, &y), AD_OK);
            cr_expect_eq(ad_fn_guard(f, 0, NULL), 2);
            compiled = 1;
        }
        ad_fn_free(f);
        ad_tape_free(tape);
        cr_expect_eq(state.live, 0);
        cr_assert_lt(fail_at, 1000);
    }
}
