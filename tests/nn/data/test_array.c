/* SPDX-License-Identifier: MIT */
#include "array.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static const uint8_t bytes[] = {0, 51, 102, 153, 204, 255};
static const double doubles[] = {0.5, -1.5, INFINITY, 1e300, -2.0, 3.25};

Test(array, types_have_names_and_sizes)
{
    cr_expect_str_eq(nn_type_name(NN_U8), "u8");
    cr_expect_str_eq(nn_type_name(NN_F32), "f32");
    cr_expect_eq(nn_type_bytes(NN_I64), 8);
    cr_expect_eq(nn_type_bytes(NN_U8), 1);
    cr_expect_str_eq(nn_type_name((nn_type)17), "unknown type");
    cr_expect_eq(nn_type_bytes((nn_type)-1), 0);
}

Test(array, a_new_array_owns_its_memory_and_gives_it_back)
{
    ad_failing_allocator state = {.fail_at = SIZE_MAX};
    ad_allocator allocator = ad_allocator_failing(&state);
    nn_array array;
    cr_assert_eq(nn_array_init(&array, NN_F32, AD_SHAPE(5, 2, 3), &allocator, NULL), AD_OK);
    memset(array.owned, 0, 5 * 2 * 3 * sizeof(float));
    cr_expect_eq(nn_array_rows(&array), 5);
    ad_shape row = nn_array_row_shape(&array);
    cr_expect(row.rank == 2 && row.len[0] == 2 && row.len[1] == 3);
    cr_expect_eq(state.live, 1);
    nn_array_clear(&array);
    cr_expect_eq(state.live, 0);
    nn_array_clear(&array);
}

Test(array, an_impossible_array_is_refused_and_left_empty)
{
    ad_failing_allocator state = {.fail_at = 0};
    ad_allocator allocator = ad_allocator_failing(&state);
    ad_error error;
    nn_array array;
    cr_expect_eq(nn_array_init(&array, NN_F64, AD_SHAPE(5), &allocator, &error), AD_ERR_MEMORY);
    cr_expect_str_eq(error.message, "nn_array_init: out of memory for f64 [5]");
    cr_expect_eq(nn_array_init(&array, NN_F64, AD_SCALAR, NULL, &error), AD_ERR_SHAPE);
    cr_expect_eq(nn_array_init(&array, NN_F64, AD_SHAPE(2, -1), NULL, &error), AD_ERR_SHAPE);
    cr_expect_eq(nn_array_init(&array, NN_F64, AD_SHAPE(1L << 40, 1L << 40), NULL, &error),
                 AD_ERR_SHAPE);
    cr_expect_eq(nn_array_init(&array, NN_F64, AD_SHAPE(1L << 30, 1L << 30), NULL, &error),
                 AD_ERR_MEMORY);
    cr_expect_eq(nn_array_init(&array, (nn_type)9, AD_SHAPE(2), NULL, &error), AD_ERR_TYPE);
    cr_expect(array.owned == NULL && nn_array_rows(&array) == 0);
    nn_array_clear(&array);
}

Test(array, gathered_bytes_are_scaled_in_both_precisions)
{
    nn_array x = nn_array_view(NN_U8, AD_SHAPE(3, 2), bytes);
    x.scale = 1.0 / 255.0;
    x.offset = -0.5;
    double f64[4];
    float f32[4];
    cr_assert_eq(nn_array_gather(&x, 2, (int64_t[]){2, 0}, AD_F64, f64, NULL), AD_OK);
    cr_assert_eq(nn_array_gather(&x, 2, (int64_t[]){2, 0}, AD_F32, f32, NULL), AD_OK);
    const double expected[] = {0.3, 0.5, -0.5, -0.3};
    for (int i = 0; i < 4; i++) {
        cr_expect_float_eq(f64[i], expected[i], 1e-15);
        cr_expect_float_eq(f32[i], expected[i], 1e-7);
    }
    cr_expect_eq(f32[1], 0.5F, "white is exactly scale 255 + offset");
}

/* Every pair of types, through numbers that all of them can hold. */
Test(array, every_type_is_gathered_as_every_other_except_floats_as_integers)
{
    const uint8_t u8[] = {7, 0, 200};
    const int64_t i64[] = {7, 0, 200};
    const float f32[] = {7, 0, 200};
    const double f64[] = {7, 0, 200};
    const nn_array arrays[] = {
        nn_array_view(NN_U8, AD_SHAPE(3), u8), nn_array_view(NN_I64, AD_SHAPE(3), i64),
        nn_array_view(NN_F32, AD_SHAPE(3), f32), nn_array_view(NN_F64, AD_SHAPE(3), f64)};
    for (int i = 0; i < 4; i++) {
        nn_array scaled = arrays[i];
        scaled.scale = 0.5;
        double out64[3];
        float out32[3];
        int64_t labels[3] = {-1, -1, -1};
        ad_error error;
        cr_expect_eq(nn_array_gather(&arrays[i], 3, NULL, AD_F64, out64, NULL), AD_OK);
        cr_expect_arr_eq(out64, f64, sizeof f64);
        cr_expect_eq(nn_array_gather(&scaled, 3, NULL, AD_F32, out32, NULL), AD_OK);
        cr_expect(out32[0] == 3.5F && out32[1] == 0.0F && out32[2] == 100.0F);
        ad_status status = nn_array_gather(&scaled, 3, NULL, AD_I64, labels, &error);
        if (i < 2) {
            cr_expect_eq(status, AD_OK);
            cr_expect_arr_eq(labels, i64, sizeof i64, "labels are not scaled");
        } else {
            cr_expect_eq(status, AD_ERR_TYPE);
            cr_expect_eq(labels[0], -1);
            cr_expect_not_null(strstr(error.message, "cannot be gathered as i64"));
        }
    }
}

Test(array, doubles_beyond_float_become_infinite)
{
    nn_array x = nn_array_view(NN_F64, AD_SHAPE(6), doubles);
    float out[6];
    cr_assert_eq(nn_array_gather(&x, 6, NULL, AD_F32, out, NULL), AD_OK);
    cr_expect(out[1] == -1.5F && isinf(out[2]) && isinf(out[3]));
}

Test(array, an_index_outside_the_array_is_named_and_nothing_is_written)
{
    nn_array x = nn_array_view(NN_F64, AD_SHAPE(6), doubles);
    double out[3] = {42, 42, 42};
    ad_error error;
    cr_expect_eq(nn_array_gather(&x, 3, (int64_t[]){0, 1, 6}, AD_F64, out, &error), AD_ERR_INDEX);
    cr_expect_str_eq(error.message, "nn_array_gather: indices[2] is 6, but the array's 6 rows are "
                                    "numbered from 0");
    cr_expect_eq(nn_array_gather(&x, 1, (int64_t[]){-1}, AD_F64, out, &error), AD_ERR_INDEX);
    cr_expect_eq(nn_array_gather(&x, 7, NULL, AD_F64, out, &error), AD_ERR_INDEX);
    cr_expect_eq(nn_array_gather(&x, -1, NULL, AD_F64, out, &error), AD_ERR_INDEX);
    cr_expect(out[0] == 42 && out[1] == 42 && out[2] == 42);
    cr_expect_eq(nn_array_gather(&(nn_array){0}, 0, NULL, AD_F64, out, &error), AD_ERR_SHAPE);
    cr_expect_eq(nn_array_gather(&x, 0, NULL, (ad_type)7, out, &error), AD_ERR_TYPE);
}

static void expect_rows(const nn_array *array, int64_t count, const double *expected)
{
    double out[8];
    cr_assert_eq(nn_array_rows(array), count);
    cr_assert_eq(nn_array_gather(array, count, NULL, AD_F64, out, NULL), AD_OK);
    cr_expect_arr_eq(out, expected, (size_t)count * sizeof *out);
    for (int64_t i = 0; i < count; i++) {
        cr_expect_eq(*(const double *)nn_array_row(array, i), expected[i]);
    }
}

Test(array, a_slice_shares_rows_without_copying)
{
    nn_array x = nn_array_view(NN_F64, AD_SHAPE(6), doubles), part, inner;
    cr_assert_eq(nn_array_slice(&x, 1, 4, &part, NULL), AD_OK);
    expect_rows(&part, 4, doubles + 1);
    cr_expect_eq(part.data, doubles + 1);
    cr_assert_eq(nn_array_slice(&part, 2, 2, &inner, NULL), AD_OK);
    expect_rows(&inner, 2, doubles + 3);
    cr_assert_eq(nn_array_slice(&part, 4, 0, &inner, NULL), AD_OK);
    cr_expect_eq(nn_array_rows(&inner), 0);
}

Test(array, a_slice_outside_the_array_is_refused)
{
    nn_array x = nn_array_view(NN_F64, AD_SHAPE(6), doubles), part;
    ad_error error;
    cr_expect_eq(nn_array_slice(&x, 3, 4, &part, &error), AD_ERR_INDEX);
    cr_expect_str_eq(error.message,
                     "nn_array_slice: 4 rows from 3 on are not all among the array's 6");
    cr_expect_eq(nn_array_slice(&x, -1, 2, &part, &error), AD_ERR_INDEX);
    cr_expect_eq(nn_array_slice(&x, 0, -1, &part, &error), AD_ERR_INDEX);
    cr_expect_eq(nn_array_slice(&x, INT64_MAX, INT64_MAX, &part, &error), AD_ERR_INDEX);
}

Test(array, selections_of_selections_find_the_right_rows)
{
    nn_array x = nn_array_view(NN_F64, AD_SHAPE(6), doubles), odd, part, again;
    cr_assert_eq(nn_array_select(&x, 4, (int64_t[]){5, 1, 3, 1}, NULL, &odd, NULL), AD_OK);
    expect_rows(&odd, 4, (double[]){3.25, -1.5, 1e300, -1.5});
    cr_assert_eq(nn_array_slice(&odd, 1, 3, &part, NULL), AD_OK);
    expect_rows(&part, 3, (double[]){-1.5, 1e300, -1.5});
    cr_assert_eq(nn_array_select(&part, 2, (int64_t[]){1, 0}, NULL, &again, NULL), AD_OK);
    nn_array_clear(&odd); /* `again` has its own indices and needs only the data */
    expect_rows(&again, 2, (double[]){1e300, -1.5});
    nn_array_clear(&again);
}

Test(array, a_failed_selection_leaves_an_empty_array)
{
    ad_failing_allocator state = {.fail_at = 0};
    ad_allocator allocator = ad_allocator_failing(&state);
    nn_array x = nn_array_view(NN_F64, AD_SHAPE(6), doubles), part;
    ad_error error;
    cr_expect_eq(nn_array_select(&x, 1, (int64_t[]){5}, &allocator, &part, &error), AD_ERR_MEMORY);
    cr_expect(part.owned == NULL && nn_array_rows(&part) == 0);
    cr_expect_eq(nn_array_select(&x, 1, (int64_t[]){6}, NULL, &part, &error), AD_ERR_INDEX);
    cr_expect_eq(nn_array_select(&x, 7, NULL, NULL, &part, &error), AD_ERR_INDEX);
    cr_expect(part.owned == NULL && nn_array_rows(&part) == 0);
}

Test(array, empty_rows_and_empty_arrays_are_gathered_as_nothing)
{
    nn_array no_columns = nn_array_view(NN_F32, AD_SHAPE(4, 0), NULL), part;
    nn_array no_rows = nn_array_view(NN_U8, AD_SHAPE(0, 3), NULL);
    cr_expect_eq(nn_array_gather(&no_columns, 4, NULL, AD_F64, NULL, NULL), AD_OK);
    cr_expect_eq(nn_array_gather(&no_rows, 0, NULL, AD_F64, NULL, NULL), AD_OK);
    cr_expect_eq(nn_array_slice(&no_columns, 2, 2, &part, NULL), AD_OK);
    cr_expect_eq(nn_array_select(&no_rows, 0, NULL, NULL, &part, NULL), AD_OK);
    cr_expect_null(part.owned);
}

Test(array, rows_without_data_are_an_error)
{
    nn_array none = nn_array_view(NN_F64, AD_SHAPE(2, 3), NULL);
    double out[6];
    cr_expect_eq(nn_array_gather(&none, 2, NULL, AD_F64, out, NULL), AD_ERR_DOMAIN);
}

Test(array, parts_of_an_array_without_data_have_none_either)
{
    const nn_array none = nn_array_view(NN_F64, AD_SHAPE(10, 3), NULL);
    const int64_t indices[] = {7, 2};
    nn_array slice, choice;
    ad_error error = {0};
    double out[30];
    cr_expect_null(nn_array_row(&none, 4));
    cr_expect_eq(nn_array_slice(&none, 4, 5, &slice, &error), AD_OK);
    cr_expect_null(slice.data);
    cr_expect_eq(nn_array_gather(&slice, 5, NULL, AD_F64, out, &error), AD_ERR_DOMAIN);
    cr_expect_eq(nn_array_select(&none, 2, indices, NULL, &choice, &error), AD_OK);
    cr_expect_eq(nn_array_gather(&choice, 2, NULL, AD_F64, out, &error), AD_ERR_DOMAIN);
    nn_array_clear(&choice);
    const nn_array some = nn_array_view(NN_F64, AD_SHAPE(2, 3), out);
    cr_expect_eq(nn_array_gather(&some, 2, NULL, AD_F64, NULL, &error), AD_ERR_DOMAIN);
    cr_expect_eq(nn_array_gather(&some, 0, NULL, AD_F64, NULL, &error), AD_OK);
}

Test(array, the_empty_array_has_no_rows_and_can_be_cleared_and_divided)
{
    nn_array empty = {0}, part;
    ad_error error = {0};
    cr_expect_eq(nn_array_rows(&empty), 0);
    cr_expect_eq(nn_array_row_shape(&empty).rank, 0);
    cr_expect_null(nn_array_row(&empty, 0));
    cr_expect_eq(nn_array_slice(&empty, 0, 0, &part, &error), AD_OK);
    cr_expect_eq(nn_array_select(&empty, 0, NULL, NULL, &part, &error), AD_OK);
    cr_expect_eq(nn_array_slice(&empty, 0, 1, &part, &error), AD_ERR_INDEX);
    nn_array_clear(&empty);
    nn_array_clear(NULL);
}

Test(array, rows_beyond_counting_are_refused_or_nothing)
{
    nn_array array, part;
    ad_error error = {0};
    const int64_t many = (int64_t)1 << 59;
    cr_expect_eq(nn_array_init(&array, NN_F64, AD_SHAPE(many, 4), NULL, &error), AD_ERR_SHAPE);
    cr_expect_eq(nn_array_init(&array, NN_F64, AD_SHAPE(many, 0), NULL, &error), AD_OK);
    cr_expect_eq(nn_array_slice(&array, many - 1, 1, &part, &error), AD_OK);
    cr_expect_eq(nn_array_slice(&array, many, 1, &part, &error), AD_ERR_INDEX);
    cr_expect_eq(nn_array_slice(&array, INT64_MAX, INT64_MAX, &part, &error), AD_ERR_INDEX);
    cr_expect_eq(nn_array_select(&array, many, NULL, NULL, &part, &error), AD_ERR_MEMORY);
    cr_expect_eq(nn_array_gather(&array, many, NULL, AD_F64, NULL, &error), AD_OK);
    nn_array_clear(&array);
}

Test(array, null_has_no_rows_and_is_an_error)
{
    const double numbers[] = {1, 2};
    const int64_t index = 0;
    const nn_array array = nn_array_view(NN_F64, AD_SHAPE(2, 1), numbers);
    nn_array part = array;
    double out;
    ad_error error;
    cr_expect_eq(nn_array_rows(NULL), 0);
    cr_expect_eq(nn_array_row_shape(NULL).rank, 0);
    cr_expect_null(nn_array_row(NULL, 0));
    cr_expect_eq(nn_array_init(NULL, NN_F64, AD_SHAPE(2), NULL, &error), AD_ERR_DOMAIN);
    cr_expect_eq(nn_array_slice(NULL, 0, 0, &part, &error), AD_ERR_DOMAIN);
    cr_expect_str_eq(error.message, "nn_array_slice: array is NULL");
    cr_expect_eq(nn_array_slice(&array, 0, 1, NULL, &error), AD_ERR_DOMAIN);
    cr_expect_eq(nn_array_select(&array, 1, &index, NULL, NULL, &error), AD_ERR_DOMAIN);
    cr_expect_eq(nn_array_select(NULL, 0, &index, NULL, &part, &error), AD_ERR_DOMAIN);
    cr_expect_null(part.data);
    cr_expect_eq(nn_array_gather(NULL, 0, NULL, AD_F64, &out, &error), AD_ERR_DOMAIN);
}
