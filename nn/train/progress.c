/* SPDX-License-Identifier: MIT */
#include "train/progress_internal.h"
#include "common/text_internal.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---- a line as pieces, some of which may be left out ---- */

enum { PIECES = 6, PIECE = 96, NAME = 48, SHORTEST_BAR = 5, LONGEST_BAR = 20 };

typedef struct piece {
    char text[PIECE]; /* "" if it is left out */
    int rank;         /* the highest is left out first, 0 never */
} piece;

/* Columns that a byte of UTF-8 begins: 10xxxxxx goes on with a letter. Letters of three bytes and
 * more may take two, as Chinese ones do. */
static int columns_at(char c)
{
    unsigned byte = (unsigned char)c;
    return byte >= 0xe0 ? 2 : (byte & 0xc0) != 0x80;
}

static int columns_of(const char *text)
{
    int count = 0;
    for (; *text != '\0'; text++) {
        count += columns_at(*text);
    }
    return count;
}

static int total(const piece *pieces)
{
    int sum = -2;
    for (int i = 0; i < PIECES; i++) {
        sum += pieces[i].text[0] != '\0' ? 2 + columns_of(pieces[i].text) : 0;
    }
    return sum;
}

/* Leaves pieces out until the rest fits. */
static void fit(piece *pieces, int width)
{
    for (int rank = PIECES; rank > 0 && total(pieces) > width; rank--) {
        for (int i = 0; i < PIECES; i++) {
            if (pieces[i].rank == rank) {
                pieces[i].text[0] = '\0';
            }
        }
    }
}

/* Two blanks between pieces; what is still too long is cut. */
static void join(const piece *pieces, int width, char line[static NN__LINE])
{
    line[0] = '\0';
    for (int i = 0; i < PIECES; i++) {
        if (pieces[i].text[0] != '\0') {
            nn__say(line, NN__LINE, "%s%s", line[0] != '\0' ? "  " : "", pieces[i].text);
        }
    }
    char *end = line;
    for (int count = 0; *end != '\0'; end++) {
        count += columns_at(*end);
        if (count > width) {
            *end = '\0';
            return;
        }
    }
}

/* ---- what is said ---- */

/* "0:07", "12:30", "3:05:00" */
static void say_time(char *text, double seconds)
{
    long whole = isfinite(seconds) && seconds < 1e9 ? lround(seconds) : 0;
    long hours = whole / 3600, minutes = whole / 60 % 60;
    if (hours > 0) {
        nn__say(text, PIECE, "%ld:%02ld:%02ld", hours, minutes, whole % 60);
    } else {
        nn__say(text, PIECE, "%ld:%02ld", minutes, whole % 60);
    }
}

static void say_number(char *text, const char *before, double value)
{
    nn__say(text, PIECE, "%s%.4g", before, isnan(value) ? NAN : value); /* no -nan */
}

/* Nothing for a metric that is not there. */
static void say_metric(char *text, const char *before, const nn_metric *metric, double value)
{
    if (isnan(value)) {
        return;
    }
    nn__say(text, PIECE, "%s", before);
    if (metric->percent) {
        nn__say(text, PIECE, "%.2f %%", 100 * value);
    } else {
        nn__say(text, PIECE, "%.4g", value);
    }
}

/* The name and a blank: in one line, and as many whole letters as there is room for. */
static void say_name(char *text, const char *before, const nn_metric *metric)
{
    const char *name = metric->name != NULL && metric->name[0] != '\0' ? metric->name : "metric";
    char line[NAME + 1];
    size_t len = strnlen(name, NAME);
    while (len > 0 && name[len] != '\0' && columns_at(name[len]) == 0) {
        len--;
    }
    for (size_t i = 0; i < len; i++) {
        line[i] = name[i];
        if ((unsigned char)name[i] < ' ' || name[i] == '\x7f') {
            line[i] = ' ';
        }
    }
    nn__say(text, PIECE, "%s%.*s ", before, (int)len, line);
}

/* "epoch  3/10": the numbers keep their width. */
static void say_epoch(char *text, int epoch, int epochs)
{
    int width = 1;
    for (int rest = epochs; rest >= 10; rest /= 10) {
        width++;
    }
    nn__say(text, PIECE, "epoch %*d/%d", width, epoch, epochs);
}

void nn__progress_epoch(const nn_fit_state *state, int width, char line[static NN__LINE])
{
    enum { EPOCH, TIME, COST, METRIC, VALIDATION, VALIDATION_METRIC };
    piece p[PIECES] = {[TIME].rank = 2, [METRIC].rank = 1};
    const nn_epoch *entry = &state->history[state->epoch - 1];
    char name[PIECE] = "";
    say_name(name, "", &state->metric);
    say_epoch(p[EPOCH].text, state->epoch, state->epochs);
    say_time(p[TIME].text, entry->seconds);
    say_number(p[COST].text, "cost ", entry->train.cost);
    say_metric(p[METRIC].text, name, &state->metric, entry->train.metric);
    if (!isnan(entry->validation.cost)) {
        say_number(p[VALIDATION].text, "validation ", entry->validation.cost);
        say_metric(p[VALIDATION_METRIC].text, "", &state->metric, entry->validation.metric);
    }
    width = width > 0 ? width : INT_MAX;
    fit(p, width);
    join(p, width, line);
}

void nn__progress_bar(const nn_fit_state *state, int width, char line[static NN__LINE])
{
    enum { EPOCH, BAR, PART, LEFT, COST, VALIDATION };
    piece p[PIECES] = {
        [PART].rank = 3, [LEFT].rank = 4, [VALIDATION].rank = 5, [COST].rank = 2, [BAR].rank = 1};
    double part = state->batches > 0 ? (double)state->batch / (double)state->batches : 0;
    say_epoch(p[EPOCH].text, state->epoch + 1, state->epochs);
    nn__say(p[BAR].text, PIECE, "[%*s]", SHORTEST_BAR, "");
    nn__say(p[PART].text, PIECE, "%2.0f %%", 100 * part);
    nn__say(p[LEFT].text, PIECE, "left ");
    say_time(p[LEFT].text, state->left);
    say_number(p[COST].text, "cost ", state->mean.cost);
    if (state->epoch > 0) {
        char name[PIECE] = "";
        say_name(name, "validation ", &state->metric);
        say_metric(p[VALIDATION].text, name, &state->metric,
                   state->history[state->epoch - 1].validation.metric);
    }
    width = width > 0 ? width : INT_MAX;
    fit(p, width);
    if (p[BAR].text[0] != '\0') {
        int room = width - total(p);
        int length = room < LONGEST_BAR - SHORTEST_BAR ? SHORTEST_BAR + room : LONGEST_BAR;
        int full = (int)(length * part);
        p[BAR].text[0] = '\0';
        nn__say(p[BAR].text, PIECE, "[%.*s%s%*s]", full,
                "====================", full < length ? ">" : "",
                full < length ? length - full - 1 : 0, "");
    }
    join(p, width, line);
}

/* ---- where it is said ---- */

/* Columns of the terminal, less the last one, where some begin a new line. */
static int width_of(FILE *to)
{
    struct winsize size = {0};
    const char *columns = getenv("COLUMNS");
    long width = ioctl(fileno(to), TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
    if (width == 0 && columns != NULL) {
        width = strtol(columns, NULL, 10);
    }
    return width > 1 && width < INT_MAX ? (int)width - 1 : 79;
}

/* A terminal that can go back to the beginning of its line. */
static int can_redraw(FILE *to)
{
    const char *term = getenv("TERM");
    return isatty(fileno(to)) && term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

static void print(FILE *to, const char *before, const char *line, const char *after)
{
    (void)fprintf(to, "%s%s%s", before, line, after);
    (void)fflush(to);
}

void nn_progress_lines(const nn_fit_state *state, FILE *to)
{
    char line[NN__LINE];
    if (state != NULL && to != NULL && state->moment == NN_AFTER_EPOCH) {
        nn__progress_epoch(state, 0, line);
        print(to, "", line, "\n");
    }
}

static void redraw(const nn_fit_state *state, FILE *to)
{
    static const char clear[] = "\r\033[K"; /* to the begin of the line, and clear it */
    char line[NN__LINE];
    switch (state->moment) {
    case NN_AFTER_BATCH:
        nn__progress_bar(state, width_of(to), line);
        print(to, clear, line, "");
        break;
    case NN_AFTER_EPOCH:
        nn__progress_epoch(state, width_of(to), line);
        print(to, clear, line, "\n");
        break;
    case NN_AT_END:
        if (state->batch > 0 && state->batch < state->batches) {
            print(to, "", "", "\n"); /* stopped within an epoch: the bar stays */
        }
        break;
    }
}

void nn_progress_terminal(const nn_fit_state *state, FILE *to)
{
    if (state == NULL || to == NULL) {
        return;
    }
    int before = errno; /* to ask whether a file is a terminal is no error */
    (can_redraw(to) ? redraw : nn_progress_lines)(state, to);
    errno = before;
}
