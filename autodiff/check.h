/* SPDX-License-Identifier: MIT */
#ifndef AD_CHECK_H
#define AD_CHECK_H

#include "arena.h"
#include "tape.h"

/* Are the derivatives of a function right? [everyday]
 *
 *   static ad_var mish(ad_var x) { return ad_mul(x, ad_tanh(ad_softplus(x))); }
 *
 *   ad_report r = ad_check_unary(mish, -20.0, 20.0);
 *   puts(r.message);
 *   if (!r.passed) { ... r.at, r.expected, r.got ... }
 *
 * A check compares what the tape says with differences of values:
 *
 *   order 1     dy_j/dx_i            with  (y_j(x + h e_i) - y_j(x - h e_i)) / 2h
 *   order 2     d2s/dx_i dx_k        with  the same differences of the recorded ds/dx_k;
 *                                          s = y if y is a scalar, else s = sum_j u_j y_j
 *   linearity   J'(u - w/2) = J'u - J'w/2      to rounding
 *   adjoint     <u, J v> = <J'u, v>            to rounding
 *
 * Steps h shrink from max(1, |x|) / 16 by factors of 8, then from |x| / 16, and each two are
 * extrapolated. A derivative agrees if a sharp estimate says so to the tolerance; it is wrong if
 * the most consistent estimate contradicts it by more than its own uncertainty. So inputs may be
 * 1e-8 or 1e8, and a rule wrong by 0.1 % is found wherever values have the digits to show it; where
 * they have not, the derivative counts as unresolved. At a kink, between whose two sides no step
 * fits, any slope from one side's to the other's is accepted. What moves by more than its error
 * when the inputs change in their last digits is no error, but cancellation.
 *
 * f32 functions are compared with differences of themselves in f64 if they take f64 inputs, and
 * otherwise, with larger bounds, with their own. A check has a tape of its own and prints nothing.
 */

/* An input at the point where derivatives are checked: dense, row-major, data of its type. An i64
 * input is passed on and not differentiated. */
typedef struct ad_check_input {
    ad_type type;
    ad_shape shape;
    const void *data;
} ad_check_input;

/* Zero stands for the default of each. */
typedef struct ad_check_options {
    int order;        /* 1: first derivatives only; default 2 */
    double tolerance; /* relative; default 1e-6, and for f32 inputs 1e-4 */
    size_t most;      /* of input elements, and of results, that are checked one by one; default 256
                         of each. Larger tensors are sampled evenly; then two random directions have
                         all elements, and one weighted sum all results */
    uint64_t seed;    /* of samples and weights */
    const ad_allocator *allocator; /* default: the C library's */
} ad_check_options;

typedef struct ad_report {
    int passed;        /* every derivative that could be compared agrees, and there were some */
    ad_status status;  /* AD_OK, or why the check could not be carried out */
    char message[400]; /* the outcome as a sentence */

    /* how many derivatives were found to ... */
    size_t agreed;
    size_t wrong;
    size_t unresolved; /* be consistent, but below what differences of values can show */
    size_t kinks;      /* lie between the slopes of the two sides of a kink */
    size_t skipped;    /* have no difference: the value is not finite or smooth next to the point */

    /* of all elements of the inputs, those that were looked at one by one, and the number of random
     * directions in which all of them were, together */
    size_t elements, elements_seen, directions;
    /* infinite slopes that the gradient drops at the point, since their cotangents are exactly 0,
     * and the operation and line that the first comes from; see anomaly.h. A report may pass with
     * some: they are harmless in a branch that was not chosen */
    size_t dropped;
    const char *dropped_op, *dropped_site;
    int is_broken; /* an identity fails, or f is not elementwise; the message says which */

    /* the worst of the wrong ones, or else of those that agree: the derivative of order 1 or 2 (0:
     * there is none) by element `element` of x[input] (input -1: in a direction over all elements),
     * of element `of_element` (SIZE_MAX: the weighted sum) of the result (order 1), or of the
     * gradient by x[of_input] (order 2) */
    int order;
    int input, of_input;
    size_t element, of_element;
    double at;       /* the value of that element of x[input] */
    double expected; /* from differences */
    double got;      /* from the tape */
    double error;    /* |got - expected| / max(|got|, |expected|) */
} ad_report;

#ifdef __cplusplus
extern "C" {
#endif

/* Checks f at one point; options may be NULL. Takes about 5 to 50 evaluations an input element.
 *
 * Errors, in the report: those of f; AD_ERR_DOMAIN if a value of f at the point is not finite, or
 * an input has no data; AD_ERR_STATE if f gives different values at the same point; AD_ERR_FOREIGN,
 * AD_ERR_TYPE if its result is not on x's tape, or is an integer tensor; AD_ERR_MEMORY. */
AD_API ad_report ad_check(ad_function *f, void *user, int count, const ad_check_input *x,
                          const ad_check_options *options);

/* Checks a function of one variable, such as an activation, at orders 1 and 2: at points spread
 * over lo to hi, at 0, at powers of ten from 1e-8 to 1e8 and at the ends; each as a scalar, and all
 * together as a tensor, whose values must be those of the scalars: if not, is_broken is 1 and the
 * message says that f is not elementwise. Errors, in the report: as above; AD_ERR_DOMAIN unless
 * finite lo <= hi. */
AD_API ad_report ad_check_unary(ad_var (*f)(ad_var x), double lo, double hi);

#ifdef __cplusplus
}
#endif

#endif
