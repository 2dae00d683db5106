/* SPDX-License-Identifier: MIT */
#include "check/check_internal.h"

#include "forward.h"
#include "reverse.h"

#include <float.h>
#include <math.h>

/* Both sides of an identity are sums of many rounded terms. */
#define ROUNDINGS 1e4

static double tolerance(const ad__check *c)
{
    return ROUNDINGS * (c->has_f32 ? FLT_EPSILON : DBL_EPSILON);
}

/* Below this, numbers have fewer digits. */
static double smallest(const ad__check *c)
{
    return c->has_f32 ? FLT_MIN : DBL_MIN;
}

static int is_fine(const ad__check *c)
{
    return ad_tape_status(c->tape) == AD_OK;
}

/* A constant of weights of a stream like v: first minus half of second; second 0: first alone. */
static ad_var weights_like(ad__check *c, ad_var v, uint64_t first, uint64_t second)
{
    ad__arena_mark before = ad__arena_mark_here(&c->arena);
    size_t count = ad_count(v);
    double *w = ad__arena_take(&c->arena, count * sizeof *w);
    if (w == NULL) {
        ad__check_no_memory(c);
        return v;
    }
    for (size_t i = 0; i < count; i++) {
        w[i] = ad__check_weight(c, first, i);
        if (second != 0) {
            w[i] -= ad__check_weight(c, second, i) / 2;
        }
    }
    ad_var like = ad__check_leaf(c, ad_type_of(v), ad_shape_of(v), w, 0);
    ad__arena_rewind(&c->arena, before);
    return like;
}

/* sum_i |a_i b_i| and sum_i a_i b_i */
static void inner(ad_var a, ad_var b, double *size, double *sum)
{
    for (size_t i = 0, count = ad_count(a); i < count; i++) {
        double term = ad__check_element(a, i) * ad__check_element(b, i);
        *size += fabs(term);
        *sum += term;
    }
}

/* The error of an identity, the size of the terms that it adds up, and how far one side moves when
 * the inputs change in their last digits: terms within the function may be larger, and cancel. */
typedef struct gap {
    double error, size, moved;
} gap;

static int is_closed(const ad__check *c, const gap *g)
{
    return !isfinite(g->size) || !isfinite(g->error) ||
           g->error <= tolerance(c) * (g->size + smallest(c)) + 4 * g->moved;
}

/* a = b - w/2, element by element; the largest of each. */
static void combine(ad_var a, ad_var b, ad_var w, gap *g)
{
    for (size_t i = 0, count = ad_count(a); i < count; i++) {
        double p = ad__check_element(a, i), q = ad__check_element(b, i);
        double r = ad__check_element(w, i) / 2;
        g->size = fmax(g->size, fabs(p) + fabs(q) + fabs(r));
        g->error = fmax(g->error, fabs(p - (q - r)));
    }
}

enum { WAYS = 4 }; /* to change the last digits */

/* dx[0], dx[1], dx[2] = J'(u - w/2), J'u, J'w: the first combines the others. */
static void try_linearity(ad__check *c, const ad__recording *r, ad_var *const *dx, gap *g)
{
    ad_var y = ad_literal(0);
    ad__check_record(c, 0, r, &y);
    for (uint64_t i = 0; i < 3 && is_fine(c); i++) {
        const uint64_t first[] = {1, 1, 2}, second[] = {2, 0, 0};
        ad_var u = weights_like(c, y, first[i], second[i]);
        ad_vjp(1, &y, c->actives, r->active, &u, dx[i]);
    }
    for (int i = 0; i < c->actives && is_fine(c); i++) {
        combine(dx[0][i], dx[1][i], dx[2][i], g);
    }
}

/* sum = <v, J'u> and error = |<u, J v> - <v, J'u>|; v and dx have room for each active input. */
static void try_adjoint(ad__check *c, const ad__recording *r, ad_var *const *buffer, gap *g)
{
    ad_var y = ad_literal(0), dy = y, *v = buffer[0], *dx = buffer[1];
    double left = 0, right = 0;
    ad__check_record(c, 0, r, &y);
    ad_var u = is_fine(c) ? weights_like(c, y, 1, 0) : y;
    for (int i = 0; i < c->actives && is_fine(c); i++) {
        v[i] = weights_like(c, r->active[i], 3 + (uint64_t)i, 0);
    }
    if (is_fine(c)) {
        ad_vjp(1, &y, c->actives, r->active, &u, dx);
    }
    if (is_fine(c)) {
        ad_jvp(1, &y, c->actives, r->active, v, &dy);
    }
    for (int i = 0; i < c->actives && is_fine(c); i++) {
        inner(v[i], dx[i], &g->size, &right);
    }
    if (is_fine(c)) {
        inner(u, dy, &g->size, &left);
    }
    g->error = fabs(left - right);
}

typedef void attempt(ad__check *c, const ad__recording *r, ad_var *const *buffer, gap *g);

static gap tried(ad__check *c, attempt *f)
{
    gap g = {0, 0, 0};
    ad_mark mark = ad_tape_mark(c->tape);
    ad__arena_mark before = ad__arena_mark_here(&c->arena);
    ad__recording r = ad__check_recording(c);
    size_t count = (size_t)c->actives + 1;
    ad_var *v = ad__arena_take(&c->arena, 3 * count * sizeof *v);
    if (v == NULL) {
        ad__check_no_memory(c);
    } else if (is_fine(c)) {
        f(c, &r, (ad_var *[]){v, v + count, v + 2 * count}, &g);
    }
    ad__arena_rewind(&c->arena, before);
    ad_tape_rewind(c->tape, mark);
    return g;
}

/* An error that rounding makes is another one where the inputs have other last digits; that of a
 * wrong rule stays as it is. */
static int holds(ad__check *c, attempt *f)
{
    gap here = tried(c, f);
    for (uint64_t way = 0; way < WAYS && is_fine(c) && !is_closed(c, &here); way++) {
        ad__check_shake(c, way);
        gap there = tried(c, f);
        here.moved = fmax(here.moved, fabs(there.error - here.error));
        ad__check_return(c);
    }
    return is_closed(c, &here) || !is_fine(c);
}

const char *ad__check_linearity(ad__check *c)
{
    return holds(c, try_linearity) ? NULL
                                   : "the vector-Jacobian product is not linear in its cotangent";
}

const char *ad__check_adjoint(ad__check *c)
{
    return holds(c, try_adjoint)
               ? NULL
               : "<u, J v> differs from <J'u, v>: the derivative of the vector-Jacobian product "
                 "by its cotangent is wrong";
}
