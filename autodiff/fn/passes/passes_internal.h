/* SPDX-License-Identifier: MIT */
#ifndef AD_FN_PASSES_PASSES_INTERNAL_H
#define AD_FN_PASSES_PASSES_INTERNAL_H

#include "fn/program/program_internal.h"
#include "ops/rewrites_internal.h"

#include <stdio.h>

/* The passes of the compiled function, in their order. A pass is the function ad__<name> in the
 * file of its name. It never changes a result's bits, and fails for lack of memory alone. It may
 * replace a value by an earlier one of the same spec (ad__replacements), or rewrite it in place;
 * dce alone removes and renumbers.
 *
 *   PASS(name, times, purpose)
 *
 * Each may open work for another, so there are two rounds, which find what there is in practice; a
 * pass that runs once does so in the last. */
#define AD__PASSES(PASS)                                                                           \
    PASS(simplify, 2, "applies the rows of ops/rewrites.def; computes what is of constants alone") \
    PASS(cse, 2, "replaces a value by an earlier one that is the same")                            \
    PASS(dce, 2, "removes values that nothing needs")                                              \
    PASS(schedule, 1, "moves the update of a parameter to where its gradient is there")

#define AD__DECLARE(NAME, ...) ad_status ad__##NAME(ad__program *p);
AD__PASSES(AD__DECLARE)
#undef AD__DECLARE

typedef struct ad__pass {
    const char *name;
    int times;
    const char *purpose;
    ad_status (*run)(ad__program *p);
} ad__pass;

extern const ad__pass ad__passes[]; /* ends in a name of NULL */

/* Where the program is printed, and after which pass, by name; AD__CAPTURE: before all of them;
 * NULL: after each. out NULL: nowhere. */
#define AD__CAPTURE "capture"
typedef struct ad__dump_options {
    FILE *out;
    const char *after;
} ad__dump_options;

/* Runs them all. dump may be NULL. Errors: AD_ERR_MEMORY. */
ad_status ad__optimise(ad__program *p, const ad__dump_options *dump);

/* Whether there is a pass of that name, or it is AD__CAPTURE. */
int ad__is_dump_point(const char *name);

/* Makes a value a constant, where it is made of constants or shapes alone. */
ad_status ad__fold(ad__program *p, ad__id id);

/* What simplify does, by these rows. */
ad_status ad__rewrite_by(ad__program *p, int count, const ad__rewrite *rows);

#endif
