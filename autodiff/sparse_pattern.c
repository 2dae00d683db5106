/* SPDX-License-Identifier: MIT */
#include "sparse_internal.h"

#include <string.h>

/* An increasing list of columns; lists are shared between steps, never changed. */
typedef struct set {
    const uint32_t *item;
    size_t count;
} set;

/* The union; one of the two where that contains the other. item is NULL without memory. */
static set set_union(ad__arena *arena, set a, set b)
{
    if (a.count == 0 || b.count == 0 || a.item == b.item) {
        return a.count > b.count ? a : b;
    }
    ad__arena_mark before = ad__arena_mark_here(arena);
    uint32_t *item = ad__arena_take(arena, (a.count + b.count) * sizeof *item);
    size_t count = 0, i = 0, j = 0;
    while (item != NULL && (i < a.count || j < b.count)) {
        uint32_t p = i < a.count ? a.item[i] : UINT32_MAX, q = j < b.count ? b.item[j] : UINT32_MAX;
        item[count++] = p < q ? p : q;
        i += p <= q;
        j += q <= p;
    }
    if (item == NULL || (count > a.count && count > b.count)) {
        return (set){item, count};
    }
    ad__arena_rewind(arena, before);
    return count == a.count ? a : b;
}

/* Fills sets[step] with the variables that each step depends on. */
static int propagate(const ad__linear *l, ad__arena *arena, set *sets, uint32_t *column)
{
    static const uint32_t nothing;
    for (uint32_t s = 0; s < l->count; s++) {
        sets[s] = (set){&nothing, 0};
    }
    for (uint32_t c = 0; c < (uint32_t)l->variables; c++) {
        column[c] = c;
        if (l->x[c] != AD__NO_STEP) {
            sets[l->x[c]] = set_union(arena, sets[l->x[c]], (set){&column[c], 1});
        }
    }
    for (uint32_t s = 0; s < l->count; s++) {
        for (uint32_t i = 0; i < l->step[s].count && sets[s].item != NULL; i++) {
            sets[s] = set_union(arena, sets[s], sets[l->step[s].from[i]]);
        }
        if (sets[s].item == NULL) {
            return 0;
        }
    }
    return 1;
}

static int pattern_new(ad__arena *arena, size_t rows, size_t cols, size_t count, ad__pattern *out)
{
    *out = (ad__pattern){.rows = rows, .cols = cols};
    out->start = ad__arena_take(arena, (rows + 1) * sizeof *out->start);
    out->col = ad__arena_take(arena, count * sizeof *out->col);
    return out->start != NULL && out->col != NULL;
}

int ad__pattern_of(const ad__linear *l, ad__arena *arena, ad__pattern *out)
{
    size_t rows = (size_t)l->results, count = 0;
    set *sets = ad__arena_take(arena, l->count * sizeof *sets);
    uint32_t *column = ad__arena_take(arena, (size_t)l->variables * sizeof *column);
    if (sets == NULL || column == NULL || !propagate(l, arena, sets, column)) {
        return 0;
    }
    for (size_t r = 0; r < rows; r++) {
        count += l->y[r] == AD__NO_STEP ? 0 : sets[l->y[r]].count;
    }
    if (!pattern_new(arena, rows, (size_t)l->variables, count, out)) {
        return 0;
    }
    size_t end = 0;
    for (size_t r = 0; r < rows; r++) {
        out->start[r] = end;
        if (l->y[r] != AD__NO_STEP) {
            set s = sets[l->y[r]];
            memcpy(out->col + end, s.item, s.count * sizeof *s.item);
            end += s.count;
        }
    }
    out->start[rows] = end;
    return 1;
}

int ad__pattern_transpose(const ad__pattern *p, ad__arena *arena, ad__pattern *out)
{
    size_t count = p->start[p->rows];
    if (!pattern_new(arena, p->cols, p->rows, count, out)) {
        return 0;
    }
    memset(out->start, 0, (out->rows + 1) * sizeof *out->start);
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

/* ---- colours ---- */

/* The smallest colour that v may have: forbidden[c] == v + 1 marks those that it may not. */
static uint32_t smallest(const uint32_t *forbidden, uint32_t v, uint32_t *colours)
{
    uint32_t c = 0;
    while (c < *colours && forbidden[c] == v + 1) {
        c++;
    }
    *colours += c == *colours;
    return c;
}

uint32_t ad__colour_columns(const ad__pattern *by_rows, const ad__pattern *by_cols,
                            uint32_t *colour, uint32_t *work)
{
    uint32_t colours = 0;
    for (size_t v = 0; v < by_rows->cols; v++) {
        colour[v] = AD__NO_COLOUR;
        work[v] = 0;
    }
    for (uint32_t v = 0; v < by_rows->cols; v++) {
        size_t first = by_cols->start[v], end = by_cols->start[v + 1];
        for (size_t k = first; k < end; k++) {
            size_t row = by_cols->col[k];
            for (size_t i = by_rows->start[row]; i < by_rows->start[row + 1]; i++) {
                uint32_t c = colour[by_rows->col[i]];
                if (c != AD__NO_COLOUR) {
                    work[c] = v + 1;
                }
            }
        }
        if (end > first) {
            colour[v] = smallest(work, v, &colours);
        }
    }
    return colours;
}

/* Whether a coloured neighbour of x, other than w, has w's colour. */
static int has_twin(const ad__pattern *p, const uint32_t *colour, uint32_t x, uint32_t w)
{
    for (size_t k = p->start[x]; k < p->start[x + 1]; k++) {
        uint32_t y = p->col[k];
        if (y != w && y != x && colour[y] == colour[w]) {
            return 1;
        }
    }
    return 0;
}

/* Forbids to v what w, a neighbour, rules out: its own colour; while it has none, those of all its
 * neighbours x; and else those that would close a path v, w, x, y of two colours. */
static void forbid_by(const ad__pattern *p, const uint32_t *colour, uint32_t v, uint32_t w,
                      uint32_t *forbidden)
{
    if (colour[w] != AD__NO_COLOUR) {
        forbidden[colour[w]] = v + 1;
    }
    for (size_t k = p->start[w]; k < p->start[w + 1]; k++) {
        uint32_t x = p->col[k];
        if (x != v && x != w && colour[x] != AD__NO_COLOUR &&
            (colour[w] == AD__NO_COLOUR || has_twin(p, colour, x, w))) {
            forbidden[colour[x]] = v + 1;
        }
    }
}

uint32_t ad__colour_star(const ad__pattern *p, uint32_t *colour, uint32_t *work)
{
    uint32_t colours = 0;
    for (size_t v = 0; v < p->cols; v++) {
        colour[v] = AD__NO_COLOUR;
        work[v] = 0;
    }
    for (uint32_t v = 0; v < p->cols; v++) {
        for (size_t k = p->start[v]; k < p->start[v + 1]; k++) {
            if (p->col[k] != v) {
                forbid_by(p, colour, v, p->col[k], work);
            }
        }
        if (p->start[v + 1] > p->start[v]) {
            colour[v] = smallest(work, v, &colours);
        }
    }
    return colours;
}
