/* SPDX-License-Identifier: MIT */
#include "idx.h"
#include "data/array_internal.h"
#include "data/file_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* ---- element types */

static uint64_t load(const unsigned char *from, size_t bytes)
{
    uint64_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
        value = value << 8 | from[i];
    }
    return value;
}

static void store(uint64_t value, size_t bytes, unsigned char *to)
{
    for (size_t i = bytes; i-- > 0; value >>= 8) {
        to[i] = (unsigned char)value;
    }
}

static void decode_u8(size_t n, const unsigned char *from, void *to)
{
    memcpy(to, from, n);
}

static void decode_i8(size_t n, const unsigned char *from, void *to)
{
    for (size_t i = 0; i < n; i++) {
        ((int64_t *)to)[i] = from[i] - 2 * (from[i] & 0x80);
    }
}

static void decode_i16(size_t n, const unsigned char *from, void *to)
{
    for (size_t i = 0; i < n; i++) {
        ((int64_t *)to)[i] = (int16_t)load(from + 2 * i, 2);
    }
}

static void decode_i32(size_t n, const unsigned char *from, void *to)
{
    for (size_t i = 0; i < n; i++) {
        ((int64_t *)to)[i] = (int32_t)load(from + 4 * i, 4);
    }
}

static void decode_f32(size_t n, const unsigned char *from, void *to)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits = (uint32_t)load(from + 4 * i, 4);
        memcpy((float *)to + i, &bits, sizeof bits);
    }
}

static void decode_f64(size_t n, const unsigned char *from, void *to)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t bits = load(from + 8 * i, 8);
        memcpy((double *)to + i, &bits, sizeof bits);
    }
}

static void encode_u8(size_t n, const void *from, unsigned char *to)
{
    memcpy(to, from, n);
}

static void encode_i32(size_t n, const void *from, unsigned char *to)
{
    for (size_t i = 0; i < n; i++) {
        store((uint64_t)((const int64_t *)from)[i], 4, to + 4 * i);
    }
}

static void encode_f32(size_t n, const void *from, unsigned char *to)
{
    for (size_t i = 0; i < n; i++) {
        uint32_t bits;
        memcpy(&bits, (const float *)from + i, sizeof bits);
        store(bits, 4, to + 4 * i);
    }
}

static void encode_f64(size_t n, const void *from, unsigned char *to)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t bits;
        memcpy(&bits, (const double *)from + i, sizeof bits);
        store(bits, 8, to + 8 * i);
    }
}

typedef struct element {
    const char *name;
    int code;
    nn_type type; /* in memory */
    size_t bytes; /* in the file */
    void (*decode)(size_t n, const unsigned char *from, void *to);
    void (*encode)(size_t n, const void *from, unsigned char *to); /* NULL: never written */
} element;

static const element elements[] = {
    {"u8", 8, NN_U8, 1, decode_u8, encode_u8},      {"i8", 9, NN_I64, 1, decode_i8, NULL},
    {"i16", 11, NN_I64, 2, decode_i16, NULL},       {"i32", 12, NN_I64, 4, decode_i32, encode_i32},
    {"f32", 13, NN_F32, 4, decode_f32, encode_f32}, {"f64", 14, NN_F64, 8, decode_f64, encode_f64},
};

enum { ELEMENT_COUNT = sizeof elements / sizeof elements[0], CHUNK = 1024 };

/* ---- reading */

typedef struct header {
    const element *element;
    ad_shape shape;
    uint64_t count; /* of elements */
    uint64_t bytes; /* of the whole file */
    char text[200]; /* "u8 [60000, 28, 28]" */
} header;

/* fact: "it has", "it ends after", ... bytes */
static ad_status truncated(const char *path, const header *h, const char *fact, uint64_t bytes,
                           ad_error *error)
{
    return ad_error_set(error, AD_ERR_FORMAT,
                        "%s: its header says %s, %" PRIu64 " bytes in all, but %s %" PRIu64
                        "; is the file complete?",
                        nn__path_shown(path), h->text, h->bytes, fact, bytes);
}

static ad_status read_magic(nn__reader *reader, header *h, ad_error *error)
{
    unsigned char magic[4] = {0};
    size_t got;
    ad_status status = nn__reader_read(reader, 4, magic, &got, error);
    if (status != AD_OK) {
        return status;
    }
    const char *path = nn__path_shown(reader->path);
    if (got < 4) {
        return ad_error_set(error, AD_ERR_FORMAT,
                            "%s: is no IDX file: it has %zu bytes, the smallest header has 8", path,
                            got);
    }
    const element *found = NULL;
    for (size_t i = 0; i < ELEMENT_COUNT; i++) {
        found = elements[i].code == magic[2] ? &elements[i] : found;
    }
    if (magic[0] != 0 || magic[1] != 0 || magic[3] == 0 || found == NULL) {
        return ad_error_set(
            error, AD_ERR_FORMAT,
            "%s: is no IDX file: it begins with bytes %02x %02x %02x %02x, not with "
            "00 00, a type of 08, 09, 0b to 0e, and a rank",
            path, magic[0], magic[1], magic[2], magic[3]);
    }
    if (magic[3] > AD_MAX_RANK) {
        return ad_error_set(error, AD_ERR_UNSUPPORTED, "%s: has %d axes; at most %d are supported",
                            path, magic[3], AD_MAX_RANK);
    }
    h->element = found;
    h->shape.rank = magic[3];
    return AD_OK;
}

/* Reads and checks the header: what it says must fit into the file before memory is asked for. */
static ad_status read_header(nn__reader *reader, header *h, ad_error *error)
{
    *h = (header){.element = &elements[0]};
    ad_status status = read_magic(reader, h, error);
    if (status != AD_OK) {
        return status;
    }
    unsigned char lens[4 * AD_MAX_RANK];
    size_t rank = (size_t)h->shape.rank, got;
    status = nn__reader_read(reader, 4 * rank, lens, &got, error);
    if (status != AD_OK) {
        return status;
    }
    const char *path = nn__path_shown(reader->path);
    if (got < 4 * rank) {
        return ad_error_set(error, AD_ERR_FORMAT,
                            "%s: ends inside its header, after %zu of %zu bytes", path, 4 + got,
                            4 + 4 * rank);
    }
    for (size_t i = 0; i < rank; i++) {
        h->shape.len[i] = (int64_t)load(lens + 4 * i, 4);
    }
    char shape[160];
    (void)snprintf(h->text, sizeof h->text, "%s %s", h->element->name,
                   ad_shape_print(&h->shape, shape, sizeof shape));
    if (!ad_shape_is_valid(&h->shape)) {
        return ad_error_set(error, AD_ERR_FORMAT,
                            "%s: its header says %s, more elements than any file has", path,
                            h->text);
    }
    h->count = 1;
    for (size_t i = 0; i < rank; i++) {
        h->count *= (uint64_t)h->shape.len[i];
    }
    h->bytes = 4 + 4 * rank + h->count * h->element->bytes;
    if (h->bytes > reader->most) {
        const char *fact = reader->is_gzip ? "it can hold at most" : "it has";
        return truncated(reader->path, h, fact, reader->most, error);
    }
    return AD_OK;
}

/* Reads the elements into *data. Where the length of the content is known its memory is taken at
 * once, else as the content arrives: a header alone cannot ask for more than a few blocks. */
static ad_status read_elements(nn__reader *reader, const header *h, void **data, ad_error *error)
{
    unsigned char chunk[8 * CHUNK];
    const element *e = h->element;
    size_t size = nn_type_bytes(e->type), count = (size_t)h->count, got;
    int is_known = !reader->is_gzip && reader->most != UINT64_MAX;
    size_t capacity = 0, step = is_known ? count : 64 * (size_t)CHUNK;
    for (size_t done = 0, n; done < count; done += n) {
        if (done == capacity) {
            capacity = count - done < step ? count : done + step;
            step = capacity;
            void *more = nn__resize(&reader->allocator, *data, capacity, size);
            if (more == NULL) {
                return ad_error_set(error, AD_ERR_MEMORY, "%s: out of memory for %s",
                                    nn__path_shown(reader->path), h->text);
            }
            *data = more;
        }
        n = capacity - done < CHUNK ? capacity - done : CHUNK;
        ad_status status = nn__reader_read(reader, n * e->bytes, chunk, &got, error);
        if (status != AD_OK) {
            return status;
        }
        if (got < n * e->bytes) {
            uint64_t bytes = h->bytes - (count - done) * e->bytes + got;
            return truncated(reader->path, h, "it ends after", bytes, error);
        }
        e->decode(n, chunk, (char *)*data + done * size);
    }
    ad_status status = nn__reader_read(reader, 1, chunk, &got, error);
    if (status == AD_OK && got > 0) {
        return ad_error_set(error, AD_ERR_FORMAT,
                            "%s: is longer than its header says: %s is %" PRIu64 " bytes in all",
                            nn__path_shown(reader->path), h->text, h->bytes);
    }
    return status;
}

ad_status nn_read_idx(const char *path, const nn_idx_options *options, nn_array *array,
                      ad_error *error)
{
    static const nn_idx_options defaults = {0};
    const nn_idx_options *o = options != NULL ? options : &defaults;
    if (nn__given(array, "nn_read_idx", "array", error)) {
        return AD_ERR_DOMAIN;
    }
    *array = (nn_array){0};
    nn__reader reader;
    ad_status status = nn__reader_open(&reader, path, o->allocator, error);
    if (status != AD_OK) {
        return status;
    }
    header h;
    void *data = NULL;
    status = read_header(&reader, &h, error);
    if (status == AD_OK) {
        status = read_elements(&reader, &h, &data, error);
    }
    if (status == AD_OK) {
        *array = nn_array_view(h.element->type, h.shape, data);
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

/* ---- writing */

static const element *element_for(nn_type type)
{
    for (size_t i = 0; i < ELEMENT_COUNT; i++) {
        if (elements[i].type == type && elements[i].encode != NULL) {
            return &elements[i];
        }
    }
    return NULL;
}

static ad_status write_header(nn__writer *writer, const nn_array *array, const element *e,
                              ad_error *error)
{
    unsigned char bytes[4 + 4 * AD_MAX_RANK] = {0, 0, (unsigned char)e->code,
                                                (unsigned char)array->shape.rank};
    size_t rank = (size_t)array->shape.rank;
    for (size_t i = 0; i < rank; i++) {
        store((uint64_t)array->shape.len[i], 4, bytes + 4 + 4 * i);
    }
    return nn__writer_write(writer, 4 + 4 * rank, bytes, error);
}

/* One row, in pieces that fit on the stack. */
static ad_status write_row(nn__writer *writer, size_t len, const char *row, const element *e,
                           ad_error *error)
{
    unsigned char chunk[8 * CHUNK];
    size_t size = nn_type_bytes(e->type);
    for (size_t done = 0, n; done < len; done += n) {
        n = len - done < CHUNK ? len - done : CHUNK;
        e->encode(n, row + done * size, chunk);
        ad_status status = nn__writer_write(writer, n * e->bytes, chunk, error);
        if (status != AD_OK) {
            return status;
        }
    }
    return AD_OK;
}

/* What the format cannot say is refused before the file is touched. */
static ad_status check_writable(const char *path, const nn_array *array, ad_error *error)
{
    char text[160];
    if (array->shape.rank < 1 || !ad_shape_is_valid(&array->shape)) {
        return ad_error_set(error, AD_ERR_SHAPE, "%s: IDX cannot hold the shape %s",
                            nn__path_shown(path), ad_shape_print(&array->shape, text, sizeof text));
    }
    for (int i = 0; i < array->shape.rank; i++) {
        if (array->shape.len[i] > UINT32_MAX) {
            return ad_error_set(error, AD_ERR_UNSUPPORTED, "%s: IDX has lengths of 32 bits, not %s",
                                nn__path_shown(path),
                                ad_shape_print(&array->shape, text, sizeof text));
        }
    }
    if (array->data == NULL && ad_shape_count(&array->shape) > 0) {
        return ad_error_set(error, AD_ERR_DOMAIN, "%s: the array's data is NULL",
                            nn__path_shown(path));
    }
    size_t len = nn__row_len(array);
    for (int64_t i = 0; array->type == NN_I64 && len > 0 && i < nn_array_rows(array); i++) {
        const int64_t *row = nn_array_row(array, i);
        for (size_t j = 0; j < len; j++) {
            if (row[j] < INT32_MIN || row[j] > INT32_MAX) {
                return ad_error_set(error, AD_ERR_UNSUPPORTED,
                                    "%s: %" PRId64 " in row %" PRId64
                                    " does not fit IDX's integers of 32 bits",
                                    nn__path_shown(path), row[j], i);
            }
        }
    }
    return AD_OK;
}

ad_status nn_write_idx(const char *path, const nn_array *array, ad_error *error)
{
    if (nn__given(array, "nn_write_idx", "array", error)) {
        return AD_ERR_DOMAIN;
    }
    const element *e = element_for(array->type);
    if (e == NULL) {
        return ad_error_set(error, AD_ERR_TYPE, "%s: %d is not an nn_type", nn__path_shown(path),
                            (int)array->type);
    }
    ad_status status = check_writable(path, array, error);
    if (status != AD_OK) {
        return status;
    }
    nn__writer writer;
    const ad_allocator *allocator = array->allocator.resize != NULL ? &array->allocator : NULL;
    status = nn__writer_open(&writer, path, allocator, error);
    if (status != AD_OK) {
        return status;
    }
    status = write_header(&writer, array, e, error);
    size_t len = nn__row_len(array);
    for (int64_t i = 0; status == AD_OK && len > 0 && i < nn_array_rows(array); i++) {
        status = write_row(&writer, len, nn_array_row(array, i), e, error);
    }
    return nn__writer_close(&writer, status, error);
}
