/* SPDX-License-Identifier: MIT */
#include "data/file_internal.h"
#include "data/array_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *nn__path_shown(const char *path)
{
    if (path == NULL) {
        return "(no path)";
    }
    size_t len = strlen(path);
    return len > 80 ? path + len - 80 : path;
}

static ad_status io_error(ad_error *error, const char *path, const char *what)
{
    return ad_error_set(error, AD_ERR_IO, "%s: %s: %s", nn__path_shown(path), what,
                        strerror(errno));
}

static ad_status memory_error(ad_error *error, const char *path)
{
    return ad_error_set(error, AD_ERR_MEMORY, "%s: out of memory for its buffers",
                        nn__path_shown(path));
}

/* zlib's allocator is ours. */
static void *z_take(void *user, unsigned count, unsigned size)
{
    return nn__resize(user, NULL, count, size);
}

static void z_give(void *user, void *memory)
{
    nn__free(user, memory);
}

/* ---- reading */

/* Refills an empty buffer; at the end of the file it stays empty. */
static ad_status refill(nn__reader *reader, ad_error *error)
{
    reader->at = reader->len = 0;
    while (reader->len < NN__BUFFER) {
        ssize_t got = read(reader->file, reader->buffer + reader->len, NN__BUFFER - reader->len);
        if (got < 0 && errno != EINTR) {
            return io_error(error, reader->path, "cannot be read");
        }
        if (got == 0) {
            break;
        }
        reader->len += got > 0 ? (size_t)got : 0;
    }
    return AD_OK;
}

/* Reads the first bytes, which say what the content is. bytes: the file's; -1 if not known. */
static ad_status start(nn__reader *reader, int64_t bytes, ad_error *error)
{
    ad_status status = refill(reader, error);
    if (status != AD_OK) {
        return status;
    }
    reader->is_gzip = reader->len >= 2 && memcmp(reader->buffer, "\x1f\x8b", 2) == 0;
    if (reader->is_gzip) {
        reader->z.zalloc = z_take;
        reader->z.zfree = z_give;
        reader->z.opaque = &reader->allocator;
        if (inflateInit2(&reader->z, 16 + MAX_WBITS) != Z_OK) { /* 16: a gzip wrapper */
            return memory_error(error, reader->path);
        }
    }
    if (bytes >= 0) { /* deflate cannot shrink by more than 1032 */
        reader->most = (uint64_t)bytes * (reader->is_gzip ? 1032 : 1);
    }
    return AD_OK;
}

ad_status nn__reader_open(nn__reader *reader, const char *path, const ad_allocator *allocator,
                          ad_error *error)
{
    *reader = (nn__reader){.path = path, .most = UINT64_MAX};
    reader->allocator = nn__allocator(allocator);
    if (path == NULL) {
        return ad_error_set(error, AD_ERR_IO, "the path of a file to read is NULL");
    }
    reader->file = open(path, O_RDONLY | O_CLOEXEC);
    if (reader->file < 0) {
        return io_error(error, path, "cannot be opened");
    }
    ad_status status = AD_OK;
    int64_t bytes = -1;
    struct stat about;
    if (fstat(reader->file, &about) != 0) {
        status = io_error(error, path, "cannot be examined");
    } else if (S_ISDIR(about.st_mode)) {
        status =
            ad_error_set(error, AD_ERR_IO, "%s: is a directory, not a file", nn__path_shown(path));
    } else if (S_ISREG(about.st_mode)) {
        bytes = about.st_size;
    }
    if (status == AD_OK) {
        reader->buffer = nn__resize(&reader->allocator, NULL, NN__BUFFER, 1);
        status = reader->buffer != NULL ? start(reader, bytes, error) : memory_error(error, path);
    }
    if (status != AD_OK) {
        nn__reader_close(reader);
    }
    return status;
}

void nn__reader_close(nn__reader *reader)
{
    (void)inflateEnd(&reader->z); /* does nothing if it was not begun */
    nn__free(&reader->allocator, reader->buffer);
    (void)close(reader->file);
}

/* After the end of one compressed stream: another one, zeros (tape padding), or nothing. */
static ad_status next_member(nn__reader *reader, ad_error *error)
{
    for (;;) {
        if (reader->at == reader->len) {
            ad_status status = refill(reader, error);
            if (status != AD_OK) {
                return status;
            }
            if (reader->len == 0) {
                reader->is_ended = 1;
                return AD_OK;
            }
        }
        unsigned char first = reader->buffer[reader->at];
        if (first == 0x1f) {
            (void)inflateReset(&reader->z);
            return AD_OK;
        }
        if (first != 0) {
            return ad_error_set(error, AD_ERR_FORMAT,
                                "%s: something else follows the end of the compressed data",
                                nn__path_shown(reader->path));
        }
        reader->at++;
    }
}

/* One call of inflate, into bytes at out; adds to *got what it gave. */
static ad_status inflate_some(nn__reader *reader, size_t bytes, unsigned char *out, size_t *got,
                              ad_error *error)
{
    z_stream *z = &reader->z;
    if (reader->at == reader->len) {
        ad_status status = refill(reader, error);
        if (status != AD_OK) {
            return status;
        }
        if (reader->len == 0) {
            return ad_error_set(error, AD_ERR_FORMAT,
                                "%s: the compressed data ends too early; is the file complete?",
                                nn__path_shown(reader->path));
        }
    }
    uInt asked = bytes < UINT_MAX ? (uInt)bytes : UINT_MAX;
    z->next_in = reader->buffer + reader->at;
    z->avail_in = (uInt)(reader->len - reader->at);
    z->next_out = out;
    z->avail_out = asked;
    int result = inflate(z, Z_NO_FLUSH);
    reader->at = reader->len - z->avail_in;
    *got += asked - z->avail_out;
    if (result == Z_STREAM_END) {
        return next_member(reader, error);
    }
    if (result == Z_MEM_ERROR) {
        return memory_error(error, reader->path);
    }
    if (result != Z_OK && result != Z_BUF_ERROR) {
        return ad_error_set(error, AD_ERR_FORMAT, "%s: the compressed data is damaged: %s",
                            nn__path_shown(reader->path), z->msg != NULL ? z->msg : "zlib failed");
    }
    return AD_OK;
}

ad_status nn__reader_read(nn__reader *reader, size_t bytes, void *out, size_t *got, ad_error *error)
{
    unsigned char *to = out;
    ad_status status = AD_OK;
    *got = 0;
    while (*got < bytes && !reader->is_ended && status == AD_OK) {
        if (reader->is_gzip) {
            status = inflate_some(reader, bytes - *got, to + *got, got, error);
            continue;
        }
        if (reader->at == reader->len) {
            status = refill(reader, error);
            reader->is_ended = reader->len == 0;
        }
        size_t left = reader->len - reader->at;
        size_t len = left < bytes - *got ? left : bytes - *got;
        memcpy(to + *got, reader->buffer + reader->at, len);
        reader->at += len;
        *got += len;
    }
    return status;
}

/* ---- writing */

static ad_status write_all(nn__writer *writer, size_t bytes, const unsigned char *data,
                           ad_error *error)
{
    while (bytes > 0) {
        ssize_t done = write(writer->file, data, bytes);
        if (done < 0 && errno != EINTR) {
            return io_error(error, writer->path, "cannot be written");
        }
        if (done > 0) {
            data += done;
            bytes -= (size_t)done;
        }
    }
    return AD_OK;
}

ad_status nn__writer_open(nn__writer *writer, const char *path, const ad_allocator *allocator,
                          ad_error *error)
{
    size_t len = path != NULL ? strlen(path) : 0;
    *writer = (nn__writer){.path = path, .file = -1, .allocator = nn__allocator(allocator)};
    if (path == NULL) {
        return ad_error_set(error, AD_ERR_IO, "the path of a file to write is NULL");
    }
    writer->is_gzip = len >= 3 && strcmp(path + len - 3, ".gz") == 0;
    writer->buffer = nn__resize(&writer->allocator, NULL, NN__BUFFER, 1);
    int has_memory = writer->buffer != NULL;
    if (has_memory && writer->is_gzip) {
        writer->z.zalloc = z_take;
        writer->z.zfree = z_give;
        writer->z.opaque = &writer->allocator;
        has_memory = deflateInit2(&writer->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 16 + MAX_WBITS, 8,
                                  Z_DEFAULT_STRATEGY) == Z_OK;
    }
    ad_status status = has_memory ? AD_OK : memory_error(error, path);
    if (status == AD_OK) {
        writer->file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
        status = writer->file < 0 ? io_error(error, path, "cannot be opened for writing") : AD_OK;
    }
    return status == AD_OK ? AD_OK : nn__writer_close(writer, status, error);
}

/* Compresses data, and what is still inside zlib if flush is Z_FINISH. */
static ad_status deflate_all(nn__writer *writer, size_t bytes, const unsigned char *data, int flush,
                             ad_error *error)
{
    z_stream *z = &writer->z;
    do {
        uInt given = bytes < UINT_MAX ? (uInt)bytes : UINT_MAX;
        z->next_in = (unsigned char *)data; /* zlib does not write to it */
        z->avail_in = given;
        do {
            z->next_out = writer->buffer;
            z->avail_out = NN__BUFFER;
            (void)deflate(z, flush);
            ad_status status = write_all(writer, NN__BUFFER - z->avail_out, writer->buffer, error);
            if (status != AD_OK) {
                return status;
            }
        } while (z->avail_out == 0);
        data = given > 0 ? data + given : data;
        bytes -= given;
    } while (bytes > 0);
    return AD_OK;
}

ad_status nn__writer_write(nn__writer *writer, size_t bytes, const void *data, ad_error *error)
{
    if (writer->is_gzip) {
        return bytes > 0 ? deflate_all(writer, bytes, data, Z_NO_FLUSH, error) : AD_OK;
    }
    if (bytes > NN__BUFFER - writer->len) {
        ad_status status = write_all(writer, writer->len, writer->buffer, error);
        writer->len = 0;
        if (status != AD_OK || bytes > NN__BUFFER) {
            return status != AD_OK ? status : write_all(writer, bytes, data, error);
        }
    }
    memcpy(writer->buffer + writer->len, data, bytes);
    writer->len += bytes;
    return AD_OK;
}

ad_status nn__writer_close(nn__writer *writer, ad_status status, ad_error *error)
{
    if (status == AD_OK && writer->is_gzip) {
        status = deflate_all(writer, 0, NULL, Z_FINISH, error);
    } else if (status == AD_OK) {
        status = write_all(writer, writer->len, writer->buffer, error);
    }
    (void)deflateEnd(&writer->z); /* does nothing if it was not begun */
    nn__free(&writer->allocator, writer->buffer);
    if (writer->file >= 0 && close(writer->file) != 0 && status == AD_OK) {
        status = io_error(error, writer->path, "cannot be written");
    }
    return status;
}
