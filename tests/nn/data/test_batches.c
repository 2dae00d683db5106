/* SPDX-License-Identifier: MIT */
#include "batches.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ROWS = 103, BATCH = 10 };

/* Runs through an epoch; the rows in their order go to order. */
static void take_epoch(nn_batches *batches, int64_t *order)
{
    const int64_t *rows;
    int64_t total = 0, count, taken = 0;
    while ((count = nn_batches_next(batches, &rows)) > 0) {
        cr_assert_eq(count, total + BATCH <= ROWS ? BATCH : ROWS % BATCH);
        memcpy(order + total, rows, (size_t)count * sizeof *rows);
        total += count;
        taken++;
    }
    cr_assert_eq(total, ROWS);
    cr_assert_eq(taken, nn_batches_count(batches));
    cr_assert_null(rows);
    cr_assert_eq(nn_batches_next(batches, &rows), 0, "the end stays the end");
}

Test(batches, every_row_comes_once_an_epoch_and_the_last_batch_is_smaller)
{
    nn_batches batches;
    int64_t order[ROWS], first[ROWS];
    cr_assert_eq(nn_batches_init(&batches, ROWS, BATCH, NULL, NULL), AD_OK);
    cr_expect_eq(nn_batches_count(&batches), 11);
    for (int64_t epoch = 0; epoch < 4; epoch++) {
        int seen[ROWS] = {0};
        nn_batches_start(&batches, epoch);
        take_epoch(&batches, order);
        for (int i = 0; i < ROWS; i++) {
            seen[order[i]]++;
        }
        for (int i = 0; i < ROWS; i++) {
            cr_assert_eq(seen[i], 1);
        }
        cr_expect(epoch == 0 || memcmp(order, first, sizeof order) != 0, "epochs must differ");
        memcpy(first, order, sizeof order);
    }
    nn_batches_clear(&batches);
}

Test(batches, an_epoch_depends_on_its_number_and_the_generator_alone)
{
    nn_batches a, b, c;
    int64_t third[ROWS], again[ROWS], other[ROWS];
    nn_batches_options options = {.rng = {.seed = 3}};
    cr_assert_eq(nn_batches_init(&a, ROWS, BATCH, &options, NULL), AD_OK);
    cr_assert_eq(nn_batches_init(&b, ROWS, BATCH, &options, NULL), AD_OK);
    options.rng.seed = 4;
    cr_assert_eq(nn_batches_init(&c, ROWS, BATCH, &options, NULL), AD_OK);
    for (int64_t epoch = 0; epoch < 3; epoch++) {
        nn_batches_start(&a, epoch);
        take_epoch(&a, third);
    }
    nn_batches_start(&b, 2);
    take_epoch(&b, again);
    nn_batches_start(&c, 2);
    take_epoch(&c, other);
    cr_expect_arr_eq(third, again, sizeof third);
    cr_expect_arr_neq(third, other, sizeof third);
    nn_batches_clear(&a);
    nn_batches_clear(&b);
    nn_batches_clear(&c);
}

Test(batches, rows_may_keep_their_order)
{
    nn_batches batches;
    int64_t order[ROWS];
    nn_batches_options options = {.keep_order = 1};
    cr_assert_eq(nn_batches_init(&batches, ROWS, BATCH, &options, NULL), AD_OK);
    for (int64_t epoch = 0; epoch < 2; epoch++) {
        nn_batches_start(&batches, epoch);
        take_epoch(&batches, order);
        for (int64_t i = 0; i < ROWS; i++) {
            cr_assert_eq(order[i], i);
        }
    }
    nn_batches_clear(&batches);
}

Test(batches, a_batch_may_be_larger_than_the_set_and_the_set_empty)
{
    nn_batches batches;
    const int64_t *rows;
    cr_assert_eq(nn_batches_init(&batches, 3, INT64_MAX, NULL, NULL), AD_OK);
    cr_expect_eq(nn_batches_count(&batches), 1);
    cr_expect_eq(nn_batches_next(&batches, &rows), 3);
    cr_expect_eq(nn_batches_next(&batches, &rows), 0);
    nn_batches_clear(&batches);
    cr_assert_eq(nn_batches_init(&batches, 0, 5, NULL, NULL), AD_OK);
    cr_expect_eq(nn_batches_count(&batches), 0);
    cr_expect_eq(nn_batches_next(&batches, &rows), 0);
    nn_batches_clear(&batches);
    cr_expect_eq(nn_batches_next(&batches, &rows), 0);
    cr_expect_eq(nn_batches_count(&batches), 0);
}

Test(batches, bad_numbers_and_failed_memory_are_refused)
{
    ad_failing_allocator state = {.fail_at = 0};
    ad_allocator allocator = ad_allocator_failing(&state);
    nn_batches_options options = {.allocator = &allocator};
    nn_batches batches;
    ad_error error;
    cr_expect_eq(nn_batches_init(&batches, 10, 0, NULL, &error), AD_ERR_DOMAIN);
    cr_expect_str_eq(error.message,
                     "nn_batches_init: 10 rows in batches of 0; a batch has at least one row");
    cr_expect_eq(nn_batches_init(&batches, -1, 5, NULL, &error), AD_ERR_DOMAIN);
    cr_expect_eq(nn_batches_init(&batches, 10, 5, &options, &error), AD_ERR_MEMORY);
    cr_expect_eq(nn_batches_init(&batches, INT64_MAX, 5, NULL, &error), AD_ERR_MEMORY);
    cr_expect_null(batches.order);
    nn_batches_clear(&batches);
}

Test(batches, counts_near_the_largest_integer_do_not_overflow)
{
    nn_batches batches;
    ad_error error = {0};
    const int64_t *rows;
    cr_expect_eq(nn_batches_init(&batches, INT64_MAX, 1, NULL, &error), AD_ERR_MEMORY);
    cr_expect_eq(nn_batches_init(&batches, ((int64_t)1 << 61) + 1, 1, NULL, &error), AD_ERR_MEMORY);
    cr_assert_eq(nn_batches_init(&batches, 3, INT64_MAX, NULL, &error), AD_OK);
    cr_expect_eq(nn_batches_count(&batches), 1);
    cr_expect_eq(nn_batches_next(&batches, &rows), 3);
    cr_expect_eq(nn_batches_next(&batches, &rows), 0);
    nn_batches_clear(&batches);
    nn_batches_clear(NULL);
}

Test(batches, null_has_no_batches)
{
    nn_batches batches;
    const int64_t *rows;
    ad_error error;
    cr_expect_eq(nn_batches_init(NULL, 10, 5, NULL, &error), AD_ERR_DOMAIN);
    cr_expect_str_eq(error.message, "nn_batches_init: batches is NULL");
    nn_batches_start(NULL, 0);
    cr_expect_eq(nn_batches_next(NULL, &rows), 0);
    cr_expect_eq(nn_batches_count(NULL), 0);
    cr_assert_eq(nn_batches_init(&batches, 10, 5, NULL, &error), AD_OK);
    cr_expect_eq(nn_batches_next(&batches, NULL), 0);
    cr_expect_eq(nn_batches_next(&batches, &rows), 5, "nothing was passed over");
    nn_batches_clear(&batches);
}
