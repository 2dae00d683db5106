/* SPDX-License-Identifier: MIT */
#include "csv.h"
#include "files.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Reads text through an allocator that counts: whatever happens, nothing may be left behind. */
static ad_status read_bytes(const char *text, size_t len, const nn_csv_options *options,
                            nn_table *table, ad_error *error)
{
    static ad_failing_allocator state;
    char path[TEST_PATH];
    state = (ad_failing_allocator){.fail_at = SIZE_MAX};
    ad_allocator allocator = ad_allocator_failing(&state);
    nn_csv_options counted = options != NULL ? *options : (nn_csv_options){.separator = 0};
    counted.allocator = &allocator;
    test_write(test_path("table.csv", path), text, len);
    *error = (ad_error){0};
    ad_status status = nn_read_csv(path, &counted, table, error);
    (void)remove(path);
    size_t owned = (size_t)(table->x.owned != NULL) + (size_t)(table->y.owned != NULL) +
                   (size_t)(table->names != NULL);
    cr_assert_eq(state.live, owned, "blocks left: %zu, owned: %zu", state.live, owned);
    cr_assert_eq(status, error->status);
    cr_assert(status == AD_OK || (owned == 0 && strstr(error->message, path) == error->message),
              "%s", error->message);
    return status;
}

/* Rows of a side as "1 2; 3 4". */
static const char *print(const nn_array *array, char text[256])
{
    double values[64];
    int64_t rows = nn_array_rows(array);
    size_t len = rows > 0 ? ad_shape_count(&array->shape) / (size_t)rows : 0, at = 0;
    cr_assert_leq(ad_shape_count(&array->shape), 64);
    cr_assert_eq(nn_array_gather(array, rows, NULL, AD_F64, values, NULL), AD_OK);
    text[0] = '\0';
    for (size_t i = 0; i < (size_t)rows * len; i++) {
        const char *before = i == 0 ? "" : i % len == 0 ? "; " : " ";
        at += (size_t)snprintf(text + at, 256 - at, "%s%g", before, values[i]);
    }
    return text;
}

static void expect(const char *text, const nn_csv_options *options, const char *x, const char *y)
{
    nn_table table;
    ad_error error;
    char found[256];
    cr_assert_eq(read_bytes(text, strlen(text), options, &table, &error), AD_OK, "%s",
                 error.message);
    cr_expect_str_eq(print(&table.x, found), x);
    cr_expect_str_eq(print(&table.y, found), y);
    nn_table_clear(&table);
}

static void expect_refused(const char *text, const nn_csv_options *options, ad_status expected,
                           const char *reason)
{
    nn_table table;
    ad_error error;
    cr_expect_eq(read_bytes(text, strlen(text), options, &table, &error), expected);
    cr_expect_not_null(strstr(error.message, reason), "\"%s\" is not in \"%s\"", reason,
                       error.message);
    nn_table_clear(&table);
}

/* ---- what a reader must understand */

Test(csv, without_options_all_columns_are_x)
{
    expect("1,2\n3,4\n", NULL, "1 2; 3 4", "");
    nn_table table;
    ad_error error;
    cr_assert_eq(read_bytes("1,2\n3,4\n", 8, NULL, &table, &error), AD_OK);
    cr_expect(table.x.type == NN_F64 && table.x.shape.rank == 2);
    cr_expect(table.y.shape.rank == 2 && table.y.shape.len[0] == 2 && table.y.shape.len[1] == 0);
    cr_expect(table.x_names == NULL && table.y_names == NULL);
    nn_table_clear(&table);
    nn_table_clear(&table);
}

Test(csv, columns_are_chosen_by_number_from_either_end)
{
    const char *text = "1,2,3\n4,5,6\n";
    expect(text, &(nn_csv_options){.y = NN_COLUMNS(-1)}, "1 2; 4 5", "3; 6");
    expect(text, &(nn_csv_options){.y = NN_COLUMNS(0)}, "2 3; 5 6", "1; 4");
    expect(text, &(nn_csv_options){.x = NN_COLUMNS(-1, 0), .y = NN_COLUMNS(1)}, "3 1; 6 4", "2; 5");
    expect(text, &(nn_csv_options){.y = NN_COLUMNS(0, 2)}, "2; 5", "1 3; 4 6");
    expect(text, &(nn_csv_options){.x = NN_COLUMNS(1)}, "2; 5", "");
}

Test(csv, columns_are_chosen_by_name_and_the_table_keeps_their_names)
{
    const char *text = "size,town,\"price, EUR\",rooms\n70,Ulm,3.5,2\n90,Bonn,4.5,3\n";
    nn_csv_options options = {.x = NN_NAMED("rooms", "size"), .y = NN_NAMED("price, EUR")};
    expect(text, &options, "2 70; 3 90", "3.5; 4.5");
    nn_table table;
    ad_error error;
    cr_assert_eq(read_bytes(text, strlen(text), &options, &table, &error), AD_OK);
    cr_expect_str_eq(table.x_names[0], "rooms");
    cr_expect_str_eq(table.x_names[1], "size");
    cr_expect_str_eq(table.y_names[0], "price, EUR");
    nn_table_clear(&table);
}

Test(csv, columns_that_are_not_chosen_may_hold_anything)
{
    nn_csv_options options = {.x = NN_COLUMNS(1), .header = NN_HEADER_NO};
    expect("Ulm,1,\n,2,NA\n\"a,b\",3,1e999\n", &options, "1; 2; 3", "");
}

Test(csv, a_first_line_without_numbers_is_a_header)
{
    expect("a,b\n1,2\n", NULL, "1 2", "");
    expect(",b\n1,2\n", NULL, "1 2", "");
    expect("1,2\n3,4\n", &(nn_csv_options){.header = NN_HEADER_YES}, "3 4", "");
    expect("0,1\n3,4\n", &(nn_csv_options){.header = NN_HEADER_NO}, "0 1; 3 4", "");
    expect_refused("a,b\n1,2\n", &(nn_csv_options){.header = NN_HEADER_NO}, AD_ERR_FORMAT,
                   "table.csv:1: column 0: \"a\" is no number");
    expect_refused("a,1\n1,2\n", NULL, AD_ERR_FORMAT,
                   ":1: column 0: \"a\" is no number; if this line is a header: .header = "
                   "NN_HEADER_YES");
}

Test(csv, separators_quotes_comments_and_line_ends_are_understood)
{
    expect("1;2\r\n3;4\r\n", NULL, "1 2; 3 4", "");
    expect("1\t2\n3\t4", NULL, "1 2; 3 4", "");
    expect(" 1  2 \n 3 4\n", NULL, "1 2; 3 4", "");
    expect("\"1\",\" 2\"\n3,\"4\"\n", &(nn_csv_options){.x = NN_COLUMNS(0)}, "1; 3", "");
    expect("# made by hand\n1|2\n# more\n3|4\n",
           &(nn_csv_options){.separator = '|', .comment = '#'}, "1 2; 3 4", "");
    expect("\n\n7\n\n8\n\n", NULL, "7; 8", "");
}

Test(csv, types_are_those_asked_for)
{
    nn_table table;
    ad_error error;
    nn_csv_options options = {.x_type = NN_U8, .y = NN_COLUMNS(-1), .y_type = NN_I64};
    const char *text = "0,255,-9007199254740992\n1,2,3e2\n";
    cr_assert_eq(read_bytes(text, strlen(text), &options, &table, &error), AD_OK, "%s",
                 error.message);
    cr_expect_eq(table.x.type, NN_U8);
    cr_expect_arr_eq(table.x.data, ((uint8_t[]){0, 255, 1, 2}), 4);
    cr_expect_eq(table.y.shape.rank, 1, "class numbers are a plain list");
    cr_expect_arr_eq(table.y.data, ((int64_t[]){-9007199254740992, 300}), 16);
    nn_table_clear(&table);
    options = (nn_csv_options){.x_type = NN_F32, .y = NN_COLUMNS(-1), .y_type = NN_F32};
    text = "0.1,1e-3\n-inf,1\n";
    cr_assert_eq(read_bytes(text, strlen(text), &options, &table, &error), AD_OK);
    cr_expect(((const float *)table.x.data)[0] == 0.1F && isinf(((const float *)table.x.data)[1]));
    cr_expect(table.y.shape.rank == 2 && table.y.shape.len[1] == 1, "numbers are a column");
    nn_table_clear(&table);
    options = (nn_csv_options){.x_type = NN_U8};
    cr_assert_eq(read_bytes("5\n6\n", 4, &options, &table, &error), AD_OK);
    cr_expect(table.x.shape.rank == 2 && table.x.shape.len[1] == 1, "x is always rows and columns");
    nn_table_clear(&table);
}

Test(csv, missing_values_become_nan_where_that_is_asked_for)
{
    nn_csv_options options = {.missing = NN_MISSING_NAN, .header = NN_HEADER_NO};
    expect("1,,NA\nn/a,?,-1\nnull,NaN,None\n", &options, "1 nan nan; nan nan -1; nan nan nan", "");
    expect_refused("1,2\n3,\n", NULL, AD_ERR_FORMAT,
                   ":2: column 1: the value is missing; .missing = NN_MISSING_NAN reads it as NaN");
    expect_refused("1,2\nnan,4\n", NULL, AD_ERR_FORMAT, ":2: column 0: the value is missing");
    options.y = NN_COLUMNS(-1);
    options.y_type = NN_I64;
    expect_refused("1,2\n3,?\n", &options, AD_ERR_FORMAT,
                   ":2: column 1: the value is missing, and integers have no NaN");
}

Test(csv, the_digits_that_ship_with_the_library_are_read)
{
    nn_table table;
    ad_error error;
    nn_csv_options options = {.x_type = NN_U8, .y = NN_COLUMNS(-1), .y_type = NN_I64};
    cr_assert_eq(nn_read_csv("examples/data/digits.csv.gz", &options, &table, &error), AD_OK, "%s",
                 error.message);
    cr_assert_eq(nn_array_rows(&table.x), 1797);
    cr_assert_eq(table.x.shape.len[1], 64);
    const uint8_t *pixels = table.x.data;
    const int64_t *labels = table.y.data;
    const uint8_t first[] = {0, 0, 5, 13, 9, 1, 0, 0};
    cr_expect_arr_eq(pixels, first, sizeof first);
    int64_t sum = 0, count[10] = {0};
    for (int i = 0; i < 1797 * 64; i++) {
        cr_assert_leq(pixels[i], 16);
        sum += pixels[i];
    }
    for (int i = 0; i < 1797; i++) {
        cr_assert(labels[i] >= 0 && labels[i] < 10);
        count[labels[i]]++;
    }
    const int64_t expected[] = {178, 182, 177, 183, 181, 182, 181, 179, 174, 180};
    cr_expect_eq(sum, 561718);
    cr_expect_arr_eq(count, expected, sizeof expected);
    nn_table_clear(&table);
}

Test(csv, many_rows_are_read_as_written)
{
    enum { ROWS = 20000 };
    static char text[ROWS * 64];
    ad_rng rng = {.seed = 1};
    size_t at = 0;
    for (int i = 0; i < ROWS; i++) {
        double normal = ad_rng_normal(&rng), uniform = ad_rng_uniform(&rng);
        at += (size_t)snprintf(text + at, sizeof text - at, "%d,%.17g,%.9g\n", i, normal, uniform);
    }
    nn_table table;
    ad_error error;
    cr_assert_eq(read_bytes(text, at, NULL, &table, &error), AD_OK, "%s", error.message);
    cr_assert_eq(nn_array_rows(&table.x), ROWS);
    rng.counter = 0;
    const double *x = table.x.data;
    for (int i = 0; i < ROWS; i++) {
        double normal = ad_rng_normal(&rng), uniform = ad_rng_uniform(&rng);
        cr_assert_eq(x[3 * i], i);
        cr_assert_eq(x[3 * i + 1], normal);
        cr_assert_float_eq(x[3 * i + 2], uniform, 1e-9);
    }
    nn_table_clear(&table);
}

/* ---- what a reader must refuse */

Test(csv, a_bad_number_is_named_with_line_column_and_name)
{
    const char *text = "size,rooms\n1,2\n\n3,many\n";
    expect_refused(text, NULL, AD_ERR_FORMAT,
                   "table.csv:4: column 1 (rooms): \"many\" is no number");
    expect_refused("1,2\n3,4.5.6\n", NULL, AD_ERR_FORMAT, ":2: column 1: \"4.5.6\" is no number");
    expect_refused("1;2\n3;1,5\n", NULL, AD_ERR_FORMAT, ":2: column 1: \"1,5\" is no number");
    expect_refused("1,2\n3,\x01\x7f\xc3\xa4!\n", NULL, AD_ERR_FORMAT,
                   "\"??\xc3\xa4!\" is no number");
    expect_refused("1\n0123456789012345678901234567890123456789x\n", NULL, AD_ERR_FORMAT,
                   "\"0123456789012345678901234567890123456789...\" is no number");
}

Test(csv, numbers_that_do_not_fit_their_type_are_refused)
{
    expect_refused("1\n1e999\n", NULL, AD_ERR_FORMAT, "\"1e999\" is beyond the range of f64");
    expect_refused("1e39\n", &(nn_csv_options){.x_type = NN_F32}, AD_ERR_FORMAT,
                   "column 0: \"1e39\" is beyond the range of f32");
    const nn_csv_options u8 = {.x_type = NN_U8}, i64 = {.x_type = NN_I64};
    const char *const bytes[] = {"256", "-1", "inf", "1e30"};
    const char *const integers[] = {"9223372036854775808", "1e19", "-1e300", "-inf"};
    for (int i = 0; i < 4; i++) {
        expect_refused(bytes[i], &u8, AD_ERR_FORMAT, "is beyond the range of u8");
        expect_refused(integers[i], &i64, AD_ERR_FORMAT, "is beyond the range of i64");
    }
    expect_refused("1.5", &u8, AD_ERR_FORMAT, "\"1.5\" is no whole number, as u8 needs");
    expect_refused("0.5", &i64, AD_ERR_FORMAT, "\"0.5\" is no whole number, as i64 needs");
}

Test(csv, integers_of_64_bits_are_read_in_all_their_digits)
{
    nn_table table;
    ad_error error;
    nn_csv_options options = {.x_type = NN_I64};
    const char *text = "9007199254740993,123456789012345678\n-9223372036854775808,1e16\n";
    cr_assert_eq(read_bytes(text, strlen(text), &options, &table, &error), AD_OK, "%s",
                 error.message);
    const int64_t expected[] = {9007199254740993, 123456789012345678, INT64_MIN, 10000000000000000};
    cr_expect_arr_eq(table.x.data, expected, sizeof expected);
    nn_table_clear(&table);
}

Test(csv, numbers_may_have_a_decimal_comma)
{
    const nn_csv_options comma = {.decimal = ','};
    expect("1,5;2,25\n3;-,5e1\n", &comma, "1.5 2.25; 3 -5", "");
    expect("a;b\n1,5;2,25\n", &comma, "1.5 2.25", "");
    expect("1,5\t2,25\n", &comma, "1.5 2.25", "");
    expect("1,5 2,25\n", &comma, "1.5 2.25", "");
    expect("1,5\n2,5\n", &comma, "1.5; 2.5", "");
    expect("\"1,5\",\"2,25\",7\n", &(nn_csv_options){.decimal = ',', .separator = ','},
           "1.5 2.25 7", "");
    expect("1.5,2\n", &(nn_csv_options){.decimal = '.'}, "1.5 2", "");
    expect("1,5;3\n", &(nn_csv_options){.decimal = ',', .y = NN_COLUMNS(-1), .y_type = NN_I64},
           "1.5", "3");
    expect_refused("1.5;2\n", &comma, AD_ERR_FORMAT, "\"1.5\" is no number");
    expect_refused("1\n", &(nn_csv_options){.decimal = ';'}, AD_ERR_DOMAIN, "give '.' or ','");
}

Test(csv, hints_say_what_helps_where_it_does)
{
    static const char decimal[] = "; for a comma as decimal point: .decimal = ','";
    static const char header[] = "; if this line is a header: .header = NN_HEADER_YES";
    static const char others[] = "; to leave its column out, choose the others as .x";
    static const char comment[] = "; if # begins comments: .comment = '#'";
    static const struct {
        const char *text, *place, *hint;
    } rows[] = {
        {"a;b;y\n1,5;2,25;0\n", ":2: column 0 (a): \"1,5\" is no number", decimal},
        {"1,5;2,5\n2;3\n", ":1: column 0: \"1,5\" is no number", decimal},
        {"1;2\n3;1,5\n", ":2: column 1: \"1,5\" is no number", decimal},
        {"1\t2\n3\t1,5\n", ":2: column 1: \"1,5\" is no number", decimal},
        {"1,2\n\"1,5\",3\n", ":2: column 0: \"1,5\" is no number", decimal},
        {"a,1\n1,2\n", ":1: column 0: \"a\" is no number", header},
        {"a,b\nc,2\n", ":2: column 0 (a): \"c\" is no number", others},
        {"1,2\nc,2\n", ":2: column 0: \"c\" is no number", others},
        {"1;2\n1,2,3;2\n", ":2: column 0: \"1,2,3\" is no number", others},
        {"1,2\n#3,4\n", ":2: column 0: \"#3\" is no number", comment},
        {"1,2\n#,b\n", ":2: column 0: \"#\" is no number", comment},
        {"#,1\n", ":1: column 0: \"#\" is no number", comment},
        {"# a b\n1 2\n", ":2: has 2 columns where the first line has 3", comment},
        {"1 2\n# the end\n", ":2: has 3 columns where the first line has 2", comment},
        {"1;2\n;2,a\n", ":2: column 0: the value is missing", "; .missing = NN_MISSING_NAN"},
    };
    nn_table table;
    ad_error error;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        cr_expect_eq(read_bytes(rows[i].text, strlen(rows[i].text), NULL, &table, &error),
                     AD_ERR_FORMAT);
        const char *said = strstr(error.message, rows[i].place);
        cr_assert_not_null(said, "%s", error.message);
        said += strlen(rows[i].place);
        cr_expect_eq(strncmp(said, rows[i].hint, strlen(rows[i].hint)), 0, "%s", error.message);
    }
    const nn_csv_options chosen = {.x = NN_COLUMNS(0)};
    cr_expect_eq(read_bytes("a,b\nc,2\n", 8, &chosen, &table, &error), AD_ERR_FORMAT);
    cr_expect_null(strstr(error.message, others), "its column was asked for");
}

Test(csv, lines_that_differ_in_length_are_refused)
{
    expect_refused("1,2\n3\n", NULL, AD_ERR_FORMAT,
                   "table.csv:2: has 1 column where the first line has 2");
    expect_refused("a,b\n1,2\n3,4,\n", NULL, AD_ERR_FORMAT, ":3: has 3 columns where");
}

Test(csv, files_without_data_are_refused)
{
    expect_refused("", NULL, AD_ERR_FORMAT, "table.csv: has no rows of data");
    expect_refused("\n\n  \n", NULL, AD_ERR_FORMAT, "has no rows of data");
    expect_refused("a,b\n", NULL, AD_ERR_FORMAT, "has no rows of data");
    nn_table table;
    ad_error error;
    cr_expect_eq(nn_read_csv("/tmp", NULL, &table, &error), AD_ERR_IO);
    cr_expect_str_eq(error.message, "/tmp: is a directory, not a file");
    cr_expect_eq(nn_read_csv("/no/such/file.csv", NULL, &table, &error), AD_ERR_IO);
    cr_expect_eq(nn_read_csv("/no/such/file.csv", NULL, NULL, &error), AD_ERR_DOMAIN);
}

Test(csv, columns_that_do_not_exist_are_named)
{
    expect_refused("1,2\n", &(nn_csv_options){.y = NN_COLUMNS(2)}, AD_ERR_INDEX,
                   "there is no column 2: its 2 columns are numbered from 0, or backwards from -1");
    expect_refused("1,2\n", &(nn_csv_options){.x = NN_COLUMNS(0, -3)}, AD_ERR_INDEX,
                   "there is no column -3");
    expect_refused("a,b\n1,2\n", &(nn_csv_options){.y = NN_NAMED("c")}, AD_ERR_INDEX,
                   "no column is named \"c\"; its columns are a, b");
    expect_refused("a01234567890123456789,b01234567890123456789,c01234567890123456789,"
                   "d01234567890123456789,e01234567890123456789,f01234567890123456789,g\n1\n",
                   &(nn_csv_options){.y = NN_NAMED("c")}, AD_ERR_INDEX,
                   "; its columns are a01234567890123456789, b01234567890123456789, c0123456789");
    expect_refused("1,2\n", &(nn_csv_options){.y = NN_NAMED("c")}, AD_ERR_INDEX,
                   "no column is named \"c\"; the file has no header, choose columns by number");
}

Test(csv, options_that_are_none_are_refused)
{
    const char bad[] = {'1', '.', '-', 'e', '"', '\n'};
    for (size_t i = 0; i < sizeof bad; i++) {
        expect_refused("1\n", &(nn_csv_options){.separator = bad[i]}, AD_ERR_DOMAIN,
                       "cannot separate numbers");
    }
    expect_refused("1\n", &(nn_csv_options){.separator = '|', .comment = '|'}, AD_ERR_DOMAIN,
                   "cannot begin comments");
    expect_refused("1\n", &(nn_csv_options){.x_type = (nn_type)9}, AD_ERR_DOMAIN, "not an nn_type");
    expect_refused("1\n", &(nn_csv_options){.y = {.count = -1}}, AD_ERR_DOMAIN,
                   "must be chosen by NN_COLUMNS");
    expect_refused("1\n", &(nn_csv_options){.y = {.count = 1}}, AD_ERR_DOMAIN,
                   "must be chosen by NN_COLUMNS");
}

Test(csv, damaged_compressed_files_are_refused)
{
    char text[4000], path[TEST_PATH];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = "1,2\n"[i % 4];
    }
    size_t bytes;
    test_write_gzip(test_path("whole.gz", path), text, sizeof text);
    unsigned char *file = test_read(path, &bytes);
    (void)remove(path);
    nn_table table;
    ad_error error;
    for (size_t cut = 2; cut < bytes; cut++) {
        cr_expect_eq(read_bytes((const char *)file, cut, NULL, &table, &error), AD_ERR_FORMAT);
    }
    file[bytes - 6] ^= 1;
    cr_expect_eq(read_bytes((const char *)file, bytes, NULL, &table, &error), AD_ERR_FORMAT);
    cr_expect_not_null(strstr(error.message, "incorrect data check"), "%s", error.message);
    free(file);
}

/* ---- memory and garbage */

Test(csv, every_failed_allocation_is_an_error_and_leaves_nothing)
{
    static char text[1 << 19]; /* longer than the buffers, more rows than the first block */
    char path[TEST_PATH];
    size_t at = (size_t)snprintf(text, sizeof text, "a,b,c\n");
    for (int i = 0; i < 40000; i++) {
        at += (size_t)snprintf(text + at, sizeof text - at, "%d,1,2\n", i);
    }
    test_write_gzip(test_path("memory", path), text, at);
    size_t fail_at = 0, last_failure = 0;
    for (; fail_at < 60; fail_at++) {
        ad_failing_allocator state = {.fail_at = fail_at};
        ad_allocator allocator = ad_allocator_failing(&state);
        nn_csv_options options = {.y = NN_NAMED("c"), .allocator = &allocator};
        nn_table table;
        ad_error error = {0};
        ad_status status = nn_read_csv(path, &options, &table, &error);
        cr_expect(status == AD_OK || (status == AD_ERR_MEMORY && table.x.owned == NULL), "%s",
                  error.message);
        last_failure = status != AD_OK ? fail_at : last_failure;
        nn_table_clear(&table);
        cr_assert_eq(state.live, 0, "allocation %zu", fail_at);
    }
    cr_expect(last_failure > 10 && last_failure < 50, "%zu", last_failure);
    (void)remove(path);
}

Test(csv, a_file_cut_anywhere_is_read_or_refused_but_never_harmful)
{
    const char *text = "a,\"b \"\"x\"\"\"\n1,2\n\"3\",4e-1\r\n-5.,.6\n";
    for (size_t len = 0; len <= strlen(text); len++) {
        nn_table table;
        ad_error error;
        (void)read_bytes(text, len, NULL, &table, &error);
        nn_table_clear(&table);
    }
}

Test(csv, garbage_never_crashes_leaks_or_reads_too_much)
{
    static const char alphabet[] = "0123456789.,,,,\n\n\n;\t \"\"-+eE#naNA\r\\\xff";
    ad_rng rng = {.seed = 2027};
    int accepted = 0;
    for (int trial = 0; trial < 4000; trial++) {
        char text[200];
        size_t len = (size_t)ad_rng_below(&rng, sizeof text);
        for (size_t i = 0; i < len; i++) {
            text[i] = trial % 4 == 0 ? (char)ad_rng_bits(&rng)
                                     : alphabet[ad_rng_below(&rng, sizeof alphabet)];
        }
        for (size_t i = 0; trial % 2 == 0 && i < 8; i++) { /* a good beginning, to get further in */
            text[i] = "1,2\n3,4\n"[i];
        }
        nn_csv_options options = {.missing = (nn_missing)(trial % 3 == 0),
                                  .header = (nn_header)ad_rng_below(&rng, 3),
                                  .comment = trial % 5 == 0 ? '#' : '\0',
                                  .separator = trial % 7 == 0 ? ' ' : '\0',
                                  .decimal = trial % 2 == 0 ? ',' : '\0',
                                  .x_type = (nn_type)ad_rng_below(&rng, 4)};
        nn_table table;
        ad_error error;
        accepted += read_bytes(text, len, &options, &table, &error) == AD_OK;
        nn_table_clear(&table);
    }
    cr_expect_gt(accepted, 10, "some garbage must be a table, or nothing is tested: %d", accepted);
}
