/* SPDX-License-Identifier: MIT */
#include "fn/passes.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <string.h>

enum { LEN = 512, BYTES = LEN * sizeof(double) };

static ad__arena arena;
static ad__plan plan;

static void start(void)
{
    test_passes_start();
    ad__arena_init(&arena, ad_allocator_default());
}

static void stop(void)
{
    ad__arena_clear(&arena);
    test_passes_stop();
}

TestSuite(fn_plan, .init = start, .fini = stop);

static const ad__plan *plan_of(const ad__program *p)
{
    ad__groups groups;
    cr_assert_eq(ad__fuse(p, &arena, &groups), AD_OK);
    cr_assert_eq(ad__plan_of(p, &groups, &arena, &arena, &plan), AD_OK);
    return &plan;
}

static int steps_of(const ad__plan *steps, const char *spec)
{
    int count = 0;
    for (uint32_t i = 0; i < steps->step_count; i++) {
        count += strcmp(steps->steps[i].kind->name, spec) == 0;
    }
    return count;
}

/* An operation that runs by itself. */
static ad_var mixed(ad_var x)
{
    return ad_softmax(x, AD_ALL);
}

static ad_var vector(void)
{
    return ad_full(test_tape, AD_F64, AD_SHAPE(LEN), 0.25);
}

Test(fn_plan, an_output_is_computed_in_the_callers_memory)
{
    ad_var x = ad_input_array(test_tape, AD_F64, AD_SHAPE(LEN), ad_data(vector()));
    ad_var y = ad_exp(x);
    const ad__plan *steps = plan_of(test_capture(1, &x, 1, &y));
    cr_expect_eq(steps->tensor_bytes, 0u);
    cr_expect_eq(steps->step_count, 1u);
    test_same_bits(1, &x, 1, &y);
}

Test(fn_plan, an_output_named_twice_and_an_input_as_output_are_copies)
{
    ad_var x = ad_input_array(test_tape, AD_F64, AD_SHAPE(LEN), ad_data(vector()));
    ad_var y = ad_exp(x), out[] = {y, x, y, ad_reshape(y, AD_SHAPE(LEN, 1))};
    const ad__plan *steps = plan_of(test_capture(1, &x, 4, out));
    cr_expect_eq(steps->tensor_bytes, 0u);
    cr_expect_eq(steps_of(steps, "copy"), 3);
    test_same_bits(1, &x, 4, out);
}

Test(fn_plan, temporaries_of_a_block_have_no_bytes)
{
    ad_var x = ad_input_array(test_tape, AD_F64, AD_SHAPE(LEN), ad_data(vector()));
    ad_var y = ad_sum(ad_tanh(ad_mul(ad_exp(x), 2)), AD_ALL);
    const ad__plan *steps = plan_of(test_capture(1, &x, 1, &y));
    cr_expect_eq(steps->tensor_bytes, (size_t)BYTES);
}

/* Each result replaces the one before the last. */
Test(fn_plan, bytes_are_used_again_after_their_last_reader)
{
    ad_var x = ad_input_array(test_tape, AD_F64, AD_SHAPE(LEN), ad_data(vector())), y = x;
    for (int i = 0; i < 10; i++) {
        y = mixed(y);
    }
    const ad__plan *steps = plan_of(test_capture(1, &x, 1, &y));
    cr_expect_eq(steps->tensor_bytes, (size_t)2 * BYTES);
    test_same_bits(1, &x, 1, &y);
}

/* One that lives on, in the gap of the first result, would leave no room for the third. */
Test(fn_plan, small_results_leave_large_gaps_to_large_ones)
{
    ad_var x = ad_input_array(test_tape, AD_F64, AD_SHAPE(LEN), ad_data(vector()));
    ad_var y = mixed(mixed(x)), small = ad_sum(ad_reshape(y, AD_SHAPE(LEN / 2, 2)), AD_AXES(0));
    ad_var z = ad_add(ad_softmax(small, AD_ALL), ad_sum(mixed(mixed(mixed(y))), AD_ALL));
    const ad__plan *steps = plan_of(test_capture(1, &x, 1, &z));
    cr_expect_leq(steps->tensor_bytes, (size_t)2 * (BYTES + AD_ALIGNMENT));
    test_same_bits(1, &x, 1, &z);
}

/* ---- products ---- */

static const ad__product *product_of(const ad__plan *steps)
{
    for (uint32_t i = 0; i < steps->step_count; i++) {
        if (strcmp(steps->steps[i].kind->name, "product") == 0) {
            return steps->steps[i].plan;
        }
    }
    cr_assert_fail("no product");
    return NULL;
}

static ad_var matrix(int64_t m, int64_t n)
{
    double numbers[LEN] = {0};
    cr_assert_leq(m * n, LEN);
    ad_rng_fill_normal((ad_rng){.seed = 1}, AD_F64, (size_t)(m * n), numbers);
    return ad_input_array(test_tape, AD_F64, AD_SHAPE(m, n), numbers);
}

Test(fn_plan, a_product_is_computed_where_a_result_of_its_block_will_be)
{
    ad_var in[] = {matrix(30, 7), matrix(7, 16)};
    ad_var y = ad_relu(ad_add(ad_matmul(in[0], in[1]), 0.5));
    const ad__plan *steps = plan_of(test_capture(2, in, 1, &y));
    cr_expect_eq(steps->cells[product_of(steps)->over].home, AD__CELL_OUTPUT);
    cr_expect_eq(steps->buffer_bytes, ad__block_buffer(product_of(steps)->block));
    test_same_bits(2, in, 1, &y);
}

/* The first of the two results is read beside the product. */
Test(fn_plan, a_product_is_not_overwritten_before_its_last_reader)
{
    ad_var in[] = {matrix(30, 7), matrix(7, 16)};
    ad_var product = ad_matmul(in[0], in[1]), out[2];
    out[0] = ad_tanh(product);
    out[1] = ad_mul(product, ad_add(out[0], 1));
    const ad__plan *steps = plan_of(test_capture(2, in, 2, out));
    const ad__cell *over = &steps->cells[product_of(steps)->over];
    cr_expect(over->home == AD__CELL_OUTPUT && over->at == 1);
    test_same_bits(2, in, 2, out);
}

Test(fn_plan, a_block_writes_over_an_operand_that_it_is_the_last_to_read)
{
    ad_var x = ad_input_array(test_tape, AD_F64, AD_SHAPE(LEN), ad_data(vector()));
    ad_var y = mixed(ad_exp(mixed(x)));
    const ad__plan *steps = plan_of(test_capture(1, &x, 1, &y));
    cr_expect_eq(steps->tensor_bytes, (size_t)BYTES);
    test_same_bits(1, &x, 1, &y);
}

/* The sum so far, and the product that is added to it. */
Test(fn_plan, a_sum_of_many_products_keeps_none_of_them)
{
    enum { PRODUCTS = 10, SIDE = 16 };
    ad_var x[PRODUCTS], sum = ad_literal(0);
    for (int i = 0; i < PRODUCTS; i++) {
        x[i] = ad_full(test_tape, AD_F64, AD_SHAPE(SIDE, SIDE), 0.25);
        x[i] = ad_input_array(test_tape, AD_F64, AD_SHAPE(SIDE, SIDE), ad_data(x[i]));
        ad_var product = ad_matmul(x[i], x[0]);
        sum = i > 0 ? ad_add(sum, product) : product;
    }
    sum = mixed(sum);
    const ad__plan *steps = plan_of(test_capture(PRODUCTS, x, 1, &sum));
    cr_expect_leq(steps->tensor_bytes, 2 * SIDE * SIDE * sizeof(double));
    test_same_bits(PRODUCTS, x, 1, &sum);
}

Test(fn_plan, a_view_is_assigned_to_in_place)
{
    double memory[LEN] = {1};
    ad_var w = ad_input_view(test_tape, AD_F64, AD_SHAPE(LEN), memory);
    ad_assign(w, ad_mul(w, 0.5));
    const ad__plan *steps = plan_of(test_capture(0, NULL, 0, NULL));
    cr_expect_eq(steps->tensor_bytes, 0u);
    cr_expect_eq(steps->step_count, 1u);
}

Test(fn_plan, a_view_that_others_read_is_assigned_to_after_them_in_place)
{
    double memory[LEN] = {1};
    ad_var w = ad_input_view(test_tape, AD_F64, AD_SHAPE(LEN), memory);
    ad_var next = ad_mul(w, 0.5), y = ad_add(mixed(w), mixed(mixed(w)));
    ad_assign(w, next);
    const ad__plan *steps = plan_of(test_capture(0, NULL, 1, &y));
    cr_expect_eq(steps_of(steps, "copy"), 0);
}

Test(fn_plan, what_is_an_output_and_assigned_is_copied_once)
{
    double memory[LEN] = {1};
    ad_var w = ad_input_view(test_tape, AD_F64, AD_SHAPE(LEN), memory), next = ad_mul(w, 0.5);
    ad_assign(w, next);
    const ad__plan *steps = plan_of(test_capture(0, NULL, 1, &next));
    cr_expect_eq(steps_of(steps, "copy"), 1);
    cr_expect_eq(steps->tensor_bytes, 0u);
}

/* Each is read before either is written, through one copy that is kept. */
Test(fn_plan, views_that_exchange_their_contents_are_saved_first)
{
    double memory[2][LEN] = {{1}, {2}};
    ad_var v = ad_input_view(test_tape, AD_F64, AD_SHAPE(LEN), memory[0]);
    ad_var w = ad_input_view(test_tape, AD_F64, AD_SHAPE(LEN), memory[1]),
           old = ad_stop_gradient(v);
    ad_assign(v, w);
    ad_assign(w, old);
    ad__program *p = test_capture(0, NULL, 0, NULL);
    TEST_PASSES(p, ad__simplify, ad__dce);
    cr_expect_eq(test_operations(p), 0);
    const ad__plan *steps = plan_of(p);
    cr_expect_geq(steps_of(steps, "copy"), 3);
    cr_expect_leq(steps->tensor_bytes, (size_t)2 * BYTES);
}

Test(fn_plan, scalars_use_few_slots_however_long_the_chain)
{
    ad_var x = ad_input(test_tape, 0.5), y = x;
    for (int i = 0; i < 1000; i++) {
        y = ad_sin(y);
    }
    const ad__plan *steps = plan_of(test_capture(1, &x, 1, &y));
    cr_expect_eq(steps->step_count, 1u);
    cr_expect_leq(steps->slot_count, 3u);
    test_same_bits(1, &x, 1, &y);
}
