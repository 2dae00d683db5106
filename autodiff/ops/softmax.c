/* SPDX-License-Identifier: MIT */
/* Sums of exponentials over a set of axes, from logits of any size. */
#include "reduce_internal.h"

#include "../emit_internal.h"
#include "../tape_internal.h"
#include "ops.h"

#undef AD_HERE
#define AD_HERE v->site

/* ---- values ---- */

/* A difference, an exponential and a sum or quotient. */
static double exponential_flops(const ad__call *call)
{
    return 3 * ad__one_in(call);
}

static ad_status logsumexp_eval(const ad__call *call)
{
    return ad__reduce_rows(call, ad__row_kernels_of(call->kind.type)->logsumexp);
}

static void logsumexp_emit(ad__emit *e, const ad__call *call)
{
    ad__emit_reduced_rows(e, call, "logsumexp");
}

static ad_status softmax_eval(const ad__call *call)
{
    return ad__map_rows(call, ad__row_kernels_of(call->kind.type)->softmax);
}

static void softmax_emit(ad__emit *e, const ad__call *call)
{
    ad__emit_mapped_rows(e, call, "softmax");
}

static ad_status log_softmax_eval(const ad__call *call)
{
    return ad__map_rows(call, ad__row_kernels_of(call->kind.type)->log_softmax);
}

static void log_softmax_emit(ad__emit *e, const ad__call *call)
{
    ad__emit_mapped_rows(e, call, "log_softmax");
}

/* ---- derivatives ---- */

static void logsumexp_vjp(ad__vjp *v)
{
    v->dx[0] = ad_chain(ad__kept(v, v->g), ad_softmax(v->x[0], ad__axes_of(v, 0)));
}

static void softmax_vjp(ad__vjp *v)
{
    ad_var mean = ad_sum(ad_chain(v->g, v->z), ad__axes_of(v, 1));
    v->dx[0] = ad_chain(ad_sub(v->g, mean), v->z);
}

static void log_softmax_vjp(ad__vjp *v)
{
    ad_var total = ad_sum(v->g, ad__axes_of(v, 1));
    v->dx[0] = ad_sub(v->g, ad_chain(total, ad_softmax(v->x[0], ad__axes_of(v, 0))));
}

/* ---- samples and descriptors ---- */

static ad_var logsumexp_rows(const ad_var *x)
{
    return ad_logsumexp_at(x[0], AD_AXES(-1), NULL);
}

static ad_var logsumexp_kept(const ad_var *x)
{
    return ad_logsumexp_at(x[0], AD_KEEP(0, 2), NULL);
}

static ad_var softmax_rows(const ad_var *x)
{
    return ad_softmax_at(x[0], AD_AXES(-1), NULL);
}

static ad_var softmax_outer(const ad_var *x)
{
    return ad_softmax_at(x[0], AD_AXES(0, 2), NULL);
}

static ad_var log_softmax_rows(const ad_var *x)
{
    return ad_log_softmax_at(x[0], AD_AXES(-1), NULL);
}

static ad_var log_softmax_all(const ad_var *x)
{
    return ad_log_softmax_at(x[0], AD_ALL, NULL);
}

static const ad__sample logsumexp_samples[] = {
    {1, {{2, {3, 4}}}, -2, 2, logsumexp_rows},
    {1, {{3, {2, 3, 2}}}, -2, 2, logsumexp_kept},
};
static const ad__sample softmax_samples[] = {
    {1, {{2, {3, 4}}}, -2, 2, softmax_rows},
    {1, {{3, {2, 3, 2}}}, -2, 2, softmax_outer},
};
static const ad__sample log_softmax_samples[] = {
    {1, {{2, {3, 4}}}, -2, 2, log_softmax_rows},
    {1, {{2, {2, 3}}}, -2, 2, log_softmax_all},
};

const ad_op ad_logsumexp__op = {.name = "ad_logsumexp",
                                .infer = ad__reduced_float_infer,
                                .eval = logsumexp_eval,
                                .flops = exponential_flops,
                                .scratch = ad__reduce_scratch,
                                .emit = logsumexp_emit,
                                .vjp = logsumexp_vjp,
                                .samples = logsumexp_samples,
                                .sample_count =
                                    sizeof logsumexp_samples / sizeof *logsumexp_samples};

const ad_op ad_softmax__op = {.name = "ad_softmax",
                              .infer = ad__mapped_float_infer,
                              .eval = softmax_eval,
                              .flops = exponential_flops,
                              .scratch = ad__map_scratch,
                              .emit = softmax_emit,
                              .vjp = softmax_vjp,
                              .samples = softmax_samples,
                              .sample_count = sizeof softmax_samples / sizeof *softmax_samples};

const ad_op ad_log_softmax__op = {.name = "ad_log_softmax",
                                  .infer = ad__mapped_float_infer,
                                  .eval = log_softmax_eval,
                                  .flops = exponential_flops,
                                  .scratch = ad__map_scratch,
                                  .emit = log_softmax_emit,
                                  .vjp = log_softmax_vjp,
                                  .samples = log_softmax_samples,
                                  .sample_count =
                                      sizeof log_softmax_samples / sizeof *log_softmax_samples};

ad_var ad_logsumexp_at(ad_var x, ad_axes axes, const char *site)
{
    return ad__reduce(&ad_logsumexp__op, x, axes, site);
}

ad_var ad_softmax_at(ad_var x, ad_axes axes, const char *site)
{
    return ad__reduce(&ad_softmax__op, x, axes, site);
}

ad_var ad_log_softmax_at(ad_var x, ad_axes axes, const char *site)
{
    return ad__reduce(&ad_log_softmax__op, x, axes, site);
}
