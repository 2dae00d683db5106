/* SPDX-License-Identifier: MIT */
/* Special values of structured operations: every row of special_structured.def along every kind of
 * axis and in both types; matrices; empty tensors. */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(special_structured, .init = start, .fini = stop);

/* ---- rows ---- */

enum { MOST = 4, COPIES = 6 };

typedef struct special {
    const char *text;
    int line, count;
    double x[MOST], value, gradient[MOST];
    ad_var (*build)(ad_var x, ad_axes axes, int axis);
} special;

#define NAME_OF(line) NAME_PASTE(line)
#define NAME_PASTE(line) build_##line
#define LIST(...) __VA_ARGS__

#define ROW(Z, X, VALUE, GRADIENT)                                                                 \
    static ad_var NAME_OF(__LINE__)(ad_var x, ad_axes axes, int axis)                              \
    {                                                                                              \
        (void)axis;                                                                                \
        return Z;                                                                                  \
    }
#include "special_structured.def"
#undef ROW

#define ROW(Z, X, VALUE, GRADIENT)                                                                 \
    {#Z,                                                                                           \
     __LINE__,                                                                                     \
     (int)(sizeof((double[]){LIST X}) / sizeof(double)),                                           \
     {LIST X},                                                                                     \
     VALUE,                                                                                        \
     {LIST GRADIENT},                                                                              \
     NAME_OF(__LINE__)},

static const special table[] = {
#include "special_structured.def"
};

/* How the numbers of a row lie in x: along one axis, the same for all indices of the others. */
typedef struct form {
    const char *name;
    int outer, inner; /* lengths before and after; 0: no such axis */
} form;

static const form forms[] = {{"vector", 0, 0}, {"rows", 3, 0}, {"columns", 0, 5}, {"middle", 2, 3}};

static int is_exact_in_f32(const special *s)
{
    for (int i = 0; i < s->count; i++) {
        if (!isnan(s->x[i]) && (double)(float)s->x[i] != s->x[i]) {
            return 0;
        }
    }
    return 1;
}

static int is_near(double got, double expected, ad_type type)
{
    double ulp = type == AD_F64 ? 0x1p-52 : 0x1p-23;
    return got == expected || (isnan(got) && isnan(expected)) ||
           fabs(got - expected) <= 4 * ulp * fabs(expected);
}

static ad_shape shape_of(const special *s, const form *f)
{
    ad_shape shape = {.rank = 0};
    if (f->outer > 0) {
        shape.len[shape.rank++] = f->outer;
    }
    shape.len[shape.rank++] = s->count;
    if (f->inner > 0) {
        shape.len[shape.rank++] = f->inner;
    }
    return shape;
}

/* A tensor of a row's numbers in some form and type, and room for what is computed of it. */
typedef struct subject {
    const special *s;
    const form *f;
    ad_type type;
    ad_shape shape;
    int axis, inner;
    size_t count, values;
    union {
        double f64[MOST * COPIES];
        float f32[MOST * COPIES];
    } x;
    double value[MOST * COPIES], gradient[MOST * COPIES];
} subject;

static subject subject_of(const special *s, const form *f, ad_type type)
{
    subject t = {.s = s, .f = f, .type = type, .shape = shape_of(s, f), .axis = f->outer > 0};
    t.inner = f->inner > 0 ? f->inner : 1;
    t.count = ad_shape_count(&t.shape);
    t.values = t.count / (size_t)s->count;
    for (size_t i = 0; i < t.count; i++) {
        double x = s->x[i / (size_t)t.inner % (size_t)s->count];
        if (type == AD_F64) {
            t.x.f64[i] = x;
        } else {
            t.x.f32[i] = (float)x;
        }
    }
    return t;
}

static void build(const subject *t, ad_var x, ad_var *out)
{
    out[0] = t->s->build(x, AD_AXES(t->axis), t->axis);
    cr_assert_eq(ad_grad(ad_sum(out[0], AD_ALL), 1, &x, out + 1), AD_OK, "%s",
                 ad_tape_message(tape));
    cr_expect_eq(ad_count(out[0]), t->values);
}

static void record(subject *t)
{
    ad_var x = ad_input_array(tape, t->type, t->shape, &t->x), out[2];
    build(t, x, out);
    cr_assert_eq(ad_read(out[0], t->values, t->value), AD_OK, "%s", ad_tape_message(tape));
    cr_assert_eq(ad_read(out[1], t->count, t->gradient), AD_OK, "%s", ad_tape_message(tape));
}

static void widen(ad_type type, size_t count, double *numbers)
{
    float narrow[MOST * COPIES];
    memcpy(narrow, numbers, count * sizeof *narrow);
    for (size_t i = 0; i < count && type == AD_F32; i++) {
        numbers[i] = (double)narrow[i];
    }
}

/* Recorded where nothing is special, then called at the row's numbers. */
static void compile(subject *t)
{
    subject usual = *t;
    for (size_t i = 0; i < t->count; i++) {
        if (t->type == AD_F64) {
            usual.x.f64[i] = 0.5 + 0.125 * (double)(i % 3);
        } else {
            usual.x.f32[i] = 0.5F + 0.125F * (float)(i % 3);
        }
    }
    ad_var x = ad_input_array(tape, t->type, t->shape, &usual.x), out[2];
    build(t, x, out);
    ad_fn *f = ad_fn_new(tape, 1, &x, 2, out);
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
    cr_assert_eq(ad_fn_run(f, (const void *[]){&t->x}, (void *[]){t->value, t->gradient}), AD_OK);
    ad_fn_free(f);
    widen(t->type, t->values, t->value);
    widen(t->type, t->count, t->gradient);
}

static void expect(const subject *t, const char *path)
{
    const special *s = t->s;
    for (size_t i = 0; i < t->values; i++) {
        cr_expect(is_near(t->value[i], s->value, t->type),
                  "line %d: %s %s as %s of %s is %.17g, not %.17g", s->line, s->text, path,
                  t->f->name, ad_type_name(t->type), t->value[i], s->value);
    }
    for (size_t i = 0; i < t->count; i++) {
        double expected = s->gradient[i / (size_t)t->inner % (size_t)s->count];
        cr_expect(is_near(t->gradient[i], expected, t->type),
                  "line %d: d %s / dx[%zu] %s as %s of %s is %.17g, not %.17g", s->line, s->text, i,
                  path, t->f->name, ad_type_name(t->type), t->gradient[i], expected);
    }
}

static void check(const special *s, const form *f, ad_type type)
{
    subject t = subject_of(s, f, type);
    record(&t);
    expect(&t, "recorded");
    compile(&t);
    expect(&t, "compiled");
}

Test(special_structured, every_row_holds_along_every_axis_in_both_types)
{
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        for (size_t k = 0; k < sizeof forms / sizeof forms[0]; k++) {
            check(&table[i], &forms[k], AD_F64);
            if (is_exact_in_f32(&table[i])) {
                check(&table[i], &forms[k], AD_F32);
            }
        }
    }
}

/* ---- empty tensors ---- */

static void check_empty(ad_var z, ad_var x, double value)
{
    ad_var dx;
    test_expect_near(z, AD_SCALAR, &value, 0);
    cr_assert_eq(ad_grad(z, 1, &x, &dx), AD_OK, "%s", ad_tape_message(tape));
    test_expect(dx, ad_shape_of(x), NULL);
}

Test(special_structured, empty_tensors_have_neutral_values_and_empty_gradients)
{
    const ad_shape shapes[] = {AD_SHAPE(0), AD_SHAPE(2, 0), AD_SHAPE(0, 3)};
    for (int type = AD_F64; type <= AD_F32; type++) {
        for (int i = 0; i < 3; i++) {
            ad_var x = ad_input_array(tape, (ad_type)type, shapes[i], NULL);
            check_empty(ad_sum(x, AD_ALL), x, 0);
            check_empty(ad_mean(x, AD_ALL), x, (double)NAN);
            check_empty(ad_prod(x, AD_ALL), x, 1);
            check_empty(ad_norm(x, AD_ALL), x, 0);
            check_empty(ad_logsumexp(x, AD_ALL), x, -(double)INFINITY);
            cr_expect(ad_is_dead(ad_max(x, AD_ALL)));
            cr_expect_eq(ad_tape_status(tape), AD_ERR_SHAPE);
            ad_tape_clear_error(tape);
        }
    }
}

/* ---- matrices ---- */

Test(special_structured, a_product_over_no_elements_is_zeros)
{
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2, 0), NULL);
    ad_var y = ad_input_array(tape, AD_F64, AD_SHAPE(0, 3), NULL), d[2];
    ad_var z = ad_matmul(x, y);
    test_expect(z, AD_SHAPE(2, 3), TEST_NUMBERS(0, 0, 0, 0, 0, 0));
    ad_grad(ad_sum(z, AD_ALL), 2, (ad_var[]){x, y}, d);
    test_expect(d[0], AD_SHAPE(2, 0), NULL);
    test_expect(d[1], AD_SHAPE(0, 3), NULL);
}

Test(special_structured, products_keep_nan_and_infinity)
{
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2, 2), TEST_NUMBERS(0, NAN, 1, 2));
    ad_var y = ad_input_array(tape, AD_F64, AD_SHAPE(2, 1), TEST_NUMBERS(INFINITY, 0));
    test_expect_near(ad_matmul(x, y), AD_SHAPE(2, 1), TEST_NUMBERS(NAN, INFINITY), 0);
}

Test(special_structured, det_of_singular_matrices_has_its_adjugate_as_gradient)
{
    const struct {
        double x[9], gradient[9];
        int n;
    } rows[] = {
        {{1, 2, 2, 4}, {4, -2, -2, 1}, 2},
        {{0, 0, 0, 0}, {0, 0, 0, 0}, 2},
        {{0}, {1}, 1},
        {{1, 0, 0, 0, 1, 0, 0, 0, 0}, {0, 0, 0, 0, 0, 0, 0, 0, 1}, 3},
        {{1, 1, 1, 1, 1, 1, 1, 1, 1}, {0}, 3},
        {{1, 2, 3, 4, 5, 6, 7, 8, 9}, {-3, 6, -3, 6, -12, 6, -3, 6, -3}, 3},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ad_shape shape = AD_SHAPE(rows[i].n, rows[i].n);
        double got[9];
        ad_var x = ad_input_array(tape, AD_F64, shape, rows[i].x), dx;
        ad_var z = ad_det(x);
        cr_expect_lt(fabs(ad_value(z)), 1e-14, "row %zu: %g", i, ad_value(z));
        ad_grad(z, 1, &x, &dx);
        cr_assert_eq(ad_read(dx, ad_shape_count(&shape), got), AD_OK);
        for (size_t k = 0; k < ad_shape_count(&shape); k++) {
            cr_expect_lt(fabs(got[k] - rows[i].gradient[k]), 1e-13, "row %zu, element %zu: %g", i,
                         k, got[k]);
        }
    }
}
