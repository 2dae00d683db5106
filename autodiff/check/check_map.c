/* SPDX-License-Identifier: MIT */
#include "check/check_internal.h"

#include "forward.h"
#include "ops.h"
#include "reverse.h"
#include "rng.h"

#include <float.h>
#include <math.h>
#include <string.h>

int ad__check_no_memory(ad__check *c)
{
    ad_tape_fail(c->tape, AD_ERR_MEMORY, c->name, NULL, "out of memory");
    return 0;
}

static int is_fine(const ad__check *c)
{
    return ad_tape_status(c->tape) == AD_OK;
}

/* ---- recording ---- */

/* A leaf with the given doubles in a type; they are rounded to f32 in buffer. */
ad_var ad__check_leaf(ad__check *c, ad_type type, ad_shape shape, const double *data, int is_input)
{
    const void *elements = data;
    size_t count = ad_shape_count(&shape);
    if (type == AD_F32) {
        for (size_t i = 0; i < count; i++) {
            ((float *)c->buffer)[i] = (float)data[i];
        }
        elements = c->buffer;
    }
    return is_input ? ad_input_array(c->tape, type, shape, elements)
                    : ad_constant(c->tape, type, shape, elements);
}

/* The function at the present point. */
static ad_var result(ad__check *c, int is_widened, ad_var *x)
{
    for (int i = 0; i < c->count; i++) {
        const ad_check_input *in = &c->input[i];
        ad_type type = is_widened && in->type == AD_F32 ? AD_F64 : in->type;
        x[i] = type == AD_I64 ? ad_input_array(c->tape, type, in->shape, in->data)
                              : ad__check_leaf(c, type, in->shape, c->point[i], 1);
    }
    ad_var y = is_fine(c) ? c->f(c->user, x) : ad_literal(0);
    if (is_fine(c) && y.tape == NULL) {
        const double value = y.ref.literal; /* the function is constant */
        y = ad_constant(c->tape, AD_F64, AD_SCALAR, &value);
    }
    if (is_fine(c) && ad__check_handle(c->tape, y, c->name) == AD_OK && ad_type_of(y) == AD_I64) {
        ad_tape_fail(c->tape, AD_ERR_TYPE, c->name, NULL,
                     "the result is i64; integers carry no derivative");
    }
    ad_shape shape = is_fine(c) ? ad_shape_of(y) : c->shape;
    if (c->weight != NULL && !ad_shape_equal(&shape, &c->shape)) {
        char a[160], b[160];
        ad_tape_fail(c->tape, AD_ERR_STATE, c->name, NULL,
                     "the result is %s at one point and %s next to it; derivatives need one shape",
                     ad_shape_print(&c->shape, a, sizeof a), ad_shape_print(&shape, b, sizeof b));
    }
    return y;
}

ad__recording ad__check_recording(ad__check *c)
{
    size_t count = (size_t)c->count + 1;
    ad_var *x = ad__arena_take(&c->arena, 3 * count * sizeof *x);
    if (x == NULL) {
        ad__check_no_memory(c);
        return (ad__recording){NULL, NULL, NULL};
    }
    return (ad__recording){x, x + count, x + 2 * count};
}

void ad__check_record(ad__check *c, int is_widened, const ad__recording *r, ad_var *y)
{
    *y = ad_literal(0);
    if (r->x == NULL) {
        return; /* the tape knows */
    }
    *y = result(c, is_widened, r->x);
    for (int i = 0; i < c->actives; i++) {
        r->active[i] = r->x[c->active[i]];
    }
}

/* Records the map: the result; or the gradient of its weighted sum. */
static void record_map(ad__check *c, int is_widened, const ad__recording *r)
{
    ad_var y;
    ad__check_record(c, is_widened, r, &y);
    if (r->z == NULL || !is_fine(c)) {
        return;
    }
    if (c->order == 1) {
        r->z[0] = y;
        return;
    }
    ad_var u = ad__check_leaf(c, ad_type_of(y), c->shape, c->weight, 0);
    ad_vjp(1, &y, c->actives, r->active, &u, r->z);
}

double ad__check_element(ad_var v, size_t i)
{
    return ad__element_of(v.tape, v.ref.at.node, i);
}

/* Of element i in the weighted sum of an array of the map. */
static double weight_in_sum(const ad__check *c, int array, size_t i)
{
    return c->order == 1 ? c->weight[i] : ad__check_weight(c, 16 + (uint64_t)array, i);
}

static double row_value(const ad__check *c, ad__place row, const ad_var *z)
{
    if (row.element != AD__WEIGHTED_SUM) {
        return ad__check_element(z[row.array], row.element);
    }
    double sum = 0;
    for (size_t i = 0, count = ad_count(z[row.array]); i < count; i++) {
        sum += weight_in_sum(c, row.array, i) * ad__check_element(z[row.array], i);
    }
    return sum;
}

int ad__check_values(ad__check *c, double *out)
{
    ad_mark mark = ad_tape_mark(c->tape);
    ad__arena_mark before = ad__arena_mark_here(&c->arena);
    ad__recording r = ad__check_recording(c);
    if (is_fine(c)) {
        record_map(c, c->is_widened, &r);
    }
    for (size_t i = 0; i < c->rows && is_fine(c); i++) {
        out[i] = row_value(c, c->row[i], r.z);
    }
    ad__arena_rewind(&c->arena, before);
    return ad_tape_rewind(c->tape, mark) == AD_OK && is_fine(c);
}

/* ---- moving the inputs ---- */

/* An element's part in a direction: as large as the element, or 1. */
static double part_of(const ad__check *c, size_t direction, int input, size_t i)
{
    uint64_t stream = 1024 + direction * (uint64_t)c->count + (uint64_t)input;
    double x = fabs(c->origin[input][i]);
    return (x > 1 ? x : 1) * ad__check_weight(c, stream, i);
}

void ad__check_go(ad__check *c, size_t direction, double t)
{
    for (int k = 0; k < c->actives; k++) {
        int input = c->active[k];
        for (size_t i = 0, n = ad_shape_count(&c->input[input].shape); i < n; i++) {
            c->point[input][i] = c->origin[input][i] + t * part_of(c, direction, input, i);
        }
    }
}

void ad__check_shake(ad__check *c, uint64_t way)
{
    for (int k = 0; k < c->actives; k++) {
        int input = c->active[k];
        double eps = c->input[input].type == AD_F32 ? FLT_EPSILON : DBL_EPSILON;
        for (size_t i = 0, n = ad_shape_count(&c->input[input].shape); i < n; i++) {
            double part = ad__check_weight(c, 2048 + way, i + (size_t)input);
            c->point[input][i] = c->origin[input][i] * (1 + eps * (part > 0 ? 1 : -1));
        }
    }
}

void ad__check_return(ad__check *c)
{
    for (int k = 0; k < c->actives; k++) {
        int input = c->active[k];
        memcpy(c->point[input], c->origin[input],
               ad_shape_count(&c->input[input].shape) * sizeof **c->point);
    }
}

/* ---- the result ---- */

/* A number in 0.5 .. 1.5 of either sign with few bits, so that sums of weights are exact. */
double ad__check_weight(const ad__check *c, uint64_t stream, size_t i)
{
    ad_rng at = {.seed = c->options.seed, .stream = stream, .counter = i};
    uint64_t bits = ad_rng_bits(&at);
    double size = 0.5 + (double)(bits % 64) / 64;
    return bits >> 63 ? -size : size;
}

/* Room for the elements of a type's largest array. */
static int make_room(ad__check *c, size_t count)
{
    if (count > c->buffer_len || c->buffer == NULL) {
        c->buffer = ad__arena_take(&c->arena, count * sizeof(double));
        c->buffer_len = count;
    }
    return c->buffer != NULL ? 1 : ad__check_no_memory(c);
}

static int make_weights(ad__check *c)
{
    double *u = ad__arena_take(&c->arena, c->results * sizeof *u);
    for (size_t i = 0; i < c->results && u != NULL; i++) {
        u[i] = c->results == 1 ? 1 : ad__check_weight(c, 1, i);
    }
    c->weight = u;
    return u != NULL ? 1 : ad__check_no_memory(c);
}

int ad__check_result(ad__check *c)
{
    ad_mark mark = ad_tape_mark(c->tape);
    ad__recording r = ad__check_recording(c);
    ad_var y = ad_literal(0);
    for (int i = 0; i < c->count && is_fine(c); i++) {
        make_room(c, ad_shape_count(&c->input[i].shape));
    }
    if (!is_fine(c)) {
        return 0;
    }
    ad__check_record(c, 0, &r, &y);
    c->shape = ad_shape_of(y);
    c->results = ad_count(y);
    c->finite = 0;
    while (c->finite < c->results && is_fine(c) && isfinite(ad__check_element(y, c->finite))) {
        c->finite++;
    }
    c->stray = c->finite < c->results && is_fine(c) ? ad__check_element(y, c->finite) : 0;
    if (ad_tape_rewind(c->tape, mark) != AD_OK || !is_fine(c) || !make_room(c, c->results) ||
        !make_weights(c)) {
        return 0;
    }
    if (c->has_f32) { /* does it take f64? */
        ad__check_record(c, 1, &r, &y);
        c->is_widened = is_fine(c) && ad_type_of(y) == AD_F64;
        if (ad_tape_status(c->tape) == AD_ERR_TYPE) {
            ad_tape_clear_error(c->tape);
        }
    }
    return ad_tape_rewind(c->tape, mark) == AD_OK && is_fine(c);
}

int ad__check_dropped(ad__check *c, ad_anomaly *out)
{
    const ad__arena_mark before = ad__arena_mark_here(&c->arena);
    const ad_mark mark = ad_tape_mark(c->tape);
    const int order = c->order;
    ad__recording r = ad__check_recording(c);
    c->order = 2;
    record_map(c, 0, &r);
    c->order = order;
    *out = is_fine(c) ? ad_tape_anomaly(c->tape) : (ad_anomaly){.found = 0};
    ad__arena_rewind(&c->arena, before);
    return out->status == AD_ERR_MEMORY ? ad__check_no_memory(c)
                                        : ad_tape_rewind(c->tape, mark) == AD_OK && is_fine(c);
}

/* ---- derivatives from the tape ---- */

/* The derivative of a row in a direction, whose elements' derivatives are dx. */
static double along_direction(ad__check *c, size_t row, size_t direction, const ad_var *dx)
{
    double sum = 0, size = 0;
    for (int k = 0; k < c->actives; k++) {
        int input = c->active[k];
        for (size_t i = 0, n = ad_shape_count(&c->input[input].shape); i < n; i++) {
            double term = ad__check_element(dx[k], i) * part_of(c, direction, input, i);
            sum += term;
            size += fabs(term);
        }
    }
    c->along[row * AD__DIRECTIONS + direction] = size;
    return sum;
}

/* Which of the active inputs an input is. */
static int active_of(const ad__check *c, int input)
{
    int i = 0;
    while (c->active[i] != input) {
        i++;
    }
    return i;
}

/* One row of got: the product of a unit cotangent, or of the weights, with dz/dx. */
static void fill_row(ad__check *c, const ad__recording *r, const ad_shape *shapes, size_t row,
                     double *cotangent, ad_var *dx)
{
    ad_mark mark = ad_tape_mark(c->tape);
    ad__place at = c->row[row];
    ad_var z = r->z[at.array], g;
    if (at.element == AD__WEIGHTED_SUM) {
        size_t count = ad_shape_count(&shapes[at.array]);
        for (size_t i = 0; i < count; i++) {
            cotangent[i] = weight_in_sum(c, at.array, i);
        }
        g = ad__check_leaf(c, ad_type_of(z), shapes[at.array], cotangent, 0);
        memset(cotangent, 0, count * sizeof *cotangent);
    } else {
        cotangent[at.element] = 1;
        g = ad__check_leaf(c, ad_type_of(z), shapes[at.array], cotangent, 0);
        cotangent[at.element] = 0;
    }
    ad_vjp(1, &z, c->actives, r->active, &g, dx);
    c->largest[row] = 0;
    for (size_t k = 0; k < c->ats && is_fine(c); k++) {
        ad__place p = c->at[k];
        if (p.array == AD__DIRECTION) {
            c->got[row * c->ats + k] = along_direction(c, row, p.element, dx);
            continue;
        }
        double got = ad__check_element(dx[active_of(c, p.array)], p.element);
        double x = fabs(c->point[p.array][p.element]);
        double scaled = fabs(got) * (x > 1 ? x : 1);
        c->got[row * c->ats + k] = got;
        if (isfinite(scaled) && scaled > c->largest[row]) {
            c->largest[row] = scaled;
        }
    }
    (void)ad_tape_rewind(c->tape, mark); /* the tape knows */
}

static int fill_rows(ad__check *c)
{
    ad_mark mark = ad_tape_mark(c->tape);
    ad__arena_mark before = ad__arena_mark_here(&c->arena);
    ad__recording r = ad__check_recording(c);
    size_t most = 1, arrays = c->order == 1 ? 1 : (size_t)c->actives;
    ad_shape *shapes = ad__arena_take(&c->arena, arrays * sizeof *shapes);
    ad_var *dx = ad__arena_take(&c->arena, (size_t)c->actives * sizeof *dx);
    if (r.z == NULL || shapes == NULL || dx == NULL) {
        return ad__check_no_memory(c);
    }
    record_map(c, 0, &r);
    for (size_t i = 0; i < arrays && is_fine(c); i++) {
        shapes[i] = ad_shape_of(r.z[i]);
        most = ad_count(r.z[i]) > most ? ad_count(r.z[i]) : most;
    }
    double *cotangent = ad__arena_take(&c->arena, most * sizeof *cotangent);
    if (cotangent == NULL) {
        return ad__check_no_memory(c);
    }
    memset(cotangent, 0, most * sizeof *cotangent);
    for (size_t row = 0; row < c->rows && is_fine(c); row++) {
        fill_row(c, &r, shapes, row, cotangent, dx);
    }
    ad__arena_rewind(&c->arena, before);
    return ad_tape_rewind(c->tape, mark) == AD_OK && is_fine(c);
}

int ad__check_moved(ad__check *c)
{
    enum { WAYS = 4 };
    size_t count = c->rows * c->ats;
    double *got = c->got;
    double *moved = ad__arena_take(&c->arena, count * sizeof *moved);
    c->got = ad__arena_take(&c->arena, count * sizeof *c->got);
    int ok = moved != NULL && c->got != NULL ? 1 : ad__check_no_memory(c);
    for (size_t i = 0; ok && i < count; i++) {
        moved[i] = 0;
    }
    for (uint64_t way = 0; ok && way < WAYS; way++) {
        ad__check_shake(c, way);
        ok = fill_rows(c);
        for (size_t i = 0; ok && i < count; i++) {
            moved[i] = fmax(moved[i], fabs(c->got[i] - got[i]));
        }
    }
    ad__check_return(c);
    c->got = got;
    c->moved = moved;
    return ok;
}

int ad__check_map(ad__check *c, int order)
{
    c->order = order;
    c->moved = NULL;
    size_t sampled = c->results < c->options.most ? c->results : c->options.most;
    size_t sums = c->ats > c->singles ? (size_t)c->actives : 0; /* of whole gradients */
    c->rows = order == 1 ? sampled + (sampled < c->results) : c->singles + sums;
    const int fits = c->ats == 0 || c->rows <= SIZE_MAX / c->ats;
    c->row = ad__table(&c->arena, c->rows, AD__UNFILLED, ad__place);
    c->base = ad__table(&c->arena, c->rows, AD__UNFILLED, double);
    c->largest = ad__table(&c->arena, c->rows, AD__UNFILLED, double);
    c->along = ad__table(&c->arena, c->rows * AD__DIRECTIONS, AD__UNFILLED, double);
    c->got = ad__table(&c->arena, fits ? c->rows * c->ats : SIZE_MAX, AD__UNFILLED, double);
    if (c->arena.is_out_of_memory) {
        return ad__check_no_memory(c);
    }
    for (size_t i = 0; i < c->rows; i++) {
        if (order == 1) {
            double part = (double)c->results / (double)sampled;
            c->row[i] = (ad__place){0, i < sampled ? (size_t)((double)i * part) : AD__WEIGHTED_SUM};
            continue;
        }
        if (i >= c->singles) {
            c->row[i] = (ad__place){(int)(i - c->singles), AD__WEIGHTED_SUM};
            continue;
        }
        c->row[i] = (ad__place){active_of(c, c->at[i].array), c->at[i].element};
    }
    return fill_rows(c) && ad__check_values(c, c->base);
}
