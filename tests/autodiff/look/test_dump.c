/* SPDX-License-Identifier: MIT */
#include "dump.h"
#include "ops.h"
#include "reverse.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef ad_status dump_function(ad_tape *tape, FILE *out, const ad_dump_options *options);

/* What a dump writes; free it. */
static char *written(dump_function *dump, ad_tape *tape, const ad_dump_options *options)
{
    char *text = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&text, &len);
    cr_assert_eq(dump(tape, out, options), AD_OK);
    (void)fclose(out);
    return text;
}

static int occurrences(const char *text, const char *part)
{
    int count = 0;
    for (const char *at = text; (at = strstr(at, part)) != NULL; at += strlen(part)) {
        count++;
    }
    return count;
}

static void expect_lines(dump_function *dump, ad_tape *tape, const ad_dump_options *options,
                         const char *expected)
{
    char *text = written(dump, tape, options);
    cr_expect_str_eq(text, expected);
    free(text);
}

Test(dump, text_has_a_line_an_operation)
{
    ad_tape *tape = ad_tape_new();
    const double data[] = {1, -2, 0.5, 1e-9, 1e10, 7, 8};
    ad_var w = ad_input_at(tape, 1.764052345967664, "perceptron.c:12");
    ad_var x = ad_input_array_at(tape, AD_F64, AD_SHAPE(3), data, NULL);
    ad_var y = ad_mul_at(w, x, "perceptron.c:15");
    ad_var long_one = ad_input_array_at(tape, AD_F64, AD_SHAPE(7, 1), data, NULL);
    (void)y, (void)long_one;
    expect_lines(ad_dump_text, tape, NULL,
                 "%1  input                     f64 []      1.764052      perceptron.c:12\n"
                 "%2  input                     f64 [3]     1 -2 0.5\n"
                 "%3  ad_mul %1 %2              f64 [3]     1.764052 -3.528105 0.8820262  "
                 "perceptron.c:15\n"
                 "%4  input                     f64 [7, 1]  1 -2 0.5 ... (-2 to 1e+10)\n");
    ad_tape_free(tape);
}

Test(dump, text_shows_names_gradients_and_derivatives)
{
    ad_tape *tape = ad_tape_new();
    ad_var w = ad_input_at(tape, 3.0, NULL), x = ad_input_at(tape, 2.0, NULL), d;
    ad_var z = ad_sin_at(ad_mul_at(w, x, NULL), NULL);
    cr_assert_eq(ad_grad(z, 1, &w, &d), AD_OK);
    ad_label names[] = {{w, "weight", d}, {.x = z, .name = "z"}, {.x = ad_literal(3), .name = "-"}};
    char *text = written(ad_dump_text, tape, &(ad_dump_options){.count = 3, .label = names});
    cr_expect(strstr(text, "%1   weight  input                     f64 []      3             "
                           "gradient 1.920341\n"),
              "%s", text);
    cr_expect(strstr(text, "         ad_mul %1 %2 "), "%s", text);
    cr_expect(strstr(text, "z       ad_sin %3 "), "%s", text);
    cr_expect(strstr(text, "ad_cos' %3 "), "%s", text);
    free(text);
    ad_tape_free(tape);
}

Test(dump, what_is_not_finite_or_empty_is_said)
{
    ad_tape *tape = ad_tape_new();
    const float data[] = {1, NAN, 3, -INFINITY, 5, 6, 7, 8};
    const double nans[] = {NAN, -INFINITY, NAN, NAN, NAN, NAN, NAN, NAN};
    ad_input_array_at(tape, AD_F32, AD_SHAPE(2, 4), data, NULL);
    ad_input_array_at(tape, AD_F64, AD_SHAPE(8), nans, NULL);
    ad_input_array_at(tape, AD_I64, AD_SHAPE(0, 2), NULL, NULL);
    expect_lines(ad_dump_text, tape, NULL,
                 "%1  input                     f32 [2, 4]  1 nan 3 ... (1 to 8, 2 not finite)\n"
                 "%2  input                     f64 [8]     nan -inf nan ... (8 not finite)\n"
                 "%3  input                     i64 [0, 2]  empty\n");
    ad_tape_free(tape);
}

Test(dump, only_what_a_result_was_made_of_is_dumped)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input_at(tape, 2.0, NULL), y = ad_input_at(tape, 5.0, NULL);
    ad_var z = ad_square_at(x, NULL);
    (void)ad_square_at(y, NULL);
    expect_lines(ad_dump_text, tape, &(ad_dump_options){.results = 1, .y = &z},
                 "%1  input                     f64 []      2\n"
                 "%3  ad_square %1              f64 []      4\n");
    char *text =
        written(ad_dump_dot, tape, &(ad_dump_options){.results = 2, .y = (ad_var[]){z, x}});
    cr_expect(strstr(text, "n1 -> n3;") && !strstr(text, "  n2 "), "%s", text);
    free(text);
    ad_tape_free(tape);
}

Test(dump, a_graph_has_a_node_a_value_and_an_edge_an_argument)
{
    ad_tape *tape = ad_tape_new();
    const double data[] = {0.25, 0.5};
    ad_var w = ad_input_at(tape, 3.0, "a \"b\" \\ c.c:1"), d;
    ad_var x = ad_input_array_at(tape, AD_F64, AD_SHAPE(2), data, NULL);
    ad_var z = ad_add_at(ad_mul_at(w, x, NULL), ad_literal(0.5), NULL);
    ad_var y = ad_sum_at(ad_mul_at(z, ad_literal(0.5), NULL), AD_ALL, NULL);
    size_t forward = ad_tape_len(tape);
    cr_assert_eq(ad_grad(y, 1, &w, &d), AD_OK);
    ad_label names[] = {{w, "w", d}, {.x = z, .name = "z"}};
    ad_dump_options options = {.results = 1, .y = &y, .count = 2, .label = names};
    char *text = written(ad_dump_dot, tape, &options);
    cr_expect_eq(strncmp(text, "digraph tape {\n", 15), 0);
    cr_expect_str_eq(text + strlen(text) - 2, "}\n");
    /* w, x, mul, add, mul, sum, and 0.5 at each of its two uses */
    cr_expect_eq(occurrences(text, "[label="), 8, "%s", text);
    cr_expect_eq(forward, 7, "while the tape has one 0.5");
    cr_expect_eq(occurrences(text, " -> "), 7, "%s", text);
    cr_expect(strstr(text, "n1 [label=\"w\\n3\\ngradient 0.375\", shape=box, "), "%s", text);
    cr_expect(strstr(text, "tooltip=\"a \\\"b\\\" \\\\ c.c:1\"];"), "%s", text);
    cr_expect(strstr(text, "[label=\"z = add\\n[2]\\n1.25 to 2\""), "%s", text);
    cr_expect(strstr(text, "[label=\"input\\n[2]\\n0.25 to 0.5\", shape=box]"), "%s", text);
    cr_expect(strstr(text, "[label=\"0.5\", shape=plaintext"), "%s", text);
    cr_expect_eq(occurrences(text, "#dddddd"), 0, "%s", text);
    free(text);
    text = written(ad_dump_dot, tape, NULL);
    cr_expect_gt(occurrences(text, "#dddddd"), 0, "derivatives are grey");
    free(text);
    ad_tape_free(tape);
}

Test(dump, an_error_of_the_tape_is_shown_with_what_came_before)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input_at(tape, 2.0, NULL);
    ad_tape_fail(tape, AD_ERR_SHAPE, "train", "t.c:1", "no \"rows\"");
    ad_label dead = {.x = ad_square_at(x, NULL), .name = "dead"};
    ad_dump_options options = {.count = 1, .label = &dead};
    expect_lines(ad_dump_text, tape, &options,
                 "error: train: no \"rows\" (t.c:1)\n"
                 "%1  input                     f64 []      2\n");
    char *text = written(ad_dump_dot, tape, &options);
    cr_expect(strstr(text, "label=\"train: no \\\"rows\\\" (t.c:1)\";"), "%s", text);
    free(text);
    options = (ad_dump_options){.results = 1, .y = &dead.x};
    cr_expect_eq(ad_dump_text(tape, stderr, &options), AD_ERR_STALE);
    ad_tape_free(tape);
}

Test(dump, mistakes_and_failed_writes_have_a_status)
{
    ad_tape *tape = ad_tape_new(), *other = ad_tape_new();
    ad_var x = ad_input(tape, 2.0), far = ad_input(other, 1.0);
    cr_expect_eq(ad_dump_text(tape, NULL, NULL), AD_ERR_DOMAIN);
    cr_expect_eq(ad_dump_dot(NULL, stderr, NULL), AD_ERR_DOMAIN);
    ad_dump_options options = {.results = 1, .y = &far};
    cr_expect_eq(ad_dump_dot(tape, stderr, &options), AD_ERR_FOREIGN);
    FILE *full = fopen("/dev/full", "w");
    cr_assert_not_null(full);
    cr_expect_eq(ad_dump_text(tape, full, NULL), AD_ERR_IO);
    (void)fclose(full);
    cr_expect(ad_tape_status(tape) == AD_OK && ad_value(x) == 2, "the tape is untouched");
    ad_tape_free(other);
    ad_tape_free(tape);
}

Test(dump, a_failed_allocation_has_a_status)
{
    for (size_t n = 0;; n++) {
        ad_failing_allocator state = {.fail_at = n};
        ad_allocator allocator = ad_allocator_failing(&state);
        ad_tape *tape = ad_tape_new_in(&allocator);
        ad_status status = AD_ERR_MEMORY;
        if (tape != NULL) {
            char *text = NULL;
            size_t len = 0;
            FILE *out = open_memstream(&text, &len);
            status = ad_dump_text(tape, out, NULL);
            (void)fclose(out);
            free(text);
        }
        int failed = state.requests > n;
        cr_assert_eq(status, failed ? AD_ERR_MEMORY : AD_OK);
        ad_tape_free(tape);
        cr_assert_eq(state.live, 0);
        if (!failed) {
            break;
        }
    }
}
