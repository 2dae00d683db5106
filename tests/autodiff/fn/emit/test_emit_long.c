/* SPDX-License-Identifier: MIT */
/* Emitted C of long runs of scalars, and its main with test vectors. */
#include "fn/emitted.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- long runs ---- */

/* x_i <- x_i + h f(x_i, x_(i-1)), again and again: a chain of maps with a gradient. */
static ad_fn *coupled(ad_tape *tape, int steps, int count, ad_var *x, ad_var *out)
{
    ad_var now[64];
    for (int i = 0; i < count; i++) {
        now[i] = x[i] = ad_input(tape, 0.1 * (i + 1));
    }
    for (int s = 0; s < steps; s++) {
        ad_var a = now[s % count], b = now[(s + 1) % count];
        ad_var change = ad_sub(ad_sin(ad_mul(a, b)), ad_div(a, 3));
        now[s % count] = ad_add(a, ad_mul(0.25, change));
    }
    out[0] = ad_square(now[0]);
    for (int i = 1; i < count; i++) {
        out[0] = ad_add(out[0], ad_square(now[i]));
    }
    ad_grad(out[0], count, x, out + 1);
    return ad_fn_new(tape, count, x, count + 1, out);
}

/* Emits, compiles and compares at another point. */
static void check_coupled(int steps, int count, const char *compiler)
{
    ad_tape *tape = ad_tape_new();
    ad_var x[64], out[65];
    double point[64], got[65] = {0}, want[65] = {0};
    const void *in_at[64];
    void *out_at[65];
    ad_fn *f = coupled(tape, steps, count, x, out);
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
    ad_tape_free(tape);
    for (int i = 0; i <= count; i++) {
        point[i % count] = cos(i % count);
        in_at[i % count] = &point[i % count];
        out_at[i] = &got[i];
    }
    emitted *e = emitted_new(f, count, count + 1, 0, NULL, compiler);
    cr_assert_eq(ad_fn_eval(f, point, want), AD_OK);
    in_at[0] = point;
    cr_assert_eq(emitted_run(e, in_at, count + 1 > 32 ? (void *[]){got} : out_at, NULL), 0);
    for (int i = 0; i <= count; i++) {
        cr_expect(same_elements(AD_F64, 1, &got[i], &want[i]), "output %d of %d steps: %a, not %a",
                  i, steps, got[i], want[i]);
    }
    emitted_free(e);
    ad_fn_free(f);
}

Test(emit_long, a_run_in_one_function_has_the_bits_of_the_recording)
{
    check_coupled(20, 3, "gcc");
    check_coupled(20, 40, "gcc"); /* more parameters than are passed one by one */
}

Test(emit_long, a_run_in_parts_has_the_bits_of_the_recording)
{
    check_coupled(300, 3, "gcc");
    check_coupled(2000, 40, "gcc");
}

/* ---- main ---- */

/* Compiles the text in a file, as it stands, with these libraries, and runs its main. */
static int run_main_with(const char *source, const char *libraries)
{
    char program[300], command[1024];
    (void)snprintf(program, sizeof program, "%s.bin", source);
    (void)snprintf(command, sizeof command,
                   "gcc -std=c99 -Wall -Wextra -Wpedantic -Werror -O2 -ffp-contract=off -o %s %s "
                   "%s && %s > /dev/null",
                   program, source, libraries, program);
    int status = system(command);
    remove(program);
    return status;
}

static int run_main(const char *source)
{
    return run_main_with(source, "-lm");
}

/* Changes the first `from` after `where` in a file to `to`. */
static void replace(const char *path, const char *where, const char *from, char to)
{
    static char text[1 << 20];
    FILE *file = fopen(path, "r+");
    cr_assert_not_null(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    char *at = strstr(text, where);
    cr_assert_not_null(at);
    at = strstr(at, from);
    cr_assert_not_null(at);
    fseek(file, at - text, SEEK_SET);
    fputc(to, file);
    fclose(file);
}

Test(emit_main, compares_outputs_and_views_and_leaves_the_views_alone)
{
    double w[2] = {0.5, -2}, x[2] = {3, 4};
    char source[256];
    strcpy(source, emitted_path("main.c"));
    ad_tape *tape = ad_tape_new();
    ad_var in = ad_input_array(tape, AD_F64, AD_SHAPE(2), x);
    ad_var weight = ad_input_view(tape, AD_F64, AD_SHAPE(2), w);
    ad_var out[2] = {ad_sum(ad_tanh(ad_mul(in, weight)), AD_ALL)};
    out[1] = ad_exp(in);
    ad_var slope;
    ad_grad(out[0], 1, &weight, &slope);
    ad_assign(weight, ad_sub(weight, slope));
    ad_fn *f = ad_fn_new(tape, 1, &in, 2, out);
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
    ad_tape_free(tape);
    const double recorded[2] = {w[0], w[1]};
    const ad_emit_options options = {.test = (const void *[]){x}};
    cr_assert_eq(ad_fn_emit_c_with(f, source, "model", &options), AD_OK, "%s", ad_fn_message(f));
    cr_expect_eq(w[0], recorded[0]);
    cr_expect_eq(w[1], recorded[1]);
    cr_expect_eq(run_main(source), 0);
    replace(source, "double changed0", ".", '7');
    cr_expect_neq(run_main(source), 0, "main does not see that a view is another one");
    cr_assert_eq(ad_fn_emit_c_with(f, source, "model", &options), AD_OK);
    replace(source, "double want1", ".", '7');
    cr_expect_neq(run_main(source), 0, "main does not see that an output is another one");
    remove(source);
    ad_fn_free(f);
}

Test(emit_main, takes_more_inputs_than_are_passed_one_by_one)
{
    enum { N = 40 };
    char source[256];
    double x[N];
    ad_var in[N], out[N];
    const void *test[N];
    strcpy(source, emitted_path("main.c"));
    ad_tape *tape = ad_tape_new();
    for (int i = 0; i < N; i++) {
        x[i] = i;
        test[i] = &x[i];
        in[i] = ad_input(tape, 1);
        out[i] = i == 0 ? ad_square(in[0]) : ad_add(in[i], out[i - 1]);
    }
    ad_fn *f = ad_fn_new(tape, N, in, N, out);
    ad_tape_free(tape);
    cr_assert_eq(ad_fn_emit_c_with(f, source, "model", &(ad_emit_options){.test = test}), AD_OK);
    cr_expect_eq(run_main(source), 0);
    remove(source);
    ad_fn_free(f);
}

/* The steps know what the function takes and returns; main is told. */
Test(emit_main, passes_a_workspace_of_scratch_and_looks_at_what_is_returned)
{
    double x[4] = {3, 1, 2, 5};
    int64_t i[2] = {1, 0};
    char source[256];
    strcpy(source, emitted_path("main.c"));
    ad_tape *tape = ad_tape_new();
    ad_var in[2] = {ad_input_array(tape, AD_F64, AD_SHAPE(2, 2), x),
                    ad_input_array(tape, AD_I64, AD_SHAPE(2), i)};
    ad_var out[2] = {ad_det(in[0]), ad_take(in[0], in[1], 0)};
    ad_fn *f = ad_fn_new(tape, 2, in, 2, out);
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
    ad_tape_free(tape);
    const ad_emit_options options = {.test = (const void *[]){x, i}};
    cr_assert_eq(ad_fn_emit_c_with(f, source, "model", &options), AD_OK, "%s", ad_fn_message(f));
    cr_expect_eq(run_main(source), 0);
    replace(source, "int64_t in1[2] = {", "0", '7');
    cr_expect_neq(run_main(source), 0, "main does not see that an index is outside its axis");
    remove(source);
    ad_fn_free(f);
}

/* BLIS's own header, where another's may be the machine's default, asks for more than C99's
 * types. */
#define BLIS "-lblis -lm $(printf ' -isystem %s' /usr/include/*/blis*/)"

Test(emit_main, products_may_be_those_of_a_blas)
{
    static const double wide[6 * 5] = {1, -2, 0.5}, weights[5 * 7] = {0.25, 3, -1};
    static const float narrow[6 * 5] = {1, -2, 0.5f}, weights_f32[5 * 7] = {0.25f, 3, -1};
    for (int type = AD_F64; type <= AD_F32; type++) {
        const void *test[] = {type == AD_F64 ? (const void *)wide : narrow,
                              type == AD_F64 ? (const void *)weights : weights_f32};
        char source[256];
        strcpy(source, emitted_path("blas.c"));
        ad_tape *tape = ad_tape_new();
        ad_var in[] = {ad_input_array(tape, (ad_type)type, AD_SHAPE(6, 5), test[0]),
                       ad_input_array(tape, (ad_type)type, AD_SHAPE(5, 7), test[1])};
        ad_var out[3] = {ad_mean(ad_square(ad_tanh(ad_matmul(in[0], in[1]))), AD_ALL)};
        ad_grad(out[0], 2, in, out + 1);
        ad_fn *f = ad_fn_new(tape, 2, in, 3, out);
        cr_assert_not_null(f, "%s", ad_tape_message(tape));
        const ad_emit_options options = {.cblas = 1, .test = test};
        cr_assert_eq(ad_fn_emit_c_with(f, source, "f", &options), AD_OK, "%s", ad_fn_message(f));
        cr_expect_eq(run_main_with(source, BLIS), 0);
        replace(source, type == AD_F64 ? "cblas_dgemm(" : "cblas_sgemm(", "1, p", '7');
        cr_expect_neq(run_main_with(source, BLIS), 0);
        remove(source);
        ad_fn_free(f);
        ad_tape_free(tape);
    }
}
