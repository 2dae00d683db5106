/* SPDX-License-Identifier: MIT */
#ifndef AD_FN_PLAN_PLAN_INTERNAL_H
#define AD_FN_PLAN_PLAN_INTERNAL_H

#include "fn/steps/steps_internal.h"

/* What plan.c (order and end), places.c and pieces.c (memory) and lower.c (steps) share while a
 * plan is made. */

#define END (UINT32_MAX - 1) /* the position after all steps */

/* Bytes of the workspace that are in use, and how they lie: see pieces.c. */
typedef struct piece {
    size_t at, bytes, gap;  /* gap: free bytes before it */
    uint32_t before, after; /* pieces, or AD__NONE */
    uint32_t low, high;     /* with smaller gaps, with larger ones */
} piece;

typedef struct plan {
    const ad__program *program;
    const ad__groups *g;
    ad__arena *arena;   /* of what is made */
    ad__arena *scratch; /* of the tables below, by value unless said otherwise */
    ad__plan *out;
    uint32_t *position;    /* by group: when it runs */
    uint32_t *last_use;    /* of a root: the last position that reads it, or AD__NONE */
    uint32_t *cell, *slot; /* AD__NONE: none yet */
    uint32_t *reader;      /* the last one in the group that is being made */
    uint32_t *where;       /* the operation of the block that is being made */
    uint8_t *outside;      /* read by another group, an output or a store */
    uint8_t *released, *saved;
    uint32_t *free_slots;
    uint32_t free_slot_count;
    uint32_t *output, *next_output; /* those whose root a value is: the first; by output */
    uint32_t *store, *next_store;   /* those whose value's root it is: the first; by store */
    uint8_t *stored;                /* a view that is assigned to */
    uint32_t *piece_of;             /* that it has now, or AD__NONE */
    piece *pieces;
    uint32_t piece_count, last_piece, gaps; /* gaps: the root of the treap */
} plan;

uint32_t ad__new_cell(plan *p, ad__cell cell);
uint32_t ad__cell_of(plan *p, ad__id id);
uint32_t ad__slot_of(plan *p, ad__id id);
uint32_t ad__new_slot(plan *p, ad__id id);
void ad__place_result(plan *p, ad__id id, uint32_t group);

/* Bytes of the workspace for a value, from there on; given back; handed to another value, 0 if it
 * has none. */
size_t ad__take_bytes(plan *p, ad__id id, size_t bytes);
void ad__free_bytes(plan *p, ad__id id);
int ad__hand_bytes(plan *p, ad__id from, ad__id to, size_t *at);

/* Appends the step of a group; 0 without memory. */
int ad__make_step(plan *p, uint32_t group);

#endif
