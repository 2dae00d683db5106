/* SPDX-License-Identifier: MIT */
#include "log.h"

#include "comma.h"
#include "csv.h"

#include <criterion/criterion.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static void read_all(const char *path, char *text, size_t bytes)
{
    FILE *from = fopen(path, "r");
    cr_assert_not_null(from);
    text[fread(text, 1, bytes - 1, from)] = '\0';
    fclose(from);
}

Test(log, is_a_table_with_a_line_an_epoch_and_nothing_where_there_is_nothing)
{
    char path[] = "/tmp/wengert_log_XXXXXX", text[1000];
    close(mkstemp(path));
    const nn_epoch history[] = {{{0.1, 0.5}, {0.25, NAN}, 0.01, 1.5},
                                {{1.0 / 3, NAN}, {NAN, NAN}, 0.01, 3}};
    cr_expect_eq(nn_write_log(path, 2, history, NULL), AD_OK);
    read_all(path, text, sizeof text);
    cr_expect_str_eq(text, "epoch,cost,metric,validation_cost,validation_metric,rate,seconds\n"
                           "1,0.10000000000000001,0.5,0.25,,0.01,1.5\n"
                           "2,0.33333333333333331,,,,0.01,3\n");
    unlink(path);
}

Test(log, a_file_that_cannot_be_written_is_an_error)
{
    ad_error error = {0};
    cr_expect_eq(nn_write_log("/no/such/folder/log.csv", 0, NULL, &error), AD_ERR_IO);
    cr_expect(strstr(error.message, "/no/such/folder/log.csv") != NULL);
    const nn_epoch entry = {0};
    FILE *full = fopen("/dev/full", "w");
    if (full != NULL) {
        cr_expect_eq(nn_log_epoch(full, 1, &entry, &error), AD_ERR_IO);
        fclose(full);
    }
}

static const nn_epoch tenths = {{0.1, 0.2}, {1.0 / 3, 2.0 / 3}, 1e-300, 123.456};

/* The log of an epoch again and again reads back as so many rows of tenths. */
static void expect_tenths(const char *path, int64_t rows)
{
    nn_table table;
    ad_error error = {0};
    cr_assert_eq(nn_read_csv(path, NULL, &table, &error), AD_OK, "%s", error.message);
    cr_expect_eq(nn_array_rows(&table.x), rows);
    const double *x = table.x.data;
    const double expected[] = {0.1, 0.2, 1.0 / 3, 2.0 / 3, 1e-300, 123.456};
    for (int64_t i = 0; i < nn_array_rows(&table.x); i++) {
        cr_expect_eq(x[7 * i], (double)i + 1);
        for (int j = 0; j < 6; j++) {
            cr_expect_eq(x[7 * i + j + 1], expected[j]);
        }
    }
    nn_table_clear(&table);
}

Test(log, reads_back_the_same_in_every_locale)
{
    char path[] = "/tmp/wengert_log_XXXXXX";
    close(mkstemp(path));
    (void)test_comma_locale();
    const nn_epoch history[] = {tenths, tenths};
    cr_expect_eq(nn_write_log(path, 2, history, NULL), AD_OK);
    expect_tenths(path, 2);
    unlink(path);
}

Test(log, a_disk_that_is_full_has_whole_lines_that_read_back)
{
    char path[] = "/tmp/wengert_log_XXXXXX";
    FILE *to = fdopen(mkstemp(path), "w");
    ad_error error = {0};
    signal(SIGXFSZ, SIG_IGN);
    const struct rlimit small = {1000, 1000};
    cr_assert_eq(setrlimit(RLIMIT_FSIZE, &small), 0);
    int epoch = 0;
    cr_assert_eq(nn_log_begin(to, &error), AD_OK);
    while (nn_log_epoch(to, epoch + 1, &tenths, &error) == AD_OK) {
        cr_assert_lt(++epoch, 100);
    }
    cr_expect_eq(error.status, AD_ERR_IO);
    cr_expect_eq(nn_log_epoch(to, epoch + 1, &tenths, &error), AD_ERR_IO);
    (void)fclose(to);
    expect_tenths(path, epoch);
    unlink(path);
}

Test(log, no_path_is_an_error_and_no_history_is_a_header)
{
    ad_error error = {0};
    cr_expect_eq(nn_write_log(NULL, 0, NULL, &error), AD_ERR_IO);
    cr_expect_eq(nn_log_begin(NULL, &error), AD_ERR_IO);
    cr_expect_eq(nn_log_epoch(NULL, 1, &(nn_epoch){0}, &error), AD_ERR_IO);
    cr_expect_eq(nn_log_epoch(stderr, 1, NULL, &error), AD_ERR_DOMAIN);
    char path[] = "/tmp/wengert_log_XXXXXX", text[1000];
    close(mkstemp(path));
    cr_expect_eq(nn_write_log(path, 3, NULL, &error), AD_OK);
    read_all(path, text, sizeof text);
    cr_expect_str_eq(text, "epoch,cost,metric,validation_cost,validation_metric,rate,seconds\n");
    unlink(path);
}
