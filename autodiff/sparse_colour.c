/* SPDX-License-Identifier: MIT */
#include "sparse_internal.h"

#include <string.h>

/* ---- columns ---- */

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

/* ---- stars ---- */

/* The neighbours of a vertex that have a colour, as the vertex sees them. */
typedef struct sight {
    uint32_t vertex, colour, one; /* one of those of the colour */
    uint32_t next;                /* the vertex's next sight: an index + 1, or 0 */
    int is_barred; /* one of them has another neighbour of the vertex's own colour: a neighbour of
                      the vertex with this colour would close a path of two colours */
} sight;

typedef struct sights {
    sight *of;
    uint32_t count;
    uint32_t *first; /* by vertex: index + 1 */
    uint32_t *table; /* open addressing over all: index + 1 */
    size_t mask;
} sights;

/* The place in the table of what a vertex sees of a colour, or of where that belongs. */
static uint32_t *place_of(const sights *s, uint32_t vertex, uint32_t colour)
{
    uint64_t hash = ((uint64_t)vertex << 32 | colour) * 0x9e3779b97f4a7c15U;
    size_t at = (size_t)(hash >> 32) & s->mask;
    while (s->table[at] != 0 &&
           (s->of[s->table[at] - 1].vertex != vertex || s->of[s->table[at] - 1].colour != colour)) {
        at = (at + 1) & s->mask;
    }
    return &s->table[at];
}

static int sights_new(const ad__pattern *p, ad__arena *arena, sights *s)
{
    size_t count = p->start[p->rows], len = 16;
    while (len < 2 * count) {
        len *= 2;
    }
    *s = (sights){.of = ad__arena_take(arena, count * sizeof *s->of),
                  .first = ad__arena_take(arena, p->cols * sizeof *s->first),
                  .table = ad__arena_take(arena, len * sizeof *s->table),
                  .mask = len - 1};
    if (s->of == NULL || s->first == NULL || s->table == NULL) {
        return 0;
    }
    memset(s->first, 0, p->cols * sizeof *s->first);
    memset(s->table, 0, len * sizeof *s->table);
    return 1;
}

/* Forbids to v what a neighbour w rules out: its own colour and, through w, those that would close
 * a path of two colours; while w has no colour, all those of its neighbours, among which there is
 * hence none twice. */
static void forbid_by(const sights *s, const uint32_t *colour, uint32_t v, uint32_t w,
                      uint32_t *forbidden)
{
    int has_colour = colour[w] != AD__NO_COLOUR;
    if (has_colour) {
        forbidden[colour[w]] = v + 1;
    }
    for (uint32_t k = s->first[w]; k != 0; k = s->of[k - 1].next) {
        if (!has_colour || s->of[k - 1].is_barred) {
            forbidden[s->of[k - 1].colour] = v + 1;
        }
    }
}

/* Bars to the neighbours of w the colour that w sees x, its neighbour, have. */
static void bar(const sights *s, const uint32_t *colour, uint32_t w, uint32_t x)
{
    uint32_t k = *place_of(s, w, colour[x]);
    s->of[k - 1].is_barred = 1;
}

/* v, which has its colour now, comes into the sight of x, its neighbour. */
static void show(sights *s, const uint32_t *colour, uint32_t v, uint32_t x)
{
    uint32_t *k = place_of(s, x, colour[v]);
    if (*k == 0) {
        s->of[s->count] = (sight){x, colour[v], v, s->first[x], 0};
        *k = s->first[x] = ++s->count;
        return;
    }
    /* x has a colour too, or v would not have this one: v, x and the others are a path of two */
    bar(s, colour, v, x);
    bar(s, colour, s->of[*k - 1].one, x);
}

/* The vertices in the order of their degrees, the largest first: what many share gets its colour
 * before they are in each other's way. */
static uint32_t *by_degree(const ad__pattern *p, ad__arena *arena)
{
    uint32_t *order = ad__arena_take(arena, p->cols * sizeof *order);
    size_t *end = ad__arena_take(arena, (p->cols + 2) * sizeof *end); /* by cols - degree */
    if (order == NULL || end == NULL) {
        return NULL;
    }
    memset(end, 0, (p->cols + 2) * sizeof *end);
    for (size_t v = 0; v < p->cols; v++) {
        end[p->cols - (p->start[v + 1] - p->start[v]) + 1]++;
    }
    for (size_t d = 0; d <= p->cols; d++) {
        end[d + 1] += end[d];
    }
    for (uint32_t v = 0; v < p->cols; v++) {
        order[end[p->cols - (p->start[v + 1] - p->start[v])]++] = v;
    }
    return order;
}

int ad__colour_star(const ad__pattern *p, ad__arena *arena, uint32_t *colour, uint32_t *colours)
{
    sights s;
    const uint32_t *order = by_degree(p, arena);
    uint32_t *forbidden = ad__arena_take(arena, p->cols * sizeof *forbidden);
    if (order == NULL || forbidden == NULL || !sights_new(p, arena, &s)) {
        return 0;
    }
    *colours = 0;
    for (size_t v = 0; v < p->cols; v++) {
        colour[v] = AD__NO_COLOUR;
        forbidden[v] = 0;
    }
    for (size_t i = 0; i < p->cols; i++) {
        const uint32_t v = order[i];
        const size_t first = p->start[v], end = p->start[v + 1];
        for (size_t k = first; k < end; k++) {
            if (p->col[k] != v) {
                forbid_by(&s, colour, v, p->col[k], forbidden);
            }
        }
        if (end > first) {
            colour[v] = smallest(forbidden, v, colours);
        }
        for (size_t k = first; k < end; k++) {
            if (p->col[k] != v) {
                show(&s, colour, v, p->col[k]);
            }
        }
    }
    return 1;
}
