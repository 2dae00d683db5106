/* SPDX-License-Identifier: MIT */
#ifndef TESTS_OPERATIONS_H
#define TESTS_OPERATIONS_H

#include "autodiff.h"
#include "tape/op_internal.h"

/* What tests of operations share. */

/* ---- derivatives against central differences, for operations smooth on lo .. hi ---- */

/* First, second and third derivatives of a weighted sum of squares of build(x), in f64; and the
 * first in f32 against f64. Fails the current test with what and the place. */
void test_gradients(const char *what, ad_var (*build)(const ad_var *x), int count,
                    const ad_shape *shape, double lo, double hi);

/* The same for every sample of a descriptor; also that it has one. */
void test_samples(const ad_op *op);

/* sin(x) of an f64 tensor as a user's own operation whose derivative is *factor cos(x): right for
 * 1, wrong by a thousandth for 1.001. *factor must outlive the tape. */
ad_var test_scaled_sine(ad_var x, double *factor);

/* build of one tensor of small whole numbers, and its gradient, again and again with one more
 * allocation that succeeds: each time AD_ERR_MEMORY and nothing lost, until all goes well. A shape
 * of some thousand elements makes evaluations allocate too. */
void test_failed_allocations(ad_var (*build)(const ad_var *x), ad_shape shape);

/* ---- small tensors ---- */

/* 1, 2, 3, ... in a shape and type. */
ad_var test_counting(ad_tape *tape, ad_type type, ad_shape shape);

/* Fails the test unless z is alive and has this shape and these elements, bit for bit. */
void test_expect(ad_var z, ad_shape shape, const double *elements);

/* The same within so many ulp of z's type; any NaN stands for NaN. */
void test_expect_near(ad_var z, ad_shape shape, const double *elements, double ulps);

/* Fails the test unless the tape's message is text; forgets the error. */
void test_expect_error(ad_tape *tape, ad_status status, const char *text);

/* The same for a call that stands in it: text is followed by this file and a line. */
#define TEST_ERROR(tape, call, status, text)                                                       \
    do {                                                                                           \
        (void)(call);                                                                              \
        test_expect_error_in(tape, status, text, __FILE__);                                        \
    } while (0)

void test_expect_error_in(ad_tape *tape, ad_status status, const char *text, const char *file);

#define TEST_NUMBERS(...) ((const double[]){__VA_ARGS__})

#endif
