/* SPDX-License-Identifier: MIT */
/* The largest and smallest elements over a set of axes, and their places. */
#include "ops/reduce_internal.h"

#include "base/c_source_internal.h"
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

static ad_status max_eval(const ad__call *call)
{
    return ad__reduce_rows(call, ad__row_kernels_of(call->spec.type)->max);
}

static void max_emit(ad__emit *e, const ad__call *call)
{
    ad__emit_reduced_rows(e, call, "max");
}

static ad_status min_eval(const ad__call *call)
{
    return ad__reduce_rows(call, ad__row_kernels_of(call->spec.type)->min);
}

static void min_emit(ad__emit *e, const ad__call *call)
{
    ad__emit_reduced_rows(e, call, "min");
}

static ad_status argmax_eval(const ad__call *call)
{
    return ad__reduce_rows(call, ad__row_kernels_of(call->x[0].spec->type)->argmax);
}

static void argmax_emit(ad__emit *e, const ad__call *call)
{
    ad__emit_reduced_rows(e, call, "argmax");
}

static ad_status argmin_eval(const ad__call *call)
{
    return ad__reduce_rows(call, ad__row_kernels_of(call->x[0].spec->type)->argmin);
}

static void argmin_emit(ad__emit *e, const ad__call *call)
{
    ad__emit_reduced_rows(e, call, "argmin");
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
                          .eval = max_eval,
                          .flops = ad__one_in,
                          .scratch = ad__reduce_scratch,
                          .emit = max_emit,
                          .vjp = max_vjp,
                          .samples = max_samples,
                          .sample_count = sizeof max_samples / sizeof *max_samples};

const ad_op ad_min__op = {.name = "ad_min",
                          .traits = AD__PICKS,
                          .infer = extreme_infer,
                          .eval = min_eval,
                          .flops = ad__one_in,
                          .scratch = ad__reduce_scratch,
                          .emit = min_emit,
                          .vjp = min_vjp,
                          .samples = min_samples,
                          .sample_count = sizeof min_samples / sizeof *min_samples};

const ad_op ad_argmax__op = {.name = "ad_argmax",
                             .infer = place_infer,
                             .eval = argmax_eval,
                             .flops = ad__one_in,
                             .scratch = ad__reduce_scratch,
                             .emit = argmax_emit};

const ad_op ad_argmin__op = {.name = "ad_argmin",
                             .infer = place_infer,
                             .eval = argmin_eval,
                             .flops = ad__one_in,
                             .scratch = ad__reduce_scratch,
                             .emit = argmin_emit};

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
