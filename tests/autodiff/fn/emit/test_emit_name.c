/* SPDX-License-Identifier: MIT */
#include "fn/emitted.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <wengert/autodiff.h>

/* A function with constants, several steps and calls of libm. */
static ad_fn *example(ad_tape *tape)
{
    static const double numbers[40] = {1, 2, 3, 4, 5};
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(40), numbers);
    ad_var c = ad_constant(tape, AD_F64, AD_SHAPE(40), numbers);
    ad_var y = ad_softmax(ad_mul(ad_atan(x), c), AD_ALL), out[2] = {ad_max(y, AD_ALL)};
    ad_grad(out[0], 1, &x, &out[1]);
    ad_fn *f = ad_fn_new(tape, 1, &x, 2, out);
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
    return f;
}

static int compiles(const char *path, const char *compiler)
{
    char command[512];
    (void)snprintf(
        command, sizeof command,
        "%s -Wall -Wextra -Werror -O1 -ffp-contract=off -o %s.bin %s -lm && %s.bin > /dev/null",
        compiler, path, path, path);
    int status = system(command);
    (void)snprintf(command, sizeof command, "%s.bin", path);
    remove(command);
    return status == 0;
}

Test(emit_name, a_name_is_an_identifier_and_no_keyword)
{
    static const char *const names[] = {NULL,   "",       "1a",    "a-b",  "a b",
                                        "main", "while",  "_Bool", "bool", "nullptr",
                                        "asm",  "typeof", "linux"};
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 1), y = ad_exp(x);
    ad_fn *f = ad_fn_new(tape, 1, &x, 1, &y);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cr_expect_eq(ad_fn_emit_c(f, emitted_path("name.c"), names[i]), AD_ERR_DOMAIN);
        cr_expect_neq(access(emitted_path("name.c"), F_OK), 0);
    }
    ad_fn_free(f);
    ad_tape_free(tape);
}

Test(emit_name, those_of_the_library_of_c_are_refused)
{
    static const char *const names[] = {
        "sin",     "exp",           "expf",        "atanl",    "j0",        "fma",
        "memcpy",  "strlen",        "isnan",       "toupper",  "printf",    "malloc",
        "NULL",    "NAN",           "cblas_dgemm", "int8_t",   "_model",    "__x",
        "size_t",  "abs",           "exit",        "STEP",     "lgamma",    "double_t",
        "stdout",  "uint64_t",      "INFINITY",    "HUGE_VAL", "HUGE_VALF", "FP_NAN",
        "M_PI",    "M_2_SQRTPI",    "MATH_ERRNO",  "SEEK_SET", "SIZE_MAX",  "INT64_MAX",
        "UINT8_C", "INT_FAST8_MIN", "BUFSIZ",      "FOPEN_MAX"};
    ad_tape *tape = ad_tape_new();
    ad_fn *f = example(tape);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cr_expect_eq(ad_fn_emit_c(f, emitted_path("name.c"), names[i]), AD_ERR_DOMAIN, "%s",
                     names[i]);
        cr_expect_neq(access(emitted_path("name.c"), F_OK), 0);
    }
    ad_fn_free(f);
    ad_tape_free(tape);
}

/* What is not refused compiles and gives the right results. */
Test(emit_name, any_other_name_that_is_accepted_compiles)
{
    static const char *const names[] = {"f",
                                        "x",
                                        "s",
                                        "w",
                                        "in0",
                                        "out0",
                                        "want0",
                                        "work",
                                        "failed",
                                        "in",
                                        "out",
                                        "step_1",
                                        "step_2",
                                        "c1",
                                        "c3",
                                        "sine",
                                        "sinh_",
                                        "fl",
                                        "l",
                                        "model_workspace",
                                        "compare_results_f64",
                                        "istanbul_",
                                        "a_rather_long_name_that_ends_in_f",
                                        "String",
                                        "integral_t",
                                        "INTEGER",
                                        "M_p",
                                        "MODEL_MAX",
                                        "boolean",
                                        "Linux",
                                        "Main",
                                        "x1",
                                        "z",
                                        "i"};
    static const double at[40] = {0.5, -1, 2};
    const void *test[] = {at};
    int accepted = 0;
    ad_tape *tape = ad_tape_new();
    ad_fn *f = example(tape);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const ad_emit_options options = {.test = test};
        ad_status status = ad_fn_emit_c_with(f, emitted_path("name.c"), names[i], &options);
        if (status == AD_OK) {
            accepted++;
            cr_expect(compiles(emitted_path("name.c"), "gcc -std=c99"), "%s", names[i]);
            cr_expect(compiles(emitted_path("name.c"), "gcc -std=gnu11"), "%s", names[i]);
            remove(emitted_path("name.c"));
        } else {
            cr_expect_eq(status, AD_ERR_DOMAIN, "%s: %s", names[i], ad_fn_message(f));
        }
    }
    cr_expect_gt(accepted, 15);
    ad_fn_free(f);
    ad_tape_free(tape);
}
