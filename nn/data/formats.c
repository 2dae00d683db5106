/* SPDX-License-Identifier: MIT */
#include "formats.h"
#include "data/array_internal.h"
#include "data/formats_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define ADDRESS(name) &name,
static const nn__format *const formats[] = {NN__FORMATS(ADDRESS)};
#undef ADDRESS

enum { FORMATS = sizeof formats / sizeof formats[0], CHUNK = 1024, NAME = 200 };

const nn__format *nn__format_at(int i)
{
    return i >= 0 && i < FORMATS ? formats[i] : NULL;
}

/* ---- elements ---- */

uint64_t nn__load(const unsigned char *from, size_t bytes, int is_big)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | from[is_big ? i : bytes - 1 - i];
    }
    return value;
}

void nn__store(uint64_t value, unsigned char *to, size_t bytes, int is_big)
{
    for (size_t i = 0; i < bytes; i++, value >>= 8) {
        to[is_big ? bytes - 1 - i : i] = (unsigned char)value;
    }
}

static void decode(const nn__element *e, size_t n, const unsigned char *from, void *to)
{
    const uint64_t sign = e->is_unsigned ? 0 : UINT64_C(1) << (8 * e->bytes - 1);
    for (size_t i = 0; i < n && e->type != NN_U8; i++) {
        uint64_t bits = nn__load(from + i * e->bytes, e->bytes, e->is_big);
        uint32_t low = (uint32_t)bits;
        if (e->type == NN_I64) {
            ((int64_t *)to)[i] = (int64_t)((bits ^ sign) - sign);
        } else if (e->type == NN_F64) {
            memcpy((double *)to + i, &bits, sizeof bits);
        } else {
            memcpy((float *)to + i, &low, sizeof low);
        }
    }
    if (e->type == NN_U8) {
        memcpy(to, from, n);
    }
}

static void encode(const nn__element *e, size_t n, const void *from, unsigned char *to)
{
    for (size_t i = 0; i < n && e->type != NN_U8; i++) {
        uint64_t bits = 0;
        uint32_t low = 0;
        if (e->type == NN_F32) {
            memcpy(&low, (const float *)from + i, sizeof low);
            bits = low;
        } else { /* i64 and f64 are of one size */
            memcpy(&bits, (const char *)from + i * sizeof bits, sizeof bits);
        }
        nn__store(bits, to + i * e->bytes, e->bytes, e->is_big);
    }
    if (e->type == NN_U8) {
        memcpy(to, from, n);
    }
}

/* ---- reading ---- */

/* A layout that was read, and what it comes to. */
typedef struct content {
    nn__layout layout;
    uint64_t count;  /* of elements */
    uint64_t bytes;  /* of the whole file */
    char text[NAME]; /* "u8 [60000, 28, 28]" */
} content;

/* fact: "it has", "it ends after", ... bytes */
static ad_status truncated(const char *path, const content *c, const char *fact, uint64_t bytes,
                           ad_error *error)
{
    return ad_error_set(error, AD_ERR_FORMAT,
                        "%s: its header says %s, %" PRIu64 " bytes in all, but %s %" PRIu64
                        "; is the file complete?",
                        nn__path_shown(path), c->text, c->bytes, fact, bytes);
}

/* The format of what begins so, or an error that says how formats begin. */
static const nn__format *format_of(const char *path, const unsigned char *head, size_t got,
                                   ad_error *error)
{
    char known[NAME] = "";
    if (got < NN__HEAD) {
        ad_error_set(error, AD_ERR_FORMAT,
                     "%s: is no array: it has %zu bytes, the smallest header has %d",
                     nn__path_shown(path), got, NN__HEAD);
        return NULL;
    }
    for (int i = 0; i < FORMATS; i++) {
        if (formats[i]->is_begun_by(head)) {
            return formats[i];
        }
        size_t len = strlen(known);
        (void)snprintf(known + len, sizeof known - len, "%s %s: %s", i > 0 ? ";" : "",
                       formats[i]->name, formats[i]->begins);
    }
    ad_error_set(error, AD_ERR_FORMAT,
                 "%s: is no array: it begins with bytes %02x %02x %02x %02x, and formats so:%s",
                 nn__path_shown(path), head[0], head[1], head[2], head[3], known);
    return NULL;
}

/* Reads and checks the header: what it says must fit into the file before memory is asked for. */
static ad_status read_header(nn__reader *reader, content *c, ad_error *error)
{
    unsigned char head[NN__HEAD] = {0};
    size_t got;
    ad_status status = nn__reader_read(reader, sizeof head, head, &got, error);
    if (status != AD_OK) {
        return status;
    }
    const nn__format *format = format_of(reader->path, head, got, error);
    if (format == NULL) {
        return AD_ERR_FORMAT;
    }
    status = format->read_header(reader, head, &c->layout, error);
    if (status != AD_OK) {
        return status;
    }
    const ad_shape *shape = &c->layout.shape;
    char text[160];
    (void)snprintf(c->text, sizeof c->text, "%s %s", c->layout.element->name,
                   ad_shape_print(shape, text, sizeof text));
    if (shape->rank < 1 || !ad_shape_is_valid(shape)) {
        return ad_error_set(
            error, AD_ERR_FORMAT, "%s: its header says %s, %s", nn__path_shown(reader->path),
            c->text, shape->rank < 1 ? "which has no rows" : "more elements than any file has");
    }
    c->count = ad_shape_count(shape);
    c->bytes = c->layout.start + c->count * c->layout.element->bytes;
    if (c->bytes > reader->most) {
        const char *fact = reader->is_gzip ? "it can hold at most" : "it has";
        return truncated(reader->path, c, fact, reader->most, error);
    }
    return AD_OK;
}

/* Reads the elements into *data. Where the length of the content is known its memory is taken at
 * once, else as the content arrives: a header alone cannot ask for more than a few blocks. */
static ad_status read_elements(nn__reader *reader, const content *c, void **data, ad_error *error)
{
    unsigned char chunk[8 * CHUNK];
    const nn__element *e = c->layout.element;
    size_t size = nn_type_bytes(e->type), count = (size_t)c->count, got;
    int is_known = !reader->is_gzip && reader->most != UINT64_MAX;
    size_t capacity = 0, step = is_known ? count : 64 * (size_t)CHUNK;
    for (size_t done = 0, n; done < count; done += n) {
        if (done == capacity) {
            capacity = count - done < step ? count : done + step;
            step = capacity;
            void *more = nn__resize(&reader->allocator, *data, capacity, size);
            if (more == NULL) {
                return ad_error_set(error, AD_ERR_MEMORY, "%s: out of memory for %s",
                                    nn__path_shown(reader->path), c->text);
            }
            *data = more;
        }
        n = capacity - done < CHUNK ? capacity - done : CHUNK;
        ad_status status = nn__reader_read(reader, n * e->bytes, chunk, &got, error);
        if (status != AD_OK) {
            return status;
        }
        if (got < n * e->bytes) {
            uint64_t bytes = c->bytes - (count - done) * e->bytes + got;
            return truncated(reader->path, c, "it ends after", bytes, error);
        }
        decode(e, n, chunk, (char *)*data + done * size);
    }
    ad_status status = nn__reader_read(reader, 1, chunk, &got, error);
    if (status == AD_OK && got > 0) {
        return ad_error_set(error, AD_ERR_FORMAT,
                            "%s: is longer than its header says: %s is %" PRIu64 " bytes in all",
                            nn__path_shown(reader->path), c->text, c->bytes);
    }
    return status;
}

ad_status nn_read_array(const char *path, const nn_read_options *options, nn_array *array,
                        ad_error *error)
{
    static const nn_read_options defaults = {0};
    const nn_read_options *o = options != NULL ? options : &defaults;
    if (nn__given(array, "nn_read_array", "array", error)) {
        return AD_ERR_DOMAIN;
    }
    *array = (nn_array){0};
    nn__reader reader;
    ad_status status = nn__reader_open(&reader, path, o->allocator, error);
    if (status != AD_OK) {
        return status;
    }
    content c;
    void *data = NULL;
    status = read_header(&reader, &c, error);
    if (status == AD_OK) {
        status = read_elements(&reader, &c, &data, error);
    }
    if (status == AD_OK) {
        *array = nn_array_view(c.layout.element->type, c.layout.shape, data);
        array->owned = data;
        array->allocator = reader.allocator;
        array->scale = o->scale != 0.0 ? o->scale : 1.0;
        array->offset = o->offset;
    } else {
        nn__free(&reader.allocator, data);
    }
    nn__reader_close(&reader);
    return status;
}

/* ---- writing ---- */

static int ends_in(const char *path, size_t len, const char *ending)
{
    size_t n = strlen(ending);
    return n <= len && memcmp(path + len - n, ending, n) == 0;
}

/* The format of a file of that name, or an error that says how names end. */
static const nn__format *format_for(const char *path, ad_error *error)
{
    char known[NAME] = "";
    size_t len = strlen(path);
    len -= ends_in(path, len, ".gz") ? strlen(".gz") : 0;
    for (int i = 0; i < FORMATS; i++) {
        for (int j = 0; formats[i]->endings[j] != NULL; j++) {
            const char *ending = formats[i]->endings[j];
            if (ends_in(path, len, ending)) {
                return formats[i];
            }
            size_t at = strlen(known);
            (void)snprintf(known + at, sizeof known - at, " %s", ending);
        }
    }
    ad_error_set(error, AD_ERR_UNSUPPORTED,
                 "%s: no format is known for such a name; give one that ends in one of%s, with or "
                 "without .gz",
                 nn__path_shown(path), known);
    return NULL;
}

static const nn__element *element_for(const nn__format *format, nn_type type)
{
    for (size_t i = 0; i < format->element_count; i++) {
        if (format->elements[i].type == type && format->elements[i].is_written) {
            return &format->elements[i];
        }
    }
    return NULL;
}

/* Integers must fit the file's. */
static ad_status check_integers(const char *path, const nn__format *format, const nn_array *array,
                                const nn__element *e, ad_error *error)
{
    size_t len = nn__row_len(array);
    int64_t most = (int64_t)((UINT64_C(1) << (8 * e->bytes - 1)) - 1);
    for (int64_t i = 0; array->type == NN_I64 && len > 0 && i < nn_array_rows(array); i++) {
        const int64_t *row = nn_array_row(array, i);
        for (size_t j = 0; j < len; j++) {
            if (row[j] < -most - 1 || row[j] > most) {
                return ad_error_set(error, AD_ERR_UNSUPPORTED,
                                    "%s: %" PRId64 " in row %" PRId64
                                    " does not fit %s's integers of %zu bits",
                                    nn__path_shown(path), row[j], i, format->name, 8 * e->bytes);
            }
        }
    }
    return AD_OK;
}

/* What the format cannot say is refused before the file is touched. */
static ad_status check_writable(const char *path, const nn__format *format, const nn_array *array,
                                const nn__element *e, ad_error *error)
{
    char text[160];
    const char *shown = nn__path_shown(path);
    if (e == NULL) {
        return ad_error_set(error, AD_ERR_TYPE, "%s: %s cannot hold %s", shown, format->name,
                            nn_type_name(array->type));
    }
    if (array->shape.rank < 1 || !ad_shape_is_valid(&array->shape)) {
        return ad_error_set(error, AD_ERR_SHAPE, "%s: %s cannot hold the shape %s", shown,
                            format->name, ad_shape_print(&array->shape, text, sizeof text));
    }
    for (int i = 0; i < array->shape.rank; i++) {
        if (array->shape.len[i] > format->longest) {
            return ad_error_set(error, AD_ERR_UNSUPPORTED,
                                "%s: %s has lengths up to %" PRId64 ", not %s", shown, format->name,
                                format->longest, ad_shape_print(&array->shape, text, sizeof text));
        }
    }
    if (array->data == NULL && ad_shape_count(&array->shape) > 0) {
        return ad_error_set(error, AD_ERR_DOMAIN, "%s: the array's data is NULL", shown);
    }
    return check_integers(path, format, array, e, error);
}

/* One row, in pieces that fit on the stack. */
static ad_status write_row(nn__writer *writer, size_t len, const char *row, const nn__element *e,
                           ad_error *error)
{
    unsigned char chunk[8 * CHUNK];
    size_t size = nn_type_bytes(e->type);
    for (size_t done = 0, n; done < len; done += n) {
        n = len - done < CHUNK ? len - done : CHUNK;
        encode(e, n, row + done * size, chunk);
        ad_status status = nn__writer_write(writer, n * e->bytes, chunk, error);
        if (status != AD_OK) {
            return status;
        }
    }
    return AD_OK;
}

ad_status nn_write_array(const char *path, const nn_array *array, ad_error *error)
{
    if (nn__given(array, "nn_write_array", "array", error)) {
        return AD_ERR_DOMAIN;
    }
    if (path == NULL) {
        return ad_error_set(error, AD_ERR_IO, "the path of a file to write is NULL");
    }
    const nn__format *format = format_for(path, error);
    if (format == NULL) {
        return AD_ERR_UNSUPPORTED;
    }
    const nn__layout layout = {.element = element_for(format, array->type), .shape = array->shape};
    ad_status status = check_writable(path, format, array, layout.element, error);
    if (status != AD_OK) {
        return status;
    }
    nn__writer writer;
    const ad_allocator *allocator = array->allocator.resize != NULL ? &array->allocator : NULL;
    status = nn__writer_open(&writer, path, allocator, error);
    if (status != AD_OK) {
        return status;
    }
    status = format->write_header(&writer, &layout, error);
    size_t len = nn__row_len(array);
    for (int64_t i = 0; status == AD_OK && len > 0 && i < nn_array_rows(array); i++) {
        status = write_row(&writer, len, nn_array_row(array, i), layout.element, error);
    }
    return nn__writer_close(&writer, status, error);
}
