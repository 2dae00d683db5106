/* SPDX-License-Identifier: MIT */
/* The derivatives of determinants, of every order, exact at singular matrices. */
#include "base/c_source_internal.h"
#include "tape/tape_internal.h"
#include "ops/ldu_internal.h"

#include "ops.h"

#include <math.h>
#include <string.h>

/* texts: plain */

/* Of a matrix A = left^-1 D right^-T, as ldu_internal.h has it.
 *
 * With A' = left A right^T = D diagonal, and G' = left G right^T for a direction G,
 *
 *   det(A + E) = sign det(D + E'),
 *
 * so the derivative of det in G_1, ..., G_k and E is that at D in G'_1, ..., G'_k and E'. There it
 * is a sum over rows r_0, ..., r_k, all different, and permutations of them as columns c:
 *
 *   sum of +- (product of the pivots in no such row) E'[r_0, c_0] G'_1[r_1, c_1] ... G'_k[r_k, c_k]
 *
 * in which nothing is divided by. */

typedef struct cofactors {
    ad__ldu f;
    size_t order;        /* k */
    double *direction;   /* G' [k, n, n] */
    double *sum;         /* the factors of E'[r_0, c_0], [n, n] */
    size_t *row, *taken; /* r [k + 1]; columns used by a minor [k + 1] */
} cofactors;

static int is_chosen(const cofactors *c, size_t depth, size_t row)
{
    for (size_t i = 0; i < depth; i++) {
        if (c->row[i] == row) {
            return 1;
        }
    }
    return 0;
}

/* The minor of G'_i[r_i, r_j] for i from `from` to k and the columns j that are not taken. */
static double minor_of(const cofactors *c, size_t from)
{
    size_t n = c->f.n;
    double sum = 0, sign = 1;
    if (from > c->order) {
        return 1;
    }
    const double *row = c->direction + ((from - 1) * n + c->row[from]) * n;
    for (size_t j = 0; j <= c->order; j++) {
        if (!c->taken[j]) {
            c->taken[j] = 1;
            sum += sign * row[c->row[j]] * minor_of(c, from + 1);
            c->taken[j] = 0;
            sign = -sign;
        }
    }
    return sum;
}

/* Adds the terms of all choices of the rows r_depth, ..., r_k. */
static void add_terms(const cofactors *c, size_t depth)
{
    size_t n = c->f.n;
    if (depth <= c->order) {
        for (c->row[depth] = 0; c->row[depth] < n; c->row[depth]++) {
            if (!is_chosen(c, depth, c->row[depth])) {
                add_terms(c, depth + 1);
            }
        }
        return;
    }
    double product = 1, sign = 1;
    for (size_t i = 0; i < n; i++) {
        product *= is_chosen(c, depth, i) ? 1 : c->f.pivot[i];
    }
    for (size_t j = 0; j <= c->order && product != 0; j++, sign = -sign) {
        c->taken[j] = 1;
        c->sum[c->row[0] * n + c->row[j]] += sign * product * minor_of(c, 1);
        c->taken[j] = 0;
    }
}

static ad_status cofactors_infer(ad__call *call)
{
    const ad__spec *x = call->x[0].spec;
    char a[160], b[160];
    call->spec = *x;
    for (int i = 1; i < call->count; i++) {
        const ad__spec *along = call->x[i].spec;
        if (along != x) {
            return ad_error_set(call->error, along->type == x->type ? AD_ERR_SHAPE : AD_ERR_TYPE,
                                "%s %s along %s %s; one type and one shape are needed",
                                ad_type_name(x->type), ad_shape_print(&x->shape, a, sizeof a),
                                ad_type_name(along->type),
                                ad_shape_print(&along->shape, b, sizeof b));
        }
    }
    return ad__check_square(x, call->error);
}

/* a is the matrix, then the result; the directions are in place. */
static void find_cofactors(cofactors *c, double *a)
{
    const size_t n = c->f.n;
    ad__ldu_factor(&c->f, a);
    for (size_t i = 0; i < c->order; i++) {
        double *direction = c->direction + i * n * n;
        ad__multiply(n, n, c->f.left, 0, direction, 0, c->f.work);
        ad__multiply(n, n, c->f.work, 0, c->f.right, 1, direction);
    }
    memset(c->sum, 0, n * n * sizeof *c->sum);
    memset(c->taken, 0, (c->order + 1) * sizeof *c->taken);
    if (c->order < n) {
        add_terms(c, 0);
    }
    ad__multiply(n, n, c->f.left, 1, c->sum, 0, c->f.work);
    ad__multiply(n, n, c->f.work, 0, c->f.right, 0, a);
    for (size_t i = 0; i < n * n; i++) {
        a[i] *= c->f.sign;
    }
}

static size_t cofactors_scratch(const ad__call *call)
{
    size_t n = ad__order_of(call->x[0].spec), order = (size_t)call->count - 1;
    if (call->spec.count == 0) {
        return 0;
    }
    return 2 * ad__rounded(n * n * sizeof(double)) + ad__rounded(order * n * n * sizeof(double)) +
           2 * ad__rounded((order + 1) * sizeof(size_t)) + ad__ldu_bytes(n);
}

/* The elimination; two products for each direction and for the result; and for each choice of
 * different rows a product of pivots and the permutations of columns. */
static double cofactors_flops(const ad__call *call)
{
    size_t order = ad__order_of(call->x[0].spec);
    double n = (double)order, choices = 1, permutations = 1;
    for (int i = 0; i < call->count; i++) {
        choices *= n > i ? n - i : 0;
        permutations *= i + 1;
    }
    double each = ad__ldu_flops(order) + call->count * 4 * n * n * n + choices * (n + permutations);
    return order > 0 ? ad__one_each(call) / (n * n) * each : 0;
}

static ad_status cofactors_eval(const ad__call *call)
{
    size_t n = ad__order_of(call->x[0].spec);
    cofactors c = {.order = (size_t)call->count - 1};
    ad__arena *scratch = call->scratch;
    if (call->spec.count == 0) {
        return AD_OK;
    }
    double *a = ad__arena_take(scratch, n * n * sizeof *a);
    c.direction = ad__arena_take(scratch, c.order * n * n * sizeof *c.direction);
    c.sum = ad__arena_take(scratch, n * n * sizeof *c.sum);
    c.row = ad__arena_take(scratch, (c.order + 1) * sizeof *c.row);
    c.taken = ad__arena_take(scratch, (c.order + 1) * sizeof *c.taken);
    if (a == NULL || c.direction == NULL || c.sum == NULL || c.row == NULL || c.taken == NULL ||
        ad__ldu_init(&c.f, n, scratch) != AD_OK) {
        return AD_ERR_MEMORY;
    }
    const ad_type type = call->spec.type;
    size_t step = n * n * ad_type_bytes(type), all = call->spec.count * ad_type_bytes(type);
    for (size_t at = 0; at < all; at += step) {
        ad__widen(type, n * n, (const char *)call->x[0].data + at, a);
        for (size_t i = 0; i < c.order; i++) {
            ad__widen(type, n * n, (const char *)call->x[i + 1].data + at, c.direction + i * n * n);
        }
        find_cofactors(&c, a);
        ad__narrow(type, n * n, a, (char *)call->z + at);
    }
    return AD_OK;
}

static void cofactors_emit(ad__emit *e, const ad__call *call)
{
    const size_t n = ad__order_of(call->x[0].spec), nn = n * n, count = (size_t)call->count;
    const char *type = ad__c_type(call->spec.type);
    if (call->spec.count == 0) {
        return;
    }
    ad__put(e, "    size_t row[%zu], taken[%zu];\n    ", count, count);
    ad__put_kernel(e, "cofactors", AD__NO_TYPE);
    ad__put(e, " c;\n");
    ad__put_eliminator(e, n, 1 + count, nn);
    ad__put(e,
            "    c.f = f;\n    c.order = %zu;\n    c.sum = a + %zu;\n    c.direction = a + %zu;\n"
            "    c.row = row;\n    c.taken = taken;\n",
            count - 1, nn, 2 * nn);
    ad__put_loop(e, 1, "i", call->spec.count / nn);
    ad__put_loop(e, 2, "k", nn);
    for (int i = 0; i < call->count; i++) {
        ad__put(e, "            a[%zu + k] = (double)", i == 0 ? 0 : (1 + (size_t)i) * nn);
        ad__put_argument(e, i, call->spec.type);
        ad__put(e, "[i * %zu + k];\n", nn);
    }
    ad__put_end(e, 2);
    ad__put(e, "        ");
    ad__put_kernel(e, "find_cofactors", AD__NO_TYPE);
    ad__put(e, "(&c, a);\n");
    ad__put_loop(e, 2, "k", nn);
    ad__put(e, "            z[i * %zu + k] = (%s)a[k];\n", nn, type);
    ad__put_end(e, 2);
    ad__put_end(e, 1);
}

/* All arguments but the matrix are directions of one symmetric form, and so is the cotangent: in
 * the place of a direction it gives that one's derivative, as a further one the matrix's. */
static void cofactors_vjp(ad__vjp *v)
{
    size_t count = (size_t)v->count;
    ad_var *vars = ad__arena_take(&v->tape->scratch, (count + 1) * sizeof *vars);
    if (vars == NULL) {
        ad_tape_fail(v->tape, AD_ERR_MEMORY, "ad_cofactors", NULL, "out of memory");
        return;
    }
    memcpy(vars, v->x, count * sizeof *vars);
    for (int i = 1; i < v->count; i++) {
        if (v->needs[i]) {
            vars[i] = v->g;
            v->dx[i] = ad_cofactors(v->count, vars);
            vars[i] = v->x[i];
        }
    }
    if (v->needs[0]) {
        vars[count] = v->g;
        v->dx[0] = ad_cofactors(v->count + 1, vars);
    }
}

/* ---- samples and builders ---- */

static ad_var cofactors_of(const ad_var *x)
{
    return ad_cofactors(1, x);
}

static ad_var cofactors_along(const ad_var *x)
{
    return ad_cofactors(2, x);
}

static const ad__sample cofactors_samples[] = {
    {1, {{2, {3, 3}}}, -2, 2, cofactors_of},
    {2, {{2, {3, 3}}, {2, {3, 3}}}, -2, 2, cofactors_along},
    {2, {{3, {2, 2, 2}}, {3, {2, 2, 2}}}, -2, 2, cofactors_along},
};

const ad_op ad_cofactors__op = {.name = "ad_cofactors",
                                .infer = cofactors_infer,
                                .eval = cofactors_eval,
                                .emit = cofactors_emit,
                                .flops = cofactors_flops,
                                .scratch = cofactors_scratch,
                                .vjp = cofactors_vjp,
                                .samples = cofactors_samples,
                                .sample_count =
                                    sizeof cofactors_samples / sizeof *cofactors_samples};

ad_var(ad_cofactors)(int count, const ad_var *x)
{
    return count < 1 ? ad_literal(NAN) : ad__record(&ad_cofactors__op, count, x, NULL, 0);
}
