/* SPDX-License-Identifier: MIT */
/* Linear equations and the inverse. */
#include "base/c_source_internal.h"
#include "tape/tape_internal.h"
#include "ops/ldu_internal.h"
#include "ops/build_internal.h"

#include "ops.h"

#include <math.h>

/* texts: plain */

/* ---- the equations of a batch of matrices and as many right-hand sides ---- */

static ad_status solve_infer(ad__call *call)
{
    const ad__spec *a = call->x[0].spec, *b = call->x[1].spec;
    ad_shape batch = a->shape, other = b->shape;
    char text[160], side[160];
    call->spec = *b;
    if (ad__check_square(a, call->error) != AD_OK) {
        return call->error->status;
    }
    batch.rank -= 1;
    other.rank -= 1;
    if (a->type != b->type || !ad_shape_equal(&batch, &other)) {
        return ad_error_set(call->error, a->type == b->type ? AD_ERR_SHAPE : AD_ERR_TYPE,
                            "%s %s with right-hand side %s %s; one type, and [..., n, n] with [n] "
                            "or [..., n, m] are needed",
                            ad_type_name(a->type), ad_shape_print(&a->shape, text, sizeof text),
                            ad_type_name(b->type), ad_shape_print(&b->shape, side, sizeof side));
    }
    return AD_OK;
}

/* x = right^T D^-1 left b, or left^T D^-1 right b for the transpose. y and x have room for b. */
static void solve_one(const ad__ldu *f, int transpose, size_t m, const double *b, double *y,
                      double *x)
{
    ad__multiply(f->n, m, transpose ? f->right : f->left, 0, b, 0, y);
    for (size_t i = 0; i < f->n * m; i++) {
        const double pivot = f->pivot[i / m];
        y[i] = pivot != 0 ? y[i] / pivot : (double)NAN;
    }
    ad__multiply(f->n, m, transpose ? f->left : f->right, 1, y, 0, x);
}

/* Bytes of a matrix or of a right-hand side, whichever is larger, in double. */
static size_t buffer_of(size_t n, size_t m)
{
    return n * (n > m ? n : m) * sizeof(double);
}

static size_t solve_scratch(const ad__call *call)
{
    const ad_shape *shape = &call->spec.shape;
    size_t n = (size_t)shape->len[shape->rank - 2], m = (size_t)shape->len[shape->rank - 1];
    return call->spec.count == 0 ? 0 : 3 * ad__rounded(buffer_of(n, m)) + ad__ldu_bytes(n);
}

static double solve_flops(const ad__call *call)
{
    const ad_shape *shape = &call->spec.shape;
    size_t n = (size_t)shape->len[shape->rank - 2], m = (size_t)shape->len[shape->rank - 1];
    size_t systems = call->spec.count == 0 ? 0 : call->spec.count / (n * m);
    return (double)systems * (ad__ldu_flops(n) + 4 * (double)n * (double)n * (double)m);
}

static ad_status solve_eval(const ad__call *call)
{
    const ad_shape *shape = &call->spec.shape;
    const ad_type type = call->spec.type;
    size_t n = (size_t)shape->len[shape->rank - 2], m = (size_t)shape->len[shape->rank - 1];
    size_t buffer = buffer_of(n, m), bytes = ad_type_bytes(type);
    if (call->spec.count == 0) {
        return AD_OK;
    }
    double *in = ad__arena_take(call->scratch, buffer), *y = ad__arena_take(call->scratch, buffer);
    double *x = ad__arena_take(call->scratch, buffer);
    ad__ldu f;
    if (in == NULL || y == NULL || x == NULL || ad__ldu_init(&f, n, call->scratch) != AD_OK ||
        !ad__can_multiply(n, m)) {
        return AD_ERR_MEMORY;
    }
    for (size_t i = 0; i < call->spec.count / (n * m); i++) {
        ad__widen(type, n * n, (const char *)call->x[0].data + i * n * n * bytes, in);
        ad__ldu_factor(&f, in);
        ad__widen(type, n * m, (const char *)call->x[1].data + i * n * m * bytes, in);
        solve_one(&f, *(const int *)call->attributes, m, in, y, x);
        ad__narrow(type, n * m, x, (char *)call->z + i * n * m * bytes);
    }
    return AD_OK;
}

static void solve_emit(ad__emit *e, const ad__call *call)
{
    const ad_shape *shape = &call->spec.shape;
    size_t n = (size_t)shape->len[shape->rank - 2], m = (size_t)shape->len[shape->rank - 1];
    size_t buffer = buffer_of(n, m) / sizeof(double);
    if (call->spec.count == 0) {
        return;
    }
    ad__put_eliminator(e, n, 3, buffer);
    ad__put(e, "    double *y = a + %zu, *x = a + %zu;\n", buffer, 2 * buffer);
    ad__put_loop(e, 1, "i", call->spec.count / (n * m));
    ad__put_loop(e, 2, "k", n * n);
    ad__put(e, "            a[k] = (double)x0[i * %zu + k];\n", n * n);
    ad__put_end(e, 2);
    ad__put(e, "        ");
    ad__put_kernel(e, "ad__ldu_factor", AD__NO_TYPE);
    ad__put(e, "(&f, a);\n");
    ad__put_loop(e, 2, "k", n * m);
    ad__put(e, "            a[k] = (double)x1[i * %zu + k];\n", n * m);
    ad__put_end(e, 2);
    ad__put(e, "        ");
    ad__put_kernel(e, "solve_one", AD__NO_TYPE);
    ad__put(e, "(&f, %d, %zu, a, y, x);\n", *(const int *)call->attributes != 0, m);
    ad__put_loop(e, 2, "k", n * m);
    ad__put(e, "            z[i * %zu + k] = (%s)x[k];\n", n * m, ad__c_type(call->spec.type));
    ad__put_end(e, 2);
    ad__put_end(e, 1);
}

/* From op(a) x = b: op(a) dx = db - op(da) x, so with op(a)^T h = g: db = h, op(da) = -h x^T. */
static void solve_vjp(ad__vjp *v)
{
    int transpose = *(const int *)v->attributes;
    ad_var h = ad_solve_with(v->x[0], v->g, !transpose);
    if (v->needs[0]) {
        v->dx[0] =
            ad_neg(transpose ? ad_matmul_with(v->z, h, 0, 1) : ad_matmul_with(h, v->z, 0, 1));
    }
    v->dx[1] = h;
}

/* ---- samples and builders ---- */

/* The identity added to a: far from singular. */
static ad_var regular(ad_var a)
{
    const double eye[] = {4, 0, 0, 0, 4, 0, 0, 0, 4};
    const float narrow[] = {4, 0, 0, 0, 4, 0, 0, 0, 4};
    const void *data = ad_type_of(a) == AD_F32 ? (const void *)narrow : (const void *)eye;
    return ad_add(a, ad_constant(a.tape, ad_type_of(a), AD_SHAPE(3, 3), data));
}

static ad_var solve_matrix(const ad_var *x)
{
    return ad_solve(regular(x[0]), x[1]);
}

static ad_var solve_transposed(const ad_var *x)
{
    return ad_solve_with(regular(x[0]), x[1], 1);
}

static const ad__sample solve_samples[] = {
    {2, {{2, {3, 3}}, {2, {3, 2}}}, -1, 1, solve_matrix},
    {2, {{2, {3, 3}}, {1, {3}}}, -1, 1, solve_transposed},
    {2, {{3, {2, 3, 3}}, {2, {3, 1}}}, -1, 1, solve_matrix},
};

const ad_op ad_solve_with__op = {.name = "ad_solve",
                                 .infer = solve_infer,
                                 .eval = solve_eval,
                                 .emit = solve_emit,
                                 .flops = solve_flops,
                                 .scratch = solve_scratch,
                                 .vjp = solve_vjp,
                                 .samples = solve_samples,
                                 .sample_count = sizeof solve_samples / sizeof *solve_samples};

/* v with the batch axes of `batch` before its own last two, if it broadcasts to that. */
static ad_var over_batch(ad_var v, const ad_shape *shape, const ad_shape *batch)
{
    ad_shape wide = *batch;
    wide.len[wide.rank++] = shape->len[shape->rank - 2];
    wide.len[wide.rank++] = shape->len[shape->rank - 1];
    return ad_shape_equal(&wide, shape) ? v : ad_broadcast_to(v, wide);
}

ad_var(ad_solve_with)(ad_var a, ad_var b, int transpose)
{
    ad_shape sa, sb, batch_a, batch_b, batch;
    int flag = transpose != 0;
    if (!ad__shape_for(a, &sa, "ad_solve") || !ad__shape_for(b, &sb, "ad_solve")) {
        return ad__dead(ad__tape_of(2, (ad_var[]){a, b}));
    }
    if (sb.rank == 1) {
        ad_var x = ad_solve_with(a, ad_expand_dims(b, 1), flag);
        return ad_squeeze(x, AD_AXES(-1));
    }
    batch_a = sa, batch_b = sb;
    batch_a.rank -= 2;
    batch_b.rank -= 2;
    if (batch_a.rank >= 0 && batch_b.rank >= 0 &&
        ad_shape_broadcast(&batch_a, &batch_b, &batch) == AD_OK) {
        a = over_batch(a, &sa, &batch);
        b = over_batch(b, &sb, &batch);
    }
    return ad__record(&ad_solve_with__op, 2, (ad_var[]){a, b}, &flag, sizeof flag);
}

ad_var(ad_solve)(ad_var a, ad_var b)
{
    return ad_solve_with(a, b, 0);
}

ad_var(ad_inv)(ad_var x)
{
    const ad__made inverse = ad__making(1, &x);
    ad_shape shape;
    ad_error error;
    if (!ad__shape_for(x, &shape, "ad_inv")) {
        return ad__dead(x.tape);
    }
    const ad__spec spec = {.type = ad_type_of(x), .shape = shape};
    if (ad__check_square(&spec, &error) != AD_OK) {
        return ad__failed(x, &error, "ad_inv");
    }
    ad_var place = ad_cumsum(ad_full(x.tape, spec.type, AD_SHAPE(shape.len[shape.rank - 1]), 1), 0);
    ad_var eye = ad_equal(ad_expand_dims(place, 1), place);
    return ad__made_of(inverse, "ad_inv", ad_solve(x, eye));
}
