/* SPDX-License-Identifier: MIT */
#ifndef NN_DATA_FORMATS_INTERNAL_H
#define NN_DATA_FORMATS_INTERNAL_H

#include "array.h"
#include "data/file_internal.h"

/* A format of arrays in files: a header that says type and shape, then the elements, row-major. It
 * is one descriptor in a file of its own and one entry in the table below. formats.c reads and
 * writes the elements: a format handles headers only, and no header is trusted. */

enum { NN__HEAD = 8 }; /* the bytes of a file that tell its format; no header is shorter */

/* How an element lies in a file. */
typedef struct nn__element {
    const char *name; /* "u8" */
    const char *code; /* what the header calls it */
    size_t bytes;     /* in the file */
    nn_type type;     /* in memory: u8 is NN_U8, all other integers are NN_I64 */
    int is_big;       /* -endian */
    int is_unsigned;
    int is_written; /* the one of its type that is; others are only read */
} nn__element;

typedef struct nn__layout {
    const nn__element *element;
    ad_shape shape;
    uint64_t start; /* the bytes of the header */
} nn__layout;

typedef struct nn__format {
    const char *name;       /* "IDX" */
    const char *begins;     /* with what, for people */
    const char *endings[3]; /* of names, without ".gz"; NULL after the last */
    const nn__element *elements;
    size_t element_count;
    int64_t longest; /* axis that the header can say */

    /* Whether a file that begins so is of this format. */
    int (*is_begun_by)(const unsigned char *head);

    /* Reads what follows the head; the shape's lengths are looked at later.
     * Errors: those of nn__reader_read;  AD_ERR_FORMAT, AD_ERR_UNSUPPORTED. Texts begin with the
     *         path, as nn__path_shown has it. */
    ad_status (*read_header)(nn__reader *reader, const unsigned char *head, nn__layout *layout,
                             ad_error *error);

    /* Writes a shape that is valid, of rank 1 to 8 and no length above longest. */
    ad_status (*write_header)(nn__writer *writer, const nn__layout *layout, ad_error *error);
} nn__format;

/* The table: a format each. */
#define NN__FORMATS(FORMAT) FORMAT(nn__idx)

#define NN__DECLARED(name) extern const nn__format name;
NN__FORMATS(NN__DECLARED)
#undef NN__DECLARED

/* Format i of the table, or NULL past its end. */
const nn__format *nn__format_at(int i);

/* Big- or little-endian numbers of 1 to 8 bytes. */
uint64_t nn__load(const unsigned char *from, size_t bytes, int is_big);
void nn__store(uint64_t value, unsigned char *to, size_t bytes, int is_big);

#endif
