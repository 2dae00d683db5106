/* SPDX-License-Identifier: MIT */
/* Finds where a program holds the most memory, what is kept there for later, and how much of that
 * follows from the rest. */
#include "fn/plan/rematerialise_internal.h"

#include <string.h>

enum {
    MOST_CHEAP = 24,   /* operations from what is kept: a block still has room for readers */
    COST_MANY = 60000, /* more than any cost */
    MOST_MARKS = 1000  /* that bound stages */
};

static int is_before(const ad__stages *t, ad__id id)
{
    return id < t->peak && !ad__is_leaf(&t->p->values[id]);
}

/* ---- the peak ---- */

/* The value after which the most bytes are live, in the order of values. A value that lives within
 * its block has none, and a part of another has that one's. */
static ad__id fullest(const ad__stages *t, const ad__groups *g, int64_t *change, ad__id *last)
{
    const ad__program *p = t->p;
    memset(change, 0, ((size_t)p->count + 1) * sizeof *change);
    for (ad__id id = 0; id < p->count; id++) {
        last[id] = id;
        for (uint32_t i = 0; i < p->values[id].count; i++) {
            ad__id x = g->root[ad__arguments(p, &p->values[id])[i]];
            last[x] = g->of[id] != g->of[x] ? id : last[x];
        }
    }
    for (ad__id id = 0; id < p->count; id++) {
        if (!t->is_free[id] && g->root[id] == id && last[id] > id) {
            change[id] += (int64_t)ad__value_bytes(&p->values[id]);
            change[last[id]] -= (int64_t)ad__value_bytes(&p->values[id]);
        }
    }
    int64_t live = 0, most = -1;
    ad__id at = 0;
    for (ad__id id = 0; id < p->count; id++) {
        live += change[id];
        if (live > most) {
            most = live;
            at = id;
        }
    }
    return at;
}

/* ---- what is free, cheap or a mark ---- */

/* Outputs and stored values are in the caller's memory, as are those that they are reshapes of. */
static void mark_free(const ad__stages *t)
{
    const ad__program *p = t->p;
    for (ad__id id = 0; id < p->count; id++) {
        t->is_free[id] = ad__is_leaf(&p->values[id]) || ad__in_slot(&p->values[id]);
    }
    for (uint32_t i = 0; i < p->output_count; i++) {
        t->is_free[p->outputs[i]] = 1;
    }
    for (uint32_t i = 0; i < p->store_count; i++) {
        t->is_free[p->stores[i].value] = 1;
    }
    for (ad__id id = p->count; id-- > 0;) {
        const ad__value *v = &p->values[id];
        if (t->is_free[id] && ad__is_whole_alias(p, v)) {
            t->is_free[ad__arguments(p, v)[0]] = 1;
        }
    }
}

/* Elementwise operations, and those that only move elements. */
static int is_cheap(const ad__value *v)
{
    return ad__is_elementwise(v) || ad__has(v->op, AD__MOVES);
}

/* Sets costs, and collects marks and late values that are cheap, by their place. */
static void sort_values(ad__stages *t, const uint8_t *is_late)
{
    const ad__program *p = t->p;
    for (ad__id id = 0; id < t->peak; id++) {
        const ad__value *v = &p->values[id];
        uint32_t cost = !ad__is_whole_alias(p, v);
        if (t->is_free[id]) {
            t->cost[id] = 0;
            continue;
        }
        for (uint32_t i = 0; i < v->count; i++) {
            cost += t->cost[ad__arguments(p, v)[i]];
        }
        t->cost[id] = (uint16_t)(cost < COST_MANY && is_cheap(v) ? cost : COST_MANY);
        if (is_late[id] && t->cost[id] > MOST_CHEAP) {
            t->cost[id] = 0;
            t->mark[t->mark_count++] = id;
        } else if (is_late[id]) {
            t->cheap[t->cheap_count++] = id;
        }
    }
}

/* The least costly first, of those the earliest. */
static void sort_cheap(ad__stages *t, ad__id *buffer)
{
    uint32_t count = 0;
    for (uint32_t cost = 0; cost <= MOST_CHEAP; cost++) {
        for (uint32_t i = 0; i < t->cheap_count; i++) {
            if (t->cost[t->cheap[i]] == cost) {
                buffer[count++] = t->cheap[i];
            }
        }
    }
    memcpy(t->cheap, buffer, count * sizeof *buffer);
}

/* ---- stages and their states ---- */

static void thin_marks(ad__stages *t)
{
    uint32_t every = t->mark_count / MOST_MARKS + 1, kept = 0;
    for (uint32_t i = every - 1; i < t->mark_count; i += every) {
        t->mark[kept++] = t->mark[i];
    }
    t->mark_count = kept;
}

uint32_t ad__reading_stage(const ad__stages *t, ad__id id)
{
    uint32_t s = t->stage[id];
    return s <= t->mark_count && t->mark[s - 1] == id ? s + 1 : s;
}

static void find_stages(const ad__stages *t)
{
    const ad__program *p = t->p;
    uint32_t stage = 1;
    for (ad__id id = 0; id < t->peak; id++) {
        t->stage[id] = stage;
        t->read[id] = 0;
        for (uint32_t i = 0; i < p->values[id].count; i++) {
            t->read[ad__arguments(p, &p->values[id])[i]] = stage;
        }
        stage += stage <= t->mark_count && t->mark[stage - 1] == id;
    }
    uint32_t highest = 0;
    for (ad__id id = p->count; id-- > t->peak;) {
        for (uint32_t i = 0; i < p->values[id].count; i++) {
            ad__id x = ad__arguments(p, &p->values[id])[i];
            if (is_before(t, x) && !t->is_free[x]) {
                stage = ad__reading_stage(t, x);
                highest = stage > highest ? stage : highest;
            }
        }
        t->highest[id] = highest;
    }
}

int ad__in_state(const ad__stages *t, ad__id id, uint32_t s)
{
    return t->stage[id] <= s && (t->read[id] > s || t->mark[s - 1] == id);
}

static int find_states(ad__stages *t, ad__arena *arena)
{
    size_t states = (size_t)t->mark_count + 2;
    t->first = ad__table(arena, states + 1, AD__ZEROS, uint32_t);
    if (t->first == NULL) {
        return 0;
    }
    for (int fills = 0; fills < 2; fills++) {
        for (ad__id id = 0; id < t->peak; id++) {
            if (!is_before(t, id) || t->is_free[id]) {
                continue;
            }
            for (uint32_t s = t->stage[id]; s <= t->mark_count && ad__in_state(t, id, s); s++) {
                if (fills) {
                    t->state[t->first[s + 1]++] = id;
                } else {
                    t->first[s + 2]++;
                }
            }
        }
        for (size_t s = 0; !fills && s < states; s++) {
            t->first[s + 1] += t->first[s];
        }
        t->state =
            fills ? t->state : ad__table(arena, (size_t)t->first[states] + 1, AD__UNFILLED, ad__id);
        if (t->state == NULL) {
            return 0;
        }
    }
    return 1;
}

/* ---- the whole ---- */

static void make_tables(ad__stages *t, ad__arena *arena)
{
    size_t n = (size_t)t->p->count + 1;
    t->is_free = ad__table(arena, n, AD__UNFILLED, uint8_t);
    t->cost = ad__table(arena, n, AD__UNFILLED, uint16_t);
    t->mark = ad__table(arena, n, AD__UNFILLED, ad__id);
    t->cheap = ad__table(arena, n, AD__UNFILLED, ad__id);
    t->stage = ad__table(arena, n, AD__UNFILLED, uint32_t);
    t->read = ad__table(arena, n, AD__UNFILLED, uint32_t);
    t->highest = ad__table(arena, n, AD__UNFILLED, uint32_t);
}

static void find_late(const ad__stages *t, uint8_t *is_late)
{
    const ad__program *p = t->p;
    for (ad__id id = t->peak; id < p->count; id++) {
        for (uint32_t i = 0; i < p->values[id].count; i++) {
            is_late[ad__arguments(p, &p->values[id])[i]] = 1;
        }
    }
}

ad_status ad__find_stages(const ad__program *p, ad__arena *arena, ad__stages *out)
{
    size_t n = (size_t)p->count + 1;
    ad__stages *t = out;
    ad__groups g;
    *t = (ad__stages){.p = p};
    int64_t *change = ad__table(arena, n, AD__UNFILLED, int64_t);
    ad__id *buffer = ad__table(arena, n, AD__UNFILLED, ad__id);
    uint8_t *is_late = ad__table(arena, n, AD__ZEROS, uint8_t);
    make_tables(t, arena);
    if (ad__arena_status(arena) != AD_OK || ad__fuse(p, arena, &g) != AD_OK) {
        return AD_ERR_MEMORY;
    }
    mark_free(t);
    t->peak = p->count > 0 ? fullest(t, &g, change, buffer) + 1 : 0;
    find_late(t, is_late);
    sort_values(t, is_late);
    sort_cheap(t, buffer);
    thin_marks(t);
    find_stages(t);
    return find_states(t, arena) ? AD_OK : AD_ERR_MEMORY;
}
