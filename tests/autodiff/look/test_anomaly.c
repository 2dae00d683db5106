/* SPDX-License-Identifier: MIT */
#include "anomaly.h"
#include "forward.h"
#include "ops.h"
#include "reverse.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* "(tests/autodiff/look/test_anomaly.c:17)" at the end of the message. */
static void expect_line(ad_anomaly a, int line)
{
    char end[80];
    (void)snprintf(end, sizeof end, "test_anomaly.c:%d)", line);
    size_t len = strlen(a.message), tail = strlen(end);
    cr_expect(len > tail && strcmp(a.message + len - tail, end) == 0, "%s, not %s", a.message, end);
}

Test(anomaly, finite_tapes_have_none)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 2.0), y = ad_log(x), d;
    ad_grad(y, 1, &x, &d);
    ad_anomaly a = ad_tape_anomaly(tape);
    cr_expect(!a.found && a.status == AD_OK);
    cr_expect_str_eq(a.message, "no operation made a nan or an infinity");
    cr_expect_not(ad_anomaly_of(d).found);
    ad_tape_free(tape);
}

Test(anomaly, the_first_operation_is_named_with_its_line_and_operands)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 3.0), zero = ad_sub(x, 3.0);
    int line = __LINE__ + 1;
    ad_var quotient = ad_div(x, zero);
    ad_var y = ad_sub(quotient, quotient); /* nan, but of infinities */
    ad_anomaly a = ad_anomaly_of(ad_exp(y));
    cr_expect(a.found && !a.is_derivative && a.value == INFINITY);
    cr_expect_str_eq(a.op, "ad_div");
    cr_expect(a.count == 2 && a.operand[0] == 3 && a.operand[1] == 0);
    cr_expect_eq(strncmp(a.message, "ad_div made inf of 3 and 0 (", 28), 0, "%s", a.message);
    expect_line(a, line);
    ad_tape_free(tape);
}

Test(anomaly, a_nan_of_infinities_is_one_where_no_operation_made_them)
{
    ad_tape *tape = ad_tape_new();
    const double mask[] = {0, -INFINITY};
    const double values[] = {1, 2};
    ad_var m = ad_constant(tape, AD_F64, AD_SHAPE(2), mask);
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2), values);
    ad_var masked = ad_add(x, m);
    cr_expect_not(ad_anomaly_of(masked).found, "constants may be infinite");
    ad_anomaly a = ad_anomaly_of(ad_sub(masked, masked));
    cr_expect(a.found && isnan(a.value) && !signbit(a.value) && a.element == 1);
    cr_expect(strstr(a.message, "ad_sub made nan of -inf and -inf at element [1] ("), "%s",
              a.message);
    a = ad_anomaly_of(ad_mul(x, NAN));
    cr_expect(a.found && strstr(a.message, "ad_mul made nan of 1 and nan at element [0]"), "%s",
              a.message);
    ad_tape_free(tape);
}

Test(anomaly, broadcast_operands_are_those_that_met)
{
    ad_tape *tape = ad_tape_new();
    const double a[] = {1, 2, 3, 4, 5, 6}, b[] = {1, 0}, c[] = {7, 8, 9};
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2, 3), a);
    ad_var y = ad_input_array(tape, AD_F64, AD_SHAPE(2, 1), b);
    ad_var w = ad_input_array(tape, AD_F64, AD_SHAPE(3), c);
    ad_anomaly found = ad_anomaly_of(ad_div(ad_add(x, w), y));
    cr_expect(found.found && found.element == 3 && found.operand[0] == 11 && found.operand[1] == 0);
    cr_expect(strstr(found.message, "ad_div made inf of 11 and 0 at element [1, 0]"), "%s",
              found.message);
    ad_tape_free(tape);
}

Test(anomaly, derivatives_stand_at_the_line_of_their_operation)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 0.0), d, d2;
    int line = __LINE__ + 1;
    ad_var y = ad_sqrt(x);
    ad_var z = ad_add(ad_mul(y, 2.0), x);
    cr_assert_eq(ad_grad(z, 1, &x, &d), AD_OK);
    cr_expect_not(ad_anomaly_of(z).found, "the value is finite");
    ad_anomaly a = ad_anomaly_of(d);
    cr_expect(a.found && a.is_derivative && a.value == INFINITY);
    cr_expect(strstr(a.message, "made inf of 0.5 and 0, in a derivative ("), "%s", a.message);
    expect_line(a, line);
    cr_assert_eq(ad_grad(d, 1, &x, &d2), AD_OK);
    cr_expect_eq(ad_tape_anomaly(tape).node, a.node, "the first of the tape");
    ad_tape_free(tape);
}

Test(anomaly, derivatives_are_told_from_what_follows_them_and_forgotten_by_rewinds)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 0.0), y = ad_square(x), d, dd, j;
    ad_mark mark = ad_tape_mark(tape);
    ad_grad(y, 1, &x, &d);
    ad_grad(d, 1, &x, &dd);
    ad_anomaly a = ad_anomaly_of(ad_log(d));
    cr_expect(a.found && !a.is_derivative, "%s", a.message);
    ad_tape_rewind(tape, mark);
    for (int i = 0; i < 40; i++) {
        a = ad_anomaly_of(ad_reciprocal(x));
        cr_expect(a.found && !a.is_derivative, "%s", a.message);
    }
    ad_var root = ad_cbrt(x);
    ad_jvp(1, &root, 1, &x, &(ad_var){.tape = NULL, .ref.literal = 1}, &j);
    a = ad_anomaly_of(j);
    cr_expect(a.found && a.is_derivative, "%s", a.message);
    ad_tape_free(tape);
}

Test(anomaly, inputs_that_hold_one_are_named)
{
    ad_tape *tape = ad_tape_new();
    float values[] = {1, NAN};
    int line = __LINE__ + 1;
    ad_var x = ad_input_array(tape, AD_F32, AD_SHAPE(2), values);
    ad_anomaly a = ad_anomaly_of(ad_sum(x, AD_ALL));
    cr_expect(a.found && a.count == 0 && a.element == 1);
    cr_expect(strstr(a.message, "input holds nan at element [1] ("), "%s", a.message);
    expect_line(a, line);
    a = ad_anomaly_of(ad_sum(ad_input_view(tape, AD_F32, AD_SHAPE(2), values), AD_ALL));
    cr_expect(strstr(a.message, "view holds nan"), "%s", a.message);
    ad_tape_free(tape);
}

Test(anomaly, structured_operations_show_their_largest_operands)
{
    ad_tape *tape = ad_tape_new();
    const double big[] = {1, -1e200, 2, 3};
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2, 2), big);
    ad_anomaly a = ad_anomaly_of(ad_matmul(x, x));
    cr_expect(a.found == 0, "1e200 * 3 is finite");
    ad_var y = ad_mul(x, 1e5);
    a = ad_anomaly_of(ad_matmul(y, ad_transpose(y, AD_ALL)));
    cr_expect(a.found && a.operand[0] == -1e205 && a.operand[1] == -1e205);
    cr_expect(strstr(a.message, " made inf of [2, 2] up to -1e+205 and [2, 2] up to -1e+205 at "
                                "element [0, 0] ("),
              "%s", a.message);
    ad_tape_free(tape);
}

Test(anomaly, dead_variables_and_numbers_have_no_history)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 1.0);
    ad_mark mark = ad_tape_mark(tape);
    ad_var y = ad_log(x);
    ad_tape_rewind(tape, mark);
    ad_anomaly a = ad_anomaly_of(y);
    cr_expect(!a.found && a.status == AD_ERR_STALE);
    a = ad_anomaly_of(ad_literal(NAN));
    cr_expect(!a.found && a.status == AD_OK);
    ad_tape_fail(tape, AD_ERR_SHAPE, "train", NULL, "no rows");
    a = ad_anomaly_of(ad_log(x));
    cr_expect(strstr(a.message, "train: no rows"), "%s", a.message);
    cr_expect_eq(ad_tape_anomaly(NULL).status, AD_ERR_MEMORY);
    ad_tape_free(tape);
}

/* ---- slopes that were dropped ---- */

enum { ROOT_LINE = __LINE__ + 4 };

static ad_var squared_root(ad_var x)
{
    return ad_square(ad_sqrt(x));
}

static ad_var cosine_of_root(ad_var x)
{
    return ad_cos(ad_sqrt(x));
}

static ad_var exp_of_log(ad_var x)
{
    return ad_exp(ad_log(x));
}

static ad_var added_logs(ad_var x)
{
    return ad_logaddexp(ad_log(x), log(0.25));
}

static ad_var naive_softplus(ad_var x)
{
    return ad_log(ad_add(1, ad_exp(ad_add(x, 800))));
}

static ad_var naive_hypot(ad_var x)
{
    return ad_sqrt(ad_add(ad_square(ad_add(x, 1e200)), 1));
}

static ad_var chosen_root(ad_var x)
{
    return ad_where(ad_greater(x, 0), ad_mul(ad_neg(ad_sqrt(x)), 2), 0);
}

static ad_var cut_root(ad_var x)
{
    return ad_relu(ad_sub(ad_sqrt(x), 1));
}

/* Searches after either way of differentiating f at 0: alone, or in the middle of a tensor. */
static ad_anomaly found_in(ad_var (*f)(ad_var), int is_tensor, int is_recorded)
{
    const double values[] = {4, 0, 4};
    double out[3];
    ad_tape *tape = ad_tape_new();
    ad_var x = is_tensor ? ad_input_array(tape, AD_F64, AD_SHAPE(3), values) : ad_input(tape, 0);
    ad_var y = ad_sum(f(x), AD_ALL), d;
    if (is_recorded) {
        cr_assert_eq(ad_grad(y, 1, &x, &d), AD_OK);
    } else {
        cr_assert_eq(ad_grad_values(y, 1, &x, out), AD_OK);
    }
    const size_t len = ad_tape_len(tape);
    ad_anomaly all = ad_tape_anomaly(tape), own = ad_anomaly_of(is_recorded ? d : y);
    cr_expect_eq(ad_tape_len(tape), len, "a search leaves nothing");
    cr_expect(all.status == AD_OK && own.status == AD_OK && all.kind == own.kind);
    cr_expect_eq(all.dropped, own.dropped);
    cr_expect_str_eq(all.message, own.message);
    cr_expect_eq(all.found, all.kind != AD_ANOMALY_NONE);
    ad_tape_free(tape);
    return own;
}

static void expect_dropped(ad_var (*f)(ad_var), int line)
{
    for (int way = 0; way < 4; way++) {
        ad_anomaly a = found_in(f, way / 2, way % 2);
        cr_expect(a.kind == AD_ANOMALY_DROPPED_SLOPE && a.dropped == 1, "%s", a.message);
        cr_expect(a.is_derivative && a.value == INFINITY && a.element == (size_t)(way / 2));
        cr_expect_str_eq(a.op, "ad_div");
        cr_expect(a.count == 2 && a.operand[0] == 0.5 && a.operand[1] == 0);
        cr_expect(strstr(a.message, "ad_div made the slope inf of 0.5 and 0, dropped"), "%s",
                  a.message);
        cr_expect(strstr(a.message, "cotangent is exactly 0, harmless only if another branch was "
                                    "chosen (ad_where), in a derivative ("),
                  "%s", a.message);
        cr_expect_eq(strstr(a.message, "at element [1]") != NULL, way / 2, "%s", a.message);
        expect_line(a, line);
    }
}

Test(anomaly, a_slope_that_a_zero_cotangent_dropped_is_found_at_its_line)
{
    expect_dropped(squared_root, ROOT_LINE);
    expect_dropped(cosine_of_root, ROOT_LINE + 5);
}

Test(anomaly, an_infinity_of_values_comes_first_and_the_slopes_are_counted)
{
    static const struct {
        ad_var (*f)(ad_var);
        const char *op;
        size_t dropped;
    } cases[] = {{exp_of_log, "ad_log", 1},
                 {added_logs, "ad_log", 1},
                 {naive_softplus, "ad_exp", 1},
                 {naive_hypot, "ad_square", 0}}; /* 0.5 / inf is 0, and the slope before finite */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        for (int way = 0; way < 4; way++) {
            ad_anomaly a = found_in(cases[i].f, way / 2, way % 2);
            cr_expect_eq(a.kind, AD_ANOMALY_VALUE, "%s", a.message);
            cr_expect_str_eq(a.op, cases[i].op);
            cr_expect_geq(a.dropped, cases[i].dropped, "case %zu: %s", i, a.message);
        }
    }
}

Test(anomaly, a_branch_that_was_not_chosen_is_none)
{
    for (int way = 0; way < 4; way++) {
        ad_anomaly a = found_in(chosen_root, way / 2, way % 2);
        cr_expect(!a.found && a.dropped == 0, "%s", a.message);
        a = found_in(cut_root, way / 2, way % 2);
        cr_expect(!a.found && a.dropped == 0, "%s", a.message);
    }
}

Test(anomaly, second_derivatives_of_a_branch_that_was_not_chosen_are_none)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 0), d, dd;
    ad_grad(chosen_root(x), 1, &x, &d);
    cr_assert_eq(ad_grad(d, 1, &x, &dd), AD_OK);
    ad_anomaly a = ad_anomaly_of(dd);
    cr_expect_not(a.found, "%s", a.message);
    ad_tape_free(tape);
}

Test(anomaly, gradients_as_numbers_are_looked_at_where_they_are_of_the_history)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 0), w = ad_input(tape, 1);
    ad_mark mark = ad_tape_mark(tape);
    ad_var y = squared_root(x), other = ad_mul(ad_add(x, w), w), in[] = {x, w};
    double out[2];
    cr_assert_eq(ad_grad_values(y, 1, &w, out), AD_OK);
    cr_expect_not(ad_tape_anomaly(tape).found, "not by x");
    cr_assert_eq(ad_grad_values(y, 2, in, out), AD_OK);
    cr_expect_not(ad_anomaly_of(other).found);
    cr_expect(ad_anomaly_of(ad_add(y, other)).found && ad_anomaly_of(y).found);
    cr_expect_eq(ad_anomaly_of(y).node, 0);
    cr_expect_eq(ad_tape_rewind(tape, mark), AD_OK);
    cr_expect_not(ad_tape_anomaly(tape).found, "forgotten by the rewind");
    ad_tape_free(tape);
}

Test(anomaly, a_view_that_was_assigned_since_leaves_the_tape_as_it_was)
{
    double memory = 0, out;
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input_view(tape, AD_F64, AD_SCALAR, &memory), y = squared_root(x);
    cr_assert_eq(ad_grad_values(y, 1, &x, &out), AD_OK);
    ad_assign(x, ad_input(tape, 5));
    ad_anomaly a = ad_tape_anomaly(tape);
    cr_expect(!a.found && a.status == AD_OK, "%s", a.message);
    cr_expect_eq(ad_tape_status(tape), AD_OK);
    cr_expect_eq(ad_value(ad_add(y, 1)), 1);
    ad_tape_free(tape);
}

Test(anomaly, a_determinant_whose_reciprocal_overflows_is_found)
{
    enum { N = 56 };
    static double a[N * N], d[N * N];
    for (int i = 0; i < N; i++) {
        a[i * (N + 1)] = 2e-6;
    }
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(N, N), a);
    int line = __LINE__ + 1;
    ad_var y = ad_log(ad_det(x));
    cr_assert_eq(ad_grad_values(y, 1, &x, d), AD_OK);
    ad_anomaly found = ad_anomaly_of(y);
    cr_expect(found.kind == AD_ANOMALY_VALUE && found.is_derivative, "%s", found.message);
    cr_expect_str_eq(found.op, "ad_reciprocal");
    expect_line(found, line);
    ad_tape_free(tape);
}

Test(anomaly, a_failed_allocation_of_a_gradient_is_reported)
{
    for (size_t n = 0;; n++) {
        ad_failing_allocator state = {.fail_at = SIZE_MAX};
        ad_allocator allocator = ad_allocator_failing(&state);
        ad_tape *tape = ad_tape_new_in(&allocator);
        const double values[] = {4, 0};
        double out[2];
        ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2), values);
        ad_var y = ad_sum(squared_root(x), AD_ALL);
        cr_assert_eq(ad_grad_values(y, 1, &x, out), AD_OK);
        for (int i = 0; i < 4000; i++) {
            x = ad_add(x, 1); /* the tape is nearly full */
        }
        state.fail_at = state.requests + n;
        const size_t before = state.requests;
        ad_anomaly a = ad_tape_anomaly(tape);
        int failed = state.requests > before + n;
        cr_assert_eq(a.status, failed ? AD_ERR_MEMORY : AD_OK);
        cr_assert_eq(ad_tape_status(tape), AD_OK, "the tape stays as it was");
        ad_tape_free(tape);
        cr_assert_eq(state.live, 0);
        if (!failed) {
            cr_assert(n > 0 && a.kind == AD_ANOMALY_DROPPED_SLOPE);
            break;
        }
    }
}

Test(anomaly, a_failed_allocation_is_reported)
{
    for (size_t n = 0;; n++) {
        ad_failing_allocator state = {.fail_at = n};
        ad_allocator allocator = ad_allocator_failing(&state);
        ad_tape *tape = ad_tape_new_in(&allocator);
        ad_anomaly a = {.status = AD_ERR_MEMORY};
        if (tape != NULL) {
            ad_var y = ad_input(tape, 1.0);
            a = ad_anomaly_of(y);
        }
        int failed = state.requests > n;
        cr_assert_eq(a.status, failed ? AD_ERR_MEMORY : AD_OK);
        ad_tape_free(tape);
        cr_assert_eq(state.live, 0);
        if (!failed) {
            break;
        }
    }
}
