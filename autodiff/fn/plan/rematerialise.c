/* SPDX-License-Identifier: MIT */
/* Writes a program that computes values again instead of keeping them. */
#include "fn/plan/rematerialise_internal.h"

typedef struct writer {
    const ad__stages *t;
    const ad__program *p;
    ad__program *q;
    ad__choice choice;
    size_t most;
    ad__id *made;    /* by value: in q, where it was computed first */
    ad__id *now;     /* by value: what stands for it in q at this point, or AD__NONE: not kept */
    uint32_t *held;  /* by value: in how many checkpoints it is */
    ad__id *passing; /* values that are there only until the next state */
    uint8_t *passes; /* by value: it is among them */
    ad__id *waiting; /* a stack */
    uint32_t *kept;  /* the checkpoints, increasing; the first is 0, before all stages */
    uint32_t passing_count, kept_count;
    uint32_t at;         /* the state that is there */
    ad__id *args, *late; /* room for those of one value, again and at first */
    int is_out_of_memory;
} writer;

static int is_before(const writer *w, ad__id id)
{
    return id < w->t->peak && !ad__is_leaf(&w->p->values[id]);
}

/* Appends a copy of a value with these arguments. */
static ad__id write(writer *w, ad__id id, const ad__id *args)
{
    ad__id copy = AD__NONE;
    w->is_out_of_memory |= !ad__program_add(w->q, w->p->values[id], args, &copy);
    return copy;
}

/* The same with those that are there. */
static ad__id write_now(writer *w, ad__id id)
{
    const ad__value *v = &w->p->values[id];
    for (uint32_t i = 0; i < v->count; i++) {
        w->args[i] = w->now[ad__arguments(w->p, v)[i]];
    }
    return write(w, id, w->args);
}

static int is_full(const writer *w)
{
    return w->is_out_of_memory || w->q->count > w->most;
}

/* ---- computing again ---- */

static void let_pass(writer *w, ad__id id)
{
    w->passing[w->passing_count++] = id;
    w->passes[id] = 1;
}

/* Computes a value from what is there. */
static void compute(writer *w, ad__id id)
{
    uint32_t waiting = 0;
    w->waiting[waiting++] = id;
    while (waiting > 0 && !is_full(w)) {
        ad__id at = w->waiting[waiting - 1];
        const ad__value *v = &w->p->values[at];
        uint32_t before = waiting;
        for (uint32_t i = 0; i < v->count && w->now[at] == AD__NONE; i++) {
            ad__id x = ad__arguments(w->p, v)[i];
            if (w->now[x] == AD__NONE) {
                w->waiting[waiting++] = x;
                break; /* so the stack is a path, no longer than the program */
            }
        }
        if (waiting == before) {
            if (w->now[at] == AD__NONE) {
                w->now[at] = write_now(w, at);
                let_pass(w, at);
            }
            waiting--;
        }
    }
}

/* Forgets what passes, but for state s. */
static void pass_to(writer *w, uint32_t s)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < w->passing_count; i++) {
        ad__id id = w->passing[i];
        if (s > 0 && ad__in_state(w->t, id, s)) {
            w->passing[kept++] = id;
            continue;
        }
        w->passes[id] = 0;
        w->now[id] = w->held[id] > 0 ? w->now[id] : AD__NONE;
    }
    w->passing_count = kept;
    w->at = s;
}

/* ---- checkpoints ---- */

static void hold(writer *w, uint32_t s)
{
    w->kept[w->kept_count++] = s;
    for (uint32_t i = w->t->first[s]; i < w->t->first[s + 1]; i++) {
        w->held[w->t->state[i]]++;
    }
}

static void release_last(writer *w)
{
    uint32_t s = w->kept[--w->kept_count];
    for (uint32_t i = w->t->first[s]; i < w->t->first[s + 1]; i++) {
        ad__id id = w->t->state[i];
        if (--w->held[id] == 0 && !w->passes[id]) {
            w->now[id] = AD__NONE;
        }
    }
}

/* Computes state s from state s - 1, which is there. */
static void advance(writer *w, uint32_t s)
{
    for (uint32_t i = w->t->first[s]; i < w->t->first[s + 1]; i++) {
        compute(w, w->t->state[i]);
    }
    pass_to(w, s);
}

/* Brings the state before a stage, keeping others on the way. */
static void go_before(writer *w, uint32_t stage)
{
    while (w->kept_count > 1 && w->kept[w->kept_count - 1] >= stage) {
        release_last(w);
    }
    uint32_t from = w->kept[w->kept_count - 1];
    pass_to(w, from);
    while (from < stage - 1 && !is_full(w)) {
        uint32_t free = w->choice.checkpoints - (w->kept_count - 1);
        uint32_t next = free > 0 ? from + ad__next_checkpoint(stage - from, free) : stage - 1;
        for (uint32_t s = from + 1; s <= next && !is_full(w); s++) {
            advance(w, s);
        }
        if (free > 0) {
            hold(w, next);
        }
        from = next;
    }
}

/* What stands for a value before the peak, where it is read after it. */
static void demand(writer *w, ad__id id, ad__id reader)
{
    if (w->now[id] != AD__NONE) {
        return;
    }
    uint32_t stage = ad__reading_stage(w->t, id);
    if (w->choice.of_states) {
        while (w->kept_count > 1 && w->kept[w->kept_count - 1] >= w->t->highest[reader]) {
            release_last(w); /* nobody comes back here */
        }
        if (w->at + 1 != stage) {
            go_before(w, stage);
        }
    }
    compute(w, id);
}

/* ---- the whole ---- */

/* The states that the first sweep leaves behind. */
static void keep_states(writer *w)
{
    const ad__stages *t = w->t;
    uint32_t from = 0, stages = t->mark_count + 1, free = w->choice.checkpoints;
    for (ad__id id = 0; id < t->peak; id++) {
        if (is_before(w, id) && !t->is_free[id] && t->stage[id] <= t->mark_count) {
            w->now[id] = AD__NONE;
        }
    }
    for (; free > 0 && stages - from > 1; free--) {
        from += ad__next_checkpoint(stages - from, free);
        hold(w, from);
        for (uint32_t i = t->first[from]; i < t->first[from + 1]; i++) {
            w->now[t->state[i]] = w->made[t->state[i]];
        }
    }
    for (uint32_t i = t->first[t->mark_count]; i < t->first[t->mark_count + 1]; i++) {
        w->now[t->state[i]] = w->made[t->state[i]]; /* the last stage read it just now */
        let_pass(w, t->state[i]);
    }
    w->at = t->mark_count;
}

/* Marks and the cheap values that are not chosen stay. */
static void keep_marks(writer *w)
{
    const ad__stages *t = w->t;
    for (ad__id id = 0; id < t->peak; id++) {
        if (is_before(w, id) && t->cost[id] > 0) {
            w->now[id] = AD__NONE;
        }
    }
    for (uint32_t i = w->choice.cheap; i < t->cheap_count; i++) {
        w->now[t->cheap[i]] = w->made[t->cheap[i]];
    }
}

static void write_all(writer *w)
{
    const ad__program *p = w->p;
    for (ad__id id = 0; id < p->count; id++) {
        if (ad__is_leaf(&p->values[id])) {
            w->now[id] = w->made[id] = write(w, id, NULL);
        }
    }
    for (ad__id id = 0; id < p->count && !is_full(w); id++) {
        const ad__value *v = &p->values[id];
        if (id == w->t->peak) {
            (w->choice.of_states ? keep_states : keep_marks)(w);
        }
        for (uint32_t i = 0; i < v->count; i++) {
            ad__id x = ad__arguments(p, v)[i];
            if (id >= w->t->peak) {
                demand(w, x, id);
            }
            w->late[i] = w->now[x]; /* the next demand may forget it */
        }
        if (!ad__is_leaf(v) && !is_full(w)) {
            w->now[id] = w->made[id] = write(w, id, w->late);
        }
    }
}

static int take_roots(const ad__program *p, const ad__id *made, ad__arena *arena, ad__program *q)
{
    q->input_count = p->input_count;
    q->output_count = p->output_count;
    q->store_count = p->store_count;
    q->inputs = ad__table(arena, p->input_count, AD__UNFILLED, ad__id);
    q->outputs = ad__table(arena, p->output_count, AD__UNFILLED, ad__id);
    q->stores = ad__table(arena, p->store_count, AD__UNFILLED, ad__store);
    if (arena->is_out_of_memory) {
        return 0;
    }
    for (uint32_t i = 0; i < p->input_count; i++) {
        q->inputs[i] = made[p->inputs[i]];
    }
    for (uint32_t i = 0; i < p->output_count; i++) {
        q->outputs[i] = made[p->outputs[i]];
    }
    for (uint32_t i = 0; i < p->store_count; i++) {
        const ad__store *s = &p->stores[i];
        q->stores[i] = (ad__store){made[s->view], made[s->value], s->op};
    }
    return 1;
}

static int make_tables(writer *w, ad__arena *arena)
{
    size_t n = (size_t)w->p->count + 1, args = (size_t)w->p->arg_count + 1;
    w->made = ad__table(arena, n, AD__UNFILLED, ad__id);
    w->now = ad__table(arena, n, AD__NONES, ad__id);
    w->held = ad__table(arena, n, AD__ZEROS, uint32_t);
    w->passing = ad__table(arena, n, AD__UNFILLED, ad__id);
    w->passes = ad__table(arena, n, AD__ZEROS, uint8_t);
    w->waiting = ad__table(arena, n, AD__UNFILLED, ad__id);
    w->kept = ad__table(arena, n, AD__UNFILLED, uint32_t);
    w->args = ad__table(arena, args, AD__UNFILLED, ad__id);
    w->late = ad__table(arena, args, AD__UNFILLED, ad__id);
    if (arena->is_out_of_memory) {
        return 0;
    }
    w->kept[w->kept_count++] = 0;
    return 1;
}

ad_status ad__rematerialise(const ad__stages *t, ad__choice choice, size_t most, ad__arena *scratch,
                            ad__program *q, int *is_too_long)
{
    writer w = {.t = t, .p = t->p, .q = q, .choice = choice, .most = most};
    *is_too_long = 0;
    if (!make_tables(&w, scratch)) {
        return AD_ERR_MEMORY;
    }
    write_all(&w);
    *is_too_long = q->count > most;
    if (w.is_out_of_memory || (!*is_too_long && !take_roots(t->p, w.made, scratch, q))) {
        return AD_ERR_MEMORY;
    }
    return AD_OK;
}
