/* SPDX-License-Identifier: MIT */
#include "standard.h"

#include <criterion/criterion.h>
#include <float.h>
#include <math.h>

/* Columns: 1 2 3 4; always 0.1; 1e9 plus 1 2 3 4. Of 1 2 3 4: mean 2.5, deviation sqrt(5/4). */
static const double x[] = {1, 0.1, 1e9 + 1, 2, 0.1, 1e9 + 2, 3, 0.1, 1e9 + 3, 4, 0.1, 1e9 + 4};

Test(standard, mean_and_deviation_are_those_of_the_rows)
{
    nn_array array = nn_array_view(NN_F64, AD_SHAPE(4, 3), x);
    nn_standard standard;
    cr_assert_eq(nn_standard_fit(&standard, &array, NULL, NULL), AD_OK);
    cr_assert_eq(standard.columns, 3);
    const double mean[] = {2.5, 0.1, 1e9 + 2.5}, deviation[] = {sqrt(1.25), 1.0, sqrt(1.25)};
    for (int j = 0; j < 3; j++) {
        cr_expect_float_eq(standard.mean[j], mean[j], 1e-15 * mean[j]);
        cr_expect_float_eq(standard.deviation[j], deviation[j], 1e-15);
    }
    nn_standard_clear(&standard);
    nn_standard_clear(&standard);
}

Test(standard, applied_to_its_own_rows_it_gives_mean_0_and_deviation_1)
{
    nn_array array = nn_array_view(NN_F64, AD_SHAPE(4, 3), x), z;
    nn_standard standard;
    cr_assert_eq(nn_standard_fit(&standard, &array, NULL, NULL), AD_OK);
    for (int k = 0; k < 2; k++) {
        ad_type type = k == 0 ? AD_F64 : AD_F32;
        cr_assert_eq(nn_standard_apply(&standard, &array, type, &z, NULL), AD_OK);
        cr_expect(ad_shape_equal(&z.shape, &array.shape));
        double out[12];
        cr_assert_eq(nn_array_gather(&z, 4, NULL, AD_F64, out, NULL), AD_OK);
        for (int j = 0; j < 3; j++) {
            double sum = 0.0, squares = 0.0;
            for (int i = 0; i < 4; i++) {
                sum += out[3 * i + j];
                squares += out[3 * i + j] * out[3 * i + j];
            }
            cr_expect_float_eq(sum, 0.0, 1e-6);
            cr_expect_float_eq(squares, j == 1 ? 0.0 : 4.0, 1e-6);
        }
        cr_expect_eq(nn_standard_undo(&standard, 4, type, z.owned, NULL), AD_OK);
        cr_assert_eq(nn_array_gather(&z, 4, NULL, AD_F64, out, NULL), AD_OK);
        for (int i = 0; i < 12; i++) {
            cr_expect_float_eq(out[i], x[i], (k == 0 ? 1e-15 : 1e-6) * fabs(x[i]));
        }
        nn_array_clear(&z);
    }
    nn_standard_clear(&standard);
}

Test(standard, other_rows_are_measured_by_the_training_rows)
{
    nn_array all = nn_array_view(NN_F64, AD_SHAPE(4, 3), x), train, test, z;
    nn_standard standard;
    double out[3];
    cr_assert_eq(nn_array_select(&all, 2, (int64_t[]){2, 0}, NULL, &train, NULL), AD_OK);
    cr_assert_eq(nn_array_slice(&all, 3, 1, &test, NULL), AD_OK);
    cr_assert_eq(nn_standard_fit(&standard, &train, NULL, NULL), AD_OK);
    cr_assert_eq(nn_standard_apply(&standard, &test, AD_F64, &z, NULL), AD_OK);
    cr_assert_eq(nn_array_gather(&z, 1, NULL, AD_F64, out, NULL), AD_OK);
    cr_expect(out[0] == 2.0 && out[1] == 0.0 && out[2] == 2.0);
    nn_array_clear(&train);
    nn_array_clear(&z);
    nn_standard_clear(&standard);
}

Test(standard, bytes_count_as_they_are_scaled)
{
    const uint8_t bytes[] = {0, 255};
    nn_array array = nn_array_view(NN_U8, AD_SHAPE(2, 1), bytes);
    array.scale = 1.0 / 255.0;
    nn_standard standard;
    cr_assert_eq(nn_standard_fit(&standard, &array, NULL, NULL), AD_OK);
    cr_expect_float_eq(standard.mean[0], 0.5, 1e-16);
    cr_expect_float_eq(standard.deviation[0], 0.5, 1e-16);
    nn_standard_clear(&standard);
}

Test(standard, what_cannot_be_measured_is_refused)
{
    const double bad[] = {1, NAN, 2, 3}, huge[] = {DBL_MAX, -DBL_MAX};
    nn_standard standard;
    ad_error error;
    nn_array array = nn_array_view(NN_F64, AD_SHAPE(2, 2), bad);
    cr_expect_eq(nn_standard_fit(&standard, &array, NULL, &error), AD_ERR_DOMAIN);
    cr_expect_str_eq(error.message, "nn_standard_fit: column 1 has a NaN, or numbers too large to "
                                    "measure: leave out such rows, or fill them in");
    array = nn_array_view(NN_F64, AD_SHAPE(2), huge);
    cr_expect_eq(nn_standard_fit(&standard, &array, NULL, &error), AD_ERR_DOMAIN);
    array = nn_array_view(NN_F64, AD_SHAPE(0, 2), NULL);
    cr_expect_eq(nn_standard_fit(&standard, &array, NULL, &error), AD_ERR_DOMAIN);
    cr_expect(standard.columns == 0 && standard.mean == NULL);
}

Test(standard, rows_of_another_length_and_integers_are_refused)
{
    nn_array array = nn_array_view(NN_F64, AD_SHAPE(4, 3), x), other, z;
    other = nn_array_view(NN_F64, AD_SHAPE(6, 2), x);
    nn_standard standard;
    ad_error error;
    cr_assert_eq(nn_standard_fit(&standard, &array, NULL, NULL), AD_OK);
    cr_expect_eq(nn_standard_apply(&standard, &other, AD_F64, &z, &error), AD_ERR_SHAPE);
    cr_expect_str_eq(error.message, "nn_standard_apply: rows have 2 columns, but 3 were measured");
    cr_expect_eq(nn_standard_apply(&standard, &array, AD_I64, &z, &error), AD_ERR_TYPE);
    cr_expect_eq(nn_standard_undo(&standard, 1, AD_I64, NULL, &error), AD_ERR_TYPE);
    cr_expect_null(z.owned);
    nn_standard_clear(&standard);
}

Test(standard, every_failed_allocation_is_an_error_and_leaves_nothing)
{
    nn_array array = nn_array_view(NN_F64, AD_SHAPE(4, 3), x);
    ad_status status = AD_ERR_MEMORY;
    size_t fail_at = 0;
    for (; status != AD_OK; fail_at++) {
        ad_failing_allocator state = {.fail_at = fail_at};
        ad_allocator allocator = ad_allocator_failing(&state);
        nn_standard standard;
        nn_array z = {0};
        status = nn_standard_fit(&standard, &array, &allocator, NULL);
        if (status == AD_OK) {
            status = nn_standard_apply(&standard, &array, AD_F32, &z, NULL);
        }
        cr_expect(status == AD_OK || (status == AD_ERR_MEMORY && z.owned == NULL));
        nn_array_clear(&z);
        nn_standard_clear(&standard);
        cr_assert_eq(state.live, 0);
    }
    cr_expect_eq(fail_at, 4);
}

Test(standard, a_negative_number_of_rows_cannot_be_undone)
{
    nn_array array = nn_array_view(NN_F64, AD_SHAPE(4, 3), x);
    nn_standard standard;
    double z[1] = {7};
    cr_assert_eq(nn_standard_fit(&standard, &array, NULL, NULL), AD_OK);
    cr_expect_eq(nn_standard_undo(&standard, -1, AD_F64, z, NULL), AD_ERR_DOMAIN);
    cr_expect_eq(z[0], 7);
    nn_standard_clear(&standard);
}

Test(standard, an_empty_one_fits_rows_without_columns_alone)
{
    const nn_standard empty = {0};
    const nn_array none = nn_array_view(NN_F64, AD_SHAPE(2, 0), x),
                   some = nn_array_view(NN_F64, AD_SHAPE(2, 3), x);
    nn_array z;
    cr_expect_eq(nn_standard_apply(&empty, &none, AD_F64, &z, NULL), AD_OK);
    cr_expect_eq(nn_array_rows(&z), 2);
    nn_array_clear(&z);
    cr_expect_eq(nn_standard_apply(&empty, &some, AD_F64, &z, NULL), AD_ERR_SHAPE);
}

Test(standard, null_is_an_error)
{
    double numbers[] = {1, 2};
    const nn_array rows = nn_array_view(NN_F64, AD_SHAPE(2, 1), numbers);
    nn_array z;
    nn_standard standard;
    ad_error error;
    cr_expect_eq(nn_standard_fit(NULL, &rows, NULL, &error), AD_ERR_DOMAIN);
    cr_expect_str_eq(error.message, "nn_standard_fit: standard is NULL");
    cr_expect_eq(nn_standard_fit(&standard, NULL, NULL, &error), AD_ERR_DOMAIN);
    cr_assert_eq(nn_standard_fit(&standard, &rows, NULL, &error), AD_OK);
    cr_expect_eq(nn_standard_apply(NULL, &rows, AD_F64, &z, &error), AD_ERR_DOMAIN);
    cr_expect_eq(nn_standard_apply(&standard, NULL, AD_F64, &z, &error), AD_ERR_DOMAIN);
    cr_expect_null(z.owned);
    cr_expect_eq(nn_standard_apply(&standard, &rows, AD_F64, NULL, &error), AD_ERR_DOMAIN);
    cr_expect_eq(nn_standard_undo(NULL, 2, AD_F64, numbers, &error), AD_ERR_DOMAIN);
    cr_expect_eq(nn_standard_undo(&standard, 2, AD_F64, NULL, &error), AD_ERR_DOMAIN);
    cr_expect_eq(nn_standard_undo(&standard, 0, AD_F64, NULL, &error), AD_OK);
    nn_standard_clear(&standard);
}
