/* SPDX-License-Identifier: MIT */
#ifndef NN_PLOT_H
#define NN_PLOT_H

#include "array.h"
#include "history.h"
#include "options.h"

/* Figures as SVG or PNG files, drawn by the program gnuplot. [everyday]
 *
 * The ending of the path, ".svg" or ".png", chooses the format. Numbers that are NaN or infinite
 * leave a gap, as do those up to 0 on a logarithmic axis; a point between gaps is a dot.
 *
 * Errors: AD_ERR_UNSUPPORTED if gnuplot is not installed, or the path ends in something else;
 *         AD_ERR_IO if the file or a temporary one, in $TMPDIR or /tmp, cannot be written, and what
 *         was at path before is still there;  AD_ERR_DOMAIN if the path is NULL, begins as a pipe
 *         or has ` or a line end in it, or numbers reach beyond +-1e300;  AD_ERR_SHAPE if there is
 *         nothing to draw;  AD_ERR_MEMORY.
 */

/* A line through points, or the points. */
typedef struct nn_curve {
    const char *label; /* NULL: none */
    size_t count;
    const double *x; /* NULL: 1, 2, .. */
    const double *y;
    int dots; /* 1: points without a line, as for what has no values between them */
} nn_curve;

typedef struct nn_axes {
    const char *title, *x, *y; /* NULL: none */
    int log_x, log_y;          /* 1: logarithmic */
    int equal;                 /* 1: a unit is as long on both axes: a map of a plane */
} nn_axes;

/* nn_plot_images: a grid of pictures. */
typedef struct nn_grid {
    const char *title;
    int columns;                 /* 0 means 8 */
    const char *const *captions; /* one for each picture, or NULL */
} nn_grid;

#define nn_plot_curves(path, count, curves, error, ...)                                            \
    nn_plot_curves_of(path, count, curves, error, NN_OPTIONS(nn_axes, __VA_ARGS__))

#ifdef __cplusplus
extern "C" {
#endif

/* Curves over common axes. */
AD_API ad_status nn_plot_curves_of(const char *path, size_t count, const nn_curve *curves,
                                   ad_error *error, nn_axes axes);

/* Learning curves: the cost, logarithmic if it is positive, and beside it the metric, if there is
 * one, of training and validation over the epochs.
 *
 *   nn_plot_history("curves.svg", fit.epochs, fit.history, fit.metric, &error);
 *
 * metric: what the history's is, for its title and unit; all zeros: "metric". */
AD_API ad_status nn_plot_history(const char *path, int count, const nn_epoch *history,
                                 nn_metric metric, ad_error *error);

/* Pictures in grey, dark on light: the rows of images [rows, height, width] that indices[0] to
 * indices[count - 1] name, or the first ones if it is NULL. Each is drawn from its smallest to its
 * largest element. */
AD_API ad_status nn_plot_images(const char *path, const nn_array *images, int64_t count,
                                const int64_t *indices, nn_grid grid, ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
