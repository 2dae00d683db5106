/* SPDX-License-Identifier: MIT */
#include "operations.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM = 512, MOST = 8 };

/* A function of up to MOST tensors, their elements one after the other in one array. */
typedef struct function {
    ad_var (*build)(const ad_var *x);
    int count;
    const ad_shape *shape;
    ad_type type;
} function;

static size_t places(const function *f)
{
    size_t total = 0;
    for (int i = 0; i < f->count; i++) {
        total += ad_shape_count(&f->shape[i]);
    }
    cr_assert_leq(total, (size_t)ROOM);
    return total;
}

static void inputs(ad_tape *tape, const function *f, const double *at, ad_var *x)
{
    float narrow[ROOM];
    for (int i = 0; i < f->count; i++) {
        size_t n = ad_shape_count(&f->shape[i]);
        for (size_t k = 0; k < n; k++) {
            narrow[k] = (float)at[k];
        }
        const void *data = f->type == AD_F64 ? (const void *)at : (const void *)narrow;
        x[i] = ad_input_array(tape, f->type, f->shape[i], data);
        at += n;
    }
}

/* sum over i of (1 + i/7) z_i^2, which has second derivatives even where build is linear. */
static ad_var objective(ad_tape *tape, const function *f, const ad_var *x)
{
    double weight[ROOM];
    float narrow[ROOM];
    ad_var z = f->build(x);
    cr_assert_leq(ad_count(z), (size_t)ROOM);
    for (size_t i = 0; i < ad_count(z); i++) {
        weight[i] = 1 + (double)i / 7;
        narrow[i] = (float)weight[i];
    }
    const void *data = f->type == AD_F64 ? (const void *)weight : (const void *)narrow;
    ad_var w = ad_constant(tape, f->type, ad_shape_of(z), data);
    return ad_sum(ad_mul(w, ad_square(z)), AD_ALL);
}

/* <v, gradient> as a variable, with v_i = 1 - i/5 over all places. */
static ad_var along(ad_tape *tape, const function *f, const ad_var *dx)
{
    ad_var total = ad_full(tape, f->type, AD_SCALAR, 0);
    size_t at = 0;
    for (int i = 0; i < f->count; i++) {
        double v[ROOM];
        for (size_t k = 0; k < ad_count(dx[i]); k++) {
            v[k] = 1 - (double)at++ / 5;
        }
        ad_var direction = ad_constant(tape, f->type, ad_shape_of(dx[i]), v);
        total = ad_add(total, ad_sum(ad_mul(direction, dx[i]), AD_ALL));
    }
    return total;
}

static void read_all(const function *f, const ad_var *dx, double *out)
{
    for (int i = 0; i < f->count; i++) {
        ad_shape shape = ad_shape_of(dx[i]);
        cr_expect(ad_shape_equal(&shape, &f->shape[i]), "gradient %d has its input's shape", i);
        cr_assert_eq(ad_read(dx[i], ad_count(dx[i]), out), AD_OK);
        out += ad_count(dx[i]);
    }
}

enum { ORDERS = 3 };

/* The value at a point, and `orders` derivatives: the gradient, that of <v, gradient>, ... */
static double derivatives(const function *f, const double *at, int orders, double (*d)[ROOM])
{
    ad_tape *tape = ad_tape_new();
    ad_var x[MOST], dx[MOST];
    inputs(tape, f, at, x);
    ad_var y = objective(tape, f, x);
    double value = ad_value(y);
    for (int order = 0; order < orders; order++) {
        y = order > 0 ? along(tape, f, dx) : y;
        if (ad_grad(y, f->count, x, dx) == AD_OK) {
            read_all(f, dx, d[order]);
        }
    }
    cr_assert_eq(ad_tape_status(tape), AD_OK, "%s", ad_tape_message(tape));
    ad_tape_free(tape);
    return value;
}

static void expect_near(const char *what, const char *order, size_t i, double got, double expected,
                        double tolerance)
{
    double scale = fabs(expected) > 1 ? fabs(expected) : 1;
    cr_expect(fabs(got - expected) <= tolerance * scale,
              "%s: %s derivative %zu is %.12g, not %.12g", what, order, i, got, expected);
}

static double dot_direction(const double *g, size_t n)
{
    double sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += g[i] * (1 - (double)i / 5);
    }
    return sum;
}

void test_gradients(const char *what, ad_var (*build)(const ad_var *x), int count,
                    const ad_shape *shape, double lo, double hi)
{
    function f = {build, count, shape, AD_F64};
    size_t n = places(&f);
    static const char *const names[ORDERS] = {"first", "second", "third"};
    double at[ROOM], d[ORDERS][ROOM], narrow[1][ROOM], high[ORDERS][ROOM], low[ORDERS][ROOM];
    ad_rng_fill_uniform((ad_rng){.seed = 1}, AD_F64, n, at);
    for (size_t i = 0; i < n; i++) {
        at[i] = (double)(float)(lo + (hi - lo) * at[i]);
    }
    derivatives(&f, at, ORDERS, d);
    const double h = 1e-5;
    for (size_t i = 0; i < n; i++) {
        double middle = at[i];
        at[i] = middle + h;
        double above = derivatives(&f, at, ORDERS - 1, high);
        at[i] = middle - h;
        double below = derivatives(&f, at, ORDERS - 1, low);
        at[i] = middle;
        for (int order = 0; order < ORDERS; order++) {
            if (order > 0) {
                above = dot_direction(high[order - 1], n);
                below = dot_direction(low[order - 1], n);
            }
            expect_near(what, names[order], i, d[order][i], (above - below) / (2 * h), 1e-6);
        }
    }
    f.type = AD_F32;
    derivatives(&f, at, 1, narrow);
    for (size_t i = 0; i < n; i++) {
        expect_near(what, "f32", i, narrow[0][i], d[0][i], 1e-4);
    }
}

void test_samples(const ad_op *op)
{
    cr_expect_gt(op->sample_count, 0, "%s has samples", op->name);
    for (int i = 0; i < op->sample_count; i++) {
        const ad__sample *s = &op->samples[i];
        test_gradients(op->name, s->build, s->count, s->shape, s->lo, s->hi);
    }
}

static ad_status sine_eval(void *user, int count, const ad_custom_array *x, ad_custom_array *z,
                           ad_error *error)
{
    (void)user, (void)count, (void)error;
    for (size_t i = 0; i < z->count; i++) {
        ((double *)z->data)[i] = sin(((const double *)x[0].data)[i]);
    }
    return AD_OK;
}

static void sine_vjp(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx)
{
    (void)count, (void)z;
    dx[0] = ad_mul(g, ad_mul(*(const double *)user, ad_cos(x[0])));
}

ad_var test_scaled_sine(ad_var x, double *factor)
{
    static const ad_custom_op sine = {.name = "sine", .eval = sine_eval, .vjp = sine_vjp};
    return ad_custom(&sine, factor, 1, &x);
}

static ad_status build_and_grad(ad_tape *tape, ad_var (*build)(const ad_var *x), ad_shape shape,
                                const double *data)
{
    ad_var x = ad_input_array(tape, AD_F64, shape, data), dx;
    return ad_grad(ad_sum(build(&x), AD_ALL), 1, &x, &dx);
}

void test_failed_allocations(ad_var (*build)(const ad_var *x), ad_shape shape)
{
    size_t count = ad_shape_count(&shape);
    double *data = malloc(count * sizeof *data);
    cr_assert_not_null(data);
    for (size_t i = 0; i < count; i++) {
        data[i] = (double)(i * i % 11) - 5;
    }
    ad_status status = AD_ERR_MEMORY;
    for (size_t at = 0; status != AD_OK; at++) {
        ad_failing_allocator state = {.fail_at = at};
        ad_allocator allocator = ad_allocator_failing(&state);
        ad_tape *tape = ad_tape_new_in(&allocator);
        status = tape != NULL ? build_and_grad(tape, build, shape, data) : AD_ERR_MEMORY;
        cr_expect(status == AD_ERR_MEMORY || (status == AD_OK && state.requests <= at),
                  "request %zu: %s", at, ad_status_name(status));
        ad_tape_free(tape);
        cr_assert_eq(state.live, 0);
        cr_assert_lt(at, 1000);
    }
    free(data);
}

/* ---- small tensors ---- */

ad_var test_counting(ad_tape *tape, ad_type type, ad_shape shape)
{
    union {
        double f64[ROOM];
        float f32[ROOM];
        int64_t i64[ROOM];
    } data;
    cr_assert_leq(ad_shape_count(&shape), (size_t)ROOM);
    for (size_t i = 0; i < ad_shape_count(&shape); i++) {
        if (type == AD_F64) {
            data.f64[i] = (double)(i + 1);
        } else if (type == AD_F32) {
            data.f32[i] = (float)(i + 1);
        } else {
            data.i64[i] = (int64_t)(i + 1);
        }
    }
    return ad_input_array(tape, type, shape, &data);
}

/* Reads the elements of z, which has to be alive and have this shape. */
static size_t read_shaped(ad_var z, ad_shape shape, double *got)
{
    char a[160], b[160];
    ad_shape own = ad_shape_of(z);
    size_t n = ad_shape_count(&shape);
    cr_assert(!ad_is_dead(z), "%s", z.tape ? ad_tape_message(z.tape) : "");
    cr_assert(ad_shape_equal(&own, &shape), "%s, not %s", ad_shape_print(&own, a, sizeof a),
              ad_shape_print(&shape, b, sizeof b));
    cr_assert_leq(n, (size_t)ROOM);
    cr_assert_eq(ad_read(z, n, got), AD_OK);
    return n;
}

void test_expect(ad_var z, ad_shape shape, const double *elements)
{
    double got[ROOM];
    size_t n = read_shaped(z, shape, got);
    for (size_t i = 0; i < n; i++) {
        cr_expect(memcmp(&got[i], &elements[i], sizeof *got) == 0,
                  "element %zu is %.17g, not %.17g", i, got[i], elements[i]);
    }
}

void test_expect_near(ad_var z, ad_shape shape, const double *elements, double ulps)
{
    double got[ROOM], ulp = ad_type_of(z) == AD_F64 ? 0x1p-53 : 0x1p-24;
    size_t n = read_shaped(z, shape, got);
    for (size_t i = 0; i < n; i++) {
        double expected = elements[i];
        int same = got[i] == expected || (isnan(got[i]) && isnan(expected));
        cr_expect(same || fabs(got[i] - expected) <= 2 * ulps * ulp * fabs(expected),
                  "element %zu is %.17g, not %.17g", i, got[i], expected);
    }
}

void test_expect_error(ad_tape *tape, ad_status status, const char *text)
{
    cr_expect_eq(ad_tape_status(tape), status, "%s instead of %s",
                 ad_status_name(ad_tape_status(tape)), ad_status_name(status));
    cr_expect_str_eq(ad_tape_message(tape), text);
    ad_tape_clear_error(tape);
}

void test_expect_error_in(ad_tape *tape, ad_status status, const char *text, const char *file)
{
    char expected[sizeof(ad_error) + 64];
    int length = snprintf(expected, sizeof expected, "%s (%s:", text, file);
    const char *line = ad_tape_message(tape) + length;
    cr_expect_eq(ad_tape_status(tape), status, "%s instead of %s",
                 ad_status_name(ad_tape_status(tape)), ad_status_name(status));
    cr_expect(strncmp(ad_tape_message(tape), expected, (size_t)length) == 0 &&
                  strspn(line, "0123456789") + 1 == strlen(line),
              "\"%s\" instead of \"%s", ad_tape_message(tape), expected);
    ad_tape_clear_error(tape);
}
