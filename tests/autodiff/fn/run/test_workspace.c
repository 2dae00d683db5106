/* SPDX-License-Identifier: MIT */
/* A workspace is as large as was said, all of it is used, and a run asks for nothing more. */
#include "fn/run/fn_internal.h"
#include "fn/replay.h"

#include <criterion/criterion.h>
#include <stdlib.h>

/* An allocator that counts. */
typedef struct counter {
    size_t requests, bytes;
} counter;

static void *count_resize(void *user, void *memory, size_t bytes)
{
    counter *c = user;
    if (bytes == 0) {
        free(memory);
        return NULL;
    }
    c->requests++;
    c->bytes += bytes;
    return realloc(memory, bytes);
}

/* Runs f in a workspace of its own that counts. */
static void check_run(ad_fn *f, const char *text, const void *const *x, void *const *z)
{
    counter c = {0, 0};
    ad_workspace *w = ad_workspace_new(f, &(ad_allocator){count_resize, &c});
    cr_expect_eq(c.bytes, ad_fn_workspace_bytes(f), "%s: %zu bytes, not %zu", text, c.bytes,
                 ad_fn_workspace_bytes(f));
    size_t before = c.requests;
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(ad_fn_run_in(f, w, x, z), AD_OK, "%s: %s", text, ad_workspace_message(w));
    }
    cr_expect_eq(c.requests, before, "%s: %zu requests", text, c.requests - before);
    cr_expect_eq(w->scratch_used, f->plan.call_bytes, "%s: %zu bytes of scratch, not %zu", text,
                 w->scratch_used, f->plan.call_bytes);
    ad_workspace_free(w);
}

/* Compiles and runs; every element of every input is `at`, or 1 if that is not of its type. */
static void check_program(ad_tape *tape, const char *text, int in_count, const ad_var *in,
                          int out_count, const ad_var *out, double at)
{
    void *x[REPLAY_MOST], *z[REPLAY_MOST];
    cr_assert_eq(ad_tape_status(tape), AD_OK, "%s: %s", text, ad_tape_message(tape));
    for (int i = 0; i < in_count; i++) {
        size_t n = ad_count(in[i]);
        x[i] = calloc(n + 1, sizeof(double));
        for (size_t k = 0; k < n; k++) {
            if (ad_type_of(in[i]) == AD_F64) {
                ((double *)x[i])[k] = at + 0.01 * (double)k;
            } else if (ad_type_of(in[i]) == AD_F32) {
                ((float *)x[i])[k] = (float)at + 0.01F * (float)k;
            } else {
                ((int64_t *)x[i])[k] = 1;
            }
        }
    }
    for (int j = 0; j < out_count; j++) {
        z[j] = calloc(ad_count(out[j]) + 1, sizeof(double));
    }
    ad_fn *f = ad_fn_new(tape, in_count, in, out_count, out);
    cr_assert_not_null(f, "%s: %s", text, ad_tape_message(tape));
    check_run(f, text, (const void *const *)x, z);
    ad_fn_free(f);
    for (int i = 0; i < in_count; i++) {
        free(x[i]);
    }
    for (int j = 0; j < out_count; j++) {
        free(z[j]);
    }
}

static ad_var leaf_of(ad_tape *tape, ad_type type, ad_shape shape, double at)
{
    size_t n = ad_shape_count(&shape);
    double *wide = calloc(n + 1, sizeof *wide);
    float *narrow = calloc(n + 1, sizeof *narrow);
    for (size_t i = 0; i < n; i++) {
        wide[i] = at + 0.01 * (double)i;
        narrow[i] = (float)wide[i];
    }
    ad_var x = ad_input_array(tape, type, shape, type == AD_F64 ? (void *)wide : (void *)narrow);
    free(wide);
    free(narrow);
    return x;
}

static void check_replay(const replay *r)
{
    ad_tape *tape = ad_tape_new();
    ad_var in[REPLAY_MOST], out[REPLAY_MOST];
    double at = 0.5 * (r->lo + r->hi);
    for (int i = 0; i < r->in_count; i++) {
        in[i] = leaf_of(tape, r->type, r->shape[i], at);
    }
    r->build(tape, in, out, r->user);
    check_program(tape, r->text, r->in_count, in, r->out_count, out, at);
    ad_tape_free(tape);
}

Test(fn_workspace, runs_of_every_row_ask_for_no_memory)
{
    each_row(check_replay);
}

Test(fn_workspace, runs_of_every_structured_operation_ask_for_no_memory)
{
    each_sample(check_replay);
}

/* ---- scratch that depends on axes ---- */

static ad_axes axes_of(unsigned mask)
{
    int axis[AD_MAX_RANK], count = 0;
    for (int i = 0; i < AD_MAX_RANK; i++) {
        if (mask >> i & 1) {
            axis[count++] = i;
        }
    }
    return ad_axes_of(count, axis, 0);
}

Test(fn_workspace, reductions_over_any_axes_take_the_scratch_that_was_reserved)
{
    const ad_shape shapes[] = {AD_SHAPE(3, 4, 5), AD_SHAPE(1, 4, 1), AD_SHAPE(2, 0, 3),
                               AD_SHAPE(40, 1, 70), AD_SHAPE(300, 3, 2)};
    for (size_t s = 0; s < sizeof shapes / sizeof *shapes; s++) {
        for (unsigned mask = 0; mask < 8; mask++) {
            for (int type = AD_F64; type <= AD_F32; type++) {
                ad_tape *tape = ad_tape_new();
                ad_var x = leaf_of(tape, (ad_type)type, shapes[s], 0.25);
                ad_axes axes = axes_of(mask);
                ad_var y[REPLAY_MOST] = {ad_sum(x, axes), ad_norm(x, axes), ad_logsumexp(x, axes),
                                         ad_softmax(x, axes), ad_log_softmax(x, axes)};
                int count = 5;
                if (ad_count(x) > 0) {
                    y[count++] = ad_max(x, axes);
                    y[count++] = ad_argmin(x, axes);
                }
                for (int j = 0; j < count; j++) {
                    check_program(tape, "reduction", 1, &x, 1, &y[j], 0.25);
                }
                check_program(tape, "reductions", 1, &x, count, y, 0.25);
                ad_tape_free(tape);
            }
        }
    }
}

/* ---- arguments in a list ---- */

static ad_status add_all(void *user, int count, const ad_custom_array *x, ad_custom_array *z,
                         ad_error *error)
{
    (void)user, (void)error;
    for (size_t i = 0; i < z->count; i++) {
        double sum = 0;
        for (int k = 0; k < count; k++) {
            sum += ((const double *)x[k].data)[i];
        }
        ((double *)z->data)[i] = sum;
    }
    return AD_OK;
}

Test(fn_workspace, an_operation_may_have_any_number_of_arguments)
{
    static const ad_custom_op all = {.name = "all", .eval = add_all};
    for (int count = 1; count <= 20; count++) {
        ad_tape *tape = ad_tape_new();
        ad_var x = leaf_of(tape, AD_F64, AD_SHAPE(3), 1), many[20];
        for (int i = 0; i < count; i++) {
            many[i] = ad_mul(x, i);
        }
        ad_var y[2] = {ad_custom(&all, NULL, count, many), ad_concat(count, many, 0)};
        check_program(tape, "many arguments", 1, &x, 2, y, 1);
        ad_tape_free(tape);
    }
}

/* ---- a step of training ---- */

enum { ROWS = 64, PIXELS = 30, HIDDEN = 20, CLASSES = 10 };

typedef struct training {
    float v[PIXELS * HIDDEN], b[HIDDEN], w[HIDDEN * CLASSES], x[ROWS * PIXELS];
    int64_t labels[ROWS];
} training;

static void fill(training *t)
{
    *t = (training){.b = {0}};
    for (int i = 0; i < PIXELS * HIDDEN; i++) {
        t->v[i] = (float)(i % 7) / 10 - 0.3F;
        t->w[i % (HIDDEN * CLASSES)] = (float)(i % 5) / 10 - 0.2F;
    }
    for (int i = 0; i < ROWS * PIXELS; i++) {
        t->x[i] = (float)(i * 37 % 101) / 101;
        t->labels[i % ROWS] = i % CLASSES;
    }
}

/* The cost of pixels and labels, and gradient descent. */
static ad_fn *compile(training *t, const ad_fn_options *options)
{
    ad_tape *tape = ad_tape_new();
    ad_var p[3] = {ad_input_view(tape, AD_F32, AD_SHAPE(PIXELS, HIDDEN), t->v),
                   ad_input_view(tape, AD_F32, AD_SHAPE(HIDDEN), t->b),
                   ad_input_view(tape, AD_F32, AD_SHAPE(HIDDEN, CLASSES), t->w)};
    ad_var in[2] = {ad_input_array(tape, AD_F32, AD_SHAPE(ROWS, PIXELS), t->x),
                    ad_input_array(tape, AD_I64, AD_SHAPE(ROWS), t->labels)};
    ad_var logits = ad_matmul(ad_relu(ad_add(ad_matmul(in[0], p[0]), p[1])), p[2]), dp[3];
    ad_var right = ad_gather(ad_log_softmax(logits, AD_AXES(1)), ad_expand_dims(in[1], 1), 1);
    ad_var cost = ad_neg(ad_mean(right, AD_ALL));
    ad_grad(cost, 3, p, dp);
    for (int i = 0; i < 3; i++) {
        ad_assign(p[i], ad_sub(p[i], ad_mul(0.1, dp[i])));
    }
    cr_assert_eq(ad_tape_status(tape), AD_OK, "%s", ad_tape_message(tape));
    ad_fn *f = ad_fn_new_with(tape, 2, in, 1, &cost, options);
    cr_expect_eq(ad_tape_status(tape), f != NULL ? AD_OK : AD_ERR_MEMORY);
    ad_tape_free(tape);
    return f;
}

static void train(int threads)
{
    static training t;
    ad_failing_allocator state = {.fail_at = SIZE_MAX};
    ad_allocator allocator = ad_allocator_failing(&state);
    fill(&t);
    ad_fn *f = compile(&t, &(ad_fn_options){.allocator = &allocator, .threads = threads});
    cr_assert_not_null(f);
    counter c = {0, 0};
    ad_workspace_free(ad_workspace_new(f, &(ad_allocator){count_resize, &c}));
    cr_expect_eq(c.bytes, ad_fn_workspace_bytes(f));
    state.fail_at = state.requests;
    state.fail_forever = 1;
    float now = 0, first = 0;
    for (int i = 0; i < 20; i++) {
        cr_assert_eq(ad_fn_run(f, (const void *[]){t.x, t.labels}, (void *[]){&now}), AD_OK, "%s",
                     ad_fn_message(f));
        first = i == 0 ? now : first;
    }
    cr_expect_lt(now, first);
    cr_expect_eq(state.requests, state.fail_at);
    cr_expect_eq(f->own->scratch_used, f->plan.call_bytes);
    ad_fn_free(f);
    cr_expect_eq(state.live, 0);
}

Test(fn_workspace, a_step_of_training_asks_for_no_memory)
{
    for (int threads = 1; threads <= 3; threads++) {
        train(threads);
    }
}

Test(fn_workspace, each_allocation_of_compiling_may_fail)
{
    static training t;
    ad_fn *f = NULL;
    for (size_t fail_at = 0; f == NULL; fail_at++) {
        ad_failing_allocator state = {.fail_at = fail_at};
        ad_allocator allocator = ad_allocator_failing(&state);
        fill(&t);
        f = compile(&t, &(ad_fn_options){.allocator = &allocator});
        cr_expect(f != NULL || fail_at < state.requests);
        cr_expect_eq(f == NULL ? state.live : 0, 0, "request %zu: %zu blocks left", fail_at,
                     state.live);
        cr_assert_lt(fail_at, 1000);
        if (f != NULL) {
            cr_expect_gt(fail_at, 5); /* the program, its tables, the plan, a workspace */
            ad_fn_free(f);
            cr_expect_eq(state.live, 0);
            break;
        }
    }
}
