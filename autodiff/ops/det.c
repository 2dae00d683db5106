/* SPDX-License-Identifier: MIT */
/* Determinants, their logarithms and signs. */
#include "base/c_source_internal.h"
#include "tape/tape_internal.h"
#include "ops/ldu_internal.h"

#include "ops.h"

#include <math.h>

/* texts: plain */

/* ---- det ---- */

static ad_status det_infer(ad__call *call)
{
    ad_status status = ad__check_square(call->x[0].spec, call->error);
    call->spec = *call->x[0].spec;
    call->spec.shape.rank -= 2;
    return status;
}

static size_t det_scratch(const ad__call *call)
{
    size_t n = ad__order_of(call->x[0].spec);
    return ad__rounded(n * n * sizeof(double)) + ad__ldu_bytes(n);
}

static double det_flops(const ad__call *call)
{
    return ad__one_each(call) * ad__ldu_flops(ad__order_of(call->x[0].spec));
}

static double determinant(const ad__ldu *f)
{
    double det = f->sign;
    for (size_t i = 0; i < f->n; i++) {
        det *= f->pivot[i];
    }
    return det;
}

/* log |det|, and not by det, which leaves the range before its logarithm is large. */
static double log_abs_determinant(const ad__ldu *f)
{
    double product = 1, exponent = 0;
    for (size_t i = 0; i < f->n; i++) {
        int power;
        product = frexp(product * f->pivot[i], &power);
        exponent += power;
    }
    return log(fabs(product)) + 0.69314718055994531 * exponent;
}

static double determinant_sign(const ad__ldu *f)
{
    double sign = f->sign;
    for (size_t i = 0; i < f->n; i++) {
        const double pivot = f->pivot[i];
        sign *= pivot > 0 ? 1 : pivot < 0 ? -1 : pivot;
    }
    return sign;
}

/* One number from the elimination of each matrix. */
static ad_status eliminated(const ad__call *call, double (*number)(const ad__ldu *f))
{
    const ad__spec *spec = call->x[0].spec;
    size_t n = ad__order_of(spec), bytes = ad_type_bytes(spec->type);
    double *a = ad__arena_take(call->scratch, n * n * sizeof *a);
    ad__ldu f;
    if (a == NULL || ad__ldu_init(&f, n, call->scratch) != AD_OK) {
        return AD_ERR_MEMORY;
    }
    for (size_t i = 0; i < call->spec.count; i++) {
        ad__widen(spec->type, n * n, (const char *)call->x[0].data + i * n * n * bytes, a);
        ad__ldu_factor(&f, a);
        const double z = number(&f);
        ad__narrow(spec->type, 1, &z, (char *)call->z + i * bytes);
    }
    return AD_OK;
}

static void emit_eliminated(ad__emit *e, const ad__call *call, const char *number)
{
    size_t n = ad__order_of(call->x[0].spec);
    const char *type = ad__c_type(call->spec.type);
    ad__put_eliminator(e, n, 1, n * n);
    ad__put_loop(e, 1, "i", call->spec.count);
    ad__put_loop(e, 2, "k", n * n);
    ad__put(e, "            a[k] = (double)x0[i * %zu + k];\n", n * n);
    ad__put_end(e, 2);
    ad__put(e, "        ");
    ad__put_kernel(e, "ad__ldu_factor", AD__NO_TYPE);
    ad__put(e, "(&f, a);\n        z[i] = (%s)", type);
    ad__put_kernel(e, number, AD__NO_TYPE);
    ad__put(e, "(&f);\n");
    ad__put_end(e, 1);
}

static ad_status det_eval(const ad__call *call)
{
    return eliminated(call, determinant);
}

static void det_emit(ad__emit *e, const ad__call *call)
{
    emit_eliminated(e, call, "determinant");
}

static ad_status log_abs_det_eval(const ad__call *call)
{
    return eliminated(call, log_abs_determinant);
}

static void log_abs_det_emit(ad__emit *e, const ad__call *call)
{
    emit_eliminated(e, call, "log_abs_determinant");
}

static ad_status det_sign_eval(const ad__call *call)
{
    return eliminated(call, determinant_sign);
}

static void det_sign_emit(ad__emit *e, const ad__call *call)
{
    emit_eliminated(e, call, "determinant_sign");
}

static void det_vjp(ad__vjp *v)
{
    ad_var g = ad_expand_dims(ad_expand_dims(v->g, -1), -1);
    v->dx[0] = ad_chain(g, ad_cofactors(1, v->x));
}

/* The inverse, transposed. */
static void log_abs_det_vjp(ad__vjp *v)
{
    ad_var g = ad_expand_dims(ad_expand_dims(v->g, -1), -1);
    v->dx[0] = ad_chain(g, ad_matrix_transpose(ad_inv(v->x[0])));
}

/* ---- samples and builders ---- */

static ad_var det_of(const ad_var *x)
{
    return ad_det(x[0]);
}

/* Of the identity and a tenth of x, which is far from singular. */
static ad_var log_abs_det_of(const ad_var *x)
{
    ad_shape shape = ad_shape_of(x[0]);
    const int64_t n = shape.rank > 0 ? shape.len[shape.rank - 1] : 1;
    ad_var place = ad_cumsum(ad_full(x[0].tape, ad_type_of(x[0]), AD_SHAPE(n), 1), 0);
    ad_var eye = ad_equal(ad_expand_dims(place, 1), place);
    ad_var part = ad_mul(x[0], ad_literal(0.1));
    return ad_log_abs_det(ad_add(part, eye));
}

static const ad__sample det_samples[] = {
    {1, {{2, {1, 1}}}, -2, 2, det_of},
    {1, {{2, {3, 3}}}, -2, 2, det_of},
    {1, {{3, {2, 2, 2}}}, -2, 2, det_of},
};
static const ad__sample log_abs_det_samples[] = {
    {1, {{2, {3, 3}}}, -2, 2, log_abs_det_of},
    {1, {{3, {2, 2, 2}}}, -2, 2, log_abs_det_of},
};

const ad_op ad_det__op = {.name = "ad_det",
                          .infer = det_infer,
                          .eval = det_eval,
                          .emit = det_emit,
                          .flops = det_flops,
                          .scratch = det_scratch,
                          .vjp = det_vjp,
                          .samples = det_samples,
                          .sample_count = sizeof det_samples / sizeof *det_samples};

const ad_op ad_log_abs_det__op = {.name = "ad_log_abs_det",
                                  .infer = det_infer,
                                  .eval = log_abs_det_eval,
                                  .emit = log_abs_det_emit,
                                  .flops = det_flops,
                                  .scratch = det_scratch,
                                  .vjp = log_abs_det_vjp,
                                  .samples = log_abs_det_samples,
                                  .sample_count =
                                      sizeof log_abs_det_samples / sizeof *log_abs_det_samples};

const ad_op ad_det_sign__op = {.name = "ad_det_sign",
                               .infer = det_infer,
                               .eval = det_sign_eval,
                               .emit = det_sign_emit,
                               .flops = det_flops,
                               .scratch = det_scratch};

ad_var(ad_det)(ad_var x)
{
    return ad__record(&ad_det__op, 1, &x, NULL, 0);
}

ad_var(ad_log_abs_det)(ad_var x)
{
    return ad__record(&ad_log_abs_det__op, 1, &x, NULL, 0);
}

ad_var(ad_det_sign)(ad_var x)
{
    return ad__record(&ad_det_sign__op, 1, &x, NULL, 0);
}
