/* SPDX-License-Identifier: MIT */
/* Mean, variance, standard deviation and the Euclidean norm over a set of axes. */
#include "reduce_internal.h"

#include "movement_internal.h"
#include "../emit_internal.h"
#include "../tape_internal.h"
#include "ops.h"

#include <math.h>

/* x, and the number of elements that go into one mean; after an error NaN, and what is dead. */
static ad_var counted(ad_var x, ad_axes axes, double *count, const char *origin, const char *site)
{
    ad_error error;
    ad__reduction r;
    ad_shape shape;
    *count = (double)NAN;
    if (!ad__shape_for(x, &shape, origin, site)) {
        return x;
    }
    if (ad__check_float(ad_type_of(x), &shape, &error) != AD_OK ||
        ad__reduction_of(axes, &shape, &r, &error) != AD_OK) {
        return ad__failed(x, &error, origin, site);
    }
    *count = (double)ad__reduced_count(&shape, r);
    return x;
}

static ad_axes keeping(ad_axes axes)
{
    axes.keep = 1;
    return axes;
}

ad_var ad_mean_at(ad_var x, ad_axes axes, const char *site)
{
    double count;
    x = counted(x, axes, &count, "ad_mean", site);
    return ad_div_at(ad_sum_at(x, axes, site), ad_literal(count), site);
}

/* x - mean(x), and what sums over it are divided by: NaN unless that is above 0. */
static ad_var centred(ad_var x, ad_axes axes, int ddof, double *divisor, const char *origin,
                      const char *site)
{
    x = counted(x, axes, divisor, origin, site);
    *divisor = *divisor > ddof ? *divisor - ddof : (double)NAN;
    return ad_sub_at(x, ad_mean_at(x, keeping(axes), site), site);
}

ad_var ad_variance_at(ad_var x, ad_axes axes, int ddof, const char *site)
{
    double divisor;
    ad_var c = centred(x, axes, ddof, &divisor, "ad_variance", site);
    return ad_div_at(ad_sum_at(ad_square_at(c, site), axes, site), ad_literal(divisor), site);
}

/* By the norm, which has the derivative 0 where all elements are equal. */
ad_var ad_std_at(ad_var x, ad_axes axes, int ddof, const char *site)
{
    double divisor;
    ad_var c = centred(x, axes, ddof, &divisor, "ad_std", site);
    return ad_div_at(ad_norm_at(c, axes, site), ad_literal(sqrt(divisor)), site);
}

/* ---- norm ---- */

/* x / z, 0 where the norm z is 0. */
static ad_var direction(ad_var x, ad_var z, const char *site)
{
    return ad_where_at(z, ad_div_at(x, z, site), ad_literal(0), site);
}

ad_var ad_normalize_at(ad_var x, ad_axes axes, const char *site)
{
    return direction(x, ad_norm_at(x, keeping(axes), site), site);
}

#undef AD_HERE
#define AD_HERE v->site

static ad_status norm_eval(const ad__call *call)
{
    return ad__reduce_rows(call, ad__row_kernels_of(call->kind.type)->norm);
}

static void norm_emit(ad__emit *e, const ad__call *call)
{
    ad__emit_reduced_rows(e, call, "norm");
}

static void norm_vjp(ad__vjp *v)
{
    v->dx[0] = ad_chain(ad__kept(v, v->g), direction(v->x[0], ad__kept(v, v->z), v->site));
}

static ad_var norm_rows(const ad_var *x)
{
    return ad_norm_at(x[0], AD_AXES(-1), NULL);
}

static ad_var norm_kept(const ad_var *x)
{
    return ad_norm_at(x[0], AD_KEEP(0, 2), NULL);
}

static const ad__sample norm_samples[] = {
    {1, {{2, {3, 4}}}, 0.2, 2, norm_rows},
    {1, {{3, {2, 3, 2}}}, -2, -0.2, norm_kept},
};

const ad_op ad_norm__op = {.name = "ad_norm",
                           .infer = ad__reduced_float_infer,
                           .eval = norm_eval,
                           .flops = ad__one_in,
                           .scratch = ad__reduce_scratch,
                           .emit = norm_emit,
                           .vjp = norm_vjp,
                           .samples = norm_samples,
                           .sample_count = sizeof norm_samples / sizeof *norm_samples};

ad_var ad_norm_at(ad_var x, ad_axes axes, const char *site)
{
    return ad__reduce(&ad_norm__op, x, axes, site);
}
