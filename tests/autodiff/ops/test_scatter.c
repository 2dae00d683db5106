/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <math.h>

extern const ad_op ad_gather__op, ad_scatter_sum__op, ad_scatter_add__op, ad_scatter__op;

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(scatter, .init = start, .fini = stop);

static ad_var indices(ad_shape shape, const int64_t *data)
{
    return ad_input_array(tape, AD_I64, shape, data);
}

#define INDICES(...) ((const int64_t[]){__VA_ARGS__})

Test(scatter, samples_have_the_derivatives_of_central_differences)
{
    test_samples(&ad_gather__op);
    test_samples(&ad_scatter_sum__op);
    test_samples(&ad_scatter_add__op);
    test_samples(&ad_scatter__op);
}

Test(scatter, gather_takes_one_element_for_each_index)
{
    for (int type = AD_F64; type <= AD_I64; type++) {
        ad_var x = test_counting(tape, (ad_type)type, AD_SHAPE(2, 3));
        test_expect(ad_gather(x, indices(AD_SHAPE(2, 1), INDICES(2, -3)), 1), AD_SHAPE(2, 1),
                    TEST_NUMBERS(3, 4));
        test_expect(ad_gather(x, indices(AD_SHAPE(1, 3), INDICES(1, 0, 1)), 0), AD_SHAPE(1, 3),
                    TEST_NUMBERS(4, 2, 6));
        ad_var y = test_counting(tape, (ad_type)type, AD_SHAPE(2, 2, 2));
        test_expect(ad_gather(y, indices(AD_SHAPE(2, 1, 2), INDICES(1, 0, 0, 1)), 1),
                    AD_SHAPE(2, 1, 2), TEST_NUMBERS(3, 2, 5, 8));
    }
}

Test(scatter, sum_and_add_are_the_transpose_of_gather)
{
    for (int type = AD_F64; type <= AD_I64; type++) {
        ad_var x = test_counting(tape, (ad_type)type, AD_SHAPE(2, 3));
        ad_var values = test_counting(tape, (ad_type)type, AD_SHAPE(2, 2));
        ad_var at = indices(AD_SHAPE(2, 2), INDICES(0, 0, 2, -2));
        test_expect(ad_scatter_sum(values, at, -1, 3), AD_SHAPE(2, 3),
                    TEST_NUMBERS(3, 0, 0, 0, 4, 3));
        test_expect(ad_scatter_add(x, at, values, 1), AD_SHAPE(2, 3),
                    TEST_NUMBERS(4, 2, 3, 4, 9, 9));
        test_expect(ad_scatter_add(x, at, 1, 1), AD_SHAPE(2, 3), TEST_NUMBERS(3, 2, 3, 4, 6, 7));
    }
}

Test(scatter, the_last_value_wins)
{
    for (int type = AD_F64; type <= AD_I64; type++) {
        ad_var x = test_counting(tape, (ad_type)type, AD_SHAPE(3, 2));
        ad_var values = ad_reshape(test_counting(tape, (ad_type)type, AD_SHAPE(6)), AD_SHAPE(3, 2));
        ad_var at = indices(AD_SHAPE(3, 2), INDICES(0, 1, -3, 1, 2, 0));
        test_expect(ad_scatter(x, at, values, 0), AD_SHAPE(3, 2), TEST_NUMBERS(3, 6, 3, 4, 5, 6));
        test_expect(ad_scatter(x, at, -1, 0), AD_SHAPE(3, 2), TEST_NUMBERS(-1, -1, 3, -1, -1, 6));
    }
}

Test(scatter, a_loser_has_no_gradient_even_where_the_winners_is_infinite)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(3)), values, in[2], dx[2];
    values = test_counting(tape, AD_F64, AD_SHAPE(2));
    in[0] = x, in[1] = values;
    ad_var z = ad_scatter(x, indices(AD_SHAPE(2), INDICES(1, 1)), values, 0);
    ad_var g = ad_input_array(tape, AD_F64, AD_SHAPE(3), ((double[]){2, INFINITY, 3}));
    cr_expect_eq(ad_vjp(1, &z, 2, in, &g, dx), AD_OK);
    test_expect(dx[0], AD_SHAPE(3), TEST_NUMBERS(2, 0, 3));
    test_expect(dx[1], AD_SHAPE(2), TEST_NUMBERS(0, INFINITY));
}

Test(scatter, winners_are_those_that_no_later_one_replaces)
{
    ad_var at = indices(AD_SHAPE(2, 3), INDICES(0, 1, 0, 1, -1, 1));
    test_expect(ad_scatter_winners(at, 1, 2, AD_F64), AD_SHAPE(2, 3),
                TEST_NUMBERS(0, 1, 1, 0, 0, 1));
    test_expect(ad_scatter_winners(at, 0, 2, AD_F32), AD_SHAPE(2, 3),
                TEST_NUMBERS(1, 0, 1, 1, 1, 1));
}

Test(scatter, empty_tensors_are_fine)
{
    ad_var x = ad_full(tape, AD_F64, AD_SHAPE(0, 2), 1), none = indices(AD_SHAPE(0, 2), NULL), dx;
    ad_var y = ad_sum(ad_scatter(ad_gather(x, none, 0), none, x, 0), AD_ALL);
    cr_expect_eq(ad_grad(y, 1, &x, &dx), AD_OK);
    test_expect(dx, AD_SHAPE(0, 2), NULL);
    test_expect(ad_scatter_sum(x, none, 0, 2), AD_SHAPE(2, 2), TEST_NUMBERS(0, 0, 0, 0));
}

Test(scatter, mistakes_are_named)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(2, 3));
    ad_var v = test_counting(tape, AD_F64, AD_SHAPE(2, 2));
    ad_var at = indices(AD_SHAPE(2, 2), INDICES(0, 1, 2, 3));
    TEST_ERROR(tape, ad_gather(x, at, 1), AD_ERR_INDEX,
               "ad_gather: indices[1, 1] is 3, outside an axis of length 3; indices are -3 to 2");
    TEST_ERROR(tape, ad_gather(x, at, 0), AD_ERR_SHAPE,
               "ad_gather: x is [2, 3], indices are [2, 2]; only axis 0 may differ");
    TEST_ERROR(tape, ad_gather(x, v, 1), AD_ERR_TYPE,
               "ad_gather: indices are f64; they must be i64");
    TEST_ERROR(tape, ad_gather(ad_input(tape, 1), at, 0), AD_ERR_SHAPE,
               "ad_gather: axis 0 of a scalar, which has none");
    TEST_ERROR(tape, ad_scatter_sum(v, at, 1, 3), AD_ERR_INDEX,
               "ad_scatter_sum: indices[1, 1] is 3, outside an axis of length 3; indices are -3 to "
               "2");
    TEST_ERROR(tape, ad_scatter_sum(x, at, 1, 4), AD_ERR_SHAPE,
               "ad_scatter_sum: values are [2, 3], indices are [2, 2]; they must be the same");
    TEST_ERROR(tape, ad_scatter_sum(v, at, 1, -4), AD_ERR_DOMAIN,
               "ad_scatter_sum: length -4; give that of the axis, 0 or more");
    TEST_ERROR(tape, ad_scatter_add(x, at, x, 1), AD_ERR_SHAPE,
               "ad_scatter_add: values are [2, 3], indices are [2, 2]; they must be the same");
    TEST_ERROR(tape, ad_scatter(x, at, ad_full(tape, AD_F32, AD_SHAPE(2, 2), 1), 1), AD_ERR_TYPE,
               "ad_scatter: x is f64, values are f32; convert one with ad_cast");
    TEST_ERROR(tape, ad_scatter_winners(at, 1, 9, AD_I64), AD_ERR_TYPE,
               "ad_scatter_winners: i64; give AD_F64 or AD_F32");
}
