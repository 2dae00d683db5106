/* SPDX-License-Identifier: MIT */
#include "diff/sparse_internal.h"

#include <string.h>

/* Variables that a step depends on: some in an array, without repetition, and more in a chain,
 * perhaps repeated, so that one can be added without a copy of all. Arrays and chains are shared
 * between steps, never changed. */
typedef struct chain {
    const uint32_t *item;
    uint32_t count;
    const struct chain *next;
} chain;

typedef struct set {
    const uint32_t *item;
    uint32_t count;
    uint32_t more; /* entries in the chain, at most count */
    const chain *chain;
} set;

/* What the sets of a program are made with. */
typedef struct maker {
    ad__arena *arena;
    uint32_t *seen; /* by variable: the round that met it last */
    uint32_t round;
} maker;

/* Puts what a round has not met before behind count entries of item; returns how many there are. */
static uint32_t gather(maker *m, uint32_t *item, uint32_t count, const uint32_t *from,
                       uint32_t from_count)
{
    for (uint32_t i = 0; i < from_count; i++) {
        if (m->seen[from[i]] != m->round) {
            m->seen[from[i]] = m->round;
            item[count++] = from[i];
        }
    }
    return count;
}

/* Moves the chain into the array. 0 without memory. */
static int flatten(maker *m, set *s)
{
    if (s->chain == NULL) {
        return 1;
    }
    ad__arena_mark before = ad__arena_mark_here(m->arena);
    uint32_t *item = ad__arena_take(m->arena, ((size_t)s->count + s->more) * sizeof *item);
    if (item == NULL) {
        return 0;
    }
    m->round++;
    uint32_t count = gather(m, item, 0, s->item, s->count);
    for (const chain *c = s->chain; c != NULL; c = c->next) {
        count = gather(m, item, count, c->item, c->count);
    }
    if (count == s->count) {
        ad__arena_rewind(m->arena, before);
    }
    *s = (set){count == s->count ? s->item : item, count, 0, NULL};
    return 1;
}

/* a with the array b in its chain. */
static int append(maker *m, set *a, const set *b, set *out)
{
    if (a->more + b->count > a->count && !flatten(m, a)) {
        return 0;
    }
    chain *c = ad__arena_take(m->arena, sizeof *c);
    if (c == NULL) {
        return 0;
    }
    *c = (chain){b->item, b->count, a->chain};
    *out = (set){a->item, a->count, a->more + b->count, c};
    return 1;
}

/* The union of two arrays; one of the two where that contains the other. */
static int merge(maker *m, const set *a, const set *b, set *out)
{
    ad__arena_mark before = ad__arena_mark_here(m->arena);
    uint32_t *item = ad__arena_take(m->arena, ((size_t)a->count + b->count) * sizeof *item);
    if (item == NULL) {
        return 0;
    }
    m->round++;
    uint32_t count = gather(m, item, 0, a->item, a->count);
    count = gather(m, item, count, b->item, b->count);
    if (count > a->count && count > b->count) {
        *out = (set){item, count, 0, NULL};
        return 1;
    }
    ad__arena_rewind(m->arena, before);
    *out = count == a->count ? *a : *b;
    return 1;
}

/* The union, which may take the place of either; both may change their form. */
static int join(maker *m, set *a, set *b, set *out)
{
    if (a->count < b->count) {
        set *swap = a;
        a = b;
        b = swap;
    }
    if (b->count == 0 || (a->item == b->item && a->chain == b->chain)) {
        *out = *a;
        return 1;
    }
    if (!flatten(m, b)) {
        return 0;
    }
    return 4 * (size_t)b->count <= a->count ? append(m, a, b, out)
                                            : flatten(m, a) && merge(m, a, b, out);
}

/* Fills sets[step] with the variables that each step depends on. 0 without memory. */
static int propagate(const ad__linear *l, maker *m, set *sets, uint32_t *column)
{
    for (uint32_t s = 0; s < l->count; s++) {
        sets[s] = (set){.item = column};
    }
    for (uint32_t c = 0; c < (uint32_t)l->variables; c++) {
        column[c] = c;
        m->seen[c] = 0;
        set own = {.item = &column[c], .count = 1};
        if (l->x[c] != AD__NO_STEP && !join(m, &sets[l->x[c]], &own, &sets[l->x[c]])) {
            return 0;
        }
    }
    for (uint32_t s = 0; s < l->count; s++) {
        for (uint32_t i = 0; i < l->step[s].count; i++) {
            if (!join(m, &sets[s], &sets[l->step[s].from[i]], &sets[s])) {
                return 0;
            }
        }
    }
    return 1;
}

static int pattern_new(ad__arena *arena, size_t rows, size_t cols, size_t count, ad__pattern *out)
{
    *out = (ad__pattern){.rows = rows, .cols = cols};
    out->start = ad__table(arena, rows + 1, AD__ZEROS, size_t);
    out->col = ad__table(arena, count, AD__UNFILLED, uint32_t);
    return !arena->is_out_of_memory;
}

int ad__pattern_of(const ad__linear *l, ad__arena *arena, ad__pattern *out)
{
    size_t rows = (size_t)l->results, cols = (size_t)l->variables, count = 0, end = 0;
    set *sets = ad__table(arena, l->count, AD__UNFILLED, set);
    uint32_t *column = ad__table(arena, cols + 1, AD__UNFILLED, uint32_t);
    maker m = {.arena = arena, .seen = ad__table(arena, cols, AD__UNFILLED, uint32_t)};
    if (arena->is_out_of_memory || !propagate(l, &m, sets, column)) {
        return 0;
    }
    for (size_t r = 0; r < rows; r++) {
        if (l->y[r] != AD__NO_STEP && !flatten(&m, &sets[l->y[r]])) {
            return 0;
        }
        count += l->y[r] == AD__NO_STEP ? 0 : sets[l->y[r]].count;
    }
    ad__pattern mixed, turned; /* two transpositions put the columns of each row in order */
    if (!pattern_new(arena, rows, cols, count, &mixed)) {
        return 0;
    }
    for (size_t r = 0; r < rows; r++) {
        mixed.start[r] = end;
        if (l->y[r] != AD__NO_STEP) {
            set s = sets[l->y[r]];
            memcpy(mixed.col + end, s.item, s.count * sizeof *s.item);
            end += s.count;
        }
    }
    mixed.start[rows] = end;
    return ad__pattern_transpose(&mixed, arena, &turned) &&
           ad__pattern_transpose(&turned, arena, out);
}

int ad__pattern_transpose(const ad__pattern *p, ad__arena *arena, ad__pattern *out)
{
    size_t count = p->start[p->rows];
    if (!pattern_new(arena, p->cols, p->rows, count, out)) {
        return 0;
    }
    for (size_t k = 0; k < count; k++) {
        out->start[p->col[k] + 1]++;
    }
    for (size_t r = 0; r < out->rows; r++) {
        out->start[r + 1] += out->start[r];
    }
    for (size_t r = 0; r < p->rows; r++) { /* start[r] runs to the end of its row, ... */
        for (size_t k = p->start[r]; k < p->start[r + 1]; k++) {
            out->col[out->start[p->col[k]]++] = (uint32_t)r;
        }
    }
    for (size_t r = out->rows; r > 0; r--) { /* ... which is the start of the next */
        out->start[r] = out->start[r - 1];
    }
    out->start[0] = 0;
    return 1;
}

int ad__pattern_union(const ad__pattern *p, const ad__pattern *q, ad__arena *arena,
                      ad__pattern *out)
{
    if (!pattern_new(arena, p->rows, p->cols, p->start[p->rows] + q->start[q->rows], out)) {
        return 0;
    }
    size_t end = 0;
    for (size_t r = 0; r < p->rows; r++) {
        out->start[r] = end;
        size_t i = p->start[r], j = q->start[r];
        while (i < p->start[r + 1] || j < q->start[r + 1]) {
            uint32_t a = i < p->start[r + 1] ? p->col[i] : UINT32_MAX;
            uint32_t b = j < q->start[r + 1] ? q->col[j] : UINT32_MAX;
            out->col[end++] = a < b ? a : b;
            i += a <= b;
            j += b <= a;
        }
    }
    out->start[p->rows] = end;
    return 1;
}
