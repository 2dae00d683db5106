/* SPDX-License-Identifier: MIT */
#include "forward.h"
#include "forward_internal.h"

#include "ops.h"
#include "reverse.h"
#include "tape_internal.h"

/* Fills n handles on tape, or literals where it is NULL, and returns status. */
static ad_status all_dead(ad_tape *tape, int n, ad_var *out, ad_status status)
{
    for (int i = 0; i < n; i++) {
        out[i] = tape == NULL ? ad_literal(0) : ad__dead(tape);
    }
    return status;
}

/* Each v[i] must be a literal, or of x[i]'s type and shape. */
static ad_status check_tangents(ad_tape *tape, const char *origin, int count, const ad_var *x,
                                const ad_var *v)
{
    for (int i = 0; i < count; i++) {
        if (ad__check_handle(tape, x[i], origin, NULL) != AD_OK ||
            (v[i].tape != NULL && ad__check_handle(tape, v[i], origin, NULL) != AD_OK)) {
            return tape->error.status;
        }
        const ad__kind *kind = ad__kind_of(tape, x[i].ref.at.node);
        const ad__kind *own = v[i].tape == NULL ? kind : ad__kind_of(tape, v[i].ref.at.node);
        char a[160], b[160];
        if (own != kind) {
            return ad_tape_fail(tape, AD_ERR_SHAPE, origin, tape->site[v[i].ref.at.node],
                                "tangent %d is %s %s, its x is %s %s; they must be the same", i,
                                ad_type_name(own->type), ad_shape_print(&own->shape, a, sizeof a),
                                ad_type_name(kind->type),
                                ad_shape_print(&kind->shape, b, sizeof b));
        }
    }
    return AD_OK;
}

/* The place of a cotangent of y. Its value, 0, is never used: only the derivative by it is. Each
 * place is a node of its own, unlike the shared constants of literals. */
static ad_status cotangent(ad_tape *tape, ad_var y, ad_var *u)
{
    const double zero = 0;
    if (y.tape == NULL) {
        *u = ad_constant_at(tape, AD_F64, AD_SCALAR, &zero, NULL);
        return tape->error.status;
    }
    if (ad__check_handle(tape, y, "ad_jvp", NULL) != AD_OK) {
        return tape->error.status;
    }
    const ad__kind *kind = ad__kind_of(tape, y.ref.at.node);
    const char *site = tape->site[y.ref.at.node];
    if (kind->type == AD_I64) {
        return ad_tape_fail(tape, AD_ERR_TYPE, "ad_jvp", site,
                            "a result is i64; integers carry no derivative");
    }
    *u = kind->type == AD_F64 && kind->shape.rank == 0
             ? ad_constant_at(tape, AD_F64, kind->shape, &zero, site)
             : ad__follow(ad_full_at(tape, kind->type, kind->shape, 0, site), y);
    return tape->error.status;
}

ad_status ad__transpose(ad_tape *tape, int count, const ad_var *x, int results, const ad_var *y,
                        ad_var *u, ad_var *w)
{
    for (int j = 0; j < results; j++) {
        if (cotangent(tape, y[j], &u[j]) != AD_OK) {
            return tape->error.status;
        }
    }
    return ad_vjp(results, y, u, count, x, w);
}

static ad_status transpose_twice(ad_tape *tape, int count, const ad_var *x, const ad_var *v,
                                 int results, const ad_var *y, ad_var *dy)
{
    ad_var *u = ad__arena_take(&tape->scratch, (size_t)results * sizeof *u);
    ad_var *w = ad__arena_take(&tape->scratch, (size_t)count * sizeof *w);
    if (u == NULL || w == NULL) {
        return ad_tape_fail(tape, AD_ERR_MEMORY, "ad_jvp", NULL, "out of memory");
    }
    ad_status status = ad__transpose(tape, count, x, results, y, u, w);
    return status != AD_OK ? status : ad_vjp(count, w, v, results, u, dy);
}

ad_status ad_jvp(int count, const ad_var *x, const ad_var *v, int results, const ad_var *y,
                 ad_var *dy)
{
    ad_tape *tape = ad__tape_of(count, x);
    if (tape == NULL) {
        return all_dead(NULL, results, dy, count != 0 ? AD_ERR_DOMAIN : AD_OK);
    }
    ad__arena_mark before = ad__arena_mark_here(&tape->scratch);
    ad_status status = tape->error.status;
    if (status == AD_OK) {
        status = check_tangents(tape, "ad_jvp", count, x, v);
    }
    if (status == AD_OK) {
        status = transpose_twice(tape, count, x, v, results, y, dy);
    }
    ad__arena_rewind(&tape->scratch, before);
    return status == AD_OK ? AD_OK : all_dead(tape, results, dy, status);
}

ad_status ad_hvp(ad_var y, int count, const ad_var *x, const ad_var *v, ad_var *hv)
{
    ad_tape *tape = ad__tape_of(count, x);
    if (tape == NULL) {
        return all_dead(NULL, count, hv, count != 0 ? AD_ERR_DOMAIN : AD_OK);
    }
    ad__arena_mark before = ad__arena_mark_here(&tape->scratch);
    ad_var *dx = ad__arena_take(&tape->scratch, (size_t)count * sizeof *dx);
    ad_status status = check_tangents(tape, "ad_hvp", count, x, v);
    if (dx == NULL) {
        status = ad_tape_fail(tape, AD_ERR_MEMORY, "ad_hvp", NULL, "out of memory");
    }
    if (status == AD_OK) {
        status = ad_grad(y, count, x, dx);
    }
    if (status == AD_OK) { /* the Hessian is symmetric: its transpose will do */
        status = ad_vjp(count, dx, v, count, x, hv);
    }
    ad__arena_rewind(&tape->scratch, before);
    return status == AD_OK ? AD_OK : all_dead(tape, count, hv, status);
}
