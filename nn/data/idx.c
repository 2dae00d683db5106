/* SPDX-License-Identifier: MIT */
/* IDX: see formats.h. */
#include "data/formats_internal.h"

#include <string.h>

enum { TYPE = 2, RANK = 3, FIXED = 4 }; /* 00 00 type rank, then 4 bytes a length */

static const nn__element elements[] = {
    {"u8", "\x08", 1, NN_U8, 1, 1, 1},   {"i8", "\x09", 1, NN_I64, 1, 0, 0},
    {"i16", "\x0b", 2, NN_I64, 1, 0, 0}, {"i32", "\x0c", 4, NN_I64, 1, 0, 1},
    {"f32", "\x0d", 4, NN_F32, 1, 0, 1}, {"f64", "\x0e", 8, NN_F64, 1, 0, 1},
};

enum { ELEMENT_COUNT = sizeof elements / sizeof elements[0] };

static const nn__element *element_of(const unsigned char *head)
{
    for (size_t i = 0; i < ELEMENT_COUNT; i++) {
        if ((unsigned char)elements[i].code[0] == head[TYPE]) {
            return &elements[i];
        }
    }
    return NULL;
}

static int is_begun_by(const unsigned char *head)
{
    return head[0] == 0 && head[1] == 0 && element_of(head) != NULL && head[RANK] > 0;
}

static ad_status read_header(nn__reader *reader, const unsigned char *head, nn__layout *layout,
                             ad_error *error)
{
    unsigned char lens[4 * AD_MAX_RANK];
    size_t rank = head[RANK], bytes = FIXED + 4 * rank, got;
    const char *path = nn__path_shown(reader->path);
    if (rank > AD_MAX_RANK) {
        return ad_error_set(error, AD_ERR_UNSUPPORTED, "%s: has %zu axes; at most %d are supported",
                            path, rank, AD_MAX_RANK);
    }
    memcpy(lens, head + FIXED, NN__HEAD - FIXED);
    ad_status status =
        nn__reader_read(reader, bytes - NN__HEAD, lens + NN__HEAD - FIXED, &got, error);
    if (status != AD_OK) {
        return status;
    }
    if (got < bytes - NN__HEAD) {
        return ad_error_set(error, AD_ERR_FORMAT,
                            "%s: ends inside its header, after %zu of %zu bytes", path,
                            NN__HEAD + got, bytes);
    }
    *layout = (nn__layout){.element = element_of(head), .start = bytes};
    layout->shape.rank = (int)rank;
    for (size_t i = 0; i < rank; i++) {
        layout->shape.len[i] = (int64_t)nn__load(lens + 4 * i, 4, 1);
    }
    return AD_OK;
}

static ad_status write_header(nn__writer *writer, const nn__layout *layout, ad_error *error)
{
    size_t rank = (size_t)layout->shape.rank;
    unsigned char bytes[FIXED + 4 * AD_MAX_RANK] = {0, 0, (unsigned char)layout->element->code[0],
                                                    (unsigned char)rank};
    for (size_t i = 0; i < rank; i++) {
        nn__store((uint64_t)layout->shape.len[i], bytes + FIXED + 4 * i, 4, 1);
    }
    return nn__writer_write(writer, FIXED + 4 * rank, bytes, error);
}

const nn__format nn__idx = {.name = "IDX",
                            .begins = "00 00, a type of 08, 09, 0b to 0e, and a rank",
                            .endings = {".idx", "-ubyte"},
                            .elements = elements,
                            .element_count = ELEMENT_COUNT,
                            .longest = UINT32_MAX,
                            .is_begun_by = is_begun_by,
                            .read_header = read_header,
                            .write_header = write_header};
