/* SPDX-License-Identifier: MIT */
#ifndef TESTS_AUTODIFF_FN_EMITTED_H
#define TESTS_AUTODIFF_FN_EMITTED_H

#include "autodiff.h"

/* What tests of emitted C share: a function written, compiled, loaded and compared. */

typedef struct emitted emitted;

/* Fails the current test if the compiler has as much as a warning. compiler: "gcc", "clang". */
emitted *emitted_new(ad_fn *f, int in_count, int out_count, int view_count,
                     const ad_emit_options *options, const char *compiler);
void emitted_free(emitted *e);

/* What the emitted function returns; views are those that are its parameters. */
int emitted_run(emitted *e, const void *const *in, void *const *out, void *const *view);

const char *emitted_text(const emitted *e);

/* 1 if two arrays have the same bits, or both NaN, whose sign and payload C leaves open. */
int same_elements(ad_type type, size_t count, const void *a, const void *b);

/* A path in a folder of this process's own. */
const char *emitted_path(const char *name);

#endif
