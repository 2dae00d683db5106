/* SPDX-License-Identifier: MIT */
/* The places of values. One that lives within one block is a tile. An output is computed in the
 * caller's memory, and an assigned value in the view's, if nothing reads the old content after.
 * Everything else has bytes of the workspace from the step that computes it to the last one that
 * reads it; a block's result takes over the bytes of an operand that it is the last to read. */
#include "fn/plan/plan_internal.h"

#include <string.h>

static const ad__value *value(const plan *p, ad__id id)
{
    return &p->program->values[id];
}

/* ---- cells ---- */

uint32_t ad__new_cell(plan *p, ad__cell cell)
{
    if (cell.home == AD__CELL_INPUT || cell.home == AD__CELL_OUTPUT) {
        p->out->callers[p->out->caller_count++] = p->out->cell_count;
    }
    p->out->cells[p->out->cell_count] = cell;
    return p->out->cell_count++;
}

/* The cell of a part of its root's memory. */
static uint32_t cell_of_part(plan *p, ad__id id, uint32_t whole)
{
    if (p->cell[id] == AD__NONE) {
        ad__cell cell = p->out->cells[whole];
        cell.offset += ad__part_of(p->g, id)->offset * ad_type_bytes(value(p, id)->spec->type);
        p->cell[id] = ad__new_cell(p, cell);
    }
    return p->cell[id];
}

/* The cell of a leaf's or a computed value's memory, or of a part of it. */
uint32_t ad__cell_of(plan *p, ad__id id)
{
    ad__id root = p->g->root[id];
    if (ad__part_of(p->g, id)->offset != 0) {
        return cell_of_part(p, id, ad__cell_of(p, root));
    }
    const ad__value *v = value(p, root);
    if (p->cell[root] == AD__NONE) {
        ad__cell cell = {.home = AD__CELL_FIXED, .id = root, .memory = v->attributes};
        if (ad__in_slot(v)) {
            cell = (ad__cell){.home = AD__CELL_SLOT, .id = root, .at = ad__slot_of(p, root)};
        } else if (ad__code_of(v) == AD__INPUT) {
            /* inputs are values 0, 1, .. */
            cell = (ad__cell){.home = AD__CELL_INPUT, .id = root, .at = root};
        }
        p->cell[root] = ad__new_cell(p, cell);
    }
    return p->cell[root];
}

/* ---- slots ---- */

/* Leaves get theirs here; a computed scalar got it when its step was made. */
uint32_t ad__slot_of(plan *p, ad__id id)
{
    const ad__value *v = value(p, id);
    if (p->slot[id] != AD__NONE) {
        return p->slot[id];
    }
    uint32_t slot = p->out->slot_count++;
    p->slot[id] = slot;
    p->out->slots[slot] = 0;
    if (ad__is_constant(v)) {
        memcpy(&p->out->slots[slot], v->attributes, sizeof(double));
    } else if (ad__is_leaf(v)) {
        int is_input = ad__code_of(v) == AD__INPUT;
        p->out->loads[p->out->load_count++] =
            (ad__slot_copy){slot, id, is_input ? NULL : (void *)v->attributes};
    }
    return slot;
}

uint32_t ad__new_slot(plan *p, ad__id id)
{
    if (p->free_slot_count == 0) {
        return ad__slot_of(p, id);
    }
    p->slot[id] = p->free_slots[--p->free_slot_count];
    return p->slot[id];
}

/* ---- where a result goes ---- */

/* The first output that is this very value. */
static uint32_t output_of(const plan *p, ad__id id)
{
    uint32_t i = p->output[id];
    while (i != AD__NONE &&
           value(p, p->program->outputs[i])->spec->count != value(p, id)->spec->count) {
        i = p->next_output[i];
    }
    return i;
}

/* Whether a group reads a view's content after value `id` of its own, or other than element by
 * element beside it. */
static int reads_after(const plan *p, uint32_t group, ad__id view, ad__id id)
{
    int after = 0;
    for (ad__id at = p->g->group[group].first; at != AD__NONE; at = p->g->next[at]) {
        const ad__value *v = value(p, at);
        for (uint32_t i = 0; i < v->count; i++) {
            ad__id x = p->program->args[v->first + i];
            int in_step = ad__is_elementwise(v) && value(p, x)->spec->count == v->spec->count &&
                          ad__part_of(p->g, x)->placed == SIZE_MAX;
            if (p->g->root[x] == view && (after || !in_step)) {
                return 1;
            }
        }
        after |= at == id;
    }
    return 0;
}

/* The view whose memory the value may be computed in, or AD__NONE. */
static ad__id view_of(const plan *p, ad__id id, uint32_t group)
{
    for (uint32_t i = p->store[id]; i != AD__NONE; i = p->next_store[i]) {
        const ad__store *s = &p->program->stores[i];
        uint32_t last = p->last_use[s->view];
        if (value(p, id)->spec != value(p, s->view)->spec) {
            continue;
        }
        if (last == AD__NONE || last < p->position[group] ||
            (last == p->position[group] && ad__is_elementwise(value(p, id)) &&
             !reads_after(p, group, s->view, id))) {
            return s->view;
        }
    }
    return AD__NONE;
}

/* An operand of the block that dies with it, is read element by element and not after value id. */
static int takes_over_operand(plan *p, ad__id id, uint32_t group)
{
    const ad__group *g = &p->g->group[group];
    for (ad__id at = g->first; at != AD__NONE && ad__is_elementwise(value(p, id));
         at = p->g->next[at]) {
        const ad__value *v = value(p, at);
        for (uint32_t i = 0; i < v->count && ad__is_elementwise(v); i++) {
            ad__id x = p->g->root[p->program->args[v->first + i]];
            const ad__value *from = value(p, x);
            size_t place;
            if (p->g->of[x] != group && p->last_use[x] == p->position[group] &&
                ad__value_bytes(from) == ad__value_bytes(value(p, id)) &&
                !reads_after(p, group, x, id) && ad__hand_bytes(p, x, id, &place)) {
                p->cell[id] =
                    ad__new_cell(p, (ad__cell){.home = AD__CELL_WORK, .id = id, .at = place});
                return 1;
            }
        }
    }
    return 0;
}

/* Gives a value that a step computes its cell, if it has one. */
void ad__place_result(plan *p, ad__id id, uint32_t group)
{
    const ad__value *v = value(p, id);
    if (ad__in_slot(v)) {
        uint32_t slot = ad__new_slot(p, id);
        p->cell[id] =
            p->g->group[group].form == AD__GROUP_SCALARS
                ? AD__NONE
                : ad__new_cell(p, (ad__cell){.home = AD__CELL_SLOT, .id = id, .at = slot});
        return;
    }
    if (!p->outside[id] && p->g->group[group].form != AD__GROUP_CALL) {
        return;
    }
    uint32_t output = output_of(p, id);
    if (output != AD__NONE) {
        p->cell[id] = ad__new_cell(p, (ad__cell){.home = AD__CELL_OUTPUT, .id = id, .at = output});
        return;
    }
    ad__id view = view_of(p, id, group);
    if (view != AD__NONE) {
        p->cell[id] = ad__cell_of(p, view);
        return;
    }
    if (!takes_over_operand(p, id, group)) {
        size_t at = ad__take_bytes(p, id, ad__value_bytes(v));
        p->cell[id] = ad__new_cell(p, (ad__cell){.home = AD__CELL_WORK, .id = id, .at = at});
    }
}
