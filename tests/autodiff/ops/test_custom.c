/* SPDX-License-Identifier: MIT */
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

TestSuite(custom, .init = start, .fini = stop);

/* ---- x^T A y of a matrix that user points to: two arguments, a shape of its own ---- */

static ad_status form_shape(void *user, int count, const ad_custom_array *x, ad_type *type,
                            ad_shape *shape, ad_error *error)
{
    (void)user;
    cr_expect(x[0].data == NULL && *type == x[0].type && ad_shape_equal(shape, &x[0].shape));
    if (count != 2 || x[0].shape.rank != 1 || x[0].count != 2 || x[1].count != 2) {
        return ad_error_set(error, AD_ERR_SHAPE, "two vectors of length 2 are needed");
    }
    *shape = AD_SCALAR;
    return AD_OK;
}

static ad_status form_eval(void *user, int count, const ad_custom_array *x, ad_custom_array *z,
                           ad_error *error)
{
    const double *a = user, *p = x[0].data, *q = x[1].data;
    (void)count, (void)error;
    cr_expect_eq(z->count, 1);
    *(double *)z->data = p[0] * (a[0] * q[0] + a[1] * q[1]) + p[1] * (a[2] * q[0] + a[3] * q[1]);
    return AD_OK;
}

static void form_vjp(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx)
{
    (void)z, (void)count;
    ad_var a = ad_constant(g.tape, AD_F64, AD_SHAPE(2, 2), user);
    dx[0] = ad_mul(g, ad_sum(ad_mul(a, x[1]), AD_AXES(1)));
    dx[1] = ad_mul(g, ad_sum(ad_mul(a, ad_reshape(x[0], AD_SHAPE(2, 1))), AD_AXES(0)));
}

static const ad_custom_op form = {"bilinear form", form_shape, form_eval, form_vjp};

Test(custom, an_operation_has_its_own_value_shape_and_derivatives)
{
    double a[] = {1, 2, 3, 4};
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2), ((double[]){1, -1}));
    ad_var y = ad_input_array(tape, AD_F64, AD_SHAPE(2), ((double[]){2, 1}));
    ad_var in[] = {x, y}, dz[2], second;
    ad_var z = ad_custom(&form, a, 2, in);
    test_expect(z, AD_SCALAR, TEST_NUMBERS(-6));
    cr_expect_eq(ad_grad(z, 2, in, dz), AD_OK, "%s", ad_tape_message(tape));
    test_expect(dz[0], AD_SHAPE(2), TEST_NUMBERS(4, 10));
    test_expect(dz[1], AD_SHAPE(2), TEST_NUMBERS(-2, -2));
    cr_expect_eq(ad_grad(ad_sum(dz[0], AD_ALL), 1, &y, &second), AD_OK);
    test_expect(second, AD_SHAPE(2), TEST_NUMBERS(4, 6));
}

Test(custom, one_variable_may_be_both_arguments)
{
    double a[] = {1, 2, 3, 4};
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2), ((double[]){1, 1})), dx;
    cr_expect_eq(ad_grad(ad_custom(&form, a, 2, (ad_var[]){x, x}), 1, &x, &dx), AD_OK);
    test_expect(dx, AD_SHAPE(2), TEST_NUMBERS(7, 13));
}

/* ---- a sine whose derivative is wrong by a factor ---- */

Test(custom, a_derivative_that_is_wrong_by_a_thousandth_shows)
{
    double right = 1, wrong = 1.001;
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2), ((double[]){0.5, 1})), dx[2];
    ad_var y = ad_sum(test_scaled_sine(x, &right), AD_ALL);
    ad_var w = ad_sum(test_scaled_sine(x, &wrong), AD_ALL);
    test_expect(y, AD_SCALAR, TEST_NUMBERS(sin(0.5) + sin(1)));
    cr_expect_eq(ad_grad(y, 1, &x, &dx[0]), AD_OK);
    cr_expect_eq(ad_grad(w, 1, &x, &dx[1]), AD_OK);
    test_expect(dx[0], AD_SHAPE(2), TEST_NUMBERS(cos(0.5), cos(1)));
    test_expect(dx[1], AD_SHAPE(2), TEST_NUMBERS(1.001 * cos(0.5), 1.001 * cos(1)));
}

/* ---- a vjp that does what user says ---- */

typedef struct plan {
    ad_status eval;
    const char *text;
    ad_var dx; /* what the vjp records */
    int dies;  /* or: the result of an operation that fails */
    ad_shape shape;
    ad_type type;
} plan;

static ad_status planned_shape(void *user, int count, const ad_custom_array *x, ad_type *type,
                               ad_shape *shape, ad_error *error)
{
    const plan *p = user;
    (void)count, (void)x, (void)error;
    *type = p->type;
    *shape = p->shape;
    return AD_OK;
}

static ad_status planned_eval(void *user, int count, const ad_custom_array *x, ad_custom_array *z,
                              ad_error *error)
{
    const plan *p = user;
    (void)count, (void)x;
    memset(z->data, 0, z->count * ad_type_bytes(z->type));
    return p->text != NULL ? ad_error_set(error, p->eval, "%s", p->text) : p->eval;
}

static void planned_vjp(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx)
{
    const plan *p = user;
    (void)count, (void)z;
    dx[0] = p->dies ? ad_add(g, ad_cast(x[0], AD_I64)) : p->dx;
}

static const ad_custom_op planned = {"planned", planned_shape, planned_eval, planned_vjp};

Test(custom, failing_functions_are_named_with_their_text)
{
    ad_var x = ad_input(tape, 1);
    plan p = {.eval = AD_ERR_DOMAIN, .text = "x is outside the table"};
    TEST_ERROR(tape, ad_custom(&planned, &p, 1, &x), AD_ERR_DOMAIN,
               "ad_custom: planned: x is outside the table");
    p = (plan){.eval = AD_ERR_IO};
    TEST_ERROR(tape, ad_custom(&planned, &p, 1, &x), AD_ERR_IO,
               "ad_custom: planned: a file could not be opened, read or written");
    p = (plan){.shape = AD_SHAPE(-2)};
    TEST_ERROR(tape, ad_custom(&planned, &p, 1, &x), AD_ERR_SHAPE,
               "ad_custom: planned: its shape function gives [-2], which is none");
    p = (plan){.type = (ad_type)5};
    TEST_ERROR(tape, ad_custom(&planned, &p, 1, &x), AD_ERR_TYPE,
               "ad_custom: planned: its shape function gives type 5, which is none");
    TEST_ERROR(tape, ad_custom(&form, NULL, 1, &x), AD_ERR_SHAPE,
               "ad_custom: bilinear form: two vectors of length 2 are needed");
    const ad_custom_op empty = {.name = "empty"};
    TEST_ERROR(tape, ad_custom(&empty, NULL, 1, &x), AD_ERR_DOMAIN,
               "ad_custom: the operation has no name or no eval function");
}

static void expect_refused(plan *p, ad_status status, const char *text)
{
    ad_var x = ad_full(tape, AD_F64, AD_SHAPE(2), 1), dx;
    ad_var z = ad_custom(&planned, p, 1, &x);
    cr_expect_eq(ad_grad(z, 1, &x, &dx), status);
    cr_expect(ad_is_dead(dx));
    cr_expect_eq(strncmp(ad_tape_message(tape), text, strlen(text)), 0, "%s",
                 ad_tape_message(tape));
    cr_expect_not_null(strstr(ad_tape_message(tape), "(tests/autodiff/ops/test_custom.c:"));
    ad_tape_clear_error(tape);
}

Test(custom, garbage_from_a_vjp_is_refused)
{
    ad_tape *other = ad_tape_new();
    plan p = {.dx = ad_full(tape, AD_F64, AD_SHAPE(3), 1)};
    expect_refused(&p, AD_ERR_SHAPE,
                   "ad_custom: planned: dx[0] of its vjp: it has shape [3], x[0] has [2] (");
    p.dx = ad_full(tape, AD_F64, AD_SHAPE(1), 1);
    expect_refused(&p, AD_ERR_SHAPE,
                   "ad_custom: planned: dx[0] of its vjp: it has shape [1], x[0] has [2] (");
    p.dx = ad_full(tape, AD_F32, AD_SHAPE(2), 1);
    expect_refused(&p, AD_ERR_TYPE, "ad_custom: planned: dx[0] of its vjp: it is f32, x[0] is f64");
    p.dx = ad_input(other, 1);
    expect_refused(&p, AD_ERR_FOREIGN, "ad_custom: planned: dx[0] of its vjp: ");
    ad_mark mark = ad_tape_mark(tape);
    p.dx = ad_input(tape, 1);
    ad_tape_rewind(tape, mark);
    expect_refused(&p, AD_ERR_STALE,
                   "ad_custom: planned: dx[0] of its vjp: a variable was "
                   "forgotten by ad_tape_rewind");
    p = (plan){.dies = 1};
    expect_refused(&p, AD_ERR_TYPE, "ad_add: ");
    ad_tape_free(other);
}

Test(custom, a_vjp_may_give_a_number_nothing_or_a_broadcast_shape)
{
    ad_var x = ad_full(tape, AD_F64, AD_SHAPE(2), 1), dx;
    plan p = {.dx = ad_literal(3)};
    cr_expect_eq(ad_grad(ad_custom(&planned, &p, 1, &x), 1, &x, &dx), AD_OK);
    test_expect(dx, AD_SHAPE(2), TEST_NUMBERS(3, 3));
    p.dx = ad_literal(0);
    cr_expect_eq(ad_grad(ad_custom(&planned, &p, 1, &x), 1, &x, &dx), AD_OK);
    test_expect(dx, AD_SHAPE(2), TEST_NUMBERS(0, 0));
    p.dx = ad_full(tape, AD_F64, AD_SHAPE(5, 2), 1);
    cr_expect_eq(ad_grad(ad_custom(&planned, &p, 1, &x), 1, &x, &dx), AD_OK);
    test_expect(dx, AD_SHAPE(2), TEST_NUMBERS(5, 5));
    const ad_custom_op flat = {"flat", planned_shape, planned_eval, NULL};
    cr_expect_eq(ad_grad(ad_custom(&flat, &p, 1, &x), 1, &x, &dx), AD_OK);
    test_expect(dx, AD_SHAPE(2), TEST_NUMBERS(0, 0));
}

Test(custom, many_arguments_and_types_are_fine)
{
    ad_var x[9], dx;
    for (int i = 0; i < 9; i++) {
        x[i] = ad_full(tape, i % 2 ? AD_I64 : AD_F32, AD_SHAPE(2), i);
    }
    plan p = {.dx = ad_literal(2), .type = AD_F32};
    cr_expect_eq(ad_grad(ad_custom(&planned, &p, 9, x), 1, x, &dx), AD_OK);
    test_expect(dx, AD_SHAPE(2), TEST_NUMBERS(2, 2));
    cr_expect_eq(ad_type_of(dx), AD_F32);
}
