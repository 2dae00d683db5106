/* SPDX-License-Identifier: MIT */
#ifndef AD_OPS_REWRITES_INTERNAL_H
#define AD_OPS_REWRITES_INTERNAL_H

#include "tape/op_internal.h"

/* The rows of rewrites.def as data, for the one engine that applies them (fn/passes/simplify.c). */

typedef enum ad__term_form {
    AD__TERM_ANY,    /* X, Y */
    AD__TERM_NUMBER, /* NUMBER */
    AD__TERM_OF,
    AD__TERM_ALIAS,
    AD__TERM_SPREAD,
    AD__TERM_ELEMENTWISE
} ad__term_form;

enum { AD__TERM_SLOTS = 3 }; /* X, Y, and the number */

typedef struct ad__term {
    ad__term_form form;
    int slot; /* of X, Y or a number: which of the values that a pattern has found */
    double number;
    const ad_op *op; /* of OF */
    int count;       /* of arguments */
    const struct ad__term *arg[3];
} ad__term;

typedef struct ad__rewrite {
    const char *text; /* as the row has it */
    const ad__term *pattern, *replacement;
} ad__rewrite;

extern const ad__rewrite ad__rewrites[];
extern const int ad__rewrite_count;

#endif
