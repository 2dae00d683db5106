/* SPDX-License-Identifier: MIT */
/* Every pass of the table, by itself: the same bits, over the whole catalogue and its
 * derivatives. */
#include "fn/passes.h"
#include "fn/replay.h"

#include "fn/passes/passes_internal.h"
#include "operations.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(fn_passes, .init = test_passes_start, .fini = test_passes_stop);

/* Compares each pass alone, and after each other one, on what the outputs are made of. */
static void compare_passes(int in_count, const ad_var *in, int out_count, const ad_var *out,
                           const char *text)
{
    for (const ad__pass *first = ad__passes; first->name != NULL; first++) {
        for (const ad__pass *second = ad__passes; second->name != NULL; second++) {
            ad__program *p = test_capture(in_count, in, out_count, out);
            cr_assert_eq(first->run(p), AD_OK);
            cr_expect_eq(test_differing(p, in, out_count, out), 0, "%s: %s", text, first->name);
            cr_assert_eq(second->run(p), AD_OK);
            cr_expect_eq(test_differing(p, in, out_count, out), 0, "%s: %s, then %s", text,
                         first->name, second->name);
        }
    }
}

static void compare(const replay *r)
{
    ad_var in[REPLAY_MOST], out[REPLAY_MOST];
    test_passes_stop();
    test_passes_start();
    test_record(r, test_tape, 1, in, out);
    compare_passes(r->in_count, in, r->out_count, out, r->text);
}

Test(fn_passes, every_pass_keeps_the_bits_of_every_row_and_its_derivatives)
{
    each_row(compare);
}

Test(fn_passes, every_pass_keeps_the_bits_of_every_sample_and_its_derivatives)
{
    each_sample(compare);
}

/* Two parameters and their updates, whose derivatives share values, with what every pass looks
 * for. */
Test(fn_passes, every_pass_keeps_the_bits_of_a_step_that_assigns)
{
    double w[] = {0.3, -0.7, 1.1}, b = 0.2;
    const double old_w[] = {0.3, -0.7, 1.1}, old_b = b;
    ad_var x = ad_input_array(test_tape, AD_F64, AD_SHAPE(3), TEST_NUMBERS(1, 2, -3)), d[2];
    ad_var v = ad_input_view(test_tape, AD_F64, AD_SHAPE(3), w);
    ad_var u = ad_input_view(test_tape, AD_F64, AD_SCALAR, &b);
    ad_var y = ad_sum(ad_relu(ad_add(ad_mul(v, x), ad_mul(1, u))), AD_ALL);
    cr_assert_eq(ad_grad(ad_square(y), 2, (ad_var[]){v, u}, d), AD_OK);
    ad_var out[3] = {y, ad_sub(v, ad_mul(0.1, d[0])), ad_sub(u, ad_mul(ad_add(0.05, 0.05), d[1]))};
    ad_assign(v, out[1]);
    ad_assign(u, out[2]);
    ad_var late = ad_sum(ad_mul(v, u), AD_ALL); /* reads what was assigned */
    memcpy(w, old_w, sizeof w);
    b = old_b;
    compare_passes(1, &x, 4, (ad_var[]){out[0], out[1], out[2], late}, "a step");
}

Test(fn_passes, every_pass_says_in_a_line_what_it_does)
{
    for (const ad__pass *pass = ad__passes; pass->name != NULL; pass++) {
        cr_expect(pass->times > 0 && strlen(pass->purpose) > 10 && strlen(pass->purpose) < 90, "%s",
                  pass->name);
        cr_expect(ad__is_dump_point(pass->name));
    }
    cr_expect(!ad__is_dump_point("no such pass"));
}

/* ---- what a user may see of them ---- */

/* What is printed with this option, in memory that the next call overwrites. */
static const char *printed(ad_var x, ad_var y, const char *after)
{
    static char text[8000];
    FILE *file = tmpfile();
    const ad_fn_options options = {.dump = file, .dump_after = after};
    ad_fn *f = ad_fn_new_with(test_tape, 1, &x, 1, &y, &options);
    cr_assert_not_null(f, "%s", ad_tape_message(test_tape));
    ad_fn_free(f);
    rewind(file);
    text[fread(text, 1, sizeof text - 1, file)] = '\0';
    (void)fclose(file);
    return text;
}

Test(fn_passes, the_program_can_be_seen_after_each_pass)
{
    ad_var x = ad_input(test_tape, 2), y = ad_sin(ad_mul(x, 1));
    const char *all = printed(x, y, NULL);
    cr_expect_not_null(strstr(all, "after capture:\n"));
    for (const ad__pass *pass = ad__passes; pass->name != NULL; pass++) {
        char head[80];
        (void)snprintf(head, sizeof head, "after %s:\n", pass->name);
        cr_expect_not_null(strstr(printed(x, y, NULL), head), "%s", pass->name);
        cr_expect_eq(strncmp(printed(x, y, pass->name), head, strlen(head)), 0, "%s", pass->name);
    }
    cr_expect_not_null(strstr(printed(x, y, "capture"), "ad_mul %0 %1"));
    cr_expect_null(strstr(printed(x, y, "dce"), "ad_mul"));
    cr_expect_not_null(strstr(printed(x, y, "dce"), "ad_sin %0"));
    cr_expect_not_null(strstr(printed(x, y, "dce"), "test_passes.c:"));
}

Test(fn_passes, a_pass_that_there_is_not_is_an_error_that_names_those_that_there_are)
{
    ad_var x = ad_input(test_tape, 2), y = ad_sin(x);
    const ad_fn_options options = {.dump = stderr, .dump_after = "prune"};
    cr_expect_null(ad_fn_new_with(test_tape, 1, &x, 1, &y, &options));
    cr_expect_eq(ad_tape_status(test_tape), AD_ERR_DOMAIN);
    cr_expect_not_null(strstr(ad_tape_message(test_tape), "\"prune\", which is no pass; there are "
                                                          "capture, "));
}
