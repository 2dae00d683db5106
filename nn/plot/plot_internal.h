/* SPDX-License-Identifier: MIT */
#ifndef NN_PLOT_PLOT_INTERNAL_H
#define NN_PLOT_PLOT_INTERNAL_H

#include "plot.h"

#include <stdio.h>

/* A figure is a program for gnuplot, which reads it as its standard input and writes the picture to
 * its standard output, without a shell. No path is part of the program, so that none can be a
 * command. The picture goes into a file beside the one that is asked for, and takes its place when
 * it is whole: a full disk leaves what was there before. */
typedef struct nn__figure {
    const char *path;
    FILE *program; /* NULL after an error */
    ad_error *error;
} nn__figure;

/* Begins the program for a picture of so many pixels.
 * Errors: as in plot.h; there is nothing to end then, though it may be. */
ad_status nn__figure_begin(nn__figure *f, const char *path, int width, int height, ad_error *error);

/* Draws the picture, unless status is an error, which is returned then. */
ad_status nn__figure_end(nn__figure *f, ad_status status);

/* "set name 'text'", with nothing in the text that gnuplot reads as anything else. */
void nn__figure_set(nn__figure *f, const char *name, const char *text);
void nn__figure_quote(nn__figure *f, const char *text);

/* A number, or a gap. */
void nn__figure_number(nn__figure *f, double value);

/* From where to where an axis goes, with some space at both ends. */
typedef struct nn__range {
    double lo, hi;
    int is_log;
} nn__range;

/* The range for the numbers from lo to hi, above 0 for a logarithmic axis.
 * Errors: AD_ERR_DOMAIN if they reach further than gnuplot can draw. */
ad_status nn__range_of(double lo, double hi, int is_log, const char *path, nn__range *range,
                       ad_error *error);

/* Sets range and ticks of axis 'x' or 'y'. */
void nn__figure_axis(nn__figure *f, char axis, const nn__range *range);

#endif
