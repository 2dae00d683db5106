/* SPDX-License-Identifier: MIT */
#include "operations.h"

#include <criterion/criterion.h>
#include <math.h>

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
