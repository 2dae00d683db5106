/* SPDX-License-Identifier: MIT */
#ifndef AD_LOOK_SHOW_INTERNAL_H
#define AD_LOOK_SHOW_INTERNAL_H

#include "fn/run/fn_internal.h"
#include "fn_show.h"

/* What a function's text, graph and costs are made from: its operations, step by step. */

typedef enum ad__place { AD__IN_CELL, AD__IN_SLOT, AD__IN_TILE, AD__IN_PANEL } ad__place;

typedef struct ad__operation {
    ad__id id;
    ad__place place; /* of its result */
    uint32_t at;     /* which cell, slot or tile */
} ad__operation;

typedef struct ad__step_list {
    const ad_fn *f;
    ad__arena arena;
    size_t count;
    ad__operation *operations; /* those of step s: from first[s] to first[s + 1] */
    size_t *first;
    uint32_t *step;   /* by value: its step, AD__NONE for leaves and what is their memory */
    uint8_t *is_used; /* by value: a leaf that a step reads, or that goes out as it is */
} ad__step_list;

/* Errors: AD_ERR_MEMORY. Clear it in any case. */
ad_status ad__list(const ad_fn *f, ad__step_list *out);
size_t ad__operation_total(const ad_fn *f);
void ad__step_list_clear(ad__step_list *l);

/* The value whose memory a value is: that of a reshape is its argument. */
ad__id ad__listed(const ad__step_list *l, ad__id id);

/* What one call takes: operations on numbers, and bytes that are moved. A tensor that a step reads
 * more than once is counted with the first operation that does. */
typedef struct ad__cost {
    double flops, bytes;
} ad__cost;

/* By operation, in the listing's order, and by step; from the listing's arena.
 * Errors: AD_ERR_MEMORY. */
ad_status ad__costs_of(ad__step_list *l, ad__cost **operations, ad__cost **steps);

/* Appends a number with a prefix before its unit: "1.2 MB". */
void ad__say_quantity(char *text, size_t bytes, double value, const char *unit);

/* Appends an operation and its arguments, numbers of constant scalars as such. */
void ad__say_operation(const ad__step_list *l, ad__id id, char *text, size_t bytes);

/* Whether a value is a constant that is said as a number; appends it. */
int ad__is_number(const ad__value *v);
void ad__say_constant(const ad__value *v, char *text, size_t bytes);

#endif
