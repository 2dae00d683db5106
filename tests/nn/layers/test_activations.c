/* SPDX-License-Identifier: MIT */
/* Values and derivatives of each are held against hand-written ones in test_delta.c. */
#include "activations.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

Test(activations, every_one_has_a_name_and_a_function_of_its_own)
{
    for (int i = 0; nn_activation_at(i) != NULL; i++) {
        const nn_activation_row *row = nn_activation_at(i);
        cr_expect_eq(nn_activation_named(row->name), row);
        cr_expect_eq(nn_activation_of(row->function), row);
        cr_expect_gt(row->gain, 0);
    }
    cr_expect_null(nn_activation_at(-1));
    cr_expect_null(nn_activation_named("no such"));
}

static ad_var own(ad_var x)
{
    return ad_square(x);
}

Test(activations, gains_are_the_usual_ones_and_one_for_a_function_of_ones_own)
{
    cr_expect_float_eq(nn_gain(ad_relu), sqrt(2), 1e-15);
    cr_expect_float_eq(nn_gain(nn_leaky_relu), sqrt(2 / (1 + 0.01 * 0.01)), 1e-15);
    cr_expect_float_eq(nn_gain(ad_tanh), 5.0 / 3, 1e-15);
    cr_expect_eq(nn_gain(ad_selu), 0.75);
    cr_expect_eq(nn_gain(ad_sigmoid), 1);
    cr_expect_eq(nn_gain(NULL), 1);
    cr_expect_eq(nn_gain(own), 1);
    cr_expect_null(nn_activation_of(own));
}

Test(activations, layers_begin_with_weights_that_suit_them)
{
    const struct {
        nn_activation function;
        nn_init init;
    } rows[] = {{ad_relu, nn_he_normal(sqrt(2))},
                {ad_selu, nn_lecun_normal()},
                {ad_tanh, nn_glorot_uniform(1)},
                {NULL, nn_glorot_uniform(1)},
                {own, nn_glorot_uniform(1)}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        nn_init got = nn_init_for(rows[i].function);
        cr_expect_eq(got.fill, rows[i].init.fill);
        cr_expect_float_eq(got.a, rows[i].init.a, 1e-15);
    }
}

Test(activations, an_error_names_the_activation)
{
    ad_tape *tape = ad_tape_new();
    int64_t labels[] = {1, 2};
    nn_mish(ad_input_array(tape, AD_I64, AD_SHAPE(2), labels));
    cr_expect_eq(ad_tape_status(tape), AD_ERR_TYPE);
    cr_expect(strstr(ad_tape_message(tape), "(nn_mish)") != NULL, "%s", ad_tape_message(tape));
    ad_tape_free(tape);
}
