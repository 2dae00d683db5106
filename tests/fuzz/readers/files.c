/* SPDX-License-Identifier: MIT */
/* Files in memory, an allocator that fails, and what every reader promises. */
#include "readers.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

enum { LARGEST = 1 << 22 };

/* ---- files ---- */

typedef struct file {
    int number;
    char path[64];
} file;

static void begin(file *f)
{
    if (f->number == 0) {
        f->number = memfd_create("reader", 0);
        (void)snprintf(f->path, sizeof f->path, "/proc/self/fd/%d", f->number);
    }
    if (f->number < 0 || ftruncate(f->number, 0) != 0) {
        apart_broken("no file in memory");
    }
}

const char *reader_file(const unsigned char *bytes, size_t count)
{
    static file f;
    begin(&f);
    if (pwrite(f.number, bytes, count, 0) != (ssize_t)count) {
        apart_broken("no room for a file in memory");
    }
    return f.path;
}

const char *reader_text_file(const char *text)
{
    static file f;
    begin(&f);
    if (pwrite(f.number, text, strlen(text), 0) != (ssize_t)strlen(text)) {
        apart_broken("no room for a file in memory");
    }
    return f.path;
}

/* The name of a file in memory: a link, since the name of the file itself ends in a number. */
static char link_path[96];

static void remove_link(void)
{
    (void)unlink(link_path);
}

const char *reader_empty(const char *ending, int is_gzip)
{
    static file f;
    if (f.number == 0) {
        (void)atexit(remove_link);
    }
    begin(&f);
    remove_link();
    (void)snprintf(link_path, sizeof link_path, "/tmp/wengert-%ld%s%s", (long)getpid(), ending,
                   is_gzip ? ".gz" : "");
    (void)unlink(link_path);
    if (symlink(f.path, link_path) != 0) {
        apart_broken("no name for a file in memory");
    }
    return link_path;
}

/* ---- memory ---- */

static long live;
static int until_failure, has_failed;

static void *resize(void *user, void *memory, size_t bytes)
{
    (void)user;
    if (bytes == 0) {
        live -= memory != NULL;
        free(memory);
        return NULL;
    }
    const int fails = until_failure > 0 && --until_failure == 0;
    if (fails || bytes > LARGEST) {
        has_failed = 1;
        return NULL;
    }
    void *block = realloc(memory, bytes);
    live += memory == NULL && block != NULL;
    return block;
}

const ad_allocator *reader_allocator(int fail_at)
{
    static const ad_allocator allocator = {resize, NULL};
    until_failure = fail_at;
    has_failed = 0;
    return &allocator;
}

int reader_has_failed(void)
{
    return has_failed;
}

void reader_check_freed(void)
{
    if (live != 0) {
        apart_broken("%ld blocks of memory are left", live);
    }
}

/* ---- promises ---- */

void reader_check(ad_status status, const ad_error *error)
{
    if (status == AD_OK ? error->message[0] != '\0' : error->message[0] == '\0') {
        apart_broken("%s with the message \"%s\"", ad_status_name(status), error->message);
    }
    if (status != error->status || (unsigned)status > AD_ERR_UNSUPPORTED) {
        apart_broken("returned %d, but the error is %d", (int)status, (int)error->status);
    }
    if (strnlen(error->message, sizeof error->message) == sizeof error->message) {
        apart_broken("a message does not end");
    }
    if (status == AD_ERR_MEMORY && !has_failed) {
        apart_broken("no memory, though there is some: %s", error->message);
    }
}
