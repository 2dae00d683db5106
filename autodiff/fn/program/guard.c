/* SPDX-License-Identifier: MIT */
/* Branches of C that a recording has fixed: which values C may have branched on. */
#include "fn/program/program_internal.h"

/* A step function has few values, so a reader of one wants to know which. What moves, selects or
 * combines such values element by element is one again. A sum is not: it may be a score. */

/* What a value depends on: as bits, so that those of arguments can be joined. */
enum {
    SMOOTH = 2,   /* a number from outside, by what is no step function */
    CONSTANT = 4, /* constants alone */
    WHOLE = 8,    /* integers from outside alone */
    STEP = 16     /* a step function of numbers from outside */
};

/* Whether a step function of step functions is what the operation gives. */
static int keeps_steps(const ad_op *op)
{
    return op->arity > 0 || ad__has(op, AD__MOVES) || ad__has(op, AD__PICKS);
}

/* Of a node, from those of the nodes before it. */
static uint8_t class_of(const ad_tape *tape, uint32_t node, const uint8_t *classes)
{
    const ad__node *n = &tape->node[node];
    int is_whole = ad__spec_of(tape, node)->type == AD_I64, count;
    const uint32_t *arg = ad__args_of(tape, node, &count);
    unsigned from = CONSTANT;
    if (ad__is_leaf_code(n->code)) {
        return n->code == AD__CONSTANT ? CONSTANT : is_whole ? WHOLE : SMOOTH;
    }
    for (int i = 0; i < count; i++) {
        from |= classes[arg[i]];
    }
    const ad_op *op = ad__op_of(tape, node);
    if (from == CONSTANT) {
        return CONSTANT;
    }
    if (ad__has(op, AD__STEP)) {
        return STEP;
    }
    if ((from & (SMOOTH | STEP)) == 0) {
        return WHOLE;
    }
    return is_whole || (!(from & SMOOTH) && keeps_steps(op)) ? STEP : SMOOTH;
}

uint32_t ad__find_guards(const ad_tape *tape, uint8_t *guards)
{
    uint32_t count = 0;
    for (uint32_t node = 1; node < tape->count; node++) {
        guards[node] = class_of(tape, node, guards);
    }
    for (uint32_t node = 1; node < tape->count; node++) {
        uint8_t notes = ad__notes_of(tape, node);
        int is_read = (notes & AD__READ) != 0 && guards[node] == STEP;
        guards[node] = is_read ? AD__READ : (uint8_t)(notes & AD__BRANCH);
        count += guards[node] != 0;
    }
    return count;
}
