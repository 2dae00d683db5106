/* SPDX-License-Identifier: MIT */
/* The order of values: as recorded, but the update of a parameter comes as soon as its gradient is
 * there and nothing else still reads the parameter. So a gradient need not be kept for the end of
 * the step, and the new parameter can be computed in the place of the old one. */
#include "fn/passes/passes_internal.h"

#include <string.h>

typedef struct schedule {
    ad__program *p;
    uint32_t *first; /* by value: its readers are readers[first[id]] .. [first[id + 1] - 1] */
    ad__id *readers;
    ad__id *view;     /* by value: the view that it is stored in, or AD__NONE */
    uint8_t *updates; /* elementwise, and made for stores alone */
    uint8_t *done;
    ad__id *order;
    uint32_t count;
    ad__id *waiting; /* a stack */
    ad__value *moved;
} schedule;

static void find_readers(schedule *s)
{
    const ad__program *p = s->p;
    for (ad__id id = 0; id < p->count; id++) {
        const ad__value *v = &p->values[id];
        for (uint32_t i = 0; i < v->count; i++) {
            s->first[p->args[v->first + i] + 2]++;
        }
    }
    for (ad__id id = 0; id < p->count; id++) {
        s->first[id + 2] += s->first[id + 1];
    }
    for (ad__id id = 0; id < p->count; id++) {
        const ad__value *v = &p->values[id];
        for (uint32_t i = 0; i < v->count; i++) {
            s->readers[s->first[p->args[v->first + i] + 1]++] = id;
        }
    }
}

static void find_updates(schedule *s)
{
    const ad__program *p = s->p;
    memset(s->updates, 1, p->count);
    memset(s->view, 0xff, p->count * sizeof *s->view); /* AD__NONE */
    for (uint32_t i = 0; i < p->store_count; i++) {
        s->view[p->stores[i].value] = p->stores[i].view;
    }
    for (uint32_t i = 0; i < p->output_count; i++) {
        s->updates[p->outputs[i]] = 0;
    }
    for (ad__id id = p->count; id-- > 0;) {
        const ad__value *v = &p->values[id];
        s->updates[id] &= ad__is_elementwise(v) && v->spec->shape.rank > 0;
        for (uint32_t i = 0; i < v->count && !s->updates[id]; i++) {
            s->updates[p->args[v->first + i]] = 0;
        }
    }
}

static int all_done(const schedule *s, uint32_t count, const ad__id *ids, ad__id but)
{
    for (uint32_t i = 0; i < count; i++) {
        if (!s->done[ids[i]] && ids[i] != but) {
            return 0;
        }
    }
    return 1;
}

static int is_ready(const schedule *s, ad__id id)
{
    const ad__value *v = &s->p->values[id];
    ad__id view = s->view[id];
    return !s->done[id] && all_done(s, v->count, ad__arguments(s->p, v), AD__NONE) &&
           (view == AD__NONE ||
            all_done(s, s->first[view + 1] - s->first[view], s->readers + s->first[view], id));
}

/* Takes a value, and then every update that it makes ready. */
static void take(schedule *s, ad__id id)
{
    uint32_t waiting = 0;
    s->waiting[waiting++] = id;
    while (waiting > 0) {
        id = s->waiting[--waiting];
        if (s->done[id]) {
            continue;
        }
        s->done[id] = 1;
        s->order[s->count++] = id;
        for (uint32_t i = s->first[id + 1]; i-- > s->first[id];) {
            if (s->updates[s->readers[i]] && is_ready(s, s->readers[i])) {
                s->waiting[waiting++] = s->readers[i];
            }
        }
    }
}

/* Renumbers the values in the order found. */
static void apply(schedule *s)
{
    ad__program *p = s->p;
    ad__id *to = s->view; /* free by now */
    for (uint32_t i = 0; i < p->count; i++) {
        s->moved[i] = p->values[s->order[i]];
        to[s->order[i]] = i;
    }
    memcpy(p->values, s->moved, p->count * sizeof *s->moved);
    for (ad__id id = 0; id < p->count; id++) {
        ad__replace_arguments(p, id, to);
    }
    ad__replace_roots(p, to);
    for (uint32_t i = 0; i < p->store_count; i++) {
        p->stores[i].view = to[p->stores[i].view];
    }
}

static void make_tables(schedule *s, ad__arena *arena)
{
    size_t n = (size_t)s->p->count + 2, args = s->p->arg_count;
    s->first = ad__table(arena, n + 1, AD__ZEROS, uint32_t);
    s->readers = ad__table(arena, args + 1, AD__UNFILLED, ad__id);
    s->view = ad__table(arena, n, AD__UNFILLED, ad__id);
    s->updates = ad__table(arena, n, AD__UNFILLED, uint8_t);
    s->done = ad__table(arena, n, AD__ZEROS, uint8_t);
    s->order = ad__table(arena, n, AD__UNFILLED, ad__id);
    s->waiting = ad__table(arena, args + n, AD__UNFILLED, ad__id);
    s->moved = ad__table(arena, n, AD__UNFILLED, ad__value);
}

ad_status ad__schedule(ad__program *p)
{
    if (p->store_count == 0) {
        return AD_OK;
    }
    ad__arena_mark before = ad__arena_mark_here(&p->scratch);
    schedule s = {.p = p};
    make_tables(&s, &p->scratch);
    const ad_status status = ad__arena_status(&p->scratch);
    if (status == AD_OK) {
        find_readers(&s);
        find_updates(&s);
        for (ad__id id = 0; id < p->count; id++) { /* leaves stay first, in their order */
            if (ad__is_leaf(&p->values[id])) {
                s.done[id] = 1;
                s.order[s.count++] = id;
            }
        }
        for (ad__id id = 0; id < p->count; id++) {
            take(&s, id);
        }
        apply(&s);
    }
    ad__arena_rewind(&p->scratch, before);
    return status;
}
