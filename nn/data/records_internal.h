/* SPDX-License-Identifier: MIT */
#ifndef NN_DATA_RECORDS_INTERNAL_H
#define NN_DATA_RECORDS_INTERNAL_H

#include "data/file_internal.h"

/* A file as records of fields: what CSV files have in common before any field has a meaning.
 *
 * A record is a line, ended by \n or \r\n, or several where a quoted field holds line ends. Blank
 * lines and comments are skipped, and a UTF-8 mark at the beginning. Fields lie between separators;
 * blanks around them are no part of them. A field that begins with a quote ends with the next
 * single one and may hold anything; two quotes inside stand for one. Where the separator is a
 * blank, any number of blanks separates. */

typedef struct nn__field {
    char *text; /* followed by a zero */
    size_t len;
} nn__field;

typedef struct nn__records {
    nn__reader reader;
    char separator;
    char comment; /* 0: there are none */
    char decimal; /* the point of numbers, which separates nothing unless it is asked to */
    int64_t line; /* of the file, from 1, in which the record begins */
    size_t count; /* fields of the record; 0 after the last one */
    nn__field *fields;
    size_t fields_capacity;
    int64_t next_line;
    char *buffer;    /* the record and what has been read beyond it */
    size_t at, len;  /* the part of buffer not yet looked at */
    size_t capacity; /* of buffer */
} nn__records;

enum { NN__LONGEST_RECORD = 1 << 26 };

/* separator 0: one of tab ; , blank, in this order the first that the first record has and that is
 * not decimal.
 * Errors: as nn__reader_open. records must stay where it is. path must outlive it. */
ad_status nn__records_open(nn__records *records, const char *path, char separator, char comment,
                           char decimal, const ad_allocator *allocator, ad_error *error);

/* The next record, valid until the next call.
 * Errors: AD_ERR_FORMAT if a quote is not closed or not followed by a separator, a record is longer
 *         than 64 MiB or the text is UTF-16;  as nn__reader_read;  AD_ERR_MEMORY. */
ad_status nn__records_next(nn__records *records, ad_error *error);
void nn__records_close(nn__records *records);

#endif
