/* SPDX-License-Identifier: MIT */
#include "fn/passes.h"

#include "operations.h"

#include <criterion/criterion.h>

TestSuite(fn_common, .init = test_passes_start, .fini = test_passes_stop);

/* Operations left of the outputs, whose bits must be those of the recording. */
static int left_of(int in_count, const ad_var *in, int out_count, const ad_var *out)
{
    ad__program *p = test_capture(in_count, in, out_count, out);
    TEST_PASSES(p, ad__cse, ad__dce);
    test_same_bits(in_count, in, out_count, out);
    return test_operations(p);
}

Test(fn_common, what_is_recorded_twice_is_computed_once)
{
    ad_var x = ad_input(test_tape, 2), y = ad_mul(ad_sin(x), 3), again = ad_mul(ad_sin(x), 3);
    ad_var out[] = {y, again, ad_sub(y, again)};
    cr_expect_eq(left_of(1, &x, 3, out), 3);
}

Test(fn_common, the_order_of_arguments_and_attributes_count)
{
    ad_var x = test_counting(test_tape, AD_F64, AD_SHAPE(3, 3)), in[] = {x, ad_input(test_tape, 2)};
    ad_var subs[] = {ad_sub(x, in[1]), ad_sub(in[1], x)};
    ad_var sums[] = {ad_sum(x, AD_AXES(0)), ad_sum(x, AD_AXES(1)), ad_sum(x, AD_AXES(0))};
    cr_expect_eq(left_of(2, in, 2, subs), 2);
    cr_expect_eq(left_of(1, in, 3, sums), 2);
}

Test(fn_common, constants_are_told_by_their_bits)
{
    ad_var x = ad_input(test_tape, 2), c[3];
    for (int i = 0; i < 3; i++) {
        c[i] = ad_constant(test_tape, AD_F64, AD_SCALAR, TEST_NUMBERS(i == 1 ? -0.0 : 0.0));
        c[i] = ad_add(x, c[i]);
    }
    cr_expect_eq(left_of(1, &x, 3, c), 2);
}

Test(fn_common, inputs_of_the_same_content_are_two)
{
    ad_var in[] = {ad_input(test_tape, 2), ad_input(test_tape, 2)};
    ad_var out[] = {ad_sin(in[0]), ad_sin(in[1])};
    cr_expect_eq(left_of(2, in, 2, out), 2);
}

Test(fn_common, types_and_shapes_count)
{
    ad_var x = test_counting(test_tape, AD_F64, AD_SHAPE(4));
    ad_var out[] = {ad_reshape(x, AD_SHAPE(2, 2)), ad_reshape(x, AD_SHAPE(4, 1)),
                    ad_cast(x, AD_F32), ad_cast(x, AD_I64)};
    cr_expect_eq(left_of(1, &x, 4, out), 4);
}
