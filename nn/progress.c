/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <math.h>
#include <unistd.h>

enum { BAR = 20 };

/* "0:07", "12:30", "3:05:00" */
static void print_time(FILE *to, double seconds)
{
    long whole = isfinite(seconds) && seconds < 1e9 ? lround(seconds) : 0;
    long hours = whole / 3600, minutes = whole / 60 % 60;
    if (hours > 0) {
        (void)fprintf(to, "%ld:%02ld:%02ld", hours, minutes, whole % 60);
    } else {
        (void)fprintf(to, "%ld:%02ld", minutes, whole % 60);
    }
}

static void print_metric(FILE *to, const nn_metric *metric, double value)
{
    const char *name = metric->name != NULL ? metric->name : "metric";
    if (!isnan(value)) {
        (void)fprintf(to, metric->percent ? "%s %.2f %%" : "%s %.4g", name,
                      metric->percent ? 100 * value : value);
    }
}

/* "epoch  3/10": the numbers keep their width. */
static void print_epoch(FILE *to, int epoch, int epochs)
{
    int width = 1;
    for (int rest = epochs; rest >= 10; rest /= 10) {
        width++;
    }
    (void)fprintf(to, "epoch %*d/%d", width, epoch, epochs);
}

static void print_finished_epoch(const nn_fit_state *state, FILE *to)
{
    const nn_epoch *entry = &state->history[state->epoch - 1];
    print_epoch(to, state->epoch, state->epochs);
    (void)fputs("  ", to);
    print_time(to, entry->seconds);
    (void)fprintf(to, "  cost %.4g  ", entry->train.cost);
    print_metric(to, &state->metric, entry->train.metric);
    if (!isnan(entry->validation.cost)) {
        (void)fprintf(to, "  validation cost %.4g  ", entry->validation.cost);
        print_metric(to, &state->metric, entry->validation.metric);
    }
    (void)fputc('\n', to);
    (void)fflush(to);
}

void nn_progress_lines(const nn_fit_state *state, FILE *to)
{
    if (state->moment == NN_AFTER_EPOCH) {
        print_finished_epoch(state, to);
    }
}

static void print_bar(const nn_fit_state *state, FILE *to)
{
    double part = state->batches > 0 ? (double)state->batch / (double)state->batches : 0;
    int full = (int)(BAR * part);
    (void)fputs("\r\033[K", to); /* to the begin of the line, and clear it */
    print_epoch(to, state->epoch + 1, state->epochs);
    (void)fputs("  [", to);
    for (int i = 0; i < BAR; i++) {
        (void)fputc(i < full ? '=' : i == full ? '>' : ' ', to);
    }
    (void)fprintf(to, "] %3.0f %%  left ", 100 * part);
    print_time(to, state->left);
    (void)fprintf(to, "  cost %.4g", state->mean.cost);
    if (state->epoch > 0 && !isnan(state->history[state->epoch - 1].validation.metric)) {
        (void)fputs("  validation ", to);
        print_metric(to, &state->metric, state->history[state->epoch - 1].validation.metric);
    }
    (void)fflush(to);
}

void nn_progress_terminal(const nn_fit_state *state, FILE *to)
{
    if (!isatty(fileno(to))) {
        nn_progress_lines(state, to);
        return;
    }
    switch (state->moment) {
    case NN_AFTER_BATCH:
        print_bar(state, to);
        break;
    case NN_AFTER_EPOCH:
        (void)fputs("\r\033[K", to);
        print_finished_epoch(state, to);
        break;
    case NN_AT_END:
        if (state->batch > 0 && state->batch < state->batches) {
            (void)fputc('\n', to); /* stopped within an epoch: the bar stays */
            (void)fflush(to);
        }
        break;
    }
}
