/* SPDX-License-Identifier: MIT */
/* The largest and smallest elements over a set of axes, and their places. */
#include "ops/reduce_internal.h"

#include "tape/tape_internal.h"
#include "ops.h"

static ad_status extreme_infer(ad__call *call)
{
    const ad_shape *shape = &call->x[0].spec->shape;
    char text[160];
    if (ad__reduced_count(shape, *(const ad__reduction *)call->attributes) == 0) {
        return ad_error_set(call->error, AD_ERR_SHAPE,
                            "%s has no elements along the axes, and of none there is no extreme",
                            ad_shape_print(shape, text, sizeof text));
    }
    return ad__reduced_infer(call);
}

static ad_status place_infer(ad__call *call)
{
    ad_status status = extreme_infer(call);
    call->spec.type = AD_I64;
    return status;
}

/* ---- values ---- */

static void max_run(ad__runner *r, const ad__call *call)
{
    ad__reduce_rows(r, call, AD__ROWS(max, call->x[0].spec->type));
}

static void min_run(ad__runner *r, const ad__call *call)
{
    ad__reduce_rows(r, call, AD__ROWS(min, call->x[0].spec->type));
}

static void argmax_run(ad__runner *r, const ad__call *call)
{
    ad__reduce_rows(r, call, AD__ROWS(argmax, call->x[0].spec->type));
}

static void argmin_run(ad__runner *r, const ad__call *call)
{
    ad__reduce_rows(r, call, AD__ROWS(argmin, call->x[0].spec->type));
}

/* ---- derivatives ---- */

/* With x and z signed so that z is the largest: elements equal to it share g evenly. */
static ad_var shared(const ad__vjp *v, ad_var x, ad_var z)
{
    ad_var ties = ad_sum(ad_equal(x, z), ad__axes_of(v, 1));
    return ad_chain(ad__kept(v, v->g), ad_share(x, z, ad_reciprocal(ties)));
}

static void max_vjp(ad__vjp *v)
{
    v->dx[0] = shared(v, v->x[0], ad__kept(v, v->z));
}

static void min_vjp(ad__vjp *v)
{
    v->dx[0] = shared(v, ad_neg(v->x[0]), ad_neg(ad__kept(v, v->z)));
}

/* ---- samples and descriptors ---- */

static ad_var max_columns(const ad_var *x)
{
    return ad_max(x[0], AD_AXES(0));
}

static ad_var max_all(const ad_var *x)
{
    return ad_max(x[0], AD_ALL);
}

static ad_var min_kept(const ad_var *x)
{
    return ad_min(x[0], AD_KEEP(0, 2));
}

static const ad__sample max_samples[] = {
    {1, {{2, {3, 4}}}, -2, 2, max_columns},
    {1, {{2, {2, 40}}}, -2, 2, max_all},
};
static const ad__sample min_samples[] = {{1, {{3, {2, 3, 2}}}, -2, 2, min_kept}};

const ad_op ad_max__op = {.name = "ad_max",
                          .traits = AD__PICKS,
                          .infer = extreme_infer,
                          .run = max_run,
                          .flops = ad__one_in,
                          .vjp = max_vjp,
                          .samples = max_samples,
                          .sample_count = sizeof max_samples / sizeof *max_samples};

const ad_op ad_min__op = {.name = "ad_min",
                          .traits = AD__PICKS,
                          .infer = extreme_infer,
                          .run = min_run,
                          .flops = ad__one_in,
                          .vjp = min_vjp,
                          .samples = min_samples,
                          .sample_count = sizeof min_samples / sizeof *min_samples};

const ad_op ad_argmax__op = {
    .name = "ad_argmax", .infer = place_infer, .run = argmax_run, .flops = ad__one_in};

const ad_op ad_argmin__op = {
    .name = "ad_argmin", .infer = place_infer, .run = argmin_run, .flops = ad__one_in};

ad_var(ad_max)(ad_var x, ad_axes axes)
{
    return ad__reduce(&ad_max__op, x, axes);
}

ad_var(ad_min)(ad_var x, ad_axes axes)
{
    return ad__reduce(&ad_min__op, x, axes);
}

ad_var(ad_argmax)(ad_var x, ad_axes axes)
{
    return ad__reduce(&ad_argmax__op, x, axes);
}

ad_var(ad_argmin)(ad_var x, ad_axes axes)
{
    return ad__reduce(&ad_argmin__op, x, axes);
}
