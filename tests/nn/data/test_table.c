/* SPDX-License-Identifier: MIT */
#include "table.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ROWS = 100 };

/* Row i: x = 10 i, y = class i % 4, but only every tenth is of class 3. */
static double x[ROWS];
static int64_t y[ROWS];

static nn_table make_table(void)
{
    for (int i = 0; i < ROWS; i++) {
        x[i] = 10.0 * i;
        y[i] = i % 10 == 3 ? 3 : i % 3;
    }
    return (nn_table){.x = nn_array_view(NN_F64, AD_SHAPE(ROWS, 1), x),
                      .y = nn_array_view(NN_I64, AD_SHAPE(ROWS), y)};
}

/* Checks that rows of x and y still belong together; counts each row in seen. */
static void count_rows(const nn_table *part, int *seen)
{
    double value;
    int64_t label;
    for (int64_t i = 0; i < nn_array_rows(&part->x); i++) {
        cr_assert_eq(nn_array_gather(&part->x, 1, &i, AD_F64, &value, NULL), AD_OK);
        cr_assert_eq(nn_array_gather(&part->y, 1, &i, AD_I64, &label, NULL), AD_OK);
        int row = (int)(value / 10.0);
        cr_assert_eq(label, y[row]);
        seen[row]++;
    }
}

static int64_t count_class(const nn_table *part, int64_t class)
{
    int64_t count = 0, label;
    for (int64_t i = 0; i < nn_array_rows(&part->y); i++) {
        cr_assert_eq(nn_array_gather(&part->y, 1, &i, AD_I64, &label, NULL), AD_OK);
        count += label == class;
    }
    return count;
}

Test(table, every_row_is_in_one_part)
{
    nn_table table = make_table(), parts[3];
    ad_error error;
    for (int stratify = 0; stratify < 2; stratify++) {
        nn_split_options options = {.validation = 0.15, .test = 0.25, .stratify = stratify};
        int seen[ROWS] = {0};
        cr_assert_eq(nn_table_split(&table, &options, &parts[0], &parts[1], &parts[2], &error),
                     AD_OK, "%s", error.message);
        for (int k = 0; k < 3; k++) {
            count_rows(&parts[k], seen);
        }
        for (int i = 0; i < ROWS; i++) {
            cr_assert_eq(seen[i], 1, "row %d", i);
        }
        if (!stratify) {
            cr_expect_eq(nn_array_rows(&parts[0].x), 60);
            cr_expect_eq(nn_array_rows(&parts[1].x), 15);
            cr_expect_eq(nn_array_rows(&parts[2].y), 25);
        }
        for (int k = 0; k < 3; k++) {
            nn_table_clear(&parts[k]);
        }
    }
}

Test(table, stratified_parts_have_the_same_share_of_every_class)
{
    nn_table table = make_table(), train, test;
    nn_split_options options = {.test = 0.2, .stratify = 1, .rng = {.seed = 5}};
    cr_assert_eq(nn_table_split(&table, &options, &train, NULL, &test, NULL), AD_OK);
    for (int64_t class = 0; class < 4; class ++) {
        int64_t all = count_class(&table, class);
        cr_expect_eq(count_class(&test, class), (all + 2) / 5, "class %d", (int)class);
        cr_expect_eq(count_class(&train, class), all - (all + 2) / 5);
    }
    nn_table_clear(&train);
    nn_table_clear(&test);
}

Test(table, the_same_generator_splits_the_same_way_and_another_one_does_not)
{
    nn_table table = make_table();
    int64_t tests[3][20];
    const uint64_t seeds[] = {1, 1, 2};
    for (int k = 0; k < 3; k++) {
        nn_table train, test;
        nn_split_options options = {.test = 0.2, .rng = {.seed = seeds[k]}};
        cr_assert_eq(nn_table_split(&table, &options, &train, NULL, &test, NULL), AD_OK);
        memcpy(tests[k], test.x.rows, sizeof tests[k]);
        nn_table_clear(&train);
        nn_table_clear(&test);
    }
    cr_expect_arr_eq(tests[0], tests[1], sizeof tests[0]);
    cr_expect_arr_neq(tests[0], tests[2], sizeof tests[0]);
}

Test(table, in_order_the_last_rows_are_the_test)
{
    nn_table table = make_table(), parts[3];
    nn_split_options options = {.validation = 0.1, .test = 0.2, .keep_order = 1};
    cr_assert_eq(nn_table_split(&table, &options, &parts[0], &parts[1], &parts[2], NULL), AD_OK);
    for (int64_t i = 0; i < 70; i++) {
        cr_assert_eq(parts[0].x.rows[i], i);
    }
    cr_expect(parts[1].x.rows[0] == 70 && parts[2].y.rows[0] == 80 && parts[2].y.rows[19] == 99);
    for (int k = 0; k < 3; k++) {
        nn_table_clear(&parts[k]);
    }
}

Test(table, a_part_can_be_split_again)
{
    nn_table table = make_table(), train, test, inner, validation;
    nn_split_options options = {.test = 0.5};
    int seen[ROWS] = {0};
    cr_assert_eq(nn_table_split(&table, &options, &train, NULL, &test, NULL), AD_OK);
    cr_assert_eq(nn_table_split(&train, &options, &inner, NULL, &validation, NULL), AD_OK);
    nn_table_clear(&train);
    count_rows(&inner, seen);
    count_rows(&validation, seen);
    count_rows(&test, seen);
    for (int i = 0; i < ROWS; i++) {
        cr_assert_eq(seen[i], 1, "row %d", i);
    }
    nn_table_clear(&inner);
    nn_table_clear(&validation);
    nn_table_clear(&test);
}

static void expect_refused(const nn_table *table, nn_split_options options, ad_status expected,
                           const char *reason)
{
    nn_table parts[3];
    ad_error error = {0};
    ad_status status = nn_table_split(table, &options, &parts[0], &parts[1], &parts[2], &error);
    cr_expect_eq(status, expected);
    cr_expect_not_null(strstr(error.message, reason), "%s", error.message);
    for (int k = 0; k < 3; k++) {
        cr_expect(parts[k].x.owned == NULL && parts[k].y.owned == NULL);
    }
}

Test(table, impossible_splits_are_refused)
{
    nn_table table = make_table(), train;
    ad_error error;
    expect_refused(&table, (nn_split_options){.test = -0.1}, AD_ERR_DOMAIN, "at least 0");
    expect_refused(&table, (nn_split_options){.test = 0.0 / 0.0}, AD_ERR_DOMAIN, "at least 0");
    expect_refused(&table, (nn_split_options){.validation = 0.5, .test = 0.5}, AD_ERR_DOMAIN,
                   "together less than 1");
    expect_refused(&table, (nn_split_options){.test = 0.001}, AD_ERR_DOMAIN,
                   "of 100 rows, a part of 0.001 for tests is none");
    expect_refused(&table, (nn_split_options){.test = 0.999}, AD_ERR_DOMAIN,
                   "for training is none");
    nn_split_options wanted = {.test = 0.5};
    cr_expect_eq(nn_table_split(NULL, &wanted, &train, NULL, NULL, &error), AD_ERR_DOMAIN);
    cr_expect_str_eq(error.message, "nn_table_split: table is NULL");
    cr_expect_eq(nn_table_split(&table, &wanted, &train, NULL, NULL, &error), AD_ERR_DOMAIN);
    cr_expect_str_eq(error.message,
                     "nn_table_split: a part of 0.5 is wanted, but there is no table "
                     "for it");
    table.y.shape.len[0] = 99;
    expect_refused(&table, wanted, AD_ERR_SHAPE, "x has 100 rows, y has 99");
}

Test(table, classes_must_be_small_integers)
{
    nn_table table = make_table();
    nn_split_options options = {.test = 0.5, .stratify = 1};
    y[7] = -1;
    expect_refused(&table, options, AD_ERR_DOMAIN, "y[7] is -1, not a class number");
    y[7] = ROWS;
    expect_refused(&table, options, AD_ERR_DOMAIN, "y[7] is 100, not a class number");
    table.y = nn_array_view(NN_F64, AD_SHAPE(ROWS), x);
    expect_refused(&table, options, AD_ERR_TYPE, "f64 cannot be gathered as i64");
    table.y = table.x;
    expect_refused(&table, options, AD_ERR_SHAPE, "y must be class numbers, of rank 1");
}

Test(table, every_failed_allocation_is_an_error_and_leaves_nothing)
{
    nn_table table = make_table();
    ad_status status = AD_ERR_MEMORY;
    size_t fail_at = 0;
    for (; status != AD_OK; fail_at++) {
        ad_failing_allocator state = {.fail_at = fail_at};
        ad_allocator allocator = ad_allocator_failing(&state);
        nn_split_options options = {.validation = 0.1, .test = 0.1, .allocator = &allocator};
        nn_table parts[3];
        status = nn_table_split(&table, &options, &parts[0], &parts[1], &parts[2], NULL);
        cr_expect(status == AD_OK || status == AD_ERR_MEMORY);
        for (int k = 0; k < 3; k++) {
            nn_table_clear(&parts[k]);
        }
        cr_assert_eq(state.live, 0, "allocation %zu", fail_at);
    }
    cr_expect_eq(fail_at, 11);
}
