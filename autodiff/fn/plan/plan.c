/* SPDX-License-Identifier: MIT */
/* When values are computed and read for the last time, and so what a plan consists of: the steps of
 * the groups, the bytes given back after each, and at the end of a call the copies of outputs and
 * assigned values that no step could write in place. */
#include "fn/plan/plan_internal.h"

/* ---- who reads what, and when ---- */

static void note_use(plan *p, ad__id id, uint32_t at)
{
    uint32_t *last = &p->last_use[p->g->root[id]];
    *last = *last == AD__NONE || at > *last ? at : *last;
}

/* The positions of values, the last use of each root, and which are read outside their group. What
 * is copied out in the end is used by position END. */
static void find_uses(plan *p)
{
    const ad__program *program = p->program;
    for (ad__id id = 0; id < program->count; id++) {
        const ad__value *v = &program->values[id];
        uint32_t group = p->g->of[id];
        for (uint32_t i = 0; i < v->count && group != AD__NONE; i++) {
            ad__id x = p->g->root[program->args[v->first + i]];
            note_use(p, x, p->position[group]);
            p->outside[x] |= p->g->of[x] != group;
        }
    }
    for (uint32_t i = 0; i < program->output_count; i++) {
        note_use(p, program->outputs[i], END);
        p->outside[p->g->root[program->outputs[i]]] = 1;
    }
    for (uint32_t i = 0; i < program->store_count; i++) {
        note_use(p, program->stores[i].value, END);
        p->outside[p->g->root[program->stores[i].value]] = 1;
    }
}

/* Frees what was read for the last time. */
static void release(plan *p, uint32_t group)
{
    for (ad__id at = p->g->group[group].first; at != AD__NONE; at = p->g->next[at]) {
        const ad__value *v = &p->program->values[at];
        for (uint32_t i = 0; i <= v->count; i++) {
            ad__id x = p->g->root[i < v->count ? p->program->args[v->first + i] : at];
            uint32_t last = p->last_use[x];
            if (ad__is_leaf(&p->program->values[x]) || p->released[x] ||
                (last != AD__NONE && last > p->position[group])) {
                continue;
            }
            p->released[x] = 1;
            if (p->slot[x] != AD__NONE) {
                p->free_slots[p->free_slot_count++] = p->slot[x];
            } else {
                ad__free_bytes(p, x);
            }
        }
    }
}

/* ---- the end of a call ---- */

static int add_copy(plan *p, uint32_t from, uint32_t to, size_t bytes)
{
    ad__copy *copy = ad__arena_take(p->arena, sizeof *copy);
    if (copy == NULL) {
        return 0;
    }
    *copy = (ad__copy){from, to, bytes};
    p->out->steps[p->out->step_count++] = (ad__step){&ad__copy_kind, copy, 0};
    return 1;
}

/* A view whose old content goes elsewhere in the end, and which is itself assigned to: saved first.
 * The slots of scalars are such copies already. */
static int save_views(plan *p)
{
    const ad__program *program = p->program;
    for (uint32_t i = 0; i < program->store_count + program->output_count; i++) {
        ad__id id = i < program->store_count ? program->stores[i].value
                                             : program->outputs[i - program->store_count];
        ad__id x = p->g->root[id];
        const ad__value *v = &program->values[x];
        if (ad__code_of(v) != AD__VIEW || ad__in_slot(v) || !p->stored[x] || p->saved[x]) {
            continue;
        }
        uint32_t from = ad__cell_of(p, x);
        size_t at = ad__take_bytes(p, x, ad__value_bytes(v));
        p->cell[x] = ad__new_cell(p, (ad__cell){.home = AD__CELL_WORK, .id = x, .at = at});
        p->saved[x] = 1;
        if (!add_copy(p, from, p->cell[x], ad__value_bytes(v))) {
            return 0;
        }
    }
    return 1;
}

/* Where an output or a stored value is in the end: in a view that was saved, not in the view. */
static uint32_t last_cell_of(plan *p, ad__id id)
{
    p->cell[id] = ad__part_of(p->g, id)->offset != 0 ? AD__NONE : p->cell[id];
    return ad__cell_of(p, id);
}

static int finish_outputs(plan *p)
{
    for (uint32_t i = 0; i < p->program->output_count; i++) {
        ad__id id = p->program->outputs[i], x = p->g->root[id];
        if (ad__in_slot(&p->program->values[x])) {
            p->out->saves[p->out->save_count++] = (ad__slot_copy){ad__slot_of(p, x), i, NULL};
            continue;
        }
        uint32_t from = last_cell_of(p, id);
        const ad__cell *there = &p->out->cells[from];
        if (there->home == AD__CELL_OUTPUT && there->at == i) {
            continue;
        }
        uint32_t to = ad__new_cell(p, (ad__cell){.home = AD__CELL_OUTPUT, .id = x, .at = i});
        if (!add_copy(p, from, to, ad__value_bytes(&p->program->values[id]))) {
            return 0;
        }
    }
    return 1;
}

static int finish_stores(plan *p)
{
    for (uint32_t i = 0; i < p->program->store_count; i++) {
        const ad__store *s = &p->program->stores[i];
        ad__id x = p->g->root[s->value];
        const ad__value *view = &p->program->values[s->view];
        if (ad__in_slot(&p->program->values[x])) {
            p->out->saves[p->out->save_count++] =
                (ad__slot_copy){ad__slot_of(p, x), s->view, (void *)view->attributes};
            continue;
        }
        uint32_t from = last_cell_of(p, s->value);
        const ad__cell *there = &p->out->cells[from];
        if (there->home == AD__CELL_FIXED && there->memory == view->attributes &&
            there->offset == 0) {
            continue;
        }
        uint32_t to = ad__new_cell(
            p, (ad__cell){.home = AD__CELL_FIXED, .id = s->view, .memory = view->attributes});
        if (!add_copy(p, from, to, ad__value_bytes(view))) {
            return 0;
        }
    }
    return 1;
}

/* ---- the whole ---- */

static int make_tables(plan *p)
{
    const ad__program *program = p->program;
    size_t n = (size_t)program->count + 1;
    size_t ends = (size_t)program->output_count + program->store_count + 1;
    ad__plan *out = p->out;
    ad__arena *scratch = p->scratch, *arena = p->arena;
    p->position = ad__table(scratch, n, AD__UNFILLED, uint32_t);
    p->last_use = ad__table(scratch, n, AD__NONES, uint32_t);
    p->cell = ad__table(scratch, n, AD__NONES, uint32_t);
    p->slot = ad__table(scratch, n, AD__NONES, uint32_t);
    p->free_slots = ad__table(scratch, n, AD__UNFILLED, uint32_t);
    p->reader = ad__table(scratch, n, AD__UNFILLED, uint32_t);
    p->where = ad__table(scratch, n, AD__UNFILLED, uint32_t);
    p->outside = ad__table(scratch, n, AD__ZEROS, uint8_t);
    p->released = ad__table(scratch, n, AD__ZEROS, uint8_t);
    p->saved = ad__table(scratch, n, AD__ZEROS, uint8_t);
    p->output = ad__table(scratch, n, AD__NONES, uint32_t);
    p->next_output = ad__table(scratch, ends, AD__UNFILLED, uint32_t);
    p->store = ad__table(scratch, n, AD__NONES, uint32_t);
    p->next_store = ad__table(scratch, ends, AD__UNFILLED, uint32_t);
    p->stored = ad__stored_views(program, scratch);
    p->piece_of = ad__table(scratch, n, AD__NONES, uint32_t);
    p->pieces = ad__table(scratch, n, AD__UNFILLED, piece);
    out->steps = ad__table(arena, p->g->count + 3 * ends, AD__UNFILLED, ad__step);
    out->cells = ad__table(arena, n + 3 * ends, AD__UNFILLED, ad__cell);
    out->callers = ad__table(arena, n + 3 * ends, AD__UNFILLED, uint32_t);
    out->slots = ad__table(arena, n, AD__UNFILLED, double);
    out->loads = ad__table(arena, n, AD__UNFILLED, ad__slot_copy);
    out->saves = ad__table(arena, ends, AD__UNFILLED, ad__slot_copy);
    return !scratch->is_out_of_memory && !arena->is_out_of_memory;
}

/* The outputs and stores of each value, in their order. */
static void find_ends(plan *p)
{
    const ad__program *program = p->program;
    for (uint32_t i = program->output_count; i-- > 0;) {
        uint32_t *first = &p->output[p->g->root[program->outputs[i]]];
        p->next_output[i] = *first;
        *first = i;
    }
    for (uint32_t i = program->store_count; i-- > 0;) {
        uint32_t *first = &p->store[p->g->root[program->stores[i].value]];
        p->next_store[i] = *first;
        *first = i;
    }
}

static ad_status plan_steps(plan *p)
{
    find_ends(p);
    for (uint32_t i = 0; i < p->g->count; i++) {
        p->position[p->g->order[i]] = i;
    }
    find_uses(p);
    for (uint32_t i = 0; i < p->g->count; i++) {
        uint32_t group = p->g->order[i];
        if (!ad__make_step(p, group)) {
            return AD_ERR_MEMORY;
        }
        release(p, group);
    }
    return save_views(p) && finish_outputs(p) && finish_stores(p) ? AD_OK : AD_ERR_MEMORY;
}

ad_status ad__plan_of(const ad__program *program, const ad__groups *g, ad__arena *arena,
                      ad__arena *scratch, ad__plan *out)
{
    plan p = {.program = program,
              .g = g,
              .arena = arena,
              .scratch = scratch,
              .out = out,
              .last_piece = AD__NONE,
              .gaps = AD__NONE};
    *out = (ad__plan){.step_count = 0};
    return make_tables(&p) ? plan_steps(&p) : AD_ERR_MEMORY;
}
