/* SPDX-License-Identifier: MIT */
/* Sums of exponentials over a set of axes, from logits of any size. */
#include "ops/reduce_internal.h"

#include "ops/build_internal.h"
#include "tape/tape_internal.h"
#include "ops.h"

/* ---- values ---- */

/* A difference, an exponential or product, and a sum or quotient. */
static double exponential_flops(const ad__call *call)
{
    return 3 * ad__one_in(call);
}

static void logsumexp_run(ad__runner *r, const ad__call *call)
{
    ad__reduce_rows(r, call, AD__ROWS(logsumexp, call->x[0].spec->type));
}

static void softmax_run(ad__runner *r, const ad__call *call)
{
    ad__map_rows(r, call, AD__ROWS(softmax, call->x[0].spec->type));
}

static void log_softmax_run(ad__runner *r, const ad__call *call)
{
    ad__map_rows(r, call, AD__ROWS(log_softmax, call->x[0].spec->type));
}

/* Its attributes begin with an ad__reduction, as those of the other maps are. */
typedef struct centring {
    ad__reduction over;
    int transpose;
} centring;

static int is_transposed(const void *attributes)
{
    return ((const centring *)attributes)->transpose;
}

static ad_status centred_infer(ad__call *call)
{
    const ad__spec *w = call->x[0].spec, *x = call->x[1].spec;
    char a[160], b[160];
    if (w->type != x->type || !ad_shape_equal(&w->shape, &x->shape)) {
        return ad_error_set(call->error, w->type == x->type ? AD_ERR_SHAPE : AD_ERR_TYPE,
                            "weights %s %s with %s %s; one type and one shape are needed",
                            ad_type_name(w->type), ad_shape_print(&w->shape, a, sizeof a),
                            ad_type_name(x->type), ad_shape_print(&x->shape, b, sizeof b));
    }
    return ad__mapped_float_infer(call);
}

static void centred_run(ad__runner *r, const ad__call *call)
{
    if (is_transposed(call->attributes)) {
        ad__map_rows(r, call, AD__ROWS(centred_transposed, call->spec.type));
    } else {
        ad__map_rows(r, call, AD__ROWS(centred, call->spec.type));
    }
}

/* ---- derivatives ----
 *
 * With c the cotangent, C(x) = x - sum w x and C'(x) = x - w sum x its transpose:
 *
 *   softmax:      w C(c) = C'(w c), symmetric       log_softmax:  C'(c) with w = softmax(x)
 *   C, in w:      -x sum c                          C', in w:     -c sum x
 *
 * The last two are given up to a constant along the axes, to which the derivative of weights that
 * sum to 1 is blind: so x - sum w x, which has the digits of small differences, stands for x. */

static void logsumexp_vjp(ad__vjp *v)
{
    v->dx[0] = ad_chain(ad__kept(v, v->g), ad_softmax(v->x[0], ad__axes_of(v, 0)));
}

static void softmax_vjp(ad__vjp *v)
{
    v->dx[0] = ad_chain(ad_centred(v->z, v->g, ad__axes_of(v, 0), 0), v->z);
}

static void log_softmax_vjp(ad__vjp *v)
{
    ad_axes axes = ad__axes_of(v, 0);
    v->dx[0] = ad_centred(ad_softmax(v->x[0], axes), v->g, axes, 1);
}

static void centred_vjp(ad__vjp *v)
{
    const int transpose = is_transposed(v->attributes);
    if (v->needs[0]) {
        ad_var sum = ad_sum(transpose ? v->x[1] : v->g, ad__axes_of(v, 1));
        v->dx[0] = ad_neg(transpose ? ad_chain(v->g, sum) : ad_chain(sum, v->z));
    }
    if (v->needs[1]) {
        v->dx[1] = ad_centred(v->x[0], v->g, ad__axes_of(v, 0), !transpose);
    }
}

/* ---- samples and descriptors ---- */

static ad_var logsumexp_rows(const ad_var *x)
{
    return ad_logsumexp(x[0], AD_AXES(-1));
}

static ad_var logsumexp_kept(const ad_var *x)
{
    return ad_logsumexp(x[0], AD_KEEP(0, 2));
}

static ad_var softmax_rows(const ad_var *x)
{
    return ad_softmax(x[0], AD_AXES(-1));
}

static ad_var softmax_outer(const ad_var *x)
{
    return ad_softmax(x[0], AD_AXES(0, 2));
}

static ad_var log_softmax_rows(const ad_var *x)
{
    return ad_log_softmax(x[0], AD_AXES(-1));
}

static ad_var log_softmax_all(const ad_var *x)
{
    return ad_log_softmax(x[0], AD_ALL);
}

static ad_var centred_rows(const ad_var *x)
{
    ad_var w = ad_softmax(x[0], AD_AXES(-1));
    return ad_centred(w, x[1], AD_AXES(-1), 0);
}

static ad_var centred_outer(const ad_var *x)
{
    ad_var w = ad_softmax(x[0], AD_AXES(0, 2));
    return ad_centred(w, x[1], AD_AXES(0, 2), 1);
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
static const ad__sample centred_samples[] = {
    {2, {{2, {3, 4}}, {2, {3, 4}}}, -2, 2, centred_rows},
    {2, {{3, {2, 3, 2}}, {3, {2, 3, 2}}}, -2, 2, centred_outer},
};

const ad_op ad_logsumexp__op = {.name = "ad_logsumexp",
                                .infer = ad__reduced_float_infer,
                                .run = logsumexp_run,
                                .flops = exponential_flops,
                                .vjp = logsumexp_vjp,
                                .samples = logsumexp_samples,
                                .sample_count =
                                    sizeof logsumexp_samples / sizeof *logsumexp_samples};

const ad_op ad_softmax__op = {.name = "ad_softmax",
                              .infer = ad__mapped_float_infer,
                              .run = softmax_run,
                              .flops = exponential_flops,
                              .vjp = softmax_vjp,
                              .samples = softmax_samples,
                              .sample_count = sizeof softmax_samples / sizeof *softmax_samples};

const ad_op ad_log_softmax__op = {.name = "ad_log_softmax",
                                  .infer = ad__mapped_float_infer,
                                  .run = log_softmax_run,
                                  .flops = exponential_flops,
                                  .vjp = log_softmax_vjp,
                                  .samples = log_softmax_samples,
                                  .sample_count =
                                      sizeof log_softmax_samples / sizeof *log_softmax_samples};

const ad_op ad_centred__op = {.name = "ad_centred",
                              .infer = centred_infer,
                              .run = centred_run,
                              .flops = exponential_flops,
                              .vjp = centred_vjp,
                              .samples = centred_samples,
                              .sample_count = sizeof centred_samples / sizeof *centred_samples};

ad_var(ad_logsumexp)(ad_var x, ad_axes axes)
{
    return ad__reduce(&ad_logsumexp__op, x, axes);
}

ad_var(ad_softmax)(ad_var x, ad_axes axes)
{
    return ad__reduce(&ad_softmax__op, x, axes);
}

ad_var(ad_log_softmax)(ad_var x, ad_axes axes)
{
    return ad__reduce(&ad_log_softmax__op, x, axes);
}

ad_var(ad_centred)(ad_var w, ad_var x, ad_axes axes, int transpose)
{
    ad_error error;
    ad_shape shape;
    centring c = {.transpose = transpose != 0};
    if (!ad__shape_for(w, &shape, ad_centred__op.name)) {
        return ad__dead(ad__tape_of(2, (ad_var[]){w, x}));
    }
    if (ad__reduction_of(axes, &shape, &c.over, &error) != AD_OK) {
        return ad__failed(w, &error, ad_centred__op.name);
    }
    return ad__record(&ad_centred__op, 2, (ad_var[]){w, x}, &c, sizeof c);
}
