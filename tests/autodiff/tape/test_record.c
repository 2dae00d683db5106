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

TestSuite(record, .init = start, .fini = stop);

/* ---- handles ---- */

Test(record, variables_of_two_tapes_do_not_mix)
{
    ad_tape *other = ad_tape_new();
    ad_var x = ad_input(tape, 1), y = ad_input(other, 2), dx;
    const char *text = "its arguments are on different tapes; read the value of one and give it to "
                       "ad_input of the other";
    cr_expect(ad_is_dead(ad_add(x, y)));
    cr_expect_eq(ad_tape_status(tape), AD_ERR_FOREIGN);
    cr_expect_not_null(strstr(ad_tape_message(tape), text));
    cr_expect_eq(ad_tape_status(other), AD_OK, "the error is kept by the first argument's tape");
    ad_tape_clear_error(tape);
    ad_var both[] = {ad_full(tape, AD_F64, AD_SHAPE(2), 1), ad_full(other, AD_F64, AD_SHAPE(2), 1)};
    ad_concat(2, both, 0);
    cr_expect_eq(ad_tape_status(tape), AD_ERR_FOREIGN);
    ad_tape_clear_error(tape);
    cr_expect_eq(ad_grad(y, 1, &x, &dx), AD_ERR_FOREIGN);
    ad_tape_clear_error(tape);
    cr_expect_eq(ad_grad(x, 2, (ad_var[]){x, y}, (ad_var[]){x, y}), AD_ERR_FOREIGN);
    ad_tape_free(other);
}

Test(record, the_same_node_number_on_another_tape_is_still_foreign)
{
    ad_tape *other = ad_tape_new();
    ad_var x = ad_input(tape, 1), y = ad_input(other, 2);
    cr_expect_eq(x.ref.at.node, y.ref.at.node);
    ad_mul(y, x);
    cr_expect_eq(ad_tape_status(other), AD_ERR_FOREIGN);
    cr_expect_eq(ad_tape_status(tape), AD_OK);
    ad_tape_free(other);
}

Test(record, a_zeroed_handle_is_a_number_not_a_variable)
{
    ad_var nothing, dx;
    memset(&nothing, 0, sizeof nothing);
    ad_var x = ad_input(tape, 3);
    cr_expect_eq(ad_value(ad_add(x, nothing)), 3);
    cr_expect_eq(ad_grad(x, 1, &nothing, &dx), AD_ERR_DOMAIN);
    cr_expect_eq(ad_grad(x, 2, (ad_var[]){x, nothing}, (ad_var[]){x, x}), AD_ERR_DOMAIN);
    cr_expect(strstr(ad_tape_message(tape), "ad_grad: x[0] is the plain number 0"));
}

/* ---- numbers among variables ---- */

Test(record, numbers_stand_on_either_side_and_take_the_variables_type)
{
    ad_var x = ad_input(tape, 3), f = ad_cast(x, AD_F32), i = ad_full(tape, AD_F32, AD_SHAPE(2), 3);
    test_expect(ad_sub(10, x), AD_SCALAR, TEST_NUMBERS(7));
    test_expect(ad_sub(x, 10), AD_SCALAR, TEST_NUMBERS(-7));
    test_expect(ad_sub(x, 1.5F), AD_SCALAR, TEST_NUMBERS(1.5));
    test_expect(ad_sub(x, 'a' - 'b'), AD_SCALAR, TEST_NUMBERS(4));
    ad_var z = ad_mul(0.1, f), t = ad_mul(i, 0.1);
    cr_expect(ad_type_of(z) == AD_F32 && ad_type_of(t) == AD_F32);
    test_expect(z, AD_SCALAR, TEST_NUMBERS((double)(3 * 0.1F)));
    test_expect(t, AD_SHAPE(2), TEST_NUMBERS((double)(3 * 0.1F), (double)(3 * 0.1F)));
}

Test(record, numbers_alone_are_computed_at_once)
{
    ad_var z = ad_mul(2, ad_add(1, ad_literal(0.5)));
    cr_expect_null(z.tape);
    cr_expect_eq(ad_value(z), 3);
    cr_expect_eq(ad_value(ad_fma(2, 3, 4)), 10);
    cr_expect_eq(ad_value(ad_sin(0.5)), sin(0.5));
    cr_expect_eq(ad_tape_len(tape), 0);
}

Test(record, an_equal_number_is_recorded_once)
{
    ad_var x = ad_input(tape, 3);
    size_t len = ad_tape_len(tape);
    ad_mul(x, 2.5);
    ad_mul(2.5, x);
    ad_add(x, 2.5);
    cr_expect_eq(ad_tape_len(tape), len + 4);
    test_expect(ad_mul(x, 0.0), AD_SCALAR, TEST_NUMBERS(0.0));
    test_expect(ad_mul(x, -0.0), AD_SCALAR, TEST_NUMBERS(-0.0));
}

/* Wherever the columns grow: an operation may bring two constants with it. */
Test(record, numbers_that_all_differ_are_constants_of_their_own)
{
    ad_var x = ad_input(tape, 0.5);
    size_t len = ad_tape_len(tape);
    for (int i = 0; i < 10000; i++) {
        double low = 1.0 + i, high = 1.25 + i;
        cr_assert_eq(ad_value(ad_add(x, -low)), 0.5 - low);
        cr_assert_eq(ad_value(ad_div(high, x)), high / 0.5);
        cr_assert_eq(ad_value(ad_clamp(x, low + 0.5, high + 0.5)), low + 0.5);
        cr_assert_eq(ad_tape_len(tape), len + 7 * ((size_t)i + 1));
    }
    cr_expect_eq(ad_tape_status(tape), AD_OK);
}

/* Handles from between two rewinds take the general path, with the same bits. */
Test(record, scalars_from_between_two_marks_are_computed_alike)
{
    ad_var x = ad_input(tape, 0.7);
    ad_mark outer = ad_tape_mark(tape);
    ad_input(tape, 1);
    ad_tape_rewind(tape, outer);
    ad_var y = ad_input(tape, 1.3);
    ad_var recent = ad_fma(ad_pow(y, x), ad_sin(y), ad_sub(y, 0.1));
    double want = ad_value(recent);
    ad_mark inner = ad_tape_mark(tape);
    ad_input(tape, 1);
    ad_tape_rewind(tape, inner);
    ad_var z = ad_fma(ad_pow(y, x), ad_sin(y), ad_sub(y, 0.1));
    cr_expect_eq(ad_value(z), want);
    double dy;
    cr_expect_eq(ad_grad_values(z, 1, &y, &dy), AD_OK);
    ad_var g;
    cr_expect_eq(ad_grad(recent, 1, &y, &g), AD_OK);
    cr_expect_eq(dy, ad_value(g));
}

/* The cache of constants must not hand out what a rewind has forgotten or replaced. */
Test(record, numbers_survive_rewinds)
{
    ad_var x = ad_input(tape, 3);
    ad_mark mark = ad_tape_mark(tape);
    for (int i = 0; i < 6; i++) {
        if (i % 2 == 0) {
            ad_input(tape, -1); /* moves the place of the constant */
        }
        for (int k = 0; k < 200; k++) {
            cr_assert_eq(ad_value(ad_mul(x, 1.0 + k)), 3 + 3.0 * k);
            cr_assert_eq(ad_value(ad_mul(1.0 + k, ad_full(tape, AD_F32, AD_SCALAR, 3))),
                         3 + 3.0 * k);
        }
        ad_tape_rewind(tape, mark);
    }
    cr_expect_eq(ad_tape_status(tape), AD_OK);
}

/* ---- types and shapes ---- */

Test(record, types_do_not_mix_silently)
{
    ad_var x = ad_full(tape, AD_F64, AD_SHAPE(2), 1), f = ad_full(tape, AD_F32, AD_SCALAR, 1);
    ad_var i = ad_full(tape, AD_I64, AD_SHAPE(2), 1);
    TEST_ERROR(tape, ad_mul(x, f), AD_ERR_TYPE,
               "ad_mul: f64 [2] with f32 []; convert one with ad_cast");
    TEST_ERROR(tape, ad_mul(ad_input(tape, 1), f), AD_ERR_TYPE,
               "ad_mul: f64 [] with f32 []; convert one with ad_cast");
    TEST_ERROR(tape, ad_exp(i), AD_ERR_TYPE,
               "ad_exp: an argument is i64; elementwise operations take f64 or f32, ad_cast "
               "converts");
    TEST_ERROR(tape, ad_add(x, i), AD_ERR_TYPE,
               "ad_add: f64 [2] with i64 [2]; convert one with ad_cast");
}

Test(record, shapes_broadcast_or_are_named)
{
    ad_var x = ad_full(tape, AD_F64, AD_SHAPE(3), 1), y = ad_full(tape, AD_F64, AD_SHAPE(2), 1);
    TEST_ERROR(
        tape, ad_add(x, y), AD_ERR_SHAPE,
        "ad_add: [3] with [2]: aligned at the last axis, lengths must agree or be 1; reshape "
        "one?");
    ad_var tall = ad_full(tape, AD_F64, AD_SHAPE(1LL << 40, 0, 1), 0);
    ad_var wide = ad_full(tape, AD_F64, AD_SHAPE(1, 0, 1LL << 40), 0);
    TEST_ERROR(tape, ad_add(tall, wide), AD_ERR_SHAPE,
               "ad_add: the result is too large to address");
}

/* ---- leaves ---- */

Test(record, leaves_are_checked)
{
    double data[] = {1};
    ad_shape deep = AD_SHAPE(1);
    deep.rank = AD_MAX_RANK + 1;
    TEST_ERROR(tape, ad_input_array(tape, AD_F64, AD_SHAPE(2, -3), data), AD_ERR_SHAPE,
               "ad_input_array: shape [2, -3]; ranks are 0 to 8, lengths are not negative, and "
               "their product must fit in memory");
    TEST_ERROR(tape, ad_constant(tape, AD_F64, deep, data), AD_ERR_SHAPE,
               "ad_constant: shape [rank 9]; ranks are 0 to 8, lengths are not negative, and their "
               "product must fit in memory");
    TEST_ERROR(tape, ad_full(tape, AD_F64, AD_SHAPE(1LL << 31, 1LL << 31), 1), AD_ERR_SHAPE,
               "ad_full: shape [2147483648, 2147483648]; ranks are 0 to 8, lengths are not "
               "negative, and their product must fit in memory");
    TEST_ERROR(tape, ad_full(tape, AD_F32, deep, 1), AD_ERR_SHAPE,
               "ad_full: shape [rank 9]; ranks are 0 to 8, lengths are not negative, and their "
               "product must fit in memory");
    TEST_ERROR(tape, ad_full(tape, (ad_type)7, AD_SHAPE(2), 1), AD_ERR_TYPE,
               "ad_full: 7 is no element type; use AD_F64, AD_F32 or AD_I64");
    TEST_ERROR(tape, ad_input_view(tape, AD_F64, AD_SHAPE(1LL << 40, 1LL << 40), data),
               AD_ERR_SHAPE,
               "ad_input_view: shape [1099511627776, 1099511627776]; ranks are 0 to 8, lengths are "
               "not negative, and their product must fit in memory");
    TEST_ERROR(tape, ad_input_array(tape, (ad_type)3, AD_SHAPE(1), (const void *)data), AD_ERR_TYPE,
               "ad_input_array: 3 is no element type; use AD_F64, AD_F32 or AD_I64");
    TEST_ERROR(tape, ad_input_array(tape, AD_F64, AD_SHAPE(1), NULL), AD_ERR_DOMAIN,
               "ad_input_array: the data is NULL");
    test_expect(ad_input_array(tape, AD_F64, AD_SHAPE(0), NULL), AD_SHAPE(0), NULL);
}

Test(record, full_has_any_type_and_shape)
{
    for (int type = AD_F64; type <= AD_I64; type++) {
        test_expect(ad_full(tape, (ad_type)type, AD_SHAPE(2, 1), -3), AD_SHAPE(2, 1),
                    TEST_NUMBERS(-3, -3));
        test_expect(ad_full(tape, (ad_type)type, AD_SCALAR, 4), AD_SCALAR, TEST_NUMBERS(4));
    }
}

/* ---- functions behind the macros ---- */

static ad_var apply(ad_var (*f)(ad_var), ad_var x)
{
    return f(x);
}

Test(record, every_operation_is_a_function_too)
{
    ad_var x = ad_input(tape, 4);
    cr_expect_eq(ad_value(apply(ad_sqrt, x)), 2);
    cr_expect_eq(ad_value((ad_add)(x, ad_literal(1))), 5);
    (ad_reshape)(x, AD_SHAPE(2));
    cr_expect_str_eq(ad_tape_message(tape),
                     "ad_reshape: [] to [2]: the numbers of elements differ; one length may be -1");
}

Test(record, arrays_may_stand_in_the_arguments_of_macros)
{
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2), (double[]){1, 2});
    test_expect(ad_concat(2, (ad_var[]){x, ad_neg(x)}, 0), AD_SHAPE(4), TEST_NUMBERS(1, 2, -1, -2));
}

Test(record, numbers_that_are_not_whole_are_refused_beside_integers)
{
    const double numbers[] = {2.7, 1e300, NAN};
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        ad_tape *own = ad_tape_new();
        ad_full(own, AD_I64, AD_SHAPE(2), numbers[i]);
        cr_expect(ad_tape_status(own) == AD_ERR_DOMAIN, "%g", numbers[i]);
        ad_tape_free(own);
    }
    ad_tape *own = ad_tape_new();
    ad_var two = ad_full(own, AD_I64, AD_SCALAR, 2);
    cr_expect(ad_tape_status(own) == AD_OK && ad_value(two) == 2);
    ad_tape_free(own);
}

Test(record, a_part_that_lies_together_is_not_copied)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(4, 3));
    const double *whole = ad_data(x);
    cr_expect_eq(ad_data(ad_slice(x, 0, 1, 3, 1)), whole + 3);
    cr_expect_eq(ad_data(ad_slice(ad_slice(x, 0, 1, 4, 1), 0, 1, 2, 1)), whole + 6);
    cr_expect_neq(ad_data(ad_slice(x, 1, 0, 2, 1)), whole, "these elements lie apart");
    double numbers[] = {1, 2, 3};
    ad_var view = ad_input_view(tape, AD_F64, AD_SHAPE(3), numbers),
           part = ad_slice(view, 0, 1, 3, 1);
    numbers[1] = 7;
    test_expect(part, AD_SHAPE(2), TEST_NUMBERS(2, 3));
}

Test(record, a_list_counts_its_variables_and_records_each_once)
{
    ad_var x = ad_input(tape, 2), w = ad_input(tape, 3), dy[2];
    const size_t before = ad_tape_len(tape);
    ad_var z = ad_stack(AD_LIST(x, ad_mul(x, w), AD_VAR(1)), 0);
    cr_expect_eq(ad_tape_len(tape), before + 3, "the product, the number, the stack");
    test_expect(z, AD_SHAPE(3), TEST_NUMBERS(2, 6, 1));
    cr_expect_eq(ad_grad(ad_mul(x, w), AD_LIST(x, w), dy), AD_OK);
    cr_expect_eq(ad_value(dy[0]), 3);
    cr_expect_eq(ad_value(dy[1]), 2);
}
