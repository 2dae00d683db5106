/* SPDX-License-Identifier: MIT */
#ifndef AD_DUMP_H
#define AD_DUMP_H

#include "tape.h"

#include <stdio.h>

/* A tape as text and as a picture. [everyday]
 *
 *   ad_label names[] = {{w, "w", dw}, {b, "b", db}, {z, "z"}, {a, "a"}, {cost, "C"}};
 *   ad_dump_dot(tape, file, &(ad_dump_options){.results = 1, .y = &cost,
 *                                              .count = 5, .label = names});
 *
 * and `dot -Tsvg file` draw the network of w, b, z, a and C, each with its value and gradient.
 * To write into memory, open it as a file: open_memstream, fmemopen.
 */

/* What a dump knows about a variable besides what the tape does. A gradient that is left out is not
 * shown. Labels of dead variables are skipped. */
typedef struct ad_label {
    ad_var x;
    const char *name;
    ad_var gradient;
} ad_label;

/* All may be left out. */
typedef struct ad_dump_options {
    int results; /* dump only what these were made of; 0: the whole tape */
    const ad_var *y;
    int count; /* of labels */
    const ad_label *label;
} ad_dump_options;

#ifdef __cplusplus
extern "C" {
#endif

/* One line an operation: its number and name, the operation and the numbers of its arguments, type
 * and shape, value, gradient, and the line that recorded it. A prime marks the operations of a
 * recorded derivative. The value of a large tensor is its first elements and its range.
 *
 *   %1  w  input                     f64 []      1.764052      gradient -9.123  perceptron.c:12
 *   %4  z  ad_mul %1 %2              f64 []      7.056209      perceptron.c:15
 *
 * options may be NULL. A tape with an error is dumped up to there; the error is the first line.
 * Errors: AD_ERR_DOMAIN if out or tape is NULL; AD_ERR_STALE if a y is dead, AD_ERR_FOREIGN if it
 * is on another tape; AD_ERR_MEMORY; AD_ERR_IO if writing fails. They are not kept by the tape. */
AD_API ad_status ad_dump_text(ad_tape *tape, FILE *out, const ad_dump_options *options);

/* The same as a graph in the language of Graphviz: boxes are inputs, grey are derivatives, and each
 * use of a constant number stands by itself. Lines are tooltips. Arguments, errors: as above. */
AD_API ad_status ad_dump_dot(ad_tape *tape, FILE *out, const ad_dump_options *options);

#ifdef __cplusplus
}
#endif

#endif
