/* SPDX-License-Identifier: MIT */
#include "kernels/levels_internal.h"
#include "kernels/codes_internal.h"
#include "operations.h"

#include "ops/elementwise_internal.h"
#include "rng.h"
#include "tape/tape_internal.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

Test(elementwise, shapes_that_do_not_broadcast_are_an_error_that_names_them_and_the_line)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(3)),
           y = test_counting(tape, AD_F64, AD_SHAPE(2));
    TEST_ERROR(tape, ad_add(x, y), AD_ERR_SHAPE,
               "ad_add: [3] with [2]: aligned at the last axis, lengths must agree or be 1; "
               "reshape one?");
    ad_var w = test_counting(tape, AD_F64, AD_SHAPE(2, 3));
    TEST_ERROR(tape, ad_fma(x, w, y), AD_ERR_SHAPE,
               "ad_fma: [2, 3] with [2]: aligned at the last axis, lengths must agree or be 1; "
               "reshape one?");
    ad_tape_free(tape);
}

Test(elementwise, types_do_not_mix)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(3)),
           y = test_counting(tape, AD_F32, AD_SHAPE(3));
    TEST_ERROR(tape, ad_add(x, y), AD_ERR_TYPE,
               "ad_add: f64 [3] with f32 [3]; convert one with ad_cast");
    ad_var i = test_counting(tape, AD_I64, AD_SHAPE(3));
    TEST_ERROR(tape, ad_sin(i), AD_ERR_TYPE,
               "ad_sin: an argument is i64; elementwise operations take f64 or f32, ad_cast "
               "converts");
    TEST_ERROR(tape, ad_mul(x, i), AD_ERR_TYPE,
               "ad_mul: f64 [3] with i64 [3]; convert one with ad_cast");
    ad_tape_free(tape);
}

Test(elementwise, a_number_takes_the_type_of_the_variables_beside_it)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = test_counting(tape, AD_F32, AD_SHAPE(2));
    cr_expect_eq(ad_type_of(ad_mul(x, 0.1)), AD_F32);
    test_expect(ad_mul(x, 0.1), AD_SHAPE(2), TEST_NUMBERS((double)0.1F, (double)(2 * 0.1F)));
    test_expect(ad_add(0.5, ad_full(tape, AD_F64, AD_SHAPE(1, 1), 2)), AD_SHAPE(1, 1),
                TEST_NUMBERS(2.5));
    ad_tape_free(tape);
}

Test(elementwise, operations_on_numbers_alone_are_computed_at_once)
{
    ad_var z = ad_fma(2.0, 3.0, ad_sqrt(16.0));
    cr_expect_null(z.tape);
    cr_expect_eq(ad_value(z), 10.0);
}

/* Element `at` of a result of shape z, as the element of an argument broadcast to it. */
static size_t source_of(size_t at, const ad_shape *z, const ad_shape *x)
{
    size_t from = 0, stride = 1;
    for (int i = 1; i <= x->rank; i++) {
        size_t len = (size_t)z->len[z->rank - i], own = (size_t)x->len[x->rank - i];
        from += own == 1 ? 0 : at % len * stride;
        stride *= own;
        at /= len;
    }
    return from;
}

/* Every mix of long, short and missing axes over three arguments, up to the highest rank. */
Test(elementwise, broadcasting_reads_the_elements_that_numpys_rule_names)
{
    const ad_shape full = AD_SHAPE(2, 1, 3, 2, 1, 2, 1, 2);
    double elements[3][48], got[48];
    for (unsigned mask = 0; mask < 1U << 8; mask++) {
        ad_tape *tape = ad_tape_new();
        ad_shape shape[3] = {full, full, full};
        ad_var x[3];
        shape[1].rank = (int)(mask % 9);
        for (int i = 0; i < 8; i++) {
            shape[0].len[i] = mask >> i & 1 ? 1 : full.len[i];
            shape[1].len[i] = i < shape[1].rank ? full.len[8 - shape[1].rank + i] : 0;
            shape[2].len[i] = mask >> (7 - i) & 1 ? full.len[i] : 1;
        }
        for (int a = 0; a < 3; a++) {
            x[a] = ad_mul(0.5 + a, test_counting(tape, AD_F64, shape[a]));
            cr_assert_eq(ad_read(x[a], ad_count(x[a]), elements[a]), AD_OK);
        }
        ad_var z = ad_fma(x[0], x[1], x[2]);
        ad_shape own = ad_shape_of(z);
        cr_assert_eq(ad_read(z, ad_count(z), got), AD_OK, "%s", ad_tape_message(tape));
        for (size_t i = 0; i < ad_count(z); i++) {
            double want = fma(elements[0][source_of(i, &own, &shape[0])],
                              elements[1][source_of(i, &own, &shape[1])],
                              elements[2][source_of(i, &own, &shape[2])]);
            cr_assert_eq(got[i], want, "mask %x, element %zu: %g, not %g", mask, i, got[i], want);
        }
        ad_tape_free(tape);
    }
}

/* ---- bits ---- */

enum { LONGEST = 70, POINTS = 4 * LONGEST };

/* Arguments of a row: special numbers, numbers from its range and others of every size. */
static void draw_arguments(const ad_op *op, ad_rng *rng, double (*x)[POINTS])
{
    const double special[] = {0,    -0.0,     1,    -1,     0.5,     INFINITY, -INFINITY,
                              NAN,  1e-310,   -745, 709.78, -1074.5, 1e300,    -1e30,
                              2,    -0x1p-60, 88,   -103.5, 1e-40,   1e5,      0x1p-1074,
                              18.7, -40,      3e38, -708.4, 0.347};
    enum { SPECIAL = sizeof special / sizeof *special };
    for (int a = 0; a < op->arity; a++) {
        double lo = op->range[a][0], hi = op->range[a][1];
        for (int i = 0; i < POINTS; i++) {
            double near = lo + (hi - lo) * ad_rng_uniform(rng), wide = ad_rng_normal(rng);
            int size = (int)ad_rng_below(rng, 40) - 20;
            x[a][i] = i % 3 == 0   ? special[ad_rng_below(rng, SPECIAL)]
                      : i % 3 == 1 ? near
                                   : ldexp(wide, size);
        }
    }
}

/* The functions that record each row. */
typedef struct recorder {
    ad_var (*unary)(ad_var x, const char *site);
    ad_var (*binary)(ad_var x, ad_var y, const char *site);
    ad_var (*ternary)(ad_var x, ad_var y, ad_var w, const char *site);
} recorder;

static const recorder recorders[] = {
#define AD_UNARY(name, ...) [name##__code] = {.unary = name##_at},
#define AD_BINARY(name, ...) [name##__code] = {.binary = name##_at},
#define AD_TERNARY(name, ...) [name##__code] = {.ternary = name##_at},
#define AD_STRUCTURED(name, ...)
#define AD_COMPOSED(type, name, ...)
#include "ops/ops.def"
};

static ad_var record_row(const ad_op *op, const ad_var *x)
{
    const recorder *r = &recorders[op->code];
    return op->arity == 1   ? r->unary(x[0], AD_HERE)
           : op->arity == 2 ? r->binary(x[0], x[1], AD_HERE)
                            : r->ternary(x[0], x[1], x[2], AD_HERE);
}

/* Equal bits, or NaN both. */
static int same(const void *a, const void *b, ad_type type)
{
    double x = type == AD_F64 ? *(const double *)a : (double)*(const float *)a;
    double y = type == AD_F64 ? *(const double *)b : (double)*(const float *)b;
    return (isnan(x) && isnan(y)) || memcmp(a, b, ad_type_bytes(type)) == 0;
}

/* The elements one by one; f64 as scalars recorded on a tape. */
static void evaluate_each(const ad_op *op, ad_type type, double (*x)[POINTS],
                          float (*narrow)[POINTS], void *z)
{
    const size_t step[3] = {1, 1, 1};
    ad_tape *tape = ad_tape_new();
    for (int i = 0; i < POINTS; i++) {
        if (type == AD_F64) {
            ad_var arg[3];
            for (int a = 0; a < op->arity; a++) {
                arg[a] = ad_input(tape, x[a][i]);
            }
            ((double *)z)[i] = ad_value(record_row(op, arg));
        } else {
            const void *arg[3] = {&narrow[0][i], &narrow[1][i], &narrow[2][i]};
            op->loop[type](1, arg, step, (float *)z + i);
        }
    }
    ad_tape_free(tape);
}

/* The loops of every level that this CPU has, over stretches of every length up to the longest. */
static void check_bits(const ad_op *op, ad_type type, double (*x)[POINTS])
{
    static float narrow[3][POINTS];
    const size_t bytes = ad_type_bytes(type), step[3] = {1, 1, 1};
    char each[POINTS * sizeof(double)], z[LONGEST * sizeof(double)];
    for (int a = 0; a < op->arity; a++) {
        for (int i = 0; i < POINTS; i++) {
            narrow[a][i] = (float)x[a][i];
        }
    }
    evaluate_each(op, type, x, narrow, each);
    for (size_t n = 1, from = 0; n <= LONGEST; n++, from = from * 5 % (POINTS - LONGEST) + 1) {
        const void *arg[3];
        for (int a = 0; a < 3; a++) {
            arg[a] = type == AD_F64 ? (void *)(x[a] + from) : (void *)(narrow[a] + from);
        }
        for (int level = 0; level <= ad__level(); level++) {
            ad__loops_at(type, level)[op->code](n, arg, step, z);
            for (size_t i = 0; i < n; i++) {
                cr_assert(same(z + i * bytes, each + (from + i) * bytes, type),
                          "%s, %s, level %d: element %zu of %zu, at %g, %g, %g", op->name,
                          ad_type_name(type), level, i, n, x[0][from + i], x[1][from + i],
                          x[2][from + i]);
            }
        }
    }
}

Test(elementwise,
     a_scalar_and_elements_of_tensors_of_any_length_have_the_same_bits_on_every_instruction_set)
{
    static double x[3][POINTS];
    ad_rng rng = {.seed = 11};
    for (const ad_op *const *op = ad__catalogue; *op != NULL; op++) {
        if ((*op)->arity > 0) {
            draw_arguments(*op, &rng, x);
            check_bits(*op, AD_F64, x);
            check_bits(*op, AD_F32, x);
        }
    }
}
