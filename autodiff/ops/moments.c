/* SPDX-License-Identifier: MIT */
/* Mean, variance, standard deviation and the Euclidean norm over a set of axes. */
#include "ops/reduce_internal.h"

#include "ops/build_internal.h"
#include "ops/strided_internal.h"
#include "tape/tape_internal.h"
#include "ops.h"

#include <math.h>

/* ---- numbers of elements ---- */

/* Over these axes, less ddof; NaN unless more than 0 are left, where some must be. */
typedef struct counting {
    ad__reduction over;
    int must_be, ddof;
} counting;

static ad_status size_infer(ad__call *call)
{
    call->spec.type = call->x[0].spec->type;
    call->spec.shape = (ad_shape){.rank = 0};
    return ad__check_float(call->spec.type, &call->x[0].spec->shape, call->error);
}

static void size_run(ad__runner *r, const ad__call *call)
{
    const counting *c = call->attributes;
    const double count = (double)ad__reduced_count(&call->x[0].spec->shape, c->over) - c->ddof;
    ad__launch_fill(r, 1, c->must_be && !(count > 0) ? (double)NAN : count, ad__result(r));
}

const ad_op ad_size__op = {
    .name = "ad_size", .traits = AD__OF_SHAPES, .infer = size_infer, .run = size_run};

/* Records it in the name of origin. */
static ad_var counted(ad_var x, ad_axes axes, int must_be, int ddof, const char *origin)
{
    counting c = {.must_be = must_be, .ddof = ddof};
    ad_error error;
    ad_shape shape;
    if (!ad__shape_for(x, &shape, origin)) {
        return x;
    }
    if (ad__check_float(ad_type_of(x), &shape, &error) != AD_OK ||
        ad__reduction_of(axes, &shape, &c.over, &error) != AD_OK) {
        return ad__failed(x, &error, origin);
    }
    return ad__record(&ad_size__op, 1, &x, &c, sizeof c);
}

ad_var(ad_size)(ad_var x, ad_axes axes)
{
    return counted(x, axes, 0, 0, "ad_size");
}

/* ---- moments ---- */

static ad_axes keeping(ad_axes axes)
{
    axes.keep = 1;
    return axes;
}

ad_var(ad_mean)(ad_var x, ad_axes axes)
{
    const ad__made mean = ad__making(1, &x);
    ad_var count = counted(x, axes, 0, 0, "ad_mean");
    return ad__made_of(mean, "ad_mean", ad_div(ad_sum(x, axes), count));
}

/* x - mean(x), and what sums over it are divided by: NaN unless that is above 0.
 *
 * The mean of equal numbers may be off by a rounding, and the mean of what x is off from that puts
 * it right: so equal numbers give exactly 0. No gradient passes through the first of the two. */
static ad_var centred(ad_var x, ad_axes axes, int ddof, ad_var *divisor, const char *origin)
{
    *divisor = counted(x, axes, 1, ddof, origin);
    ad_var near = ad_stop_gradient(ad_mean(x, keeping(axes)));
    ad_var off = ad_mean(ad_sub(x, near), keeping(axes));
    return ad_sub(x, ad_add(near, off));
}

ad_var(ad_variance)(ad_var x, ad_axes axes, int ddof)
{
    const ad__made variance = ad__making(1, &x);
    ad_var divisor, c = centred(x, axes, ddof, &divisor, "ad_variance");
    ad_var sum = ad_sum(ad_square(c), axes);
    return ad__made_of(variance, "ad_variance", ad_div(sum, divisor));
}

/* By the norm, which has the derivative 0 where all elements are equal. */
ad_var(ad_std)(ad_var x, ad_axes axes, int ddof)
{
    const ad__made std = ad__making(1, &x);
    ad_var divisor, c = centred(x, axes, ddof, &divisor, "ad_std");
    ad_var z = ad_div(ad_norm(c, axes), ad_sqrt(divisor));
    return ad__made_of(std, "ad_std", z);
}

/* ---- norm ---- */

/* x / z, 0 where the norm z is 0. */
static ad_var direction(ad_var x, ad_var z)
{
    return ad_where(z, ad_div(x, z), ad_literal(0));
}

ad_var(ad_normalize)(ad_var x, ad_axes axes)
{
    const ad__made normal = ad__making(1, &x);
    ad_var z = direction(x, ad_norm(x, keeping(axes)));
    return ad__made_of(normal, "ad_normalize", z);
}

static void norm_run(ad__runner *r, const ad__call *call)
{
    ad__reduce_rows(r, call, AD__ROWS(norm, call->x[0].spec->type));
}

static void norm_vjp(ad__vjp *v)
{
    v->dx[0] = ad_chain(ad__kept(v, v->g), direction(v->x[0], ad__kept(v, v->z)));
}

static ad_var norm_rows(const ad_var *x)
{
    return ad_norm(x[0], AD_AXES(-1));
}

static ad_var norm_kept(const ad_var *x)
{
    return ad_norm(x[0], AD_KEEP(0, 2));
}

static const ad__sample norm_samples[] = {
    {1, {{2, {3, 4}}}, 0.2, 2, norm_rows},
    {1, {{3, {2, 3, 2}}}, -2, -0.2, norm_kept},
};

const ad_op ad_norm__op = {.name = "ad_norm",
                           .infer = ad__reduced_float_infer,
                           .run = norm_run,
                           .flops = ad__one_in,
                           .vjp = norm_vjp,
                           .samples = norm_samples,
                           .sample_count = sizeof norm_samples / sizeof *norm_samples};

ad_var(ad_norm)(ad_var x, ad_axes axes)
{
    return ad__reduce(&ad_norm__op, x, axes);
}
