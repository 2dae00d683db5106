/* SPDX-License-Identifier: MIT */
/* Every operation of the catalogue at once: what must hold for each, whatever it computes. */
#include "autodiff.h"
#include "samples.h"
#include "tape/op_internal.h"
#include "tape/tape_internal.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { MOST_ARGS = 3, ROOM = 256 };

/* An operation on arguments of given shapes, drawn from given ranges: a row under some broadcast,
 * or a sample of a structured operation. */
typedef struct sample {
    const char *name;
    const ad_op *op;
    const ad__sample *own; /* NULL: a row */
    int count;
    ad_shape shape[MOST_ARGS];
    double range[MOST_ARGS][2];
    char text[128]; /* for messages */
} sample;

/* ---- numbers ---- */

static size_t places(const sample *s)
{
    size_t total = 0;
    for (int i = 0; i < s->count; i++) {
        total += ad_shape_count(&s->shape[i]);
    }
    cr_assert_leq(total, (size_t)ROOM, "%s", s->text);
    return total;
}

/* A point: the elements of all arguments, one after the other. */
static void draw_point(const sample *s, double *at)
{
    places(s);
    ad_rng rng = {.seed = 7};
    for (int i = 0; i < s->count; i++) {
        size_t n = ad_shape_count(&s->shape[i]);
        ad_rng_fill_uniform(rng, AD_F64, n, at);
        rng.counter += n;
        for (size_t k = 0; k < n; k++, at++) {
            *at = s->range[i][0] + (s->range[i][1] - s->range[i][0]) * *at;
        }
    }
}

static void draw_direction(uint64_t stream, double *u)
{
    ad_rng_fill_normal((ad_rng){.seed = 11, .stream = stream}, AD_F64, ROOM, u);
}

static double dot(size_t n, const double *a, const double *b)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += a[i] * b[i];
    }
    return sum;
}

/* ---- recording a sample ---- */

static void split(const sample *s, ad_tape *tape, const double *numbers, ad_var *x)
{
    for (int i = 0; i < s->count; i++) {
        x[i] = ad_input_array(tape, AD_F64, s->shape[i], numbers);
        numbers += ad_shape_count(&s->shape[i]);
    }
}

static ad_var record(const sample *s, ad_tape *tape, const double *at, ad_var *x)
{
    split(s, tape, at, x);
    ad_var z = s->own != NULL ? record_sample(s->own, x) : ad__record(s->op, s->count, x, NULL, 0);
    cr_assert_eq(ad_tape_status(tape), AD_OK, "%s: %s", s->text, ad_tape_message(tape));
    cr_assert_leq(ad_count(z), (size_t)ROOM, "%s", s->text);
    return z;
}

static ad_var like(ad_var z, const double *numbers)
{
    return ad_input_array(z.tape, AD_F64, ad_shape_of(z), numbers);
}

static void join(const sample *s, const ad_var *dx, double *out)
{
    for (int i = 0; i < s->count; i++) {
        cr_assert_eq(ad_read(dx[i], ad_shape_count(&s->shape[i]), out), AD_OK, "%s: %s", s->text,
                     ad_tape_message(dx[i].tape));
        out += ad_shape_count(&s->shape[i]);
    }
}

/* <u, z(at)> */
static double weighed(const sample *s, const double *at, const double *u)
{
    ad_tape *tape = ad_tape_new();
    ad_var x[MOST_ARGS], z = record(s, tape, at, x);
    double values[ROOM];
    cr_assert_eq(ad_read(z, ad_count(z), values), AD_OK);
    double sum = dot(ad_count(z), values, u);
    ad_tape_free(tape);
    return sum;
}

/* J'u at a point, and unless `second` is NULL the gradient of <v, J'u> there. */
static void pull_back(const sample *s, const double *at, const double *u, const double *v,
                      double *first, double *second)
{
    ad_tape *tape = ad_tape_new();
    ad_var x[MOST_ARGS], w[MOST_ARGS], dx[MOST_ARGS], ddx[MOST_ARGS];
    ad_var z = record(s, tape, at, x), g = like(z, u);
    ad_vjp(1, &z, s->count, x, &g, dx);
    join(s, dx, first);
    if (second != NULL) {
        split(s, tape, v, w);
        ad_vjp(s->count, dx, s->count, x, w, ddx);
        join(s, ddx, second);
    }
    cr_assert_eq(ad_tape_status(tape), AD_OK, "%s: %s", s->text, ad_tape_message(tape));
    ad_tape_free(tape);
}

/* ---- what must hold ---- */

static void expect_near(const sample *s, const char *what, double got, double want,
                        double tolerance)
{
    double scale = fabs(want) > 1 ? fabs(want) : 1;
    cr_expect(fabs(got - want) <= tolerance * scale, "%s: %s is %.15g, not %.15g", s->text, what,
              got, want);
}

static void gradients_have_the_shapes_of_their_arguments(const sample *s)
{
    double at[ROOM];
    ad_tape *tape = ad_tape_new();
    ad_var x[MOST_ARGS], dx[MOST_ARGS], one = ad_literal(1);
    draw_point(s, at);
    ad_var z = record(s, tape, at, x);
    cr_expect_eq(ad_vjp(1, &z, s->count, x, &one, dx), AD_OK, "%s: %s", s->text,
                 ad_tape_message(tape));
    for (int i = 0; i < s->count; i++) {
        ad_shape own = ad_shape_of(dx[i]);
        cr_expect(ad_shape_equal(&own, &s->shape[i]), "%s: gradient %d", s->text, i);
        cr_expect_eq(ad_type_of(dx[i]), AD_F64, "%s: gradient %d", s->text, i);
    }
    ad_tape_free(tape);
}

static void derivatives_agree_with_central_differences(const sample *s)
{
    double at[ROOM], u[ROOM], v[ROOM], first[ROOM], second[ROOM], high[ROOM], low[ROOM];
    size_t n = places(s);
    const double h = 1e-5;
    draw_point(s, at);
    draw_direction(1, u);
    draw_direction(2, v);
    pull_back(s, at, u, v, first, second);
    for (size_t i = 0; i < n; i++) {
        double middle = at[i];
        at[i] = middle + h;
        double above = weighed(s, at, u);
        pull_back(s, at, u, NULL, high, NULL);
        at[i] = middle - h;
        double below = weighed(s, at, u);
        pull_back(s, at, u, NULL, low, NULL);
        at[i] = middle;
        expect_near(s, "a first derivative", first[i], (above - below) / (2 * h), 1e-6);
        expect_near(s, "a second derivative", second[i],
                    (dot(n, high, v) - dot(n, low, v)) / (2 * h), 1e-6);
    }
}

/* <u, J v> = <J'u, v> */
static void forward_and_reverse_mode_are_adjoint(const sample *s)
{
    double at[ROOM], u[ROOM], v[ROOM], first[ROOM], along[ROOM];
    draw_point(s, at);
    draw_direction(1, u);
    draw_direction(2, v);
    pull_back(s, at, u, NULL, first, NULL);
    ad_tape *tape = ad_tape_new();
    ad_var x[MOST_ARGS], w[MOST_ARGS], dz, z = record(s, tape, at, x);
    split(s, tape, v, w);
    cr_assert_eq(ad_jvp(1, &z, s->count, x, w, &dz), AD_OK, "%s: %s", s->text,
                 ad_tape_message(tape));
    cr_assert_eq(ad_read(dz, ad_count(z), along), AD_OK);
    expect_near(s, "<u, J v>", dot(ad_count(z), u, along), dot(places(s), first, v), 1e-12);
    ad_tape_free(tape);
}

/* J'(u + 3 v) = J'u + 3 J'v */
static void gradients_are_linear_in_the_cotangent(const sample *s)
{
    double at[ROOM], u[ROOM], v[ROOM], sum[ROOM], of_u[ROOM], of_v[ROOM], of_sum[ROOM];
    draw_point(s, at);
    draw_direction(1, u);
    draw_direction(2, v);
    for (size_t i = 0; i < ROOM; i++) {
        sum[i] = u[i] + 3 * v[i];
    }
    pull_back(s, at, u, NULL, of_u, NULL);
    pull_back(s, at, v, NULL, of_v, NULL);
    pull_back(s, at, sum, NULL, of_sum, NULL);
    for (size_t i = 0; i < places(s); i++) {
        expect_near(s, "J'(u + 3 v)", of_sum[i], of_u[i] + 3 * of_v[i], 1e-13);
    }
}

/* ---- the samples ---- */

/* Bit for bit, but for the sign of zeros. */
static void gradients_as_numbers_equal_recorded_ones(const sample *s)
{
    double at[ROOM], recorded[ROOM], swept[ROOM];
    draw_point(s, at);
    ad_tape *tape = ad_tape_new();
    ad_var x[MOST_ARGS], dx[MOST_ARGS], z = record(s, tape, at, x);
    ad_var y = ad_sum(ad_mul(z, ad_sin(z)), AD_ALL);
    cr_assert_eq(ad_grad_values(y, s->count, x, swept), AD_OK, "%s", ad_tape_message(tape));
    ad_grad(y, s->count, x, dx);
    join(s, dx, recorded);
    for (size_t i = 0; i < places(s); i++) {
        cr_expect(recorded[i] == swept[i], "%s: %.17g and %.17g at place %zu", s->text, recorded[i],
                  swept[i], i);
    }
    ad_tape_free(tape);
}

static void describe(sample *s)
{
    char shape[160];
    int end = snprintf(s->text, sizeof s->text, "%s", s->name);
    for (int i = 0; i < s->count; i++) {
        end += snprintf(s->text + end, sizeof s->text - (size_t)end, " %s",
                        ad_shape_print(&s->shape[i], shape, sizeof shape));
    }
}

/* A row with every argument of one shape but one of another. */
static sample row_sample(const ad_op *op, ad_shape all, int odd, ad_shape other)
{
    sample s = {.name = op->name, .op = op, .count = op->arity};
    for (int i = 0; i < op->arity; i++) {
        s.shape[i] = i == odd ? other : all;
        memcpy(s.range[i], op->range[i], sizeof s.range[i]);
    }
    describe(&s);
    return s;
}

static void each_row_sample(const ad_op *op, void (*visit)(const sample *))
{
    const ad_shape matrix = AD_SHAPE(2, 3), empty = AD_SHAPE(2, 0);
    const ad_shape others[] = {AD_SCALAR,      AD_SHAPE(1),    AD_SHAPE(3),
                               AD_SHAPE(2, 1), AD_SHAPE(1, 3), AD_SHAPE(2, 2, 3)};
    sample s = row_sample(op, AD_SCALAR, 0, AD_SCALAR);
    visit(&s);
    for (int odd = 0; odd < op->arity; odd++) {
        for (size_t k = 0; k < sizeof others / sizeof *others; k++) {
            s = row_sample(op, matrix, odd, others[k]);
            visit(&s);
        }
        s = row_sample(op, empty, odd, AD_SHAPE(1));
        visit(&s);
    }
}

static void each_sample(void (*visit)(const sample *))
{
    for (const ad_op *const *op = ad__catalogue; *op != NULL; op++) {
        if ((*op)->arity > 0) {
            each_row_sample(*op, visit);
        }
    }
    for (const operation_sample *o = all_samples(); o->name != NULL; o++) {
        sample s = {.name = o->name, .op = o->op, .own = &o->own, .count = o->own.count};
        for (int i = 0; i < s.count; i++) {
            s.shape[i] = o->own.shape[i];
            s.range[i][0] = o->own.lo;
            s.range[i][1] = o->own.hi;
        }
        describe(&s);
        visit(&s);
    }
}

Test(ops, gradients_have_the_shapes_of_their_arguments_under_every_broadcast)
{
    each_sample(gradients_have_the_shapes_of_their_arguments);
}

Test(ops, first_and_second_derivatives_agree_with_central_differences)
{
    each_sample(derivatives_agree_with_central_differences);
}

Test(ops, forward_and_reverse_mode_are_adjoint)
{
    each_sample(forward_and_reverse_mode_are_adjoint);
}

Test(ops, gradients_are_linear_in_the_cotangent)
{
    each_sample(gradients_are_linear_in_the_cotangent);
}

/* ---- the catalogue itself ---- */

Test(ops, names_are_unique_and_begin_with_ad)
{
    for (const ad_op *const *a = ad__catalogue; *a != NULL; a++) {
        cr_expect_eq(strncmp((*a)->name, "ad_", 3), 0, "%s", (*a)->name);
        for (const ad_op *const *b = ad__catalogue; b != a; b++) {
            cr_expect_str_neq((*a)->name, (*b)->name);
        }
    }
}

Test(ops, a_result_has_the_broadcast_shape_of_the_arguments)
{
    const struct {
        ad_shape x, y, z;
    } rows[] = {
        {AD_SCALAR, AD_SHAPE(3), AD_SHAPE(3)},
        {AD_SHAPE(2, 1), AD_SHAPE(3), AD_SHAPE(2, 3)},
        {AD_SHAPE(0), AD_SHAPE(1), AD_SHAPE(0)},
        {AD_SHAPE(2, 0), AD_SHAPE(1), AD_SHAPE(2, 0)},
        {AD_SHAPE(4, 1, 3), AD_SHAPE(2, 1), AD_SHAPE(4, 2, 3)},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ad_tape *tape = ad_tape_new();
        ad_var x = ad_full(tape, AD_F32, rows[i].x, 1), y = ad_full(tape, AD_F32, rows[i].y, 2);
        ad_shape z = ad_shape_of(ad_sub(x, y)), turned = ad_shape_of(ad_where(1.0, y, x));
        cr_expect(ad_shape_equal(&z, &rows[i].z), "row %zu", i);
        cr_expect(ad_shape_equal(&turned, &rows[i].z), "row %zu, turned", i);
        ad_tape_free(tape);
    }
}

Test(ops, gradients_as_numbers_equal_recorded_ones)
{
    each_sample(gradients_as_numbers_equal_recorded_ones);
}
