/* SPDX-License-Identifier: MIT */
#ifndef AD_DIFF_REVERSE_INTERNAL_H
#define AD_DIFF_REVERSE_INTERNAL_H

#include "reverse.h"
#include "tape/tape_internal.h"

/* What the ways back over a tape share: that which records the gradient (reverse.c), and those
 * which only compute it (reverse_values.c, of scalars reverse_sweep.c); and what all calls that
 * differentiate begin and end with (reverse_arguments.c). */

typedef struct ad__reverse ad__reverse;

/* Adds a contribution to the cotangent of a node; r->tape keeps an error in the name of origin. */
typedef void ad__contribute(ad__reverse *r, uint32_t node, ad_var c, const char *origin);

struct ad__reverse {
    ad_tape *tape;
    const char *origin;   /* the function that was called, for error texts */
    uint32_t first, last; /* the nodes to visit; none if last is 0 or less than first */
    int has_tensors;      /* some x is no f64 scalar */
    uint8_t *depends;     /* by node - first: 1 if some x reaches the node */
    ad__contribute *contribute;
};

/* Sets tape, NULL if no argument is on one, first and last, and checks what every call asks of its
 * arguments: that they are alive on one tape, the x variables and no integers, and one y at least
 * no number. r->origin is the call's name. */
ad_status ad__reverse_begin(ad__reverse *r, int results, const ad_var *y, int count,
                            const ad_var *x);

/* An error if a y is an integer tensor. */
ad_status ad__reverse_no_integers(const ad__reverse *r, int results, const ad_var *y);

/* An error if an array of count entries, 1 or more, is NULL. */
ad_status ad__reverse_need(const ad__reverse *r, int count, const void *array, const char *name);

/* The error of a call that has no memory. */
ad_status ad__reverse_no_memory(const ad__reverse *r);

/* An error unless each y is a scalar or, where there are cotangents, of the shape of its own. */
ad_status ad__reverse_check(const ad__reverse *r, int results, const ad_var *y, const ad_var *g);

/* The number of elements of count variables, dead ones without; NULL has none. */
size_t ad__elements_of(int count, const ad_var *v);

/* What a call that failed leaves: NaN, and dead handles; NaN too where there is no tape. out may be
 * NULL. Returns status. */
ad_status ad__all_nan(size_t count, double *out, ad_status status);
ad_status ad__all_dead(ad_tape *tape, int count, ad_var *out, ad_status status);

/* Records the gradient, or the product with cotangents g unless they are NULL, of arguments that
 * ad__reverse_begin has checked. After an error dx is unspecified. */
ad_status ad__reverse_record(const ad__reverse *r, int results, const ad_var *y, const ad_var *g,
                             int count, const ad_var *x, ad_var *dx);

/* Makes and fills r->depends, which stays in the tape's scratch storage. */
ad_status ad__reverse_mark(ad__reverse *r, int count, const ad_var *x);

/* Runs the rule of a node with cotangent g, at the node's line, and hands its contributions to
 * r->contribute. The line stays the tape's: the sweep sets the one before again at its end. */
void ad__reverse_visit(ad__reverse *r, uint32_t node, ad_var g);

/* Whether a numeric sweep can see a node: an f64 scalar of no structured operation, whose arguments
 * are what they were. */
static inline int ad__reverse_sees(const ad_tape *tape, uint32_t node)
{
    const ad__node *at = &tape->node[node];
    return at->spec == AD__SPEC_SCALAR && at->code != AD__STRUCTURED &&
           !(tape->has_assigned && ad__reads_stale(tape, node));
}

/* Whether that holds of x and of all between them and the results. */
int ad__reverse_is_scalar(const ad__reverse *r);

/* Then: the gradient of a scalar result as numbers. */
ad_status ad__reverse_sweep(const ad__reverse *r, ad_var y, int count, const ad_var *x,
                            double *out);

/* Whether a contribution is the number 0, that is, none. */
static inline int ad__is_none(ad_var c)
{
    return c.tape == NULL && ad__bits_of(c.ref.literal) == 0;
}

/* Whether a contribution is a live variable of the node's type and shape, as most are. */
static inline int ad__reverse_fits(const ad_tape *tape, uint32_t node, ad_var c)
{
    const ad__node *nodes = tape->node;
    return ad__is_recent(tape, c) && nodes[c.ref.at.node].spec == nodes[node].spec;
}

/* A contribution as a live variable of the node's type and shape: the one place where broadcasting
 * is undone, and where a gradient's shape is held against its variable's. */
ad_var ad__reverse_fit(ad_tape *tape, uint32_t node, ad_var c, const char *origin);

#endif
