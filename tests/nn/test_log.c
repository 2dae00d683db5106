/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
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
