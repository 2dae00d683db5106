/* SPDX-License-Identifier: MIT */
#include <wengert/autodiff.h>
#include <criterion/criterion.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { LEN = 200000 };

/* sin of a tensor, or of a scalar if len is 0. */
static ad_fn *sine(int64_t len, int threads)
{
    double *x = calloc((size_t)len + 1, sizeof *x);
    ad_tape *tape = ad_tape_new();
    ad_var in = ad_input_array(tape, AD_F64, len > 0 ? AD_SHAPE(len) : AD_SCALAR, x);
    ad_var out = ad_sin(in);
    ad_fn *f = ad_fn_new_with(tape, 1, &in, 1, &out, &(ad_fn_options){.threads = threads});
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
    ad_tape_free(tape);
    free(x);
    return f;
}

/* Whether f gives the sines of 0, 1, 2, .. */
static int is_right(ad_fn *f, int64_t len)
{
    size_t count = len > 0 ? (size_t)len : 1;
    double *x = calloc(count, sizeof *x), *y = calloc(count, sizeof *y);
    for (size_t i = 0; i < count; i++) {
        x[i] = (double)i;
    }
    int right = ad_fn_run(f, (const void *[]){x}, (void *[]){y}) == AD_OK;
    for (size_t i = 0; i < count; i++) {
        right &= y[i] == ad_value(ad_sin(ad_literal(x[i])));
    }
    free(x);
    free(y);
    return right;
}

/* Of this process. */
static int threads_now(void)
{
    char line[256];
    int count = 0;
    FILE *file = fopen("/proc/self/status", "r");
    cr_assert_not_null(file);
    while (fgets(line, sizeof line, file) != NULL) {
        count = strncmp(line, "Threads:", 8) == 0 ? (int)strtol(line + 8, NULL, 10) : count;
    }
    fclose(file);
    return count;
}

Test(fn_team, there_are_no_more_threads_than_parts_of_the_work)
{
    int before = threads_now();
    ad_fn *scalar = sine(0, 2000), *few = sine(10, INT_MAX), *many = sine(LEN, INT_MAX);
    cr_expect(is_right(scalar, 0) && is_right(few, 10));
    cr_expect_eq(threads_now(), before);
    cr_expect(is_right(many, LEN));
    cr_expect_gt(threads_now(), before);
    cr_expect_leq(threads_now(), before + LEN / 1000);
    ad_fn_free(scalar);
    ad_fn_free(few);
    ad_fn_free(many);
    cr_expect_eq(threads_now(), before);
}

Test(fn_team, a_map_has_no_more_threads_than_pieces_of_rows)
{
    static double x[LEN], y[LEN];
    int before = threads_now();
    ad_tape *tape = ad_tape_new();
    ad_var in = ad_input(tape, 1), out = ad_sin(in);
    ad_map *m = ad_map_new(tape, 1, &in, 1, &out, &(ad_fn_options){.threads = INT_MAX});
    cr_assert_not_null(m, "%s", ad_tape_message(tape));
    ad_map_run(m, 4, &(ad_column){x, 1}, &(ad_target){y, 1});
    cr_expect_eq(threads_now(), before);
    ad_map_run(m, LEN, &(ad_column){x, 1}, &(ad_target){y, 1});
    cr_expect_gt(threads_now(), before);
    cr_expect_leq(threads_now(), before + 64);
    ad_map_free(m);
    ad_tape_free(tape);
}

/* A child ends with 0 if it could run f and free it. */
static void try_in_child(ad_fn *f)
{
    int status = -1;
    pid_t child = fork();
    if (child == 0) {
        int right = is_right(f, LEN) && is_right(f, LEN);
        ad_fn_free(f);
        _exit(right ? 0 : 1);
    }
    cr_assert_eq(waitpid(child, &status, 0), child);
    cr_expect(WIFEXITED(status) && WEXITSTATUS(status) == 0, "the child's status is %d", status);
}

Test(fn_team, a_forked_process_runs_and_frees_what_its_parent_made, .timeout = 60)
{
    ad_fn *f = sine(LEN, 4);
    try_in_child(f); /* before the first call, and after */
    cr_expect(is_right(f, LEN));
    for (int i = 0; i < 5; i++) {
        try_in_child(f);
    }
    cr_expect(is_right(f, LEN));
    ad_fn_free(f);
}
