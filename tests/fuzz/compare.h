/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_COMPARE_H
#define TESTS_FUZZ_COMPARE_H

#include "fuzz.h"
#include "fn/fn_internal.h"

/* One program, its compiled function, and what a recording at a point says that a call gives. */

enum { FUZZ_POINTS = 3 };

typedef struct comparison {
    fuzz_program *p;
    fuzz_count *count;
    char *text; /* what differs */
    size_t bytes;
    int point;
    const char *way;
    ad_fn *f;
    ad_fn_options options;
    void *memory[FUZZ_STEPS];
    int in[FUZZ_STEPS], in_count; /* steps */
    int out[FUZZ_OUTPUTS], out_count;
    ad_type type[FUZZ_OUTPUTS];
    size_t len[FUZZ_OUTPUTS];
    fuzz_recording r;
    void *result[FUZZ_OUTPUTS]; /* expected */
    void *content[FUZZ_STEPS];  /* of views, expected */
} comparison;

/* A way of calling the function; the text of an error goes to *message. */
typedef ad_status fuzz_way(comparison *c, void *way, void *const *x, void *const *z,
                           const char **message);

/* Records and compiles; 0 if that fails. Between them, calls and their comparison at a point. */
int fuzz_comparison_begin(comparison *c);
void fuzz_comparison_end(comparison *c);
void fuzz_expect(comparison *c);
int fuzz_call_and_compare(comparison *c, const char *name, fuzz_way *call, void *way);
void fuzz_forget(comparison *c);

/* Puts a text after what tells the program and the call; returns 0. */
int fuzz_differs(comparison *c, const char *format, int i, const char *more);

size_t fuzz_output_bytes(const comparison *c, int i);

#endif
