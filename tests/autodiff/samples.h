/* SPDX-License-Identifier: MIT */
#ifndef TESTS_AUTODIFF_SAMPLES_H
#define TESTS_AUTODIFF_SAMPLES_H

#include "autodiff.h"
#include "tape/op_internal.h"

/* A structured or composed operation of ops.def; a row AD_UNSAMPLED has its name once more. */
typedef struct operation_entry {
    const char *name;
    const ad_op *op;     /* NULL: a composed operation_entry */
    const char *why_not; /* no sample is asked of it; else NULL */
} operation_entry;

/* All of them; the last has no name. */
const operation_entry *all_operations(void);

/* What the automatic tests record of structured and composed operations: the samples below their
 * rows in ops.def and those of their descriptors. */
typedef struct operation_sample {
    const char *name;
    const ad_op *op; /* NULL: a composed operation_entry */
    ad__sample own;
} operation_sample;

/* All of them, one operation's together; the last has no name. */
const operation_sample *all_samples(void);

/* A sample's result; integers as numbers of the arguments' type, so that it has derivatives. */
ad_var record_sample(const ad__sample *sample, const ad_var *x);

#endif
