/* SPDX-License-Identifier: MIT */
/* Every mixture of what can stand among variables and results. */
#include "autodiff.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum { POOL = 40, MOST = 8, ROOM = 400 };

/* Variables, and what was made of them: scalars and tensors of both types, some without elements.
 * The last of them are recorded after everything else and read by nothing. */
typedef struct pool {
    ad_var v[POOL];
    int count, inputs;
} pool;

static ad_var leaf(ad_tape *tape, ad_rng *rng, int is_scalar)
{
    static const ad_shape shapes[] = {{.rank = 0}, {1, {3}}, {2, {2, 2}}, {1, {0}}, {2, {2, 0}}};
    const ad_shape shape = shapes[is_scalar ? 0 : ad_rng_below(rng, 5)];
    double data[4];
    for (int i = 0; i < 4; i++) {
        data[i] = 0.2 + ad_rng_uniform(rng);
    }
    ad_var x = ad_input_array(tape, AD_F64, shape, data);
    float narrow[4] = {(float)data[0], 0.5F, 1.5F, (float)data[3]};
    return !is_scalar && ad_rng_below(rng, 3) == 0 ? ad_input_array(tape, AD_F32, shape, narrow)
                                                   : x;
}

/* A scalar of f64 with the derivative of every element of v, or v itself if it is one. */
static ad_var scalar(ad_var v)
{
    ad_shape shape = ad_shape_of(v);
    return ad_type_of(v) == AD_F64 && shape.rank == 0
               ? v
               : ad_cast(ad_sum(ad_square(v), AD_ALL), AD_F64);
}

/* is_scalar: all that is computed is, from scalars alone; tensors are there and nobody reads them.
 */
static void record(pool *p, ad_tape *tape, ad_rng *rng, int is_scalar)
{
    p->inputs = 3 + (int)ad_rng_below(rng, 6);
    p->count = 0;
    for (int i = 0; i < p->inputs; i++) {
        p->v[p->count++] = leaf(tape, rng, i == 0);
    }
    for (int steps = (int)ad_rng_below(rng, 20); steps > 0; steps--) {
        ad_var a = p->v[ad_rng_below(rng, p->count)], first = p->v[0], z;
        ad_shape shape = ad_shape_of(a);
        if (is_scalar && !(ad_type_of(a) == AD_F64 && shape.rank == 0)) {
            continue;
        }
        ad_var b = is_scalar ? first : scalar(p->v[ad_rng_below(rng, p->count)]);
        switch (ad_rng_below(rng, 4)) {
        case 0:
            z = ad_tanh(a);
            break;
        case 1:
            z = ad_mul(ad_cast(a, AD_F64), b);
            break;
        case 2:
            z = ad_add(a, a);
            break;
        default:
            z = ad_fma(scalar(a), b, scalar(a));
            break;
        }
        p->v[p->count++] = z;
    }
    for (int i = 0; i < 4; i++) {
        p->v[p->count++] = leaf(tape, rng, i == 0);
    }
}

/* Some of the pool, perhaps repeated, and numbers among them. */
static int draw(const pool *p, ad_rng *rng, ad_var *v, int has_numbers)
{
    int count = 1 + (int)ad_rng_below(rng, MOST - 1);
    for (int i = 0; i < count; i++) {
        v[i] = p->v[ad_rng_below(rng, p->count)];
        if (has_numbers && i > 0 && ad_rng_below(rng, 5) == 0) {
            v[i] = ad_literal(1.5);
        }
    }
    return count;
}

static size_t elements(int count, const ad_var *v)
{
    size_t sum = 0;
    for (int i = 0; i < count; i++) {
        sum += ad_count(v[i]);
    }
    return sum;
}

/* The recorded gradient of element k of y. */
static void expected_row(ad_var y, size_t k, int count, const ad_var *x, double *row)
{
    ad_var dx[MOST], flat = ad_reshape(y, AD_SHAPE(-1));
    cr_assert_eq(ad_grad(ad_select(flat, 0, (int64_t)k), count, x, dx), AD_OK);
    for (int i = 0; i < count; i++) {
        cr_assert_eq(ad_read(dx[i], ad_count(x[i]), row), AD_OK);
        row += ad_count(x[i]);
    }
}

static void expect_rows(const char *name, uint64_t seed, ad_tape *tape, int results,
                        const ad_var *y, int count, const ad_var *x, const double *out)
{
    const size_t cols = elements(count, x);
    cr_expect_eq(out[elements(results, y) * cols], 77, "%s, seed %d: wrote too much", name,
                 (int)seed);
    for (int j = 0; j < results; j++) {
        for (size_t k = 0; k < ad_count(y[j]); k++, out += cols) {
            double row[ROOM] = {0};
            if (y[j].tape != NULL) {
                expected_row(y[j], k, count, x, row);
            }
            for (size_t c = 0; c < cols; c++) {
                double scale = fmax(1, fabs(row[c]));
                cr_expect(fabs(out[c] - row[c]) <= 1e-5 * scale,
                          "%s, seed %d: dy[%d][%zu] / dx[%zu] is %g, not %g", name, (int)seed, j, k,
                          c, out[c], row[c]);
            }
        }
    }
    cr_assert_eq(ad_tape_status(tape), AD_OK, "%s, seed %d: %s", name, (int)seed,
                 ad_tape_message(tape));
}

static void fill(double *out, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = -99;
    }
    out[count] = 77;
}

/* Products with and without tangents, against the rows of a Jacobian. */
static void expect_products(uint64_t seed, int results, const ad_var *y, int count, const ad_var *x,
                            const double *jacobian)
{
    ad_var one[MOST], dy[MOST];
    for (int i = 0; i < count; i++) {
        one[i] = ad_literal(1);
    }
    cr_assert_eq(ad_jvp(results, y, count, x, one, dy), AD_OK);
    const size_t cols = elements(count, x);
    for (int j = 0; j < results; j++) {
        double values[ROOM];
        cr_assert_eq(ad_read(dy[j], ad_count(y[j]), values), AD_OK);
        for (size_t k = 0; k < ad_count(y[j]); k++, jacobian += cols) {
            double sum = 0, scale = 1;
            for (size_t c = 0; c < cols; c++) {
                sum += jacobian[c];
                scale += fabs(jacobian[c]);
            }
            cr_expect(fabs(values[k] - sum) <= 1e-5 * scale, "ad_jvp, seed %d", (int)seed);
        }
    }
}

static void compare(uint64_t seed, int is_scalar)
{
    ad_rng rng = {.seed = seed};
    ad_tape *tape = ad_tape_new();
    pool p;
    record(&p, tape, &rng, is_scalar);
    cr_assert_eq(ad_tape_status(tape), AD_OK, "%s", ad_tape_message(tape));
    ad_var x[MOST], y[MOST];
    static double out[ROOM * ROOM + 1], row[ROOM];
    const int count = draw(&p, &rng, x, 0), results = draw(&p, &rng, y, 1);
    const size_t cols = elements(count, x), rows = elements(results, y);
    const size_t len = ad_tape_len(tape);

    fill(out, rows * cols);
    cr_assert_eq(ad_jacobian_values(results, y, count, x, out), AD_OK, "%s", ad_tape_message(tape));
    cr_expect_eq(ad_tape_len(tape), len, "the tape is as before");
    expect_rows("ad_jacobian_values", seed, tape, results, y, count, x, out);
    expect_products(seed, results, y, count, x, out);

    ad_var s = is_scalar ? p.v[ad_rng_below(&rng, p.count)] : scalar(y[0]);
    s = ad_shape_of(s).rank == 0 ? s : p.v[0];
    ad_var ds[MOST];
    fill(out, cols);
    cr_assert_eq(ad_grad_values(s, count, x, out), AD_OK, "%s", ad_tape_message(tape));
    cr_expect_eq(out[cols], 77, "ad_grad_values, seed %d: wrote too much", (int)seed);
    expected_row(s, 0, count, x, row);
    for (size_t c = 0; c < cols; c++) {
        double got = out[c] + 0.0, want = row[c] + 0.0;
        cr_expect(memcmp(&got, &want, sizeof got) == 0, "ad_grad_values, seed %d: %zu: %g, not %g",
                  (int)seed, c, got, want);
    }
    cr_assert_eq(ad_grad(s, count, x, ds), AD_OK);
    fill(out, cols * cols);
    cr_assert_eq(ad_hessian_values(s, count, x, out), AD_OK, "%s", ad_tape_message(tape));
    expect_rows("ad_hessian_values", seed, tape, count, ds, count, x, out);
    ad_tape_free(tape);
}

Test(reverse_mixtures, values_of_scalar_programs_are_the_recorded_ones_whatever_stands_beside)
{
    for (uint64_t seed = 1; seed <= 500; seed++) {
        compare(seed, 1);
    }
}

Test(reverse_mixtures, values_of_tensor_programs_are_the_recorded_ones)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        compare(seed, 0);
    }
}

/* A tensor that a scalar program does not read. */
Test(reverse_mixtures, an_unread_tensor_has_a_column_an_element)
{
    ad_tape *tape = ad_tape_new();
    const double v3[] = {1, 2, 3};
    ad_var v = ad_input_array(tape, AD_F64, AD_SHAPE(3), v3), w = ad_input(tape, 2.0);
    ad_var x[] = {v, w}, y = ad_mul(w, w), late, none;
    double j[16], g[5] = {9, 9, 9, 9, 9};
    late = ad_input_array(tape, AD_F64, AD_SHAPE(3), v3);
    none = ad_input_array(tape, AD_F64, AD_SHAPE(0), v3);
    cr_assert_eq(ad_jacobian_values(1, &y, 2, x, j), AD_OK);
    cr_expect(j[0] == 0 && j[1] == 0 && j[2] == 0 && j[3] == 4);
    cr_assert_eq(ad_hessian_values(y, 2, x, j), AD_OK);
    for (int i = 0; i < 16; i++) {
        cr_expect_eq(j[i], i == 15 ? 2 : 0);
    }
    cr_assert_eq(ad_jacobian_values(2, (ad_var[]){v, y}, 1, &w, j), AD_OK);
    cr_expect(j[0] == 0 && j[1] == 0 && j[2] == 0 && j[3] == 4);
    cr_assert_eq(ad_grad_values(y, 2, (ad_var[]){late, w}, g), AD_OK);
    cr_expect(g[0] == 0 && g[1] == 0 && g[2] == 0 && g[3] == 4);
    cr_assert_eq(ad_grad_values(y, 2, (ad_var[]){w, none}, g), AD_OK);
    cr_expect(g[0] == 4 && g[1] == 0, "an empty tensor has none");
    ad_tape_free(tape);
}
