/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <limits.h>

extern const ad_op ad_take__op, ad_segment_sum__op;

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(index, .init = start, .fini = stop);

static ad_var indices(ad_shape shape, const int64_t *data)
{
    return ad_input_array(tape, AD_I64, shape, data);
}

#define INDICES(...) ((const int64_t[]){__VA_ARGS__})

Test(index, samples_have_the_derivatives_of_central_differences)
{
    test_samples(&ad_take__op);
    test_samples(&ad_segment_sum__op);
}

Test(index, take_puts_the_axes_of_the_indices_in_place_of_the_axis)
{
    for (int type = AD_F64; type <= AD_I64; type++) {
        ad_var x = test_counting(tape, (ad_type)type, AD_SHAPE(3, 2));
        test_expect(ad_take(x, indices(AD_SHAPE(2, 2), INDICES(2, 0, -1, 1)), 0), AD_SHAPE(2, 2, 2),
                    TEST_NUMBERS(5, 6, 1, 2, 5, 6, 3, 4));
        test_expect(ad_take(x, indices(AD_SHAPE(3), INDICES(1, 0, -2)), -1), AD_SHAPE(3, 3),
                    TEST_NUMBERS(2, 1, 1, 4, 3, 3, 6, 5, 5));
        test_expect(ad_take(x, indices(AD_SCALAR, INDICES(-3)), 0), AD_SHAPE(2),
                    TEST_NUMBERS(1, 2));
    }
}

Test(index, take_of_nothing_is_empty_and_of_an_empty_axis_an_error)
{
    ad_var x = ad_full(tape, AD_F64, AD_SHAPE(0, 2), 1), none = indices(AD_SHAPE(0), NULL), dx;
    test_expect(ad_take(x, none, 0), AD_SHAPE(0, 2), NULL);
    test_expect(ad_take(x, indices(AD_SHAPE(1), INDICES(1)), 1), AD_SHAPE(0, 1), NULL);
    cr_expect_eq(ad_grad(ad_sum(ad_take(x, none, 0), AD_ALL), 1, &x, &dx), AD_OK);
    test_expect(dx, AD_SHAPE(0, 2), NULL);
    ad_take(x, indices(AD_SHAPE(1), INDICES(0)), 0);
    cr_expect_eq(ad_tape_status(tape), AD_ERR_INDEX);
}

Test(index, a_row_taken_twice_gets_both_gradients)
{
    ad_var table = test_counting(tape, AD_F32, AD_SHAPE(3, 2)), dx;
    ad_var z = ad_take(table, indices(AD_SHAPE(3), INDICES(2, 0, 2)), 0);
    ad_var scale = ad_constant(tape, AD_F32, AD_SHAPE(3, 1), ((float[]){1, 10, 100}));
    cr_expect_eq(ad_grad(ad_sum(ad_mul(z, scale), AD_ALL), 1, &table, &dx), AD_OK);
    test_expect(dx, AD_SHAPE(3, 2), TEST_NUMBERS(10, 10, 0, 0, 101, 101));
}

Test(index, segment_sum_adds_what_has_the_same_index)
{
    for (int type = AD_F64; type <= AD_I64; type++) {
        ad_var x = test_counting(tape, (ad_type)type, AD_SHAPE(2, 3));
        test_expect(ad_segment_sum(x, indices(AD_SHAPE(3), INDICES(1, 3, -3)), 1, 4),
                    AD_SHAPE(2, 4), TEST_NUMBERS(0, 4, 0, 2, 0, 10, 0, 5));
        test_expect(ad_segment_sum(x, indices(AD_SHAPE(2, 3), INDICES(0, 0, 1, 1, 0, 0)), 0, 2),
                    AD_SHAPE(2), TEST_NUMBERS(14, 7));
        test_expect(ad_segment_sum(x, indices(AD_SCALAR, INDICES(1)), 2, 2), AD_SHAPE(2, 3, 2),
                    TEST_NUMBERS(0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6));
    }
}

Test(index, one_hot_appends_an_axis)
{
    for (int type = AD_F64; type <= AD_I64; type++) {
        ad_var labels = indices(AD_SHAPE(2), INDICES(2, -3));
        test_expect(ad_one_hot(labels, 3, (ad_type)type), AD_SHAPE(2, 3),
                    TEST_NUMBERS(0, 0, 1, 1, 0, 0));
    }
    test_expect(ad_one_hot(indices(AD_SCALAR, INDICES(1)), 2, AD_F64), AD_SHAPE(2),
                TEST_NUMBERS(0, 1));
    test_expect(ad_one_hot(indices(AD_SHAPE(0), NULL), 0, AD_F64), AD_SHAPE(0, 0), NULL);
}

Test(index, mistakes_are_named)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(3, 2));
    ad_var wrong = indices(AD_SHAPE(2, 2), INDICES(0, 1, -4, 9));
    ad_var fine = indices(AD_SHAPE(2), INDICES(0, 1));
    TEST_ERROR(tape, ad_take(x, wrong, 0), AD_ERR_INDEX,
               "ad_take: indices[1, 0] is -4, outside an axis of length 3; indices are -3 to 2");
    TEST_ERROR(tape, ad_take(x, indices(AD_SCALAR, INDICES(2)), 1), AD_ERR_INDEX,
               "ad_take: indices[] is 2, outside an axis of length 2; indices are -2 to 1");
    TEST_ERROR(tape, ad_take(x, x, 0), AD_ERR_TYPE, "ad_take: indices are f64; they must be i64");
    TEST_ERROR(tape, ad_take(x, fine, 2), AD_ERR_SHAPE,
               "ad_take: axis 2 of [3, 2]; axes are -2 to 1");
    TEST_ERROR(tape, ad_take(ad_reshape(x, AD_SHAPE(3, 1, 1, 1, 1, 1, 1, 2)), wrong, 0),
               AD_ERR_SHAPE, "ad_take: the result has more than 8 axes");
    TEST_ERROR(tape, ad_segment_sum(x, fine, 0, 4), AD_ERR_SHAPE,
               "ad_segment_sum: x is [3, 2], indices are [2]; from axis 0 on, counted from the "
               "front, their lengths must agree");
    TEST_ERROR(tape, ad_segment_sum(x, fine, -1, 4), AD_ERR_SHAPE,
               "ad_segment_sum: x is [3, 2], indices are [2]; from axis -1 on, counted from the "
               "front, their lengths must agree");
    TEST_ERROR(tape, ad_segment_sum(x, fine, INT_MAX, 4), AD_ERR_SHAPE,
               "ad_segment_sum: x is [3, 2], indices are [2]; from axis 2147483647 on, counted "
               "from the front, their lengths must agree");
    TEST_ERROR(tape, ad_segment_sum(x, fine, 1, 1), AD_ERR_INDEX,
               "ad_segment_sum: indices[1] is 1, outside an axis of length 1; indices are -1 to 0");
    TEST_ERROR(tape, ad_segment_sum(x, fine, 1, -1), AD_ERR_DOMAIN,
               "ad_segment_sum: length -1; give that of the axis, 0 or more");
    TEST_ERROR(tape, ad_one_hot(fine, 1, AD_F64), AD_ERR_INDEX,
               "ad_one_hot: indices[1] is 1, outside an axis of length 1; indices are -1 to 0");
    TEST_ERROR(tape, ad_one_hot(x, 1, AD_F64), AD_ERR_TYPE,
               "ad_one_hot: indices are f64; they must be i64");
    TEST_ERROR(tape, ad_one_hot(fine, 1, (ad_type)7), AD_ERR_TYPE,
               "ad_one_hot: 7 is no element type; use AD_F64, AD_F32 or AD_I64");
}
