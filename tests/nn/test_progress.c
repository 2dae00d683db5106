/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <criterion/criterion.h>
#include <math.h>
#include <pty.h>
#include <string.h>
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
    cr_expect_str_eq(text, "epoch  1/10  1:01  cost 0.5  absolute error 0.75  validation cost 0.4  "
                           "absolute error 0.8125\n");
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
    cr_expect_str_eq(text, "epoch  1/10  1:01  cost 0.5  accuracy 75.00 %  validation cost 0.4  "
                           "accuracy 81.25 %\n"
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
    fclose(to);
}

Test(progress, a_terminal_gets_a_bar_with_the_time_left_cost_and_last_validation)
{
    int leader, follower;
    if (openpty(&leader, &follower, NULL, NULL, NULL) != 0) {
        cr_skip("there are no pseudo-terminals here");
    }
    FILE *to = fdopen(follower, "w");
    nn_fit_state moments[] = {state(NN_AFTER_BATCH, 1, 5), state(NN_AT_END, 1, 5)};
    nn_progress_terminal(&moments[0], to);
    nn_progress_terminal(&moments[1], to);
    char text[1000] = "";
    size_t len = 0;
    while (strchr(text, '\n') == NULL) {
        ssize_t got = read(leader, text + len, sizeof text - 1 - len);
        cr_assert_gt(got, 0);
        len += (size_t)got;
    }
    cr_expect_str_eq(text, "\r\033[Kepoch  2/10  [==========>         ]  50 %  left 1:12  "
                           "cost 0.125  validation accuracy 81.25 %\r\n");
    fclose(to);
    close(leader);
}
