/* SPDX-License-Identifier: MIT */
#include "forward.h"
#include "diff/forward_internal.h"

#include "ops.h"
#include "reverse.h"
#include "tape/tape_internal.h"

/* Each v[i] must be a literal, or of x[i]'s type and shape. */
static ad_status check_tangents(const ad__reverse *r, int count, const ad_var *x, const ad_var *v)
{
    ad_tape *tape = r->tape;
    for (int i = 0; i < count; i++) {
        if (v[i].tape == NULL) {
            continue;
        }
        if (ad__check_handle(tape, v[i], r->origin) != AD_OK) {
            return tape->error.status;
        }
        const ad__spec *spec = ad__spec_of(tape, x[i].ref.at.node);
        const ad__spec *own = ad__spec_of(tape, v[i].ref.at.node);
        char a[160], b[160];
        if (own != spec) {
            return ad_tape_fail(tape, AD_ERR_SHAPE, r->origin, tape->site[v[i].ref.at.node],
                                "tangent %d is %s %s, its x is %s %s; they must be the same", i,
                                ad_type_name(own->type), ad_shape_print(&own->shape, a, sizeof a),
                                ad_type_name(spec->type),
                                ad_shape_print(&spec->shape, b, sizeof b));
        }
    }
    return AD_OK;
}

/* What both products begin with. */
static ad_status begin(ad__reverse *r, int results, const ad_var *y, int count, const ad_var *x,
                       const ad_var *v)
{
    ad_status status = ad__reverse_begin(r, results, y, count, x);
    if (status == AD_OK) {
        status = ad__reverse_need(r, count, v, "v");
    }
    return status == AD_OK ? check_tangents(r, count, x, v) : status;
}

/* The place of a cotangent of y. Its value, 0, is never used: only the derivative by it is. Each
 * place is a node of its own, unlike the shared constants of literals. */
static ad_var cotangent(ad_tape *tape, ad_var y)
{
    const double zero = 0;
    if (y.tape == NULL) {
        return ad_constant(tape, AD_F64, AD_SCALAR, &zero);
    }
    const ad__spec *spec = ad__spec_of(tape, y.ref.at.node);
    const char *before = ad__set_line(tape, tape->site[y.ref.at.node]);
    ad_var u = spec->type == AD_F64 && spec->shape.rank == 0
                   ? ad_constant(tape, AD_F64, spec->shape, &zero)
                   : ad__follow(ad_full(tape, spec->type, spec->shape, 0), y);
    ad__set_line(tape, before);
    return u;
}

ad_status ad__transpose(const ad__reverse *r, int count, const ad_var *x, int results,
                        const ad_var *y, ad_var *u, ad_var *w)
{
    for (int j = 0; j < results; j++) {
        u[j] = cotangent(r->tape, y[j]);
    }
    return r->tape->error.status != AD_OK ? r->tape->error.status
                                          : ad_vjp(results, y, count, x, u, w);
}

static ad_status transpose_twice(const ad__reverse *r, int count, const ad_var *x, const ad_var *v,
                                 int results, const ad_var *y, ad_var *dy)
{
    ad_tape *tape = r->tape;
    ad_var *u = ad__arena_take(&tape->scratch, (size_t)results * sizeof *u);
    ad_var *w = ad__arena_take(&tape->scratch, (size_t)count * sizeof *w);
    if (u == NULL || w == NULL) {
        return ad__reverse_no_memory(r);
    }
    ad_status status = ad__transpose(r, count, x, results, y, u, w);
    return status != AD_OK ? status : ad_vjp(count, w, results, u, v, dy);
}

ad_status ad_jvp(int results, const ad_var *y, int count, const ad_var *x, const ad_var *v,
                 ad_var *dy)
{
    ad__reverse r = {.origin = "ad_jvp"};
    ad_status status = begin(&r, results, y, count, x, v);
    if (status == AD_OK) {
        status = ad__reverse_need(&r, results, dy, "dy");
    }
    if (status == AD_OK) {
        status = ad__reverse_no_integers(&r, results, y);
    }
    if (status == AD_OK && results > 0) {
        ad__arena_mark before = ad__arena_mark_here(&r.tape->scratch);
        status = transpose_twice(&r, count, x, v, results, y, dy);
        ad__arena_rewind(&r.tape->scratch, before);
    }
    return status == AD_OK ? AD_OK : ad__all_dead(r.tape, results, dy, status);
}

static ad_status hessian_product(const ad__reverse *r, ad_var y, int count, const ad_var *x,
                                 const ad_var *v, ad_var *hv)
{
    ad_var *dx = ad__arena_take(&r->tape->scratch, (size_t)count * sizeof *dx);
    if (dx == NULL) {
        return ad__reverse_no_memory(r);
    }
    ad_status status = ad__reverse_record(r, 1, &y, NULL, count, x, dx);
    /* the Hessian is symmetric: its transpose will do */
    return status == AD_OK ? ad_vjp(count, dx, count, x, v, hv) : status;
}

ad_status ad_hvp(ad_var y, int count, const ad_var *x, const ad_var *v, ad_var *hv)
{
    ad__reverse r = {.origin = "ad_hvp"};
    ad_status status = begin(&r, 1, &y, count, x, v);
    if (status == AD_OK) {
        status = ad__reverse_need(&r, count, hv, "hv");
    }
    if (status == AD_OK && count > 0) {
        ad__arena_mark before = ad__arena_mark_here(&r.tape->scratch);
        status = hessian_product(&r, y, count, x, v, hv);
        ad__arena_rewind(&r.tape->scratch, before);
    }
    return status == AD_OK ? AD_OK : ad__all_dead(r.tape, count, hv, status);
}
