/* SPDX-License-Identifier: MIT */
/* readers INPUTS SEED [NAME]: so many inputs for each reader, or for the one of that name: seeds of
 * its row, changed at random, a seed for every 5000 of them.
 *
 * readers names: lists the readers. readers corpus FOLDER NAME: writes the seeds of one as files,
 * for libFuzzer. */
#include "readers.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

enum { CHUNK = 5000, MOST_PRINTED = 5 };

static uint64_t state;

static uint32_t below(uint32_t bound)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return bound == 0 ? 0 : (uint32_t)((state >> 33) * bound >> 31);
}

/* ---- changes ---- */

typedef struct input {
    unsigned char bytes[READER_MOST];
    size_t count;
} input;

static void insert(input *in, size_t at, const void *bytes, size_t count)
{
    if (in->count + count <= sizeof in->bytes) {
        memmove(in->bytes + at + count, in->bytes + at, in->count - at);
        memcpy(in->bytes + at, bytes, count);
        in->count += count;
    }
}

static void insert_piece(input *in, size_t at)
{
    static const char *const pieces[] = {"\n",  ",",
                                         "\"",  "\r\n",
                                         "NaN", "1e400",
                                         "-",   ".",
                                         " ",   "\xff\xff\xff\xff",
                                         "#",   ";",
                                         "0",   "9223372036854775808"};
    const char *piece = pieces[below(sizeof pieces / sizeof pieces[0])];
    insert(in, at, piece, strlen(piece));
}

static void change(input *in, const input *other)
{
    static const unsigned char bytes[] = {0,  1,  2,   4,   8,   9,   11, 12,
                                          13, 14, 127, 128, 255, '0', '"'};
    const size_t at = below((uint32_t)in->count + 1);
    const size_t left = in->count - at, some = below((uint32_t)left + 1);
    switch (below(7)) {
    case 0:
        in->count = at;
        break;
    case 1:
        memmove(in->bytes + at, in->bytes + at + some, left - some);
        in->count -= some;
        break;
    case 2: {
        input copy;
        memcpy(copy.bytes, in->bytes + at, some);
        insert(in, at, copy.bytes, some);
        break;
    }
    case 3:
        insert(in, at, other->bytes, below((uint32_t)other->count + 1));
        break;
    case 4:
        insert_piece(in, at);
        break;
    default:
        if (left > 0) {
            in->bytes[at] = below(2) ? bytes[below(sizeof bytes)] : (unsigned char)below(256);
        }
    }
}

static void compress_input(input *in)
{
    static input out;
    z_stream z = {0};
    if (deflateInit2(&z, 1, Z_DEFLATED, 15 + 16, 4, Z_DEFAULT_STRATEGY) != Z_OK) {
        apart_broken("zlib: out of memory");
    }
    z.next_in = in->bytes;
    z.avail_in = (uInt)in->count;
    z.next_out = out.bytes;
    z.avail_out = sizeof out.bytes;
    if (deflate(&z, Z_FINISH) == Z_STREAM_END) {
        out.count = z.total_out;
        *in = out;
    }
    (void)deflateEnd(&z);
}

static void seed_input(const reader *r, input *in)
{
    in->count = 0;
    while (in->count == 0) {
        in->count = r->seed((int)below(READER_SEEDS), in->bytes);
    }
}

/* ---- inputs ---- */

typedef struct chunk {
    const reader *reader;
    uint64_t seed, count;
} chunk;

static void one_input(const reader *r)
{
    static input in, other;
    unsigned char options[READER_OPTIONS];
    for (int i = 0; i < READER_OPTIONS; i++) {
        options[i] = (unsigned char)below(256);
    }
    seed_input(r, &in);
    seed_input(r, &other);
    for (uint32_t i = below(6); i > 0; i--) {
        change(&in, &other);
    }
    if (below(16) == 0) {
        compress_input(&in);
        if (below(2) == 0) {
            change(&in, &other);
        }
    }
    unsigned char *exact = malloc(in.count + 1); /* so that a read beyond it is seen */
    if (exact == NULL) {
        apart_broken("out of memory");
    }
    memcpy(exact, in.bytes, in.count);
    r->run(options, exact, in.count);
    free(exact);
    reader_check_freed();
}

static int run_chunk(void *argument)
{
    const chunk *c = argument;
    for (uint64_t i = 0; i < c->count; i++) {
        apart_at(c->reader->name, c->seed, i);
        state = (c->seed * CHUNK + i) * 0x9e3779b97f4a7c15u;
        one_input(c->reader);
    }
    return 0;
}

static int run_reader(const reader *r, uint64_t left, uint64_t seed)
{
    int failures = 0;
    for (; left > 0 && failures < MOST_PRINTED; seed++) {
        chunk c = {r, seed, left < CHUNK ? left : CHUNK};
        failures += !apart_run(run_chunk, &c);
        left -= c.count;
    }
    return failures;
}

/* ---- seeds as files ---- */

static int write_corpus(const char *folder, const reader *r)
{
    for (int i = 0; i < READER_SEEDS; i++) {
        static unsigned char bytes[READER_MOST];
        char path[500];
        const size_t count = r->seed(i, bytes + READER_OPTIONS);
        (void)snprintf(path, sizeof path, "%s/seed%d", folder, i);
        FILE *file = count > 0 ? fopen(path, "wb") : NULL;
        if (file != NULL) {
            bytes[0] = 1;
            (void)fwrite(bytes, 1, READER_OPTIONS + count, file);
            (void)fclose(file);
        }
    }
    return 0;
}

static int list_names(void)
{
    for (int i = 0; i < reader_count; i++) {
        printf("%s\n", readers[i].name);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const uint64_t count = argc > 1 ? strtoull(argv[1], NULL, 10) : 5000;
    const uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    const char *name = argc > 3 ? argv[3] : NULL;
    const int writes = argc > 2 && strcmp(argv[1], "corpus") == 0;
    int failures = 0, rows = 0;
    if (argc > 1 && strcmp(argv[1], "names") == 0) {
        return list_names();
    }
    apart_init();
    for (int i = 0; i < reader_count; i++) {
        if (name == NULL || strcmp(readers[i].name, name) == 0) {
            rows++;
            failures +=
                writes ? write_corpus(argv[2], &readers[i]) : run_reader(&readers[i], count, seed);
        }
    }
    printf("fuzz: %d readers, %llu inputs each from seed %llu: %d failed\n", rows,
           (unsigned long long)count, (unsigned long long)seed, failures);
    return failures > 0 || rows == 0;
}
