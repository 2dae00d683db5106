/* SPDX-License-Identifier: MIT */
#include "train/progress_internal.h"

#include "comma.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <math.h>
#include <pty.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const nn_epoch history[] = {{{0.5, 0.75}, {0.4, 0.8125}, 0.1, 61},
                                   {{0.25, 3.5}, {NAN, NAN}, 0.1, 3723}};

static nn_fit_state state(nn_moment moment, int epoch, int64_t batch)
{
    return (nn_fit_state){.moment = moment,
                          .metric = nn_accuracy,
                          .epoch = epoch,
                          .epochs = 10,
                          .batch = batch,
                          .batches = 10,
                          .mean = {0.125, 0.5},
                          .left = 72,
                          .history = history};
}

Test(progress, a_metric_is_printed_as_it_says_whatever_its_size)
{
    char text[1000] = "";
    FILE *to = fmemopen(text, sizeof text, "w");
    nn_fit_state s = state(NN_AFTER_EPOCH, 1, 10);
    s.metric = nn_absolute_error;
    nn_progress_lines(&s, to);
    fclose(to);
    cr_expect_str_eq(text, "epoch  1/10  1:01  cost 0.5  absolute error 0.75  "
                           "validation 0.4  0.8125\n");
}

Test(progress, lines_are_one_an_epoch)
{
    char text[1000] = "";
    FILE *to = fmemopen(text, sizeof text, "w");
    nn_fit_state moments[] = {state(NN_AFTER_BATCH, 0, 5), state(NN_AFTER_EPOCH, 1, 10),
                              state(NN_AFTER_EPOCH, 2, 10), state(NN_AT_END, 2, 10)};
    for (int i = 0; i < 4; i++) {
        nn_progress_lines(&moments[i], to);
    }
    fclose(to);
    cr_expect_str_eq(text, "epoch  1/10  1:01  cost 0.5  accuracy 75.00 %  "
                           "validation 0.4  81.25 %\n"
                           "epoch  2/10  1:02:03  cost 0.25  accuracy 350.00 %\n");
}

Test(progress, a_file_that_is_no_terminal_gets_lines)
{
    char text[1000] = "";
    FILE *to = tmpfile();
    nn_fit_state batch = state(NN_AFTER_BATCH, 0, 5), epoch = state(NN_AFTER_EPOCH, 1, 10);
    nn_progress_terminal(&batch, to);
    nn_progress_terminal(&epoch, to);
    rewind(to);
    text[fread(text, 1, sizeof text - 1, to)] = '\0';
    cr_expect_eq(strncmp(text, "epoch  1/10  1:01", 17), 0, "%s", text);
    cr_expect_null(strchr(text, '\r'));
    nn_progress_terminal(NULL, to);
    nn_progress_lines(NULL, to);
    nn_progress_terminal(&epoch, NULL);
    nn_progress_lines(&epoch, NULL);
    fclose(to);
}

/* What a terminal of so many columns gets; free() it. */
static char *on_terminal(unsigned short columns, int count, const nn_fit_state *moments)
{
    int leader, follower;
    const struct winsize size = {.ws_row = 24, .ws_col = columns};
    if (openpty(&leader, &follower, NULL, NULL, &size) != 0) {
        cr_skip("there are no pseudo-terminals here");
    }
    FILE *to = fdopen(follower, "w");
    for (int i = 0; i < count; i++) {
        nn_progress_terminal(&moments[i], to);
    }
    (void)fputs("*", to);
    (void)fflush(to);
    char *text = calloc(1, 4000);
    for (size_t len = 0; strchr(text, '*') == NULL;) {
        ssize_t got = read(leader, text + len, 3999 - len);
        cr_assert_gt(got, 0);
        len += (size_t)got;
    }
    *strchr(text, '*') = '\0';
    fclose(to);
    close(leader);
    return text;
}

Test(progress, a_terminal_gets_a_bar_with_the_time_left_cost_and_last_validation)
{
    setenv("TERM", "xterm", 1);
    const nn_fit_state moments[] = {state(NN_AFTER_BATCH, 1, 5), state(NN_AT_END, 1, 5)};
    char *text = on_terminal(100, 2, moments);
    cr_expect_str_eq(text, "\r\033[Kepoch  2/10  [==========>         ]  50 %  left 1:12  "
                           "cost 0.125  validation accuracy 81.25 %\r\n");
    free(text);
}

Test(progress, a_terminal_without_a_size_has_as_many_columns_as_the_environment_says_or_80)
{
    setenv("TERM", "xterm", 1);
    const nn_fit_state batch = state(NN_AFTER_BATCH, 1, 5);
    static const char *const columns[] = {"30", "none", "-5", NULL};
    static const size_t longest[] = {29, 79, 79, 79}, least[] = {20, 60, 60, 60};
    for (int i = 0; i < 4; i++) {
        (void)(columns[i] != NULL ? setenv("COLUMNS", columns[i], 1) : unsetenv("COLUMNS"));
        char *text = on_terminal(0, 1, &batch);
        cr_expect_leq(strlen(text) - strlen("\r\033[K"), longest[i], "%s", text);
        cr_expect_geq(strlen(text) - strlen("\r\033[K"), least[i], "%s", text);
        free(text);
    }
}

Test(progress, a_terminal_that_cannot_go_back_gets_lines_without_escapes)
{
    static const char *const terms[] = {"dumb", "", NULL};
    const nn_fit_state moments[] = {state(NN_AFTER_BATCH, 0, 5), state(NN_AFTER_EPOCH, 1, 10)};
    for (int i = 0; i < 3; i++) {
        (void)(terms[i] != NULL ? setenv("TERM", terms[i], 1) : unsetenv("TERM"));
        char *text = on_terminal(80, 2, moments);
        cr_expect_str_eq(text, "epoch  1/10  1:01  cost 0.5  accuracy 75.00 %  "
                               "validation 0.4  81.25 %\r\n");
        free(text);
    }
}

Test(progress, no_line_is_wider_than_the_terminal_and_what_matters_least_goes_first)
{
    static const char *const bars[][2] = {
        {"200", "epoch  2/10  [==========>         ]  50 %  left 1:12  cost 0.125  "
                "validation accuracy 81.25 %"},
        {"79", "epoch  2/10  [===>  ]  50 %  left 1:12  cost 0.125  validation accuracy 81.25 %"},
        {"59", "epoch  2/10  [=======>       ]  50 %  left 1:12  cost 0.125"},
        {"40", "epoch  2/10  [===>   ]  50 %  cost 0.125"},
        {"8", "epoch  2"},
    };
    static const char *const epochs[][2] = {
        {"79", "epoch  1/10  1:01  cost 0.5  accuracy 75.00 %  validation 0.4  81.25 %"},
        {"66", "epoch  1/10  cost 0.5  accuracy 75.00 %  validation 0.4  81.25 %"},
        {"59", "epoch  1/10  cost 0.5  validation 0.4  81.25 %"},
        {"30", "epoch  1/10  cost 0.5  validat"},
    };
    char line[NN__LINE];
    const nn_fit_state bar = state(NN_AFTER_BATCH, 1, 5), epoch = state(NN_AFTER_EPOCH, 1, 10);
    for (size_t i = 0; i < sizeof bars / sizeof bars[0]; i++) {
        nn__progress_bar(&bar, atoi(bars[i][0]), line);
        cr_expect_str_eq(line, bars[i][1], "%s: \"%s\"", bars[i][0], line);
    }
    for (size_t i = 0; i < sizeof epochs / sizeof epochs[0]; i++) {
        nn__progress_epoch(&epoch, atoi(epochs[i][0]), line);
        cr_expect_str_eq(line, epochs[i][1], "%s: \"%s\"", epochs[i][0], line);
    }
}

/* Of whole letters of UTF-8 in one line, those of three bytes as wide as two. */
static int columns_of(const char *line)
{
    int columns = 0, missing = 0;
    for (const char *at = line; *at != '\0'; at++) {
        int byte = (unsigned char)*at, goes_on = (byte & 0xc0) == 0x80;
        cr_expect(byte >= ' ' && byte != 127 && goes_on == (missing > 0), "\"%s\"", line);
        missing = goes_on ? missing - 1 : (byte >= 0xc0) + (byte >= 0xe0);
        columns += goes_on ? 0 : 1 + (byte >= 0xe0);
    }
    return columns;
}

Test(progress, lines_of_any_numbers_and_names_fit_every_width_and_have_no_gaps)
{
    static char letters[300];
    memset(letters, 'm', sizeof letters - 1);
    /* two columns each */
    static char wide[] = "正解率正解率正解率正解率正解率正解率正解率";
    const char *names[] = {NULL,    "",   "Genauigkeit fürs Prüfen",
                           letters, wide, "two\nlines\r, \x1b[31mred\x7f"};
    enum { NAMES = sizeof names / sizeof names[0] };
    const double numbers[] = {0.5, -1.2345e-300, NAN, INFINITY, 1};
    char line[NN__LINE];
    for (int trial = 0; trial < NAMES * 5 * 3; trial++) {
        double x = numbers[trial / NAMES % 5];
        const nn_epoch entry = {{x, x}, {numbers[trial % 5], x}, 0.1, trial % 3 * 1e7};
        nn_fit_state s = {.epoch = 1,
                          .epochs = trial % 2 ? 3 : 2000000000,
                          .metric = {.name = names[trial % NAMES],
                                     .better = NN_LOWER,
                                     .percent = trial / (NAMES * 5)},
                          .batch = trial % 3 * 50,
                          .batches = 100,
                          .mean = {x, x},
                          .left = x,
                          .history = &entry};
        for (int width = 1; width < 220; width++) {
            for (int kind = 0; kind < 2; kind++) {
                (kind ? nn__progress_bar : nn__progress_epoch)(&s, width, line);
                cr_expect_leq(columns_of(line), width, "\"%s\"", line);
                cr_expect_null(strstr(line, "-nan"), "\"%s\"", line);
                cr_expect(kind || strstr(line + strcspn(line, "/"), "   ") == NULL, "\"%s\"", line);
            }
        }
    }
}

Test(progress, numbers_have_a_point_in_every_locale_and_errno_stays)
{
    (void)test_comma_locale();
    char line[NN__LINE];
    const nn_fit_state epoch = state(NN_AFTER_EPOCH, 1, 10);
    nn__progress_epoch(&epoch, 0, line);
    cr_expect_null(strchr(line, ','), "%s", line);
    FILE *to = tmpfile();
    errno = 0;
    nn_progress_terminal(&epoch, to);
    cr_expect_eq(errno, 0);
    fclose(to);
}
