/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <math.h>

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}
static void stop(void)
{
    ad_tape_free(tape);
}
TestSuite(matrices, .init = start, .fini = stop);

Test(matrices, entries_are_counted_from_both_ends)
{
    ad_var x = test_counting(tape, AD_F32, AD_SHAPE(2, 3));
    test_expect(ad_at(x, 0), AD_SHAPE(3), TEST_NUMBERS(1, 2, 3));
    test_expect(ad_at(ad_at(x, -1), -1), AD_SCALAR, TEST_NUMBERS(6));
    TEST_ERROR(tape, ad_at(x, 2), AD_ERR_INDEX,
               "ad_at: index 2 is outside axis 0 of [2, 3]; indices are -2 to 1");
    TEST_ERROR(tape, ad_at(ad_input(tape, 1), 0), AD_ERR_SHAPE,
               "ad_at: axis 0 of a scalar, which has none");
}

Test(matrices, sums_broadcast_and_take_numbers)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(2, 2)), y = ad_input(tape, 10);
    test_expect(ad_add_n(AD_LIST(x, y, AD_VAR(0.5))), AD_SHAPE(2, 2),
                TEST_NUMBERS(11.5, 12.5, 13.5, 14.5));
    cr_expect_eq(ad_value(ad_add_n(3, (ad_var[]){AD_VAR(1), AD_VAR(2), AD_VAR(4)})), 7);
    cr_expect_eq(ad_value(ad_add_n(0, NULL)), 0);
    cr_expect(isnan(ad_value(ad_add_n(2, NULL))));
}

Test(matrices, vectors_and_matrices_are_made_of_scalars)
{
    ad_var x = ad_input(tape, 3), v = test_counting(tape, AD_F64, AD_SHAPE(2));
    test_expect(ad_vector(AD_LIST(x, AD_VAR(4), x)), AD_SHAPE(3), TEST_NUMBERS(3, 4, 3));
    test_expect(ad_matrix(AD_LIST(x, AD_VAR(1), AD_VAR(2), AD_VAR(4), x, AD_VAR(5)), 3),
                AD_SHAPE(2, 3), TEST_NUMBERS(3, 1, 2, 4, 3, 5));
    TEST_ERROR(tape, ad_vector(AD_LIST(x, v)), AD_ERR_SHAPE,
               "ad_vector: x[1] is [2]; give scalars, or join tensors with ad_stack or ad_concat");
    TEST_ERROR(tape, ad_matrix(AD_LIST(x, x, x), 2), AD_ERR_DOMAIN,
               "ad_matrix: 3 scalars in rows of 2; their number must be a multiple of the columns");
    TEST_ERROR(tape, ad_matrix(AD_LIST(x, x, x), 0), AD_ERR_DOMAIN,
               "ad_matrix: 3 scalars in rows of 0; their number must be a multiple of the columns");
}

Test(matrices, diagonals_are_taken_and_put)
{
    ad_var x = test_counting(tape, AD_I64, AD_SHAPE(2, 3)), v = ad_at(x, 1);
    test_expect(ad_diag(x), AD_SHAPE(2), TEST_NUMBERS(1, 5));
    test_expect(ad_diag(ad_matrix_transpose(x)), AD_SHAPE(2), TEST_NUMBERS(1, 5));
    test_expect(ad_diag(v), AD_SHAPE(3, 3), TEST_NUMBERS(4, 0, 0, 0, 5, 0, 0, 0, 6));
    test_expect(ad_trace(ad_reshape(x, AD_SHAPE(1, 3, 2))), AD_SHAPE(1), TEST_NUMBERS(5));
    test_expect(ad_eye(tape, AD_F32, 2), AD_SHAPE(2, 2), TEST_NUMBERS(1, 0, 0, 1));
    for (int64_t n = 0; n < 2; n++) {
        test_expect(ad_eye(tape, AD_I64, n), AD_SHAPE(n, n), TEST_NUMBERS(1));
        test_expect(ad_diag(ad_full(tape, AD_F64, AD_SHAPE(n, 3), 2)), AD_SHAPE(n),
                    TEST_NUMBERS(2));
        test_expect(ad_trace(ad_full(tape, AD_F64, AD_SHAPE(3, n), 2)), AD_SCALAR,
                    TEST_NUMBERS(n > 0 ? 2 : 0));
    }
    TEST_ERROR(tape, ad_diag(ad_input(tape, 1)), AD_ERR_SHAPE,
               "ad_diag: x is a scalar; give a vector or a matrix");
    TEST_ERROR(tape, ad_trace(v), AD_ERR_SHAPE,
               "ad_trace: x is [3]; give a matrix, or a batch of them");
    TEST_ERROR(tape, ad_eye(tape, AD_F64, -1), AD_ERR_SHAPE,
               "ad_eye: -1 rows and columns; give 0 to 536870912");
    cr_expect(isnan(ad_value(ad_eye(NULL, AD_F64, 2))));
}

/* What cannot follow other lengths says so. */
Test(matrices, resized_a_batch_follows_and_a_diagonal_stays)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(2, 3, 3)), z = ad_trace(x);
    ad_fn *f = ad_fn_new_with(tape, 1, &x, 1, &z, &(ad_fn_options){.resizable = 1});
    ad_error error;
    ad_fn *more = ad_fn_resized(f, (ad_shape[]){AD_SHAPE(5, 3, 3)}, &error);
    cr_assert_not_null(more, "%s", error.message);
    double ones[45], traces[5] = {0};
    for (int i = 0; i < 45; i++) {
        ones[i] = 1;
    }
    cr_expect_eq(ad_fn_eval(more, ones, traces), AD_OK);
    cr_expect(traces[0] == 3 && traces[4] == 3);
    cr_expect_null(ad_fn_resized(f, (ad_shape[]){AD_SHAPE(2, 4, 4)}, &error));
    cr_expect_eq(error.status, AD_ERR_SHAPE, "%s", error.message);
    cr_expect_null(ad_fn_resized(f, (ad_shape[]){AD_SHAPE(2, 3, 4)}, &error));
    cr_expect_eq(error.status, AD_ERR_SHAPE, "%s", error.message);
    ad_var v = test_counting(tape, AD_F64, AD_SHAPE(3)), d = ad_diag(v);
    ad_fn *g = ad_fn_new_with(tape, 1, &v, 1, &d, &(ad_fn_options){.resizable = 1});
    cr_expect_null(ad_fn_resized(g, (ad_shape[]){AD_SHAPE(4)}, &error));
    cr_expect_eq(error.status, AD_ERR_SHAPE, "%s", error.message);
    ad_fn_free(f);
    ad_fn_free(more);
    ad_fn_free(g);
}
