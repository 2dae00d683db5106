/* SPDX-License-Identifier: MIT */
/* Products of matrices and vectors. eval and emit are apart here: the library multiplies by the
 * kernels of blas_internal.h, for each CPU its own, and emitted C by plain loops that repeat their
 * order of sums, or by cblas. */
#include "ops/matmul_internal.h"

#include "base/c_source_internal.h"
#include "tape/tape_internal.h"
#include "base/text_internal.h"
#include "ops/build_internal.h"

#include "ops.h"

#include <inttypes.h>
#include <stdio.h>

/* Which operands are read transposed; never a vector. */
typedef struct transposes {
    int x, y;
} transposes;

/* An operand as a stack of matrices: of rows x columns after its transpose. A vector is one row on
 * the left and one column on the right. */
typedef struct operand {
    int64_t rows, columns;
    ad_shape batch;
} operand;

static operand operand_of(const ad_shape *shape, int transpose, int is_right)
{
    operand o = {1, 1, {.rank = shape->rank > 2 ? shape->rank - 2 : 0}};
    for (int i = 0; i < o.batch.rank; i++) {
        o.batch.len[i] = shape->len[i];
    }
    if (shape->rank == 1) {
        *(is_right ? &o.rows : &o.columns) = shape->len[0];
    } else if (shape->rank > 1) {
        o.rows = shape->len[shape->rank - (transpose ? 1 : 2)];
        o.columns = shape->len[shape->rank - (transpose ? 2 : 1)];
    }
    return o;
}

/* ---- shapes ---- */

enum { OPERAND_TEXT = 176 };

/* "[2, 3]^T", or "f64 [2, 3]^T" where types are the matter. */
static const char *print_operand(const ad__spec *spec, int transpose, int typed, char *text)
{
    char shape[160];
    (void)snprintf(text, OPERAND_TEXT, "%s%s%s%s", typed ? ad_type_name(spec->type) : "",
                   typed ? " " : "", ad_shape_print(&spec->shape, shape, sizeof shape),
                   transpose ? "^T" : "");
    return text;
}

static ad_status fail(const ad__call *call, ad_status status, const char *hint)
{
    const transposes *t = call->attributes;
    int typed = status == AD_ERR_TYPE;
    char x[OPERAND_TEXT], y[OPERAND_TEXT];
    return ad_error_set(call->error, status, "%s x %s: %s",
                        print_operand(call->x[0].spec, t->x, typed, x),
                        print_operand(call->x[1].spec, t->y, typed, y), hint);
}

static ad_status matmul_infer(ad__call *call)
{
    const transposes *t = call->attributes;
    const ad__spec *kx = call->x[0].spec, *ky = call->x[1].spec;
    if (kx->type != ky->type) {
        return fail(call, AD_ERR_TYPE, "one element type is needed; convert one with ad_cast");
    }
    if (kx->type == AD_I64) {
        return fail(call, AD_ERR_TYPE, "products are of f64 or f32; ad_cast converts");
    }
    if (kx->shape.rank == 0 || ky->shape.rank == 0) {
        return fail(call, AD_ERR_SHAPE, "an operand is a scalar; ad_mul scales");
    }
    operand x = operand_of(&kx->shape, t->x, 0), y = operand_of(&ky->shape, t->y, 1);
    if (x.columns != y.rows) {
        char hint[96];
        (void)snprintf(hint, sizeof hint,
                       "inner lengths %" PRId64 " and %" PRId64 " differ; transpose one?",
                       x.columns, y.rows);
        return fail(call, AD_ERR_SHAPE, hint);
    }
    ad_shape *shape = &call->spec.shape;
    call->spec.type = kx->type;
    if (ad_shape_broadcast(&x.batch, &y.batch, shape) != AD_OK) {
        return fail(call, AD_ERR_SHAPE,
                    "the axes before the last two must agree or be 1; reshape one?");
    }
    if (kx->shape.rank > 1) {
        shape->len[shape->rank++] = x.rows;
    }
    if (ky->shape.rank > 1) {
        shape->len[shape->rank++] = y.columns;
    }
    return AD_OK;
}

/* ---- values ---- */

/* The products of one call: gemm for each index of `batch`, innermost axis first. */
typedef struct products {
    ad__gemm gemm;
    int rank;
    int64_t len[AD_MAX_RANK], x_step[AD_MAX_RANK], y_step[AD_MAX_RANK]; /* steps in elements */
} products;

static products products_of(const ad__call *call)
{
    const transposes *t = call->attributes;
    const ad_shape *sx = &call->x[0].spec->shape, *sy = &call->x[1].spec->shape;
    operand x = operand_of(sx, t->x, 0), y = operand_of(sy, t->y, 1);
    products p = {.gemm = {.m = x.rows,
                           .n = y.columns,
                           .k = x.columns,
                           .lda = t->x ? x.rows : x.columns,
                           .ldb = t->y ? y.rows : y.columns,
                           .ldc = y.columns,
                           .transpose_a = t->x,
                           .transpose_b = t->y,
                           .threads = call->threads}};
    int64_t x_step = x.rows * x.columns, y_step = y.rows * y.columns;
    int folds = !t->x;
    for (int i = 1; i <= x.batch.rank || i <= y.batch.rank; i++) {
        int64_t x_len = i <= x.batch.rank ? x.batch.len[x.batch.rank - i] : 1;
        int64_t y_len = i <= y.batch.rank ? y.batch.len[y.batch.rank - i] : 1;
        if (x_len == 1 && y_len == 1) {
            continue;
        }
        if (folds && y_len == 1) { /* one matrix y for a stack of x: more rows of one product */
            p.gemm.m *= x_len;
        } else {
            folds = 0;
            p.len[p.rank] = x_len == 1 ? y_len : x_len;
            p.x_step[p.rank] = x_len == 1 ? 0 : x_step;
            p.y_step[p.rank++] = y_len == 1 ? 0 : y_step;
        }
        x_step *= x_len;
        y_step *= y_len;
    }
    return p;
}

static int matmul_product(const ad__call *call, ad__gemm *gemm)
{
    int is_one = call->x[0].spec->shape.rank == 2 && call->x[1].spec->shape.rank == 2;
    if (is_one) {
        *gemm = products_of(call).gemm;
    }
    return is_one;
}

static double matmul_flops(const ad__call *call)
{
    return 2 * ad__one_each(call) * (double)products_of(call).gemm.k;
}

static ad_status matmul_eval(const ad__call *call)
{
    products p = products_of(call);
    int64_t index[AD_MAX_RANK] = {0}, x = 0, y = 0;
    size_t size = (size_t)(p.gemm.m * p.gemm.n);
    if (!ad__gemm_has_memory(&p.gemm, call->spec.type == AD_F64, 1)) {
        return AD_ERR_MEMORY;
    }
    for (size_t done = 0; done < call->spec.count; done += size) {
        if (call->spec.type == AD_F64) {
            ad__dgemm(&p.gemm, (const double *)call->x[0].data + x,
                      (const double *)call->x[1].data + y, (double *)call->z + done);
        } else {
            ad__sgemm(&p.gemm, (const float *)call->x[0].data + x,
                      (const float *)call->x[1].data + y, (float *)call->z + done);
        }
        for (int axis = 0; axis < p.rank; axis++) {
            x += p.x_step[axis];
            y += p.y_step[axis];
            if (++index[axis] < p.len[axis]) {
                break;
            }
            x -= p.x_step[axis] * p.len[axis];
            y -= p.y_step[axis] * p.len[axis];
            index[axis] = 0;
        }
    }
    return AD_OK;
}

/* ---- as C ---- */

static void put_matrix(ad__emit *e, ad_type type, const char *x, int64_t row, int64_t column)
{
    ad__put(e, "(");
    ad__put_kernel(e, "matrix", (int)type);
    ad__put(e, "){%s, %" PRId64 ", %" PRId64 "}", x, row, column);
}

static void put_rows(ad__emit *e, const ad__gemm *s, const char *rows)
{
    if (rows != NULL) {
        ad__put(e, "%s", rows);
    } else {
        ad__put(e, "%" PRId64, s->m);
    }
}

static void put_cblas(ad__emit *e, ad_type type, const ad__gemm *s, const char *rows, const char *x,
                      const char *y, const char *z)
{
    ad__put(e, "    cblas_%cgemm(CblasRowMajor, Cblas%s, Cblas%s, (int)",
            type == AD_F64 ? 'd' : 's', s->transpose_a ? "Trans" : "NoTrans",
            s->transpose_b ? "Trans" : "NoTrans");
    put_rows(e, s, rows);
    ad__put(e,
            ", %" PRId64 ", %" PRId64 ", 1, %s, %" PRId64 ", %s, %" PRId64 ", 0, %s, %" PRId64
            ");\n",
            s->n, s->k, x, s->lda, y, s->ldb, z, s->ldc);
    e->uses_cblas = 1;
}

void ad__put_gemm(ad__emit *e, ad_type type, const ad__gemm *s, const char *rows, const char *x,
                  const char *y, const char *z)
{
    ad__gemm_order order = ad__gemm_order_of(s, type == AD_F64);
    if (e->cblas && s->m > 0 && s->n > 0 && s->k > 0) {
        put_cblas(e, type, s, rows, x, y, z);
        return;
    }
    e->uses_blis |= order == AD__GEMM_BLIS;
    ad__put(e, "    ");
    ad__put_kernel(e, order == AD__GEMM_LANES ? "dot_products" : "product", (int)type);
    ad__put(e, "(");
    put_rows(e, s, rows);
    ad__put(e, ", %" PRId64 ", %" PRId64 ", ", s->n, s->k);
    put_matrix(e, type, x, s->transpose_a ? 1 : s->lda, s->transpose_a ? s->lda : 1);
    ad__put(e, ", ");
    put_matrix(e, type, y, s->transpose_b ? 1 : s->ldb, s->transpose_b ? s->ldb : 1);
    ad__put(e, ", %s);\n", z);
}

/* Products for each index of the batch; its loops from the outermost axis in. */
static void matmul_emit(ad__emit *e, const ad__call *call)
{
    enum { TEXT = 256 };
    products p = products_of(call);
    char x[TEXT] = "x0", y[TEXT] = "x1", z[TEXT] = "z";
    int64_t size = p.gemm.m * p.gemm.n;
    for (int axis = p.rank - 1; axis >= 0; axis--) {
        char index[16];
        (void)snprintf(index, sizeof index, "i%d", axis);
        ad__put_loop(e, 1, index, (size_t)p.len[axis]);
        ad__say(x, sizeof x, " + %s * %" PRId64, index, p.x_step[axis]);
        ad__say(y, sizeof y, " + %s * %" PRId64, index, p.y_step[axis]);
        int64_t step = size;
        for (int inner = 0; inner < axis; inner++) {
            step *= p.len[inner];
        }
        ad__say(z, sizeof z, " + %s * %" PRId64, index, step);
    }
    ad__put_gemm(e, call->spec.type, &p.gemm, NULL, x, y, z);
    for (int axis = 0; axis < p.rank; axis++) {
        ad__put_end(e, 1);
    }
}

/* ---- derivative ---- */

/* With X = op(x), Y = op(y): dX = G Y^T, dY = X^T G, written so that they come out as stored. */
static ad_var left_rule(const ad__vjp *v, ad_var y, ad_var g)
{
    const transposes *t = v->attributes;
    return t->x ? ad_matmul_with(y, g, t->y, 1) : ad_matmul_with(g, y, 0, !t->y);
}

static ad_var right_rule(const ad__vjp *v, ad_var x, ad_var g)
{
    const transposes *t = v->attributes;
    return t->y ? ad_matmul_with(g, x, 1, t->x) : ad_matmul_with(x, g, !t->x, 0);
}

/* A stack of matrices as one with all their rows. */
static ad_var stacked(ad_var x)
{
    ad_shape shape = ad_shape_of(x);
    int64_t rows = 1;
    if (shape.rank == 0) { /* dead: out of memory */
        return x;
    }
    for (int i = 0; i < shape.rank - 1; i++) {
        rows *= shape.len[i];
    }
    return ad_reshape(x, AD_SHAPE(rows, shape.len[shape.rank - 1]));
}

/* Vectors and their results take the axis of length 1 that makes them matrices; it is dropped again
 * at the end. */
static void matmul_vjp(ad__vjp *v)
{
    const transposes *t = v->attributes;
    ad_shape sx = ad_shape_of(v->x[0]), sy = ad_shape_of(v->x[1]), sg = ad_shape_of(v->g);
    int x_vector = sx.rank == 1, y_vector = sy.rank == 1;
    ad_var x = x_vector ? ad_reshape(v->x[0], AD_SHAPE(1, sx.len[0])) : v->x[0];
    ad_var y = y_vector ? ad_reshape(v->x[1], AD_SHAPE(sy.len[0], 1)) : v->x[1];
    ad_var g = v->g;
    if (x_vector || y_vector) {
        sg.rank -= 2 - x_vector - y_vector;
        sg.len[sg.rank++] = operand_of(&sx, t->x, 0).rows;
        sg.len[sg.rank++] = operand_of(&sy, t->y, 1).columns;
        g = ad_reshape(g, sg);
    }
    if (v->needs[0]) {
        ad_var dx = left_rule(v, y, g);
        ad_shape shape = ad_shape_of(dx);
        if (x_vector && shape.rank > 1) { /* [..., 1, k] to [..., k] */
            shape.len[shape.rank - 2] = shape.len[shape.rank - 1];
            shape.rank--;
            dx = ad_reshape(dx, shape);
        }
        v->dx[0] = dx;
    }
    if (v->needs[1]) {
        if (sy.rank <= 2 && sx.rank > 2 && !t->x) { /* one y for all: sums inside one product */
            x = stacked(x);
            g = stacked(g);
        }
        ad_var dy = right_rule(v, x, g);
        ad_shape shape = ad_shape_of(dy);
        if (y_vector && shape.rank > 1) { /* [..., k, 1] to [..., k] */
            shape.rank--;
            dy = ad_reshape(dy, shape);
        }
        v->dx[1] = dy;
    }
}

/* ---- samples and builders ---- */

static ad_var product_plain(const ad_var *x)
{
    return ad_matmul(x[0], x[1]);
}

static ad_var product_left(const ad_var *x)
{
    return ad_matmul_with(x[0], x[1], 1, 0);
}

static ad_var product_right(const ad_var *x)
{
    return ad_matmul_with(x[0], x[1], 0, 1);
}

static ad_var product_both(const ad_var *x)
{
    return ad_matmul_with(x[0], x[1], 1, 1);
}

static const ad__sample matmul_samples[] = {
    {2, {{2, {2, 3}}, {2, {3, 4}}}, -2, 2, product_plain},
    {2, {{2, {3, 2}}, {2, {3, 4}}}, -2, 2, product_left},
    {2, {{2, {2, 3}}, {2, {4, 3}}}, -2, 2, product_right},
    {2, {{2, {3, 2}}, {2, {4, 3}}}, -2, 2, product_both},
    {2, {{1, {3}}, {1, {3}}}, -2, 2, product_plain},
    {2, {{1, {3}}, {3, {2, 3, 4}}}, -2, 2, product_plain},
    {2, {{3, {2, 2, 3}}, {1, {3}}}, -2, 2, product_plain},
    {2, {{3, {2, 2, 3}}, {2, {3, 2}}}, -2, 2, product_plain},
    {2, {{4, {2, 1, 2, 3}}, {3, {3, 3, 2}}}, -2, 2, product_plain},
    {2, {{3, {2, 3, 2}}, {2, {2, 3}}}, -2, 2, product_both},
};

const ad_op ad_matmul_with__op = {.name = "ad_matmul",
                                  .product = matmul_product,
                                  .infer = matmul_infer,
                                  .eval = matmul_eval,
                                  .flops = matmul_flops,
                                  .emit = matmul_emit,
                                  .vjp = matmul_vjp,
                                  .samples = matmul_samples,
                                  .sample_count = sizeof matmul_samples / sizeof *matmul_samples};

ad_var(ad_matmul_with)(ad_var x, ad_var y, int transpose_x, int transpose_y)
{
    transposes t = {transpose_x && ad_shape_of(x).rank > 1, transpose_y && ad_shape_of(y).rank > 1};
    return ad__record(&ad_matmul_with__op, 2, (ad_var[]){x, y}, &t, sizeof t);
}

ad_var(ad_matmul)(ad_var x, ad_var y)
{
    return ad_matmul_with(x, y, 0, 0);
}

/* ---- vectors ---- */

/* 1 if both are vectors, of one length where asked; else 0, and what the builder returns. */
static int are_vectors(ad_var x, ad_var y, int same, ad_var *failed, const char *origin)
{
    ad_shape sx, sy;
    ad_error error;
    char a[160], b[160];
    ad_var any = x.tape != NULL ? x : y;
    if (!ad__shape_for(x, &sx, origin) || !ad__shape_for(y, &sy, origin)) {
        *failed = ad__dead(any.tape);
        return 0;
    }
    if (sx.rank == 1 && sy.rank == 1 && (!same || sx.len[0] == sy.len[0])) {
        return 1;
    }
    ad_error_set(&error, AD_ERR_SHAPE, "%s x %s: takes two vectors%s; ad_reshape one?",
                 ad_shape_print(&sx, a, sizeof a), ad_shape_print(&sy, b, sizeof b),
                 same ? " of one length" : "");
    *failed = ad__failed(any, &error, origin);
    return 0;
}

ad_var(ad_dot)(ad_var x, ad_var y)
{
    const ad__made dot = ad__making(2, (ad_var[]){x, y});
    ad_var failed;
    if (!are_vectors(x, y, 1, &failed, "ad_dot")) {
        return failed;
    }
    return ad__made_of(dot, "ad_dot", ad_sum(ad_mul(x, y), AD_ALL));
}

ad_var(ad_outer)(ad_var x, ad_var y)
{
    const ad__made outer = ad__making(2, (ad_var[]){x, y});
    ad_var failed;
    if (!are_vectors(x, y, 0, &failed, "ad_outer")) {
        return failed;
    }
    ad_var column = ad_expand_dims(x, 1), row = ad_expand_dims(y, 0);
    return ad__made_of(outer, "ad_outer", ad_matmul(column, row));
}
