/* SPDX-License-Identifier: MIT */
/* Every special value of elementwise.def in every form and type. */
#include "autodiff.h"
#include "tape/op_internal.h"
#include "tape/tape_internal.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- the table ---- */

enum { MOST_ARGS = 3, MOST_SECOND = 6 };

/* How much of a row is known, or was computed. */
typedef enum depth { NOTHING, VALUE, FIRST, SECOND } depth;

typedef struct answer {
    depth depth;
    double z, first[MOST_ARGS], second[MOST_SECOND]; /* second: upper triangle by rows */
} answer;

typedef struct special {
    const char *text;
    int line, arity;
    ad_var (*build)(const ad_var *arg);
    double at[MOST_ARGS];
    answer want;
} special;

#define NAME_OF(line) NAME_PASTE(line)
#define NAME_PASTE(line) build_##line

#define BUILD(EXPRESSION)                                                                          \
    static ad_var NAME_OF(__LINE__)(const ad_var *arg)                                             \
    {                                                                                              \
        const ad_var x = arg[0], y = arg[1], w = arg[2];                                           \
        (void)x, (void)y, (void)w;                                                                 \
        return EXPRESSION;                                                                         \
    }
#define UNARY(Z, ...) BUILD(Z)
#define UNARY2(Z, ...) BUILD(Z)
#define BINARY(Z, ...) BUILD(Z)
#define BINARY2(Z, ...) BUILD(Z)
#define TERNARY(Z, ...) BUILD(Z)
#include "elementwise.def"

#define ENTRY(ARITY) .line = __LINE__, .arity = ARITY, .build = NAME_OF(__LINE__)
#define UNARY(Z, X, ZZ, DX) {#Z, ENTRY(1), .at = {X}, .want = {FIRST, ZZ, {DX}, {0}}},
#define UNARY2(Z, X, ZZ, DX, DXX) {#Z, ENTRY(1), .at = {X}, .want = {SECOND, ZZ, {DX}, {DXX}}},
#define BINARY(Z, X, Y, ZZ, DX, DY)                                                                \
    {#Z, ENTRY(2), .at = {X, Y}, .want = {FIRST, ZZ, {DX, DY}, {0}}},
#define BINARY2(Z, X, Y, ZZ, DX, DY, ...)                                                          \
    {#Z, ENTRY(2), .at = {X, Y}, .want = {SECOND, ZZ, {DX, DY}, {__VA_ARGS__}}},
#define TERNARY(Z, X, Y, W, ZZ, ...)                                                               \
    {#Z, ENTRY(3), .at = {X, Y, W}, .want = {FIRST, ZZ, {__VA_ARGS__}, {0}}},

static const special table[] = {
#include "elementwise.def"
};

/* ---- paths: each computes a row in one form, as deep as the form goes ---- */

typedef struct path {
    const char *name;
    answer (*run)(ad_tape *tape, const special *s, ad_type type);
} path;

/* The shape of each argument, and which of its elements and of the result's is looked at. */
typedef struct form {
    ad_shape shape[MOST_ARGS];
    size_t element[MOST_ARGS], result;
} form;

enum { MOST_ELEMENTS = 16 };

/* An array whose elements are all the same, but for one. */
static ad_var filled(ad_tape *tape, ad_type type, ad_shape shape, double all, size_t at, double one)
{
    double wide[MOST_ELEMENTS];
    float narrow[MOST_ELEMENTS];
    for (size_t i = 0; i < MOST_ELEMENTS; i++) {
        wide[i] = i == at ? one : all;
        narrow[i] = (float)wide[i];
    }
    return ad_input_array(tape, type, shape, type == AD_F64 ? (void *)wide : (void *)narrow);
}

/* One element of a gradient; the others had a cotangent of 0 and must be 0 at any point. */
static double picked(ad_var dx, size_t element)
{
    double all[MOST_ELEMENTS];
    cr_assert_eq(ad_read(dx, ad_count(dx), all), AD_OK, "%s", ad_tape_message(dx.tape));
    for (size_t i = 0; i < ad_count(dx); i++) {
        cr_expect(i == element || all[i] == 0, "element %zu beside it is %g", i, all[i]);
    }
    return all[element];
}

/* Records a row on tensors whose elements are all the point, and takes gradients by one element. */
static answer by_gradients(ad_tape *tape, const special *s, ad_type type, const form *f)
{
    answer got = {.depth = SECOND};
    ad_var x[MOST_ARGS], dx[MOST_ARGS], ddx[MOST_ARGS];
    for (int i = 0; i < MOST_ARGS; i++) {
        x[i] = filled(tape, type, f->shape[i], s->at[i], 0, s->at[i]);
    }
    ad_var z = s->build(x), hot = filled(tape, type, ad_shape_of(z), 0, f->result, 1);
    double values[MOST_ELEMENTS];
    cr_assert_eq(ad_read(z, ad_count(z), values), AD_OK, "%s", ad_tape_message(tape));
    got.z = values[f->result];
    ad_vjp(1, &z, s->arity, x, &hot, dx);
    double *second = got.second;
    for (int i = 0; i < s->arity; i++) {
        got.first[i] = picked(dx[i], f->element[i]);
        hot = filled(tape, type, f->shape[i], 0, f->element[i], 1);
        ad_vjp(1, &dx[i], s->arity, x, &hot, ddx);
        for (int j = i; j < s->arity; j++) {
            *second++ = picked(ddx[j], f->element[j]);
        }
    }
    return got;
}

static answer scalar(ad_tape *tape, const special *s, ad_type type)
{
    return by_gradients(tape, s, type, &(form){.result = 0});
}

static answer tensor(ad_tape *tape, const special *s, ad_type type)
{
    const ad_shape shape = AD_SHAPE(11);
    return by_gradients(tape, s, type, &(form){{shape, shape, shape}, {7, 7, 7}, 7});
}

static answer broadcast(ad_tape *tape, const special *s, ad_type type)
{
    if (s->arity == 1) {
        return (answer){.depth = NOTHING};
    }
    return by_gradients(tape, s, type,
                        &(form){{AD_SHAPE(4, 1), AD_SHAPE(3), AD_SCALAR}, {2, 1, 0}, 2 * 3 + 1});
}

/* The gradient as numbers, without recording it. */
static answer swept(ad_tape *tape, const special *s, ad_type type)
{
    answer got = {.depth = FIRST};
    if (type != AD_F64) {
        return (answer){.depth = NOTHING};
    }
    ad_var x[MOST_ARGS];
    for (int i = 0; i < MOST_ARGS; i++) {
        x[i] = ad_input(tape, s->at[i]);
    }
    ad_var z = s->build(x);
    got.z = ad_value(z);
    cr_assert_eq(ad_grad_values(z, s->arity, x, got.first), AD_OK, "%s", ad_tape_message(tape));
    return got;
}

/* Derivatives along each argument by forward mode. */
static answer forward(ad_tape *tape, const special *s, ad_type type)
{
    answer got = {.depth = FIRST};
    ad_var x[MOST_ARGS], v[MOST_ARGS], dz;
    for (int i = 0; i < MOST_ARGS; i++) {
        x[i] = filled(tape, type, AD_SCALAR, s->at[i], 0, s->at[i]);
    }
    ad_var z = s->build(x);
    got.z = ad_value(z);
    for (int i = 0; i < s->arity; i++) {
        for (int j = 0; j < s->arity; j++) {
            v[j] = ad_literal(i == j);
        }
        ad_jvp(1, &z, s->arity, x, v, &dz);
        got.first[i] = ad_value(dz);
    }
    return got;
}

/* On plain numbers, without a tape. */
static answer literal(ad_tape *tape, const special *s, ad_type type)
{
    (void)tape;
    ad_var x[MOST_ARGS];
    for (int i = 0; i < MOST_ARGS; i++) {
        x[i] = ad_literal(s->at[i]);
    }
    return (answer){.depth = type == AD_F64 ? VALUE : NOTHING, .z = ad_value(s->build(x))};
}

/* Records value and derivatives as by_gradients does, but where nothing is special. */
static int record_elsewhere(ad_tape *tape, const special *s, ad_type type, const form *f, ad_var *x,
                            ad_var *out)
{
    int count = 0;
    ad_var dx[MOST_ARGS];
    for (int i = 0; i < MOST_ARGS; i++) {
        x[i] = filled(tape, type, f->shape[i], 0.75, 0, 0.75);
    }
    ad_var z = s->build(x), hot = filled(tape, type, ad_shape_of(z), 0, f->result, 1);
    out[count++] = z;
    ad_vjp(1, &z, s->arity, x, &hot, dx);
    for (int i = 0; i < s->arity; i++) {
        out[count++] = dx[i];
    }
    for (int i = 0; i < s->arity; i++) {
        hot = filled(tape, type, f->shape[i], 0, f->element[i], 1);
        ad_vjp(1, &dx[i], s->arity - i, x + i, &hot, out + count);
        count += s->arity - i;
    }
    return count;
}

/* By a compiled function of value and derivatives, which gets the point when it is called. */
static answer by_compiled(ad_tape *tape, const special *s, ad_type type, const form *f)
{
    enum { MOST_OUT = 1 + MOST_ARGS + MOST_SECOND };
    answer got = {.depth = SECOND};
    ad_var x[MOST_ARGS], out[MOST_OUT];
    double at[MOST_ARGS][MOST_ELEMENTS], z[MOST_OUT][MOST_ELEMENTS], all[MOST_OUT];
    int count = record_elsewhere(tape, s, type, f, x, out);
    ad_fn *compiled = ad_fn_new(tape, MOST_ARGS, x, count, out);
    cr_assert_not_null(compiled, "%s", ad_tape_message(tape));
    for (size_t i = 0; i < MOST_ELEMENTS; i++) {
        for (int k = 0; k < MOST_ARGS; k++) {
            if (type == AD_F64) {
                at[k][i] = s->at[k];
            } else {
                ((float *)at[k])[i] = (float)s->at[k];
            }
        }
    }
    void *rows[MOST_OUT];
    for (int j = 0; j < count; j++) {
        rows[j] = z[j];
    }
    cr_assert_eq(ad_fn_run(compiled, (const void *[]){at[0], at[1], at[2]}, rows), AD_OK);
    for (int j = 0, i = 0, k = 0; j < count; j++) { /* second derivatives: by x[i] and x[k] */
        size_t element = j == 0 ? f->result : f->element[j <= s->arity ? j - 1 : k];
        all[j] = type == AD_F64 ? z[j][element] : (double)((float *)z[j])[element];
        if (j > s->arity && ++k == s->arity) {
            k = ++i;
        }
    }
    got.z = all[0];
    memcpy(got.first, all + 1, (size_t)s->arity * sizeof *all);
    memcpy(got.second, all + 1 + s->arity, (size_t)(count - 1 - s->arity) * sizeof *all);
    ad_fn_free(compiled);
    return got;
}

static answer compiled_scalar(ad_tape *tape, const special *s, ad_type type)
{
    return by_compiled(tape, s, type, &(form){.result = 0});
}

static answer compiled_tensor(ad_tape *tape, const special *s, ad_type type)
{
    const ad_shape shape = AD_SHAPE(11);
    return by_compiled(tape, s, type, &(form){{shape, shape, shape}, {7, 7, 7}, 7});
}

static answer compiled_broadcast(ad_tape *tape, const special *s, ad_type type)
{
    return by_compiled(tape, s, type,
                       &(form){{AD_SHAPE(4, 1), AD_SHAPE(s->arity == 1 ? 1 : 3), AD_SCALAR},
                               {2, 1, 0},
                               s->arity == 1 ? 2 : 2 * 3 + 1});
}

static const path paths[] = {
    {"scalar", scalar},
    {"tensor", tensor},
    {"broadcast", broadcast},
    {"swept", swept},
    {"forward", forward},
    {"literal", literal},
    {"compiled scalar", compiled_scalar},
    {"compiled tensor", compiled_tensor},
    {"compiled broadcast", compiled_broadcast},
};

/* ---- comparison ---- */

enum { MOST_ULP = 4 };

static int fits(double v)
{
    double size = fabs(v);
    return isnan(v) || isinf(v) || v == 0 || (size >= (double)FLT_MIN && size <= (double)FLT_MAX);
}

/* Whether a row says something about f32 numbers. */
static int fits_f32(const special *s)
{
    int ok = fits(s->want.z);
    for (int i = 0; i < s->arity; i++) {
        ok &= fits(s->want.first[i]) && (isnan(s->at[i]) || (double)(float)s->at[i] == s->at[i]);
    }
    for (int i = 0; i < MOST_SECOND; i++) {
        ok &= fits(s->want.second[i]);
    }
    return ok;
}

static int same(double got, double want, ad_type type)
{
    if (isnan(want) || isinf(want) || want == 0) {
        return isnan(want) ? isnan(got) : got == want;
    }
    int bits = type == AD_F64 ? DBL_MANT_DIG : FLT_MANT_DIG;
    int exponent = ilogb(want) < DBL_MIN_EXP - 1 ? DBL_MIN_EXP - 1 : ilogb(want);
    return fabs(got - want) <= ldexp(MOST_ULP, exponent - bits + 1);
}

static void expect_same(const special *s, const path *p, ad_type type, const char *what, double got,
                        double want)
{
    cr_expect(same(got, want, type),
              "elementwise.def:%d: %s at (%g, %g, %g), %s %s: %s is %.17g, not %.17g", s->line,
              s->text, s->at[0], s->at[1], s->at[2], p->name, ad_type_name(type), what, got, want);
}

static void check(const special *s, const path *p, ad_type type)
{
    static const char *const first[] = {"dx", "dy", "dw"};
    static const char *const second[MOST_ARGS][MOST_SECOND] = {{"dxx"}, {"dxx", "dxy", "dyy"}};
    ad_tape *tape = ad_tape_new();
    answer got = p->run(tape, s, type);
    depth known = got.depth < s->want.depth ? got.depth : s->want.depth;
    if (known >= VALUE) {
        expect_same(s, p, type, "z", got.z, s->want.z);
    }
    for (int i = 0; known >= FIRST && i < s->arity; i++) {
        expect_same(s, p, type, first[i], got.first[i], s->want.first[i]);
    }
    for (int i = 0; known == SECOND && i < s->arity * (s->arity + 1) / 2; i++) {
        expect_same(s, p, type, second[s->arity - 1][i], got.second[i], s->want.second[i]);
    }
    cr_expect_eq(ad_tape_status(tape), AD_OK, "%s", ad_tape_message(tape));
    ad_tape_free(tape);
}

static int has_special_values(const char *name)
{
    const size_t len = strlen(name);
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strncmp(table[i].text, name, len) == 0 && table[i].text[len] == '(') {
            return 1;
        }
    }
    return 0;
}

Test(special_values, every_elementwise_operation_has_some)
{
    static const char *const rows[] = {"", "UNARY(%s(x), x, value, dz/dx)",
                                       "BINARY(%s(x, y), x, y, value, dz/dx, dz/dy)",
                                       "TERNARY(%s(x, y, w), x, y, w, value, dz/dx, dz/dy, dz/dw)"};
    for (const ad_op *const *op = ad__catalogue; *op != NULL; op++) {
        char row[128];
        (void)snprintf(row, sizeof row, rows[(*op)->arity], (*op)->name);
        cr_expect((*op)->arity == 0 || has_special_values((*op)->name),
                  "%s has no special value: write what it gives at its kinks, poles, ends and "
                  "infinities, one row at least, %s, to tests/autodiff/elementwise.def",
                  (*op)->name, row);
    }
}

static void check_all(ad_type type)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        for (size_t k = 0; k < sizeof paths / sizeof *paths; k++) {
            if (type == AD_F64 || fits_f32(&table[i])) {
                check(&table[i], &paths[k], type);
            }
        }
    }
}

Test(special_values, every_row_holds_in_every_form_in_f64)
{
    check_all(AD_F64);
}

Test(special_values, every_row_that_fits_holds_in_every_form_in_f32)
{
    check_all(AD_F32);
}

/* ---- NaN ---- */

/* Arguments whose NaN the value may ignore: bit i for argument i. Their rows are in the table. */
static unsigned forgives(const char *name)
{
    static const struct {
        const char *name;
        unsigned arguments;
    } list[] = {
        {"ad_fmax", 3},  {"ad_fmin", 3},      {"ad_less", 3},    {"ad_less_equal", 3},
        {"ad_equal", 3}, {"ad_not_equal", 3}, {"ad_greater", 3}, {"ad_greater_equal", 3},
        {"ad_where", 5}, {"ad_share", 2 | 4},
    };
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        if (strcmp(list[i].name, name) == 0) {
            return list[i].arguments;
        }
    }
    return 0;
}

Test(special_values, a_nan_in_any_argument_of_any_elementwise_operation_gives_nan)
{
    for (const ad_op *const *op = ad__catalogue; *op != NULL; op++) {
        for (int i = 0; i < (*op)->arity; i++) {
            ad_var x[MOST_ARGS];
            for (int k = 0; k < (*op)->arity; k++) {
                x[k] = ad_literal(k == i ? NAN : (*op)->range[k][1]);
            }
            double z = ad_value(ad__record(*op, (*op)->arity, x, NULL, 0));
            int forgiven = forgives((*op)->name) >> i & 1;
            cr_expect(isnan(z) == !forgiven, "%s with NaN for argument %d is %g", (*op)->name, i,
                      z);
        }
    }
}
