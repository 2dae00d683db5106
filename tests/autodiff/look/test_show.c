/* SPDX-License-Identifier: MIT */
#include "fn/replay.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What a function writes; free it. */
static char *written(ad_status (*show)(const ad_fn *f, FILE *out), const ad_fn *f)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    cr_assert_eq(show(f, out), AD_OK);
    (void)fclose(out);
    return text;
}

static ad_status show_costs(const ad_fn *f, FILE *out)
{
    return ad_fn_show_costs(f, out, 0, NULL);
}

static size_t occurrences(const char *text, const char *part)
{
    size_t count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part)) {
        count++;
    }
    return count;
}

static void expect_all(const char *text, const char *const *parts)
{
    for (; *parts != NULL; parts++) {
        cr_expect_eq(occurrences(text, *parts), 1, "'%s' is not there once:\n%s", *parts, text);
    }
}

/* ---- a layer that is a step of its own, and what it costs ---- */

enum { M = 6, K = 5, N = 4 };

static double weights[K * N], bias[N];

/* y = relu(x w + b), and w -= 1 * y's last row sum */
static ad_fn *layer(const ad_allocator *allocator)
{
    static const double x[M * K];
    ad_tape *tape = ad_tape_new();
    ad_var in = ad_input_array_at(tape, AD_F64, AD_SHAPE(M, K), x, "pixels \"here\"");
    ad_var w = ad_input_view(tape, AD_F64, AD_SHAPE(K, N), weights);
    ad_var b = ad_input_view(tape, AD_F64, AD_SHAPE(N), bias);
    ad_var y = ad_relu_at(ad_add_at(ad_matmul_at(in, w, "net.c:1"), b, "net.c:2"), "net.c:3");
    ad_assign(b, ad_add(b, ad_sum(y, AD_AXES(0))));
    ad_fn *f = ad_fn_new_with(tape, 1, &in, 1, &y, &(ad_fn_options){.allocator = allocator});
    cr_expect_eq(ad_tape_status(tape), f != NULL ? AD_OK : AD_ERR_MEMORY);
    ad_tape_free(tape);
    return f;
}

Test(fn_show, text_says_operations_shapes_places_and_lines)
{
    ad_fn *f = layer(NULL);
    char *text = written(ad_fn_show_text, f);
    const char *const parts[] = {
        "inputs 1, outputs 1, assignments 1; ",
        "%0  input 0                     f64 [6, 5]                          pixels \"here\"\n",
        "%1  view                        f64 [5, 4]",
        "  product  288 FLOP",
        "  ad_matmul %0 %1             f64 [6, 4]        panel             net.c:1\n",
        "output 0          net.c:3\n",
        "output 0 = %",
        "view %2 = %",
        NULL};
    expect_all(text, parts);
    free(text);
    ad_fn_free(f);
}

Test(fn_show, the_graph_has_a_cluster_a_step_and_an_edge_an_argument)
{
    ad_fn *f = layer(NULL);
    char *text = written(ad_fn_show_dot, f);
    size_t steps = ad_fn_step_count(f), operations = ad_fn_operation_count(f);
    cr_expect_eq(occurrences(text, "subgraph cluster_"), steps);
    cr_expect_eq(occurrences(text, "    n"), operations);
    cr_expect_eq(occurrences(text, "{"), occurrences(text, "}"));
    /* 2 of matmul, add, sum and the last add, 1 of relu and sum, output and view */
    cr_expect_eq(occurrences(text, " -> "), 2 + 2 + 1 + 1 + 2 + 2);
    const char *const parts[] = {"label=\"matmul\\n[6, 4]\", tooltip=\"net.c:1\"",
                                 "tooltip=\"pixels \\\"here\\\"\"", "label=\"output 0\"", NULL};
    expect_all(text, parts);
    free(text);
    ad_fn_free(f);
}

Test(fn_show, costs_are_those_of_the_shapes)
{
    ad_fn *f = layer(NULL);
    ad_fn_step steps[8];
    ad_fn_operation operations[8];
    size_t count = ad_fn_operation_count(f);
    cr_assert_eq(count, 5);
    cr_assert_eq(ad_fn_costs(f, 8, steps, 8, operations), AD_OK);
    cr_expect_str_eq(steps[0].kind, "product");
    cr_expect_eq(steps[0].operations, 3);
    cr_expect_eq(steps[0].flops, 2 * M * N * K + M * N + M * N);
    cr_expect_eq(steps[0].bytes, 8 * (M * K + K * N + N + M * N));
    cr_expect_eq(steps[0].seconds, 0);
    const struct {
        const char *name;
        double flops, bytes;
    } expected[] = {{"ad_matmul", 2 * M * N * K, 8 * (M * K + K * N)},
                    {"ad_add", M * N, 8 * N},
                    {"ad_relu", M * N, 8 * M * N},
                    {"ad_sum", M * N, 8 * (M * N + N)},
                    {"ad_add", N, 8 * 3 * N}};
    for (size_t i = 0; i < count; i++) {
        cr_expect_str_eq(operations[i].name, expected[i].name);
        cr_expect_eq(operations[i].flops, expected[i].flops, "%s", expected[i].name);
        cr_expect_eq(operations[i].bytes, expected[i].bytes, "%s", expected[i].name);
    }
    cr_expect_str_eq(operations[0].site, "net.c:1");
    cr_expect_eq(operations[3].shape.rank, 1);
    cr_expect_eq(operations[3].shape.len[0], N);
    ad_fn_free(f);
}

Test(fn_show, a_table_of_rows_that_are_picked_counts_what_is_picked)
{
    const double table[1000 * 3] = {0};
    const int64_t rows[2] = {7, 999};
    ad_tape *tape = ad_tape_new();
    ad_var in[2] = {ad_input_array(tape, AD_F64, AD_SHAPE(1000, 3), table),
                    ad_input_array(tape, AD_I64, AD_SHAPE(2), rows)};
    ad_var y = ad_take(in[0], in[1], 0);
    ad_fn *f = ad_fn_new(tape, 2, in, 1, &y);
    ad_fn_step step;
    cr_assert_eq(ad_fn_costs(f, 1, &step, 0, NULL), AD_OK);
    cr_expect_eq(step.flops, 0);
    cr_expect_eq(step.bytes, 8 * (6 + 2 + 6));
    ad_fn_free(f);
    ad_tape_free(tape);
}

/* ---- whatever the program ---- */

static void check_program(const replay *r)
{
    ad_tape *tape = ad_tape_new();
    ad_var in[REPLAY_MOST], out[REPLAY_MOST];
    for (int i = 0; i < r->in_count; i++) {
        in[i] = ad_cast(ad_full(tape, AD_F64, r->shape[i], 0.5 * (r->lo + r->hi)), r->type);
        in[i] = ad_input_array(tape, r->type, r->shape[i], ad_data(in[i]));
    }
    r->build(tape, in, out, r->user);
    ad_fn *f = ad_fn_new(tape, r->in_count, in, r->out_count, out);
    cr_assert_not_null(f, "%s: %s", r->text, ad_tape_message(tape));
    size_t steps = ad_fn_step_count(f), operations = ad_fn_operation_count(f);
    ad_fn_step *step = calloc(steps + 1, sizeof *step);
    ad_fn_operation *operation = calloc(operations + 1, sizeof *operation);
    cr_assert_eq(ad_fn_costs(f, steps, step, operations, operation), AD_OK);
    double flops = 0, bytes = 0;
    size_t at = 0;
    for (size_t s = 0; s < steps; s++) {
        for (size_t i = 0; i < step[s].operations; i++, at++) {
            cr_expect_eq(operation[at].step, s);
            cr_expect_geq(operation[at].flops, 0);
            flops += operation[at].flops;
            bytes += operation[at].bytes;
        }
        flops -= step[s].flops;
        bytes -= strcmp(step[s].kind, "copy") == 0 ? 0 : step[s].bytes;
    }
    cr_expect_eq(at, operations);
    cr_expect_eq(flops, 0, "%s", r->text);
    cr_expect_eq(bytes, 0, "%s", r->text);
    char *text = written(ad_fn_show_text, f), *dot = written(ad_fn_show_dot, f);
    char *table = written(show_costs, f);
    cr_expect_eq(occurrences(text, "\nstep "), steps);
    cr_expect_eq(occurrences(text, "\noutput "), (size_t)r->out_count);
    cr_expect_eq(occurrences(table, "\n"), steps + 2);
    cr_expect_eq(occurrences(dot, "label=\"output "), (size_t)r->out_count);
    free(text);
    free(dot);
    free(table);
    free(step);
    free(operation);
    ad_fn_free(f);
    ad_tape_free(tape);
}

Test(fn_show, every_row_is_shown_with_its_cost)
{
    each_row(check_program);
}

Test(fn_show, every_structured_operation_is_shown_with_its_cost)
{
    each_sample(check_program);
}

Test(fn_show, a_long_run_of_scalars_is_one_node)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 1), y = x;
    for (int i = 0; i < 1000; i++) {
        y = ad_mul(ad_sin(y), x);
    }
    ad_fn *f = ad_fn_new(tape, 1, &x, 1, &y);
    char *text = written(ad_fn_show_dot, f), *table = written(show_costs, f);
    cr_expect_eq(occurrences(text, "label=\"2000 operations\""), 1);
    cr_expect_eq(occurrences(text, " -> "), 2);
    cr_expect_eq(occurrences(table, " ... (2000)"), 1);
    free(text);
    free(table);
    ad_fn_free(f);
    ad_tape_free(tape);
}

Test(fn_show, outputs_may_be_inputs_constants_and_views)
{
    double memory[3] = {1, 2, 3};
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 1), w = ad_input_view(tape, AD_F64, AD_SHAPE(3), memory);
    ad_var out[4] = {x, w, ad_constant(tape, AD_F64, AD_SCALAR, (double[]){2.5}),
                     ad_constant(tape, AD_I64, AD_SHAPE(2), (int64_t[]){1, 2})};
    ad_fn *f = ad_fn_new(tape, 1, &x, 4, out);
    char *text = written(ad_fn_show_text, f), *dot = written(ad_fn_show_dot, f);
    const char *const parts[] = {"output 0 = %0\n", "output 1 = %1\n", "output 2 = 2.5\n",
                                 "output 3 = %3\n", " to output 1\n",  NULL};
    expect_all(text, parts);
    free(text);
    free(dot);
    ad_fn_free(f);
    ad_tape_free(tape);
}

/* ---- measured ---- */

Test(fn_show, a_profile_measures_real_calls)
{
    enum { LEN = 10000, RUNS = 21 };
    static double x[LEN], y[LEN], count = 0;
    ad_tape *tape = ad_tape_new();
    ad_var in = ad_input_array(tape, AD_F64, AD_SHAPE(LEN), x), v = in;
    ad_var n = ad_input_view(tape, AD_F64, AD_SCALAR, &count);
    for (int i = 0; i < 10; i++) {
        v = ad_sin(ad_add(v, 1));
    }
    ad_assign(n, ad_add(n, 1));
    ad_fn *f = ad_fn_new(tape, 1, &in, 1, &v);
    count = 0;
    ad_fn_step steps[9];
    struct timespec start, end;
    clock_gettime(CLOCK_MONOTONIC, &start);
    cr_assert_eq(ad_fn_profile(f, (const void *[]){x}, (void *[]){y}, RUNS, 9, steps), AD_OK);
    clock_gettime(CLOCK_MONOTONIC, &end);
    const double all =
        (double)(end.tv_sec - start.tv_sec) + 1e-9 * (double)(end.tv_nsec - start.tv_nsec);
    cr_expect_eq(count, RUNS);
    cr_expect_neq(y[0], 0);
    double sum = 0;
    size_t longest = 0;
    for (size_t s = 0; s < ad_fn_step_count(f); s++) {
        cr_expect_geq(steps[s].seconds, 0);
        sum += steps[s].seconds;
        longest = steps[s].seconds > steps[longest].seconds ? s : longest;
    }
    cr_expect_gt(sum, 0);
    cr_expect_leq(sum * (RUNS + 1) / 2, all, "as many calls took a median or longer");
    cr_expect_str_eq(steps[longest].kind, "block");
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    cr_expect_eq(ad_fn_show_costs(f, out, 9, steps), AD_OK);
    (void)fclose(out);
    cr_expect_geq(occurrences(text, " 100.0 "), 1, "%s", text);
    free(text);
    ad_fn_free(f);
    ad_tape_free(tape);
}

Test(fn_show, a_profile_gives_the_error_of_a_call)
{
    const double x[3] = {1, 2, 3};
    int64_t place = 1;
    double z;
    ad_tape *tape = ad_tape_new();
    ad_var in[2] = {ad_input_array(tape, AD_F64, AD_SHAPE(3), x),
                    ad_input_array(tape, AD_I64, AD_SHAPE(1), &place)};
    ad_var y = ad_take(in[0], in[1], 0);
    ad_fn *f = ad_fn_new(tape, 2, in, 1, &y);
    ad_fn_step step;
    cr_expect_eq(ad_fn_profile(f, (const void *[]){x, &place}, (void *[]){&z}, 3, 1, &step), AD_OK);
    place = 3;
    cr_expect_eq(ad_fn_profile(f, (const void *[]){x, &place}, (void *[]){&z}, 3, 1, &step),
                 AD_ERR_INDEX);
    ad_fn_free(f);
    ad_tape_free(tape);
}

Test(fn_show, memory_is_the_sum_of_its_parts_and_what_is_held)
{
    const double x[30 * 3 * 5] = {0};
    double y[30 * 3 * 5];
    ad_tape *tape = ad_tape_new();
    ad_var in = ad_input_array(tape, AD_F64, AD_SHAPE(30, 3, 5), x);
    ad_var z = ad_softmax(ad_exp(in), AD_AXES(0, 2));
    ad_fn *f = ad_fn_new(tape, 1, &in, 1, &z);
    ad_fn_memory m = ad_fn_memory_of(f);
    cr_expect_eq(m.scratch, 2 * 3648); /* 450 numbers in another order, and the results */
    cr_expect_eq(m.scratch_used, 0);
    cr_expect_geq(m.tensors, sizeof x);
    cr_expect_gt(m.function, 0);
    cr_assert_eq(ad_fn_run(f, (const void *[]){x}, (void *[]){y}), AD_OK);
    m = ad_fn_memory_of(f);
    cr_expect_eq(m.scratch_used, m.scratch);
    cr_expect_eq(m.workspace, ad_fn_workspace_bytes(f));
    cr_expect_eq(m.workspace, m.tensors + m.scalars + m.addresses + m.tiles + m.scratch + m.head);
    cr_expect_eq(m.workspace_held, m.workspace);
    ad_fn_free(f);
    ad_tape_free(tape);
}

/* ---- what goes wrong ---- */

static ad_status profile(const ad_fn *f, FILE *out)
{
    static double x[M * K], y[M * N];
    ad_fn_step steps[8];
    (void)out;
    return ad_fn_profile(f, (const void *[]){x}, (void *[]){y}, 3, 8, steps);
}

Test(fn_show, each_allocation_may_fail)
{
    static ad_status (*const shows[])(const ad_fn *, FILE *) = {ad_fn_show_text, ad_fn_show_dot,
                                                                show_costs, profile};
    ad_failing_allocator state = {.fail_at = SIZE_MAX};
    ad_allocator allocator = ad_allocator_failing(&state);
    ad_fn *f = layer(&allocator);
    cr_assert_not_null(f);
    size_t live = state.live;
    FILE *out = fopen("/dev/null", "w");
    for (size_t i = 0; i < sizeof shows / sizeof *shows; i++) {
        ad_status status = AD_ERR_MEMORY;
        for (size_t ahead = 0; status != AD_OK; ahead++) {
            state.fail_at = state.requests + ahead;
            status = shows[i](f, out);
            cr_expect(status == AD_OK || status == AD_ERR_MEMORY);
            cr_expect_eq(status == AD_OK, state.requests <= state.fail_at);
            cr_expect_eq(state.live, live);
        }
    }
    (void)fclose(out);
    ad_fn_free(f);
    cr_expect_eq(state.live, 0);
}

Test(fn_show, a_full_disk_is_an_error)
{
    ad_fn *f = layer(NULL);
    FILE *full = fopen("/dev/full", "w");
    if (full != NULL) {
        cr_expect_eq(ad_fn_show_text(f, full), AD_ERR_IO);
        cr_expect_eq(ad_fn_show_dot(f, full), AD_ERR_IO);
        cr_expect_eq(show_costs(f, full), AD_ERR_IO);
        (void)fclose(full);
    }
    ad_fn_free(f);
}

Test(fn_show, missing_arguments_are_errors)
{
    ad_fn *f = layer(NULL);
    double x[M * K] = {0}, y[M * N];
    ad_fn_step step;
    cr_expect_eq(ad_fn_show_text(f, NULL), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_show_text(NULL, stdout), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_show_dot(f, NULL), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_show_dot(NULL, stdout), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_show_costs(f, NULL, 0, NULL), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_show_costs(NULL, stdout, 0, NULL), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_costs(NULL, 0, NULL, 0, NULL), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_costs(f, 1, NULL, 0, NULL), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_costs(f, 0, NULL, 1, NULL), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_costs(f, 0, NULL, 0, NULL), AD_OK);
    const void *in[] = {x};
    void *out[] = {y};
    cr_expect_eq(ad_fn_profile(NULL, in, out, 1, 1, &step), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_profile(f, NULL, out, 1, 1, &step), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_profile(f, in, NULL, 1, 1, &step), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_profile(f, in, out, 0, 1, &step), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_profile(f, in, out, 1, 1, NULL), AD_ERR_DOMAIN);
    cr_expect_eq(ad_fn_profile(f, in, out, 1, 0, NULL), AD_OK);
    cr_expect_eq(ad_fn_profile(f, in, out, 1, 1, &step), AD_OK);
    cr_expect_eq(ad_fn_step_count(NULL), 0);
    cr_expect_eq(ad_fn_operation_count(NULL), 0);
    cr_expect_eq(ad_fn_memory_of(NULL).workspace, 0);
    ad_fn_free(f);
}
