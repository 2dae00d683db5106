/* SPDX-License-Identifier: MIT */
#include "readers.h"

#include "data/formats_internal.h"
#include "data/number_internal.h"

#include <inttypes.h>
#include <locale.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Bits of the options. */
static int pick(const unsigned char *options, int i, int bound)
{
    return options[i] % bound;
}

static int fail_at(const unsigned char *options)
{
    return options[0] % 4 == 0 ? options[0] / 4 : 0;
}

static size_t put(unsigned char *file, const char *bytes, size_t count)
{
    memcpy(file, bytes, count);
    return count;
}

#define SIZED(text) text, sizeof(text) - 1

typedef struct seed_row {
    const char *bytes;
    size_t count;
} seed_row;

static size_t put_row(const seed_row *rows, size_t count, int i, unsigned char *file)
{
    return (size_t)i < count ? put(file, rows[i].bytes, rows[i].count) : 0;
}

/* ---- arrays ---- */

/* Two arrays of the same numbers, however they are laid out. */
static void check_same(const nn_array *a, const nn_array *b)
{
    if (a->type != b->type || !ad_shape_equal(&a->shape, &b->shape)) {
        apart_broken("an array was written and read back with another type or shape");
    }
    const ad_shape row = nn_array_row_shape(a);
    const size_t bytes = ad_shape_count(&row) * nn_type_bytes(a->type);
    for (int64_t i = 0; bytes > 0 && i < nn_array_rows(a); i++) {
        if (memcmp(nn_array_row(a, i), nn_array_row(b, i), bytes) != 0) {
            apart_broken("row %" PRId64 " was written and read back as another", i);
        }
    }
}

static int format_count(void)
{
    int count = 0;
    while (nn__format_at(count) != NULL) {
        count++;
    }
    return count;
}

/* Writes an array, which may have any rows, in some format, and reads it back. A format that may
 * refuse is another than the one that was read. */
static void check_written(const nn_array *array, int which, int may_refuse, int is_gzip)
{
    ad_error error = {.status = AD_OK};
    nn_array back;
    const char *path = reader_empty(nn__format_at(which)->endings[0], is_gzip);
    ad_status status = nn_write_array(path, array, &error);
    reader_check(status, &error);
    if (status == AD_ERR_MEMORY || (status == AD_ERR_UNSUPPORTED && may_refuse)) {
        return;
    }
    if (status != AD_OK) {
        apart_broken("an array could not be written: %s", error.message);
    }
    status =
        nn_read_array(path, &(nn_read_options){.allocator = reader_allocator(0)}, &back, &error);
    reader_check(status, &error);
    if (status != AD_OK) {
        apart_broken("what was written could not be read: %s", error.message);
    }
    check_same(array, &back);
    nn_array_clear(&back);
}

/* Every format of the table, each with arrays of several types and shapes. */
static size_t written_seed(int i, unsigned char *file)
{
    static const double reals[] = {0.5, -1e300, 3, 0};
    static const float narrow[] = {0.5F, -1e30F};
    static const int64_t whole[] = {-2, 1, 77, 0, 4, 5};
    const nn_array arrays[] = {nn_array_view(NN_F64, AD_SHAPE(2, 2), reals),
                               nn_array_view(NN_F32, AD_SHAPE(2), narrow),
                               nn_array_view(NN_I64, AD_SHAPE(3, 2), whole),
                               nn_array_view(NN_U8, AD_SHAPE(1, 2, 3), "bytes"),
                               nn_array_view(NN_U8, AD_SHAPE(0, 3), NULL),
                               nn_array_view(NN_I64, AD_SHAPE(1, 1, 1, 1, 1, 1, 1, 1), whole)};
    const int formats = format_count(), count = (int)(sizeof arrays / sizeof arrays[0]);
    ad_error error = {.status = AD_OK};
    if (i >= formats * count) {
        return 0;
    }
    const char *path = reader_empty(nn__format_at(i % formats)->endings[0], 0);
    FILE *from = NULL;
    if (nn_write_array(path, &arrays[i / formats], &error) != AD_OK ||
        (from = fopen(path, "rb")) == NULL) {
        apart_broken("a seed could not be written: %s", error.message);
    }
    size_t bytes = fread(file, 1, READER_MOST / 2, from);
    (void)fclose(from);
    return bytes;
}

static size_t array_seed(int i, unsigned char *file)
{
    static const seed_row rows[] = {
        {SIZED("\0\0\x08\1\0\0\0\3abc")},
        {SIZED("\0\0\x08\3\0\0\0\2\0\0\0\2\0\0\0\2abcdefgh")},
        {SIZED("\0\0\x09\1\0\0\0\2\xff\1")},
        {SIZED("\0\0\x0b\1\0\0\0\2\1\2\3\4")},
        {SIZED("\0\0\x0c\2\0\0\0\1\0\0\0\2\x80\0\0\0\0\0\0\1")},
        {SIZED("\0\0\x0d\1\0\0\0\1\x3f\x80\0\0")},
        {SIZED("\0\0\x0e\1\0\0\0\1\x40\x09\x21\xfb\x54\x44\x2d\x18")},
        {SIZED("\0\0\x08\2\0\0\0\0\0\0\0\5")},
        {SIZED("\0\0\x08\3\xff\xff\xff\0\0\0\0\0\0\0\0\x11")},
        {SIZED("\0\0\x0e\2\0\0\0\3\0\0\0\0")},
        {SIZED("\0\0\x08\x08\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1x")},
    };
    const int count = (int)(sizeof rows / sizeof rows[0]);
    return i < count ? put_row(rows, sizeof rows / sizeof rows[0], i, file)
                     : written_seed(i - count, file);
}

static void array_run(const unsigned char *options, const unsigned char *file, size_t bytes)
{
    ad_error error = {.status = AD_OK};
    nn_array array;
    const nn_read_options o = {pick(options, 1, 3), 1, reader_allocator(fail_at(options))};
    const ad_status status =
        nn_read_array(reader_file(file, bytes), options[2] % 4 == 0 ? NULL : &o, &array, &error);
    reader_check(status, &error);
    if (status == AD_OK) {
        const int which = pick(options, 4, format_count());
        const int is_own = bytes >= NN__HEAD && nn__format_at(which)->is_begun_by(file);
        check_written(&array, which, !is_own, pick(options, 3, 2));
    }
    nn_array_clear(&array);
}

/* ---- arrays of any layout ---- */

static size_t rows_seed(int i, unsigned char *file)
{
    return i < 4 ? put(file, "\3\2\1\0\2\2\1abcdefghijklmnopqrstuvwxyz", (size_t)(10 + i)) : 0;
}

/* The file has row numbers, then elements. */
static void rows_run(const unsigned char *options, const unsigned char *file, size_t bytes)
{
    static double elements[64];
    const nn_type types[] = {NN_F64, NN_F32, NN_U8, NN_I64};
    const nn_type type = types[pick(options, 1, 4)];
    const int64_t rows = pick(options, 2, 5), columns = pick(options, 3, 4);
    ad_error error = {.status = AD_OK};
    memset(elements, 0, sizeof elements);
    memcpy(elements, file, bytes < 100 ? bytes : 100);
    for (int i = 0; type == NN_I64 && i < 64; i++) {
        int64_t value;
        memcpy(&value, elements + i, sizeof value);
        value = (int32_t)value;
        memcpy(elements + i, &value, sizeof value);
    }
    const nn_array all = nn_array_view(type, AD_SHAPE(rows, columns), elements);
    int64_t indices[8];
    const int64_t count = pick(options, 4, 8);
    for (int64_t i = 0; i < count; i++) {
        indices[i] = (int64_t)(i < (int64_t)bytes ? file[i] : 0) % (rows + 1);
    }
    nn_array part;
    const ad_status status =
        nn_array_select(&all, count, indices, reader_allocator(fail_at(options)), &part, &error);
    reader_check(status, &error);
    if (status == AD_OK) {
        check_written(&part, 0, 0, pick(options, 5, 2));
    }
    nn_array_clear(&part);
}

/* ---- CSV ---- */

static size_t csv_seed(int i, unsigned char *file)
{
    static const seed_row rows[] = {
        {SIZED("a,b,y\n1,2,0\n3,4.5,1\n-6e3,.5,0\n")},
        {SIZED("1 2 3\n4  5 6\n")},
        {SIZED("x;y\r\n1;2\r\n\r\n3;4")},
        {SIZED("\"a\"\"b\",\"c\"\n\"1\",2\n3,NA\n")},
        {SIZED("# comment\n1\t2\n# more\n3\t?\n")},
        {SIZED("\xef\xbb\xbf"
               "1,2\n3,4\n")},
        {SIZED("\xff\xfe"
               "1\0,\0")},
        {SIZED("1e999,2\ninf,-inf\nnan,0x10\n")},
        {SIZED("a,b\n1,2\n3\n")},
        {SIZED("epoch,cost,metric\n1,0.5,\n2,0.25,0.75\n")},
        {SIZED("9223372036854775807,1\n-9223372036854775808,255\n")},
    };
    return put_row(rows, sizeof rows / sizeof rows[0], i, file);
}

static const nn_type types[] = {NN_F64, NN_F32, NN_I64, NN_U8};

static nn_csv_options csv_options(const unsigned char *o, nn_columns x, nn_columns y)
{
    static const char separators[] = {0, 0, ',', ';', '\t', ' ', '"', '\n', 'e', '#'};
    return (nn_csv_options){.x = x,
                            .y = y,
                            .x_type = types[pick(o, 2, 8) < 4 ? 0 : pick(o, 2, 4)],
                            .y_type = types[pick(o, 3, 4)],
                            .header = (nn_header)pick(o, 4, 4),
                            .missing = (nn_missing)pick(o, 5, 2),
                            .separator = separators[pick(o, 6, 10)],
                            .comment = o[7] % 4 == 0 ? '#' : 0,
                            .allocator = reader_allocator(fail_at(o))};
}

/* Element i of a dense array as text that reads back the same. */
static int print_element(char *text, size_t room, const nn_array *a, size_t i)
{
    switch (a->type) {
    case NN_F64: {
        const double v = ((const double *)a->data)[i];
        return isnan(v) ? snprintf(text, room, "NaN") : snprintf(text, room, "%.17g", v);
    }
    case NN_F32: {
        const double v = (double)((const float *)a->data)[i];
        return isnan(v) ? snprintf(text, room, "NaN") : snprintf(text, room, "%.9g", v);
    }
    case NN_I64:
        return snprintf(text, room, "%" PRId64, ((const int64_t *)a->data)[i]);
    case NN_U8:
        return snprintf(text, room, "%d", ((const unsigned char *)a->data)[i]);
    }
    return 0;
}

static int is_same_element(const nn_array *a, const nn_array *b, size_t i)
{
    char one[64], other[64];
    (void)print_element(one, sizeof one, a, i);
    (void)print_element(other, sizeof other, b, i);
    return strcmp(one, other) == 0;
}

/* Prints the columns of x as CSV and reads them back. */
static void check_printed(const nn_array *x)
{
    static char text[1 << 16];
    const size_t columns = (size_t)x->shape.len[1], rows = (size_t)x->shape.len[0];
    size_t at = 0;
    if (x->shape.rank != 2 || columns == 0 || rows * columns > 2000) {
        return;
    }
    for (size_t i = 0; i < rows * columns; i++) {
        at += (size_t)print_element(text + at, sizeof text - at, x, i);
        text[at++] = (i + 1) % columns == 0 ? '\n' : ',';
    }
    text[at] = '\0';
    ad_error error = {.status = AD_OK};
    nn_table back;
    const nn_csv_options o = {.x_type = x->type,
                              .header = NN_HEADER_NO,
                              .missing = NN_MISSING_NAN,
                              .separator = ',',
                              .allocator = reader_allocator(0)};
    const ad_status status = nn_read_csv(reader_text_file(text), &o, &back, &error);
    reader_check(status, &error);
    if (status != AD_OK || !ad_shape_equal(&back.x.shape, &x->shape)) {
        apart_broken("numbers were printed, but not read back: %s", error.message);
    }
    for (size_t i = 0; i < rows * columns; i++) {
        if (!is_same_element(x, &back.x, i)) {
            apart_broken("number %zu was printed and read back as another", i);
        }
    }
    nn_table_clear(&back);
}

static void check_names(const char *const *names, const nn_array *a)
{
    const int64_t count = a->shape.rank == 2 ? a->shape.len[1] : 1;
    for (int64_t i = 0; names != NULL && i < count; i++) {
        if (strlen(names[i]) > READER_MOST) {
            apart_broken("a name does not end");
        }
    }
}

static void check_split(const unsigned char *options, const nn_table *table)
{
    ad_error error = {.status = AD_OK};
    nn_table train, validation, test;
    const nn_split_options o = {.validation = pick(options, 12, 4) / 4.0,
                                .test = pick(options, 13, 3) / 5.0,
                                .stratify = pick(options, 14, 2),
                                .keep_order = pick(options, 15, 2),
                                .allocator = reader_allocator(fail_at(options))};
    const ad_status status = nn_table_split(table, &o, &train, &validation, &test, &error);
    reader_check(status, &error);
    if (status == AD_OK &&
        nn_array_rows(&train.x) + nn_array_rows(&validation.x) + nn_array_rows(&test.x) !=
            nn_array_rows(&table->x)) {
        apart_broken("the parts of a split have not all rows");
    }
    nn_table_clear(&train), nn_table_clear(&validation), nn_table_clear(&test);
}

static void csv_run(const unsigned char *options, const unsigned char *file, size_t bytes)
{
    static const char *const names[] = {"a", "b", "y", "x"};
    const int numbers[] = {pick(options, 8, 4) - 1, pick(options, 9, 4) - 2};
    const nn_columns by_number = {pick(options, 10, 3), numbers, NULL},
                     by_name = {pick(options, 10, 3), NULL, names + pick(options, 8, 2)},
                     none = {0};
    const int kind = pick(options, 11, 4);
    const nn_csv_options o = csv_options(options, kind == 3 ? by_number : none,
                                         kind == 1   ? by_number
                                         : kind == 2 ? by_name
                                                     : none);
    ad_error error = {.status = AD_OK};
    nn_table table;
    const ad_status status =
        nn_read_csv(reader_file(file, bytes), options[1] % 8 == 0 ? NULL : &o, &table, &error);
    reader_check(status, &error);
    if (status == AD_OK) {
        check_names(table.x_names, &table.x);
        check_names(table.y_names, &table.y);
        check_printed(&table.x);
        check_split(options, &table);
    }
    nn_table_clear(&table);
}

/* ---- numbers ---- */

static size_t number_seed(int i, unsigned char *file)
{
    static const char *const rows[] = {
        "1",     "-2.5e3", ".5",  "1e400", "1e-400",
        "inf",   "-inf",   "nan", "NA",    "123456789012345678901234567890",
        "0x1p3", "1."};
    return (size_t)i < sizeof rows / sizeof rows[0] ? put(file, rows[i], strlen(rows[i])) : 0;
}

static void number_run(const unsigned char *options, const unsigned char *file, size_t bytes)
{
    static locale_t c_locale;
    (void)options;
    char *text = malloc(bytes + 1);
    c_locale = c_locale != (locale_t)0 ? c_locale : newlocale(LC_ALL_MASK, "C", (locale_t)0);
    if (text == NULL || c_locale == (locale_t)0) {
        apart_broken("out of memory");
    }
    memcpy(text, file, bytes);
    text[bytes] = '\0';
    double value = NAN;
    int64_t whole = 0;
    (void)nn__is_missing(text, bytes);
    (void)nn__number(text, bytes, ',', c_locale, &value);
    nn__number_kind kind = nn__number(text, bytes, '.', c_locale, &value);
    if (memcmp(text, file, bytes) != 0) {
        apart_broken("\"%s\" is changed", text);
    }
    if (nn__whole_number(text, bytes, '.', &whole) == NN__NUMBER &&
        (kind != NN__NUMBER || (double)whole != value)) {
        apart_broken("\"%s\" is read as %lld", text, (long long)whole);
    }
    if (kind == NN__NUMBER) {
        char *end;
        const double expected = strtod(text, &end);
        if (end != text + bytes || expected != value || signbit(expected) != signbit(value)) {
            apart_broken("\"%s\" is read as %.17g", text, value);
        }
    }
    free(text);
}

/* ---- logs ---- */

static size_t log_seed(int i, unsigned char *file)
{
    for (int j = 0; j < 12; j++) {
        const double v = j % 5 == 4 ? NAN : pow(-3, j) * (i + 1) * 0.1;
        memcpy(file + (size_t)j * sizeof v, &v, sizeof v);
    }
    return i < 3 ? 12 * sizeof(double) : 0;
}

/* The file is the epochs' numbers; they are written as a log, which is read as a table. */
static void log_run(const unsigned char *options, const unsigned char *file, size_t bytes)
{
    enum { EPOCHS = 8, NUMBERS = 6 };
    double v[EPOCHS][NUMBERS] = {{0}};
    nn_epoch history[EPOCHS];
    const int count = 1 + pick(options, 1, EPOCHS);
    memcpy(v, file, bytes < sizeof v ? bytes : sizeof v);
    for (int i = 0; i < count; i++) {
        history[i] = (nn_epoch){{v[i][0], v[i][1]}, {v[i][2], v[i][3]}, v[i][4], v[i][5]};
    }
    ad_error error = {.status = AD_OK};
    const char *path = reader_empty("", 0);
    ad_status status = nn_write_log(path, count, history, &error);
    reader_check(status, &error);
    nn_table table;
    const nn_csv_options o = {.header = NN_HEADER_YES,
                              .missing = NN_MISSING_NAN,
                              .separator = ',',
                              .allocator = reader_allocator(0)};
    status = nn_read_csv(path, &o, &table, &error);
    if (status != AD_OK || table.x.shape.len[0] != count || table.x.shape.len[1] != NUMBERS + 1) {
        apart_broken("a log is no table of its epochs: %s", error.message);
    }
    for (int i = 0; i < count; i++) {
        const double *row = (const double *)table.x.data + (size_t)i * (NUMBERS + 1);
        for (int j = 0; j < NUMBERS; j++) {
            if (row[0] != i + 1 ||
                (row[j + 1] != v[i][j] && !(isnan(row[j + 1]) && isnan(v[i][j])))) {
                apart_broken("number %d of epoch %d is %.17g in the log, not %.17g", j, i + 1,
                             row[j + 1], v[i][j]);
            }
        }
    }
    nn_table_clear(&table);
}

/* ---- the table ---- */

const reader readers[] = {
    {"array", array_seed, array_run},    {"rows", rows_seed, rows_run}, {"csv", csv_seed, csv_run},
    {"number", number_seed, number_run}, {"log", log_seed, log_run},
};
const int reader_count = sizeof readers / sizeof readers[0];
