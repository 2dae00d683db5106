/* SPDX-License-Identifier: MIT */
#ifndef TESTS_AUTODIFF_FN_REPLAY_H
#define TESTS_AUTODIFF_FN_REPLAY_H

#include "autodiff.h"

/* What tests of the compiled function share: a program recorded at one point, compiled, run at
 * another, and compared with the recording there, bit for bit. */

enum { REPLAY_MOST = 8 }; /* inputs, outputs */

typedef struct replay {
    const char *text; /* for messages */
    int in_count, out_count;
    ad_type type;                /* of the inputs */
    ad_shape shape[REPLAY_MOST]; /* of the inputs */
    double lo, hi;               /* where their elements are drawn */
    /* records the outputs from the inputs */
    void (*build)(ad_tape *tape, const ad_var *in, ad_var *out, void *user);
    void *user;
} replay;

/* The same bits, or both NaN, whose sign and payload C leaves open. */
int test_same_elements(ad_type type, size_t count, const void *a, const void *b);

/* Fails the current test unless both agree at several points. options may be NULL. */
void test_replay(const replay *r, const ad_fn_options *options);

/* Calls test with every row of the catalogue in several shapes, and with every sample of a
 * structured operation: the value, its gradient, and the gradient of the gradient's sum. */
void each_row(void (*test)(const replay *r));
void each_sample(void (*test)(const replay *r));

#endif
