/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A step of training: weights w, a view, of a model whose cost takes log(x w), are moved down their
 * gradient. */
enum { N = 3, LOG_LINE = __LINE__ + 5 };

static ad_var cost_of(ad_var x, ad_var w)
{
    ad_var z = ad_matmul(x, w);
    ad_var all = ad_log(z);
    return ad_mean(ad_square(all), AD_ALL);
}

typedef struct step {
    double w[N];
    double x[2 * N];
} step;

static const double good[2 * N] = {1, 2, 3, 4, 5, 6}, bad[2 * N] = {1, 2, 3, 1, -2, 1};

static ad_fn *step_of(step *s, const ad_fn_options *options)
{
    *s = (step){.w = {1, 1, 1}};
    memcpy(s->x, good, sizeof good);
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2, N), s->x);
    ad_var w = ad_input_view(tape, AD_F64, AD_SHAPE(N, 1), s->w);
    ad_var y = cost_of(x, w), d;
    ad_grad(y, 1, &w, &d);
    ad_assign(w, ad_sub(w, ad_mul(0.125, d)));
    ad_fn *f = ad_fn_new_with(tape, 1, &x, 1, &y, options);
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
    ad_tape_free(tape);
    memcpy(s->w, (const double[]){1, 1, 1}, sizeof s->w); /* recording has assigned */
    return f;
}

static void expect_log(const ad_fn *f, const double *x, size_t element)
{
    ad_anomaly a = ad_fn_anomaly(f, (const void *const[]){x});
    char end[80];
    (void)snprintf(end, sizeof end, "test_anomaly_fn.c:%d)", LOG_LINE);
    cr_expect(a.found && a.kind == AD_ANOMALY_VALUE && a.status == AD_OK, "%s", a.message);
    cr_expect(!a.is_derivative && a.element == element && a.count == 1, "%s", a.message);
    cr_expect_str_eq(a.op, "ad_log");
    cr_expect(strstr(a.message, end), "%s", a.message);
    cr_expect(
        strstr(a.message, element == 1 ? "ad_log made -inf of 0 at element [1, 0]" : "ad_log"),
        "%s", a.message);
}

static const ad_fn_options usual, threads = {.threads = 3}, resizable = {.resizable = 1},
                                  small = {.memory = 256}, native = {.native = "cc"},
                                  guarded = {.guard = 1}, pure = {.no_assign = 1};

Test(anomaly_fn, the_operation_of_a_training_step_is_named_however_it_is_carried_out)
{
    const ad_fn_options *const options[] = {&usual,  &threads, &resizable, &small,
                                            &native, &guarded, &pure};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        step s;
        ad_fn *f = step_of(&s, options[i]);
        ad_anomaly a = ad_fn_anomaly(f, (const void *const[]){good});
        cr_expect(!a.found && a.status == AD_OK && a.dropped == 0, "%s", a.message);
        cr_expect_str_eq(a.message, "no operation made a nan or an infinity");
        expect_log(f, bad, 1);
        for (int k = 0; k < N; k++) {
            cr_expect_eq(s.w[k], 1, "nothing is assigned");
        }
        double y;
        cr_assert_eq(ad_fn_run(f, (const void *const[]){bad}, (void *const[]){&y}), AD_OK);
        cr_expect_not(isfinite(y));
        ad_fn_free(f);
    }
}

Test(anomaly_fn, a_resized_function_has_its_own_elements)
{
    step s;
    ad_fn *f = step_of(&s, &resizable);
    const double x[] = {1, 1, 1, 2, 2, 2, 3, 3, 3, 1, 1, -2};
    ad_fn *g = ad_fn_resized(f, (const ad_shape[]){AD_SHAPE(4, N)}, NULL);
    cr_assert_not_null(g);
    ad_fn_free(f);
    expect_log(g, x, 3);
    ad_fn_free(g);
}

Test(anomaly_fn, views_are_read_as_they_are_now)
{
    step s;
    ad_fn *f = step_of(&s, NULL);
    s.w[2] = NAN;
    ad_anomaly a = ad_fn_anomaly(f, (const void *const[]){good});
    cr_expect(strstr(a.message, "view holds nan at element [2, 0]"), "%s", a.message);
    ad_fn_free(f);
}

Test(anomaly_fn, derivatives_and_the_slopes_that_they_drop_are_told)
{
    const double at[] = {1, 0};
    const ad_fn_options *const options[] = {&usual, &native, &threads};
    for (size_t i = 0; i < sizeof options / sizeof *options; i++) {
        ad_tape *tape = ad_tape_new();
        ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2), (const double[]){1, 2}), d, e;
        ad_var y = ad_sum(ad_square(ad_sqrt(x)), AD_ALL), z = ad_sum(ad_sqrt(x), AD_ALL);
        ad_grad(y, 1, &x, &d);
        ad_grad(z, 1, &x, &e);
        ad_fn *f = ad_fn_new_with(tape, 1, &x, 1, &d, options[i]);
        ad_fn *g = ad_fn_new_with(tape, 1, &x, 1, &e, options[i]);
        ad_tape_free(tape);
        ad_anomaly a = ad_fn_anomaly(f, (const void *const[]){at});
        cr_expect(a.kind == AD_ANOMALY_DROPPED_SLOPE && a.dropped == 1, "%s", a.message);
        cr_expect(a.is_derivative && a.element == 1 && a.operand[1] == 0, "%s", a.message);
        a = ad_fn_anomaly(g, (const void *const[]){at});
        cr_expect(a.kind == AD_ANOMALY_VALUE && a.is_derivative && a.element == 1, "%s", a.message);
        ad_fn_free(f);
        ad_fn_free(g);
    }
}

Test(anomaly_fn, the_node_is_the_number_in_the_listing)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 1), y = ad_mul(ad_log(x), 3);
    ad_fn *f = ad_fn_new(tape, 1, &x, 1, &y);
    ad_anomaly a = ad_fn_anomaly(f, (const void *const[]){&(double){0}});
    char text[4000] = "", expected[40];
    FILE *out = tmpfile();
    cr_assert_eq(ad_fn_show_text(f, out), AD_OK);
    rewind(out);
    text[fread(text, 1, sizeof text - 1, out)] = '\0';
    (void)fclose(out);
    (void)snprintf(expected, sizeof expected, "%%%zu", a.node);
    const char *at = strstr(text, expected);
    cr_assert(at != NULL && strstr(at, "ad_log") != NULL, "%s in %s", expected, text);
    cr_expect(strchr(at, '\n') > strstr(at, "ad_log"), "%s in %s", expected, text);
    ad_fn_free(f);
    ad_tape_free(tape);
}

Test(anomaly_fn, what_cannot_be_recorded_is_told)
{
    ad_anomaly a = ad_fn_anomaly(NULL, NULL);
    cr_expect(!a.found && a.status == AD_ERR_DOMAIN && strstr(a.message, "f is NULL"));
    ad_tape *tape = ad_tape_new();
    const int64_t index[] = {0, 1}, outside[] = {0, 7};
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(3), good);
    ad_var i = ad_input_array(tape, AD_I64, AD_SHAPE(2), index), y = ad_gather(x, i, 0);
    ad_fn *f = ad_fn_new(tape, 2, (const ad_var[]){x, i}, 1, &y);
    a = ad_fn_anomaly(f, NULL);
    cr_expect(a.status == AD_ERR_DOMAIN && strstr(a.message, "inputs"), "%s", a.message);
    a = ad_fn_anomaly(f, (const void *const[]){good, outside});
    cr_expect(!a.found && a.status != AD_OK && strstr(a.message, "ad_gather"), "%s", a.message);
    cr_expect_eq(ad_fn_anomaly(f, (const void *const[]){good, index}).status, AD_OK);
    ad_fn_free(f);
    ad_tape_free(tape);
}

Test(anomaly_fn, a_failed_allocation_is_reported)
{
    ad_failing_allocator state = {.fail_at = SIZE_MAX};
    ad_allocator allocator = ad_allocator_failing(&state);
    step s;
    ad_fn *f = step_of(&s, &(ad_fn_options){.allocator = &allocator});
    for (size_t n = 0;; n++) {
        const size_t before = state.requests, live = state.live;
        state.fail_at = before + n;
        ad_anomaly a = ad_fn_anomaly(f, (const void *const[]){bad});
        int failed = state.requests > before + n;
        cr_assert_eq(a.status, failed ? AD_ERR_MEMORY : AD_OK);
        cr_assert_eq(state.live, live);
        if (!failed) {
            cr_assert(n > 0 && a.found);
            break;
        }
    }
    ad_fn_free(f);
}
