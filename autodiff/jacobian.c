/* SPDX-License-Identifier: MIT */
#include "jacobian.h"

#include "forward_internal.h"
#include "linear_internal.h"
#include "ops.h"
#include "reverse.h"

#include <string.h>

/* What is recorded here belongs to no line of the caller's. */
#undef AD_HERE
#define AD_HERE NULL

static ad_status no_memory(ad_tape *tape)
{
    return ad_tape_fail(tape, AD_ERR_MEMORY, "ad_jacobian", NULL, "out of memory");
}

static size_t elements(int count, const ad_var *v)
{
    size_t sum = 0;
    for (int i = 0; i < count; i++) {
        sum += ad_count(v[i]);
    }
    return sum;
}

/* ---- scalar programs: numeric sweeps ---- */

/* Fills out[results, variables] by columns or by rows, AD__LANES of them in one sweep. */
static ad_status sweep(ad_tape *tape, const ad__linear *l, double *out)
{
    int by_columns = l->variables <= l->results;
    const uint32_t *in_step = by_columns ? l->x : l->y, *out_step = by_columns ? l->y : l->x;
    int ins = by_columns ? l->variables : l->results, outs = by_columns ? l->results : l->variables;
    size_t in_stride = by_columns ? 1 : (size_t)l->variables;
    size_t out_stride = by_columns ? (size_t)l->variables : 1;
    size_t bytes = l->count * sizeof(double[AD__LANES]);
    double(*t)[AD__LANES] = ad__arena_take(&tape->scratch, bytes);
    if (t == NULL) {
        return no_memory(tape);
    }
    for (int first = 0; first < ins; first += AD__LANES) {
        int lanes = ins - first < AD__LANES ? ins - first : AD__LANES;
        memset(t, 0, bytes);
        for (int k = 0; k < lanes; k++) {
            if (in_step[first + k] != AD__NO_STEP) {
                t[in_step[first + k]][k] = 1;
            }
        }
        (by_columns ? ad__push_forward : ad__pull_back)(l, t);
        for (int i = 0; i < outs; i++) {
            double *to = out + (size_t)first * in_stride + (size_t)i * out_stride;
            for (int k = 0; k < lanes; k++) {
                to[(size_t)k * in_stride] = out_step[i] == AD__NO_STEP ? 0 : t[out_step[i]][k];
            }
        }
    }
    return AD_OK;
}

/* ---- tensors: recorded products, one at a time ---- */

/* A constant like v, 1 at one element and 0 elsewhere. room holds v's elements, all 0. */
static ad_var unit_like(ad_var v, size_t at, void *room)
{
    ad_type type = ad_type_of(v);
    if (type == AD_F32) {
        ((float *)room)[at] = 1;
    } else {
        ((double *)room)[at] = 1;
    }
    ad_var unit = ad_constant(v.tape, type, ad_shape_of(v), room);
    memset((char *)room + at * ad_type_bytes(type), 0, ad_type_bytes(type));
    return unit;
}

/* The products of every unit cotangent of y with dy/dx: out[r * in_stride + c * out_stride] is the
 * derivative of y's element r by x's element c. */
static ad_status products(ad_tape *tape, int results, const ad_var *y, int count, const ad_var *x,
                          double *out, size_t in_stride, size_t out_stride)
{
    size_t most = 1, width = elements(count, x);
    for (int j = 0; j < results; j++) {
        most = ad_count(y[j]) > most ? ad_count(y[j]) : most;
    }
    void *room = ad__arena_take(&tape->scratch, most * sizeof(double));
    ad_var *dx = ad__arena_take(&tape->scratch, (size_t)count * sizeof *dx);
    double *values = ad__arena_take(&tape->scratch, width * sizeof *values);
    if (room == NULL || dx == NULL || values == NULL) {
        return no_memory(tape);
    }
    memset(room, 0, most * sizeof(double));
    for (int j = 0; j < results; j++) {
        for (size_t r = 0, rows = ad_count(y[j]); r < rows; r++, out += in_stride) {
            ad_mark mark = ad_tape_mark(tape);
            ad_var g = y[j].tape == NULL ? ad_literal(1) : unit_like(y[j], r, room);
            ad_status status = ad_vjp(1, &y[j], &g, count, x, dx);
            double *to = values;
            for (int i = 0; i < count && status == AD_OK; i++) {
                size_t len = ad_count(dx[i]);
                status = ad_read(dx[i], len, to);
                to += len;
            }
            if (status != AD_OK || ad_tape_rewind(tape, mark) != AD_OK) {
                return tape->error.status;
            }
            for (size_t c = 0; c < width; c++) {
                out[c * out_stride] = values[c];
            }
        }
    }
    return AD_OK;
}

/* Columns are the products of the transposed program with units of x. */
static ad_status by_columns(ad_tape *tape, int results, const ad_var *y, int count, const ad_var *x,
                            size_t cols, double *out)
{
    ad_var *u = ad__arena_take(&tape->scratch, (size_t)results * sizeof *u);
    ad_var *w = ad__arena_take(&tape->scratch, (size_t)count * sizeof *w);
    if (u == NULL || w == NULL) {
        return no_memory(tape);
    }
    ad_status status = ad__transpose(tape, count, x, results, y, u, w);
    return status != AD_OK ? status : products(tape, count, w, results, u, out, 1, cols);
}

/* ---- both ---- */

static ad_status check_handles(ad_tape *tape, const char *origin, int count, const ad_var *v,
                               int may_be_literals)
{
    for (int i = 0; i < count; i++) {
        if (v[i].tape == NULL && may_be_literals) {
            continue;
        }
        if (ad__check_handle(tape, v[i], origin, NULL) != AD_OK) {
            return tape->error.status;
        }
        uint32_t node = v[i].ref.at.node;
        if (ad__kind_of(tape, node)->type == AD_I64) {
            return ad_tape_fail(tape, AD_ERR_TYPE, origin, tape->site[node],
                                "%s is i64; integers carry no derivative",
                                may_be_literals ? "a result" : "a variable");
        }
    }
    return AD_OK;
}

static ad_status fill(ad_tape *tape, const char *origin, int results, const ad_var *y, int count,
                      const ad_var *x, double *out)
{
    if (check_handles(tape, origin, count, x, 0) != AD_OK ||
        check_handles(tape, origin, results, y, 1) != AD_OK) {
        return tape->error.status;
    }
    ad__linear linear;
    ad_status status = ad__linearise(tape, results, y, count, x, &linear);
    if (status != AD_ERR_UNSUPPORTED) {
        return status != AD_OK ? status : sweep(tape, &linear, out);
    }
    size_t rows = elements(results, y), cols = elements(count, x);
    return rows <= cols ? products(tape, results, y, count, x, out, cols, 1)
                        : by_columns(tape, results, y, count, x, cols, out);
}

/* The tape of x, as a call on it begins: NULL and *status where it cannot. */
static ad_tape *begin(int count, const ad_var *x, ad_status *status)
{
    ad_tape *tape = ad__tape_of(count, x);
    *status = tape != NULL ? tape->error.status : count != 0 ? AD_ERR_DOMAIN : AD_OK;
    return *status == AD_OK ? tape : NULL;
}

ad_status ad_jacobian_values(int results, const ad_var *y, int count, const ad_var *x, double *out)
{
    ad_status status;
    ad_tape *tape = begin(count, x, &status);
    if (tape == NULL) {
        return status;
    }
    ad__arena_mark before = ad__arena_mark_here(&tape->scratch);
    ad_mark mark = ad_tape_mark(tape);
    status = fill(tape, "ad_jacobian_values", results, y, count, x, out);
    ad_status rewound = ad_tape_rewind(tape, mark);
    ad__arena_rewind(&tape->scratch, before);
    return status != AD_OK ? status : rewound;
}

static ad_status fill_hessian(ad_tape *tape, ad_var y, int count, const ad_var *x, double *out)
{
    ad_var *dx = ad__arena_take(&tape->scratch, (size_t)count * sizeof *dx);
    if (dx == NULL) {
        return no_memory(tape);
    }
    ad_status status = ad_grad(y, count, x, dx);
    return status != AD_OK ? status : fill(tape, "ad_hessian_values", count, dx, count, x, out);
}

ad_status ad_hessian_values(ad_var y, int count, const ad_var *x, double *out)
{
    ad_status status;
    ad_tape *tape = begin(count, x, &status);
    if (tape == NULL) {
        return status;
    }
    ad__arena_mark before = ad__arena_mark_here(&tape->scratch);
    ad_mark mark = ad_tape_mark(tape);
    status = fill_hessian(tape, y, count, x, out);
    ad_status rewound = ad_tape_rewind(tape, mark);
    ad__arena_rewind(&tape->scratch, before);
    return status != AD_OK ? status : rewound;
}

/* ---- as variables ---- */

/* The products of y's unit cotangents with dy/dx, as rows: [elements of y, shape of x]. */
static ad_var stack_products(ad_tape *tape, ad_var y, ad_var x)
{
    size_t rows = ad_count(y);
    void *room = ad__arena_take(&tape->scratch, (rows + 1) * sizeof(double));
    ad_var *row = ad__arena_take(&tape->scratch, rows * sizeof *row);
    if (room == NULL || row == NULL) {
        no_memory(tape);
        return ad__dead(tape);
    }
    memset(room, 0, (rows + 1) * sizeof(double));
    for (size_t r = 0; r < rows; r++) {
        ad_var g = unit_like(y, r, room);
        if (ad_vjp(1, &y, &g, 1, &x, &row[r]) != AD_OK) {
            return ad__dead(tape);
        }
    }
    return ad_stack((int)rows, row, 0);
}

static ad_var record(ad_tape *tape, ad_var y, ad_var x)
{
    if (check_handles(tape, "ad_jacobian", 1, &x, 0) != AD_OK ||
        check_handles(tape, "ad_jacobian", 1, &y, 1) != AD_OK) {
        return ad__dead(tape);
    }
    size_t rows = ad_count(y), cols = ad_count(x);
    ad_shape shape = ad_shape_of(y), of_x = ad_shape_of(x);
    if (shape.rank + of_x.rank > AD_MAX_RANK || rows > INT32_MAX || cols > INT32_MAX) {
        char a[160], b[160];
        ad_tape_fail(tape, AD_ERR_SHAPE, "ad_jacobian", NULL,
                     "y has shape %s, x has %s; the result would have both, and more than %d axes "
                     "or too many rows: reshape y or x",
                     ad_shape_print(&shape, a, sizeof a), ad_shape_print(&of_x, b, sizeof b),
                     AD_MAX_RANK);
        return ad__dead(tape);
    }
    for (int i = 0; i < of_x.rank; i++) {
        shape.len[shape.rank++] = of_x.len[i];
    }
    if (y.tape == NULL || rows == 0 || cols == 0) {
        return ad_full(tape, ad_type_of(x), shape, 0);
    }
    if (rows <= cols) {
        return ad_reshape(stack_products(tape, y, x), shape);
    }
    ad_var u, w;
    if (ad__transpose(tape, 1, &x, 1, &y, &u, &w) != AD_OK) {
        return ad__dead(tape);
    }
    ad_var columns = ad_reshape(stack_products(tape, w, u), AD_SHAPE((int64_t)cols, (int64_t)rows));
    return ad_reshape(ad_matrix_transpose(columns), shape);
}

ad_status ad_jacobian(ad_var y, ad_var x, ad_var *jacobian)
{
    if (x.tape == NULL) {
        *jacobian = ad_literal(0);
        return AD_ERR_DOMAIN;
    }
    ad__arena_mark before = ad__arena_mark_here(&x.tape->scratch);
    *jacobian = x.tape->error.status == AD_OK ? record(x.tape, y, x) : ad__dead(x.tape);
    ad__arena_rewind(&x.tape->scratch, before);
    return x.tape->error.status;
}

ad_status ad_hessian(ad_var y, ad_var x, ad_var *hessian)
{
    ad_var dx;
    ad_status status = ad_grad(y, 1, &x, &dx);
    *hessian = dx;
    return status == AD_OK ? ad_jacobian(dx, x, hessian) : status;
}
