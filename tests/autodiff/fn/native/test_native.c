/* SPDX-License-Identifier: MIT */
/* Machine code by a C compiler: the bits of the recording, and what happens without one. */
#include "fn/emitted.h"
#include "fn/native/native_internal.h"
#include "fn/replay.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const ad_fn_options native = {.native = "cc"};

/* ---- bits ---- */

/* Rows and columns that are spread over pieces, whose ends do not meet those of rows; two blocks
 * that differ in their places alone; products large and small, and what is computed over them. */
static void build_tensors(ad_tape *tape, const ad_var *in, ad_var *out, void *user)
{
    (void)tape, (void)user;
    ad_var x = in[0], row = in[1], column = in[2], w = in[3];
    ad_var y = ad_tanh(ad_fma(x, row, column));
    ad_var z = ad_sigmoid(ad_add(ad_matmul(y, w), ad_sum(row, AD_ALL)));
    ad_var again = ad_tanh(ad_fma(y, row, column));
    out[0] = ad_add(ad_mean(ad_square(z), AD_ALL), ad_sum(ad_mul(again, x), AD_ALL));
    out[1] = ad_slice(ad_exp(ad_neg(x)), 0, 1, 3, 1);
    ad_grad(out[0], 4, in, out + 2);
}

static void check_tensors(ad_type type, int64_t rows, int64_t columns, int64_t hidden, int threads)
{
    const replay r = {.text = "tensors",
                      .in_count = 4,
                      .out_count = 6,
                      .type = type,
                      .shape = {AD_SHAPE(rows, columns), AD_SHAPE(columns), AD_SHAPE(rows, 1),
                                AD_SHAPE(columns, hidden)},
                      .lo = -1,
                      .hi = 2,
                      .build = build_tensors};
    test_replay(&r, &(ad_fn_options){.native = "cc", .threads = threads});
}

Test(native, tensors_have_the_bits_of_the_recording, .timeout = 300)
{
    check_tensors(AD_F64, 5, 2, 3, 1);
    check_tensors(AD_F64, 100, 7, 2, 1);
    check_tensors(AD_F32, 61, 50, 40, 1);
    check_tensors(AD_F64, 4, 1100, 3, 1);
    check_tensors(AD_F32, 700, 33, 300, 1);
}

Test(native, threads_have_the_bits_of_the_recording, .timeout = 300)
{
    for (int threads = 2; threads <= 7; threads += 1 + threads) {
        check_tensors(AD_F64, 600, 61, 100, threads);
    }
}

/* Long runs of scalars, in parts. */
static void build_scalars(ad_tape *tape, const ad_var *in, ad_var *out, void *user)
{
    const int steps = *(const int *)user;
    ad_var x = in[0], y = in[1];
    (void)tape;
    for (int i = 0; i < steps; i++) {
        ad_var next = ad_add(ad_mul(x, ad_cos(y)), 0.1);
        y = ad_sub(y, ad_mul(0.01, ad_exp(ad_neg(x))));
        x = next;
    }
    out[0] = ad_hypot(x, y);
    ad_grad(out[0], 2, in, out + 1);
}

Test(native, scalars_have_the_bits_of_the_recording, .timeout = 300)
{
    int steps[] = {1, 40, 700};
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        const replay r = {.text = "scalars",
                          .in_count = 2,
                          .out_count = 3,
                          .type = AD_F64,
                          .shape = {AD_SCALAR, AD_SCALAR},
                          .lo = 0.5,
                          .hi = 1,
                          .build = build_scalars,
                          .user = &steps[i]};
        test_replay(&r, &native);
    }
}

/* Every operation in one function, since a compiler's start takes longer than all of them. */
enum { MOST = 160 };
static int draw_rows(ad_type type, ad_tape *tape, ad_var *in, ad_var *out)
{
    int count = 0;
    double x[3][15];
    float y[3][15];
    for (int a = 0; a < 3; a++) {
        for (int i = 0; i < 15; i++) {
            x[a][i] = 0.3 + 0.04 * i + 0.01 * a;
            y[a][i] = (float)x[a][i];
        }
        in[a] = ad_input_array(tape, type,
                               a == 0   ? AD_SHAPE(5, 3)
                               : a == 1 ? AD_SHAPE(3)
                                        : AD_SHAPE(5, 1),
                               type == AD_F64 ? (const void *)x[a] : (const void *)y[a]);
    }
    for (const ad_op *const *op = ad__catalogue; *op != NULL; op++) {
        if ((*op)->arity > 0) {
            cr_assert_lt(count, MOST);
            out[count++] = ad__record(*op, (*op)->arity, in, NULL, 0);
        }
    }
    return count;
}

static void check_rows(ad_type type)
{
    ad_tape *tape = ad_tape_new();
    ad_var in[3], out[MOST];
    void *got[MOST];
    const void *at[3];
    int count = draw_rows(type, tape, in, out);
    ad_fn *f = ad_fn_new_with(tape, 3, in, count, out, &native);
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
    cr_assert(ad_fn_is_native(f), "%s", ad_fn_message(f));
    for (int i = 0; i < 3; i++) {
        at[i] = ad_data(in[i]);
    }
    for (int i = 0; i < count; i++) {
        got[i] = malloc(ad_count(out[i]) * sizeof(double));
    }
    cr_assert_eq(ad_fn_run(f, at, got), AD_OK);
    for (int i = 0; i < count; i++) {
        cr_expect(test_same_elements(ad_type_of(out[i]), ad_count(out[i]), got[i], ad_data(out[i])),
                  "row %d, %s", i, ad_type_name(type));
        free(got[i]);
    }
    ad_fn_free(f);
    ad_tape_free(tape);
}

Test(native, every_row_has_the_bits_of_the_recording, .timeout = 300)
{
    check_rows(AD_F64);
    check_rows(AD_F32);
}

/* ---- assignments, errors, other shapes ---- */

Test(native, an_index_outside_its_axis_is_an_error_and_views_are_assigned)
{
    double w[3] = {1, 2, 3}, got[2];
    int64_t index[2] = {2, 0}, bad[2] = {1, 3};
    ad_tape *tape = ad_tape_new();
    ad_var i = ad_input_array(tape, AD_I64, AD_SHAPE(2), index);
    ad_var v = ad_input_view(tape, AD_F64, AD_SHAPE(3), w);
    ad_var y = ad_take(v, i, 0);
    ad_assign(v, ad_mul(v, 2));
    ad_fn *f = ad_fn_new_with(tape, 1, &i, 1, &y, &native);
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
    cr_assert(ad_fn_is_native(f), "%s", ad_fn_message(f));
    ad_tape_free(tape);
    w[0] = 10, w[1] = 20, w[2] = 30;
    cr_assert_eq(ad_fn_run(f, (const void *[]){index}, (void *[]){got}), AD_OK);
    cr_expect_eq(got[0], 30);
    cr_expect_eq(got[1], 10);
    cr_expect_eq(w[2], 60);
    cr_expect_eq(ad_fn_run(f, (const void *[]){bad}, (void *[]){got}), AD_ERR_INDEX);
    cr_expect(*ad_fn_message(f) != '\0');
    ad_fn_free(f);
}

Test(native, a_resized_function_is_native_too)
{
    double x[6] = {1, 2, 3, 4, 5, 6}, got[6], want[6];
    ad_tape *tape = ad_tape_new();
    ad_var in = ad_input_array(tape, AD_F64, AD_SHAPE(2, 2), x);
    ad_var y = ad_exp(ad_tanh(in));
    ad_fn *f =
        ad_fn_new_with(tape, 1, &in, 1, &y, &(ad_fn_options){.native = "cc", .resizable = 1});
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
    const ad_shape shape = AD_SHAPE(3, 2);
    ad_fn *other = ad_fn_resized(f, &shape, NULL);
    cr_assert_not_null(other);
    cr_expect(ad_fn_is_native(other));
    cr_assert_eq(ad_fn_run(other, (const void *[]){x}, (void *[]){got}), AD_OK);
    ad_read(ad_exp(ad_tanh(ad_input_array(tape, AD_F64, AD_SHAPE(6), x))), 6, want);
    cr_expect_arr_eq(got, want, sizeof want);
    ad_fn_free(other);
    ad_fn_free(f);
    ad_tape_free(tape);
}

Test(native, a_profile_has_the_time_of_each_step)
{
    double x[40] = {0}, got;
    ad_tape *tape = ad_tape_new();
    ad_var in = ad_input_array(tape, AD_F64, AD_SHAPE(20, 2), x);
    ad_var y = ad_sum(ad_exp(ad_max(ad_sin(in), AD_AXES(1))), AD_ALL);
    ad_fn *f = ad_fn_new_with(tape, 1, &in, 1, &y, &native);
    ad_fn_step steps[8];
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
    ad_tape_free(tape);
    cr_assert_leq(ad_fn_step_count(f), 8);
    cr_assert_eq(ad_fn_profile(f, (const void *[]){x}, (void *[]){&got}, 3, 8, steps), AD_OK);
    cr_expect_eq(got, 20);
    for (size_t i = 0; i < ad_fn_step_count(f); i++) {
        cr_expect_geq(steps[i].seconds, 0);
    }
    ad_fn_free(f);
}

/* A run of scalars of more operations than one function of C could have. */
static ad_fn *long_run(int steps, const char *compiler)
{
    ad_tape *tape = ad_tape_new();
    ad_var x[2] = {ad_input(tape, 1), ad_input(tape, 0.5)}, p = x[0], y = x[1], out[3];
    for (int i = 0; i < steps; i++) {
        ad_var slope = ad_sub(p, ad_mul(ad_mul(0.3 + 1e-5 * i, p), y));
        y = ad_add(y, ad_mul(0.001, ad_sub(p, y)));
        p = ad_add(p, ad_mul(0.01, slope));
    }
    out[0] = ad_mul(p, y);
    ad_grad(out[0], 2, x, &out[1]);
    ad_fn *f = ad_fn_new_with(tape, 2, x, 3, out, &(ad_fn_options){.native = compiler});
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
    ad_tape_free(tape);
    return f;
}

Test(native, a_long_run_of_scalars_is_machine_code_in_parts, .timeout = 120)
{
    const double x[2] = {0.9, 0.6};
    double want[3], got[3];
    ad_fn *plain = long_run(1100, NULL), *f = long_run(1100, "cc");
    cr_expect_gt(ad_fn_operation_count(f), 20000);
    cr_expect(ad_fn_is_native(f), "%s", ad_fn_message(f));
    cr_assert_eq(ad_fn_eval(plain, x, want), AD_OK);
    cr_assert_eq(ad_fn_eval(f, x, got), AD_OK);
    cr_expect_arr_eq(got, want, sizeof want);
    ad_fn_free(plain);
    ad_fn_free(f);
}

Test(native, what_is_too_long_stays_the_librarys_and_says_so)
{
    const double x[2] = {0.9, 0.6};
    double got[3];
    ad_fn *f = long_run(20000, "cc");
    cr_expect_not(ad_fn_is_native(f));
    cr_expect_not_null(strstr(ad_fn_message(f), "1 of 1 steps stay"), "%s", ad_fn_message(f));
    cr_expect_eq(ad_fn_eval(f, x, got), AD_OK);
    ad_fn_free(f);
}

Test(native, what_gains_nothing_is_not_compiled_and_says_so)
{
    ad_tape *tape = ad_tape_new();
    ad_var in = ad_input_array(tape, AD_F64, AD_SHAPE(50, 50), (double[2500]){1});
    ad_var y = ad_matmul(in, in);
    ad_fn *f = ad_fn_new_with(tape, 1, &in, 1, &y, &native);
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
    cr_expect_not(ad_fn_is_native(f));
    cr_expect_not_null(strstr(ad_fn_message(f), "none of its steps gains"), "%s", ad_fn_message(f));
    ad_fn_free(f);
    ad_tape_free(tape);
}

/* ---- without a compiler ---- */

Test(native, a_compiler_that_hangs_is_ended_with_all_it_started, .timeout = 30)
{
    int pipe_of[2];
    char byte;
    cr_assert_eq(pipe(pipe_of), 0);
    pid_t child = fork();
    if (child == 0) {
        (void)setpgid(0, 0);
        execl("/bin/sh", "sh", "-c", "sleep 1000 & sleep 1000", NULL);
        _exit(1);
    }
    (void)setpgid(child, child);
    (void)close(pipe_of[1]);
    int status = ad__wait_for_process(child, 1);
    cr_expect(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    cr_expect_eq(read(pipe_of[0], &byte, 1), 0); /* nobody holds its other end any more */
}

static void check_without(const char *compiler, const char *reason)
{
    double x = 2, got = 0;
    ad_tape *tape = ad_tape_new();
    ad_var in = ad_input(tape, 1), y = ad_exp(in);
    ad_fn *f = ad_fn_new_with(tape, 1, &in, 1, &y, &(ad_fn_options){.native = compiler});
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
    cr_expect_not(ad_fn_is_native(f));
    cr_expect_not_null(strstr(ad_fn_message(f), reason), "\"%s\"", ad_fn_message(f));
    cr_assert_eq(ad_fn_eval(f, &x, &got), AD_OK);
    cr_expect_str_eq(ad_fn_message(f), "");
    in = ad_input(tape, 2);
    cr_expect_eq(got, ad_value(ad_exp(in)));
    ad_fn_free(f);
    ad_tape_free(tape);
}

Test(native, without_a_compiler_the_function_works_and_says_why)
{
    check_without("no-such-compiler", "no-such-compiler cannot be run");
    check_without("false", "false failed with status 1");
    check_without("true", "native: ");
    check_without("", "native: ");
    setenv("TMPDIR", "/no/such/folder", 1);
    check_without("cc", "no folder can be made in /no/such/folder");
}

Test(native, a_library_without_the_function_is_no_native_one)
{
    char path[256];
    strcpy(path, emitted_path("compiler"));
    FILE *script = fopen(path, "w");
    fputs("#!/bin/sh\nfor a; do [ \"$before\" = -o ] && to=$a; before=$a; done\n"
          "echo 'int x;' | cc -shared -x c -o \"$to\" -\n",
          script);
    fclose(script);
    cr_assert_eq(chmod(path, 0700), 0);
    check_without(path, "lacks the function");
    remove(path);
}

/* A process that ignores its children learns no status of them. */
Test(native, a_process_that_waits_for_no_child_has_machine_code_too)
{
    ad_tape *tape = ad_tape_new();
    ad_var in = ad_input(tape, 1), y = ad_exp(in);
    cr_assert_neq(signal(SIGCHLD, SIG_IGN), SIG_ERR);
    ad_fn *f = ad_fn_new_with(tape, 1, &in, 1, &y, &native);
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
    cr_expect(ad_fn_is_native(f), "%s", ad_fn_message(f));
    ad_fn_free(f);
    check_without("false", "native: ");
    ad_tape_free(tape);
}

/* ---- memory ---- */

static void *limited(void *user, void *memory, size_t bytes)
{
    long *left = user;
    if (bytes == 0) {
        free(memory);
        return NULL;
    }
    return (*left)-- > 0 ? realloc(memory, bytes) : NULL;
}

Test(native, each_allocation_may_fail, .timeout = 120)
{
    long left = 0;
    int is_made = 0;
    for (long most = 0; !is_made; most++) {
        ad_tape *tape = ad_tape_new();
        ad_var in = ad_input_array(tape, AD_F64, AD_SHAPE(2), (double[]){1, 2}), out[2];
        out[0] = ad_sum(ad_tanh(ad_mul(in, in)), AD_ALL);
        ad_grad(out[0], 1, &in, &out[1]);
        const ad_allocator allocator = {limited, &left};
        left = most;
        ad_fn *f = ad_fn_new_with(tape, 1, &in, 2, out,
                                  &(ad_fn_options){.native = "false", .allocator = &allocator});
        is_made = f != NULL;
        cr_expect(is_made || ad_tape_status(tape) == AD_ERR_MEMORY);
        ad_fn_free(f);
        ad_tape_free(tape);
        cr_assert_lt(most, 100000);
    }
}
