/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <math.h>

extern const ad_op ad_concat__op, ad_stack__op;

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(join, .init = start, .fini = stop);

Test(join, samples_have_the_derivatives_of_central_differences)
{
    test_samples(&ad_concat__op);
    test_samples(&ad_stack__op);
}

static ad_var split_products(const ad_var *x)
{
    ad_var part[3];
    ad_split(x[0], 1, 3, ((int64_t[]){1, 2, 1}), part);
    return ad_mul(ad_mul(part[0], part[1]), part[2]);
}

static ad_var repeat_rows(const ad_var *x)
{
    return ad_repeat(x[0], 0, 3);
}

static ad_var tile_columns(const ad_var *x)
{
    return ad_tile(x[0], -1, 2);
}

Test(join, composed_operations_have_the_derivatives_of_central_differences)
{
    test_gradients("ad_split", split_products, 1, (ad_shape[]){AD_SHAPE(2, 4)}, -2, 2);
    test_gradients("ad_repeat", repeat_rows, 1, (ad_shape[]){AD_SHAPE(2, 3)}, -2, 2);
    test_gradients("ad_tile", tile_columns, 1, (ad_shape[]){AD_SHAPE(2, 3)}, -2, 2);
}

Test(join, nothing_joined_is_nan)
{
    cr_expect(isnan(ad_value(ad_concat(2, NULL, 0))) && isnan(ad_value(ad_stack(2, NULL, 0))));
    cr_expect(isnan(ad_value(ad_concat(0, NULL, 0))) && isnan(ad_value(ad_stack(-1, NULL, 0))));
}

Test(join, concat_joins_along_any_axis_in_every_type)
{
    for (int type = AD_F64; type <= AD_I64; type++) {
        ad_var x = test_counting(tape, (ad_type)type, AD_SHAPE(2, 1));
        ad_var y = test_counting(tape, (ad_type)type, AD_SHAPE(2, 2));
        ad_var empty = test_counting(tape, (ad_type)type, AD_SHAPE(2, 0));
        test_expect(ad_concat(3, (ad_var[]){x, empty, y}, 1), AD_SHAPE(2, 3),
                    TEST_NUMBERS(1, 1, 2, 2, 3, 4));
        test_expect(ad_concat(2, (ad_var[]){y, y}, -2), AD_SHAPE(4, 2),
                    TEST_NUMBERS(1, 2, 3, 4, 1, 2, 3, 4));
        test_expect(ad_concat(1, &y, 0), AD_SHAPE(2, 2), TEST_NUMBERS(1, 2, 3, 4));
    }
}

Test(join, stack_joins_along_a_new_axis)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(2)), y = ad_neg(x);
    test_expect(ad_stack(2, (ad_var[]){x, y}, 0), AD_SHAPE(2, 2), TEST_NUMBERS(1, 2, -1, -2));
    test_expect(ad_stack(2, (ad_var[]){x, y}, -1), AD_SHAPE(2, 2), TEST_NUMBERS(1, -1, 2, -2));
    ad_var m = test_counting(tape, AD_I64, AD_SHAPE(2, 2));
    test_expect(ad_stack(2, (ad_var[]){m, m}, 1), AD_SHAPE(2, 2, 2),
                TEST_NUMBERS(1, 2, 1, 2, 3, 4, 3, 4));
}

Test(join, stack_makes_a_vector_of_scalars_and_numbers)
{
    ad_var x = ad_input(tape, 3), dx;
    ad_var z = ad_stack(3, (ad_var[]){ad_square(x), ad_literal(1), x}, 0);
    test_expect(z, AD_SHAPE(3), TEST_NUMBERS(9, 1, 3));
    cr_expect_eq(ad_grad(ad_sum(z, AD_ALL), 1, &x, &dx), AD_OK);
    test_expect(dx, AD_SCALAR, TEST_NUMBERS(7));
}

Test(join, one_variable_may_stand_in_several_places)
{
    ad_var x = ad_input(tape, 3), many[40], dx;
    for (int i = 0; i < 40; i++) {
        many[i] = x;
    }
    cr_expect_eq(ad_grad(ad_sum(ad_square(ad_stack(40, many, 0)), AD_ALL), 1, &x, &dx), AD_OK);
    test_expect(dx, AD_SCALAR, TEST_NUMBERS(240));
}

Test(join, split_is_the_inverse_of_concat)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(2, 4)), part[3];
    cr_expect_eq(ad_split(x, -1, 2, NULL, part), AD_OK);
    test_expect(part[0], AD_SHAPE(2, 2), TEST_NUMBERS(1, 2, 5, 6));
    test_expect(part[1], AD_SHAPE(2, 2), TEST_NUMBERS(3, 4, 7, 8));
    cr_expect_eq(ad_split(x, 1, 3, (int64_t[]){3, 0, 1}, part), AD_OK);
    test_expect(part[0], AD_SHAPE(2, 3), TEST_NUMBERS(1, 2, 3, 5, 6, 7));
    test_expect(part[1], AD_SHAPE(2, 0), NULL);
    test_expect(ad_concat(3, part, 1), AD_SHAPE(2, 4), TEST_NUMBERS(1, 2, 3, 4, 5, 6, 7, 8));
}

/* The sanitizers see an address that leaves the memory, read or not. */
Test(join, no_rows_of_any_length_are_joined_without_a_look_at_them)
{
    const int64_t most = (int64_t)1 << 60;
    ad_var x[] = {ad_full(tape, AD_F64, AD_SHAPE(0, most), 1),
                  ad_full(tape, AD_F64, AD_SHAPE(0, 0), 1)};
    test_expect(ad_concat(2, x, 1), AD_SHAPE(0, most), NULL);
}

Test(join, repeat_doubles_entries_and_tile_doubles_the_whole)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(2, 2));
    test_expect(ad_repeat(x, 0, 2), AD_SHAPE(4, 2), TEST_NUMBERS(1, 2, 1, 2, 3, 4, 3, 4));
    test_expect(ad_repeat(x, 1, 2), AD_SHAPE(2, 4), TEST_NUMBERS(1, 1, 2, 2, 3, 3, 4, 4));
    test_expect(ad_tile(x, 0, 2), AD_SHAPE(4, 2), TEST_NUMBERS(1, 2, 3, 4, 1, 2, 3, 4));
    test_expect(ad_tile(x, 1, 2), AD_SHAPE(2, 4), TEST_NUMBERS(1, 2, 1, 2, 3, 4, 3, 4));
    test_expect(ad_repeat(x, 0, 0), AD_SHAPE(0, 2), NULL);
    ad_var deep = ad_reshape(x, AD_SHAPE(1, 1, 1, 1, 1, 1, 2, 2));
    cr_expect_eq(ad_count(ad_tile(deep, -1, 3)), 12);
}

Test(join, mistakes_are_named)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(2, 3)), part[8];
    ad_var y = test_counting(tape, AD_F64, AD_SHAPE(3, 2));
    ad_var f = test_counting(tape, AD_F32, AD_SHAPE(2, 3));
    TEST_ERROR(tape, ad_concat(2, (ad_var[]){x, y}, 1), AD_ERR_SHAPE,
               "ad_concat: x[1] is [3, 2], x[0] is [2, 3]; only axis 1 may differ");
    TEST_ERROR(tape, ad_concat(2, (ad_var[]){x, f}, 1), AD_ERR_TYPE,
               "ad_concat: x[1] is f32, x[0] is f64; convert one with ad_cast");
    TEST_ERROR(tape, ad_concat(2, (ad_var[]){x, x}, 2), AD_ERR_SHAPE,
               "ad_concat: axis 2 of [2, 3]; axes are -2 to 1");
    TEST_ERROR(tape, ad_stack(2, (ad_var[]){x, y}, 0), AD_ERR_SHAPE,
               "ad_stack: x[1] is f64 [3, 2], x[0] is f64 [2, 3]; they must be the same");
    TEST_ERROR(tape, ad_stack(2, (ad_var[]){x, f}, 0), AD_ERR_TYPE,
               "ad_stack: x[1] is f32 [2, 3], x[0] is f64 [2, 3]; they must be the same");
    TEST_ERROR(tape, ad_split(x, 1, 2, NULL, part), AD_ERR_SHAPE,
               "ad_split: an axis of length 3 in 2 equal parts; give their lengths");
    cr_expect(ad_is_dead(part[0]) && ad_is_dead(part[1]));
    TEST_ERROR(tape, ad_split(x, 1, 2, ((int64_t[]){2, 2}), part), AD_ERR_SHAPE,
               "ad_split: part 1 of length 2, where 1 of 3 are left");
    TEST_ERROR(tape, ad_split(x, 1, 2, ((int64_t[]){1, 1}), part), AD_ERR_SHAPE,
               "ad_split: the parts leave 1 of 3 over");
    TEST_ERROR(tape, ad_split(x, 1, 0, NULL, part), AD_ERR_DOMAIN,
               "ad_split: 0 parts; give at least 1");
    TEST_ERROR(tape, ad_repeat(x, 1, -1), AD_ERR_DOMAIN,
               "ad_repeat: -1 times; give 0 or more, so that the result fits in memory");
    TEST_ERROR(tape, ad_tile(x, 1, 1LL << 59), AD_ERR_DOMAIN,
               "ad_tile: 576460752303423488 times; give 0 or more, so that the result fits in "
               "memory");
}

Test(join, split_without_room_for_the_parts_is_an_error)
{
    ad_var x = ad_full(tape, AD_F64, AD_SHAPE(4), 1);
    cr_expect_eq(ad_split(x, 0, 2, NULL, NULL), AD_ERR_DOMAIN);
    cr_expect_eq(ad_tape_status(tape), AD_ERR_DOMAIN);
}

Test(join, split_of_a_dead_variable_does_not_look_at_the_lengths)
{
    const int64_t lens[] = {INT64_MAX, INT64_MAX};
    ad_var part[2] = {ad_input(tape, 1), ad_input(tape, 2)};
    ad_var dead = ad_reshape(ad_input(tape, 1), AD_SHAPE(2));
    cr_expect_eq(ad_split(dead, 0, 2, lens, part), AD_ERR_SHAPE);
    cr_expect(ad_is_dead(part[0]) && ad_is_dead(part[1]));
    ad_tape_clear_error(tape);
    cr_expect_eq(ad_split(dead, 0, 2, lens, part), AD_ERR_STALE);
    cr_expect(ad_is_dead(part[0]) && ad_is_dead(part[1]));
}

Test(join, split_without_memory_gives_no_part)
{
    int failures = 0;
    for (size_t fail_at = 0; fail_at < 40; fail_at++) {
        ad_failing_allocator state = {.fail_at = fail_at};
        const ad_allocator allocator = ad_allocator_failing(&state);
        ad_tape *own = ad_tape_new_in(&allocator);
        ad_var x = ad_full(own, AD_F64, AD_SHAPE(300, 400), 1), part[4];
        for (int k = 0; k < 8 && own != NULL && ad_tape_status(own) == AD_OK; k++) {
            const int fails = ad_split(x, 1, 4, NULL, part) != AD_OK;
            failures += fails;
            for (int i = 0; i < 4; i++) {
                cr_expect_eq(ad_is_dead(part[i]), fails);
            }
        }
        ad_tape_free(own);
    }
    cr_expect(failures > 0);
}
