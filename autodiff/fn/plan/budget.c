/* SPDX-License-Identifier: MIT */
/* Keeps the tensors of a call within a limit: the choice of what is computed again that costs the
 * least among those whose plan, made on trial, is small enough. */
#include "fn/passes/passes_internal.h"
#include "fn/plan/rematerialise_internal.h"

#include <string.h>

/* ---- one choice ---- */

typedef struct search {
    ad__program *p;
    ad__stages stages;
    size_t limit, least;
    ad__choice best; /* that is small enough */
    int has_best;
    ad_status status;
} search;

static void free_values(ad__program *q)
{
    ad__resize(&q->allocator, q->values, 0);
    ad__resize(&q->allocator, q->args, 0);
}

/* The program with a choice, whose lists are in the arena; 0 if it is too long. */
static int write_choice(search *s, ad__choice choice, ad__arena *arena, ad__program *q)
{
    size_t most = (size_t)s->p->count * 128 + 100000;
    int is_too_long = 0;
    ad__program_init(q, &s->p->allocator);
    s->status = ad__rematerialise(&s->stages, choice, most, arena, q, &is_too_long);
    if (s->status == AD_OK && !is_too_long) {
        s->status = ad__dce(q);
    }
    ad__arena_clear(&q->scratch);
    return s->status == AD_OK && !is_too_long;
}

/* Bytes of the tensors of a program. */
static ad_status planned(const ad__program *q, ad__arena *arena, size_t *bytes)
{
    ad__groups groups;
    ad__plan plan;
    ad_status status = ad__fuse(q, arena, &groups);
    if (status == AD_OK) {
        status = ad__plan_of(q, &groups, arena, arena, &plan);
        *bytes = plan.tensor_bytes;
    }
    return status;
}

/* Whether the tensors fit with a choice. */
static int fits(search *s, ad__choice choice)
{
    ad__arena *arena = &s->p->scratch;
    ad__arena_mark before = ad__arena_mark_here(arena);
    ad__program q;
    size_t bytes = SIZE_MAX;
    if (s->status != AD_OK) {
        return 0;
    }
    if (write_choice(s, choice, arena, &q)) {
        s->status = planned(&q, arena, &bytes);
    }
    free_values(&q);
    ad__arena_rewind(arena, before);
    s->least = bytes < s->least ? bytes : s->least;
    if (s->status != AD_OK || bytes > s->limit) {
        return 0;
    }
    s->best = choice;
    s->has_best = 1;
    return 1;
}

/* ---- the search ---- */

/* Every trial costs a plan of the whole, so the last hundredth is not searched: the number of
 * trials depends on how tight the limit is, not on the length of the program. */
static int is_near(uint32_t less, uint32_t more)
{
    return more - less <= 1 + less / 64;
}

/* As few of the cheap values as are enough. */
static void search_cheap(search *s)
{
    uint32_t too_few = 0, enough = s->stages.cheap_count;
    while (!is_near(too_few, enough)) {
        uint32_t middle = too_few + (enough - too_few) / 2;
        if (fits(s, (ad__choice){.cheap = middle})) {
            enough = middle;
        } else {
            too_few = middle;
        }
    }
}

/* As many checkpoints as there is room for. */
static void search_checkpoints(search *s)
{
    uint32_t enough = 0, too_many = s->stages.mark_count + 1;
    while (!is_near(enough, too_many)) {
        uint32_t middle = enough + (too_many - enough) / 2;
        if (fits(s, (ad__choice){.of_states = 1, .checkpoints = middle})) {
            enough = middle;
        } else {
            too_many = middle;
        }
    }
    if (enough == 0) {
        (void)fits(s, (ad__choice){.of_states = 1});
    }
}

/* ---- the whole ---- */

/* Operations of a call and their flops. */
static ad_status count_work(const ad__program *p, size_t *operations, double *flops)
{
    uint32_t most = 1;
    for (ad__id id = 0; id < p->count; id++) {
        most = p->values[id].count > most ? p->values[id].count : most;
    }
    ad__array *x = ad__resize_array(&p->allocator, NULL, most, sizeof *x);
    *operations = 0;
    *flops = 0;
    for (ad__id id = 0; id < p->count && x != NULL; id++) {
        if (!ad__is_leaf(&p->values[id])) {
            *operations += 1;
            *flops += ad__value_flops(p, &p->values[id], x);
        }
    }
    ad__resize(&p->allocator, x, 0);
    return x != NULL ? AD_OK : AD_ERR_MEMORY;
}

/* Gives p the values of q, whose lists are as long. */
static void replace(ad__program *p, ad__program *q)
{
    free_values(p);
    p->values = q->values;
    p->args = q->args;
    p->count = q->count;
    p->capacity = q->capacity;
    p->arg_count = q->arg_count;
    p->arg_capacity = q->arg_capacity;
    memcpy(p->inputs, q->inputs, p->input_count * sizeof *p->inputs);
    memcpy(p->outputs, q->outputs, p->output_count * sizeof *p->outputs);
    memcpy(p->stores, q->stores, p->store_count * sizeof *p->stores);
}

/* Makes the best choice; it was written before, so that it is not too long. */
static ad_status apply(search *s, ad__budget *b)
{
    ad__program q;
    size_t before = 0, after = 0;
    double flops_before = 0, flops_after = 0;
    int is_written = write_choice(s, s->best, &s->p->scratch, &q) &&
                     count_work(s->p, &before, &flops_before) == AD_OK &&
                     count_work(&q, &after, &flops_after) == AD_OK;
    if (is_written) {
        b->operations = after - before;
        b->flops = flops_after - flops_before;
        replace(s->p, &q);
    } else {
        free_values(&q);
    }
    return is_written ? AD_OK : AD_ERR_MEMORY;
}

ad_status ad__keep_within(ad__program *p, ad__budget *b)
{
    ad__arena *arena = &p->scratch;
    ad__arena_mark before = ad__arena_mark_here(arena);
    search s = {.p = p, .limit = b->limit, .status = AD_OK};
    *b = (ad__budget){.limit = b->limit};
    s.status = planned(p, arena, &s.least);
    if (s.status == AD_OK && s.least > s.limit) {
        s.status = ad__find_stages(p, arena, &s.stages);
        if (fits(&s, (ad__choice){.cheap = s.stages.cheap_count})) {
            search_cheap(&s);
        } else {
            search_checkpoints(&s);
        }
        b->least = s.has_best ? 0 : s.least;
        if (s.status == AD_OK && s.has_best) {
            s.status = apply(&s, b);
        }
    }
    ad__arena_rewind(arena, before);
    return s.status;
}

ad_status ad__make_plan(ad__program *p, ad__budget *budget, ad__arena *arena, ad__plan *plan,
                        ad_error *unfit)
{
    ad__groups groups;
    ad_status status = AD_OK;
    if (budget->limit > 0) {
        status = ad__keep_within(p, budget);
    }
    if (status == AD_OK && budget->least > 0) {
        status = ad_error_set(unfit, AD_ERR_DOMAIN,
                              "the tensors of a call take %zu bytes at least; options.memory is "
                              "%zu",
                              budget->least, budget->limit);
    }
    if (status == AD_OK) {
        status = ad__fuse(p, &p->scratch, &groups);
    }
    if (status == AD_OK) {
        status = ad__plan_of(p, &groups, arena, &p->scratch, plan);
    }
    ad__arena_clear(&p->scratch);
    return status;
}
