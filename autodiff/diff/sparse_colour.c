/* SPDX-License-Identifier: MIT */
#include "diff/sparse_internal.h"

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

/* The neighbours of a vertex that have one colour, as the vertex sees them. A vertex sees no more
 * colours than it has neighbours, so that its sights have room where its row of the pattern
 * lies. */
typedef struct sight {
    uint32_t colour, one; /* one of those of the colour */
    int is_barred; /* one of them has another neighbour of the vertex's own colour: a neighbour of
                      the vertex with this colour would close a path of two colours */
} sight;

typedef struct sights {
    const ad__pattern *p;
    sight *of;
    uint32_t *count; /* by vertex */
} sights;

static int sights_new(const ad__pattern *p, ad__arena *arena, sights *s)
{
    *s = (sights){.p = p,
                  .of = ad__table(arena, p->start[p->rows], AD__UNFILLED, sight),
                  .count = ad__table(arena, p->cols, AD__ZEROS, uint32_t)};
    return !arena->is_out_of_memory;
}

/* What a vertex sees of a colour; NULL if nothing. */
static sight *find(const sights *s, uint32_t vertex, uint32_t colour)
{
    sight *of = s->of + s->p->start[vertex];
    for (uint32_t k = 0; k < s->count[vertex]; k++) {
        if (of[k].colour == colour) {
            return &of[k];
        }
    }
    return NULL;
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
    const sight *of = s->of + s->p->start[w];
    for (uint32_t k = 0; k < s->count[w]; k++) {
        if (!has_colour || of[k].is_barred) {
            forbidden[of[k].colour] = v + 1;
        }
    }
}

/* v, which has its colour now, comes into the sight of x, its neighbour. */
static void show(sights *s, const uint32_t *colour, uint32_t v, uint32_t x)
{
    const sight *seen = find(s, x, colour[v]);
    if (seen == NULL) {
        s->of[s->p->start[x] + s->count[x]++] = (sight){colour[v], v, 0};
        return;
    }
    /* x has a colour too, or v would not have this one: v, x and the others are a path of two */
    find(s, v, colour[x])->is_barred = 1;
    find(s, seen->one, colour[x])->is_barred = 1;
}

/* The vertices in the order of their degrees, the largest first: what many share gets its colour
 * before they are in each other's way. */
static uint32_t *by_degree(const ad__pattern *p, ad__arena *arena)
{
    uint32_t *order = ad__table(arena, p->cols, AD__UNFILLED, uint32_t);
    size_t *end = ad__table(arena, p->cols + 2, AD__ZEROS, size_t); /* by cols - degree */
    if (arena->is_out_of_memory) {
        return NULL;
    }
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
    uint32_t *forbidden = ad__table(arena, p->cols, AD__ZEROS, uint32_t);
    if (!sights_new(p, arena, &s)) { /* nor the tables before */
        return 0;
    }
    *colours = 0;
    for (size_t v = 0; v < p->cols; v++) {
        colour[v] = AD__NO_COLOUR;
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
