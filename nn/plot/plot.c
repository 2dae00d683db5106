/* SPDX-License-Identifier: MIT */
#include "plot.h"

#include "common/memory_internal.h"
#include "plot/plot_internal.h"
#include "common/text_internal.h"

#include <math.h>
#include <string.h>

/* ---- curves ---- */

static double x_of(const nn_curve *curve, size_t i)
{
    return curve->x != NULL ? curve->x[i] : (double)i + 1;
}

/* Whether a point can be drawn: finite, and above 0 on a logarithmic axis. */
static int is_point(const nn_axes *axes, const nn_curve *curve, size_t i)
{
    double x = x_of(curve, i), y = curve->y[i];
    return isfinite(x) && isfinite(y) && (!axes->log_x || x > 0) && (!axes->log_y || y > 0);
}

static int is_alone(const nn_axes *axes, const nn_curve *curve, size_t i)
{
    return is_point(axes, curve, i) && (i == 0 || !is_point(axes, curve, i - 1)) &&
           (i + 1 == curve->count || !is_point(axes, curve, i + 1));
}

static ad_status nothing(const char *path, const nn_axes *axes, ad_error *error)
{
    return ad_error_set(error, AD_ERR_SHAPE, "%s: there is nothing to draw: no point is finite%s",
                        path, axes->log_x || axes->log_y ? " and above 0, as logarithms need" : "");
}

/* The ranges of both axes, around all points that can be drawn. */
static ad_status measure(const char *path, const nn_axes *axes, size_t count,
                         const nn_curve *curves, nn__range *x, nn__range *y, ad_error *error)
{
    double lo[2] = {INFINITY, INFINITY}, hi[2] = {-INFINITY, -INFINITY};
    for (size_t k = 0; k < count; k++) {
        if (curves[k].count > 0 && curves[k].y == NULL) {
            return ad_error_set(error, AD_ERR_DOMAIN, "%s: curve %zu has %zu points, but y is NULL",
                                path, k, curves[k].count);
        }
        for (size_t i = 0; i < curves[k].count; i++) {
            if (is_point(axes, &curves[k], i)) {
                const double at[2] = {x_of(&curves[k], i), curves[k].y[i]};
                for (int a = 0; a < 2; a++) {
                    lo[a] = fmin(lo[a], at[a]);
                    hi[a] = fmax(hi[a], at[a]);
                }
            }
        }
    }
    if (lo[0] > hi[0]) {
        return nothing(path, axes, error);
    }
    ad_status status = nn__range_of(lo[0], hi[0], axes->log_x, path, x, error);
    return status == AD_OK ? nn__range_of(lo[1], hi[1], axes->log_y, path, y, error) : status;
}

/* The points of a curve that can be drawn; the others are gaps. alone: those without neighbours,
 * through which no line goes. Returns how many. */
static size_t print_points(nn__figure *f, const nn_axes *axes, const nn_curve *curve, int alone)
{
    size_t drawn = 0;
    for (size_t i = 0; i < curve->count; i++) {
        int is_drawn = alone ? is_alone(axes, curve, i) : is_point(axes, curve, i);
        if (is_drawn) {
            nn__figure_number(f, x_of(curve, i));
            nn__figure_number(f, curve->y[i]);
            drawn++;
        }
        if (is_drawn || !alone) {
            (void)fputc('\n', f->program); /* an empty line is a gap */
        }
    }
    return drawn;
}

/* Pixels that labels of curves take above their axes, beyond the first line of them. */
static int label_height(int width, size_t count, const nn_curve *curves)
{
    enum { LETTER = 8, LINE = 17, SAMPLE = 60 };
    size_t longest = 0, labels = 0;
    for (size_t k = 0; k < count; k++) {
        size_t len = curves[k].label != NULL ? strlen(curves[k].label) : 0;
        longest = len > longest ? len : longest;
        labels += len > 0;
    }
    size_t across = (size_t)width / (LETTER * longest + SAMPLE);
    size_t lines = across > 0 ? (labels + across - 1) / across : labels;
    return lines > 1 ? LINE * (int)(lines < 1000 ? lines - 1 : 1000) : 0;
}

/* One pair of axes with its curves. */
static void draw(nn__figure *f, const nn_axes *axes, const nn__range *x, const nn__range *y,
                 size_t count, const nn_curve *curves)
{
    int has_labels = 0, drawn = 0;
    nn__figure_set(f, "title", axes->title);
    nn__figure_set(f, "xlabel", axes->x);
    nn__figure_set(f, "ylabel", axes->y);
    nn__figure_axis(f, 'x', x);
    nn__figure_axis(f, 'y', y);
    for (size_t k = 0; k < count; k++) {
        has_labels |= curves[k].label != NULL;
        for (int alone = 0; alone < 2; alone++) {
            (void)fprintf(f->program, "$curve%zu_%d << end_of_curve\n", k, alone);
            if (print_points(f, axes, &curves[k], alone) == 0) {
                (void)fputs("NaN NaN\n", f->program); /* a block that is empty cannot be plotted */
            }
            (void)fputs("end_of_curve\n", f->program);
        }
    }
    (void)fputs(has_labels ? "set key tmargin center horizontal\n" : "unset key\n", f->program);
    for (size_t k = 0; k < count; k++) {
        for (int alone = curves[k].dots; alone < 2; alone++) {
            (void)fprintf(f->program, "%s $curve%zu_%d using 1:2 with %s lt %zu ",
                          drawn++ == 0 ? "plot" : ", \\\n    ", k, curves[k].dots ? 0 : alone,
                          curves[k].dots || alone ? "points" : "lines", k % 5 + 1);
            if (curves[k].label != NULL && (curves[k].dots || !alone)) {
                (void)fputs("title ", f->program);
                nn__figure_quote(f, curves[k].label);
            } else {
                (void)fputs("notitle", f->program);
            }
        }
    }
    (void)fputc('\n', f->program);
}

ad_status nn_plot_curves_of(const char *path, size_t count, const nn_curve *curves, ad_error *error,
                            nn_axes axes)
{
    enum { WIDTH = 720, HEIGHT = 440, BOX = 520, AROUND = 110 };
    nn__range x, y;
    nn__figure f;
    count = curves != NULL ? count : 0;
    ad_status status = measure(path, &axes, count, curves, &x, &y, error);
    if (status != AD_OK) {
        return status;
    }
    int is_equal = axes.equal && !axes.log_x && !axes.log_y;
    double ratio = is_equal ? (y.hi / 2 - y.lo / 2) / (x.hi / 2 - x.lo / 2) : 1;
    int width = is_equal ? BOX + AROUND : WIDTH;
    int height = is_equal ? AROUND + (int)(BOX * fmin(fmax(ratio, 0.25), 3)) : HEIGHT;
    height += label_height(width, count, curves);
    status = nn__figure_begin(&f, path, width, height, error);
    if (status == AD_OK) {
        (void)fputs(is_equal ? "set size ratio -1\n" : "", f.program);
        draw(&f, &axes, &x, &y, count, curves);
    }
    return nn__figure_end(&f, status);
}

/* ---- learning curves ---- */

/* Training and validation as curves; numbers holds both. Returns how many have numbers. */
static size_t history_curves(int count, const nn_epoch *history, int metric, double unit,
                             double *numbers, nn_curve *curves)
{
    size_t n = (size_t)count, used = 0;
    for (size_t part = 0; part < 2; part++) {
        double *y = numbers + part * n;
        int some = 0;
        for (size_t i = 0; i < n; i++) {
            const nn_score *score = part == 0 ? &history[i].train : &history[i].validation;
            y[i] = unit * (metric ? score->metric : score->cost);
            some = some || isfinite(y[i]);
        }
        if (some) {
            curves[used++] = (nn_curve){part == 0 ? "training" : "validation", n, NULL, y, 0};
        }
    }
    return used;
}

static int are_positive(size_t count, const nn_curve *curves)
{
    for (size_t k = 0; k < count; k++) {
        for (size_t i = 0; i < curves[k].count; i++) {
            if (curves[k].y[i] <= 0) {
                return 0;
            }
        }
    }
    return 1;
}

/* numbers [4 n] */
static ad_status draw_history(const char *path, int n, const nn_epoch *history,
                              const nn_metric *metric, double *numbers, ad_error *error)
{
    nn_curve curves[2][2];
    nn_axes axes[2] = {{.title = "cost", .x = "epoch"},
                       {.title = metric->name != NULL ? metric->name : "metric",
                        .x = "epoch",
                        .y = metric->percent ? "%" : NULL}};
    const double unit[2] = {1, metric->percent ? 100 : 1};
    size_t count[2];
    for (int k = 0; k < 2; k++) {
        count[k] =
            history_curves(n, history, k, unit[k], numbers + 2 * (size_t)k * (size_t)n, curves[k]);
    }
    if (count[0] == 0) {
        return ad_error_set(error, AD_ERR_SHAPE, "%s: there is no epoch to draw", path);
    }
    axes[0].log_y = are_positive(count[0], curves[0]);
    int panels = count[1] > 0 ? 2 : 1;
    nn__range x[2], y[2];
    ad_status status = AD_OK;
    for (int k = 0; k < panels && status == AD_OK; k++) {
        status = measure(path, &axes[k], count[k], curves[k], &x[k], &y[k], error);
    }
    if (status != AD_OK) {
        return status;
    }
    nn__figure f;
    status = nn__figure_begin(&f, path, panels == 2 ? 1100 : 720, 440, error);
    if (status == AD_OK) {
        (void)fputs(panels == 2 ? "set multiplot layout 1,2\n" : "", f.program);
        for (int k = 0; k < panels; k++) {
            draw(&f, &axes[k], &x[k], &y[k], count[k], curves[k]);
        }
        (void)fputs(panels == 2 ? "unset multiplot\n" : "", f.program);
    }
    return nn__figure_end(&f, status);
}

ad_status nn_plot_history(const char *path, int count, const nn_epoch *history, nn_metric metric,
                          ad_error *error)
{
    const ad_allocator allocator = ad_allocator_default();
    int n = count > 0 && history != NULL ? count : 0;
    double *numbers = nn__resize(&allocator, NULL, 4 * (size_t)n + 1, sizeof *numbers);
    if (numbers == NULL) {
        return ad_error_set(error, AD_ERR_MEMORY, "%s: out of memory", path);
    }
    ad_status status = draw_history(path, n, history, &metric, numbers, error);
    nn__free(&allocator, numbers);
    return status;
}

/* ---- pictures ---- */

/* Scales what is finite to [0, 1], from the smallest to the largest. */
static void to_grey(size_t count, double *pixel)
{
    double lo = INFINITY, hi = -INFINITY;
    for (size_t i = 0; i < count; i++) {
        lo = isfinite(pixel[i]) ? fmin(lo, pixel[i]) : lo;
        hi = isfinite(pixel[i]) ? fmax(hi, pixel[i]) : hi;
    }
    double span = hi / 2 - lo / 2; /* halves cannot overflow */
    for (size_t i = 0; i < count; i++) {
        pixel[i] = isfinite(pixel[i]) ? span > 0 ? (pixel[i] / 2 - lo / 2) / span : 0 : NAN;
    }
}

/* One picture, as rows of numbers from its bottom up, which is how gnuplot draws a matrix. */
static void draw_image(nn__figure *f, int64_t place, int64_t height, int64_t width,
                       const double *pixel, const char *caption)
{
    (void)fprintf(f->program, "$image%lld << end_of_image\n", (long long)place);
    for (int64_t i = height - 1; i >= 0; i--) {
        for (int64_t j = 0; j < width; j++) {
            nn__figure_number(f, pixel[i * width + j]);
        }
        (void)fputc('\n', f->program);
    }
    (void)fputs("end_of_image\n", f->program);
    nn__figure_set(f, "title offset 0, -0.7", caption);
    (void)fprintf(f->program, "plot $image%lld matrix with image notitle\n", (long long)place);
}

static ad_status draw_images(nn__figure *f, const nn_array *images, int64_t count,
                             const int64_t *indices, const nn_grid *grid)
{
    const ad_allocator allocator = ad_allocator_default();
    int64_t height = images->shape.len[1], width = images->shape.len[2];
    size_t len = (size_t)height * (size_t)width;
    double *pixel = nn__resize(&allocator, NULL, len, sizeof *pixel);
    if (pixel == NULL) {
        return ad_error_set(f->error, AD_ERR_MEMORY, "nn_plot_images: out of memory");
    }
    ad_status status = AD_OK;
    for (int64_t i = 0; i < count && status == AD_OK; i++) {
        int64_t row = indices != NULL ? indices[i] : i;
        status = nn_array_gather(images, 1, &row, AD_F64, pixel, f->error);
        if (status == AD_OK) {
            to_grey(len, pixel);
            draw_image(f, i, height, width, pixel, grid->captions ? grid->captions[i] : NULL);
        }
    }
    nn__free(&allocator, pixel);
    return status;
}

ad_status nn_plot_images(const char *path, const nn_array *images, int64_t count,
                         const int64_t *indices, nn_grid grid, ad_error *error)
{
    enum { ACROSS = 90, DOWN = 106, ABOVE = 62, MOST = 32000 }; /* pixels; cairo's limit is 32767 */
    if (path == NULL || images == NULL) {
        return ad_error_set(error, AD_ERR_DOMAIN, "nn_plot_images: the %s NULL",
                            path == NULL ? "path is" : "images are");
    }
    if (images->shape.rank != 3 || count < 1 || ad_shape_count(&images->shape) == 0) {
        char text[160];
        return ad_error_set(error, AD_ERR_SHAPE,
                            "%s: %lld pictures of %s; give at least one of [rows, height, width]",
                            path, (long long)count,
                            ad_shape_print(&images->shape, text, sizeof text));
    }
    int64_t columns = grid.columns > 0 ? grid.columns : 8;
    columns = columns < count ? columns : count;
    int64_t lines = (count - 1) / columns + 1;
    if (columns > MOST / ACROSS - 1 || lines > MOST / DOWN - 1) {
        return ad_error_set(error, AD_ERR_DOMAIN,
                            "%s: %lld pictures in %lld columns are too many for a figure; at most "
                            "%d columns and %d lines",
                            path, (long long)count, (long long)columns, MOST / ACROSS - 1,
                            MOST / DOWN - 1);
    }
    int64_t rows = nn_array_rows(images);
    for (int64_t i = indices != NULL ? 0 : rows; i < count; i++) {
        int64_t row = indices != NULL ? indices[i] : i;
        if (row < 0 || row >= rows) {
            return ad_error_set(error, AD_ERR_INDEX,
                                "%s: picture %lld is row %lld of images, which has %lld, numbered "
                                "from 0",
                                path, (long long)i, (long long)row, (long long)rows);
        }
    }
    int width = (int)(ACROSS * columns + 20), height = (int)(DOWN * lines + ABOVE);
    nn__figure f;
    ad_status status = nn__figure_begin(&f, path, width, height, error);
    if (status == AD_OK) {
        (void)fputs("set multiplot title ", f.program);
        nn__figure_quote(&f, grid.title);
        nn__print(f.program,
                  " noenhanced layout %lld,%lld margins screen 0.01, 0.99, %.4f, %.4f spacing "
                  "screen 0.01, %.4f\n",
                  (long long)lines, (long long)columns, 8.0 / height, 1 - (double)ABOVE / height,
                  24.0 / height);
        (void)fputs("unset border\nunset tics\nunset grid\nunset colorbox\nset size ratio -1\n"
                    "set palette gray negative\nset autoscale fix\nset cbrange [0:1]\n",
                    f.program);
        status = draw_images(&f, images, count, indices, &grid);
        (void)fputs("unset multiplot\n", f.program);
    }
    return nn__figure_end(&f, status);
}
