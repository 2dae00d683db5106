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
 * A search reads values that are on the tape anyway; recording pays nothing for it. It takes about
 * the time to read every value once, so that it may be asked at every step of a training.
 */

/* The first operation whose result is worse than all that it was made of: an infinity of finite
 * numbers, or a NaN of numbers; or the first input that holds such a value. Constants may be
 * infinite: a mask of -inf is no anomaly. */
typedef struct ad_anomaly {
    int found;         /* 0: there is none */
    ad_status status;  /* AD_OK, or why the search could not be carried out */
    char message[400]; /* the finding as a sentence */

    const char *op;    /* the operation's name, "input" or "view" */
    const char *site;  /* where it was recorded, "train.c:42", or NULL */
    int is_derivative; /* recorded by ad_grad, ad_vjp, ...; its site is that of the original */
    size_t node;       /* its number in dumps */
    size_t element;    /* of the result */
    double value;      /* nan, inf or -inf */

    /* what it was made of: of an elementwise operation the elements that met there; of any other
     * the largest element by magnitude of each of its first three arguments */
    int count;
    double operand[3];
} ad_anomaly;

#ifdef __cplusplus
extern "C" {
#endif

/* Searches the whole tape, in the order of recording. */
AD_API ad_anomaly ad_tape_anomaly(const ad_tape *tape);

/* Searches what y was made of.
 *
 * Errors, in the result: AD_ERR_STALE if y is dead or stale; AD_ERR_MEMORY. */
AD_API ad_anomaly ad_anomaly_of(ad_var y);

#ifdef __cplusplus
}
#endif

#endif
