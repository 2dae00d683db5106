/* SPDX-License-Identifier: MIT */
/* What cannot be resized is an error that names what does not follow; what it costs, and what is
 * left where memory fails. */
#include "fn/program/resized.h"

#include <criterion/criterion.h>
#include <string.h>

/* Expects the resizing to fail with texts in its message. in: one input [12, 4] */
static void fails(void (*build)(ad_tape *, const ad_var *, ad_var *), ad_shape shape,
                  ad_status status, const char *text, const char *also)
{
    const resized_program p = {"error", 1, 1, {AD_SHAPE(12, 4)}, {AD_F64}, build};
    ad_fn *f = resized_recorded(&p, 0, &(ad_fn_options){.resizable = 1});
    ad_error error;
    cr_assert(f != NULL);
    cr_expect(ad_fn_resized(f, &shape, &error) == NULL, "%s", text);
    cr_expect_eq(error.status, status, "%s", error.message);
    cr_expect(strstr(error.message, text) != NULL, "%s", error.message);
    cr_expect(strstr(error.message, also) != NULL, "%s", error.message);
    cr_expect(ad_fn_resized(f, &shape, NULL) == NULL);
    ad_fn_free(f);
}

static void plain(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    out[0] = ad_sum(in[0], AD_AXES(1));
}

static void constant_rows(ad_tape *tape, const ad_var *in, ad_var *out)
{
    static const double ones[48] = {1};
    out[0] = ad_add(in[0], ad_constant(tape, AD_F64, AD_SHAPE(12, 4), ones));
}

static void fixed_full(ad_tape *tape, const ad_var *in, ad_var *out)
{
    out[0] = ad_mul(ad_full(tape, AD_F64, AD_SHAPE(12, 4), 2), in[0]);
}

static void unclear_reshape(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    out[0] = ad_reshape(ad_reshape(in[0], AD_SHAPE(-1)), AD_SHAPE(6, 8));
}

static void halves(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    ad_var part[2];
    ad_split(in[0], 0, 2, NULL, part);
    out[0] = ad_add(part[0], part[1]);
}

static void joined_rows(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    ad_var both = ad_concat(2, (ad_var[]){in[0], ad_sin(in[0])}, 0);
    ad_grad(ad_sum(ad_square(both), AD_ALL), 1, in, out);
}

static void stored(ad_tape *tape, const ad_var *in, ad_var *out)
{
    static double memory[48];
    out[0] = ad_assign(ad_input_view(tape, AD_F64, AD_SHAPE(12, 4), memory), ad_sin(in[0]));
}

Test(resized_errors, what_does_not_follow_is_named_with_its_line)
{
    fails(constant_rows, AD_SHAPE(5, 4), AD_ERR_SHAPE, "ad_add", "test_resized_errors.c:");
    fails(constant_rows, AD_SHAPE(1, 4), AD_ERR_SHAPE, "ad_add", "length in common");
    fails(fixed_full, AD_SHAPE(1, 4), AD_ERR_SHAPE, "ad_mul", "ad_shaped_like");
    fails(unclear_reshape, AD_SHAPE(6, 4), AD_ERR_SHAPE, "ad_reshape", "not clear");
    fails(halves, AD_SHAPE(6, 4), AD_ERR_SHAPE, "ad_slice", "axis of length 12");
    fails(joined_rows, AD_SHAPE(6, 4), AD_ERR_SHAPE, "ad_slice", "test_resized_errors.c:");
    fails(stored, AD_SHAPE(6, 4), AD_ERR_SHAPE, "ad_assign", "[12, 4]");
}

Test(resized_errors, shapes_must_have_the_axes_that_the_function_has)
{
    fails(plain, AD_SHAPE(12), AD_ERR_SHAPE, "input 0 is [12, 4]", "[12]");
    fails(plain, AD_SHAPE(12, 0), AD_ERR_SHAPE, "input 0", "[12, 0]");
    fails(plain, AD_SHAPE(12, -1), AD_ERR_SHAPE, "input 0", "[12, -1]");
    const resized_program one = {"one row", 1, 1, {AD_SHAPE(N, 4)}, {AD_F64}, plain};
    ad_fn *f = resized_recorded(&one, 1, &(ad_fn_options){.resizable = 1});
    const ad_shape three = AD_SHAPE(3, 4);
    ad_error error;
    cr_expect(ad_fn_resized(f, &three, &error) == NULL);
    cr_expect_eq(error.status, AD_ERR_SHAPE);
    ad_fn_free(f);
}

Test(resized_errors, only_a_function_made_for_it_is_resized)
{
    const resized_program p = {"plain", 1, 1, {AD_SHAPE(N, 4)}, {AD_F64}, plain};
    const ad_shape shape = AD_SHAPE(3, 4);
    ad_error error;
    ad_fn *f = resized_recorded(&p, 12, NULL);
    cr_expect(ad_fn_resized(f, &shape, &error) == NULL);
    cr_expect_eq(error.status, AD_ERR_STATE);
    cr_expect(strstr(error.message, "resizable") != NULL, "%s", error.message);
    ad_fn_free(f);
    f = resized_recorded(&p, 12, &(ad_fn_options){.resizable = 1});
    ad_fn *g = ad_fn_resized(f, &shape, &error);
    ad_fn_free(f); /* g does not need it */
    cr_assert(g != NULL);
    cr_expect(ad_fn_resized(g, &shape, &error) == NULL);
    cr_expect_eq(error.status, AD_ERR_STATE);
    double x[12] = {1, 2, 3, 4}, z[3];
    cr_expect_eq(ad_fn_eval(g, x, z), AD_OK);
    cr_expect_eq(z[0], 10);
    ad_fn_free(g);
}

static void branching(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    ad_var sum = ad_sum(in[0], AD_ALL);
    out[0] = ad_branch(ad_above(sum, 0)) ? ad_mean(in[0], AD_ALL) : sum;
}

Test(resized_errors, a_guard_stays_with_the_function_that_was_recorded)
{
    const resized_program p = {"branching", 1, 1, {AD_SHAPE(N, 1)}, {AD_F64}, branching};
    const ad_shape shape = AD_SHAPE(2, 1);
    double up[3] = {1, 2, 4}, down[3] = {-1, -2, -4}, z[2];
    ad_fn *f = resized_recorded(&p, 3, &(ad_fn_options){.resizable = 1, .guard = 1});
    ad_fn *g = ad_fn_resized(f, &shape, NULL);
    cr_assert(f != NULL && g != NULL);
    cr_expect_eq(ad_fn_eval(f, up, &z[0]), AD_OK);
    size_t changed = ad_fn_guard(f, 0, NULL);
    cr_expect_eq(ad_fn_eval(f, down, &z[1]), AD_OK);
    cr_expect_eq(changed + ad_fn_guard(f, 0, NULL), 1); /* the drawn numbers took one of them */
    cr_expect_eq(ad_fn_eval(g, up, z), AD_OK);
    cr_expect_eq(ad_fn_guard(g, 0, NULL), 0);
    ad_fn_free(f);
    ad_fn_free(g);
}

/* ---- cost ---- */

Test(resized_errors, a_resizable_function_needs_no_larger_workspace)
{
    const resized_program p = {
        "statistics", 3, 5, {AD_SHAPE(N, 7), AD_SHAPE(7), AD_SHAPE(1, 7)}, {0}, resized_statistics};
    ad_fn *f = resized_recorded(&p, 64, NULL),
          *g = resized_recorded(&p, 64, &(ad_fn_options){.resizable = 1});
    cr_expect_eq(ad_fn_workspace_bytes(f), ad_fn_workspace_bytes(g));
    ad_fn_free(f);
    ad_fn_free(g);
}

/* ---- memory ---- */

Test(resized_errors, every_failed_allocation_is_reported_and_nothing_is_lost)
{
    const resized_program p = {
        "statistics", 3, 5, {AD_SHAPE(N, 7), AD_SHAPE(7), AD_SHAPE(1, 7)}, {0}, resized_statistics};
    const ad_shape shapes[] = {AD_SHAPE(5, 7), AD_SHAPE(7), AD_SHAPE(1, 7)};
    int failures = 0;
    for (size_t fail_at = 0; fail_at < 5000; fail_at++) {
        ad_failing_allocator state = {.fail_at = fail_at};
        ad_allocator allocator = ad_allocator_failing(&state);
        ad_error error = {.status = AD_OK};
        ad_fn *f =
            resized_recorded(&p, 12, &(ad_fn_options){.resizable = 1, .allocator = &allocator});
        ad_fn *g = f != NULL ? ad_fn_resized(f, shapes, &error) : NULL;
        cr_expect(f == NULL || (g != NULL) == (error.status == AD_OK));
        cr_expect(error.status == AD_OK || error.status == AD_ERR_MEMORY, "%s", error.message);
        int failed = g == NULL;
        failures += failed;
        ad_fn_free(g);
        ad_fn_free(f);
        cr_expect_eq(state.live, 0, "%zu blocks lost when request %zu fails", state.live, fail_at);
        if (!failed) {
            break;
        }
    }
    cr_expect_gt(failures, 20);
}
