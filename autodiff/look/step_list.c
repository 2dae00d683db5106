/* SPDX-License-Identifier: MIT */
/* The operations of a plan in the order in which they run, and what they cost. */
#include "look/show_internal.h"

/* ---- the operations of a step, by its kind ---- */

static void add(ad__step_list *l, ad__id id, ad__place place, uint32_t at)
{
    l->operations[l->count++] = (ad__operation){id, place, at};
}

static size_t count_call(const void *plan)
{
    (void)plan;
    return 1;
}

static void list_call(ad__step_list *l, const void *plan)
{
    const ad__call_step *c = plan;
    add(l, c->id, AD__IN_CELL, c->z);
}

static size_t count_scalars(const void *plan)
{
    return ((const ad__scalars *)plan)->count;
}

static void list_scalars(ad__step_list *l, const void *plan)
{
    const ad__scalars *run = plan;
    for (size_t i = 0; i < run->count; i++) {
        add(l, run->ids[i], AD__IN_SLOT, run->ops[i].z);
    }
}

static size_t count_block(const void *plan)
{
    return ((const ad__block *)plan)->op_count;
}

static void list_block(ad__step_list *l, const void *plan)
{
    const ad__block *b = plan;
    for (uint32_t i = 0; i < b->op_count; i++) {
        int is_tile = b->cell[i] == AD__NONE;
        add(l, b->ops[i].id, is_tile ? AD__IN_TILE : AD__IN_CELL,
            is_tile ? b->buffer[i] : b->cell[i]);
    }
}

static size_t count_product(const void *plan)
{
    const ad__product *p = plan;
    return 1 + (p->block != NULL ? p->block->op_count : 0);
}

static void list_product(ad__step_list *l, const void *plan)
{
    const ad__product *p = plan;
    add(l, p->id, p->z == AD__NONE ? AD__IN_PANEL : AD__IN_CELL, p->z);
    if (p->block != NULL) {
        list_block(l, p->block);
    }
}

static size_t count_copy(const void *plan)
{
    (void)plan;
    return 0;
}

static void list_copy(ad__step_list *l, const void *plan)
{
    (void)l, (void)plan;
}

static const struct lister {
    const ad__step_kind *kind;
    size_t (*count)(const void *plan);
    void (*list)(ad__step_list *l, const void *plan);
} listers[] = {{&ad__call_kind, count_call, list_call},
               {&ad__scalars_kind, count_scalars, list_scalars},
               {&ad__block_kind, count_block, list_block},
               {&ad__product_kind, count_product, list_product},
               {&ad__copy_kind, count_copy, list_copy}};

static const struct lister *lister_of(const ad__step *s)
{
    const struct lister *l = listers;
    while (l->kind != s->kind) {
        l++;
    }
    return l;
}

/* ---- the whole ---- */

ad__id ad__listed(const ad__step_list *l, ad__id id)
{
    const ad__program *p = &l->f->program;
    while (l->step[id] == AD__NONE && ad__is_whole_alias(p, &p->values[id])) {
        id = p->args[p->values[id].first];
    }
    return id;
}

static void mark_used(ad__step_list *l)
{
    const ad__program *p = &l->f->program;
    for (size_t i = 0; i < l->count; i++) {
        const ad__value *v = &p->values[l->operations[i].id];
        for (uint32_t a = 0; a < v->count; a++) {
            l->is_used[ad__listed(l, p->args[v->first + a])] = 1;
        }
    }
    for (uint32_t i = 0; i < p->input_count; i++) {
        l->is_used[p->inputs[i]] = 1;
    }
    for (uint32_t i = 0; i < p->output_count; i++) {
        l->is_used[ad__listed(l, p->outputs[i])] = 1;
    }
    for (uint32_t i = 0; i < p->store_count; i++) {
        l->is_used[ad__listed(l, p->stores[i].value)] = 1;
        l->is_used[p->stores[i].view] = 1;
    }
}

size_t ad__operation_total(const ad_fn *f)
{
    size_t count = 0;
    for (uint32_t s = 0; s < f->plan.step_count; s++) {
        count += lister_of(&f->plan.steps[s])->count(f->plan.steps[s].plan);
    }
    return count;
}

ad_status ad__list(const ad_fn *f, ad__step_list *out)
{
    const ad__plan *plan = &f->plan;
    size_t steps = plan->step_count, values = f->program.count, count = ad__operation_total(f);
    *out = (ad__step_list){.f = f};
    ad__arena_init(&out->arena, f->allocator);
    out->operations = ad__table(&out->arena, count, AD__UNFILLED, ad__operation);
    out->first = ad__table(&out->arena, steps + 1, AD__UNFILLED, size_t);
    out->step = ad__table(&out->arena, values, AD__NONES, uint32_t);
    out->is_used = ad__table(&out->arena, values, AD__ZEROS, uint8_t);
    if (out->arena.is_out_of_memory) {
        return AD_ERR_MEMORY;
    }
    for (size_t s = 0; s < steps; s++) {
        out->first[s] = out->count;
        lister_of(&plan->steps[s])->list(out, plan->steps[s].plan);
        for (size_t i = out->first[s]; i < out->count; i++) {
            out->step[out->operations[i].id] = (uint32_t)s;
        }
    }
    out->first[steps] = out->count;
    mark_used(out);
    return AD_OK;
}

void ad__step_list_clear(ad__step_list *l)
{
    ad__arena_clear(&l->arena);
}

/* ---- cost ---- */

/* What only moves elements need not read all of a larger tensor. */
static double bytes_read(const ad__value *v, const ad__value *x)
{
    size_t all = ad__value_bytes(x), most = ad__value_bytes(v);
    return (double)(ad__has(v->op, AD__MOVES) && most < all ? most : all);
}

/* seen: by value, the last step that has read it, plus 1. */
static ad__cost cost_of(const ad__step_list *l, size_t step, const ad__operation *o, uint32_t *seen,
                        ad__array *x)
{
    const ad__program *p = &l->f->program;
    const ad__value *v = &p->values[o->id];
    ad__cost cost = {ad__value_flops(p, v, x), 0};
    for (uint32_t i = 0; i < v->count; i++) {
        ad__id from = ad__listed(l, p->args[v->first + i]);
        if (l->step[from] != step && seen[from] != step + 1) {
            seen[from] = (uint32_t)step + 1;
            cost.bytes += bytes_read(v, &p->values[from]);
        }
    }
    if (o->place == AD__IN_CELL || o->place == AD__IN_SLOT) {
        cost.bytes += (double)ad__value_bytes(v);
    }
    return cost;
}

static uint32_t most_arguments(const ad__program *p)
{
    uint32_t most = 0;
    for (ad__id id = 0; id < p->count; id++) {
        most = p->values[id].count > most ? p->values[id].count : most;
    }
    return most;
}

ad_status ad__costs_of(ad__step_list *l, ad__cost **operations, ad__cost **steps)
{
    const ad__plan *plan = &l->f->plan;
    size_t values = l->f->program.count;
    ad__cost *o = ad__table(&l->arena, l->count, AD__UNFILLED, ad__cost);
    ad__cost *s = ad__table(&l->arena, plan->step_count, AD__UNFILLED, ad__cost);
    uint32_t *seen = ad__table(&l->arena, values, AD__ZEROS, uint32_t);
    ad__array *x = ad__table(&l->arena, most_arguments(&l->f->program), AD__UNFILLED, ad__array);
    if (l->arena.is_out_of_memory) {
        return AD_ERR_MEMORY;
    }
    for (size_t step = 0; step < plan->step_count; step++) {
        const ad__step *what = &plan->steps[step];
        double copied =
            what->kind == &ad__copy_kind ? 2 * (double)((const ad__copy *)what->plan)->bytes : 0;
        s[step] = (ad__cost){0, copied};
        for (size_t i = l->first[step]; i < l->first[step + 1]; i++) {
            o[i] = cost_of(l, step, &l->operations[i], seen, x);
            s[step].flops += o[i].flops;
            s[step].bytes += o[i].bytes;
        }
    }
    *operations = o;
    *steps = s;
    return AD_OK;
}
