/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include <criterion/criterion.h>

enum { ROOM = 4096 };

typedef struct matrices {
    ad_shape shape;
    int transpose;
    double data[ROOM];
} matrices;

static void fill(matrices *m, int seed)
{
    for (size_t i = 0; i < ad_shape_count(&m->shape); i++) {
        m->data[i] = (double)(((int)i * 37 + seed * 101) % 23 - 11) / 8;
    }
}

static ad_var input(ad_tape *tape, ad_type type, const matrices *m)
{
    float narrow[ROOM];
    for (size_t i = 0; i < ad_shape_count(&m->shape); i++) {
        narrow[i] = (float)m->data[i];
    }
    return ad_input_array(tape, type, m->shape,
                          type == AD_F64 ? (const void *)m->data : (const void *)narrow);
}

/* Element (i, j) of the matrix at a result's batch index, by the definition of broadcasting. */
static double element(const matrices *m, int64_t batch, const ad_shape *batches, int64_t i,
                      int64_t j, int is_right)
{
    int64_t own = 0, stride = 1, at[AD_MAX_RANK];
    int rank = m->shape.rank - 2;
    for (int axis = batches->rank - 1; axis >= 0; axis--) {
        at[axis] = batch % batches->len[axis];
        batch /= batches->len[axis];
    }
    for (int axis = rank - 1; axis >= 0; axis--) {
        int64_t len = m->shape.len[axis];
        own += len == 1 ? 0 : at[axis + batches->rank - rank] * stride;
        stride *= len;
    }
    if (rank < 0) {
        return m->data[is_right ? i : j];
    }
    int64_t rows = m->shape.len[rank], columns = m->shape.len[rank + 1];
    return m->data[own * rows * columns + (m->transpose ? j * columns + i : i * columns + j)];
}

/* The product by its definition; returns its number of elements. */
static size_t multiply(const matrices *x, const matrices *y, double *z)
{
    ad_shape bx = x->shape, by = y->shape, batches;
    bx.rank = bx.rank > 2 ? bx.rank - 2 : 0;
    by.rank = by.rank > 2 ? by.rank - 2 : 0;
    cr_assert_eq(ad_shape_broadcast(&bx, &by, &batches), AD_OK);
    int rx = x->shape.rank, ry = y->shape.rank;
    int64_t m = rx == 1 ? 1 : x->shape.len[rx - (x->transpose ? 1 : 2)];
    int64_t k = rx == 1 ? x->shape.len[0] : x->shape.len[rx - (x->transpose ? 2 : 1)];
    int64_t n = ry == 1 ? 1 : y->shape.len[ry - (y->transpose ? 2 : 1)];
    size_t at = 0;
    for (int64_t b = 0; b < (int64_t)ad_shape_count(&batches); b++) {
        for (int64_t i = 0; i < m; i++) {
            for (int64_t j = 0; j < n; j++) {
                z[at] = 0;
                for (int64_t l = 0; l < k; l++) {
                    z[at] += element(x, b, &batches, i, l, 0) * element(y, b, &batches, l, j, 1);
                }
                at++;
            }
        }
    }
    return at;
}

static const struct {
    ad_shape x, y; /* as multiplied: the operand is stored transposed where a flag asks for it */
} cases[] = {
    {{2, {2, 3}}, {2, {3, 4}}},
    {{2, {1, 1}}, {2, {1, 1}}},
    {{1, {5}}, {1, {5}}},
    {{1, {5}}, {2, {5, 3}}},
    {{2, {4, 5}}, {1, {5}}},
    {{1, {5}}, {3, {2, 5, 3}}},
    {{3, {2, 4, 5}}, {1, {5}}},
    {{3, {3, 2, 4}}, {2, {4, 5}}},
    {{2, {2, 4}}, {3, {3, 4, 5}}},
    {{3, {3, 2, 4}}, {3, {3, 4, 2}}},
    {{3, {1, 2, 4}}, {3, {3, 4, 2}}},
    {{3, {3, 2, 4}}, {3, {1, 4, 2}}},
    {{4, {2, 1, 2, 3}}, {3, {4, 3, 2}}},
    {{4, {2, 4, 2, 3}}, {4, {2, 1, 3, 2}}},
    {{4, {2, 4, 2, 3}}, {4, {1, 4, 3, 2}}},
    {{5, {2, 1, 3, 2, 3}}, {4, {2, 1, 3, 2}}},
    {{2, {2, 0}}, {2, {0, 3}}},
    {{2, {0, 2}}, {2, {2, 3}}},
    {{2, {3, 2}}, {2, {2, 0}}},
    {{3, {0, 2, 3}}, {2, {3, 2}}},
    {{3, {1, 2, 3}}, {3, {0, 3, 2}}},
    {{1, {0}}, {1, {0}}},
    {{1, {0}}, {3, {2, 0, 3}}},
    {{3, {2, 3, 0}}, {2, {0, 4}}},
    {{2, {20, 33}}, {2, {33, 17}}},
};
enum { CASES = sizeof cases / sizeof cases[0], SMALL_CASES = CASES - 1 };

static matrices operand_of(ad_shape shape, int transpose, int seed)
{
    matrices m = {.shape = shape, .transpose = transpose && shape.rank > 1};
    if (m.transpose) {
        m.shape.len[shape.rank - 1] = shape.len[shape.rank - 2];
        m.shape.len[shape.rank - 2] = shape.len[shape.rank - 1];
    }
    fill(&m, seed);
    return m;
}

static void check_value(size_t at, ad_type type, int transpose_x, int transpose_y)
{
    matrices x = operand_of(cases[at].x, transpose_x, 1);
    matrices y = operand_of(cases[at].y, transpose_y, 2);
    double expected[ROOM], got[ROOM];
    size_t count = multiply(&x, &y, expected);
    ad_tape *tape = ad_tape_new();
    ad_var z =
        ad_matmul_with(input(tape, type, &x), input(tape, type, &y), transpose_x, transpose_y);
    cr_assert_eq(ad_read(z, count, got), AD_OK, "case %zu: %s", at, ad_tape_message(tape));
    cr_expect_eq(ad_type_of(z), type);
    for (size_t i = 0; i < count; i++) {
        /* the operands are eighths, so products and short sums are exact in both types */
        cr_expect_eq(got[i], expected[i], "case %zu, element %zu: %g, not %g", at, i, got[i],
                     expected[i]);
    }
    ad_tape_free(tape);
}

Test(matmul, is_its_definition_for_every_rank_batch_and_transpose)
{
    for (size_t at = 0; at < CASES; at++) {
        for (int flags = 0; flags < 4; flags++) {
            check_value(at, AD_F64, flags & 1, flags >> 1);
            check_value(at, AD_F32, flags & 1, flags >> 1);
        }
    }
}

/* L(x, y) = <w, op(x) op(y)> is linear in each element: a difference over a step of 1 is exact. */
static double weighted(const matrices *x, const matrices *y)
{
    double z[ROOM], sum = 0;
    size_t count = multiply(x, y, z);
    for (size_t i = 0; i < count; i++) {
        sum += z[i] * (double)((int)i % 7 - 3);
    }
    return sum;
}

static ad_var record_weighted(ad_var x, ad_var y, int transpose_x, int transpose_y)
{
    ad_var z = ad_matmul_with(x, y, transpose_x, transpose_y);
    double w[ROOM];
    for (size_t i = 0; i < ad_count(z); i++) {
        w[i] = (double)((int)i % 7 - 3);
    }
    return ad_sum(ad_mul(z, ad_constant(x.tape, AD_F64, ad_shape_of(z), w)), AD_ALL);
}

static void check_gradient(size_t at, matrices *x, matrices *y)
{
    ad_tape *tape = ad_tape_new();
    ad_var v[2] = {input(tape, AD_F64, x), input(tape, AD_F64, y)}, dv[2];
    ad_var loss = record_weighted(v[0], v[1], x->transpose, y->transpose);
    cr_assert_eq(ad_grad(loss, 2, v, dv), AD_OK, "%s", ad_tape_message(tape));
    double base = weighted(x, y), got[ROOM];
    for (int side = 0; side < 2; side++) {
        matrices *m = side ? y : x;
        ad_shape shape = ad_shape_of(dv[side]);
        cr_assert(ad_shape_equal(&shape, &m->shape), "case %zu", at);
        size_t count = ad_shape_count(&m->shape);
        cr_assert_eq(ad_read(dv[side], count, got), AD_OK);
        for (size_t i = 0; i < count; i++) {
            m->data[i] += 1;
            double expected = weighted(x, y) - base;
            m->data[i] -= 1;
            cr_expect_eq(got[i], expected, "case %zu, side %d, element %zu: %g, not %g", at, side,
                         i, got[i], expected);
        }
    }
    ad_tape_free(tape);
}

Test(matmul, gradients_are_exact_for_every_rank_batch_and_transpose)
{
    for (size_t at = 0; at < SMALL_CASES; at++) {
        for (int flags = 0; flags < 4; flags++) {
            matrices x = operand_of(cases[at].x, flags & 1, 3);
            matrices y = operand_of(cases[at].y, flags >> 1, 4);
            check_gradient(at, &x, &y);
        }
    }
}

/* s = |dL/dx|^2, itself made of a gradient; and, unless dy is NULL, its own gradient by y. */
static double gradient_norm(const matrices *x, const matrices *y, double *dy)
{
    ad_tape *tape = ad_tape_new();
    ad_var v[2] = {input(tape, AD_F64, x), input(tape, AD_F64, y)}, dx, ds;
    ad_grad(record_weighted(v[0], v[1], x->transpose, y->transpose), 1, v, &dx);
    ad_var s = ad_sum(ad_square(dx), AD_ALL);
    double value = ad_value(s);
    if (dy != NULL) {
        cr_assert_eq(ad_grad(s, 1, v + 1, &ds), AD_OK, "%s", ad_tape_message(tape));
        cr_assert_eq(ad_read(ds, ad_shape_count(&y->shape), dy), AD_OK);
    }
    ad_tape_free(tape);
    return value;
}

/* s is a quadratic in y: central differences over a step of 1 are exact. */
Test(matmul, second_derivatives_are_exact)
{
    for (size_t at = 0; at < SMALL_CASES; at++) {
        for (int flags = 0; flags < 4; flags++) {
            matrices x = operand_of(cases[at].x, flags & 1, 5);
            matrices y = operand_of(cases[at].y, flags >> 1, 6);
            double got[ROOM];
            gradient_norm(&x, &y, got);
            for (size_t i = 0; i < ad_shape_count(&y.shape); i++) {
                y.data[i] += 1;
                double above = gradient_norm(&x, &y, NULL);
                y.data[i] -= 2;
                double below = gradient_norm(&x, &y, NULL);
                y.data[i] += 1;
                cr_expect_eq(got[i], (above - below) / 2, "case %zu, element %zu", at, i);
            }
        }
    }
}

static const char *message_of(ad_var z)
{
    return ad_tape_message(z.tape);
}

Test(matmul, errors_name_shapes_and_line_and_say_what_to_do)
{
    static const double data[64 * 784];
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(64, 784), data);
    ad_var w = ad_input_array(tape, AD_F64, AD_SHAPE(30, 784), data);
    ad_var z = ad_matmul_at(x, w, "train.c:42");
    cr_expect(ad_is_dead(z));
    cr_expect_eq(ad_tape_status(tape), AD_ERR_SHAPE);
    cr_expect_str_eq(message_of(z), "ad_matmul: [64, 784] x [30, 784]: inner lengths 784 and 30 "
                                    "differ; transpose one? (train.c:42)");
    ad_tape_clear_error(tape);
    z = ad_matmul_with_at(x, w, 1, 1, "train.c:43");
    cr_expect_str_eq(message_of(z),
                     "ad_matmul: [64, 784]^T x [30, 784]^T: inner lengths 64 and 784 "
                     "differ; transpose one? (train.c:43)");
    ad_tape_clear_error(tape);
    z = ad_matmul_at(x, ad_literal(2), "train.c:44");
    cr_expect_str_eq(message_of(z), "ad_matmul: [64, 784] x []: an operand is a scalar; ad_mul "
                                    "scales (train.c:44)");
    ad_tape_clear_error(tape);
    ad_var narrow = ad_input_array(tape, AD_F32, AD_SHAPE(784), (const void *)data);
    z = ad_matmul_at(x, narrow, "train.c:45");
    cr_expect_eq(ad_tape_status(tape), AD_ERR_TYPE);
    cr_expect_str_eq(message_of(z), "ad_matmul: f64 [64, 784] x f32 [784]: one element type is "
                                    "needed; convert one with ad_cast (train.c:45)");
    ad_tape_clear_error(tape);
    ad_var whole = ad_input_array(tape, AD_I64, AD_SHAPE(2, 2), (const void *)data);
    z = ad_matmul(whole, whole);
    cr_expect_eq(ad_tape_status(tape), AD_ERR_TYPE);
    ad_tape_clear_error(tape);
    z = ad_matmul(ad_input_array(tape, AD_F64, AD_SHAPE(2, 3, 4), data),
                  ad_input_array(tape, AD_F64, AD_SHAPE(3, 4, 5), data));
    cr_expect_eq(ad_tape_status(tape), AD_ERR_SHAPE);
    ad_tape_free(tape);
}

Test(matmul, dot_and_outer_have_their_values_and_gradients)
{
    const double three[] = {1, 2, 3}, other[] = {4, 5, -6};
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(3), three);
    ad_var y = ad_input_array(tape, AD_F64, AD_SHAPE(3), other), dx[2];
    double got[9];
    cr_expect_eq(ad_value(ad_dot(x, y)), -4);
    ad_grad(ad_square(ad_dot(x, y)), 2, (ad_var[]){x, y}, dx);
    ad_read(dx[0], 3, got);
    cr_expect_arr_eq(got, ((double[]){-32, -40, 48}), 3 * sizeof *got);
    cr_assert_eq(ad_read(ad_outer(x, y), 9, got), AD_OK);
    cr_expect_arr_eq(got, ((double[]){4, 5, -6, 8, 10, -12, 12, 15, -18}), sizeof got);
    ad_grad(ad_sum(ad_outer(x, y), AD_ALL), 2, (ad_var[]){x, y}, dx);
    ad_read(dx[0], 3, got);
    cr_expect_arr_eq(got, ((double[]){3, 3, 3}), 3 * sizeof *got);
    ad_read(dx[1], 3, got);
    cr_expect_arr_eq(got, ((double[]){6, 6, 6}), 3 * sizeof *got);
    cr_expect_eq(ad_tape_status(tape), AD_OK, "%s", ad_tape_message(tape));

    ad_dot_at(x, ad_outer(x, y), "a.c:1");
    cr_expect_str_eq(ad_tape_message(tape), "ad_dot: [3] x [3, 3]: takes two vectors of one length;"
                                            " ad_reshape one? (a.c:1)");
    ad_tape_clear_error(tape);
    ad_outer_at(x, ad_literal(1), "a.c:2");
    cr_expect_str_eq(ad_tape_message(tape),
                     "ad_outer: [3] x []: takes two vectors; ad_reshape one? (a.c:2)");
    ad_tape_free(tape);
}

Test(matmul, of_forgotten_vectors_says_so)
{
    ad_tape *tape = ad_tape_new();
    const double data[] = {1, 2};
    ad_mark mark = ad_tape_mark(tape);
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2), data);
    ad_tape_rewind(tape, mark);
    cr_expect(ad_is_dead(ad_dot(x, x)));
    cr_expect_eq(ad_tape_status(tape), AD_ERR_STALE);
    cr_expect(ad_is_dead(ad_outer(x, x)));
    cr_expect(ad_value(ad_dot(1, 2)) != 0); /* numbers are no vectors: NaN, and no tape to say so */
    ad_tape_free(tape);
}

Test(matmul, dot_of_empty_vectors_is_zero)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(0), NULL), dx;
    ad_var z = ad_dot(x, x);
    cr_expect_eq(ad_value(z), 0);
    cr_assert_eq(ad_grad(z, 1, &x, &dx), AD_OK, "%s", ad_tape_message(tape));
    cr_expect_eq(ad_count(dx), 0);
    ad_tape_free(tape);
}

/* Every allocation of a batched product and its gradient fails once: an error, no leak. */
Test(matmul, survives_every_failed_allocation)
{
    matrices x = operand_of(AD_SHAPE(3, 2, 4), 0, 1), y = operand_of(AD_SHAPE(4), 0, 2);
    for (size_t at = 0;; at++) {
        ad_failing_allocator state = {.fail_at = at};
        ad_allocator allocator = ad_allocator_failing(&state);
        ad_tape *tape = ad_tape_new_in(&allocator);
        ad_status status = AD_ERR_MEMORY;
        if (tape != NULL) {
            ad_var v[2] = {input(tape, AD_F64, &x), input(tape, AD_F64, &y)}, dv[2];
            status = ad_grad(ad_sum(ad_matmul(v[0], v[1]), AD_ALL), 2, v, dv);
        }
        ad_tape_free(tape);
        cr_assert_eq(state.live, 0);
        if (state.requests <= at) {
            cr_expect_eq(status, AD_OK);
            break;
        }
        cr_assert_eq(status, AD_ERR_MEMORY);
    }
}
