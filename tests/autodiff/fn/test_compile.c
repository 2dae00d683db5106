/* SPDX-License-Identifier: MIT */
/* Functions made from C functions and shapes, with their gradients by an option. */
#include "operations.h"

#include <criterion/criterion.h>
#include <string.h>

static ad_error error;

/* sum(w x^2) */
static ad_var energy(void *user, const ad_var *x)
{
    (void)user;
    return ad_sum(ad_mul(x[1], ad_square(x[0])), AD_ALL);
}

Test(compile, a_compiled_gradient_is_a_few_lines)
{
    ad_fn *f =
        ad_compile(energy, NULL, AD_INPUTS({"x", AD_F64, AD_SHAPE(3)}, {"w", AD_F64, AD_SCALAR}),
                   &error, .gradient = 1, .threads = 2);
    double x[3] = {1, 2, 3}, w = 0.5, y, dx[3], dw;
    ad_status status = ad_fn_call(f, AD_ARRAYS(x, w), AD_ARRAYS(y, dx, dw));
    cr_expect_eq(status, AD_OK, "%s", ad_fn_message(f));
    cr_expect_eq(error.status, AD_OK);
    cr_expect_str_empty(error.message);
    cr_expect_eq(y, 7);
    cr_expect(memcmp(dx, TEST_NUMBERS(1, 2, 3), sizeof dx) == 0);
    cr_expect_eq(dw, 14);
    cr_expect_str_eq(ad_fn_input(f, 0).name, "x");
    cr_expect_null(ad_fn_output(f, 0).name);
    cr_expect_str_eq(ad_fn_output(f, 1).name, "dx");
    cr_expect_str_eq(ad_fn_output(f, 2).name, "dw");
    cr_expect_eq(ad_fn_output_count(f), 3);
    ad_fn_free(f);
}

/* -log p of the labels' classes, in f32: a table of logits, and whole numbers. */
static ad_var picked(void *user, const ad_var *x)
{
    const int *calls = user;
    ++*(int *)calls;
    ad_var p = ad_log_softmax(x[1], AD_KEEP(-1));
    return ad_neg(ad_sum(ad_gather(p, x[0], 1), AD_ALL));
}

Test(compile, integers_have_no_gradient_and_the_function_is_called_once)
{
    int calls = 0;
    ad_fn *f =
        ad_compile(picked, &calls,
                   AD_INPUTS({"label", AD_I64, AD_SHAPE(2, 1)}, {NULL, AD_F32, AD_SHAPE(2, 2)}),
                   NULL, .gradient = 1, .resizable = 1);
    cr_assert_not_null(f);
    cr_expect_eq(calls, 1);
    cr_expect_eq(ad_fn_output_count(f), 2);
    cr_expect_null(ad_fn_output(f, 1).name);
    int64_t label[2] = {1, 0};
    float logits[2][2] = {{0, 0}, {5, 5}}, y, d[2][2];
    ad_status status = ad_fn_call(f, AD_ARRAYS(label, logits), AD_ARRAYS(y, d));
    cr_expect_eq(status, AD_OK, "%s", ad_fn_message(f));
    cr_expect_float_eq(y, 2 * 0.693147180559945309f, 1e-6);
    cr_expect(d[0][0] == 0.5f && d[0][1] == -0.5f && d[1][0] == -0.5f && d[1][1] == 0.5f);
    ad_fn *g = ad_fn_resized(f, (ad_shape[]){AD_SHAPE(3, 1), AD_SHAPE(3, 2)}, NULL);
    cr_expect_not_null(g);
    ad_fn_free(g);
    ad_fn_free(f);
}

static ad_var branching(void *user, const ad_var *x)
{
    (void)user;
    return ad_branch(ad_less(x[0], 2)) ? ad_square(x[0]) : x[0];
}

Test(compile, a_branch_of_c_is_refused_unless_it_is_guarded)
{
    ad_fn *f =
        ad_compile(branching, NULL, AD_INPUTS({"x", AD_F64, AD_SCALAR}), &error, .gradient = 1);
    cr_expect_null(f);
    cr_expect_eq(error.status, AD_ERR_STATE);
    cr_expect(strstr(error.message, "ad_compile: C reads what ad_less is") == error.message, "%s",
              error.message);
    cr_expect(strstr(error.message, "test_compile.c:") != NULL, "%s", error.message);
    f = ad_compile(branching, NULL, AD_INPUTS({"x", AD_F64, AD_SCALAR}), &error, .gradient = 1,
                   .guard = 1);
    cr_assert_not_null(f, "%s", error.message);
    double x = 1.5, y, d;
    ad_status status = ad_fn_call(f, AD_ARRAYS(x), AD_ARRAYS(y, d));
    cr_expect(status == AD_OK && y == 2.25 && d == 3);
    cr_expect_eq(ad_fn_guard(f, 0, NULL), 0);
    x = 3;
    (void)ad_fn_call(f, AD_ARRAYS(x), AD_ARRAYS(y, d));
    cr_expect_eq(ad_fn_guard(f, 0, NULL), 1);
    ad_fn_free(f);
}

static ad_var vector(void *user, const ad_var *x)
{
    (void)user;
    return ad_mul(x[0], 2);
}
static ad_var number(void *user, const ad_var *x)
{
    (void)user, (void)x;
    return ad_literal(3);
}
static ad_var misfit(void *user, const ad_var *x)
{
    (void)user;
    return ad_matmul(x[0], x[0]);
}

static void refused(const ad_fn *f, ad_status status)
{
    cr_expect_null(f);
    cr_expect_eq(error.status, status, "%s", error.message);
    cr_expect_str_not_empty(error.message);
    error = (ad_error){AD_OK, ""};
}

Test(compile, what_is_wrong_is_told_by_the_error)
{
    refused(ad_compile(vector, NULL, AD_INPUTS({"x", AD_F64, AD_SHAPE(2)}), &error, .gradient = 1),
            AD_ERR_SHAPE);
    refused(ad_compile(number, NULL, AD_INPUTS({"x", AD_F64, AD_SCALAR}), &error), AD_ERR_DOMAIN);
    refused(ad_compile(number, NULL, AD_INPUTS({"x", AD_F64, AD_SCALAR}), &error, .gradient = 1),
            AD_ERR_DOMAIN);
    refused(ad_compile(misfit, NULL, AD_INPUTS({"x", AD_F64, AD_SHAPE(2, 3)}), &error),
            AD_ERR_SHAPE);
    refused(ad_compile(vector, NULL, AD_INPUTS({"x", AD_F64, AD_SHAPE(-1)}), &error), AD_ERR_SHAPE);
    refused(ad_compile(vector, NULL, AD_INPUTS({"x", (ad_type)7, AD_SHAPE(1)}), &error),
            AD_ERR_TYPE);
    refused(ad_compile(NULL, NULL, AD_INPUTS({"x", AD_F64, AD_SCALAR}), &error), AD_ERR_DOMAIN);
    refused(ad_compile_of(vector, NULL, 0, NULL, (ad_fn_options){.error = &error}), AD_ERR_DOMAIN);
    cr_expect_null(ad_compile_of(vector, NULL, 1, NULL, (ad_fn_options){.error = NULL}));
}

Test(compile, every_allocation_may_fail)
{
    int made = 0;
    for (size_t i = 0; !made && i < 10000; i++) {
        ad_failing_allocator failing = {.fail_at = i};
        const ad_allocator allocator = ad_allocator_failing(&failing);
        ad_fn *f = ad_compile(energy, NULL,
                              AD_INPUTS({"x", AD_F64, AD_SHAPE(300)}, {"w", AD_F64, AD_SCALAR}),
                              &error, .gradient = 1, .allocator = &allocator);
        made = f != NULL;
        cr_expect_eq(error.status, made ? AD_OK : AD_ERR_MEMORY, "%s", error.message);
        ad_fn_free(f);
        cr_expect_eq(failing.live, 0);
    }
    cr_expect(made);
}

/* ---- the same option for what is recorded by hand ---- */

Test(compile, ad_fn_new_adds_the_gradient_and_leaves_the_tape_as_it_was)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 3), w = ad_input(tape, 2), y = ad_mul(x, ad_square(w)),
           z = ad_add(x, w);
    const size_t before = ad_tape_len(tape);
    ad_fn *f = ad_fn_new_with(tape, AD_LIST(x, w), AD_LIST(y, z), &(ad_fn_options){.gradient = 1});
    cr_assert_not_null(f);
    cr_expect_eq(ad_tape_len(tape), before);
    cr_expect_eq(ad_value(y), 12);
    double in[2] = {5, 4}, out[4];
    cr_expect_eq(ad_fn_eval(f, in, out), AD_OK);
    cr_expect(memcmp(out, TEST_NUMBERS(80, 9, 16, 40), sizeof out) == 0);
    cr_expect(ad_fn_matches(f, tape, AD_LIST(x, w), AD_LIST(y, z)));
    cr_expect(!ad_fn_matches(f, tape, AD_LIST(x, w), AD_LIST(z, y)));
    cr_expect_eq(ad_tape_len(tape), before);
    ad_fn *none = ad_fn_new_with(tape, AD_LIST(x, w), 0, NULL,
                                 &(ad_fn_options){.gradient = 1, .error = &error});
    cr_expect_null(none);
    cr_expect_eq(error.status, AD_ERR_DOMAIN);
    cr_expect_str_eq(error.message, ad_tape_message(tape));
    ad_fn_free(f);
    ad_tape_free(tape);
}
