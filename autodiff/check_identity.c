/* SPDX-License-Identifier: MIT */
#include "check_internal.h"

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

/* Whether a = b - w/2, up to rounding of terms as large as the largest, or of subnormal numbers. */
static int is_combined(const ad__check *c, ad_var a, ad_var b, ad_var w)
{
    double size = 0, error = 0;
    for (size_t i = 0, count = ad_count(a); i < count; i++) {
        double p = ad__check_element(a, i), q = ad__check_element(b, i);
        double r = ad__check_element(w, i) / 2;
        size = fmax(size, fabs(p) + fabs(q) + fabs(r));
        error = fmax(error, fabs(p - (q - r)));
    }
    return !isfinite(size) || error <= tolerance(c) * (size + smallest(c));
}

/* dx[0], dx[1], dx[2] = J'(u - w/2), J'u, J'w; 1 if the first combines the others. */
static int is_linear(ad__check *c, const ad__recording *r, ad_var *const *dx)
{
    ad_var y = ad_literal(0);
    ad__check_record(c, 0, r, &y);
    for (uint64_t i = 0; i < 3 && is_fine(c); i++) {
        const uint64_t first[] = {1, 1, 2}, second[] = {2, 0, 0};
        ad_var u = weights_like(c, y, first[i], second[i]);
        ad_vjp(1, &y, &u, c->actives, r->active, dx[i]);
    }
    int holds = 1;
    for (int i = 0; i < c->actives && is_fine(c); i++) {
        holds = holds && is_combined(c, dx[0][i], dx[1][i], dx[2][i]);
    }
    return holds;
}

const char *ad__check_linearity(ad__check *c)
{
    ad_mark mark = ad_tape_mark(c->tape);
    ad__arena_mark before = ad__arena_mark_here(&c->arena);
    ad__recording r = ad__check_recording(c);
    size_t count = (size_t)c->actives + 1;
    ad_var *dx = ad__arena_take(&c->arena, 3 * count * sizeof *dx);
    int holds = 1;
    if (dx == NULL) {
        ad__check_no_memory(c);
    } else if (is_fine(c)) {
        holds = is_linear(c, &r, (ad_var *[]){dx, dx + count, dx + 2 * count});
    }
    ad__arena_rewind(&c->arena, before);
    ad_tape_rewind(c->tape, mark);
    return holds ? NULL : "the vector-Jacobian product is not linear in its cotangent";
}

/* v and dx have room for a handle of each active input. */
static int is_adjoint(ad__check *c, const ad__recording *r, ad_var *v, ad_var *dx)
{
    ad_var y = ad_literal(0), dy = y;
    double left = 0, right = 0, size = 0;
    ad__check_record(c, 0, r, &y);
    ad_var u = is_fine(c) ? weights_like(c, y, 1, 0) : y;
    for (int i = 0; i < c->actives && is_fine(c); i++) {
        v[i] = weights_like(c, r->active[i], 3 + (uint64_t)i, 0);
    }
    if (is_fine(c)) {
        ad_vjp(1, &y, &u, c->actives, r->active, dx);
    }
    if (is_fine(c)) {
        ad_jvp(c->actives, r->active, v, 1, &y, &dy);
    }
    for (int i = 0; i < c->actives && is_fine(c); i++) {
        inner(v[i], dx[i], &size, &right);
    }
    if (is_fine(c)) {
        inner(u, dy, &size, &left);
    }
    return !isfinite(size) || fabs(left - right) <= tolerance(c) * (size + smallest(c));
}

const char *ad__check_adjoint(ad__check *c)
{
    ad_mark mark = ad_tape_mark(c->tape);
    ad__arena_mark before = ad__arena_mark_here(&c->arena);
    ad__recording r = ad__check_recording(c);
    size_t count = (size_t)c->actives + 1;
    ad_var *v = ad__arena_take(&c->arena, 2 * count * sizeof *v);
    int holds = 1;
    if (v == NULL) {
        ad__check_no_memory(c);
    } else if (is_fine(c)) {
        holds = is_adjoint(c, &r, v, v + count) || !is_fine(c);
    }
    ad__arena_rewind(&c->arena, before);
    ad_tape_rewind(c->tape, mark);
    return holds ? NULL
                 : "<u, J v> differs from <J'u, v>: the derivative of the vector-Jacobian product "
                   "by its cotangent is wrong";
}
