/* SPDX-License-Identifier: MIT */
/* Branches of C that a recording has fixed: which values C may have branched on, and whether they
 * are still what they were. */
#include "fn_internal.h"

#include <math.h>
#include <string.h>

/* ---- which values ----
 *
 * A step function has few values, so a reader of one wants to know which. What moves, selects or
 * combines such values element by element is one again. A sum is not: it may be a score. */

extern const ad_op ad_max__op, ad_min__op;

/* What a value depends on: as bits, so that those of arguments can be joined. */
enum {
    SMOOTH = 2,   /* a number from outside, by what is no step function */
    CONSTANT = 4, /* constants alone */
    WHOLE = 8,    /* integers from outside alone */
    STEP = 16     /* a step function of numbers from outside */
};

static int is_step_row(const ad_op *op)
{
    int is = op->arity > 0;
    for (int i = 0; i < op->arity && is; i++) {
        is = strcmp(op->partial[i], "AD_ZERO") == 0;
    }
    return is;
}

/* Whether a step function of step functions is what the operation gives. */
static int keeps_steps(const ad_op *op)
{
    int moves = op->arity == 0 && op->flops == NULL;
    return op->arity > 0 || moves || op == &ad_max__op || op == &ad_min__op;
}

/* Of a node, from those of the nodes before it. */
static uint8_t class_of(const ad_tape *tape, uint32_t node, const uint8_t *classes)
{
    const ad__node *n = &tape->node[node];
    int is_whole = ad__kind_of(tape, node)->type == AD_I64, count;
    const uint32_t *arg = ad__args_of(tape, node, &count);
    unsigned from = CONSTANT;
    if (n->row > AD__DEAD) {
        return n->row == AD__CONSTANT ? CONSTANT : is_whole ? WHOLE : SMOOTH;
    }
    for (int i = 0; i < count; i++) {
        from |= classes[arg[i]];
    }
    const ad_op *op = ad__op_of(tape, node);
    if (from == CONSTANT) {
        return CONSTANT;
    }
    if (is_step_row(op)) {
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

/* ---- what they are now ---- */

static double element_of(const ad__kind *kind, const void *x, size_t i)
{
    switch (kind->type) {
    case AD_F64:
        return ((const double *)x)[i];
    case AD_F32:
        return (double)((const float *)x)[i];
    case AD_I64:
        return (double)((const int64_t *)x)[i];
    }
    return NAN;
}

/* The first element that C would see otherwise, or the number of elements. */
static size_t first_change(const ad__guard *g, const void *now)
{
    for (size_t i = 0; i < g->kind->count; i++) {
        const double x = element_of(g->kind, g->recorded, i), y = element_of(g->kind, now, i);
        int same = g->is_branch ? (x != 0) == (y != 0) : x == y || (isnan(x) && isnan(y));
        if (!same) {
            return i;
        }
    }
    return g->kind->count;
}

size_t ad_fn_guard_in(const ad_fn *f, const ad_workspace *w, size_t room, ad_fn_branch *out)
{
    size_t count = 0;
    if (f == NULL || w == NULL || !w->has_run) {
        return 0;
    }
    for (uint32_t i = 0; i < f->program.guard_count; i++) {
        const ad__guard *g = &f->program.guards[i];
        const void *now = w->guards + g->at;
        size_t at = first_change(g, now);
        if (at == g->kind->count) {
            continue;
        }
        if (count < room && out != NULL) {
            out[count] = (ad_fn_branch){.name = g->name,
                                        .site = g->site,
                                        .element = at,
                                        .recorded = element_of(g->kind, g->recorded, at),
                                        .now = element_of(g->kind, now, at)};
        }
        count++;
    }
    return count;
}

size_t ad_fn_guard_count(const ad_fn *f)
{
    return f == NULL ? 0 : f->program.guard_count;
}

size_t ad_fn_guard(const ad_fn *f, size_t room, ad_fn_branch *out)
{
    return f == NULL ? 0 : ad_fn_guard_in(f, f->own, room, out);
}
