/* SPDX-License-Identifier: MIT */
#ifndef TESTS_WRONG_RULES_H
#define TESTS_WRONG_RULES_H

#include "autodiff.h"

/* Functions whose derivatives are wrong by a known amount.
 *
 * With s' = s held fixed, s + p (s - s') + q (s - s')^2 / 2 has the value of s, its first
 * derivative times 1 + p, and, where p = 0, its second derivative plus q ds/dx^2. */

/* s as a constant. */
ad_var test_held(ad_var s);

typedef struct test_bent {
    ad_var (*f)(ad_var x);
    double p, q;
} test_bent;

/* Takes a test_bent and one input. */
ad_var test_call_bent(void *user, const ad_var *x);

ad_var test_mish(ad_var x);

/* ad_check at a scalar. */
ad_report test_check_scalar(ad_function *f, void *user, double x, int order);

#endif
