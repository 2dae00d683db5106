/* SPDX-License-Identifier: MIT */
#ifndef AD_FN_PLAN_INTERNAL_H
#define AD_FN_PLAN_INTERNAL_H

#include "steps_internal.h"

/* What plan.c (order and end), places.c (memory) and lower.c (steps) share while a plan is made. */

#define END (UINT32_MAX - 1) /* the position after all steps */

/* Bytes of the workspace that a value has now. */
typedef struct piece {
    size_t at, bytes;
    ad__id owner;
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
    piece *pieces; /* by their place */
    uint32_t piece_count;
} plan;

uint32_t ad__new_cell(plan *p, ad__cell cell);
uint32_t ad__cell_of(plan *p, ad__id id);
uint32_t ad__slot_of(plan *p, ad__id id);
uint32_t ad__new_slot(plan *p, ad__id id);
void ad__place_result(plan *p, ad__id id, uint32_t group);

/* Bytes of the workspace for a value, from there on; given back. */
size_t ad__take_bytes(plan *p, ad__id id, size_t bytes);
void ad__free_bytes(plan *p, ad__id id);

/* Appends the step of a group; 0 without memory. */
int ad__make_step(plan *p, uint32_t group);

#endif
