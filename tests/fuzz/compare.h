/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_COMPARE_H
#define TESTS_FUZZ_COMPARE_H

#include "fuzz.h"
#include "fn/run/fn_internal.h"

/* One program, its compiled function, and what a recording at a point says that a call gives. */

enum { FUZZ_POINTS = 3, FUZZ_GUARDS = 1024 };

typedef struct comparison {
    fuzz_program *p;
    fuzz_count *count;
    char *text; /* what differs */
    size_t bytes;
    int point;
    const char *way;
    int emits; /* for C, which has no guard */
    ad_fn *f;
    ad_fn_options options;
    void *memory[FUZZ_STEPS];
    int in[FUZZ_STEPS], in_count; /* steps */
    int out[FUZZ_OUTPUTS], out_count;
    ad_type type[FUZZ_OUTPUTS];
    size_t len[FUZZ_OUTPUTS];
    fuzz_program other; /* what p is if the function was resized: p with other shapes */
    int is_shortened;   /* a recording at these shapes leaves out some of the function */
    fuzz_recording r;
    uint32_t guard[FUZZ_GUARDS]; /* nodes, in the order of the function's guards */
    int guard_count;
    size_t changed, seen;       /* guards at the point: expected, and told by the call */
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

/* What the recording at hand takes and gives; the function of it; whether it is the one of f. */
void fuzz_find_interface(comparison *c);
ad_fn *fuzz_compile(const comparison *c);
int fuzz_matches(const comparison *c, const ad_fn *f);

/* Options, what the recording reads for its guard, and what is done to the function then. */
void fuzz_choose_options(comparison *c, ad_rng *rng);
void fuzz_guard_some(comparison *c, ad_rng *rng);
int fuzz_vary(comparison *c, ad_rng *rng);
size_t fuzz_changed_guards(const comparison *c);

/* Puts a text after what tells the program and the call; returns 0. */
int fuzz_differs(comparison *c, const char *format, int i, const char *more);

size_t fuzz_output_bytes(const comparison *c, int i);

#endif
