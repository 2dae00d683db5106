/* SPDX-License-Identifier: MIT */
#include "plot.h"

#include "memory_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* A figure is a gnuplot program in a temporary file. gnuplot is started without a shell and reads
 * no pipe of ours, so that nothing in a path or label is run, and no signal reaches the caller. */
typedef struct figure {
    char script[64], errors[64];
    FILE *to;
} figure;

/* ---- running gnuplot ---- */

static FILE *temporary(char *path, size_t bytes)
{
    (void)snprintf(path, bytes, "/tmp/wengert-plot-XXXXXX");
    int file = mkstemp(path);
    FILE *to = file >= 0 ? fdopen(file, "w") : NULL;
    if (file >= 0 && to == NULL) {
        (void)close(file);
        (void)unlink(path);
    }
    return to;
}

enum { COMPLAINT = 200 };

/* The line that gnuplot complained with, past its echo of the program. */
static void complaint(const char *path, char line[static COMPLAINT])
{
    line[0] = '\0';
    FILE *from = fopen(path, "r");
    while (from != NULL && fgets(line, COMPLAINT, from) != NULL) {
        line[strcspn(line, "\n")] = '\0';
        if (strstr(line, "line ") != NULL) {
            break;
        }
    }
    if (from != NULL) {
        (void)fclose(from);
    }
}

static ad_status run_gnuplot(figure *f, const char *path, ad_error *error)
{
    char program[] = "gnuplot", *const arguments[] = {program, f->script, NULL};
    posix_spawn_file_actions_t actions;
    if (posix_spawn_file_actions_init(&actions) != 0) {
        return ad_error_set(error, AD_ERR_MEMORY, "%s: out of memory", path);
    }
    pid_t pid = 0;
    int failed = posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, f->errors,
                                                  O_WRONLY | O_TRUNC, 0600);
    if (failed == 0) {
        failed = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
    }
    if (failed == 0) {
        failed = posix_spawnp(&pid, program, &actions, NULL, arguments, environ);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    if (failed == ENOENT) {
        return ad_error_set(error, AD_ERR_UNSUPPORTED,
                            "%s: gnuplot is not installed; Debian's package is gnuplot-nox", path);
    }
    if (failed != 0) {
        return ad_error_set(error, AD_ERR_IO, "%s: gnuplot does not start: %s", path,
                            strerror(failed));
    }
    int result = 0;
    while (waitpid(pid, &result, 0) < 0 && errno == EINTR) {
    }
    if (!WIFEXITED(result) || WEXITSTATUS(result) != 0) {
        char text[COMPLAINT];
        complaint(f->errors, text);
        return ad_error_set(error, AD_ERR_IO, "%s: gnuplot failed: %s", path, text);
    }
    return AD_OK;
}

/* ---- writing the program ---- */

/* A string as gnuplot reads it: in single quotes, which are doubled inside. */
static void quote(FILE *to, const char *text)
{
    (void)fputc('\'', to);
    for (; *text != '\0'; text++) {
        if (*text == '\'') {
            (void)fputc('\'', to);
        }
        (void)fputc(*text == '\n' || *text == '\r' ? ' ' : *text, to);
    }
    (void)fputc('\'', to);
}

static void setting(FILE *to, const char *name, const char *text)
{
    (void)fprintf(to, "set %s ", name);
    quote(to, text != NULL ? text : "");
    (void)fputc('\n', to);
}

static int ends_in(const char *path, const char *ending)
{
    size_t len = strlen(path), n = strlen(ending);
    return len > n && strcmp(path + len - n, ending) == 0;
}

/* Opens the program with the terminal that the path asks for. */
static ad_status begin(figure *f, const char *path, int width, int height, ad_error *error)
{
    int svg = ends_in(path, ".svg");
    *f = (figure){.to = NULL};
    if (!svg && !ends_in(path, ".png")) {
        return ad_error_set(error, AD_ERR_UNSUPPORTED,
                            "%s: figures are .svg or .png; let the path end so", path);
    }
    FILE *errors = temporary(f->errors, sizeof f->errors);
    if (errors == NULL) {
        f->errors[0] = '\0';
        return ad_error_set(error, AD_ERR_IO, "%s: no temporary file: %s", path, strerror(errno));
    }
    (void)fclose(errors);
    f->to = temporary(f->script, sizeof f->script);
    if (f->to == NULL) {
        f->script[0] = '\0';
        return ad_error_set(error, AD_ERR_IO, "%s: no temporary file: %s", path, strerror(errno));
    }
    (void)fprintf(f->to,
                  "set terminal %s size %d,%d noenhanced font 'sans,11' background '#ffffff'\n",
                  svg ? "svg" : "pngcairo", width, height);
    setting(f->to, "output", path);
    (void)fputs("set encoding utf8\n"
                "set border 3 lc '#555555'\nset tics nomirror\nset grid lc '#dddddd' lt 1\n"
                "set key noenhanced\n"
                "set linetype 1 lc '#1f77b4' lw 2 pt 7\nset linetype 2 lc '#ff7f0e' lw 2 pt 7\n"
                "set linetype 3 lc '#2ca02c' lw 2 pt 7\nset linetype 4 lc '#d62728' lw 2 pt 7\n"
                "set linetype 5 lc '#9467bd' lw 2 pt 7\nset linetype cycle 5\n",
                f->to);
    return AD_OK;
}

/* Runs the program, unless there was an error, and removes it. */
static ad_status end(figure *f, const char *path, ad_status status, ad_error *error)
{
    if (f->to != NULL && (ferror(f->to) | fclose(f->to)) != 0 && status == AD_OK) {
        status = ad_error_set(error, AD_ERR_IO, "%s: a temporary file cannot be written", path);
    }
    if (status == AD_OK) {
        status = run_gnuplot(f, path, error);
    }
    if (f->script[0] != '\0') {
        (void)unlink(f->script);
    }
    if (f->errors[0] != '\0') {
        (void)unlink(f->errors);
    }
    return status;
}

static void number(FILE *to, double value)
{
    if (isfinite(value)) {
        (void)fprintf(to, "%.9g ", value);
    } else {
        (void)fputs("NaN ", to);
    }
}

/* One pair of axes with its curves. */
static void draw(FILE *to, const nn_axes *axes, size_t count, const nn_curve *curves)
{
    setting(to, "title", axes->title);
    setting(to, "xlabel", axes->x);
    setting(to, "ylabel", axes->y);
    (void)fprintf(to, "%s\n%s\n", axes->log_x ? "set logscale x" : "unset logscale x",
                  axes->log_y ? "set logscale y\nset format y '%.0e'"
                              : "unset logscale y\nset format y '%g'");
    for (size_t k = 0; k < count; k++) {
        (void)fprintf(to, "$curve%zu << end_of_curve\n", k);
        for (size_t i = 0; i < curves[k].count; i++) {
            number(to, curves[k].x != NULL ? curves[k].x[i] : (double)i + 1);
            number(to, curves[k].y[i]);
            (void)fputc('\n', to);
        }
        (void)fputs("end_of_curve\n", to);
    }
    for (size_t k = 0; k < count; k++) {
        (void)fprintf(to, "%s $curve%zu using 1:2 with %s ", k == 0 ? "plot" : ", \\\n    ", k,
                      curves[k].dots ? "points" : "lines");
        if (curves[k].label != NULL) {
            (void)fputs("title ", to);
            quote(to, curves[k].label);
        } else {
            (void)fputs("notitle", to);
        }
    }
    (void)fputc('\n', to);
}

/* ---- the figures ---- */

static int drawable(size_t count, const nn_curve *curves)
{
    for (size_t k = 0; k < count; k++) {
        for (size_t i = 0; i < curves[k].count; i++) {
            if (isfinite(curves[k].y[i])) {
                return 1;
            }
        }
    }
    return 0;
}

ad_status nn_plot_curves_of(const char *path, size_t count, const nn_curve *curves, ad_error *error,
                            nn_axes axes)
{
    if (!drawable(count, curves)) {
        return ad_error_set(error, AD_ERR_SHAPE, "%s: there is nothing to draw", path);
    }
    figure f;
    ad_status status = begin(&f, path, 720, 440, error);
    if (status == AD_OK) {
        (void)fputs("set key outside right top\n", f.to);
        draw(f.to, &axes, count, curves);
    }
    return end(&f, path, status, error);
}

/* Training and validation as curves; numbers holds both. Returns how many have numbers. */
static size_t history_curves(int count, const nn_epoch *history, int metric, double *numbers,
                             nn_curve *curves)
{
    size_t n = (size_t)count, used = 0;
    for (size_t part = 0; part < 2; part++) {
        double *y = numbers + part * n;
        int some = 0;
        for (size_t i = 0; i < n; i++) {
            const nn_score *score = part == 0 ? &history[i].train : &history[i].validation;
            y[i] = metric ? score->metric : score->cost;
            some = some || isfinite(y[i]);
        }
        if (some) {
            curves[used++] = (nn_curve){part == 0 ? "training" : "validation", n, NULL, y, n == 1};
        }
    }
    return used;
}

ad_status nn_plot_history(const char *path, int count, const nn_epoch *history, ad_error *error)
{
    const ad_allocator allocator = ad_allocator_default();
    size_t n = count > 0 ? (size_t)count : 0;
    double *numbers = nn__resize(&allocator, NULL, 4 * n + 1, sizeof *numbers);
    if (numbers == NULL) {
        return ad_error_set(error, AD_ERR_MEMORY, "%s: out of memory", path);
    }
    nn_curve cost[2], metric[2];
    size_t costs = history_curves((int)n, history, 0, numbers, cost);
    size_t metrics = history_curves((int)n, history, 1, numbers + 2 * n, metric);
    ad_status status = AD_OK;
    figure f = {.to = NULL};
    if (costs == 0) {
        status = ad_error_set(error, AD_ERR_SHAPE, "%s: there is no epoch to draw", path);
    } else {
        status = begin(&f, path, metrics > 0 ? 1100 : 720, 440, error);
    }
    if (status == AD_OK) {
        int positive = 1;
        for (size_t k = 0; k < costs; k++) {
            for (size_t i = 0; i < n; i++) {
                positive = positive && !(cost[k].y[i] <= 0);
            }
        }
        if (metrics > 0) {
            (void)fputs("set multiplot layout 1,2\nset key right top\n", f.to);
        }
        draw(f.to, &(nn_axes){"cost", "epoch", NULL, 0, positive}, costs, cost);
        if (metrics > 0) {
            (void)fputs("set key right bottom\n", f.to);
            draw(f.to, &(nn_axes){"metric", "epoch", NULL, 0, 0}, metrics, metric);
            (void)fputs("unset multiplot\n", f.to);
        }
    }
    status = end(&f, path, status, error);
    nn__free(&allocator, numbers);
    return status;
}

/* One picture, as rows of numbers from its bottom up, which is how gnuplot draws a matrix. */
static void draw_image(FILE *to, int64_t place, int64_t height, int64_t width, const double *pixel,
                       const char *caption)
{
    (void)fprintf(to, "$image%lld << end_of_image\n", (long long)place);
    for (int64_t i = height - 1; i >= 0; i--) {
        for (int64_t j = 0; j < width; j++) {
            number(to, pixel[i * width + j]);
        }
        (void)fputc('\n', to);
    }
    (void)fputs("end_of_image\n", to);
    setting(to, "title offset 0, -0.7", caption);
    (void)fprintf(to, "plot $image%lld matrix with image notitle\n", (long long)place);
}

static ad_status draw_images(FILE *to, const nn_array *images, int64_t count,
                             const int64_t *indices, const nn_grid *grid, ad_error *error)
{
    const ad_allocator allocator = ad_allocator_default();
    int64_t height = images->shape.len[1], width = images->shape.len[2];
    double *pixel = nn__resize(&allocator, NULL, (size_t)(height * width) + 1, sizeof *pixel);
    if (pixel == NULL) {
        return ad_error_set(error, AD_ERR_MEMORY, "nn_plot_images: out of memory");
    }
    ad_status status = AD_OK;
    for (int64_t i = 0; i < count && status == AD_OK; i++) {
        int64_t row = indices != NULL ? indices[i] : i;
        status = nn_array_gather(images, 1, &row, AD_F64, pixel, error);
        if (status == AD_OK) {
            draw_image(to, i, height, width, pixel, grid->captions ? grid->captions[i] : NULL);
        }
    }
    nn__free(&allocator, pixel);
    return status;
}

ad_status nn_plot_images(const char *path, const nn_array *images, int64_t count,
                         const int64_t *indices, nn_grid grid, ad_error *error)
{
    if (images->shape.rank != 3 || count < 1 || ad_shape_count(&images->shape) == 0) {
        char text[160];
        return ad_error_set(error, AD_ERR_SHAPE,
                            "%s: %lld pictures of %s; give at least one of [rows, height, width]",
                            path, (long long)count,
                            ad_shape_print(&images->shape, text, sizeof text));
    }
    int64_t columns = grid.columns > 0 ? grid.columns : 8;
    columns = columns < count ? columns : count;
    int64_t lines = (count + columns - 1) / columns;
    int width = (int)(90 * columns + 20), height = (int)(106 * lines + 40);
    figure f;
    ad_status status = begin(&f, path, width, height, error);
    if (status == AD_OK) {
        (void)fputs("set multiplot title ", f.to);
        quote(f.to, grid.title != NULL ? grid.title : "");
        (void)fprintf(
            f.to,
            " layout %lld,%lld margins screen 0.01, 0.99, 0.01, %.4f spacing screen 0.01, "
            "%.4f\n",
            (long long)lines, (long long)columns, 1 - 62.0 / height, 22.0 / height);
        (void)fputs("unset border\nunset tics\nunset grid\nunset colorbox\nset size ratio -1\n"
                    "set palette gray negative\nset autoscale fix\n",
                    f.to);
        status = draw_images(f.to, images, count, indices, &grid, error);
        (void)fputs("unset multiplot\n", f.to);
    }
    return end(&f, path, status, error);
}
