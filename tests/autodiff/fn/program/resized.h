/* SPDX-License-Identifier: MIT */
#ifndef TESTS_AUTODIFF_FN_PROGRAM_RESIZED_H
#define TESTS_AUTODIFF_FN_PROGRAM_RESIZED_H

#include "autodiff.h"

/* What tests of resized functions share: programs over inputs of which one length changes. */

enum { N = -1, RESIZED_MOST = 6 }; /* N in a shape: the length that changes */

typedef struct resized_program {
    const char *text;
    int in_count, out_count;
    ad_shape shape[RESIZED_MOST];
    ad_type type[RESIZED_MOST]; /* AD_I64: classes 0 .. 2 */
    void (*build)(ad_tape *tape, const ad_var *in, ad_var *out);
} resized_program;

/* The function of a program that is recorded at a length. */
ad_fn *resized_recorded(const resized_program *p, int64_t n, const ad_fn_options *options);

/* Fails unless the function recorded at each of some lengths, resized to each of others, has the
 * bits of a recording there. */
void test_resizes(const resized_program *p);

/* Statistics over the batch, with gradients: five outputs. in: x [n, 7], gain [7], shift [1, 7] */
void resized_statistics(ad_tape *tape, const ad_var *in, ad_var *out);

#endif
