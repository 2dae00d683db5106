/* SPDX-License-Identifier: MIT */
/* A function tells what it takes and gives. */
#include "operations.h"

#include <criterion/criterion.h>
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
TestSuite(signature, .init = start, .fini = stop);

static void expect_spec(ad_spec got, const char *name, ad_type type, ad_shape shape)
{
    cr_expect(name == NULL ? got.name == NULL : got.name != NULL && strcmp(got.name, name) == 0);
    cr_expect_eq(got.type, type);
    cr_expect(ad_shape_equal(&got.shape, &shape));
}

/* x [3] f64, w [] f64, i [2] i64 -> x[i] w, w f64 */
static ad_fn *make(const ad_fn_options *options)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(3)), w = ad_input(tape, 2);
    int64_t places[2] = {2, 0};
    ad_var i = ad_input_array(tape, AD_I64, AD_SHAPE(2), places);
    ad_var y = ad_mul(ad_take(x, i, 0), w);
    return ad_fn_new_with(tape, AD_LIST(x, w, i), AD_LIST(y, w), options);
}

Test(signature, types_and_shapes_of_inputs_and_outputs_are_told)
{
    ad_fn *f = make(NULL);
    cr_assert_not_null(f);
    cr_expect_eq(ad_fn_input_count(f), 3);
    cr_expect_eq(ad_fn_output_count(f), 2);
    expect_spec(ad_fn_input(f, 0), NULL, AD_F64, AD_SHAPE(3));
    expect_spec(ad_fn_input(f, 1), NULL, AD_F64, AD_SCALAR);
    expect_spec(ad_fn_input(f, 2), NULL, AD_I64, AD_SHAPE(2));
    expect_spec(ad_fn_output(f, 0), NULL, AD_F64, AD_SHAPE(2));
    expect_spec(ad_fn_output(f, 1), NULL, AD_F64, AD_SCALAR);
    ad_fn_free(f);
}

Test(signature, what_is_not_there_has_no_shape)
{
    ad_fn *f = make(NULL);
    cr_expect_eq(ad_fn_input(f, 3).shape.rank, -1);
    cr_expect_eq(ad_fn_input(f, -1).shape.rank, -1);
    cr_expect_eq(ad_fn_output(f, 2).shape.rank, -1);
    cr_expect_eq(ad_fn_input(NULL, 0).shape.rank, -1);
    cr_expect_eq(ad_fn_output(NULL, 0).shape.rank, -1);
    cr_expect_eq(ad_fn_input_count(NULL), 0);
    cr_expect_eq(ad_fn_output_count(NULL), 0);
    ad_fn_free(f);
}

Test(signature, names_are_copied_and_stay_with_a_resized_function)
{
    char x[] = "x", y[] = "y";
    const char *inputs[] = {x, NULL, "places"}, *outputs[] = {y, "w"};
    ad_fn *f = make(&(ad_fn_options){
        .resizable = 1, .input_names = inputs, .output_names = outputs, .guard = 1});
    cr_assert_not_null(f);
    x[0] = y[0] = '?';
    ad_shape shapes[] = {AD_SHAPE(5), AD_SCALAR, AD_SHAPE(4)};
    ad_fn *g = ad_fn_resized(f, shapes, NULL);
    expect_spec(ad_fn_input(f, 0), "x", AD_F64, AD_SHAPE(3));
    ad_fn_free(f);
    cr_assert_not_null(g);
    expect_spec(ad_fn_input(g, 0), "x", AD_F64, AD_SHAPE(5));
    expect_spec(ad_fn_input(g, 1), NULL, AD_F64, AD_SCALAR);
    expect_spec(ad_fn_input(g, 2), "places", AD_I64, AD_SHAPE(4));
    expect_spec(ad_fn_output(g, 0), "y", AD_F64, AD_SHAPE(4));
    expect_spec(ad_fn_output(g, 1), "w", AD_F64, AD_SCALAR);
    ad_fn_free(g);
}

Test(signature, values_that_guards_watch_are_no_outputs)
{
    ad_var x = ad_input(tape, 2), y = ad_branch(ad_greater(x, 1)) ? ad_mul(x, 3) : x;
    ad_fn *f = ad_fn_new_with(tape, 1, &x, 1, &y, &(ad_fn_options){.guard = 1});
    cr_assert_eq(ad_fn_guard_count(f), 1);
    cr_expect_eq(ad_fn_output_count(f), 1);
    cr_expect_eq(ad_fn_output(f, 1).shape.rank, -1);
    ad_fn_free(f);
}
