/* SPDX-License-Identifier: MIT */
#ifndef AD_REVERSE_INTERNAL_H
#define AD_REVERSE_INTERNAL_H

#include "reverse.h"
#include "tape_internal.h"

/* What the two ways back over a tape share: that which records the gradient (reverse.c), and that
 * which only computes it (reverse_values.c). */

typedef struct ad__reverse ad__reverse;

/* Adds a contribution to the cotangent of a node; r->tape keeps an error in the name of origin. */
typedef void ad__contribute(ad__reverse *r, uint32_t node, ad_var c, const char *origin,
                            const char *site);

struct ad__reverse {
    ad_tape *tape;
    const char *origin;   /* the function that was called, for error texts */
    uint32_t first, last; /* the nodes to visit; none if last is 0 or less than first */
    uint8_t *depends;     /* by node - first: 1 if some x reaches the node */
    ad__contribute *contribute;
};

/* Checks the arguments of a gradient and sets first and last. */
ad_status ad__reverse_check(ad__reverse *r, int results, const ad_var *y, const ad_var *g,
                            int count, const ad_var *x);

/* Makes and fills r->depends, which stays in the tape's scratch storage. */
ad_status ad__reverse_mark(ad__reverse *r, int count, const ad_var *x);

/* Runs the rule of a node with cotangent g and hands its contributions to r->contribute. */
void ad__reverse_visit(ad__reverse *r, uint32_t node, ad_var g);

/* Whether a contribution is the number 0, that is, none. */
static inline int ad__is_none(ad_var c)
{
    return c.tape == NULL && ad__bits_of(c.ref.literal) == 0;
}

/* Whether a contribution is a live variable of the node's type and shape, as most are. */
static inline int ad__reverse_fits(const ad_tape *tape, uint32_t node, ad_var c)
{
    const ad__node *nodes = tape->node;
    return ad__is_recent(tape, c) && nodes[c.ref.at.node].kind == nodes[node].kind;
}

/* A contribution as a live variable of the node's type and shape: the one place where broadcasting
 * is undone, and where a gradient's shape is held against its variable's. */
ad_var ad__reverse_fit(ad_tape *tape, uint32_t node, ad_var c, const char *origin,
                       const char *site);

#endif
