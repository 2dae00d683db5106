/* SPDX-License-Identifier: MIT */
#ifndef TESTS_AUTODIFF_FN_REPLAY_H
#define TESTS_AUTODIFF_FN_REPLAY_H

#include "autodiff.h"
#include "samples.h"

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

/* Draws the inputs by this seed and records. */
void test_record(const replay *r, ad_tape *tape, uint64_t seed, ad_var *in, ad_var *out);

/* Fails the current test unless both agree at several points. options may be NULL. */
void test_replay(const replay *r, const ad_fn_options *options);

/* The same at points of which some elements are this one, but for that of the recording. */
void test_replay_special(const replay *r, double special);

/* The same of the function resized from r's shapes to others; 0 if an error says why it cannot, or
 * a recording there is another program. */
int test_replay_resized(const replay *r, const ad_shape *shapes);

/* Calls test with every row of the catalogue in several shapes, and with every sample of a
 * structured or composed operation: the value, its gradient, and the gradient of the gradient's
 * sum. */
void each_row(void (*test)(const replay *r));
void each_sample(void (*test)(const replay *r));

/* One of them in a type and at shapes that may be others than its own. */
void replay_sample(const operation_sample *o, ad_type type, const ad_shape *shapes,
                   void (*test)(const replay *r));

#endif
