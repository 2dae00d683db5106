/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>

extern const ad_op ad_slice__op, ad_unslice__op, ad_pad__op;

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(slice, .init = start, .fini = stop);

Test(slice, samples_have_the_derivatives_of_central_differences)
{
    test_samples(&ad_slice__op);
    test_samples(&ad_unslice__op);
    test_samples(&ad_pad__op);
}

/* The places that Python's slice.indices gives, one by one. */
static size_t python_slice(int64_t len, int64_t start, int64_t stop, int64_t step, double *out)
{
    int64_t lo = step > 0 ? 0 : -1, hi = step > 0 ? len : len - 1;
    start += start < 0 ? len : 0;
    stop += stop < 0 ? len : 0;
    start = start < lo ? lo : start > hi ? hi : start;
    stop = stop < lo ? lo : stop > hi ? hi : stop;
    size_t count = 0;
    for (int64_t i = start; step > 0 ? i < stop : i > stop; i += step) {
        out[count++] = (double)(i + 1);
    }
    return count;
}

Test(slice, bounds_and_steps_follow_numpy)
{
    for (int64_t len = 0; len <= 4; len++) {
        ad_var x = test_counting(tape, AD_F64, AD_SHAPE(len));
        for (int code = 0; code < 13 * 13 * 7; code++) {
            int64_t a = code % 13 - 6, b = code / 13 % 13 - 6, step = code / 169 - 3;
            double expected[8], zeros[8] = {0};
            if (step == 0) {
                continue;
            }
            size_t n = python_slice(len, a, b, step, expected);
            ad_var z = ad_slice(x, 0, a, b, step);
            test_expect(z, AD_SHAPE((int64_t)n), expected);
            for (size_t i = 0; i < n; i++) {
                zeros[(size_t)expected[i] - 1] = expected[i];
            }
            test_expect(ad_unslice(z, 0, len, a, b, step), AD_SHAPE(len), zeros);
        }
    }
}

Test(slice, named_ends_stand_for_the_whole_axis)
{
    ad_var x = test_counting(tape, AD_I64, AD_SHAPE(5));
    test_expect(ad_slice(x, 0, AD_BEGIN, AD_END, 1), AD_SHAPE(5), TEST_NUMBERS(1, 2, 3, 4, 5));
    test_expect(ad_slice(x, 0, AD_END, AD_BEGIN, -1), AD_SHAPE(5), TEST_NUMBERS(5, 4, 3, 2, 1));
    test_expect(ad_slice(x, 0, AD_BEGIN, AD_END, INT64_MAX), AD_SHAPE(1), TEST_NUMBERS(1));
    test_expect(ad_slice(x, 0, AD_END, AD_BEGIN, INT64_MIN), AD_SHAPE(1), TEST_NUMBERS(5));
}

Test(slice, takes_from_the_middle_of_other_axes_in_every_type)
{
    for (int type = AD_F64; type <= AD_I64; type++) {
        ad_var x = test_counting(tape, (ad_type)type, AD_SHAPE(2, 3, 2));
        test_expect(ad_slice(x, 1, AD_END, AD_BEGIN, -2), AD_SHAPE(2, 2, 2),
                    TEST_NUMBERS(5, 6, 1, 2, 11, 12, 7, 8));
        test_expect(ad_slice(x, -1, 1, 2, 1), AD_SHAPE(2, 3, 1), TEST_NUMBERS(2, 4, 6, 8, 10, 12));
        test_expect(ad_unslice(ad_slice(x, 1, 0, 1, 1), 1, 2, 1, 2, 1), AD_SHAPE(2, 2, 2),
                    TEST_NUMBERS(0, 0, 1, 2, 0, 0, 7, 8));
    }
}

Test(slice, gradient_is_zero_outside_the_slice)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(4)), dx;
    ad_var y = ad_sum(ad_square(ad_slice(x, 0, 1, 4, 2)), AD_ALL);
    cr_expect_eq(ad_grad(y, 1, &x, &dx), AD_OK);
    test_expect(dx, AD_SHAPE(4), TEST_NUMBERS(0, 4, 0, 8));
}

Test(slice, pad_puts_a_value_at_both_ends)
{
    for (int type = AD_F64; type <= AD_I64; type++) {
        ad_var x = test_counting(tape, (ad_type)type, AD_SHAPE(2, 1));
        test_expect(ad_pad(x, 1, 1, 2, -3), AD_SHAPE(2, 4),
                    TEST_NUMBERS(-3, 1, -3, -3, -3, 2, -3, -3));
        test_expect(ad_pad(x, -2, 0, 1, 7), AD_SHAPE(3, 1), TEST_NUMBERS(1, 2, 7));
        test_expect(ad_pad(ad_slice(x, 0, 0, 0, 1), 0, 1, 1, 0), AD_SHAPE(2, 1),
                    TEST_NUMBERS(0, 0));
    }
}

Test(slice, select_takes_one_entry_and_the_axis)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(2, 3));
    test_expect(ad_select(x, 0, 1), AD_SHAPE(3), TEST_NUMBERS(4, 5, 6));
    test_expect(ad_select(x, 1, -1), AD_SHAPE(2), TEST_NUMBERS(3, 6));
    test_expect(ad_select(ad_select(x, 1, 0), 0, 0), AD_SCALAR, TEST_NUMBERS(1));
}

Test(slice, flip_reverses_the_named_axes)
{
    ad_var x = test_counting(tape, AD_F32, AD_SHAPE(2, 3));
    test_expect(ad_flip(x, AD_AXES(1)), AD_SHAPE(2, 3), TEST_NUMBERS(3, 2, 1, 6, 5, 4));
    test_expect(ad_flip(x, AD_ALL), AD_SHAPE(2, 3), TEST_NUMBERS(6, 5, 4, 3, 2, 1));
    test_expect(ad_flip(x, AD_AXES(0, -2)), AD_SHAPE(2, 3), TEST_NUMBERS(4, 5, 6, 1, 2, 3));
    test_expect(ad_flip(ad_input(tape, 2), AD_ALL), AD_SCALAR, TEST_NUMBERS(2));
}

Test(slice, one_place_may_have_any_step)
{
    const ad_var x = test_counting(tape, AD_F64, AD_SHAPE(2, 3));
    ad_var last = ad_slice(x, 0, AD_END, AD_BEGIN, INT64_MIN);
    ad_var first = ad_slice(x, 0, AD_BEGIN, AD_END, INT64_MAX);
    test_expect(last, AD_SHAPE(1, 3), TEST_NUMBERS(4, 5, 6));
    test_expect(first, AD_SHAPE(1, 3), TEST_NUMBERS(1, 2, 3));
    test_expect(ad_unslice(last, 0, 2, AD_END, AD_BEGIN, INT64_MIN), AD_SHAPE(2, 3),
                TEST_NUMBERS(0, 0, 0, 4, 5, 6));
    test_expect(ad_unslice(first, 0, 2, AD_BEGIN, AD_END, INT64_MAX), AD_SHAPE(2, 3),
                TEST_NUMBERS(1, 2, 3, 0, 0, 0));
}

Test(slice, mistakes_are_named)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(2, 3));
    TEST_ERROR(tape, ad_slice(x, 2, 0, 1, 1), AD_ERR_SHAPE,
               "ad_slice: axis 2 of [2, 3]; axes are -2 to 1");
    TEST_ERROR(tape, ad_slice(ad_input(tape, 1), 0, 0, 1, 1), AD_ERR_SHAPE,
               "ad_slice: axis 0 of a scalar, which has none");
    TEST_ERROR(tape, ad_slice(x, 0, 0, 1, 0), AD_ERR_DOMAIN,
               "ad_slice: the step is 0; give 1, -1, 2, ...");
    TEST_ERROR(tape, ad_unslice(x, 1, 9, 0, 9, 2), AD_ERR_SHAPE,
               "ad_unslice: [2, 3] along axis 1; this slice of an axis of length 9 has 5 places");
    TEST_ERROR(tape, ad_unslice(x, 1, -1, 0, 9, 2), AD_ERR_DOMAIN,
               "ad_unslice: length -1 of the whole axis");
    TEST_ERROR(tape, ad_pad(x, 1, -1, 2, 0), AD_ERR_DOMAIN,
               "ad_pad: -1 before and 2 after; counts are not negative, ad_slice cuts");
    TEST_ERROR(tape, ad_pad(x, 1, 1LL << 60, 1LL << 60, 0), AD_ERR_SHAPE,
               "ad_pad: the result is too large to address");
    TEST_ERROR(tape, ad_pad(test_counting(tape, AD_I64, AD_SHAPE(1)), 0, 1, 0, 1e300),
               AD_ERR_DOMAIN, "ad_pad: 1e+300 is no i64 to pad with");
    TEST_ERROR(tape, ad_select(x, 1, 3), AD_ERR_INDEX,
               "ad_select: index 3 is outside axis 1 of [2, 3]; indices are -3 to 2");
    TEST_ERROR(tape, ad_flip(x, AD_AXES(-3)), AD_ERR_SHAPE,
               "ad_flip: axis -3 of [2, 3]; axes are -2 to 1");
}
