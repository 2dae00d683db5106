/* SPDX-License-Identifier: MIT */
#include "sparse.h"

#include "diff/sparse_internal.h"

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

/* ---- the plan ---- */

/* The pattern as the caller sees it, and room for the rest. */
static int lay_out(sparse *s, const ad__pattern *p)
{
    size_t count = p->start[p->rows], lines = p->rows > p->cols ? p->rows : p->cols;
    int64_t *start = ad__table(&s->arena, p->rows + 1, AD__UNFILLED, int64_t);
    int64_t *col = ad__table(&s->arena, count, AD__UNFILLED, int64_t);
    s->value = ad__table(&s->arena, count, AD__UNFILLED, double);
    s->from = ad__table(&s->arena, count, AD__UNFILLED, uint32_t);
    s->from_colour = ad__table(&s->arena, count, AD__UNFILLED, uint32_t);
    s->colour = ad__table(&s->arena, lines, AD__UNFILLED, uint32_t);
    if (s->arena.is_out_of_memory) {
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

/* The length of the longest row. */
static size_t longest(const ad__pattern *p)
{
    size_t most = 0;
    for (size_t r = 0; r < p->rows; r++) {
        size_t len = p->start[r + 1] - p->start[r];
        most = len > most ? len : most;
    }
    return most;
}

/* The better of colouring columns and colouring rows. The longest row is the least that columns
 * take, and the other way round: what cannot be better is not tried, so that a full row or column
 * costs no more than its length. */
static int plan_jacobian(sparse *s, const ad__pattern *p, ad__arena *scratch)
{
    ad__pattern t;
    uint32_t *work = ad__table(scratch, p->rows + p->cols, AD__UNFILLED, uint32_t);
    uint32_t *by_row = ad__table(scratch, p->rows, AD__UNFILLED, uint32_t);
    if (!ad__pattern_transpose(p, scratch, &t) || scratch->is_out_of_memory || !lay_out(s, p)) {
        return 0;
    }
    const size_t least_columns = longest(p), least_rows = longest(&t);
    uint32_t columns = UINT32_MAX, rows = UINT32_MAX;
    if (least_columns <= least_rows) {
        columns = ad__colour_columns(p, &t, s->colour, work);
    }
    if (columns > least_rows) {
        rows = ad__colour_columns(&t, p, by_row, work);
    }
    if (columns == UINT32_MAX && rows >= least_columns) {
        columns = ad__colour_columns(p, &t, s->colour, work);
    }
    s->is_forward = columns <= rows;
    s->colours = s->is_forward ? columns : rows;
    if (!s->is_forward) {
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
    uint32_t *work = ad__table(scratch, half->cols, AD__ZEROS, uint32_t);
    if (work == NULL || !ad__pattern_transpose(half, scratch, &t) ||
        !ad__pattern_union(half, &t, scratch, &p) || !lay_out(s, &p)) {
        return 0;
    }
    s->is_forward = 1;
    if (!ad__colour_star(&p, scratch, s->colour, &s->colours)) {
        return 0;
    }
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

static ad_status plan(sparse *s, const ad__reverse *r, const ad__linear *l, uint64_t structure)
{
    ad__pattern p;
    ad__arena *scratch = &r->tape->scratch;
    ad__arena_rewind(&s->arena, (ad__arena_mark){0});
    if (!ad__pattern_of(l, scratch, &p) ||
        !(s->is_hessian ? plan_hessian : plan_jacobian)(s, &p, scratch)) {
        s->face = (ad_sparse){0};
        return ad__reverse_no_memory(r);
    }
    s->structure = structure;
    s->face.products = s->colours;
    return AD_OK;
}

/* ---- evaluation ---- */

static ad_status evaluate(sparse *s, const ad__reverse *r, const ad__linear *l)
{
    const uint32_t *in_step = s->is_forward ? l->x : l->y, *out_step = s->is_forward ? l->y : l->x;
    const size_t ins = (size_t)(s->is_forward ? l->variables : l->results);
    const size_t width = (size_t)ad__lanes_for(s->colours), count = (size_t)s->face.count;
    const size_t bytes = l->count * width * sizeof(double);
    double *t = ad__arena_take(&r->tape->scratch, bytes);
    if (t == NULL) {
        return ad__reverse_no_memory(r);
    }
    for (uint32_t first = 0; first < s->colours; first += (uint32_t)width) {
        memset(t, 0, bytes);
        for (size_t i = 0; i < ins; i++) {
            uint32_t lane = s->colour[i] - first; /* large for a colour below first, or none */
            if (lane < width && in_step[i] != AD__NO_STEP) {
                t[in_step[i] * width + lane] = 1;
            }
        }
        (s->is_forward ? ad__push_forward : ad__pull_back)(l, (int)width, t);
        for (size_t k = 0; k < count; k++) {
            uint32_t lane = s->from_colour[k] - first, step = out_step[s->from[k]];
            if (lane < width) {
                s->value[k] = step == AD__NO_STEP ? 0 : t[step * width + lane];
            }
        }
    }
    return AD_OK;
}

static ad_status refuse(const ad__reverse *r, const ad__linear *l)
{
    const ad_tape *tape = r->tape;
    const ad__spec *spec = ad__spec_of(tape, l->refused);
    const char *name = ad__op_of(tape, l->refused)->name, *site = tape->site[l->refused];
    char text[160];
    if (tape->node[l->refused].spec != AD__SPEC_SCALAR) {
        return ad_tape_fail(r->tape, AD_ERR_UNSUPPORTED, r->origin, site,
                            "%s gives %s %s, and rows and columns are f64 scalars; use "
                            "ad_jacobian_values or ad_hessian_values",
                            name, ad_type_name(spec->type),
                            ad_shape_print(&spec->shape, text, sizeof text));
    }
    return ad_tape_fail(r->tape, AD_ERR_UNSUPPORTED, r->origin, site,
                        "%s is no elementwise operation on f64 scalars, or its argument was "
                        "assigned to; use ad_jacobian_values or ad_hessian_values",
                        name);
}

static ad_status fill(sparse *s, const ad__reverse *r, int results, const ad_var *y, int count,
                      const ad_var *x)
{
    ad__linear l;
    ad_status status = ad__linearise(r, results, y, count, x, &l);
    if (status != AD_OK) {
        return status == AD_ERR_UNSUPPORTED ? refuse(r, &l) : status;
    }
    const uint64_t structure = ad__structure_of(&l);
    if (s->structure != structure || s->face.rows != results || s->face.cols != count) {
        status = plan(s, r, &l, structure);
    }
    return status != AD_OK ? status : evaluate(s, r, &l);
}

static ad_status fill_hessian(sparse *s, const ad__reverse *r, const ad_var *y, int count,
                              const ad_var *x)
{
    ad_tape *tape = r->tape;
    ad_var *dx = ad__arena_take(&tape->scratch, (size_t)count * sizeof *dx);
    if (dx == NULL) {
        return ad__reverse_no_memory(r);
    }
    ad_mark mark = ad_tape_mark(tape);
    ad__reverse again = *r;
    ad_status status = ad__reverse_record(r, 1, y, NULL, count, x, dx);
    if (status == AD_OK && count > 0) {
        status = ad__reverse_begin(&again, count, dx, count, x);
    }
    if (status == AD_OK) {
        status = fill(s, &again, count, dx, count, x);
    }
    ad_status rewound = ad__take_back(tape, mark);
    return status != AD_OK ? status : rewound;
}

/* ---- the object ---- */

static ad_status update(sparse *s, const char *origin, int results, const ad_var *y, int count,
                        const ad_var *x)
{
    ad__reverse r = {.origin = origin};
    ad_status status = ad__reverse_begin(&r, results, y, count, x);
    if (status == AD_OK && r.tape == NULL) {
        status = AD_ERR_DOMAIN;
    }
    if (status == AD_OK && s->is_hessian && results != 1) {
        status = ad_tape_fail(r.tape, AD_ERR_DOMAIN, origin, NULL,
                              "%d results; a Hessian is of one scalar", results);
    }
    if (status == AD_OK) {
        ad__arena_mark before = ad__arena_mark_here(&r.tape->scratch);
        status =
            s->is_hessian ? fill_hessian(s, &r, y, count, x) : fill(s, &r, results, y, count, x);
        ad__arena_rewind(&r.tape->scratch, before);
    }
    return status == AD_OK ? AD_OK : ad__all_nan((size_t)s->face.count, s->value, status);
}

ad_status ad_sparse_update(ad_sparse *matrix, int results, const ad_var *y, int count,
                           const ad_var *x)
{
    ad__reverse r = {.origin = "ad_sparse_update"};
    if (matrix != NULL) {
        return update((sparse *)(void *)matrix, r.origin, results, y, count, x);
    }
    ad_status status = ad__reverse_begin(&r, results, y, count, x);
    return status != AD_OK || r.tape == NULL
               ? status
               : ad_tape_fail(r.tape, AD_ERR_DOMAIN, r.origin, NULL,
                              "the matrix is NULL; make it with ad_sparse_jacobian or "
                              "ad_sparse_hessian");
}

static ad_status sparse_new(const char *origin, int is_hessian, int results, const ad_var *y,
                            int count, const ad_var *x, ad_sparse **out)
{
    ad__reverse r = {.origin = origin};
    ad_status status = ad__reverse_begin(&r, results, y, count, x);
    if (status == AD_OK && r.tape == NULL) {
        status = AD_ERR_DOMAIN;
    }
    if (out == NULL) {
        return status != AD_OK ? status : ad__reverse_need(&r, 1, out, "out");
    }
    *out = NULL;
    if (status != AD_OK) {
        return status;
    }
    sparse *s = ad__resize(&r.tape->allocator, NULL, sizeof *s);
    if (s == NULL) {
        return ad__reverse_no_memory(&r);
    }
    *s = (sparse){.is_hessian = is_hessian, .face = {.rows = -1}};
    ad__arena_init(&s->arena, r.tape->allocator);
    status = update(s, origin, results, y, count, x);
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
    return sparse_new("ad_sparse_jacobian", 0, results, y, count, x, out);
}

ad_status ad_sparse_hessian(ad_var y, int count, const ad_var *x, ad_sparse **out)
{
    return sparse_new("ad_sparse_hessian", 1, 1, &y, count, x, out);
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
