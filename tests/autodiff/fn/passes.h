/* SPDX-License-Identifier: MIT */
#ifndef TESTS_AUTODIFF_FN_PASSES_H
#define TESTS_AUTODIFF_FN_PASSES_H

#include "autodiff.h"
#include "fn/passes/passes_internal.h"
#include "fn/steps/steps_internal.h"

/* What tests of single passes share: a tape, and the program of what is recorded on it. */

extern ad_tape *test_tape; /* of the current test */

/* For TestSuite(.init, .fini). */
void test_passes_start(void);
void test_passes_stop(void);

/* The program of the recording; of all assignments. The test's end clears it. */
ad__program *test_capture(int in_count, const ad_var *in, int out_count, const ad_var *out);

/* How many values a program has of an operation ("ad_mul"); how many that are no leaves. */
int test_count(const ad__program *p, const char *op);
int test_operations(const ad__program *p);

/* Runs passes over the program, which must not fail. */
void test_run_passes(ad__program *p, int count, ad_status (*const *pass)(ad__program *));
#define TEST_PASSES(p, ...)                                                                        \
    test_run_passes(p,                                                                             \
                    (int)(sizeof((ad_status(*const[])(ad__program *)){__VA_ARGS__}) /              \
                          sizeof(ad_status(*)(ad__program *))),                                    \
                    (ad_status(*const[])(ad__program *)){__VA_ARGS__})

/* Evaluates a program of all of these, value by value, at the recorded inputs; of how many outputs
 * the bits are not those of the recording. */
int test_differing(const ad__program *p, const ad_var *in, int out_count, const ad_var *out);

/* Fails unless the compiled function of out gives the recorded bits at the recorded inputs. */
void test_same_bits(int in_count, const ad_var *in, int out_count, const ad_var *out);

#endif
