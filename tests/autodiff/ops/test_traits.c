/* SPDX-License-Identifier: MIT */
/* What descriptors say of their operations (tape/op_internal.h) is so: every trait of every
 * operation of the catalogue. */
#include "autodiff.h"
#include "kernels/blas_internal.h"
#include "samples.h"
#include "tape/tape_internal.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { POINTS = 7, LARGEST = 512 }; /* elements of an argument of a sample */

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(traits, .init = start, .fini = stop);

/* ---- rows ---- */

static double at(const ad_op *op, double x, double y, double w)
{
    const double numbers[3] = {x, y, w};
    ad_var v[3];
    for (int i = 0; i < op->arity; i++) {
        v[i] = ad_input(tape, numbers[i]);
    }
    return ad_value(ad__record(op, op->arity, v, NULL, 0));
}

/* Argument a of a row at point i, where its tests draw; at the last one all are equal. */
static double drawn(const ad_op *op, int a, int i)
{
    a = i == POINTS - 1 ? 0 : a;
    const double *range = op->range[a];
    double part = fmod(0.137 + 0.618 * i + 0.287 * a, 1);
    return range[0] + part * (range[1] - range[0]);
}

static int has_no_slope(const ad_op *op)
{
    int none = 1;
    for (int i = 0; i < POINTS; i++) {
        ad_var x[3], dx[3];
        for (int a = 0; a < op->arity; a++) {
            x[a] = ad_input(tape, drawn(op, a, i));
        }
        cr_assert_eq(ad_grad(ad__record(op, op->arity, x, NULL, 0), op->arity, x, dx), AD_OK);
        for (int a = 0; a < op->arity; a++) {
            none &= ad_value(dx[a]) == 0;
        }
    }
    return none;
}

Test(traits, a_row_without_a_slope_anywhere_is_a_step_and_no_other_is)
{
    for (const ad_op *const *op = ad__catalogue; *op != NULL; op++) {
        if ((*op)->arity > 0) {
            cr_expect_eq(ad__has(*op, AD__STEP), has_no_slope(*op), "%s", (*op)->name);
        }
    }
}

Test(traits, a_comparison_is_0_or_1)
{
    for (const ad_op *const *op = ad__catalogue; *op != NULL; op++) {
        for (int i = 0; i < POINTS && ad__has(*op, AD__COMPARES); i++) {
            double z = at(*op, drawn(*op, 0, i), drawn(*op, 1, i), 0);
            cr_expect(z == 0 || z == 1, "%s", (*op)->name);
            double tie = at(*op, 1, 1, 0);
            cr_expect(tie == 0 || tie == 1, "%s", (*op)->name);
        }
    }
}

Test(traits, what_is_linear_in_each_argument_doubles_with_it_and_is_0_where_it_is)
{
    for (const ad_op *const *op = ad__catalogue; *op != NULL; op++) {
        for (int i = 0; i < POINTS && ad__has(*op, AD__LINEAR); i++) {
            double x = drawn(*op, 0, i), y = (*op)->arity > 1 ? drawn(*op, 1, i) : 0;
            double z = at(*op, x, y, 0);
            cr_expect_eq(at(*op, 2 * x, y, 0), 2 * z, "%s", (*op)->name);
            cr_expect_eq(at(*op, 0, y, 0), 0, "%s", (*op)->name);
            if ((*op)->arity > 1) {
                cr_expect_eq(at(*op, x, 2 * y, 0), 2 * z, "%s", (*op)->name);
                cr_expect_eq(at(*op, x, 0, 0), 0, "%s", (*op)->name);
            }
        }
    }
}

Test(traits, a_product_of_the_chain_rule_drops_what_its_zero_meets)
{
    for (const ad_op *const *op = ad__catalogue; *op != NULL; op++) {
        if (ad__has(*op, AD__CHAIN)) {
            cr_expect_eq(at(*op, 0, INFINITY, 0), 0, "%s", (*op)->name);
            cr_expect_eq(at(*op, 0, NAN, 0), 0, "%s", (*op)->name);
        }
    }
}

Test(traits, what_selects_takes_one_of_two_arguments_by_the_first)
{
    for (const ad_op *const *op = ad__catalogue; *op != NULL; op++) {
        if (ad__has(*op, AD__SELECTS)) {
            cr_expect_eq(at(*op, 2, 3, NAN), 3, "%s", (*op)->name);
            cr_expect_eq(at(*op, NAN, 3, 4), 3, "%s", (*op)->name);
            cr_expect_eq(at(*op, 0, NAN, 4), 4, "%s", (*op)->name);
        }
    }
}

Test(traits, what_turns_is_the_sine_or_cosine_of_its_argument)
{
    for (const ad_op *const *op = ad__catalogue; *op != NULL; op++) {
        if (ad__has(*op, AD__TURNS)) {
            double s = at(*op, 0.3, 0, 0), shifted = at(*op, 0.3 + acos(-1) / 2, 0, 0);
            cr_expect(fabs(s * s + shifted * shifted - 1) < 1e-12, "%s", (*op)->name);
        }
    }
}

/* ---- structured operations, by their samples ---- */

typedef struct made {
    const ad_op *op;
    ad__call call;
    ad__array x[3];
} made;

/* Records a sample of numbers that are all different, from `first` on. */
static int make(const ad_op *op, const ad__sample *sample, double first, made *m)
{
    ad_var v[3];
    *m = (made){.op = op};
    for (int i = 0; i < sample->count; i++) {
        double x[LARGEST];
        size_t len = ad_shape_count(&sample->shape[i]);
        cr_assert_leq(len, LARGEST, "%s", op->name);
        for (size_t k = 0; k < len; k++) {
            x[k] = first++;
        }
        v[i] = ad_input_array(tape, AD_F64, sample->shape[i], x);
    }
    ad_var z = sample->build(v);
    if (ad__op_of(tape, z.ref.at.node) != op) {
        return 0; /* made of several: the last one is another */
    }
    int args;
    const uint32_t *arg = ad__args_of(tape, z.ref.at.node, &args);
    for (int i = 0; i < args && i < 3; i++) {
        m->x[i] = (ad__array){ad__spec_of(tape, arg[i]), ad__data_of(tape, arg[i])};
    }
    m->call = (ad__call){.count = args,
                         .x = m->x,
                         .attributes = ad__attributes_of(tape, z.ref.at.node),
                         .spec = *ad__spec_of(tape, z.ref.at.node),
                         .z = ad__data_of(tape, z.ref.at.node)};
    return 1;
}

static int is_among(const made *m, double z)
{
    for (int i = 0; i < m->call.count && i < 3; i++) {
        for (size_t k = 0; k < m->x[i].spec->count; k++) {
            double x = m->x[i].spec->type == AD_F64   ? ((const double *)m->x[i].data)[k]
                       : m->x[i].spec->type == AD_F32 ? (double)((const float *)m->x[i].data)[k]
                                                      : (double)((const int64_t *)m->x[i].data)[k];
            if (x == z) {
                return 1;
            }
        }
    }
    return 0;
}

/* Calls check with every sample, recorded twice: at different numbers. */
static void each_sample(void (*check)(const made *m, const made *other))
{
    for (const operation_sample *o = all_samples(); o->name != NULL; o++) {
        made m, other;
        if (o->op != NULL && make(o->op, &o->own, 1, &m) && make(o->op, &o->own, 101, &other)) {
            check(&m, &other);
        }
        ad_tape_clear_error(tape);
    }
}

static void check_movement(const made *m, const made *other)
{
    for (size_t i = 0; i < m->call.spec.count && m->call.spec.type == AD_F64; i++) {
        double z = ((const double *)m->call.z)[i], w = ((const double *)other->call.z)[i];
        if (ad__has(m->op, AD__MOVES)) {
            cr_expect(z == w || (is_among(m, z) && is_among(other, w)), "%s", m->op->name);
        }
        if (ad__has(m->op, AD__PICKS)) {
            cr_expect(is_among(m, z) && is_among(other, w), "%s", m->op->name);
        }
    }
}

Test(traits, what_moves_or_picks_elements_makes_none)
{
    each_sample(check_movement);
}

static void check_alias(const made *m, const made *other)
{
    size_t first = 0;
    (void)other;
    if (m->op->alias != NULL && m->op->alias(&m->call, &first)) {
        size_t bytes = ad_type_bytes(m->call.spec.type);
        cr_expect_eq(m->x[0].spec->type, m->call.spec.type, "%s", m->op->name);
        cr_assert_leq(first + m->call.spec.count, m->x[0].spec->count, "%s", m->op->name);
        cr_expect_eq(memcmp((const char *)m->x[0].data + first * bytes, m->call.z,
                            m->call.spec.count * bytes),
                     0, "%s", m->op->name);
    }
}

Test(traits, an_alias_has_its_arguments_elements)
{
    each_sample(check_alias);
}

static void check_spread(const made *m, const made *other)
{
    (void)other;
    ad_shape wide;
    if (ad__has(m->op, AD__SPREADS)) {
        const ad_shape *x = &m->x[0].spec->shape, *z = &m->call.spec.shape;
        cr_expect_eq(ad_shape_broadcast(x, z, &wide), AD_OK, "%s", m->op->name);
        cr_expect(ad_shape_equal(&wide, z), "%s", m->op->name);
    }
}

Test(traits, what_spreads_broadcasts_to_the_shape_of_the_result)
{
    each_sample(check_spread);
}

static void check_product(const made *m, const made *other)
{
    (void)other;
    ad__gemm g;
    if (m->op->product == NULL || !m->op->product(&m->call, &g)) {
        return;
    }
    const double *x = m->x[0].data, *y = m->x[1].data, *z = m->call.z;
    cr_assert_eq((size_t)(g.m * g.n), m->call.spec.count, "%s", m->op->name);
    for (int64_t i = 0; i < g.m; i++) {
        for (int64_t j = 0; j < g.n; j++) {
            double sum = 0;
            for (int64_t k = 0; k < g.k; k++) {
                sum += x[g.transpose_a ? k * g.lda + i : i * g.lda + k] *
                       y[g.transpose_b ? j * g.ldb + k : k * g.ldb + j];
            }
            cr_expect(fabs(sum - z[i * g.ldc + j]) <= 1e-12 * fabs(sum), "%s", m->op->name);
        }
    }
}

Test(traits, a_product_is_that_of_its_two_matrices)
{
    each_sample(check_product);
}
