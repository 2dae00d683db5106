/* SPDX-License-Identifier: MIT */
#include "csv.h"
#include "data/array_internal.h"
#include "data/number_internal.h"
#include "data/records_internal.h"

#include <inttypes.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* One side of the table, x or y: which fields of a record it takes, and what they become. */
typedef struct side {
    nn_type type;
    size_t count;
    size_t *fields;
    const char **names;  /* NULL without a header */
    unsigned char *data; /* rows in the order read */
} side;

typedef struct csv {
    nn__records records;
    const nn_csv_options *options;
    locale_t c_locale;
    size_t columns;
    side x, y;
    void *names;
    size_t rows, capacity;
    char point;
    int is_first; /* the record is the first line, and taken for a row */
    char begins;  /* the first line's first character */
    ad_error *error;
} csv;

/* ---- errors: file:line: column 3 (name): what is wrong; counted from 0, as options do */

AD_PRINTF(5, 6)
static ad_status fault(const csv *c, ad_status status, size_t field, const char *name,
                       const char *format, ...)
{
    char column[80] = "", text[128];
    if (name != NULL) {
        (void)snprintf(column, sizeof column, " (%.48s)", name);
    }
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    return ad_error_set(c->error, status, "%s:%" PRId64 ": column %zu%s: %s",
                        nn__path_shown(c->records.reader.path), c->records.line, field, column,
                        text);
}

static ad_status memory_error(const csv *c)
{
    return ad_error_set(c->error, AD_ERR_MEMORY, "%s: out of memory for its columns and rows",
                        nn__path_shown(c->records.reader.path));
}

/* What the field holds, as far as it can be shown. */
static const char *shown(const nn__field *field, char text[44])
{
    size_t len = field->len < 40 ? field->len : 40;
    for (size_t i = 0; i < len; i++) {
        unsigned char byte = (unsigned char)field->text[i];
        text[i] = byte < 32 || byte == 127 ? '?' : field->text[i];
    }
    (void)snprintf(text + len, 44 - len, "%s", len < field->len ? "..." : "");
    return text;
}

/* ---- columns */

static ad_status find_number(const csv *c, int number, size_t *field)
{
    int64_t columns = (int64_t)c->columns;
    int64_t place = number < 0 ? number + columns : number;
    if (place < 0 || place >= columns) {
        return ad_error_set(c->error, AD_ERR_INDEX,
                            "%s: there is no column %d: its %zu columns are numbered from 0, or "
                            "backwards from -1; is the separator right?",
                            nn__path_shown(c->records.reader.path), number, c->columns);
    }
    *field = (size_t)place;
    return AD_OK;
}

/* The names in the header, as far as there is room. */
static const char *header_names(const csv *c, char text[128])
{
    for (size_t j = 0, at = 0; j < c->columns && at < 128; j++) {
        char name[44];
        at += (size_t)snprintf(text + at, 128 - at, "%s%s", j > 0 ? ", " : "",
                               shown(&c->records.fields[j], name));
    }
    return text;
}

static ad_status find_name(const csv *c, const char *name, int has_header, size_t *field)
{
    for (size_t j = 0; has_header && j < c->columns; j++) {
        if (strcmp(c->records.fields[j].text, name) == 0) {
            *field = j;
            return AD_OK;
        }
    }
    char names[128];
    return ad_error_set(c->error, AD_ERR_INDEX, "%s: no column is named \"%.60s\"; %s%s",
                        nn__path_shown(c->records.reader.path), name,
                        has_header ? "its columns are "
                                   : "the file has no header, choose columns by number",
                        has_header ? header_names(c, names) : "");
}

static ad_status choose(csv *c, side *s, const nn_columns *chosen, int has_header)
{
    size_t count = (size_t)chosen->count;
    if (count == 0) {
        return AD_OK;
    }
    s->fields = nn__resize(&c->records.reader.allocator, NULL, count, sizeof *s->fields);
    if (s->fields == NULL) {
        return memory_error(c);
    }
    s->count = count;
    ad_status status = AD_OK;
    for (size_t i = 0; i < count && status == AD_OK; i++) {
        status = chosen->numbers != NULL
                     ? find_number(c, chosen->numbers[i], &s->fields[i])
                     : find_name(c, chosen->names[i], has_header, &s->fields[i]);
    }
    return status;
}

/* x gets every column that y has not. */
static ad_status choose_rest(csv *c)
{
    c->x.fields = nn__resize(&c->records.reader.allocator, NULL, c->columns, sizeof *c->x.fields);
    if (c->x.fields == NULL) {
        return memory_error(c);
    }
    for (size_t j = 0; j < c->columns; j++) {
        int is_in_y = 0;
        for (size_t i = 0; i < c->y.count && !is_in_y; i++) {
            is_in_y = c->y.fields[i] == j;
        }
        if (!is_in_y) {
            c->x.fields[c->x.count++] = j;
        }
    }
    return AD_OK;
}

/* Copies the chosen columns' names out of the header: pointers first, then the letters. */
static ad_status copy_names(csv *c)
{
    side *const sides[] = {&c->x, &c->y};
    size_t count = c->x.count + c->y.count, bytes = count * sizeof(char *);
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; i < sides[k]->count; i++) {
            size_t len = c->records.fields[sides[k]->fields[i]].len + 1;
            if (bytes > SIZE_MAX - len) {
                return memory_error(c);
            }
            bytes += len;
        }
    }
    const char **names = nn__resize(&c->records.reader.allocator, NULL, bytes, 1);
    if (names == NULL) {
        return memory_error(c);
    }
    c->names = (void *)names;
    char *letters = (char *)(names + count);
    for (int k = 0; k < 2; k++) {
        sides[k]->names = names;
        for (size_t i = 0; i < sides[k]->count; i++) {
            const nn__field *field = &c->records.fields[sides[k]->fields[i]];
            memcpy(letters, field->text, field->len + 1);
            *names++ = letters;
            letters += field->len + 1;
        }
    }
    return AD_OK;
}

/* ---- fields */

/* Reads a field as element i of a row of type. */
static nn__number_kind read_number(const csv *c, const nn__field *field, nn_type type,
                                   unsigned char *row, size_t i)
{
    double value = NAN;
    int64_t whole = 0;
    int is_float = type == NN_F64 || type == NN_F32;
    nn__number_kind kind = is_float
                               ? nn__number(field->text, field->len, c->point, c->c_locale, &value)
                               : nn__whole_number(field->text, field->len, c->point, &whole);
    if (kind == NN__NO_NUMBER && c->options->missing == NN_MISSING_NAN && is_float &&
        nn__is_missing(field->text, field->len)) {
        kind = NN__NUMBER; /* NaN */
    }
    if (kind == NN__NUMBER && type == NN_F64) {
        ((double *)(void *)row)[i] = value;
    } else if (kind == NN__NUMBER && type == NN_F32) {
        float narrow = (float)value;
        ((float *)(void *)row)[i] = narrow;
        return isinf(narrow) && !isinf(value) ? NN__HUGE_NUMBER : NN__NUMBER;
    } else if (kind == NN__NUMBER && type == NN_I64) {
        ((int64_t *)(void *)row)[i] = whole;
    } else if (kind == NN__NUMBER) {
        row[i] = (unsigned char)whole;
        return whole < 0 || whole > UINT8_MAX ? NN__HUGE_NUMBER : NN__NUMBER;
    }
    return kind;
}

/* Whether the field would be a number if a comma were the point. */
static int has_comma(const csv *c, const nn__field *field)
{
    double value;
    return c->point == '.' && memchr(field->text, ',', field->len) != NULL &&
           nn__number(field->text, field->len, ',', c->c_locale, &value) != NN__NO_NUMBER;
}

static const char comment_hint[] = "; if # begins comments: .comment = '#'";

/* What to do about a field that is no number. */
static const char *hint(const csv *c, const side *s, const nn__field *field)
{
    if (c->records.fields[0].text[0] == '#') {
        return comment_hint;
    }
    if (has_comma(c, field)) {
        return c->records.separator == ',' ? "; for a comma as decimal point: .decimal = ',', and "
                                             ".separator"
                                           : "; for a comma as decimal point: .decimal = ','";
    }
    if (c->is_first && c->options->header == NN_HEADER_AUTO) {
        return "; if this line is a header: .header = NN_HEADER_YES";
    }
    return s == &c->x && c->options->x.count == 0
               ? "; to leave its column out, choose the others as .x"
               : "";
}

static ad_status read_field(csv *c, const side *s, size_t i, unsigned char *row)
{
    size_t place = s->fields[i];
    const nn__field *field = &c->records.fields[place];
    const char *name = s->names != NULL ? s->names[i] : NULL, *type = nn_type_name(s->type);
    char text[44];
    switch (read_number(c, field, s->type, row, i)) {
    case NN__NUMBER:
        return AD_OK;
    case NN__HUGE_NUMBER:
        return fault(c, AD_ERR_FORMAT, place, name, "\"%s\" is beyond the range of %s",
                     shown(field, text), type);
    case NN__FRACTION:
        return fault(c, AD_ERR_FORMAT, place, name, "\"%s\" is no whole number, as %s needs",
                     shown(field, text), type);
    case NN__NO_NUMBER:
        break;
    }
    if (nn__is_missing(field->text, field->len)) {
        return fault(c, AD_ERR_FORMAT, place, name, "the value is missing%s",
                     s->type == NN_F64 || s->type == NN_F32
                         ? "; .missing = NN_MISSING_NAN reads it as NaN"
                         : ", and integers have no NaN");
    }
    return fault(c, AD_ERR_FORMAT, place, name, "\"%s\" is no number%s", shown(field, text),
                 hint(c, s, field));
}

/* ---- rows */

static ad_status set_capacity(csv *c, size_t capacity)
{
    side *const sides[] = {&c->x, &c->y};
    for (int k = 0; k < 2; k++) {
        side *s = sides[k];
        if (s->count > 0) {
            unsigned char *more = nn__resize(&c->records.reader.allocator, s->data, capacity,
                                             s->count * nn_type_bytes(s->type));
            if (more == NULL) {
                return memory_error(c);
            }
            s->data = more;
        }
    }
    c->capacity = capacity;
    return AD_OK;
}

static ad_status append_row(csv *c)
{
    if (c->records.count != c->columns) {
        return ad_error_set(c->error, AD_ERR_FORMAT,
                            "%s:%" PRId64 ": has %zu column%s where the first line has %zu%s",
                            nn__path_shown(c->records.reader.path), c->records.line,
                            c->records.count, c->records.count == 1 ? "" : "s", c->columns,
                            c->begins == '#' || c->records.fields[0].text[0] == '#' ? comment_hint
                                                                                    : "");
    }
    ad_status status = AD_OK;
    if (c->rows == c->capacity) {
        status = set_capacity(c, c->capacity > 0 ? 2 * c->capacity : 256);
    }
    side *const sides[] = {&c->x, &c->y};
    for (int k = 0; k < 2; k++) {
        const side *s = sides[k];
        size_t bytes = s->count * nn_type_bytes(s->type);
        for (size_t i = 0; i < s->count && status == AD_OK; i++) {
            status = read_field(c, s, i, s->data + c->rows * bytes);
        }
    }
    c->rows += status == AD_OK;
    return status;
}

/* The first record tells the columns; it is a header or a row. */
static ad_status read_first(csv *c)
{
    ad_status status = nn__records_next(&c->records, c->error);
    if (status != AD_OK) {
        return status;
    }
    c->columns = c->records.count;
    c->begins = (char)(c->columns > 0 ? c->records.fields[0].text[0] : 0);
    int has_header = c->columns > 0 && c->options->header != NN_HEADER_NO;
    for (size_t j = 0; c->options->header == NN_HEADER_AUTO && j < c->columns; j++) {
        const nn__field *field = &c->records.fields[j];
        double value;
        has_header &=
            nn__number(field->text, field->len, c->point, c->c_locale, &value) == NN__NO_NUMBER &&
            !has_comma(c, field);
    }
    if (c->columns > 0) {
        status = choose(c, &c->y, &c->options->y, has_header);
    }
    if (status == AD_OK && c->columns > 0) {
        status =
            c->options->x.count > 0 ? choose(c, &c->x, &c->options->x, has_header) : choose_rest(c);
    }
    c->is_first = !has_header;
    if (status == AD_OK && c->columns > 0) {
        status = has_header ? copy_names(c) : append_row(c);
    }
    c->is_first = 0;
    return status;
}

static ad_status read_rows(csv *c)
{
    ad_status status = read_first(c);
    while (status == AD_OK && c->records.count > 0) {
        status = nn__records_next(&c->records, c->error);
        if (status == AD_OK && c->records.count > 0) {
            status = append_row(c);
        }
    }
    if (status == AD_OK && c->rows == 0) {
        status = ad_error_set(c->error, AD_ERR_FORMAT, "%s: has no rows of data",
                              nn__path_shown(c->records.reader.path));
    }
    return status;
}

/* ---- the table */

/* One side as an array, which takes over its data and gives spare memory back. */
static nn_array array_of(const csv *c, side *s, int rank)
{
    const ad_allocator *allocator = &c->records.reader.allocator;
    ad_shape shape = {.rank = rank, .len = {(int64_t)c->rows}};
    if (rank == 2) {
        shape.len[1] = (int64_t)s->count;
    }
    if (s->count > 0) {
        void *less = nn__resize(allocator, s->data, c->rows, s->count * nn_type_bytes(s->type));
        s->data = less != NULL ? less : s->data;
    }
    nn_array array = nn_array_view(s->type, shape, s->data);
    array.owned = s->data;
    array.allocator = *allocator;
    s->data = NULL;
    return array;
}

static ad_status check_options(const char *path, const nn_csv_options *o, ad_error *error)
{
    path = nn__path_shown(path);
    if (o->separator != 0 && strchr("\t;, |:!&#$%/\\^_~", o->separator) == NULL) {
        return ad_error_set(error, AD_ERR_DOMAIN, "%s: the character %d cannot separate numbers",
                            path, o->separator);
    }
    if (o->comment != 0 && (o->comment == o->separator || o->comment == '"')) {
        return ad_error_set(error, AD_ERR_DOMAIN, "%s: the character %d cannot begin comments",
                            path, o->comment);
    }
    if (o->decimal != 0 && o->decimal != '.' && o->decimal != ',') {
        return ad_error_set(error, AD_ERR_DOMAIN,
                            "%s: the character %d is no decimal point; give '.' or ','", path,
                            o->decimal);
    }
    const nn_columns *const sides[] = {&o->x, &o->y};
    for (int k = 0; k < 2; k++) {
        if (sides[k]->count != 0 &&
            (sides[k]->count < 0 || (sides[k]->numbers == NULL && sides[k]->names == NULL))) {
            return ad_error_set(error, AD_ERR_DOMAIN,
                                "%s: columns must be chosen by NN_COLUMNS or NN_NAMED", path);
        }
    }
    if (nn_type_bytes(o->x_type) == 0 || nn_type_bytes(o->y_type) == 0) {
        return ad_error_set(error, AD_ERR_DOMAIN, "%s: x_type or y_type is not an nn_type", path);
    }
    return AD_OK;
}

ad_status nn_read_csv(const char *path, const nn_csv_options *options, nn_table *table,
                      ad_error *error)
{
    static const nn_csv_options defaults = {.separator = 0};
    const nn_csv_options *o = options != NULL ? options : &defaults;
    if (nn__given(table, "nn_read_csv", "table", error)) {
        return AD_ERR_DOMAIN;
    }
    *table = (nn_table){.names = NULL};
    csv c = {.options = o, .x.type = o->x_type, .y.type = o->y_type, .error = error};
    c.point = (char)(o->decimal != 0 ? o->decimal : '.');
    ad_status status = check_options(path, o, error);
    if (status == AD_OK) {
        status = nn__records_open(&c.records, path, o->separator, o->comment, c.point, o->allocator,
                                  error);
    }
    if (status != AD_OK) {
        return status;
    }
    const ad_allocator *allocator = &c.records.reader.allocator;
    c.c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    status = c.c_locale != (locale_t)0 ? read_rows(&c) : memory_error(&c);
    if (status == AD_OK) {
        int is_flat = c.y.count == 1 && (o->y_type == NN_I64 || o->y_type == NN_U8);
        table->x = array_of(&c, &c.x, 2);
        table->y = array_of(&c, &c.y, is_flat ? 1 : 2);
        table->x_names = c.x.names;
        table->y_names = c.y.names;
        table->names = c.names;
    }
    void *const leftovers[] = {c.x.fields, c.y.fields, c.x.data, c.y.data,
                               status != AD_OK ? c.names : NULL};
    for (size_t i = 0; i < sizeof leftovers / sizeof leftovers[0]; i++) {
        nn__free(allocator, leftovers[i]);
    }
    if (c.c_locale != (locale_t)0) {
        freelocale(c.c_locale);
    }
    nn__records_close(&c.records);
    return status;
}
