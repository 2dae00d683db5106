/* SPDX-License-Identifier: MIT */
/* Scalar functions over rows: each row has the bits of its own recording. */
#include "autodiff.h"

#include "fn/emitted.h"

#include <criterion/criterion.h>
#include <sys/stat.h>
#include <stdio.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { INPUTS = 3, OUTPUTS = 6 };

/* A value, its gradient, a second derivative and an input. */
static void record(const ad_var *x, ad_var *out)
{
    ad_var y = ad_add(ad_mul(ad_sin(x[0]), ad_exp(ad_mul(x[1], 0.5))),
                      ad_mul(ad_tanh(ad_mul(x[2], x[0])), ad_sqrt(ad_abs(x[1]))));
    out[0] = y;
    ad_grad(y, 3, x, out + 1);
    ad_grad(out[1], 1, x, out + 4);
    out[5] = x[1];
}

static ad_map *compile(const ad_fn_options *options)
{
    ad_tape *tape = ad_tape_new();
    ad_var in[INPUTS], out[OUTPUTS];
    for (int i = 0; i < INPUTS; i++) {
        in[i] = ad_input(tape, i + 0.5);
    }
    record(in, out);
    ad_map *m = ad_map_new(tape, INPUTS, in, OUTPUTS, out, options);
    cr_assert_not_null(m, "%s", ad_tape_message(tape));
    ad_tape_free(tape);
    return m;
}

/* Row by row on a tape. */
static void expected(const double *x, double *y)
{
    ad_tape *tape = ad_tape_new();
    ad_var in[INPUTS], out[OUTPUTS];
    for (int i = 0; i < INPUTS; i++) {
        in[i] = ad_input(tape, x[i]);
    }
    record(in, out);
    for (int j = 0; j < OUTPUTS; j++) {
        y[j] = ad_value(out[j]);
    }
    ad_tape_free(tape);
}

/* x [rows, 3], y [rows, 6], both row by row; then the sums of the columns of y by ad_sum. */
static void check(size_t rows, int threads, const char *native)
{
    const ad_fn_options options = {.threads = threads, .native = native};
    ad_map *m = compile(&options);
    cr_assert_eq(ad_map_is_native(m), native != NULL);
    double *x = malloc((rows * INPUTS + 1) * sizeof *x), *y = malloc((rows * OUTPUTS + 1) * 8);
    double *column = malloc((rows + 1) * sizeof *column);
    ad_rng_fill_normal((ad_rng){.seed = 3}, AD_F64, rows * INPUTS, x);
    ad_column in[INPUTS];
    ad_target out[OUTPUTS], sum[OUTPUTS];
    double sums[OUTPUTS];
    for (int i = 0; i < INPUTS; i++) {
        in[i] = (ad_column){x + i, INPUTS};
    }
    for (int j = 0; j < OUTPUTS; j++) {
        out[j] = (ad_target){y + j, OUTPUTS};
        sum[j] = j == 0 ? (ad_target){column, 1} : (ad_target){&sums[j], 0};
    }
    ad_map_run(m, rows, in, out);
    for (size_t r = 0; r < rows; r++) {
        double want[OUTPUTS];
        expected(x + r * INPUTS, want);
        cr_assert_eq(memcmp(want, y + r * OUTPUTS, sizeof want), 0, "row %zu of %zu", r, rows);
    }
    ad_map_run(m, rows, in, sum);
    for (int j = 0; j < OUTPUTS; j++) {
        ad_tape *tape = ad_tape_new();
        ad_var all = ad_input_array(tape, AD_F64, AD_SHAPE((int64_t)rows, OUTPUTS), y);
        ad_var own = ad_reshape(ad_slice(all, 1, j, j + 1, 1), AD_SHAPE((int64_t)rows));
        double want = ad_value(ad_sum(own, AD_ALL));
        cr_expect(j == 0 || memcmp(&want, &sums[j], sizeof want) == 0, "sum %d of %zu rows", j,
                  rows);
        cr_expect(j > 0 || rows == 0 || memcmp(column, ad_data(own), rows * sizeof want) == 0);
        ad_tape_free(tape);
    }
    free(x), free(y), free(column);
    ad_map_free(m);
}

Test(map, rows_and_sums_have_the_bits_of_recordings)
{
    const size_t rows[] = {0, 1, 7, 31, 32, 33, 400, 513, 1025, 3001};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check(rows[i], 1, NULL);
    }
}

Test(map, any_number_of_threads_gives_the_same_bits)
{
    check(2500, 2, NULL);
    check(2500, 3, NULL);
    check(2500, 7, NULL);
}

Test(map, machine_code_gives_the_same_bits)
{
    const size_t rows[] = {0, 1, 33, 513, 3001};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check(rows[i], 1, "cc");
    }
    check(2500, 3, "cc");
}

/* As of a compiler of C++, which gives functions other names. */
Test(map, a_library_without_the_function_is_no_native_one)
{
    double a[2] = {1, 2}, got[2];
    char path[256];
    strcpy(path, emitted_path("compiler"));
    FILE *script = fopen(path, "w");
    fputs("#!/bin/sh\nfor a; do [ \"$before\" = -o ] && to=$a; before=$a; done\n"
          "echo 'int x;' | cc -shared -x c -o \"$to\" -\n",
          script);
    fclose(script);
    cr_assert_eq(chmod(path, 0700), 0);
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 1), y = ad_square(x);
    ad_map *m = ad_map_new(tape, 1, &x, 1, &y, &(ad_fn_options){.native = path});
    cr_assert_not_null(m, "%s", ad_tape_message(tape));
    cr_expect_not(ad_map_is_native(m));
    ad_map_run(m, 2, (ad_column[]){{a, 1}}, (ad_target[]){{got, 1}});
    cr_expect_eq(got[1], 4);
    remove(path);
    ad_map_free(m);
    ad_tape_free(tape);
}

/* Every triple of these is a row. NaN stays NaN, of whatever bits. */
static void check_special(const ad_fn_options *options)
{
    static const double special[] = {0.0, -0.0,    INFINITY, -INFINITY, NAN,
                                     1.0, -5e-324, 1e308,    -745.2};
    enum { COUNT = sizeof special / sizeof *special, ROWS = COUNT * COUNT * COUNT };
    static double x[ROWS][INPUTS], y[ROWS][OUTPUTS];
    ad_map *m = compile(options);
    ad_column in[INPUTS];
    ad_target out[OUTPUTS];
    for (size_t r = 0; r < ROWS; r++) {
        x[r][0] = special[r % COUNT];
        x[r][1] = special[r / COUNT % COUNT];
        x[r][2] = special[r / COUNT / COUNT];
    }
    for (int i = 0; i < INPUTS; i++) {
        in[i] = (ad_column){&x[0][i], INPUTS};
    }
    for (int j = 0; j < OUTPUTS; j++) {
        out[j] = (ad_target){&y[0][j], OUTPUTS};
    }
    ad_map_run(m, ROWS, in, out);
    for (size_t r = 0; r < ROWS; r++) {
        double want[OUTPUTS];
        expected(x[r], want);
        for (int j = 0; j < OUTPUTS; j++) {
            cr_expect((isnan(want[j]) && isnan(y[r][j])) ||
                          memcmp(&want[j], &y[r][j], sizeof want[j]) == 0,
                      "output %d at %g, %g, %g is %g, not %g", j, x[r][0], x[r][1], x[r][2],
                      y[r][j], want[j]);
        }
    }
    ad_map_free(m);
}

Test(map, special_values_are_those_of_recordings)
{
    check_special(NULL);
    check_special(&(ad_fn_options){.native = "cc"});
}

Test(map, without_a_compiler_a_map_works)
{
    ad_map *m = compile(&(ad_fn_options){.native = "no-such-compiler"});
    cr_expect_not(ad_map_is_native(m));
    ad_map_free(m);
}

/* One result in two columns and in a sum, an input as it is, and sin far from 0. */
static void check_targets(const ad_fn_options *options)
{
    enum { N = 300 };
    static double x[N], a[N], b[2 * N], c[N];
    double sum = 0;
    ad_tape *tape = ad_tape_new();
    ad_var in = ad_input(tape, 1), y = ad_sin(ad_mul(in, in));
    ad_map *m = ad_map_new(tape, 1, &in, 4, (ad_var[]){y, y, in, y}, options);
    cr_assert_not_null(m, "%s", ad_tape_message(tape));
    for (int i = 0; i < N; i++) {
        x[i] = i == 150 ? 1e9 : 0.01 * i;
    }
    ad_map_run(m, N, (ad_column[]){{x, 1}}, (ad_target[]){{a, 1}, {b, 2}, {c, 1}, {&sum, 0}});
    ad_var all = ad_input_array(tape, AD_F64, AD_SHAPE(N), x), want = ad_sin(ad_mul(all, all));
    cr_expect_arr_eq(a, ad_data(want), sizeof a);
    cr_expect_arr_eq(c, x, sizeof c);
    for (int i = 0; i < N; i++) {
        cr_expect_eq(b[2 * i], a[i]);
    }
    cr_expect_eq(sum, ad_value(ad_sum(want, AD_ALL)));
    ad_map_free(m);
    ad_tape_free(tape);
}

Test(map, a_result_may_go_to_several_targets)
{
    check_targets(NULL);
    check_targets(&(ad_fn_options){.native = "cc"});
}

static void check_shared(const ad_fn_options *options)
{
    double weight = 2, x[] = {1, 2, 3}, shared = 10, y[3];
    ad_tape *tape = ad_tape_new();
    ad_var in[] = {ad_input(tape, 1), ad_input(tape, 1)};
    ad_var w = ad_input_view(tape, AD_F64, AD_SCALAR, &weight);
    ad_var z = ad_add(ad_mul(w, in[0]), in[1]);
    ad_map *m = ad_map_new(tape, 2, in, 1, &z, options);
    ad_tape_free(tape);
    ad_map_run(m, 3, (ad_column[]){{x, 1}, {&shared, 0}}, (ad_target[]){{y, 1}});
    cr_expect_arr_eq(y, ((double[]){12, 14, 16}), sizeof y);
    weight = 3;
    ad_map_run(m, 3, (ad_column[]){{x + 2, -1}, {&shared, 0}}, (ad_target[]){{y, 1}});
    cr_expect_arr_eq(y, ((double[]){19, 16, 13}), sizeof y);
    ad_map_free(m);
}

Test(map, an_input_may_be_shared_by_all_rows_and_views_are_read_at_each_run)
{
    check_shared(NULL);
    check_shared(&(ad_fn_options){.native = "cc"});
}

Test(map, refuses_tensors_assignments_guards_sizes_and_limits)
{
    double w = 1;
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 2);
    ad_var t = ad_sum(ad_broadcast_to(x, AD_SHAPE(3)), AD_ALL);
    cr_expect_null(ad_map_new(tape, 1, &x, 1, &t, NULL));
    cr_expect_eq(ad_tape_status(tape), AD_ERR_UNSUPPORTED);
    ad_tape_clear_error(tape);
    ad_var v = ad_input_view(tape, AD_F64, AD_SCALAR, &w), y = ad_mul(v, x);
    ad_assign(v, y);
    cr_expect_null(ad_map_new(tape, 1, &x, 1, &y, NULL));
    cr_expect_eq(ad_tape_status(tape), AD_ERR_STATE);
    ad_tape_clear_error(tape);
    ad_map *m = ad_map_new(tape, 1, &x, 1, &y, &(ad_fn_options){.no_assign = 1});
    cr_expect_not_null(m);
    ad_map_free(m);
    cr_expect_null(ad_map_new(tape, 1, &x, 1, &y, &(ad_fn_options){.guard = 1}));
    cr_expect_eq(ad_tape_status(tape), AD_ERR_UNSUPPORTED);
    ad_tape_clear_error(tape);
    cr_expect_null(ad_map_new(tape, 1, &x, 1, &y, &(ad_fn_options){.resizable = 1}));
    cr_expect_eq(ad_tape_status(tape), AD_ERR_UNSUPPORTED);
    ad_tape_clear_error(tape);
    cr_expect_null(ad_map_new(tape, 1, &x, 1, &y, &(ad_fn_options){.memory = 1 << 20}));
    cr_expect_eq(ad_tape_status(tape), AD_ERR_UNSUPPORTED);
    cr_expect_not_null(strstr(ad_tape_message(tape), "leave out .memory"));
    ad_map_run(NULL, 1, NULL, NULL);
    cr_expect_eq(ad_map_is_native(NULL), 0);
    ad_map_free(NULL);
    ad_tape_free(tape);
}

Test(map, every_failed_allocation_is_reported_and_nothing_is_lost)
{
    for (size_t fail_at = 0, done = 0; !done; fail_at++) {
        ad_failing_allocator state = {.fail_at = fail_at};
        ad_allocator allocator = ad_allocator_failing(&state);
        ad_tape *tape = ad_tape_new();
        ad_var x = ad_input(tape, 2), y = ad_exp(ad_mul(x, x));
        const ad_fn_options options = {.allocator = &allocator, .threads = 2};
        ad_map *m = ad_map_new(tape, 1, &x, 1, &y, &options);
        cr_expect_eq(m == NULL, ad_tape_status(tape) == AD_ERR_MEMORY);
        done = m != NULL;
        ad_map_free(m);
        cr_expect_eq(state.live, 0);
        ad_tape_free(tape);
    }
}
