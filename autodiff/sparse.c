/* SPDX-License-Identifier: MIT */
#include "sparse.h"

#include "reverse.h"
#include "sparse_internal.h"

#include <string.h>

/* A matrix and the plan of its evaluation. Products run along the columns, forward, or along the
 * rows, backward; entry k is then in element from[k] of the product of colour from_colour[k]. */
typedef struct sparse {
    ad_sparse face; /* first, so that a pointer to it is a pointer to all */
    int is_hessian, is_forward;
    uint64_t structure; /* of the program that the plan was made for */
    uint32_t colours;
    uint32_t *colour; /* of each column, or row */
    uint32_t *from, *from_colour;
    double *value;
    ad__arena arena;
} sparse;

static ad_status no_memory(ad_tape *tape)
{
    return ad_tape_fail(tape, AD_ERR_MEMORY, "ad_sparse_update", NULL, "out of memory");
}

/* ---- the plan ---- */

/* The pattern as the caller sees it, and room for the rest. */
static int lay_out(sparse *s, const ad__pattern *p)
{
    size_t count = p->start[p->rows], lines = p->rows > p->cols ? p->rows : p->cols;
    int64_t *start = ad__arena_take(&s->arena, (p->rows + 1) * sizeof *start);
    int64_t *col = ad__arena_take(&s->arena, count * sizeof *col);
    s->value = ad__arena_take(&s->arena, count * sizeof *s->value);
    s->from = ad__arena_take(&s->arena, count * sizeof *s->from);
    s->from_colour = ad__arena_take(&s->arena, count * sizeof *s->from_colour);
    s->colour = ad__arena_take(&s->arena, lines * sizeof *s->colour);
    if (start == NULL || col == NULL || s->value == NULL || s->from == NULL ||
        s->from_colour == NULL || s->colour == NULL) {
        return 0;
    }
    for (size_t r = 0; r <= p->rows; r++) {
        start[r] = (int64_t)p->start[r];
    }
    for (size_t k = 0; k < count; k++) {
        col[k] = p->col[k];
    }
    s->face = (ad_sparse){.rows = (int64_t)p->rows,
                          .cols = (int64_t)p->cols,
                          .count = (int64_t)count,
                          .row_start = start,
                          .col = col,
                          .value = s->value};
    return 1;
}

/* The better of colouring columns and colouring rows. */
static int plan_jacobian(sparse *s, const ad__pattern *p, ad__arena *scratch)
{
    ad__pattern t;
    uint32_t *work = ad__arena_take(scratch, (p->rows + p->cols) * sizeof *work);
    uint32_t *by_row = ad__arena_take(scratch, p->rows * sizeof *by_row);
    if (work == NULL || by_row == NULL || !ad__pattern_transpose(p, scratch, &t) ||
        !lay_out(s, p)) {
        return 0;
    }
    uint32_t rows = ad__colour_columns(&t, p, by_row, work);
    s->colours = ad__colour_columns(p, &t, s->colour, work);
    s->is_forward = s->colours <= rows;
    if (!s->is_forward) {
        s->colours = rows;
        memcpy(s->colour, by_row, p->rows * sizeof *by_row);
    }
    for (size_t r = 0; r < p->rows; r++) {
        for (size_t k = p->start[r]; k < p->start[r + 1]; k++) {
            s->from[k] = s->is_forward ? (uint32_t)r : p->col[k];
            s->from_colour[k] = s->colour[s->is_forward ? p->col[k] : (uint32_t)r];
        }
    }
    return 1;
}

/* Entry (r, c) is read in row r where c is alone among r's columns of its colour, and as (c, r)
 * elsewhere. */
static int plan_hessian(sparse *s, const ad__pattern *half, ad__arena *scratch)
{
    ad__pattern t, p;
    uint32_t *work = ad__arena_take(scratch, half->cols * sizeof *work);
    if (work == NULL || !ad__pattern_transpose(half, scratch, &t) ||
        !ad__pattern_union(half, &t, scratch, &p) || !lay_out(s, &p)) {
        return 0;
    }
    s->is_forward = 1;
    s->colours = ad__colour_star(&p, s->colour, work);
    memset(work, 0, p.cols * sizeof *work);
    for (size_t r = 0; r < p.rows; r++) {
        for (size_t k = p.start[r]; k < p.start[r + 1]; k++) {
            work[s->colour[p.col[k]]]++;
        }
        for (size_t k = p.start[r]; k < p.start[r + 1]; k++) {
            int alone = work[s->colour[p.col[k]]] == 1;
            s->from[k] = alone ? (uint32_t)r : p.col[k];
            s->from_colour[k] = s->colour[alone ? p.col[k] : r];
        }
        for (size_t k = p.start[r]; k < p.start[r + 1]; k++) {
            work[s->colour[p.col[k]]] = 0;
        }
    }
    return 1;
}

static ad_status plan(sparse *s, ad_tape *tape, const ad__linear *l)
{
    ad__pattern p;
    ad__arena_rewind(&s->arena, (ad__arena_mark){NULL, 0});
    if (!ad__pattern_of(l, &tape->scratch, &p) ||
        !(s->is_hessian ? plan_hessian : plan_jacobian)(s, &p, &tape->scratch)) {
        s->face = (ad_sparse){0};
        return no_memory(tape);
    }
    s->structure = l->structure;
    s->face.products = s->colours;
    return AD_OK;
}

/* ---- evaluation ---- */

static ad_status evaluate(sparse *s, ad_tape *tape, const ad__linear *l)
{
    const uint32_t *in_step = s->is_forward ? l->x : l->y, *out_step = s->is_forward ? l->y : l->x;
    size_t bytes = l->count * sizeof(double[AD__LANES]), ins, count = (size_t)s->face.count;
    ins = (size_t)(s->is_forward ? l->variables : l->results);
    double(*t)[AD__LANES] = ad__arena_take(&tape->scratch, bytes);
    if (t == NULL) {
        return no_memory(tape);
    }
    for (uint32_t first = 0; first < s->colours; first += AD__LANES) {
        memset(t, 0, bytes);
        for (size_t i = 0; i < ins; i++) {
            uint32_t lane = s->colour[i] - first; /* large for a colour below first, or none */
            if (lane < AD__LANES && in_step[i] != AD__NO_STEP) {
                t[in_step[i]][lane] = 1;
            }
        }
        (s->is_forward ? ad__push_forward : ad__pull_back)(l, t);
        for (size_t k = 0; k < count; k++) {
            uint32_t lane = s->from_colour[k] - first, step = out_step[s->from[k]];
            if (lane < AD__LANES) {
                s->value[k] = step == AD__NO_STEP ? 0 : t[step][lane];
            }
        }
    }
    return AD_OK;
}

static ad_status fill(sparse *s, ad_tape *tape, int results, const ad_var *y, int count,
                      const ad_var *x)
{
    for (int i = 0; i < count; i++) {
        if (ad__check_handle(tape, x[i], "ad_sparse_update", NULL) != AD_OK) {
            return tape->error.status;
        }
    }
    for (int j = 0; j < results; j++) {
        if (y[j].tape != NULL && ad__check_handle(tape, y[j], "ad_sparse_update", NULL) != AD_OK) {
            return tape->error.status;
        }
    }
    ad__linear l;
    ad_status status = ad__linearise(tape, results, y, count, x, &l);
    if (status == AD_ERR_UNSUPPORTED) {
        return ad_tape_fail(tape, status, "ad_sparse_update", NULL,
                            "an operation between x and y is not elementwise or not on f64 "
                            "scalars; use ad_jacobian_values or ad_hessian_values");
    }
    if (status == AD_OK &&
        (s->structure != l.structure || s->face.rows != results || s->face.cols != count)) {
        status = plan(s, tape, &l);
    }
    return status != AD_OK ? status : evaluate(s, tape, &l);
}

static ad_status fill_hessian(sparse *s, ad_tape *tape, ad_var y, int count, const ad_var *x)
{
    ad_var *dx = ad__arena_take(&tape->scratch, (size_t)count * sizeof *dx);
    if (dx == NULL) {
        return no_memory(tape);
    }
    ad_status status = ad_grad(y, count, x, dx);
    return status != AD_OK ? status : fill(s, tape, count, dx, count, x);
}

/* ---- the object ---- */

ad_status ad_sparse_update(ad_sparse *matrix, int results, const ad_var *y, int count,
                           const ad_var *x)
{
    sparse *s = (sparse *)(void *)matrix;
    ad_tape *tape = ad__tape_of(count, x);
    if (tape == NULL) {
        return AD_ERR_DOMAIN;
    }
    if (tape->error.status != AD_OK) {
        return tape->error.status;
    }
    if (s->is_hessian && results != 1) {
        return ad_tape_fail(tape, AD_ERR_DOMAIN, "ad_sparse_update", NULL,
                            "%d results; a Hessian is of one scalar", results);
    }
    ad__arena_mark before = ad__arena_mark_here(&tape->scratch);
    ad_mark mark = ad_tape_mark(tape);
    ad_status status =
        s->is_hessian ? fill_hessian(s, tape, *y, count, x) : fill(s, tape, results, y, count, x);
    ad_status rewound = ad_tape_rewind(tape, mark);
    ad__arena_rewind(&tape->scratch, before);
    return status != AD_OK ? status : rewound;
}

static ad_status sparse_new(int is_hessian, int results, const ad_var *y, int count,
                            const ad_var *x, ad_sparse **out)
{
    *out = NULL;
    ad_tape *tape = ad__tape_of(count, x);
    if (tape == NULL) {
        return AD_ERR_DOMAIN;
    }
    sparse *s = ad__resize(&tape->allocator, NULL, sizeof *s);
    if (s == NULL) {
        return no_memory(tape);
    }
    *s = (sparse){.is_hessian = is_hessian, .face = {.rows = -1}};
    ad__arena_init(&s->arena, tape->allocator);
    ad_status status = ad_sparse_update(&s->face, results, y, count, x);
    if (status != AD_OK) {
        ad_sparse_free(&s->face);
        return status;
    }
    *out = &s->face;
    return AD_OK;
}

ad_status ad_sparse_jacobian(int results, const ad_var *y, int count, const ad_var *x,
                             ad_sparse **out)
{
    return sparse_new(0, results, y, count, x, out);
}

ad_status ad_sparse_hessian(ad_var y, int count, const ad_var *x, ad_sparse **out)
{
    return sparse_new(1, 1, &y, count, x, out);
}

void ad_sparse_free(ad_sparse *matrix)
{
    if (matrix == NULL) {
        return;
    }
    sparse *s = (sparse *)(void *)matrix;
    ad_allocator allocator = s->arena.allocator;
    ad__arena_clear(&s->arena);
    ad__resize(&allocator, s, 0);
}
