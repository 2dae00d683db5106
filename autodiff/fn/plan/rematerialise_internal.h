/* SPDX-License-Identifier: MIT */
#ifndef AD_FN_PLAN_REMATERIALISE_INTERNAL_H
#define AD_FN_PLAN_REMATERIALISE_INTERNAL_H

#include "fn/steps/steps_internal.h"

/* A program that computes some of its values a second time, so that they need not be kept.
 *
 *   peak      where the most memory is held: values before it are kept for those from it on
 *   late      read from the peak on; leaves, scalars and what lies in the caller's memory are free
 *   cheap     late, and some elementwise operations on what is kept
 *   mark      late, and neither cheap nor free; stage s is what comes after mark s - 1 up to mark
 *             s, and the last stage, after the last mark, is at hand at the peak
 *   state s   mark s, and what later values before the peak read of stages up to s: the next stage
 *             can be computed from it
 *
 * Two ways to use less memory, the first as long as it is enough: all marks are kept and some of
 * the cheap values are computed again where they are read; or only some states are kept, and the
 * stages between them are computed again, in the order of binomial checkpoints. */

typedef struct ad__stages {
    const ad__program *p;
    ad__id peak;
    uint8_t *is_free; /* by value */
    uint16_t *cost;   /* by value before the peak: operations from what is kept; COST_MANY */
    ad__id *mark;     /* mark s is mark[s - 1] */
    ad__id *cheap;    /* the least costly first */
    uint32_t *stage;  /* by value before the peak: 1 .. mark_count + 1 */
    uint32_t *read;   /* by value: the last stage before the peak that reads it */
    uint32_t *first;  /* state s is state[first[s] .. first[s + 1] - 1], s = 1 .. */
    ad__id *state;
    uint32_t *highest; /* by value from the peak on: the last stage read from there on */
    uint32_t mark_count, cheap_count;
} ad__stages;

/* What is computed again: the first `cheap` of the cheap values; or all of them and what lies
 * between states, of which `checkpoints` are kept at a time. */
typedef struct ad__choice {
    int of_states;
    uint32_t cheap, checkpoints;
} ad__choice;

/* All of it is taken from the arena. Errors: AD_ERR_MEMORY. */
ad_status ad__find_stages(const ad__program *p, ad__arena *arena, ad__stages *out);

/* Whether a value is in state s, 1 or more; the stage that has to be at hand for it to be read: a
 * mark is, as soon as its state is. */
int ad__in_state(const ad__stages *t, ad__id id, uint32_t s);
uint32_t ad__reading_stage(const ad__stages *t, ad__id id);

/* The program with a choice; q, initialised, shares p's specs and attributes. *is_too_long: it
 * would have more than `most` values, and q is not complete. Errors: AD_ERR_MEMORY. */
ad_status ad__rematerialise(const ad__stages *t, ad__choice choice, size_t most, ad__arena *scratch,
                            ad__program *q, int *is_too_long);

/* Of `stages` stages that are to be reversed, the last one first, with the state before the first
 * one kept and room for `checkpoints` more: after how many stages the next one is kept, 1 or more.
 * stages > 1, checkpoints > 0.
 * Source: Griewank, Walther, "Algorithm 799: revolve", TOMS 2000. */
uint32_t ad__next_checkpoint(uint32_t stages, uint32_t checkpoints);

#endif
