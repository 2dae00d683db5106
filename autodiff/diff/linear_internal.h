/* SPDX-License-Identifier: MIT */
#ifndef AD_DIFF_LINEAR_INTERNAL_H
#define AD_DIFF_LINEAR_INTERNAL_H

#include "diff/reverse_internal.h"

/* The derivative of a scalar program at the point where it was recorded, ready to be multiplied.
 *
 * Nodes of the tape that lie between variables and results are steps, numbered in the tape's order;
 * every step knows its partial derivatives by earlier ones. A sweep over them carries several
 * vectors at once, one a lane. */

enum { AD__LANES = 8 };
#define AD__NO_STEP UINT32_MAX

/* One entry an argument that is a step, twice where an argument is: contributions are added in the
 * order of a reverse sweep. The last of them are those through which no derivative goes here, as
 * through a branch that was not taken, whatever the cotangent is: they are part of the structure
 * alone. */
typedef struct ad__step {
    double partial[3]; /* [live] */
    uint32_t from[3], count, live;
} ad__step;

typedef struct ad__linear {
    ad__step *step;
    uint32_t count;
    int finite;      /* every partial derivative is */
    uint32_t *x, *y; /* the step of each variable and result; AD__NO_STEP where there is none */
    int variables, results;
    uint32_t refused; /* after AD_ERR_UNSUPPORTED: the node that is the cause */
} ad__linear;

/* Storage is the tape's scratch. ad__reverse_begin has checked the arguments; a literal y depends
 * on nothing. Errors: AD_ERR_MEMORY, which the tape keeps; AD_ERR_UNSUPPORTED, which it does not,
 * if an x, y or step is no f64 scalar, or a step of no elementwise operation, or one that read what
 * an ad_assign has changed. */
ad_status ad__linearise(const ad__reverse *r, int results, const ad_var *y, int count,
                        const ad_var *x, ad__linear *out);

/* A hash of everything but the partial derivatives. */
uint64_t ad__structure_of(const ad__linear *l);

/* How many lanes to sweep for so many vectors: 1, 2, 4 or 8, of which the last are spare. */
int ad__lanes_for(size_t vectors);

/* In lane k of t[steps][lanes]: from tangents at the variables, and 0 elsewhere, to those of every
 * step; from cotangents at the results, and 0 elsewhere, to those of every step. */
void ad__push_forward(const ad__linear *l, int lanes, double *t);
void ad__pull_back(const ad__linear *l, int lanes, double *t);

#endif
