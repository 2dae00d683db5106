/* SPDX-License-Identifier: MIT */
/* Values, first and second derivatives of every elementwise operation at random points against
 * exact ones, as tensors and as scalars. The points are drawn anew each time:
 *
 *   WENGERT_SEED=7 WENGERT_POINTS=200     draws those of seed 7 again, or more of them */
#include "autodiff.h"
#include "exact_rows.h"
#include "tape/tape_internal.h"

#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MOST_POINTS = 100000, MOST_OUTPUTS = 10, TENSOR = 0, SCALARS, FORMS };

static uint64_t number_from(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* ---- points ---- */

static double magnitude(ad_rng *rng, double lo, double hi)
{
    const double size = pow(10, lo + (hi - lo) * ad_rng_uniform(rng));
    return ad_rng_bits(rng) >> 63 ? -size : size;
}

/* All arguments of all magnitudes, of moderate ones, or within reach; or close to each other in
 * size; or near a point where the operation is at its end. */
static void draw(const exact_row *row, ad_rng *rng, double limit, double x[3])
{
    const int64_t way = ad_rng_below(rng, row->near != 0 ? 5 : 4);
    for (int i = 0; i < 3; i++) {
        x[i] = way == 0   ? magnitude(rng, -limit, limit)
               : way == 1 ? magnitude(rng, -3, 3)
                          : row->reach * (2 * ad_rng_uniform(rng) - 1);
        if (way == 3) {
            x[i] = i == 0 ? magnitude(rng, 4 - limit, limit - 4)
                          : x[0] * (8 * ad_rng_uniform(rng) - 4);
        }
        if (way == 4) {
            x[i] = row->near + magnitude(rng, limit > 40 ? -15 : -6, -1);
        }
    }
}

static void draw_point(const exact_row *row, ad_rng *rng, ad_type type, double x[3])
{
    const double limit = type == AD_F64 ? 300 : 37;
    memset(x, 0, 3 * sizeof *x);
    (row->draw != NULL ? row->draw(rng, limit, x) : draw(row, rng, limit, x));
    for (int i = 0; i < 3 && type == AD_F32; i++) {
        x[i] = (double)(float)x[i];
    }
}

/* ---- the library's numbers ---- */

typedef struct points {
    const ad_op *op;
    ad_type type;
    int count;
    double (*x)[3];
    double *got[FORMS][MOST_OUTPUTS]; /* value, derivatives, upper triangle of second ones */
} points;

static void read_output(ad_var z, int count, double *to)
{
    if (z.tape == NULL) { /* nothing depends on it */
        for (int k = 0; k < count; k++) {
            to[k] = ad_value(z);
        }
        return;
    }
    cr_assert_eq(ad_read(z, (size_t)count, to), AD_OK, "%s", ad_tape_message(z.tape));
}

/* At count points from first on at once: a tensor, or a scalar. */
static void evaluate(points *p, int form, int first, int count)
{
    const int arity = p->op->arity;
    ad_tape *tape = ad_tape_new();
    ad_var x[3], dx[3], ddx[3], one = ad_literal(1);
    double *column = malloc((size_t)count * sizeof *column), **got = p->got[form];
    for (int i = 0; i < arity; i++) {
        for (int k = 0; k < count; k++) {
            column[k] = p->x[first + k][i];
        }
        x[i] = ad_input_array(tape, AD_F64, form == SCALARS ? AD_SCALAR : AD_SHAPE(count), column);
        x[i] = p->type == AD_F64 ? x[i] : ad_cast(x[i], AD_F32);
    }
    free(column);
    ad_var z = ad__record(p->op, arity, x, NULL, 0);
    int output = 0;
    read_output(z, count, got[output++] + first);
    ad_vjp(1, &z, arity, x, &one, dx);
    for (int i = 0; i < arity; i++) {
        read_output(dx[i], count, got[output++] + first);
    }
    for (int i = 0; i < arity; i++) {
        ad_vjp(1, &dx[i], arity, x, &one, ddx);
        for (int j = i; j < arity; j++) {
            read_output(ddx[j], count, got[output++] + first);
        }
    }
    cr_assert_eq(ad_tape_status(tape), AD_OK, "%s", ad_tape_message(tape));
    ad_tape_free(tape);
}

static void evaluate_all(points *p)
{
    for (int i = 0; i < MOST_OUTPUTS; i++) {
        p->got[TENSOR][i] = malloc((size_t)p->count * sizeof(double));
        p->got[SCALARS][i] = malloc((size_t)p->count * sizeof(double));
    }
    evaluate(p, TENSOR, 0, p->count);
    for (int k = 0; k < p->count; k++) {
        evaluate(p, SCALARS, k, 1);
    }
}

/* ---- comparison, where the value is within the range ---- */

/* How much the truth changes with relative changes of the arguments, to be had once more. */
static double condition(const exact_row *row, const double x[3], int arity, int i, int j)
{
    double sum = 0;
    exact at = exact_derivative(row, x, i, j);
    const double truth = at != NULL ? mpfr_get_d(at, MPFR_RNDN) : 0;
    for (int k = 0; k < arity; k++) {
        double near[3] = {x[0], x[1], x[2]};
        near[k] *= 1 + 0x1p-20;
        exact z = exact_derivative(row, near, i, j);
        sum += z != NULL ? fabs(mpfr_get_d(z, MPFR_RNDN) - truth) * 0x1p20 : 0;
    }
    return truth != 0 ? sum / fabs(truth) : INFINITY;
}

typedef struct worst {
    double excess, error; /* the error over what is allowed; the error in ulp */
    int point, count;     /* of points outside */
    double truth, got;
    const char *form;
} worst;

static int is_moderate(const double x[3], int arity)
{
    int is = 1;
    for (int i = 0; i < arity; i++) {
        is &= fabs(x[i]) > 1e-3 && fabs(x[i]) < 1e3;
    }
    return is;
}

/* What a result is held to at a point, in ulp. */
static double allowed(const points *p, const exact_row *row, const double x[3], double truth, int i,
                      int j)
{
    const int order = (i >= 0) + (j >= 0);
    const double least = p->type == AD_F64 ? 0x1p-1022 : 0x1p-126;
    double most = row->most[order];
    if (fabs(truth) < least * 0x1p60) {
        most += row->lost[order] / fmax(fabs(truth) / least, 1);
    }
    return row->ill[order] ? most * fmax(1, condition(row, x, p->op->arity, i, j)) : most;
}

static int is_excused(const points *p, const exact_row *row, const double x[3], double truth,
                      double got, int order)
{
    const double eps = p->type == AD_F64 ? 0x1p-53 : 0x1p-24;
    const double far = p->type == AD_F64 ? 0x1p512 : 0x1p64;
    const double scale = order == 2 ? 1 + fabs(x[0]) : 1;
    return (row->far[order] && fabs(truth) > far && !isfinite(got)) ||
           fabs(got - truth) <= row->floor[order] * eps * scale;
}

static void compare_form(const points *p, const exact_row *row, int form, int output, int i, int j,
                         int k, exact truth, worst *w)
{
    static const char *const forms[] = {[TENSOR] = "a tensor", [SCALARS] = "a scalar"};
    const int order = (i >= 0) + (j >= 0);
    const double got = p->got[form][output][k], near = mpfr_get_d(truth, MPFR_RNDN);
    const double error = exact_error(truth, got, p->type);
    if (error <= row->most[order] || is_excused(p, row, p->x[k], near, got, order)) {
        return;
    }
    const double most = allowed(p, row, p->x[k], near, i, j);
    if (!(error <= most)) {
        w->count++;
        if (!(error / most <= w->excess)) {
            *w = (worst){
                isnan(error) ? INFINITY : error / most, error, k, w->count, near, got, forms[form]};
        }
    }
}

static void compare(const points *p, const exact_row *row, int output, int i, int j, worst *w)
{
    const int order = (i >= 0) + (j >= 0);
    for (int k = 0; k < p->count; k++) {
        if (isinf(p->got[TENSOR][0][k]) ||
            (row->moderate[order] && !is_moderate(p->x[k], p->op->arity))) {
            continue;
        }
        exact truth = exact_derivative(row, p->x[k], i, j);
        if (truth == NULL) {
            continue;
        }
        mpfr_t kept; /* another derivative, for a condition, takes the place of this one */
        mpfr_init2(kept, mpfr_get_prec(truth));
        mpfr_set(kept, truth, MPFR_RNDN);
        for (int form = 0; form < FORMS; form++) {
            compare_form(p, row, form, output, i, j, k, kept, w);
        }
        mpfr_clear(kept);
    }
}

static void check_output(const points *p, const exact_row *row, int output, int i, int j,
                         uint64_t seed)
{
    worst w = {.form = ""};
    char what[32] = "value";
    compare(p, row, output, i, j, &w);
    if (i >= 0) {
        (void)snprintf(what, sizeof what, j < 0 ? "dz/dx%d" : "d2z/dx%d dx%d", i, j);
    }
    const double *x = p->x[w.point];
    cr_expect(w.count == 0,
              "%s, %s, %s: %s is off by %.3g ulp at (%.17g, %.17g, %.17g): %.17g for %.17g; %d of "
              "%d results; WENGERT_SEED=%llu WENGERT_POINTS=%d",
              row->name, w.form, ad_type_name(p->type), what, w.error, x[0], x[1], x[2], w.got,
              w.truth, w.count, FORMS * p->count, (unsigned long long)seed, p->count);
}

static void check_row(const ad_op *op, ad_type type, int count, uint64_t seed)
{
    const exact_row *row = exact_row_of(op->name);
    cr_assert_not_null(row,
                       "%s has no reference: write its formula over exact numbers, ROW(%s, "
                       "formula in x, y, w, .reach = 10, FOUR), to tests/autodiff/elementwise.def",
                       op->name, op->name);
    ad_rng rng = {.seed = seed, .stream = op->code};
    points p = {.op = op, .type = type, .count = count};
    p.x = malloc((size_t)count * sizeof *p.x);
    for (int k = 0; k < count; k++) {
        draw_point(row, &rng, type, p.x[k]);
    }
    evaluate_all(&p);
    int output = 0;
    check_output(&p, row, output++, -1, -1, seed);
    for (int i = 0; i < op->arity; i++) {
        check_output(&p, row, output++, i, -1, seed);
    }
    for (int i = 0; i < op->arity; i++) {
        for (int j = i; j < op->arity; j++) {
            check_output(&p, row, output++, i, j, seed);
        }
    }
    for (int i = 0; i < MOST_OUTPUTS; i++) {
        free(p.got[TENSOR][i]);
        free(p.got[SCALARS][i]);
    }
    free(p.x);
    exact_stop();
}

/* ---- one test a row: its place in the catalogue, since addresses differ between processes ---- */

ParameterizedTestParameters(ops_digits, of_every_row_at_random_points)
{
    static int places[256];
    size_t count = 0;
    for (int i = 0; ad__catalogue[i] != NULL && count < 256; i++) {
        if (ad__catalogue[i]->arity > 0) {
            places[count++] = i;
        }
    }
    return cr_make_param_array(int, places, count);
}

ParameterizedTest(const int *place, ops_digits, of_every_row_at_random_points)
{
    const uint64_t asked = number_from("WENGERT_POINTS", 40);
    const uint64_t seed = number_from("WENGERT_SEED", (uint64_t)time(NULL));
    const int count = asked < MOST_POINTS ? (int)asked : MOST_POINTS;
    check_row(ad__catalogue[*place], AD_F64, count, seed);
    check_row(ad__catalogue[*place], AD_F32, count, seed);
}
