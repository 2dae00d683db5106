/* SPDX-License-Identifier: MIT */
#ifndef AD_ANOMALY_H
#define AD_ANOMALY_H

#include "tape.h"

/* Where a NaN or an infinity came from. [everyday]
 *
 *   if (!isfinite(ad_value(loss))) {
 *       puts(ad_anomaly_of(loss).message);
 *   }
 *
 * prints, for example, "ad_log made -inf of 0 at element [3, 1] (train.c:42)", or, when a gradient
 * is asked about, "ad_reciprocal made inf of 0, in a derivative (train.c:42)": recorded derivatives
 * stand on the tape like all else, at the line of the operation they belong to.
 *
 * Derivatives hide an infinity too: where a cotangent is exactly 0, an infinite slope is dropped
 * (0 times inf counts as 0, see ad_chain), which is right for the branch that an ad_where does not
 * take, and leaves a wrong 0 where two operations cancel, as in ad_square(ad_sqrt(x)) at x = 0:
 *
 *   ad_div made the slope inf of 0.5 and 0, dropped because its cotangent is exactly 0, harmless
 *   only if another branch was chosen (ad_where), in a derivative (train.c:42)
 *
 * A slope is not reported where such a choice, or a constant factor 0, is seen to have made the 0.
 *
 * A search reads values that are on the tape anyway; recording pays nothing for it. It takes about
 * the time to read every value once, so that it may be asked at every step of a training. The
 * last gradient by ad_grad_values, which left nothing on the tape, is recorded again with ad_grad,
 * by the inputs from the first of its variables on, and forgotten: that takes the time of one.
 */

/* What a search has found: the first that it may be. */
typedef enum ad_anomaly_kind {
    AD_ANOMALY_NONE,
    AD_ANOMALY_VALUE,        /* an operation made a NaN or an infinity */
    AD_ANOMALY_DROPPED_SLOPE /* one that a derivative dropped, for a cotangent of exactly 0 */
} ad_anomaly_kind;

/* The first operation whose result is worse than all that it was made of: an infinity of finite
 * numbers, or a NaN of numbers; or the first input that holds such a value. Constants may be
 * infinite: a mask of -inf is no anomaly. If there is none, the first slope that was dropped, with
 * the operation that made it. */
typedef struct ad_anomaly {
    int found; /* 0: there is none */
    ad_anomaly_kind kind;
    size_t dropped;    /* elements of slopes that were dropped, whatever the kind */
    ad_status status;  /* AD_OK, or why the search could not be carried out */
    char message[400]; /* the finding as a sentence */

    const char *op;    /* the operation's name, "input" or "view" */
    const char *site;  /* where it was recorded, "train.c:42", or NULL */
    int is_derivative; /* recorded by ad_grad, ad_vjp, ...; its site is that of the original */
    size_t node;       /* its number in dumps; 0 if it is of a gradient by ad_grad_values */
    size_t element;    /* of the result, or of the slope where it was dropped */
    double value;      /* nan, inf or -inf */

    /* what it was made of: of an elementwise operation the elements that met there; of any other
     * the largest element by magnitude of each of its first three arguments */
    int count;
    double operand[3];
} ad_anomaly;

#ifdef __cplusplus
extern "C" {
#endif

/* Searches the whole tape, in the order of recording, then the last gradient by ad_grad_values.
 *
 * Errors, in the result: AD_ERR_MEMORY, also for NULL. */
AD_API ad_anomaly ad_tape_anomaly(ad_tape *tape);

/* Searches what y was made of, then the last gradient by ad_grad_values, if it was one of y or of
 * what y was made of.
 *
 * Errors, in the result: AD_ERR_STALE if y is dead or stale; AD_ERR_MEMORY. */
AD_API ad_anomaly ad_anomaly_of(ad_var y);

#ifdef __cplusplus
}
#endif

#endif
