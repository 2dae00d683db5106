/* SPDX-License-Identifier: MIT */
/* Each example is run as a user would run it, and the numbers that it prints are compared with the
 * notes' or stay in an interval. */
#include "close.h"
#include "files.h"
#include "reference/notes.h"

#include <criterion/criterion.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { OUTPUT = 1 << 16 };

/* What the example prints, errors included; it must succeed, or must fail. */
static const char *run(const char *example, const char *arguments, int must_fail)
{
    static char text[OUTPUT];
    char command[512];
    const char *build = getenv("WENGERT_BUILD");
    cr_assert_not_null(build, "WENGERT_BUILD must name the folder of the examples: use make test");
    (void)snprintf(command, sizeof command, "%s/examples/%s %s 2>&1", build, example, arguments);
    FILE *pipe = popen(command, "r");
    cr_assert_not_null(pipe);
    text[fread(text, 1, OUTPUT - 1, pipe)] = '\0';
    int result = pclose(pipe);
    cr_assert(WIFEXITED(result) && WEXITSTATUS(result) == must_fail, "%s: status %d:\n%s", command,
              result, text);
    return text;
}

static const char *output_of(const char *example, const char *arguments)
{
    return run(example, arguments, 0);
}

/* Where the text goes on after a label, which must be there. */
static const char *after(const char *text, const char *label)
{
    const char *found = strstr(text, label);
    cr_assert_not_null(found, "no \"%s\" in:\n%s", label, text);
    return found + strlen(label);
}

static double number_after(const char *text, const char *label)
{
    const char *start = after(text, label);
    char *end;
    double number = strtod(start, &end);
    cr_assert_neq(start, end, "no number after \"%s\" in:\n%s", label, text);
    return number;
}

/* Compares the number after a label, which is given as for printf. */
static void AD_PRINTF(4, 5)
    expect_number(const char *text, double want, double tolerance, const char *label, ...)
{
    char line[64];
    va_list arguments;
    va_start(arguments, label);
    (void)vsnprintf(line, sizeof line, label, arguments);
    va_end(arguments);
    expect_close(line, 0, number_after(text, line), want, tolerance);
}

static void expect_between(const char *text, const char *label, double low, double high)
{
    double got = number_after(text, label);
    cr_expect(got >= low && got <= high, "%s%g is not in [%g, %g]", label, got, low, high);
}

Test(examples, derivative_prints_the_closed_forms)
{
    const char *text = output_of("01_derivative", "");
    expect_number(text, -0.75 + sin(3), 1e-15, "\ny ");
    expect_number(text, -0.5 + 2 * cos(3), 1e-15, "dy/dx ");
    expect_number(text, 1.5, 0, "dy/dw ");
    expect_number(text, -4 * sin(3), 1e-15, "d2y/dx2 ");
    expect_number(text, 6.75, 1e-15, "dx^3/dx ");
}

Test(examples, perceptron_ends_where_the_notes_end)
{
    const char *text = output_of("02_perceptron", "");
    expect_number(text, notes.code1.final_w_40, 1e-15, "w = ");
    expect_number(text, notes.code1.final_b_40, 1e-15, "b = ");
    expect_number(text, 4.0022640019432767e-07, 0, "loss after 40 steps = ");
}

Test(examples, hidden_node_prints_the_losses_of_the_notes)
{
    const char *text = output_of("03_hidden_node", "");
    expect_number(text, -0.0117148, 1e-5, "tape ");
    expect_number(text, -0.0292506, 1e-5, "misprint ");
    for (int step = 0; step < 50; step += 7) {
        expect_number(text, notes.code2.loss[step], 1e-13, "step %2d  loss ", step);
    }
    expect_between(text, "delta equations: ", 0, 1e-13);
}

Test(examples, nine_parameters_prints_the_gradients_of_the_notes)
{
    const char *text = output_of("04_nine_parameters", "");
    for (int i = 0; i < 2; i++) {
        text = after(text, "output activation: ");
        expect_number(text, notes.nine_parameter[i].z2, 1e-15, "z2    = ");
        expect_number(text, notes.nine_parameter[i].a2, 1e-15, "a2    = ");
        expect_number(text, notes.nine_parameter[i].cost, 1e-15, "C = ");
        expect_number(text, notes.nine_parameter[i].delta2, 1e-15, "dC/dz2    = ");
        expect_number(text, notes.nine_parameter[i].db2, 1e-15, "dC/db2    = ");
        for (int j = 0; j < 2; j++) {
            expect_number(text, notes.nine_parameter[i].z1[j], 1e-14, "z1_%d  = ", j + 1);
            expect_number(text, notes.nine_parameter[i].a1[j], 1e-15, "a1_%d  = ", j + 1);
            expect_number(text, notes.nine_parameter[i].delta1[j], 1e-14, "dC/dz1_%d  = ", j + 1);
            expect_number(text, notes.nine_parameter[i].dw2[j], 1e-14, "dC/dw2_%d  = ", j + 1);
            expect_number(text, notes.nine_parameter[i].dW1[j][0], 1e-14, "dC/dw1_%d1 = ", j + 1);
            expect_number(text, notes.nine_parameter[i].dW1[j][1], 1e-14, "dC/dw1_%d2 = ", j + 1);
            expect_number(text, notes.nine_parameter[i].db1[j], 1e-14, "dC/db1_%d  = ", j + 1);
        }
    }
    expect_between(text, "delta equations: ", 0, 1e-14);
}

/* ---- with figures, which go to a folder of their own */

static const char *figure_folder(void)
{
    static char folder[TEST_PATH];
    cr_assert_eq(mkdir(test_path("figures", folder), 0700), 0);
    return folder;
}

/* Expects a PNG, and removes it. */
static void expect_figure(const char *folder, const char *name)
{
    char path[2 * TEST_PATH];
    size_t bytes;
    (void)snprintf(path, sizeof path, "%s/%s", folder, name);
    unsigned char *data = test_read(path, &bytes);
    cr_expect(bytes > 1000 && memcmp(data, "\x89PNG", 4) == 0, "%s is no picture", path);
    free(data);
    (void)remove(path);
}

Test(examples, nine_parameters_are_drawn_as_a_graph)
{
    static const char *const files[] = {"linear.dot", "sigma.dot"};
    const char *folder = figure_folder();
    (void)output_of("04_nine_parameters", folder);
    for (int i = 0; i < COUNT(files); i++) {
        char path[2 * TEST_PATH], gradient[64];
        size_t bytes;
        (void)snprintf(path, sizeof path, "%s/%s", folder, files[i]);
        (void)snprintf(gradient, sizeof gradient, "gradient %.7g",
                       notes.nine_parameter[i].dW1[0][1]);
        unsigned char *data = test_read(path, &bytes);
        data[bytes] = '\0';
        cr_expect_not_null(strstr((const char *)data, "digraph"));
        cr_expect_not_null(strstr((const char *)data, "w1_12"));
        cr_expect_not_null(strstr((const char *)data, gradient), "no \"%s\"", gradient);
        free(data);
        (void)remove(path);
    }
    (void)rmdir(folder);
}

Test(examples, a_figure_that_cannot_be_drawn_is_a_failure)
{
    static const char *const names[] = {"05_delta_equations", "06_quadratic",
                                        "07_custom_activation", "08_regularisation"};
    for (int i = 0; i < COUNT(names); i++) {
        cr_expect_not_null(strstr(run(names[i], "/no/such/folder", 1), "no figure: /no/such"));
    }
}

Test(examples, delta_equations_agree_at_every_depth)
{
    const char *folder = figure_folder();
    const char *text = output_of("05_delta_equations", folder);
    expect_between(text, "largest difference of all: ", 0, 1e-12);
    expect_figure(folder, "deltas.png");
    (void)rmdir(folder);
}

Test(examples, quadratic_learns_as_the_notes_do)
{
    const char *folder = figure_folder();
    const char *text = output_of("06_quadratic", folder);
    for (int i = 0; i < COUNT(notes.extended_program.mse_at); i++) {
        expect_number(text, notes.extended_program.mse_at[i][1], 1e-12,
                      "step %5.0f  mean squared error ", notes.extended_program.mse_at[i][0]);
    }
    expect_figure(folder, "quadratic.png");
    (void)rmdir(folder);
}

Test(examples, custom_activation_is_right_and_learns)
{
    const char *folder = figure_folder();
    const char *text = output_of("07_custom_activation", folder);
    cr_expect_not_null(strstr(text, "derivatives agree"), "%s", text);
    cr_expect_not_null(strstr(text, "200 of 200 points on the right side"), "%s", text);
    expect_between(text, "epoch  500  cost ", 0, 0.05);
    expect_figure(folder, "spirals.png");
    (void)rmdir(folder);
}

/* 1e-11: l1 = 1 leaves a w of -2e-4, with the rounding errors of w = 1.8. */
Test(examples, regularisation_prints_the_penalties_of_the_notes)
{
    const char *text = output_of("08_regularisation", "");
    for (int i = 0; i < COUNT(notes.code1_l1_after_4000); i++) {
        const char *row = after(text, "l1 = ");
        expect_number(row, notes.code1_l1_after_4000[i].w, 1e-11, "w = ");
        expect_number(row, notes.code1_l1_after_4000[i].b, 1e-11, "b = ");
        expect_number(row, notes.code1_l1_after_4000[i].data_loss, 1e-11, "penalty = ");
        text = row;
    }
    for (int i = 0; i < COUNT(notes.code1_l2_after_4000); i++) {
        const char *row = after(text, "l2 = ");
        expect_number(row, notes.code1_l2_after_4000[i].w, 1e-11, "w = ");
        expect_number(row, notes.code1_l2_after_4000[i].b, 1e-11, "b = ");
        expect_number(row, notes.code1_l2_after_4000[i].data_loss, 1e-11, "penalty = ");
        text = row;
    }
}

Test(examples, regularisation_by_l1_alone_makes_coefficients_vanish)
{
    const char *folder = figure_folder();
    const char *text = output_of("08_regularisation", folder);
    expect_between(text, "\nno penalty ", 0, 0);
    expect_between(text, "\nl2 = 0.02  ", 0, 0);
    expect_between(text, "\nl1 = 0.02  ", 5, 5);
    expect_figure(folder, "coefficients.png");
    (void)rmdir(folder);
}

/* Without MNIST, so that the test needs nothing that is not in the tree. */
Test(examples, mnist_does_with_the_small_digits)
{
    const char *folder = figure_folder();
    const char *text = output_of("09_mnist", folder);
    cr_expect_not_null(strstr(text, "no MNIST"), "%s", text);
    expect_between(text, "delta equations differ by ", 0, 1e-12);
    cr_expect_not_null(strstr(text, "52 derivatives agree"), "%s", text);
    expect_between(text, "\ntest_accuracy=", 0.95, 1);
    const char *last = strstr(text, "test_accuracy=");
    cr_expect_eq(strcspn(last, "\n") + 1, strlen(last), "not the last line: %s", last);
    expect_figure(folder, "mnist_curves.png");
    expect_figure(folder, "mnist_misread.png");
    char log[2 * TEST_PATH];
    (void)snprintf(log, sizeof log, "%s/mnist_log.csv", folder);
    cr_expect_eq(remove(log), 0, "no %s", log);
    (void)rmdir(folder);
}

Test(examples, mnist_says_which_file_is_missing)
{
    const char *text = run("09_mnist", "'' /nonexistent", 1);
    cr_expect_not_null(strstr(text, "/nonexistent/train-images-idx3-ubyte"), "%s", text);
}

/* The parameters are those of the measurements, within what their noise of 0.01 leaves open. */
Test(examples, compiled_fits_an_oscillation_and_writes_it_as_c)
{
    const char *folder = figure_folder();
    const char *text = output_of("10_compiled", folder);
    const char *last = after(text, "\nstep 7 ");
    expect_between(last, "C = ", 0.01, 0.03);
    expect_between(last, "|dC/dp| = ", 0, 1e-10);
    expect_between(last, "p = ", 1.99, 2.01);
    char path[2 * TEST_PATH];
    (void)snprintf(path, sizeof path, "%s/oscillation.c", folder);
    cr_expect_eq(remove(path), 0, "no %s", path);
    (void)rmdir(folder);
}

Test(examples, a_rule_of_ones_own_trains_alike_with_nn_fit_and_by_hand)
{
    const char *text = output_of("11_own_optimiser", "");
    expect_between(text, "F1 = ", 99, 100);
    double cost = number_after(text, "epochs cost = ");
    cr_expect_eq(number_after(text, "steps cost = "), cost);
    cr_expect_not_null(strstr(text, "the weights are the same\n"), "%s", text);
}

Test(examples, a_layer_of_ones_own_is_trained_and_read_back)
{
    const char *text = output_of("12_own_layer", "");
    after(text, "derivatives of the layer: ad_check: 112 derivatives agree");
    const char *second = after(text, "feature 1:");
    expect_between(second, "centre ", 19, 21);
    expect_between(second, "size ", 3, 5); /* 5 sqrt(2 / pi) = 3.99 */
    expect_between(text, "of validation ", 0, 0.05);
    after(text, "read back: the same predictions");
}
