/* SPDX-License-Identifier: MIT */
#ifndef AD_FN_OUTPUTS_INTERNAL_H
#define AD_FN_OUTPUTS_INTERNAL_H

#include "tape/tape_internal.h"

/* The outputs of a function: the caller's, or these and the gradient of the first by the inputs,
 * which is recorded for it and taken back. */
typedef struct ad__outputs {
    int count;
    const ad_var *var;
    int is_recorded; /* the rest is set */
    ad_mark before;
    ad__arena_mark scratch;
} ad__outputs;

/* Inputs that are integers have no gradient. Counts and arrays that are no good are left to the
 * capture. Errors: those of ad_grad, on the tape; end is called in any case. */
ad_status ad__outputs_begin(ad_tape *tape, int in_count, const ad_var *in, int out_count,
                            const ad_var *out, int gradient, ad__outputs *all);
void ad__outputs_end(ad_tape *tape, const ad__outputs *all);

#endif
