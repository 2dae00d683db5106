/* SPDX-License-Identifier: MIT */
#include "shape.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <string.h>

static void expect_text(ad_shape shape, const char *expected)
{
    char text[160];
    cr_expect_str_eq(ad_shape_print(&shape, text, sizeof text), expected);
}

Test(shape, types_have_names_and_sizes)
{
    cr_expect_str_eq(ad_type_name(AD_F64), "f64");
    cr_expect_str_eq(ad_type_name(AD_F32), "f32");
    cr_expect_str_eq(ad_type_name(AD_I64), "i64");
    cr_expect_eq(ad_type_bytes(AD_F64), 8);
    cr_expect_eq(ad_type_bytes(AD_F32), 4);
    cr_expect_eq(ad_type_bytes(AD_I64), 8);
}

Test(shape, unknown_types_are_named_so_and_have_no_size)
{
    cr_expect_str_eq(ad_type_name((ad_type)17), "unknown type");
    cr_expect_str_eq(ad_type_name((ad_type)-1), "unknown type");
    cr_expect_eq(ad_type_bytes((ad_type)17), 0);
}

Test(shape, the_macros_count_their_arguments)
{
    ad_shape matrix = AD_SHAPE(64, 784);
    cr_expect_eq(matrix.rank, 2);
    cr_expect_eq(matrix.len[0], 64);
    cr_expect_eq(matrix.len[1], 784);
    cr_expect_eq(AD_SHAPE(1, 2, 3, 4, 5, 6, 7, 8).rank, 8);
    cr_expect_eq(AD_SCALAR.rank, 0);
}

Test(shape, shapes_print_as_bracketed_lists)
{
    expect_text(AD_SCALAR, "[]");
    expect_text(AD_SHAPE(3), "[3]");
    expect_text(AD_SHAPE(2, 0, 3), "[2, 0, 3]");
    expect_text(AD_SHAPE(-1), "[-1]");
    expect_text(ad_shape_of_lens(9, NULL), "[rank 9]");
    expect_text(ad_shape_of_lens(-2, NULL), "[rank -2]");
}

Test(shape, a_hundred_and_sixty_bytes_hold_any_valid_shape)
{
    const int64_t len = 181; /* 181^8 is just under 2^60 */
    ad_shape rank8 = AD_SHAPE(len, len, len, len, len, len, len, len);
    ad_shape long_axis = AD_SHAPE((int64_t)1 << 60, 1, 1, 1, 1, 1, 1, 1);
    const ad_shape *longest[] = {&rank8, &long_axis};
    for (int i = 0; i < 2; i++) {
        char text[256];
        cr_expect(ad_shape_is_valid(longest[i]));
        cr_expect_lt(strlen(ad_shape_print(longest[i], text, sizeof text)), 160);
    }
}

Test(shape, a_text_that_does_not_fit_is_cut_and_ends)
{
    const char *full = "[10, 20]";
    ad_shape shape = AD_SHAPE(10, 20);
    for (size_t bytes = 1; bytes <= 9; bytes++) {
        char text[16];
        memset(text, '#', sizeof text);
        ad_shape_print(&shape, text, bytes);
        cr_expect_eq(strlen(text), bytes - 1);
        cr_expect_eq(strncmp(text, full, bytes - 1), 0);
        cr_expect_eq(text[bytes], '#', "wrote past %zu bytes", bytes);
    }
}

Test(shape, validity_asks_for_a_rank_of_0_to_8_and_lengths_of_at_least_0)
{
    const struct {
        ad_shape shape;
        int valid;
    } rows[] = {
        {AD_SCALAR, 1},
        {AD_SHAPE(0), 1},
        {AD_SHAPE(1, 1, 1, 1, 1, 1, 1, 1), 1},
        {AD_SHAPE(-1), 0},
        {AD_SHAPE(2, -3), 0},
        {AD_SHAPE(INT64_MIN), 0},
        {AD_SHAPE(INT64_MAX), 0},
        {ad_shape_of_lens(9, NULL), 0},
        {ad_shape_of_lens(-1, NULL), 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(ad_shape_is_valid(&rows[i].shape), rows[i].valid, "row %zu", i);
    }
}

Test(shape, the_number_of_elements_has_to_fit_in_sixty_bits)
{
    const int64_t two30 = (int64_t)1 << 30;
    ad_shape fits = AD_SHAPE(two30, two30), one_more = AD_SHAPE(two30, two30 + 1);
    ad_shape wraps = AD_SHAPE(two30, two30, 16), empty = AD_SHAPE(two30, two30, two30, 0);
    cr_expect(ad_shape_is_valid(&fits));
    cr_expect_not(ad_shape_is_valid(&one_more));
    cr_expect_not(ad_shape_is_valid(&wraps));
    cr_expect_not(ad_shape_is_valid(&empty), "an empty axis excuses nothing");
}

Test(shape, equal_shapes_have_the_same_rank_and_lengths)
{
    ad_shape a = AD_SHAPE(2, 3), same = AD_SHAPE(2, 3), turned = AD_SHAPE(3, 2);
    ad_shape longer = AD_SHAPE(2, 3, 1), scalar = AD_SCALAR, other = AD_SCALAR;
    other.len[0] = 5; /* beyond the rank: not compared */
    cr_expect(ad_shape_equal(&a, &same));
    cr_expect_not(ad_shape_equal(&a, &turned));
    cr_expect_not(ad_shape_equal(&a, &longer));
    cr_expect(ad_shape_equal(&scalar, &other));
}

Test(shape, the_count_is_the_product_of_the_lengths)
{
    ad_shape scalar = AD_SCALAR, cube = AD_SHAPE(2, 3, 4), empty = AD_SHAPE(5, 0, 7);
    cr_expect_eq(ad_shape_count(&scalar), 1);
    cr_expect_eq(ad_shape_count(&cube), 24);
    cr_expect_eq(ad_shape_count(&empty), 0);
}

Test(shape, broadcasting_follows_numpy)
{
    const struct {
        ad_shape a, b;
        const char *result; /* NULL: they do not fit */
    } rows[] = {
        {AD_SCALAR, AD_SCALAR, "[]"},
        {AD_SCALAR, AD_SHAPE(2, 3), "[2, 3]"},
        {AD_SHAPE(3), AD_SHAPE(2, 3), "[2, 3]"},
        {AD_SHAPE(2, 1), AD_SHAPE(3), "[2, 3]"},
        {AD_SHAPE(8, 1, 6, 1), AD_SHAPE(7, 1, 5), "[8, 7, 6, 5]"},
        {AD_SHAPE(1), AD_SHAPE(0), "[0]"},
        {AD_SHAPE(2, 0), AD_SHAPE(2, 1), "[2, 0]"},
        {AD_SHAPE(0), AD_SHAPE(0), "[0]"},
        {AD_SHAPE(2), AD_SHAPE(3), NULL},
        {AD_SHAPE(0), AD_SHAPE(2), NULL},
        {AD_SHAPE(2, 3), AD_SHAPE(2), NULL},
        {AD_SHAPE(4, 2, 3), AD_SHAPE(3, 1, 1), NULL},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const ad_shape *sides[] = {&rows[i].a, &rows[i].b};
        for (int swap = 0; swap < 2; swap++) {
            ad_shape out = AD_SHAPE(99);
            ad_status status = ad_shape_broadcast(sides[swap], sides[1 - swap], &out);
            cr_expect_eq(status, rows[i].result != NULL ? AD_OK : AD_ERR_SHAPE, "row %zu", i);
            expect_text(out, rows[i].result != NULL ? rows[i].result : "[99]");
        }
    }
}

Test(shape, the_result_of_broadcasting_may_replace_an_argument)
{
    ad_shape a = AD_SHAPE(2, 1), b = AD_SHAPE(3);
    cr_expect_eq(ad_shape_broadcast(&a, &b, &a), AD_OK);
    expect_text(a, "[2, 3]");
}

Test(shape, sets_of_axes_keep_what_was_asked_for)
{
    ad_axes all = AD_ALL, two = AD_AXES(0, -1), kept = AD_KEEP(2);
    cr_expect_eq(all.count, -1);
    cr_expect_eq(two.count, 2);
    cr_expect_eq(two.axis[0], 0);
    cr_expect_eq(two.axis[1], -1);
    cr_expect_eq(two.keep, 0);
    cr_expect_eq(kept.count, 1);
    cr_expect_eq(kept.axis[0], 2);
    cr_expect_eq(kept.keep, 1);
}

Test(shape, axes_that_no_shape_has_stay_out_of_range)
{
    const int beyond[] = {8, -9, 300, -257}; /* 300 and -257 would wrap in eight bits */
    for (size_t i = 0; i < sizeof beyond / sizeof beyond[0]; i++) {
        cr_expect_eq(ad_axes_of(1, &beyond[i], 0).axis[0], AD_MAX_RANK);
    }
    const int nine[9] = {0};
    cr_expect_gt(ad_axes_of(9, nine, 0).count, AD_MAX_RANK);
    cr_expect_gt(ad_axes_of(300, nine, 0).count, AD_MAX_RANK);
}

Test(shape, ranks_that_no_tensor_has_neither_broadcast_nor_count)
{
    const int64_t ones[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    const int ranks[] = {-1, 9, INT_MAX, INT_MIN};
    for (size_t i = 0; i < sizeof ranks / sizeof ranks[0]; i++) {
        ad_shape bad = ad_shape_of_lens(ranks[i], ones), fine = AD_SHAPE(2), out;
        cr_expect_eq(ad_shape_broadcast(&bad, &fine, &out), AD_ERR_SHAPE);
        cr_expect_eq(ad_shape_broadcast(&fine, &bad, &out), AD_ERR_SHAPE);
        cr_expect(ad_shape_equal(&bad, &bad));
        cr_expect_leq(ad_shape_count(&bad), 1);
    }
}

Test(shape, a_missing_shape_is_none_and_has_no_elements)
{
    const ad_shape two = AD_SHAPE(2);
    ad_shape out;
    char text[16] = "";
    cr_expect_not(ad_shape_is_valid(NULL));
    cr_expect_eq(ad_shape_count(NULL), 0);
    cr_expect(ad_shape_equal(NULL, NULL) && !ad_shape_equal(&two, NULL));
    cr_expect_not(ad_shape_equal(NULL, &two));
    cr_expect_eq(ad_shape_broadcast(NULL, &two, &out), AD_ERR_DOMAIN);
    cr_expect_eq(ad_shape_broadcast(&two, NULL, &out), AD_ERR_DOMAIN);
    cr_expect_eq(ad_shape_broadcast(&two, &two, NULL), AD_ERR_DOMAIN);
    cr_expect_str_eq(ad_shape_print(NULL, text, sizeof text), "no shape");
    cr_expect_str_eq(ad_shape_print(&two, NULL, 16), "");
    cr_expect_str_eq(ad_shape_print(&two, text, 0), "");
    out = ad_shape_of_lens(2, NULL);
    cr_expect_not(ad_shape_is_valid(&out));
    cr_expect_eq(ad_shape_of_lens(0, NULL).rank, 0);
    cr_expect_eq(ad_axes_of(2, NULL, 0).count, -1);
    cr_expect_eq(ad_axes_of(0, NULL, 0).count, 0);
}
