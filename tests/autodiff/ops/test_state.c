/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(state, .init = start, .fini = stop);

/* ---- stop_gradient ---- */

Test(state, stop_gradient_keeps_the_value_and_ends_the_gradient)
{
    for (int type = AD_F64; type <= AD_F32; type++) {
        ad_var x = test_counting(tape, (ad_type)type, AD_SHAPE(2)), dx;
        ad_var stopped = ad_stop_gradient(ad_square(x));
        test_expect(stopped, AD_SHAPE(2), TEST_NUMBERS(1, 4));
        cr_expect_eq(ad_grad(ad_sum(ad_mul(x, stopped), AD_ALL), 1, &x, &dx), AD_OK);
        test_expect(dx, AD_SHAPE(2), TEST_NUMBERS(1, 4));
    }
    ad_var s = ad_input(tape, 3), ds;
    cr_expect_eq(ad_grad(ad_mul(s, ad_stop_gradient(s)), 1, &s, &ds), AD_OK);
    test_expect(ds, AD_SCALAR, TEST_NUMBERS(3));
    cr_expect_eq(ad_value(ad_stop_gradient(2.5)), 2.5);
}

/* ---- cast ---- */

Test(state, cast_converts_between_all_types)
{
    const double numbers[] = {-2.75, 0, 3.5};
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(3), numbers);
    for (int type = AD_F64; type <= AD_F32; type++) {
        ad_var y = ad_cast(x, (ad_type)type);
        cr_expect_eq(ad_type_of(y), (ad_type)type);
        test_expect(y, AD_SHAPE(3), numbers);
        ad_var whole = ad_cast(y, AD_I64);
        cr_expect_eq(ad_type_of(whole), AD_I64);
        test_expect(whole, AD_SHAPE(3), TEST_NUMBERS(-2, 0, 3));
        test_expect(ad_cast(whole, (ad_type)type), AD_SHAPE(3), TEST_NUMBERS(-2, 0, 3));
    }
    test_expect(ad_cast(ad_input(tape, 0.1), AD_F32), AD_SCALAR, TEST_NUMBERS((double)0.1F));
    test_expect(ad_cast(ad_full(tape, AD_I64, AD_SHAPE(0), 1), AD_F32), AD_SHAPE(0), NULL);
    cr_expect_eq(ad_value(ad_cast(2.5, AD_F32)), 2.5);
}

Test(state, cast_to_the_same_type_records_nothing)
{
    ad_var x = ad_input(tape, 1);
    size_t before = ad_tape_len(tape);
    cr_expect_eq(ad_value(ad_cast(x, AD_F64)), 1);
    cr_expect_eq(ad_tape_len(tape), before);
}

Test(state, gradients_pass_float_casts_in_the_arguments_type_and_stop_at_integers)
{
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2), ((double[]){1.5, -2}));
    ad_var in[] = {x, ad_cast(x, AD_F32)}, dx[2], ddx;
    ad_var y = ad_sum(ad_square(ad_square(in[1])), AD_ALL);
    cr_expect_eq(ad_grad(y, 2, in, dx), AD_OK, "%s", ad_tape_message(tape));
    cr_expect_eq(ad_type_of(dx[0]), AD_F64);
    cr_expect_eq(ad_type_of(dx[1]), AD_F32);
    test_expect(dx[0], AD_SHAPE(2), TEST_NUMBERS(13.5, -32));
    cr_expect_eq(ad_grad(ad_sum(dx[0], AD_ALL), 1, &x, &ddx), AD_OK);
    test_expect(ddx, AD_SHAPE(2), TEST_NUMBERS(27, 48));

    ad_var through = ad_cast(ad_cast(x, AD_I64), AD_F64), none;
    cr_expect_eq(ad_grad(ad_sum(through, AD_ALL), 1, &x, &none), AD_OK);
    test_expect(none, AD_SHAPE(2), TEST_NUMBERS(0, 0));
    ad_var whole = ad_cast(x, AD_I64), g = ad_full(tape, AD_I64, AD_SHAPE(2), 1);
    cr_expect_eq(ad_vjp(1, &whole, 1, &x, &g, &none), AD_OK);
    test_expect(none, AD_SHAPE(2), TEST_NUMBERS(0, 0));
}

Test(state, cast_refuses_what_an_integer_cannot_hold)
{
    const double bad[] = {NAN, 0x1p63, -0x1.0000000000001p63, INFINITY};
    for (int i = 0; i < 4; i++) {
        ad_cast(ad_input_array(tape, AD_F64, AD_SHAPE(2), ((double[]){1, bad[i]})), AD_I64);
        cr_expect_eq(ad_tape_status(tape), AD_ERR_DOMAIN);
        ad_tape_clear_error(tape);
    }
    TEST_ERROR(tape, ad_cast(ad_input(tape, -1e30), AD_I64), AD_ERR_DOMAIN,
               "ad_cast: element 0 is -1e+30; no i64 holds it");
    TEST_ERROR(tape, ad_cast(ad_input(tape, 1), (ad_type)9), AD_ERR_TYPE,
               "ad_cast: 9 is no element type; use AD_F64, AD_F32 or AD_I64");
    ad_var least = ad_cast(ad_input(tape, -0x1p63), AD_I64);
    cr_expect_eq(*(const int64_t *)ad_data(least), INT64_MIN);
}

/* ---- assign ---- */

Test(state, assign_writes_the_callers_memory_at_once)
{
    double f64[2] = {1, 2}, scalar = 5;
    float f32[2] = {1, 2}, scalar_f32 = 5;
    int64_t i64[2] = {1, 2};
    const double three_four[] = {3, 4};
    const struct {
        ad_type type;
        ad_shape shape;
        void *memory;
    } views[] = {{AD_F64, AD_SHAPE(2), f64},
                 {AD_F32, AD_SHAPE(2), f32},
                 {AD_I64, AD_SHAPE(2), i64},
                 {AD_F64, AD_SCALAR, &scalar},
                 {AD_F32, AD_SCALAR, &scalar_f32}};
    for (size_t i = 0; i < sizeof views / sizeof views[0]; i++) {
        ad_var w = ad_input_view(tape, views[i].type, views[i].shape, views[i].memory);
        ad_var value = ad_input_array(tape, AD_F64, AD_SHAPE(2), three_four);
        value = ad_cast(ad_count(w) == 1 ? ad_select(value, 0, 0) : value, views[i].type);
        ad_var z = ad_assign(w, value);
        test_expect(z, views[i].shape, three_four);
        test_expect(w, views[i].shape, three_four);
    }
    cr_expect(f64[0] == 3 && f64[1] == 4 && scalar == 3);
    cr_expect(f32[0] == 3 && f32[1] == 4 && scalar_f32 == 3);
    cr_expect(i64[0] == 3 && i64[1] == 4);
}

Test(state, assign_of_a_number_and_of_itself)
{
    double memory = 1;
    ad_var w = ad_input_view(tape, AD_F64, AD_SCALAR, &memory);
    test_expect(ad_assign(w, 4), AD_SCALAR, TEST_NUMBERS(4));
    test_expect(ad_assign(w, w), AD_SCALAR, TEST_NUMBERS(4));
    test_expect(ad_assign(w, ad_mul(w, 2)), AD_SCALAR, TEST_NUMBERS(8));
    cr_expect_eq(memory, 8);
}

Test(state, values_recorded_before_an_assign_stay)
{
    float memory[2] = {1, 2};
    ad_var w = ad_input_view(tape, AD_F32, AD_SHAPE(2), memory);
    ad_var flat = ad_reshape(w, AD_SHAPE(2, 1)), stopped = ad_stop_gradient(w);
    ad_var z = ad_assign(w, ad_neg(w));
    ad_assign(w, ad_full(tape, AD_F32, AD_SHAPE(2), 7));
    test_expect(flat, AD_SHAPE(2, 1), TEST_NUMBERS(1, 2));
    test_expect(stopped, AD_SHAPE(2), TEST_NUMBERS(1, 2));
    test_expect(z, AD_SHAPE(2), TEST_NUMBERS(-1, -2));
    test_expect(w, AD_SHAPE(2), TEST_NUMBERS(7, 7));
}

Test(state, gradients_through_what_an_assign_has_replaced_are_refused)
{
    double memory = 2, numbers[2];
    ad_var w = ad_input_view(tape, AD_F64, AD_SCALAR, &memory), x = ad_input(tape, 3), dx;
    ad_var y = ad_mul(w, x);
    ad_assign(w, 5);
    TEST_ERROR(tape, ad_grad(y, 1, &x, &dx), AD_ERR_STATE,
               "ad_mul: an argument was changed by ad_assign; take gradients before assigning");
    cr_expect(ad_is_dead(dx));
    cr_expect_eq(ad_grad_values(y, 1, &x, numbers), AD_ERR_STATE);
    ad_tape_clear_error(tape);
    cr_expect_eq(ad_jacobian_values(1, &y, 1, &x, numbers), AD_ERR_STATE);
}

Test(state, gradients_of_what_is_recorded_after_an_assign_use_the_new_content)
{
    double memory = 2, number;
    ad_var w = ad_input_view(tape, AD_F64, AD_SCALAR, &memory), x = ad_input(tape, 3), dx;
    ad_assign(w, 5);
    ad_var y = ad_mul(w, x);
    cr_expect_eq(ad_grad(y, 1, &x, &dx), AD_OK);
    test_expect(dx, AD_SCALAR, TEST_NUMBERS(5));
    cr_expect_eq(ad_grad_values(y, 1, &w, &number), AD_OK);
    cr_expect_eq(number, 3);
}

Test(state, the_gradient_of_an_assigned_value_goes_to_the_value)
{
    double memory[2] = {1, 2};
    ad_var w = ad_input_view(tape, AD_F64, AD_SHAPE(2), memory);
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(2)), in[] = {x, w}, dx[2];
    ad_var first = ad_assign(w, ad_square(x));
    ad_var second = ad_assign(w, ad_mul(first, 3)); /* of first, the old content is not read */
    cr_expect_eq(ad_grad(ad_sum(second, AD_ALL), 2, in, dx), AD_OK, "%s", ad_tape_message(tape));
    test_expect(dx[0], AD_SHAPE(2), TEST_NUMBERS(6, 12));
    test_expect(dx[1], AD_SHAPE(2), TEST_NUMBERS(0, 0));
}

/* w <- w - rate dC/dw, where the view is recorded once and each step is forgotten. */
Test(state, a_step_that_is_rewound_can_be_taken_again)
{
    double memory = 1, expected = 1;
    ad_var w = ad_input_view(tape, AD_F64, AD_SCALAR, &memory);
    ad_var kept = ad_square(w);
    ad_mark mark = ad_tape_mark(tape);
    for (int step = 0; step < 5; step++) {
        ad_var dw;
        double number;
        ad_var cost = ad_square(ad_sub(w, 3));
        cr_assert_eq(ad_grad_values(cost, 1, &w, &number), AD_OK, "%s", ad_tape_message(tape));
        cr_assert_eq(ad_grad(cost, 1, &w, &dw), AD_OK, "%s", ad_tape_message(tape));
        ad_assign(w, ad_sub(w, ad_mul(0.25, dw)));
        expected -= 0.25 * 2 * (expected - 3);
        cr_expect_eq(memory, expected);
        cr_expect_eq(number, ad_value(dw));
        cr_assert_eq(ad_tape_rewind(tape, mark), AD_OK);
        cr_expect_eq(ad_value(w), expected);
    }
    ad_var dw;
    cr_expect_eq(ad_value(kept), 1);
    cr_expect_eq(ad_grad(kept, 1, &w, &dw), AD_ERR_STATE, "it was recorded from the first content");
}

Test(state, assign_names_what_does_not_fit)
{
    double memory[2] = {1, 2};
    ad_var w = ad_input_view(tape, AD_F64, AD_SHAPE(2), memory), x = ad_input(tape, 1);
    const char *no_view = "ad_assign: the target is no ad_input_view; only the caller's memory can "
                          "be assigned to";
    TEST_ERROR(tape, ad_assign(w, x), AD_ERR_SHAPE,
               "ad_assign: the target is f64 [2], the value is f64 []; they must be the same");
    TEST_ERROR(tape, ad_assign(w, ad_cast(w, AD_F32)), AD_ERR_TYPE,
               "ad_assign: the target is f64 [2], the value is f32 [2]; they must be the same");
    TEST_ERROR(
        tape, ad_assign(x, x), AD_ERR_STATE,
        "ad_assign: the target is no ad_input_view; only the caller's memory can be assigned "
        "to");
    ad_assign(3, x);
    cr_expect(strncmp(ad_tape_message(tape), no_view, strlen(no_view)) == 0);
    ad_tape_clear_error(tape);
    ad_mark mark = ad_tape_mark(tape);
    double other[2] = {3, 4};
    ad_var later = ad_input_view(tape, AD_F64, AD_SHAPE(2), other);
    ad_tape_rewind(tape, mark);
    ad_assign(later, w);
    cr_expect_eq(ad_tape_status(tape), AD_ERR_STALE);
    cr_expect(memory[0] == 1 && memory[1] == 2);
}

/* ---- one memory, one variable ---- */

Test(state, memory_that_is_viewed_again_is_the_same_variable)
{
    double m[] = {3, 4}, g[2];
    ad_var a = ad_input_view(tape, AD_F64, AD_SHAPE(2), m);
    ad_var b = ad_input_view(tape, AD_F64, AD_SHAPE(2), m);
    cr_assert_eq(ad_grad_values(ad_sum(ad_square(a), AD_ALL), 1, &b, g), AD_OK);
    cr_expect(g[0] == 6 && g[1] == 8, "%g %g", g[0], g[1]);
    double s = 3;
    ad_var y = ad_square(ad_input_view(tape, AD_F64, AD_SCALAR, &s));
    ad_var again = ad_input_view(tape, AD_F64, AD_SCALAR, &s);
    cr_assert_eq(ad_grad_values(y, 1, &again, g), AD_OK);
    cr_expect_eq(g[0], 6);
    s = 5;
    cr_expect_eq(ad_value(ad_input_view(tape, AD_F64, AD_SCALAR, &s)), 5, "C has changed it");
}

Test(state, an_assigned_view_is_still_the_variable_of_its_memory)
{
    double m[] = {3, 4}, g[2];
    ad_var a = ad_input_view(tape, AD_F64, AD_SHAPE(2), m);
    ad_assign(a, ad_mul(a, 2));
    ad_var b = ad_input_view(tape, AD_F64, AD_SHAPE(2), m);
    test_expect(b, AD_SHAPE(2), TEST_NUMBERS(6, 8));
    cr_assert_eq(ad_grad_values(ad_sum(ad_square(b), AD_ALL), 1, &a, g), AD_OK);
    cr_expect(g[0] == 12 && g[1] == 16, "%g %g", g[0], g[1]);
}

/* 3,000 views, of which rewinds forget some and keep others. */
Test(state, views_are_found_among_many_and_after_rewinds)
{
    enum { N = 3000 };
    static double m[N][2];
    static ad_var first[N];
    ad_mark mark = ad_tape_mark(tape);
    for (int round = 0; round < 3; round++) {
        size_t len = ad_tape_len(tape);
        for (int i = 0; i < N; i++) {
            if (i == N / 3 * round) {
                mark = ad_tape_mark(tape);
            }
            first[i] = ad_input_view(tape, AD_F64, AD_SHAPE(2), m[i]);
        }
        size_t distinct = ad_tape_len(tape);
        cr_expect_eq(distinct, round == 0 ? N : len + N - (size_t)(N / 3 * (round - 1)));
        for (int i = N; i-- > 0;) {
            ad_var again = ad_input_view(tape, AD_F64, AD_SHAPE(2), m[i]);
            cr_assert_eq(ad_data(again), m[i]);
            cr_assert_eq(again.ref.at.node, first[i].ref.at.node);
        }
        cr_expect_eq(ad_tape_len(tape), distinct);
        cr_expect_eq(ad_tape_rewind(tape, mark), AD_OK);
    }
}
