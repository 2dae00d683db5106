/* SPDX-License-Identifier: MIT */
#ifndef NN_DATA_FILE_INTERNAL_H
#define NN_DATA_FILE_INTERNAL_H

#include <wengert/arena.h>
#include <wengert/status.h>

#include <stddef.h>
#include <stdint.h>
#include <zlib.h>

/* Files read and written as a stream of bytes, plain or compressed by gzip. zlib's memory comes
 * from the allocator, and there are no other buffers than those below. */

enum { NN__BUFFER = 1 << 16 };

typedef struct nn__reader {
    const char *path; /* borrowed, for error texts */
    int file;
    int is_gzip;    /* by content: the two bytes every gzip file begins with */
    int is_ended;   /* no compressed data is left */
    uint64_t most;  /* the content is no longer than this; UINT64_MAX: a pipe or device */
    size_t at, len; /* unread part of buffer */
    z_stream z;
    ad_allocator allocator;
    unsigned char *buffer;
} nn__reader;

/* Errors: AD_ERR_IO if path cannot be opened or is a directory;  AD_ERR_MEMORY. Nothing to close
 * then. path must outlive the reader. */
ad_status nn__reader_open(nn__reader *reader, const char *path, const ad_allocator *allocator,
                          ad_error *error);
void nn__reader_close(nn__reader *reader);

/* Reads bytes, fewer only if the content ends; for gzip the end includes its checksums.
 * Errors: AD_ERR_IO;  AD_ERR_FORMAT if compressed data is damaged, cut or followed by others. */
ad_status nn__reader_read(nn__reader *reader, size_t bytes, void *out, size_t *got,
                          ad_error *error);

typedef struct nn__writer {
    const char *path;
    int file;
    int is_gzip;
    size_t len;
    z_stream z;
    ad_allocator allocator;
    unsigned char *buffer;
} nn__writer;

/* Makes or empties the file; compressed if path ends in ".gz".
 * Errors: AD_ERR_IO, AD_ERR_MEMORY; nothing to close then. */
ad_status nn__writer_open(nn__writer *writer, const char *path, const ad_allocator *allocator,
                          ad_error *error);
ad_status nn__writer_write(nn__writer *writer, size_t bytes, const void *data, ad_error *error);

/* Writes what is left, unless status is already an error, and frees; returns the first error. */
ad_status nn__writer_close(nn__writer *writer, ad_status status, ad_error *error);

/* The path as error texts show it: the last 80 bytes of a longer one. */
const char *nn__path_shown(const char *path);

#endif
