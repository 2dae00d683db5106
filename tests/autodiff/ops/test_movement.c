/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <string.h>

extern const ad_op ad_reshape__op, ad_broadcast_to__op, ad_transpose__op;

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(movement, .init = start, .fini = stop);

Test(movement, samples_have_the_derivatives_of_central_differences)
{
    test_samples(&ad_reshape__op);
    test_samples(&ad_broadcast_to__op);
    test_samples(&ad_transpose__op);
}

Test(movement, reshape_keeps_the_order_and_fills_in_one_length)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(2, 3));
    test_expect(ad_reshape(x, AD_SHAPE(3, -1)), AD_SHAPE(3, 2), TEST_NUMBERS(1, 2, 3, 4, 5, 6));
    test_expect(ad_reshape(ad_input(tape, 7), AD_SHAPE(1, 1)), AD_SHAPE(1, 1), TEST_NUMBERS(7));
    test_expect(ad_reshape(test_counting(tape, AD_I64, AD_SHAPE(1)), AD_SCALAR), AD_SCALAR,
                TEST_NUMBERS(1));
}

Test(movement, reshape_of_a_view_is_a_copy)
{
    double memory[2] = {1, 2};
    ad_var x = ad_input_view(tape, AD_F64, AD_SHAPE(2), memory);
    ad_var z = ad_reshape(x, AD_SHAPE(2, 1));
    memory[0] = 9;
    test_expect(z, AD_SHAPE(2, 1), TEST_NUMBERS(1, 2));
}

Test(movement, broadcast_to_repeats_missing_axes_and_axes_of_length_1)
{
    ad_var column = test_counting(tape, AD_F32, AD_SHAPE(2, 1));
    ad_var row = test_counting(tape, AD_I64, AD_SHAPE(3));
    test_expect(ad_broadcast_to(column, AD_SHAPE(2, 3)), AD_SHAPE(2, 3),
                TEST_NUMBERS(1, 1, 1, 2, 2, 2));
    test_expect(ad_broadcast_to(row, AD_SHAPE(2, 3)), AD_SHAPE(2, 3),
                TEST_NUMBERS(1, 2, 3, 1, 2, 3));
    test_expect(ad_broadcast_to(column, AD_SHAPE(2, 2, 1)), AD_SHAPE(2, 2, 1),
                TEST_NUMBERS(1, 2, 1, 2));
    test_expect(ad_broadcast_to(ad_input(tape, 4), AD_SHAPE(2, 0)), AD_SHAPE(2, 0), NULL);
}

Test(movement, transpose_reverses_or_reorders_axes_in_every_type)
{
    for (int type = AD_F64; type <= AD_I64; type++) {
        ad_var x = test_counting(tape, (ad_type)type, AD_SHAPE(2, 3));
        test_expect(ad_transpose(x, AD_ALL), AD_SHAPE(3, 2), TEST_NUMBERS(1, 4, 2, 5, 3, 6));
        test_expect(ad_transpose(x, AD_AXES(0, 1)), AD_SHAPE(2, 3), TEST_NUMBERS(1, 2, 3, 4, 5, 6));
    }
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(2, 1, 3));
    test_expect(ad_transpose(x, AD_AXES(-1, 1, 0)), AD_SHAPE(3, 1, 2),
                TEST_NUMBERS(1, 4, 2, 5, 3, 6));
    test_expect(ad_transpose(ad_input(tape, 3), AD_ALL), AD_SCALAR, TEST_NUMBERS(3));
    ad_var empty = ad_full(tape, AD_F64, AD_SHAPE(0, 3), 1);
    test_expect(ad_transpose(empty, AD_ALL), AD_SHAPE(3, 0), NULL);
}

/* Every permutation of four axes, some longer than a tile of the loop, against the definition. */
Test(movement, transpose_is_right_for_every_order_of_four_axes)
{
    enum { RANK = 4, COUNT = 2 * 19 * 3 * 18 };
    const int64_t len[RANK] = {2, 19, 3, 18};
    const int64_t stride[RANK] = {19 * 3 * 18, 3 * 18, 18, 1};
    static double data[COUNT];
    for (int i = 0; i < COUNT; i++) {
        data[i] = i;
    }
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2, 19, 3, 18), data);
    for (int code = 0; code < 256; code++) {
        int o[RANK] = {code & 3, code >> 2 & 3, code >> 4 & 3, code >> 6 & 3};
        if ((1 << o[0] | 1 << o[1] | 1 << o[2] | 1 << o[3]) != 15) {
            continue;
        }
        const double *z = ad_data(ad_transpose(x, ad_axes_of(RANK, o, 0)));
        cr_assert_not_null(z);
        int wrong = 0;
        for (int64_t at = 0; at < COUNT; at++) {
            int64_t rest = at, from = 0;
            for (int axis = RANK - 1; axis >= 0; axis--) {
                from += rest % len[o[axis]] * stride[o[axis]];
                rest /= len[o[axis]];
            }
            wrong += z[at] != data[from];
        }
        cr_expect_eq(wrong, 0, "order %d %d %d %d: %d wrong", o[0], o[1], o[2], o[3], wrong);
    }
}

Test(movement, matrix_transpose_exchanges_the_last_two_axes)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(2, 1, 2));
    test_expect(ad_matrix_transpose(x), AD_SHAPE(2, 2, 1), TEST_NUMBERS(1, 2, 3, 4));
    ad_var m = test_counting(tape, AD_F64, AD_SHAPE(2, 2));
    test_expect(ad_matrix_transpose(m), AD_SHAPE(2, 2), TEST_NUMBERS(1, 3, 2, 4));
}

Test(movement, axes_of_length_1_come_and_go)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(2));
    test_expect(ad_expand_dims(x, 0), AD_SHAPE(1, 2), TEST_NUMBERS(1, 2));
    test_expect(ad_expand_dims(x, -1), AD_SHAPE(2, 1), TEST_NUMBERS(1, 2));
    test_expect(ad_expand_dims(ad_input(tape, 5), 0), AD_SHAPE(1), TEST_NUMBERS(5));
    ad_var y = ad_reshape(x, AD_SHAPE(1, 2, 1));
    test_expect(ad_squeeze(y, AD_ALL), AD_SHAPE(2), TEST_NUMBERS(1, 2));
    test_expect(ad_squeeze(y, AD_AXES(-1)), AD_SHAPE(1, 2), TEST_NUMBERS(1, 2));
    test_expect(ad_squeeze(y, AD_AXES(0, 2)), AD_SHAPE(2), TEST_NUMBERS(1, 2));
}

Test(movement, mistakes_are_named)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(2, 3)), s = ad_input(tape, 1);
    TEST_ERROR(tape, ad_reshape(x, AD_SHAPE(4)), AD_ERR_SHAPE,
               "ad_reshape: [2, 3] to [4]: the numbers of elements differ; one length may be -1");
    TEST_ERROR(tape, ad_reshape(x, AD_SHAPE(-1, 4)), AD_ERR_SHAPE,
               "ad_reshape: [2, 3] to [-1, 4]: the numbers of elements differ; one length may be "
               "-1");
    TEST_ERROR(
        tape, ad_broadcast_to(x, AD_SHAPE(2, 4)), AD_ERR_SHAPE,
        "ad_broadcast_to: [2, 3] does not broadcast to [2, 4]: aligned at the last axis, its "
        "lengths must be the same or 1");
    TEST_ERROR(tape, ad_transpose(x, AD_AXES(0)), AD_ERR_SHAPE,
               "ad_transpose: 1 axes for [2, 3]; name each of its 2 axes once");
    TEST_ERROR(tape, ad_transpose(x, AD_AXES(0, -2)), AD_ERR_SHAPE,
               "ad_transpose: axis 0 of [2, 3] is named twice");
    TEST_ERROR(tape, ad_transpose(x, AD_AXES(0, 2)), AD_ERR_SHAPE,
               "ad_transpose: axis 2 of [2, 3]; axes are -2 to 1");
    TEST_ERROR(tape, ad_matrix_transpose(s), AD_ERR_SHAPE,
               "ad_matrix_transpose: [] has fewer than two axes; ad_reshape it first");
    TEST_ERROR(tape, ad_expand_dims(x, 3), AD_ERR_SHAPE,
               "ad_expand_dims: axis 3 of [2, 3, 1]; axes are -3 to 2");
    TEST_ERROR(tape, ad_squeeze(x, AD_AXES(1)), AD_ERR_SHAPE,
               "ad_squeeze: axis 1 of [2, 3] has not length 1");
    TEST_ERROR(tape, ad_squeeze(s, AD_AXES(0)), AD_ERR_SHAPE,
               "ad_squeeze: axis 0 of a scalar, which has none");
}

Test(movement, empty_tensors_have_empty_gradients)
{
    ad_var x = ad_full(tape, AD_F64, AD_SHAPE(2, 0), 1), dx;
    ad_var z =
        ad_broadcast_to(ad_transpose(ad_reshape(x, AD_SHAPE(0, 3)), AD_ALL), AD_SHAPE(4, 3, 0));
    cr_expect_eq(ad_grad(ad_sum(z, AD_ALL), 1, &x, &dx), AD_OK);
    test_expect(dx, AD_SHAPE(2, 0), NULL);
}

/* ---- operations that are made of others ---- */

Test(movement, errors_name_the_operation_that_was_called)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(3)),
           f = test_counting(tape, AD_F32, AD_SHAPE(3));
    ad_var i = test_counting(tape, AD_I64, AD_SHAPE(3));
    TEST_ERROR(tape, ad_dot(x, f), AD_ERR_TYPE,
               "ad_dot: f64 [3] with f32 [3]; convert one with ad_cast");
    TEST_ERROR(tape, ad_outer(i, i), AD_ERR_TYPE,
               "ad_outer: i64 [3, 1] x i64 [1, 3]: products are of f64 or f32; ad_cast converts");
    TEST_ERROR(tape, ad_normalize(i, AD_ALL), AD_ERR_TYPE,
               "ad_normalize: i64 [3]; takes f64 or f32, ad_cast converts");
    TEST_ERROR(tape, ad_full(tape, AD_I64, AD_SHAPE(2), 1.5), AD_ERR_DOMAIN,
               "ad_full: 1.5 is no whole number of 64 bits, which an i64 tensor needs");
    TEST_ERROR(tape, ad_scatter(i, 0.5, i, 0), AD_ERR_DOMAIN,
               "ad_scatter: 0.5 is no whole number of 64 bits, which an i64 tensor needs");
    TEST_ERROR(tape, ad_scatter(i, i, 0.5, 0), AD_ERR_DOMAIN,
               "ad_scatter: 0.5 is no whole number of 64 bits, which an i64 tensor needs");
    TEST_ERROR(tape, ad_mul(i, 0.5), AD_ERR_DOMAIN,
               "ad_mul: 0.5 is no whole number of 64 bits, which an i64 tensor needs");
}

static ad_var flipped(ad_var x)
{
    return ad_flip(x, AD_ALL);
}

static ad_var deviation(ad_var x)
{
    return ad_std(x, AD_AXES(0), 1);
}

static ad_var inverse(ad_var x)
{
    return ad_inv(x);
}

Test(movement, without_memory_too)
{
    static const struct {
        const char *name;
        ad_var (*make)(ad_var x);
        int64_t n; /* as long as it takes to ask for memory */
    } made[] = {
        {"ad_flip: ", flipped, 300}, {"ad_std: ", deviation, 40}, {"ad_inv: ", inverse, 40}};
    for (size_t i = 0; i < sizeof made / sizeof made[0]; i++) {
        int failures = 0;
        for (size_t fail_at = 0; fail_at < 60; fail_at++) {
            ad_failing_allocator state = {.fail_at = fail_at};
            const ad_allocator allocator = ad_allocator_failing(&state);
            ad_tape *own = ad_tape_new_in(&allocator);
            ad_var x = ad_full(own, AD_F64, AD_SHAPE(made[i].n, made[i].n), 1);
            if (own != NULL && ad_tape_status(own) == AD_OK) {
                (void)made[i].make(x);
                const char *text = ad_tape_message(own);
                failures += text[0] != '\0';
                cr_expect(text[0] == '\0' || strncmp(text, made[i].name, strlen(made[i].name)) == 0,
                          "%s", text);
            }
            ad_tape_free(own);
        }
        cr_expect(failures > 0, "%s no failure", made[i].name);
    }
}
