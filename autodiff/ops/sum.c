/* SPDX-License-Identifier: MIT */
/* The sum over axes, and down to a shape. */
#include "ops/reduce_internal.h"

#include "tape/tape_internal.h"
#include "ops/build_internal.h"
#include "ops.h"

static const ad__reduction *attributes_of(const ad__call *call)
{
    return call->attributes;
}

/* If the reduced axes are neighbours and kept ones follow, the argument is a stack of matrices
 * whose rows are added: no copy is needed. */
static int are_columns(const ad_shape *shape, ad__reduction r, ad__along *out)
{
    int first = 0, last = shape->rank - 1;
    while (first < shape->rank && !(r.mask >> first & 1)) {
        first++;
    }
    while (last > first && !(r.mask >> last & 1)) {
        last--;
    }
    *out = (ad__along){1, 1, 1};
    for (int i = 0; i < shape->rank; i++) {
        int within = i >= first && i <= last;
        if (within && !(r.mask >> i & 1)) {
            return 0;
        }
        *(within ? &out->len : i < first ? &out->outer : &out->inner) *= (size_t)shape->len[i];
    }
    return out->inner > 1;
}

static void sum_run(ad__runner *r, const ad__call *call)
{
    const ad_type type = call->spec.type;
    ad__along along;
    if (attributes_of(call)->mask == 0) { /* of ad_sum_to to its own shape */
        ad__copy_run(r, call);
    } else if (!are_columns(&call->x[0].spec->shape, *attributes_of(call), &along)) {
        ad__reduce_rows(r, call, AD__ROWS(sum, type));
    } else {
        const size_t levels = ad__column_levels(along.len);
        ad__launch_kernel(r, &(ad__launch){AD__ROWS(sum_columns, type), (int)type,
                                           AD__NUMBERS(along.outer, along.len, along.inner),
                                           .x = {ad__argument(r, 0)}, .z = ad__result(r),
                                           .scratch = ad__scratch(r, type, levels * along.inner)});
    }
}

/* The sum over no axes. */
static int sum_alias(const ad__call *call, size_t *first)
{
    *first = 0;
    return attributes_of(call)->mask == 0;
}

/* A sum to the shape of another variable is over the axes in which they differ. */
static ad_status sum_resize(ad__resizing *r)
{
    ad__reduction *own = r->attributes;
    const ad_shape *x = &r->now[0]->shape;
    if (own->keep != AD__KEEP_TO || r->like == NULL) {
        return AD_OK;
    }
    int missing = x->rank - r->like->shape.rank;
    own->mask = 0;
    for (int i = 0; i < x->rank; i++) {
        if (i < missing || r->like->shape.len[i - missing] != x->len[i]) {
            own->mask |= 1U << i;
        }
    }
    return AD_OK;
}

static void sum_vjp(ad__vjp *v)
{
    v->dx[0] = ad__follow(ad_broadcast_to(ad__kept(v, v->g), ad_shape_of(v->x[0])), v->x[0]);
}

static ad_var sum_matrix(const ad_var *x)
{
    return ad_sum(x[0], AD_AXES(0));
}

static ad_var sum_keep(const ad_var *x)
{
    return ad_sum(x[0], AD_KEEP(0, -1));
}

static const ad__sample sum_samples[] = {
    {1, {{2, {3, 4}}}, -2, 2, sum_matrix},
    {1, {{3, {2, 3, 2}}}, -2, 2, sum_keep},
};

const ad_op ad_sum__op = {.name = "ad_sum",
                          .alias = sum_alias,
                          .infer = ad__reduced_infer,
                          .resize = sum_resize,
                          .run = sum_run,
                          .flops = ad__one_in,
                          .vjp = sum_vjp,
                          .samples = sum_samples,
                          .sample_count = sizeof sum_samples / sizeof *sum_samples};

ad_var(ad_sum)(ad_var x, ad_axes axes)
{
    ad_shape shape;
    if (axes.count < 0 && ad__shape_for(x, &shape, "ad_sum") && shape.rank == 0 && x.tape != NULL &&
        ad_type_of(x) != AD_I64) {
        return x; /* a scalar has no axes */
    }
    return ad__reduce(&ad_sum__op, x, axes);
}

ad_var ad__sum_to(ad_var x, ad_shape shape, ad_var like)
{
    ad_shape large, wide;
    ad__reduction r = {0, 0};
    if (!ad__shape_for(x, &large, "ad_sum_to")) {
        return ad__dead(x.tape);
    }
    if (!ad_shape_is_valid(&shape) || ad_shape_broadcast(&shape, &large, &wide) != AD_OK ||
        !ad_shape_equal(&wide, &large)) {
        ad_error error;
        char a[160], b[160];
        ad_error_set(&error, AD_ERR_SHAPE, "%s to %s, which does not broadcast to it",
                     ad_shape_print(&large, a, sizeof a), ad_shape_print(&shape, b, sizeof b));
        return ad__failed(x, &error, "ad_sum_to");
    }
    int missing = large.rank - shape.rank;
    for (int i = 0; i < large.rank; i++) {
        if (i < missing || shape.len[i - missing] != large.len[i]) {
            r.keep = i >= missing ? AD__KEEP_TO : r.keep;
            r.mask |= 1U << i;
        }
    }
    if (r.mask != 0) {
        x = ad__follow(ad__record(&ad_sum__op, 1, &x, &r, sizeof r), like);
    }
    return r.keep && missing > 0 ? ad__follow(ad_reshape(x, shape), like) : x;
}

ad_var(ad_sum_to)(ad_var x, ad_shape shape)
{
    return ad__sum_to(x, shape, ad_literal(0));
}
