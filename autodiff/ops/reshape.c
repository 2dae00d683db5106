/* SPDX-License-Identifier: MIT */
/* The same elements in another shape, and how that follows lengths that change. */
#include "ops/build_internal.h"

#include "tape/tape_internal.h"
#include "ops.h"

static ad_status reshape_infer(ad__call *call)
{
    const ad__spec *x = call->x[0].spec;
    ad_shape shape = *(const ad_shape *)call->attributes;
    char a[160], b[160];
    int open = -1;
    size_t known = 1;
    for (int i = 0; i < shape.rank && i < AD_MAX_RANK; i++) {
        if (shape.len[i] == -1 && open < 0) {
            open = i;
        } else {
            known *= (size_t)shape.len[i];
        }
    }
    if (open >= 0) {
        shape.len[open] = known > 0 ? (int64_t)(x->count / known) : 0;
    }
    if (!ad_shape_is_valid(&shape) || ad_shape_count(&shape) != x->count) {
        return ad_error_set(call->error, AD_ERR_SHAPE,
                            "%s to %s: the numbers of elements differ; one length may be -1",
                            ad_shape_print(&x->shape, a, sizeof a),
                            ad_shape_print((const ad_shape *)call->attributes, b, sizeof b));
    }
    call->spec.type = x->type;
    call->spec.shape = shape;
    return AD_OK;
}

/* ---- other lengths ---- */

/* Neighbouring axes of the argument, first .. end - 1, whose lengths have the product of those of
 * the result, to .. to_end - 1: no fewer have. */
typedef struct group {
    int first, end, to, to_end;
} group;

/* The group after g; 0 if there is none. */
static int next_group(const ad_shape *x, const ad_shape *z, group *g)
{
    int64_t p = 1, q = 1;
    *g = (group){g->end, g->end, g->to_end, g->to_end};
    if (g->end == x->rank && g->to_end == z->rank) {
        return 0;
    }
    do {
        int is_next = g->end == g->first || p < q || g->to_end == z->rank;
        if (g->end < x->rank && is_next) {
            p *= x->len[g->end++];
        } else {
            q *= z->len[g->to_end++];
        }
    } while ((p != q || g->to == g->to_end) && (g->end < x->rank || g->to_end < z->rank));
    return 1;
}

static int64_t product(const ad_shape *shape, int first, int end)
{
    int64_t p = 1;
    for (int i = first; i < end; i++) {
        p *= shape->len[i];
    }
    return p;
}

/* Whether a length that becomes another one is known to: an axis of the group or of an input
 * does. */
static int is_known(const ad__resizing *r, const group *g, int64_t before, int64_t now)
{
    int known = 0;
    for (int i = g->first; i < g->end; i++) {
        known |= r->before[0]->shape.len[i] == before && r->now[0]->shape.len[i] == now;
    }
    for (int i = 0; i < r->change_count; i++) {
        known |= r->changes[i][0] == before && r->changes[i][1] == now;
    }
    return known;
}

/* The one length of the result that follows a group whose product changes from p to q: the only one
 * that can, or the first that can if no other is known to change so; else -1. */
static int following(const ad__resizing *r, const group *g, int64_t p, int64_t q)
{
    int first = -1, possible = 0, known = 0, first_is_known = 0;
    for (int i = g->to; i < g->to_end; i++) {
        int64_t len = r->result->shape.len[i];
        int is_only = g->to_end - g->to == 1;
        if (is_only || (len > 1 && len * q % p == 0)) {
            int is_one = is_known(r, g, len, len * q / p);
            first_is_known = first < 0 ? is_one : first_is_known;
            first = first < 0 ? i : first;
            possible++;
            known += is_one;
        }
    }
    return possible == 1 || (known == 1 && first_is_known) ? first : -1;
}

/* Beside a length of 0 products tell nothing: axes follow one by one, but for those of length 1. 0
 * if they are not the same ones. */
static int follow_empty(const ad__resizing *r, ad_shape *given)
{
    const ad_shape *before = &r->before[0]->shape, *now = &r->now[0]->shape;
    int i = 0, same = 1;
    for (int at = 0; at < given->rank && same; at++) {
        int64_t len = r->result->shape.len[at];
        while (len != 1 && i < before->rank && before->len[i] == 1) {
            i++;
        }
        same = len == 1 || (i < before->rank && before->len[i] == len);
        if (len != 1 && same && given->len[at] != -1) {
            given->len[at] = now->len[i];
        }
        i += len != 1;
    }
    while (i < before->rank && before->len[i] == 1) {
        i++;
    }
    return same && i == before->rank;
}

static ad_status reshape_resize(ad__resizing *r)
{
    ad_shape *given = r->attributes;
    const ad_shape *before = &r->before[0]->shape, *now = &r->now[0]->shape;
    char a[160], b[160], c[160];
    if (r->like != NULL) {
        *given = r->like->shape;
        return AD_OK;
    }
    if (ad_shape_equal(before, now)) {
        return AD_OK;
    }
    if (r->result->count == 0) {
        return follow_empty(r, given)
                   ? AD_OK
                   : ad_error_set(r->error, AD_ERR_SHAPE,
                                  "%s to %s, and now %s: with no elements, which length changes is "
                                  "not clear",
                                  ad_shape_print(before, a, sizeof a),
                                  ad_shape_print(&r->result->shape, b, sizeof b),
                                  ad_shape_print(now, c, sizeof c));
    }
    for (group g = {0, 0, 0, 0}; next_group(before, &r->result->shape, &g);) {
        int64_t p = product(before, g.first, g.end), q = product(now, g.first, g.end);
        int at = p == q ? -1 : following(r, &g, p, q);
        if (p != q && at < 0) {
            return ad_error_set(
                r->error, AD_ERR_SHAPE,
                "%s to %s, and now %s: which length changes is not clear; record at "
                "a length that no other axis has",
                ad_shape_print(before, a, sizeof a), ad_shape_print(&r->result->shape, b, sizeof b),
                ad_shape_print(now, c, sizeof c));
        }
        if (at >= 0 && given->len[at] != -1) {
            given->len[at] = given->len[at] * q / p;
        }
    }
    return AD_OK;
}

/* ---- the operation ---- */

static void reshape_vjp(ad__vjp *v)
{
    v->dx[0] = ad__follow(ad_reshape(v->g, ad_shape_of(v->x[0])), v->x[0]);
}

static ad_var reshape_flat(const ad_var *x)
{
    return ad_reshape(x[0], AD_SHAPE(-1));
}

static const ad__sample reshape_samples[] = {{1, {{2, {2, 3}}}, -2, 2, reshape_flat}};

const ad_op ad_reshape__op = {.name = "ad_reshape",
                              .traits = AD__MOVES,
                              .infer = reshape_infer,
                              .alias = ad__same_alias,
                              .resize = reshape_resize,
                              .run = ad__copy_run,
                              .vjp = reshape_vjp,
                              .samples = reshape_samples,
                              .sample_count = 1};

ad_var(ad_reshape)(ad_var x, ad_shape shape)
{
    shape = ad_shape_of_lens(shape.rank, shape.len); /* unused lengths are 0 */
    return ad__record(&ad_reshape__op, 1, &x, &shape, sizeof shape);
}
