/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>

/* Rows of the table of special values about ties, duplicates, broadcasting and empty tensors. */

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(special_movement, .init = start, .fini = stop);

/* f64 elements as an input of either float type. */
static ad_var input(ad_type type, ad_shape shape, const double *data)
{
    return type == AD_F64 ? ad_input_array(tape, AD_F64, shape, data)
                          : ad_cast(ad_input_array(tape, AD_F64, shape, data), type);
}

static ad_var gradient(ad_var y, ad_var x)
{
    ad_var dx;
    cr_assert_eq(ad_grad(ad_sum(y, AD_ALL), 1, &x, &dx), AD_OK, "%s", ad_tape_message(tape));
    return dx;
}

Test(special_movement, max_pool_tie_the_first_gets_the_gradient)
{
    for (int type = AD_F64; type <= AD_F32; type++) {
        ad_var x = input((ad_type)type, AD_SHAPE(4), TEST_NUMBERS(3, 3, 1, 3));
        ad_var z = ad_max_pool(x, AD_SHAPE(4), AD_SHAPE(1), AD_SHAPE(0));
        test_expect(z, AD_SHAPE(1), TEST_NUMBERS(3));
        test_expect(gradient(z, x), AD_SHAPE(4), TEST_NUMBERS(1, 0, 0, 0));
        ad_var m = input((ad_type)type, AD_SHAPE(2, 2), TEST_NUMBERS(0, 2, 2, 2));
        z = ad_max_pool(m, AD_SHAPE(2, 2), AD_SHAPE(2, 2), AD_SHAPE(0, 0));
        test_expect(gradient(z, m), AD_SHAPE(2, 2), TEST_NUMBERS(0, 1, 0, 0));
        z = ad_max_pool(x, AD_SHAPE(2), AD_SHAPE(1), AD_SHAPE(0)); /* windows overlap */
        test_expect(gradient(z, x), AD_SHAPE(4), TEST_NUMBERS(1, 1, 0, 1));
    }
}

Test(special_movement, set_scatter_with_a_duplicate_the_last_wins)
{
    for (int type = AD_F64; type <= AD_F32; type++) {
        ad_var x = input((ad_type)type, AD_SHAPE(3), TEST_NUMBERS(1, 2, 3));
        ad_var y = input((ad_type)type, AD_SHAPE(2), TEST_NUMBERS(10, 20));
        ad_var at = ad_input_array(tape, AD_I64, AD_SHAPE(2), ((int64_t[]){1, 1}));
        ad_var z = ad_scatter(x, at, y, 0);
        test_expect(z, AD_SHAPE(3), TEST_NUMBERS(1, 20, 3));
        test_expect(gradient(z, x), AD_SHAPE(3), TEST_NUMBERS(1, 0, 1));
        test_expect(gradient(z, y), AD_SHAPE(2), TEST_NUMBERS(0, 1));
        /* the second derivative of z^2: 2 where the element arrives, else 0 */
        ad_var first = gradient(ad_square(z), y);
        test_expect(first, AD_SHAPE(2), TEST_NUMBERS(0, 40));
        test_expect(gradient(first, y), AD_SHAPE(2), TEST_NUMBERS(0, 2));
        test_expect(gradient(gradient(ad_square(z), x), x), AD_SHAPE(3), TEST_NUMBERS(2, 0, 2));
    }
}

Test(special_movement, gradients_of_broadcast_arguments_have_the_arguments_shapes)
{
    const ad_shape pairs[][3] = {
        {AD_SCALAR, AD_SHAPE(3), AD_SHAPE(3)},
        {AD_SHAPE(0), AD_SHAPE(1), AD_SHAPE(0)},
        {AD_SHAPE(2, 0), AD_SHAPE(1), AD_SHAPE(2, 0)},
        {AD_SHAPE(4, 1, 3), AD_SHAPE(2, 1), AD_SHAPE(4, 2, 3)},
        {AD_SHAPE(1, 1), AD_SCALAR, AD_SHAPE(1, 1)},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) {
        for (int type = AD_F64; type <= AD_F32; type++) {
            ad_var in[] = {ad_full(tape, (ad_type)type, pairs[i][0], 2),
                           ad_full(tape, (ad_type)type, pairs[i][1], 3)};
            ad_var z = ad_mul(in[0], in[1]), dx[2];
            ad_shape shape = ad_shape_of(z);
            cr_expect(ad_shape_equal(&shape, &pairs[i][2]), "pair %zu", i);
            cr_assert_eq(ad_grad(ad_sum(z, AD_ALL), 2, in, dx), AD_OK);
            for (int k = 0; k < 2; k++) {
                double expected[24];
                size_t n = ad_count(in[k]);
                for (size_t j = 0; j < n; j++) {
                    expected[j] = (3 - k) * (double)(ad_count(z) / n);
                }
                test_expect(dx[k], pairs[i][k], expected);
            }
        }
    }
}

/* Each operation on an axis of length 0, with its gradient. */
static ad_var moved(int which, ad_var x)
{
    ad_var none = ad_input_array(tape, AD_I64, AD_SHAPE(2, 0), NULL), part[2];
    switch (which) {
    case 0:
        return ad_reshape(x, AD_SHAPE(0, 7));
    case 1:
        return ad_transpose(x, AD_ALL);
    case 2:
        return ad_broadcast_to(x, AD_SHAPE(3, 2, 0));
    case 3:
        return ad_slice(x, 1, AD_END, AD_BEGIN, -1);
    case 4:
        return ad_unslice(x, 1, 3, 3, 3, 1);
    case 5:
        return ad_pad(x, 1, 1, 1, 5);
    case 6:
        return ad_concat(2, (ad_var[]){x, x}, 1);
    case 7:
        return ad_stack(2, (ad_var[]){x, x}, 1);
    case 8:
        ad_split(x, 0, 2, NULL, part);
        return ad_add(part[0], part[1]);
    case 9:
        return ad_repeat(ad_tile(x, 1, 2), 0, 2);
    case 10:
        return ad_gather(x, none, 1);
    case 11:
        return ad_scatter(x, none, x, 1);
    case 12:
        return ad_scatter_add(x, none, x, 1);
    case 13:
        return ad_scatter_sum(x, none, 1, 4);
    case 14:
        return ad_segment_sum(x, none, 0, 4);
    case 15:
        return ad_take(x, ad_input_array(tape, AD_I64, AD_SHAPE(0), NULL), 1);
    default:
        return ad_flip(ad_expand_dims(x, 1), AD_ALL);
    }
}

Test(special_movement, gradients_of_empty_tensors_are_empty)
{
    for (int which = 0; which <= 16; which++) {
        for (int type = AD_F64; type <= AD_F32; type++) {
            ad_var x = ad_full(tape, (ad_type)type, AD_SHAPE(2, 0), 1);
            test_expect(gradient(ad_square(moved(which, x)), x), AD_SHAPE(2, 0), NULL);
        }
    }
}
