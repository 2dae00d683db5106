/* SPDX-License-Identifier: MIT */
#ifndef AD_LINEAR_INTERNAL_H
#define AD_LINEAR_INTERNAL_H

#include "tape_internal.h"

/* The derivative of a scalar program at the point where it was recorded, ready to be multiplied.
 *
 * Nodes of the tape that lie between variables and results are steps, numbered in the tape's order;
 * every step knows its partial derivatives by earlier ones. A sweep over them carries several
 * vectors at once, one a lane. */

enum { AD__LANES = 8 };
#define AD__NO_STEP UINT32_MAX

typedef struct ad__step {
    double partial[3];
    uint32_t from[3], count;
} ad__step;

typedef struct ad__linear {
    ad__step *step;
    uint32_t count;
    int finite;      /* every partial derivative is */
    uint32_t *x, *y; /* the step of each variable and result; AD__NO_STEP where there is none */
    int variables, results;
    uint64_t structure; /* a hash of everything but the partial derivatives */
} ad__linear;

/* Storage is the tape's scratch. x and y must be alive on tape; a literal y depends on nothing.
 * Errors: AD_ERR_MEMORY, which the tape keeps; AD_ERR_UNSUPPORTED, which it does not, if a step is
 * not an f64 scalar of an elementwise operation, or read what an ad_assign has changed. */
ad_status ad__linearise(ad_tape *tape, int results, const ad_var *y, int count, const ad_var *x,
                        ad__linear *out);

/* In lane k of t[steps]: from tangents at the variables, and 0 elsewhere, to those of every step;
 * from cotangents at the results, and 0 elsewhere, to those of every step. */
void ad__push_forward(const ad__linear *l, double (*t)[AD__LANES]);
void ad__pull_back(const ad__linear *l, double (*t)[AD__LANES]);

#endif
