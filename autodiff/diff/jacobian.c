/* SPDX-License-Identifier: MIT */
#include "jacobian.h"

#include "diff/forward_internal.h"
#include "diff/linear_internal.h"
#include "ops.h"

#include <string.h>

/* ---- scalar programs: numeric sweeps ---- */

/* Fills out[results, variables] by columns or by rows, up to AD__LANES of them in one sweep. */
static ad_status sweep(const ad__reverse *r, const ad__linear *l, double *out)
{
    int by_columns = l->variables <= l->results;
    const uint32_t *in_step = by_columns ? l->x : l->y, *out_step = by_columns ? l->y : l->x;
    int ins = by_columns ? l->variables : l->results, outs = by_columns ? l->results : l->variables;
    size_t in_stride = by_columns ? 1 : (size_t)l->variables;
    size_t out_stride = by_columns ? (size_t)l->variables : 1;
    const int width = ad__lanes_for((size_t)ins);
    size_t bytes = l->count * (size_t)width * sizeof(double);
    double *t = ad__arena_take(&r->tape->scratch, bytes);
    if (t == NULL) {
        return ad__reverse_no_memory(r);
    }
    for (int first = 0; first < ins; first += width) {
        int lanes = ins - first < width ? ins - first : width;
        memset(t, 0, bytes);
        for (int k = 0; k < lanes; k++) {
            if (in_step[first + k] != AD__NO_STEP) {
                t[(size_t)in_step[first + k] * (size_t)width + (size_t)k] = 1;
            }
        }
        (by_columns ? ad__push_forward : ad__pull_back)(l, width, t);
        for (int i = 0; i < outs; i++) {
            double *to = out + (size_t)first * in_stride + (size_t)i * out_stride;
            const double *from =
                out_step[i] == AD__NO_STEP ? NULL : t + (size_t)out_step[i] * (size_t)width;
            for (int k = 0; k < lanes; k++) {
                to[(size_t)k * in_stride] = from == NULL ? 0 : from[k];
            }
        }
    }
    return AD_OK;
}

/* Up to so many rows, a sweep of the tape itself for each takes less time than the steps that all
 * of them could share. */
enum { FEW_ROWS = 5 };

static int are_few_scalars(const ad__reverse *r, int results, const ad_var *y, int count)
{
    int are = results <= FEW_ROWS && results <= count;
    for (int j = 0; j < results && are; j++) {
        are = y[j].tape == NULL || r->tape->node[y[j].ref.at.node].spec == AD__SPEC_SCALAR;
    }
    return are && ad__reverse_is_scalar(r);
}

static ad_status sweep_rows(const ad__reverse *r, int results, const ad_var *y, int count,
                            const ad_var *x, double *out)
{
    ad_status status = AD_OK;
    for (int j = 0; j < results && status == AD_OK; j++, out += count) {
        ad__arena_mark before = ad__arena_mark_here(&r->tape->scratch);
        status = ad__reverse_sweep(r, y[j], count, x, out);
        ad__arena_rewind(&r->tape->scratch, before);
    }
    return status;
}

/* ---- tensors: recorded products, one at a time ---- */

/* A constant like v, 1 at one element and 0 elsewhere. buffer holds v's elements, all 0. */
static ad_var unit_like(ad_var v, size_t at, void *buffer)
{
    ad_type type = ad_type_of(v);
    if (type == AD_F32) {
        ((float *)buffer)[at] = 1;
    } else {
        ((double *)buffer)[at] = 1;
    }
    ad_var unit = ad_constant(v.tape, type, ad_shape_of(v), buffer);
    memset((char *)buffer + at * ad_type_bytes(type), 0, ad_type_bytes(type));
    return unit;
}

static void fill_zeros(size_t count, double *out, size_t stride)
{
    for (size_t i = 0; i < count; i++) {
        out[i * stride] = 0;
    }
}

/* The products of every unit cotangent of y with dy/dx: out[r * in_stride + c * out_stride] is the
 * derivative of y's element r by x's element c. */
static ad_status products(const ad__reverse *r, int results, const ad_var *y, int count,
                          const ad_var *x, double *out, size_t in_stride, size_t out_stride)
{
    ad_tape *tape = r->tape;
    size_t most = 1, width = ad__elements_of(count, x);
    for (int j = 0; j < results; j++) {
        most = ad_count(y[j]) > most ? ad_count(y[j]) : most;
    }
    void *buffer = ad__arena_take(&tape->scratch, most * sizeof(double));
    ad_var *dx = ad__arena_take(&tape->scratch, (size_t)count * sizeof *dx);
    double *values = ad__arena_take(&tape->scratch, width * sizeof *values);
    if (buffer == NULL || dx == NULL || values == NULL) {
        return ad__reverse_no_memory(r);
    }
    memset(buffer, 0, most * sizeof(double));
    for (int j = 0; j < results; j++) {
        for (size_t row = 0, rows = ad_count(y[j]); row < rows; row++, out += in_stride) {
            if (y[j].tape == NULL) { /* a number depends on nothing */
                fill_zeros(width, out, out_stride);
                continue;
            }
            ad_mark mark = ad_tape_mark(tape);
            ad_var g = unit_like(y[j], row, buffer);
            ad_status status = ad_vjp(1, &y[j], count, x, &g, dx);
            double *to = values;
            for (int i = 0; i < count && status == AD_OK; i++) {
                size_t len = ad_count(dx[i]);
                status = ad_read(dx[i], len, to);
                to += len;
            }
            if (status != AD_OK || ad__take_back(tape, mark) != AD_OK) {
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
static ad_status by_columns(const ad__reverse *r, int results, const ad_var *y, int count,
                            const ad_var *x, size_t cols, double *out)
{
    ad_var *u = ad__arena_take(&r->tape->scratch, (size_t)results * sizeof *u);
    ad_var *w = ad__arena_take(&r->tape->scratch, (size_t)count * sizeof *w);
    if (u == NULL || w == NULL) {
        return ad__reverse_no_memory(r);
    }
    ad_status status = ad__transpose(r, count, x, results, y, u, w);
    return status != AD_OK ? status : products(r, count, w, results, u, out, 1, cols);
}

/* ---- both ---- */

static ad_status fill(const ad__reverse *r, int results, const ad_var *y, int count,
                      const ad_var *x, double *out)
{
    if (are_few_scalars(r, results, y, count)) {
        return sweep_rows(r, results, y, count, x, out);
    }
    ad__linear linear;
    ad_status status = ad__linearise(r, results, y, count, x, &linear);
    if (status != AD_ERR_UNSUPPORTED) {
        return status != AD_OK ? status : sweep(r, &linear, out);
    }
    ad_mark mark = ad_tape_mark(r->tape);
    size_t rows = ad__elements_of(results, y), cols = ad__elements_of(count, x);
    status = rows <= cols ? products(r, results, y, count, x, out, cols, 1)
                          : by_columns(r, results, y, count, x, cols, out);
    ad_status rewound = ad__take_back(r->tape, mark);
    return status != AD_OK ? status : rewound;
}

ad_status ad_jacobian_values(int results, const ad_var *y, int count, const ad_var *x, double *out)
{
    ad__reverse r = {.origin = "ad_jacobian_values"};
    ad_status status = ad__reverse_begin(&r, results, y, count, x);
    if (status == AD_OK && out == NULL) {
        size_t len = ad__elements_of(results, y) * ad__elements_of(count, x);
        status = ad__reverse_need(&r, len > 0, out, "out");
    }
    if (status == AD_OK) {
        status = ad__reverse_no_integers(&r, results, y);
    }
    if (status == AD_OK && out != NULL && results > 0 && count > 0) {
        ad__arena_mark before = ad__arena_mark_here(&r.tape->scratch);
        status = fill(&r, results, y, count, x, out);
        ad__arena_rewind(&r.tape->scratch, before);
    }
    return status == AD_OK
               ? AD_OK
               : ad__all_nan(ad__elements_of(results, y) * ad__elements_of(count, x), out, status);
}

static ad_status fill_hessian(const ad__reverse *r, ad_var y, int count, const ad_var *x,
                              double *out)
{
    ad_var *dx = ad__arena_take(&r->tape->scratch, (size_t)count * sizeof *dx);
    if (dx == NULL) {
        return ad__reverse_no_memory(r);
    }
    ad_mark mark = ad_tape_mark(r->tape);
    ad_status status = ad__reverse_record(r, 1, &y, NULL, count, x, dx);
    if (status == AD_OK) {
        ad__reverse again = {.origin = r->origin};
        status = ad__reverse_begin(&again, count, dx, count, x);
        status = status == AD_OK ? fill(&again, count, dx, count, x, out) : status;
    }
    ad_status rewound = ad__take_back(r->tape, mark);
    return status != AD_OK ? status : rewound;
}

ad_status ad_hessian_values(ad_var y, int count, const ad_var *x, double *out)
{
    ad__reverse r = {.origin = "ad_hessian_values"};
    ad_status status = ad__reverse_begin(&r, 1, &y, count, x);
    if (status == AD_OK && out == NULL) {
        status = ad__reverse_need(&r, ad__elements_of(count, x) > 0, out, "out");
    }
    if (status == AD_OK && out != NULL && count > 0) {
        ad__arena_mark before = ad__arena_mark_here(&r.tape->scratch);
        status = fill_hessian(&r, y, count, x, out);
        ad__arena_rewind(&r.tape->scratch, before);
    }
    size_t len = status == AD_OK ? 0 : ad__elements_of(count, x);
    return status == AD_OK ? AD_OK : ad__all_nan(len * len, out, status);
}

/* ---- as variables ---- */

/* The products of y's unit cotangents with dy/dx, as rows: [elements of y, shape of x]. */
static ad_var stack_products(const ad__reverse *r, ad_var y, ad_var x)
{
    ad_tape *tape = r->tape;
    size_t rows = ad_count(y);
    void *buffer = ad__arena_take(&tape->scratch, (rows + 1) * sizeof(double));
    ad_var *row = ad__arena_take(&tape->scratch, rows * sizeof *row);
    if (buffer == NULL || row == NULL) {
        ad__reverse_no_memory(r);
        return ad__dead(tape);
    }
    memset(buffer, 0, (rows + 1) * sizeof(double));
    for (size_t i = 0; i < rows; i++) {
        ad_var g = unit_like(y, i, buffer);
        if (ad_vjp(1, &y, 1, &x, &g, &row[i]) != AD_OK) {
            return ad__dead(tape);
        }
    }
    return ad_stack((int)rows, row, 0);
}

static ad_var record(const ad__reverse *r, ad_var y, ad_var x)
{
    ad_tape *tape = r->tape;
    size_t rows = ad_count(y), cols = ad_count(x);
    ad_shape shape = ad_shape_of(y), of_x = ad_shape_of(x);
    if (shape.rank + of_x.rank > AD_MAX_RANK || rows > INT32_MAX || cols > INT32_MAX) {
        char a[160], b[160];
        ad_tape_fail(tape, AD_ERR_SHAPE, r->origin, NULL,
                     "y has shape %s, x has %s; the result would have both, and more than %d axes "
                     "or too many rows: reshape y or x",
                     ad_shape_print(&shape, a, sizeof a), ad_shape_print(&of_x, b, sizeof b),
                     AD_MAX_RANK);
        return ad__dead(tape);
    }
    for (int i = 0; i < of_x.rank; i++) {
        shape.len[shape.rank++] = of_x.len[i];
    }
    if (rows == 0 || cols == 0) {
        return ad_full(tape, ad_type_of(x), shape, 0);
    }
    if (rows <= cols) {
        return ad_reshape(stack_products(r, y, x), shape);
    }
    ad_var u, w;
    if (ad__transpose(r, 1, &x, 1, &y, &u, &w) != AD_OK) {
        return ad__dead(tape);
    }
    ad_var columns = ad_reshape(stack_products(r, w, u), AD_SHAPE((int64_t)cols, (int64_t)rows));
    return ad_reshape(ad_matrix_transpose(columns), shape);
}

/* The Jacobian of y, or of its gradient. */
static ad_status differentiate(ad__reverse *r, int is_hessian, ad_var y, ad_var x, ad_var *out)
{
    ad_status status = ad__reverse_begin(r, 1, &y, 1, &x);
    if (status == AD_OK) {
        status = ad__reverse_need(r, 1, out, is_hessian ? "hessian" : "jacobian");
    }
    if (status == AD_OK) {
        status = ad__reverse_no_integers(r, 1, &y);
    }
    if (status == AD_OK && is_hessian) {
        status = ad__reverse_record(r, 1, &y, NULL, 1, &x, &y);
    }
    if (status == AD_OK) {
        ad__arena_mark before = ad__arena_mark_here(&r->tape->scratch);
        *out = record(r, y, x);
        ad__arena_rewind(&r->tape->scratch, before);
        status = r->tape->error.status;
    }
    return status == AD_OK ? AD_OK : ad__all_dead(r->tape, 1, out, status);
}

ad_status ad_jacobian(ad_var y, ad_var x, ad_var *jacobian)
{
    return differentiate(&(ad__reverse){.origin = "ad_jacobian"}, 0, y, x, jacobian);
}

ad_status ad_hessian(ad_var y, ad_var x, ad_var *hessian)
{
    return differentiate(&(ad__reverse){.origin = "ad_hessian"}, 1, y, x, hessian);
}
