/* SPDX-License-Identifier: MIT */
#include "fn/passes.h"

#include "operations.h"

#include <criterion/criterion.h>

TestSuite(fn_fuse, .init = test_passes_start, .fini = test_passes_stop);

/* How many groups of a kind fuse makes of a program; checks that each runs after what it reads. */
static int groups_of(const ad__program *p, ad__group_form form)
{
    ad__arena arena;
    ad__groups g;
    int count = 0;
    uint32_t position[64];
    ad__arena_init(&arena, ad_allocator_default());
    cr_assert_eq(ad__fuse(p, &arena, &g), AD_OK);
    cr_assert_leq(g.count, 64u);
    for (uint32_t i = 0; i < g.count; i++) {
        position[g.order[i]] = i;
        count += g.group[i].form == form;
    }
    for (ad__id id = 0; id < p->count; id++) {
        const ad__value *v = &p->values[id];
        for (uint32_t i = 0; i < v->count && g.of[id] != AD__NONE; i++) {
            ad__id x = g.root[ad__arguments(p, v)[i]];
            cr_expect(g.of[x] == AD__NONE || position[g.of[x]] <= position[g.of[id]],
                      "value %u runs before value %u, which it reads", (unsigned)id, (unsigned)x);
        }
    }
    ad__arena_clear(&arena);
    return count;
}

Test(fn_fuse, elementwise_operations_of_one_shape_are_one_block)
{
    ad_var x = test_counting(test_tape, AD_F64, AD_SHAPE(4, 3));
    ad_var row = test_counting(test_tape, AD_F64, AD_SHAPE(3)), in[] = {x, row};
    ad_var y = ad_tanh(ad_add(ad_mul(x, row), 1));
    ad__program *p = test_capture(2, in, 1, &y);
    cr_expect_eq(groups_of(p, AD__GROUP_BLOCK), 1);
    test_same_bits(2, in, 1, &y);
}

Test(fn_fuse, scalars_between_tensors_are_one_run)
{
    ad_var x = ad_input(test_tape, 0.5), t = test_counting(test_tape, AD_F64, AD_SHAPE(5));
    ad_var in[] = {x, t}, s = ad_sin(x), u = ad_mul(t, 2);
    ad_var out[] = {ad_exp(ad_cos(s)), u};
    ad__program *p = test_capture(2, in, 2, out);
    cr_expect_eq(groups_of(p, AD__GROUP_SCALARS), 1);
    cr_expect_eq(groups_of(p, AD__GROUP_BLOCK), 1);
    test_same_bits(2, in, 2, out);
}

Test(fn_fuse, a_product_takes_its_bias_and_activation_along)
{
    ad_var x = test_counting(test_tape, AD_F64, AD_SHAPE(20, 3));
    ad_var w = test_counting(test_tape, AD_F64, AD_SHAPE(3, 4));
    ad_var b = test_counting(test_tape, AD_F64, AD_SHAPE(4)), in[] = {x, w, b};
    ad_var y = ad_relu(ad_sub(ad_matmul(x, w), b));
    ad__program *p = test_capture(3, in, 1, &y);
    cr_expect_eq(groups_of(p, AD__GROUP_PRODUCT), 1);
    cr_expect_eq(groups_of(p, AD__GROUP_BLOCK), 0);
    test_same_bits(3, in, 1, &y);
}

Test(fn_fuse, a_block_goes_on_through_an_axis_of_length_one)
{
    ad_var x = test_counting(test_tape, AD_F64, AD_SHAPE(1, 300));
    ad_var a = ad_exp(x), b = ad_relu(a);
    ad_var c = ad_div(ad_sub(ad_squeeze(a, AD_ALL), x), x), y = ad_sub(b, c);
    ad__program *p = test_capture(1, &x, 1, &y);
    cr_expect_eq(groups_of(p, AD__GROUP_BLOCK), 1);
    test_same_bits(1, &x, 1, &y);
}

/* y is of another shape and reads a; v reads both a and y. So a runs first, by itself. */
Test(fn_fuse, a_value_that_another_shape_needs_runs_before_it)
{
    ad_var x = test_counting(test_tape, AD_F64, AD_SHAPE(2, 3)), a = ad_exp(x);
    ad_var y = ad_neg(ad_reshape(a, AD_SHAPE(6))), v = ad_add(a, ad_reshape(y, AD_SHAPE(2, 3)));
    ad__program *p = test_capture(1, &x, 1, &v);
    cr_expect_eq(groups_of(p, AD__GROUP_BLOCK), 3);
    test_same_bits(1, &x, 1, &v);
}

Test(fn_fuse, products_of_no_rows_or_columns_may_be_followed_by_others)
{
    for (int i = 0; i < 3; i++) {
        ad_var x = test_counting(test_tape, AD_F64, AD_SHAPE(i != 0, i != 1));
        ad_var w = test_counting(test_tape, AD_F64, AD_SHAPE(i != 1, i != 2)), in[] = {x, w};
        ad_var y = ad_add(ad_matmul(x, w), 1);
        test_same_bits(2, in, 1, &y);
    }
}
