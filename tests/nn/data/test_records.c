/* SPDX-License-Identifier: MIT */
#include "data/records_internal.h"
#include "files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads text and writes what was found as "line:[field][field] line:[field]". */
static ad_status collect(const char *text, size_t len, char separator, char comment, size_t bytes,
                         char *found, ad_error *error)
{
    char path[TEST_PATH];
    nn__records records;
    test_write(test_path("records", path), text, len);
    ad_status status = nn__records_open(&records, path, separator, comment, '.', NULL, error);
    cr_assert_eq(status, AD_OK);
    size_t at = 0;
    found[0] = '\0';
    while ((status = nn__records_next(&records, error)) == AD_OK && records.count > 0) {
        at +=
            (size_t)snprintf(found + at, bytes - at, "%s%d:", at > 0 ? " " : "", (int)records.line);
        for (size_t i = 0; i < records.count; i++) {
            cr_assert_eq(strlen(records.fields[i].text), records.fields[i].len);
            at += (size_t)snprintf(found + at, bytes - at, "[%s]", records.fields[i].text);
        }
    }
    nn__records_close(&records);
    (void)remove(path);
    return status;
}

static void expect_with(const char *text, char separator, char comment, const char *expected)
{
    char found[512];
    ad_error error;
    ad_status status = collect(text, strlen(text), separator, comment, sizeof found, found, &error);
    cr_expect_eq(status, AD_OK, "%s", error.message);
    cr_expect_str_eq(found, expected);
}

static void expect(const char *text, const char *expected)
{
    expect_with(text, 0, 0, expected);
}

static void expect_refused(const char *text, size_t len, const char *reason)
{
    char found[512];
    ad_error error;
    cr_expect_eq(collect(text, len, 0, 0, sizeof found, found, &error), AD_ERR_FORMAT);
    cr_expect_not_null(strstr(error.message, reason), "%s", error.message);
}

Test(records, lines_end_in_either_way_or_with_the_file)
{
    expect("1,2\n3,4\n", "1:[1][2] 2:[3][4]");
    expect("1,2\r\n3,4\r\n", "1:[1][2] 2:[3][4]");
    expect("1,2\n3,4", "1:[1][2] 2:[3][4]");
    expect("", "");
    expect("\n \n\r\n", "");
}

Test(records, the_separator_is_found_in_the_first_line)
{
    expect("1,2\n3;4\n", "1:[1][2] 2:[3;4]");
    expect("1,5;2\n", "1:[1,5][2]");
    expect("a b\tc\n", "1:[a b][c]");
    expect("a, b\n", "1:[a][b]");
    expect("7\n8\n", "1:[7] 2:[8]");
    expect("\"a;b\",c\n", "1:[a;b][c]");
    expect_with("1|2,3\n", '|', 0, "1:[1][2,3]");
}

Test(records, empty_fields_count)
{
    expect(",\n1,,\n", "1:[][] 2:[1][][]");
    expect("1\t\t2\n\t\t\n", "1:[1][][2] 2:[][][]");
    expect(",,\"\"\n", "1:[][][]");
}

Test(records, blanks_around_fields_are_no_part_of_them)
{
    expect("  1 ,\t2\t, a b \n", "1:[1 ,][2][, a b]");
    expect_with("  1 ,\t2\t, a b \n", ',', 0, "1:[1][2][a b]");
    expect_with(" \" 1 \" , 2\n", ',', 0, "1:[ 1 ][2]");
}

Test(records, any_number_of_blanks_separates_where_a_blank_does)
{
    expect_with("  1   2 \t3  \n4 5\t6\r\n", ' ', 0, "1:[1][2][3] 2:[4][5][6]");
    expect("  1   2  3  \n4 5 6\r\n", "1:[1][2][3] 2:[4][5][6]");
    expect("\"a b\"  2\n", "1:[a b][2]");
}

Test(records, quoted_fields_hold_separators_quotes_and_line_ends)
{
    expect("\"a,b\",\"say \"\"hi\"\"\"\n1,2\n", "1:[a,b][say \"hi\"] 2:[1][2]");
    expect("\"two\nlines\",1\n2,3\n", "1:[two\nlines][1] 3:[2][3]");
    expect("\"\",\"\"\"\"\n", "1:[][\"]");
    expect("\"a\"\"\n\"\"b\",1\n", "1:[a\"\n\"b][1]");
}

Test(records, a_quote_inside_a_field_means_nothing)
{
    expect("5\",6' 2\",x \"y\n1,2,3\n", "1:[5\"][6' 2\"][x \"y] 2:[1][2][3]");
}

Test(records, comments_and_blank_lines_are_skipped_but_counted)
{
    expect_with("# head\n\n1,2\n  # more\n3,4\n", 0, '#', "3:[1][2] 5:[3][4]");
    expect("#a,b\n", "1:[#a][b]");
}

Test(records, a_byte_order_mark_is_skipped_and_utf16_refused)
{
    expect("\xef\xbb\xbf"
           "a,b\n1,2\n",
           "1:[a][b] 2:[1][2]");
    expect_refused("\xff\xfe"
                   "1\0,\0",
                   6, ":1: is UTF-16 text; save it as UTF-8");
}

Test(records, broken_quotes_are_refused_where_they_open)
{
    expect_refused("1,2\n3,\"4\n5,6\n", 13, ":2: a quote opened here is never closed");
    expect_refused("1,\"2\" x\n", 8, ":1: a separator must follow a closing quote");
    expect_refused("\"", 1, ":1: a quote opened here is never closed");
}

/* Lines of every length, in many buffers, so that every place in a line meets a buffer's end. */
Test(records, lines_may_lie_anywhere_in_the_buffers)
{
    enum { LINES = 900 };
    size_t capacity = (size_t)LINES * (LINES + 8);
    char *text = malloc(capacity), path[TEST_PATH];
    cr_assert_not_null(text);
    size_t len = 0;
    for (int i = 0; i < LINES; i++) {
        len += (size_t)snprintf(text + len, capacity - len, "%d,\"%0*d\"\n", i, i + 1, i);
    }
    test_write_gzip(test_path("long", path), text, len);
    nn__records records;
    ad_error error;
    cr_assert_eq(nn__records_open(&records, path, 0, 0, '.', NULL, &error), AD_OK);
    for (int i = 0; i < LINES; i++) {
        cr_assert_eq(nn__records_next(&records, &error), AD_OK, "%s", error.message);
        cr_assert(records.count == 2 && records.line == i + 1);
        cr_assert_eq(strtol(records.fields[0].text, NULL, 10), i);
        cr_assert_eq(strtol(records.fields[1].text, NULL, 10), i);
        cr_assert_geq(records.fields[1].len, (size_t)i + 1);
    }
    cr_assert_eq(nn__records_next(&records, &error), AD_OK);
    cr_expect_eq(records.count, 0);
    nn__records_close(&records);
    (void)remove(path);
    free(text);
}

/* The zero behind the last field needs room; the address sanitizer watches. */
Test(records, a_last_line_may_end_with_the_buffer)
{
    static char text[NN__BUFFER];
    char path[TEST_PATH];
    memset(text, '7', sizeof text);
    test_write(test_path("full", path), text, sizeof text);
    nn__records records;
    ad_error error;
    cr_assert_eq(nn__records_open(&records, path, ',', 0, '.', NULL, &error), AD_OK);
    cr_assert_eq(nn__records_next(&records, &error), AD_OK);
    cr_expect(records.count == 1 && records.fields[0].len == sizeof text);
    nn__records_close(&records);
    (void)remove(path);
}

Test(records, a_line_that_never_ends_is_refused_in_bounded_memory)
{
    static char text[1 << 20];
    memset(text, '7', sizeof text);
    char path[TEST_PATH];
    test_path("endless", path);
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file);
    for (int i = 0; i < (NN__LONGEST_RECORD >> 20) + 1; i++) {
        cr_assert_eq(fwrite(text, 1, sizeof text, file), sizeof text);
    }
    cr_assert_eq(fclose(file), 0);
    nn__records records;
    ad_error error;
    cr_assert_eq(nn__records_open(&records, path, 0, 0, '.', NULL, &error), AD_OK);
    cr_expect_eq(nn__records_next(&records, &error), AD_ERR_FORMAT);
    cr_expect_not_null(strstr(error.message, ":1: a line of more than 64 MiB"), "%s",
                       error.message);
    nn__records_close(&records);
    (void)remove(path);
}
