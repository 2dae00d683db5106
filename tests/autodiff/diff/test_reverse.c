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

TestSuite(reverse, .init = start, .fini = stop);

/* ---- what a gradient is ---- */

Test(reverse, gradients_are_variables)
{
    ad_var x = ad_input(tape, 1.5), w = ad_input(tape, -0.5), in[] = {x, w}, dy[2], d2y;
    ad_var y = ad_add(ad_mul(x, w), ad_sin(ad_mul(2.0, x)));
    cr_expect_eq(ad_grad(y, 2, in, dy), AD_OK);
    cr_expect_eq(ad_value(dy[0]), -0.5 + cos(3.0) * 2);
    cr_expect_eq(ad_value(dy[1]), 1.5);
    cr_expect_eq(ad_grad(dy[0], 1, &x, &d2y), AD_OK);
    cr_expect_eq(ad_value(d2y), -sin(3.0) * 2 * 2);
    cr_expect_float_eq(ad_value(ad_mul(dy[0], 2)), -1 + 4 * cos(3.0), 1e-15);
}

Test(reverse, gradients_of_gradients_go_on)
{
    ad_var x = ad_input(tape, 1.25), d[7] = {ad_mul(ad_square(x), ad_mul(ad_square(x), x))};
    const double power[] = {5 * 1.25 * 1.25 * 1.25 * 1.25,
                            20 * 1.25 * 1.25 * 1.25,
                            60 * 1.25 * 1.25,
                            120 * 1.25,
                            120,
                            0};
    for (int order = 0; order < 6; order++) {
        cr_expect_eq(ad_grad(d[order], 1, &x, &d[order + 1]), AD_OK);
        cr_expect_float_eq(ad_value(d[order + 1]), power[order], 1e-12, "order %d", order + 1);
    }
}

Test(reverse, tensors_too_have_third_derivatives)
{
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2, 1), ((double[]){0.5, -1}));
    ad_var y = ad_input_array(tape, AD_F64, AD_SHAPE(3), ((double[]){1, 2, 3})), d = y;
    d = ad_sum(ad_mul(ad_exp(ad_mul(x, 2)), y), AD_ALL); /* sum_ij e^2x_i y_j */
    for (int order = 1; order <= 3; order++) {
        ad_var dx;
        cr_assert_eq(ad_grad(d, 1, &x, &dx), AD_OK);
        double expected[] = {6 * pow(2, order) * exp(1), 6 * pow(2, order) * exp(-2)}, got[2];
        ad_read(dx, 2, got);
        cr_expect(fabs(got[0] / expected[0] - 1) < 1e-14 && fabs(got[1] / expected[1] - 1) < 1e-14);
        d = ad_sum(dx, AD_ALL);
    }
}

/* d/dy of d/dx, and the other way round. */
Test(reverse, mixed_derivatives_agree)
{
    ad_var x = ad_input(tape, 0.7), y = ad_input(tape, 1.3), in[] = {x, y}, d[2], xy, yx;
    cr_expect_eq(ad_grad(ad_pow(ad_add(ad_exp(x), ad_mul(x, y)), y), 2, in, d), AD_OK);
    cr_expect_eq(ad_grad(d[0], 1, &y, &xy), AD_OK);
    cr_expect_eq(ad_grad(d[1], 1, &x, &yx), AD_OK);
    cr_expect_float_eq(ad_value(xy), ad_value(yx), 1e-12);
}

Test(reverse, y_may_be_among_the_variables_and_inside_a_function)
{
    ad_var x = ad_input(tape, 3), u = ad_square(x), y = ad_mul(u, 2), in[] = {y, u, x}, d[3];
    cr_expect_eq(ad_grad(y, 3, in, d), AD_OK);
    cr_expect_eq(ad_value(d[0]), 1);
    cr_expect_eq(ad_value(d[1]), 2);
    cr_expect_eq(ad_value(d[2]), 12);
    double values[3];
    cr_expect_eq(ad_grad_values(y, 3, in, values), AD_OK);
    cr_expect(values[0] == 1 && values[1] == 2 && values[2] == 12);
    cr_expect_eq(ad_grad(x, 1, &x, d), AD_OK);
    cr_expect_eq(ad_value(d[0]), 1);
}

Test(reverse, a_variable_may_be_asked_for_twice)
{
    ad_var x = ad_input(tape, 3), in[] = {x, x}, d[2];
    cr_expect_eq(ad_grad(ad_square(x), 2, in, d), AD_OK);
    cr_expect(ad_value(d[0]) == 6 && ad_value(d[1]) == 6);
}

Test(reverse, what_y_does_not_depend_on_gets_zeros_of_its_shape)
{
    ad_var x = ad_input(tape, 3), other = ad_full(tape, AD_F32, AD_SHAPE(2, 3), 1);
    ad_var y = ad_square(x), later = ad_input(tape, 1), in[] = {other, later, x}, d[3];
    double values[8];
    cr_expect_eq(ad_grad(y, 3, in, d), AD_OK);
    test_expect(d[0], AD_SHAPE(2, 3), TEST_NUMBERS(0, 0, 0, 0, 0, 0));
    cr_expect_eq(ad_type_of(d[0]), AD_F32);
    test_expect(d[1], AD_SCALAR, TEST_NUMBERS(0));
    test_expect(d[2], AD_SCALAR, TEST_NUMBERS(6));
    cr_expect_eq(ad_grad_values(y, 3, in, values), AD_OK);
    cr_expect(values[0] == 0 && values[6] == 0 && values[7] == 6);
}

/* ---- several results ---- */

Test(reverse, vjp_weighs_several_results)
{
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2), ((double[]){1, 2})), s = ad_input(tape, 3);
    ad_var y[] = {ad_square(x), ad_mul(x, s), ad_sum(x, AD_ALL), s}, in[] = {x, s}, d[2];
    ad_var g[] = {ad_input_array(tape, AD_F64, AD_SHAPE(2), ((double[]){10, 100})), ad_literal(1),
                  ad_input(tape, 5), ad_literal(0)};
    cr_expect_eq(ad_vjp(4, y, 2, in, g, d), AD_OK);
    test_expect(d[0], AD_SHAPE(2), TEST_NUMBERS(20 + 3 + 5, 400 + 3 + 5));
    test_expect(d[1], AD_SCALAR, TEST_NUMBERS(3));
    cr_expect_eq(ad_vjp(0, NULL, 2, in, NULL, d), AD_OK);
    test_expect(d[0], AD_SHAPE(2), TEST_NUMBERS(0, 0));
}

Test(reverse, vjp_is_linear_in_its_cotangent_and_differentiable_in_it)
{
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2), ((double[]){1, 2})), dx, dg;
    ad_var y = ad_square(x), g = ad_input_array(tape, AD_F64, AD_SHAPE(2), ((double[]){3, 4}));
    cr_expect_eq(ad_vjp(1, &y, 1, &x, &g, &dx), AD_OK);
    cr_expect_eq(ad_grad(ad_sum(dx, AD_ALL), 1, &g, &dg), AD_OK);
    test_expect(dg, AD_SHAPE(2), TEST_NUMBERS(2, 4));
}

Test(reverse, the_same_result_twice_counts_twice)
{
    ad_var x = ad_input(tape, 3), y = ad_square(x), dx;
    cr_expect_eq(ad_vjp(2, (ad_var[]){y, y}, 1, &x, (ad_var[]){ad_literal(1), ad_literal(2)}, &dx),
                 AD_OK);
    test_expect(dx, AD_SCALAR, TEST_NUMBERS(18));
}

/* ---- cost ---- */

static size_t chain_cost(int n)
{
    ad_mark mark = ad_tape_mark(tape);
    ad_var x = ad_input(tape, 0.5), z = x, dx;
    for (int i = 0; i < n; i++) {
        z = ad_sin(ad_mul(z, x));
    }
    size_t forward = ad_tape_len(tape);
    cr_assert_eq(ad_grad(z, 1, &x, &dx), AD_OK);
    size_t cost = ad_tape_len(tape) - forward;
    cr_expect_leq(cost, 5 * forward);
    ad_tape_rewind(tape, mark);
    return cost;
}

Test(reverse, the_cost_of_a_gradient_is_linear_in_the_length)
{
    size_t one = chain_cost(1000), two = chain_cost(2000), three = chain_cost(3000);
    cr_expect_eq(two - one, three - two);
}

/* z <- z z doubles the number of paths each time: 2^200 of them through 200 nodes. */
Test(reverse, shared_subexpressions_are_visited_once)
{
    ad_var x = ad_input(tape, 1), z = x, dx;
    for (int i = 0; i < 200; i++) {
        z = ad_mul(z, z);
    }
    size_t forward = ad_tape_len(tape);
    cr_expect_eq(ad_grad(z, 1, &x, &dx), AD_OK);
    cr_expect_eq(ad_value(dx), ldexp(1, 200));
    cr_expect_leq(ad_tape_len(tape) - forward, 5 * forward);
}

Test(reverse, a_gradient_reaches_only_what_lies_between)
{
    ad_var x = ad_input(tape, 1), far = x, dx;
    for (int i = 0; i < 1000; i++) {
        far = ad_sin(far);
    }
    ad_var w = ad_input(tape, 2), y = ad_mul(ad_square(w), far);
    size_t before = ad_tape_len(tape);
    cr_expect_eq(ad_grad(y, 1, &w, &dx), AD_OK);
    cr_expect_leq(ad_tape_len(tape) - before, 8, "the chain is no function of w");
    before = ad_tape_len(tape);
    cr_expect_eq(ad_grad(y, 1, &w, &dx), AD_OK);
    cr_expect_leq(ad_tape_len(tape) - before, 8, "nor is an earlier gradient one of y");
}

Test(reverse, many_inputs_cost_no_more_than_one)
{
    ad_var x[500], y = ad_literal(0), d[500];
    for (int i = 0; i < 500; i++) {
        x[i] = ad_input(tape, i);
        y = ad_add(y, ad_square(x[i]));
    }
    size_t forward = ad_tape_len(tape);
    cr_expect_eq(ad_grad(y, 500, x, d), AD_OK);
    cr_expect_leq(ad_tape_len(tape) - forward, 5 * forward);
    cr_expect_eq(ad_value(d[321]), 642);
}

/* ---- the three ways to a gradient agree ---- */

enum { INPUTS = 4, LENGTH = 60 };

/* A random program on variables that may be scalars or tensors; values stay moderate. */
static ad_var random_program(uint64_t seed, const ad_var *x)
{
    ad_rng rng = {.seed = seed};
    ad_var v[INPUTS + LENGTH];
    memcpy(v, x, INPUTS * sizeof *v);
    for (size_t i = INPUTS; i < INPUTS + LENGTH; i++) {
        uint64_t bits = ad_rng_bits(&rng);
        ad_var a = v[bits >> 8 & (i - 1) & 7 ? i - 1 - (bits >> 8) % 4 : (bits >> 16) % i];
        ad_var b = v[(bits >> 32) % i], c = v[(bits >> 40) % i];
        ad_var choices[] = {ad_add(a, b),
                            ad_sub(a, 0.25),
                            ad_mul(ad_sin(a), b),
                            ad_tanh(ad_sub(b, a)),
                            ad_div(a, ad_add(2, ad_square(b))),
                            ad_maximum(a, b),
                            ad_abs(a),
                            ad_fma(ad_sigmoid(a), ad_cos(b), c),
                            ad_minimum(ad_relu(a), 1.5),
                            ad_hypot(a, ad_mul(b, 0.5))};
        v[i] = choices[bits % (sizeof choices / sizeof choices[0])];
    }
    return ad_tanh(ad_add(v[INPUTS + LENGTH - 1], v[INPUTS + LENGTH - 2]));
}

static void random_inputs(uint64_t seed, double *at)
{
    ad_rng_fill_uniform((ad_rng){.seed = seed, .stream = 1}, AD_F64, INPUTS, at);
    for (int i = 0; i < INPUTS; i++) {
        at[i] = seed % 5 == 0 && i == 0 ? 0 : 4 * at[i] - 2; /* kinks and ties, now and then */
    }
    at[1] = seed % 7 == 0 ? at[0] : at[1];
}

Test(reverse, gradients_as_numbers_have_the_bits_of_recorded_ones)
{
    for (uint64_t seed = 0; seed < 300; seed++) {
        double at[INPUTS], values[INPUTS];
        ad_var x[INPUTS], dx[INPUTS];
        ad_mark mark = ad_tape_mark(tape);
        random_inputs(seed, at);
        for (int i = 0; i < INPUTS; i++) {
            x[i] = ad_input(tape, at[i]);
        }
        ad_var y = random_program(seed, x);
        size_t len = ad_tape_len(tape);
        cr_assert_eq(ad_grad_values(y, INPUTS, x, values), AD_OK);
        cr_expect_eq(ad_tape_len(tape), len, "the tape is as before");
        cr_assert_eq(ad_grad(y, INPUTS, x, dx), AD_OK);
        for (int i = 0; i < INPUTS; i++) {
            double recorded = ad_value(dx[i]) + 0.0, swept = values[i] + 0.0;
            cr_expect(memcmp(&recorded, &swept, sizeof swept) == 0,
                      "seed %d, input %d: %.17g recorded, %.17g swept", (int)seed, i, recorded,
                      swept);
        }
        ad_tape_rewind(tape, mark);
    }
}

Test(reverse, scalars_and_the_elements_of_tensors_have_the_same_bits)
{
    enum { LANES = 5 };
    for (uint64_t seed = 0; seed < 60; seed++) {
        double at[LANES][INPUTS], lanes[LANES], value[LANES], grad[INPUTS][LANES];
        ad_var x[INPUTS], dx[INPUTS];
        ad_mark mark = ad_tape_mark(tape);
        for (size_t k = 0; k < LANES; k++) {
            random_inputs(seed * LANES + k, at[k]);
        }
        for (int i = 0; i < INPUTS; i++) {
            for (int k = 0; k < LANES; k++) {
                lanes[k] = at[k][i];
            }
            x[i] = ad_input_array(tape, AD_F64, AD_SHAPE(LANES), lanes);
        }
        ad_var y = random_program(seed, x);
        cr_assert_eq(ad_read(y, LANES, value), AD_OK);
        cr_assert_eq(ad_grad(ad_sum(y, AD_ALL), INPUTS, x, dx), AD_OK);
        for (int i = 0; i < INPUTS; i++) {
            cr_assert_eq(ad_read(dx[i], LANES, grad[i]), AD_OK);
        }
        for (int k = 0; k < LANES; k++) {
            double swept[INPUTS];
            for (int i = 0; i < INPUTS; i++) {
                x[i] = ad_input(tape, at[k][i]);
            }
            ad_var s = random_program(seed, x);
            cr_assert_eq(ad_grad_values(s, INPUTS, x, swept), AD_OK);
            cr_expect_eq(ad_value(s), value[k]);
            for (int i = 0; i < INPUTS; i++) {
                cr_expect(swept[i] == grad[i][k], "seed %d, lane %d, input %d: %.17g and %.17g",
                          (int)seed, k, i, swept[i], grad[i][k]);
            }
        }
        ad_tape_rewind(tape, mark);
    }
}

Test(reverse, gradients_as_numbers_of_tensors_are_laid_out_one_after_the_other)
{
    ad_var x = test_counting(tape, AD_F32, AD_SHAPE(2)), s = ad_full(tape, AD_F32, AD_SCALAR, 3);
    double values[3];
    size_t len = ad_tape_len(tape) + 2;
    ad_var y = ad_sum(ad_mul(x, s), AD_ALL);
    cr_expect_eq(ad_grad_values(y, 2, (ad_var[]){x, s}, values), AD_OK);
    cr_expect(values[0] == 3 && values[1] == 3 && values[2] == 3);
    cr_expect_eq(ad_tape_len(tape), len);
    cr_expect_eq(ad_value(y), 9, "variables from before are still good");
}

/* ---- mistakes ---- */

Test(reverse, mistakes_are_named)
{
    ad_var x = ad_full(tape, AD_F64, AD_SHAPE(2), 1), i = ad_full(tape, AD_I64, AD_SHAPE(2), 1), d;
    ad_var y = ad_square(x), g = ad_full(tape, AD_F64, AD_SHAPE(3), 1);
    ad_var narrow = ad_full(tape, AD_F32, AD_SHAPE(2), 1);
    TEST_ERROR(tape, ad_grad(y, 1, &x, &d), AD_ERR_SHAPE,
               "ad_grad: y has shape [2]; a gradient is of a scalar: sum y, or use ad_vjp");
    cr_expect(ad_is_dead(d));
    TEST_ERROR(tape, ad_grad(ad_sum(y, AD_ALL), 1, &i, &d), AD_ERR_TYPE,
               "ad_grad: x[0] is i64; integers carry no derivative");
    TEST_ERROR(tape, ad_vjp(1, &y, 1, &x, &g, &d), AD_ERR_SHAPE,
               "ad_vjp: cotangent 0 has shape [3], its y has [2]; they must be the same, and of "
               "one type");
    TEST_ERROR(tape, ad_vjp(1, &y, 1, &x, &narrow, &d), AD_ERR_SHAPE,
               "ad_vjp: cotangent 0 has shape [2], its y has [2]; they must be the same, and of "
               "one type");
    cr_expect_eq(ad_grad(ad_literal(1), 1, &(ad_var){0}, &d), AD_ERR_DOMAIN);
}

Test(reverse, an_operation_without_a_gradient_ends_it)
{
    ad_var x = ad_input(tape, 2), stopped = ad_stop_gradient(x), d;
    cr_expect_eq(ad_grad(ad_mul(stopped, ad_floor(x)), 1, &x, &d), AD_OK);
    test_expect(d, AD_SCALAR, TEST_NUMBERS(0));
    for (int i = 0; i < 1000; i++) {
        stopped = ad_sin(stopped);
    }
    ad_var y = ad_mul(x, stopped);
    size_t before = ad_tape_len(tape);
    cr_expect_eq(ad_grad(y, 1, &x, &d), AD_OK);
    cr_expect_leq(ad_tape_len(tape) - before, 4, "the chain behind it is not looked at");
}
