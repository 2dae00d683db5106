/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include "autodiff.h"
#include "samples.h"
#include "tape/op_internal.h"

#include <stdio.h>

/* Random small programs, recorded and compiled, compared bit for bit.
 *
 *   draw       a seed -> a program: a list of steps, each one call of a public builder
 *   record     a program at a point -> a tape: what the leaves hold is a function of the point
 *   compare    the compiled function against recordings at several points
 *   shrink     a program that differs -> a shorter one that does */

enum {
    FUZZ_STEPS = 64,
    FUZZ_ARGS = 3,
    FUZZ_RESULTS = 3, /* of one step */
    FUZZ_VALUES = FUZZ_STEPS * FUZZ_RESULTS,
    FUZZ_OUTPUTS = 6
};

/* A value is result r of step s: number s * FUZZ_RESULTS + r. An argument is a value, or, as
 * FUZZ_NUMBER, a plain number. */
enum { FUZZ_NUMBER = -1 };

typedef enum fuzz_role {
    FUZZ_OPERATION,
    FUZZ_INPUT,   /* a leaf that the function is given */
    FUZZ_KEPT,    /* an ad_input that it keeps, or a constant */
    FUZZ_VIEW,    /* the caller's memory, kept */
    FUZZ_IN_VIEW, /* the caller's memory, but given */
} fuzz_role;

typedef struct fuzz_kind fuzz_kind;

typedef struct fuzz_step {
    const fuzz_kind *kind;
    int off; /* left out by shrink, or refused by the library */
    int count, arg[FUZZ_ARGS];
    double number[FUZZ_ARGS];
    uint64_t seed;   /* of attributes, and of a leaf's elements */
    const ad_op *op; /* of rows */
    const operation_sample *sample;
    ad_type type; /* of a leaf */
    ad_shape shape;
    int palette;
    int shares; /* the step whose memory a view has: itself, or an earlier view */
} fuzz_step;

typedef struct fuzz_program {
    uint64_t seed;
    int smooth; /* made for finite differences */
    int step_count, output_count;
    fuzz_step step[FUZZ_STEPS];
    int output[FUZZ_OUTPUTS]; /* values */
} fuzz_program;

/* What a call of a builder may use. */
typedef struct fuzz_call {
    ad_tape *tape;
    fuzz_step *step;
    ad_rng rng; /* of attributes */
    const ad_var *x;
    const void *elements; /* of a leaf */
    ad_var z[FUZZ_RESULTS];
} fuzz_call;

struct fuzz_kind {
    const char *name;
    int count;  /* of arguments */
    int weight; /* how often it is drawn */
    fuzz_role role;
    int smooth; /* 1: finite differences see its derivative */
    void (*record)(fuzz_call *call);
};
extern const fuzz_kind fuzz_kinds[];

/* A program on a tape at a point. Views stand in `memory`, which outlives the tape: an array for
 * each step, NULL where there is none. */
typedef struct fuzz_recording {
    ad_tape *tape;
    ad_var value[FUZZ_VALUES]; /* dead: off, refused or made of such */
    int failed;                /* a step that was recorded at the first point was refused */
} fuzz_recording;

int fuzz_below(ad_rng *rng, int bound);
int fuzz_is_live(const fuzz_recording *r, int value);

/* ---- draw ---- */

void fuzz_draw(fuzz_program *p, uint64_t seed, int smooth);

/* ---- values ---- */

enum { FUZZ_PALETTES = 6 };
double fuzz_number(ad_rng *rng);

/* The elements of a leaf at a point; what the function keeps is that of point 0. */
void fuzz_fill(const fuzz_step *s, int point, void *elements);

/* ---- record ---- */

void fuzz_add_memory(const fuzz_program *p, int step, void **memory);
void fuzz_make_memory(const fuzz_program *p, void **memory);
void fuzz_free_memory(const fuzz_program *p, void **memory);
void fuzz_set_memory(const fuzz_program *p, int point, void *const *memory);
size_t fuzz_leaf_bytes(const fuzz_step *s);

void fuzz_begin(fuzz_recording *r);
/* Records step i; 0 if it is off or refused. */
int fuzz_record_step(fuzz_recording *r, fuzz_program *p, int i, int point, void *const *memory);
void fuzz_record(fuzz_recording *r, fuzz_program *p, int point, void *const *memory);
void fuzz_end(fuzz_recording *r);

/* ---- compare ---- */

typedef struct fuzz_count {
    long programs, compiled, runs, refused, differences, emitted, smaller, guarded, resized;
} fuzz_count;

/* 1 if everything agrees; else 0 and what does not is in text. */
int fuzz_compare(fuzz_program *p, fuzz_count *count, char *text, size_t bytes);
int fuzz_compare_differences(fuzz_program *p, fuzz_count *count, char *text, size_t bytes);

/* The emitted C of programs, compiled by gcc in one go. *seed is that of the program at work. */
int fuzz_compare_emitted(fuzz_program *p, int programs, uint64_t *seed, fuzz_count *count,
                         char *text, size_t bytes);

/* ---- shrink ---- */

typedef int fuzz_check(fuzz_program *p, fuzz_count *count, char *text, size_t bytes);

/* Makes p as short as it gets while the check fails, and prints it. */
void fuzz_shrink(fuzz_program *p, fuzz_check *check);
void fuzz_print(FILE *out, fuzz_program *p);

#endif
