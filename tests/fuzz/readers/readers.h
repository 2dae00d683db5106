/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_READERS_H
#define TESTS_FUZZ_READERS_H

#include "../common/apart.h"

#include <wengert/nn.h>

/* Readers and writers of files, given any bytes.
 *
 * A new one is a row of readers.c. An input begins with OPTIONS bytes that choose options; the rest
 * is the file. What was read is written and read again, which must give the same. The rows are run
 * by main.c, from seeds that it changes at random, and by libFuzzer (libfuzzer.c). */

enum { READER_OPTIONS = 16, READER_MOST = 1 << 14, READER_SEEDS = 36 };

typedef struct reader {
    const char *name;
    /* an input that is fine, or nearly; returns its length, without options; 0: no more seeds */
    size_t (*seed)(int i, unsigned char *file);
    /* options [READER_OPTIONS]; breaks off by apart_broken */
    void (*run)(const unsigned char *options, const unsigned char *file, size_t bytes);
} reader;

extern const reader readers[];
extern const int reader_count;

/* ---- for the rows ---- */

/* A file of these bytes that lasts until the next call; the path of another, empty one, whose
 * name ends so, and then in ".gz" if it is to be compressed. */
const char *reader_file(const unsigned char *bytes, size_t count);
const char *reader_empty(const char *ending, int is_gzip);
const char *reader_text_file(const char *text);

/* An allocator that counts, refuses large blocks and fails at request `fail_at` > 0. */
const ad_allocator *reader_allocator(int fail_at);
int reader_has_failed(void);
void reader_check_freed(void);

/* A status with its error, as every reader gives it. */
void reader_check(ad_status status, const ad_error *error);

#endif
