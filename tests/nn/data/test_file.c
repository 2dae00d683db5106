/* SPDX-License-Identifier: MIT */
#include "rng.h"
#include "data/file_internal.h"
#include "files.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOISE = 1 << 20 };

static unsigned char noise[NOISE], back[NOISE + 1];

static void make_noise(void)
{
    ad_rng_fill_bits((ad_rng){.seed = 1}, NOISE / 8, (uint64_t *)(void *)noise);
}

/* Writes noise in pieces of some length, which are smaller and larger than the buffer. */
static void write_noise(const char *path, size_t piece)
{
    nn__writer writer;
    ad_error error;
    cr_assert_eq(nn__writer_open(&writer, path, NULL, &error), AD_OK, "%s", error.message);
    ad_status status = AD_OK;
    for (size_t at = 0; at < NOISE && status == AD_OK; at += piece) {
        size_t len = NOISE - at < piece ? NOISE - at : piece;
        status = nn__writer_write(&writer, len, noise + at, &error);
    }
    cr_assert_eq(nn__writer_close(&writer, status, &error), AD_OK, "%s", error.message);
}

static void expect_noise(const char *path, size_t piece)
{
    nn__reader reader;
    ad_error error;
    size_t total = 0, got = piece;
    memset(back, 0, sizeof back);
    cr_assert_eq(nn__reader_open(&reader, path, NULL, &error), AD_OK, "%s", error.message);
    while (got == piece && total <= NOISE) {
        size_t len = NOISE + 1 - total < piece ? NOISE + 1 - total : piece;
        cr_assert_eq(nn__reader_read(&reader, len, back + total, &got, &error), AD_OK, "%s",
                     error.message);
        total += got;
    }
    nn__reader_close(&reader);
    cr_expect_eq(total, NOISE);
    cr_expect(memcmp(back, noise, NOISE) == 0, "pieces of %zu", piece);
}

Test(file, bytes_survive_in_pieces_of_any_length)
{
    static const size_t pieces[] = {1000, NN__BUFFER - 1, NN__BUFFER, NN__BUFFER + 1, NOISE};
    static const char *const names[] = {"pieces", "pieces.gz"};
    make_noise();
    for (size_t i = 0; i < 2 * sizeof pieces / sizeof pieces[0]; i++) {
        char path[TEST_PATH];
        write_noise(test_path(names[i % 2], path), pieces[i / 2]);
        expect_noise(path, pieces[i / 2]);
        expect_noise(path, 77777);
        (void)remove(path);
    }
}

Test(file, a_name_that_ends_in_gz_is_compressed_so_that_other_programs_can_read_it)
{
    char path[TEST_PATH];
    make_noise();
    write_noise(test_path("zlib.gz", path), NOISE);
    gzFile file = gzopen(path, "rb");
    cr_assert_not_null(file);
    cr_expect_eq(gzread(file, back, NOISE + 1), NOISE);
    cr_expect(gzdirect(file) == 0 && memcmp(back, noise, NOISE) == 0);
    cr_expect_eq(gzclose(file), Z_OK);
    (void)remove(path);
}

Test(file, the_most_that_a_file_can_hold_is_known_before_it_is_read)
{
    char path[TEST_PATH];
    nn__reader reader;
    size_t bytes;
    memset(noise, 0, NOISE); /* compresses as well as anything can */
    test_write(test_path("most", path), noise, 1000);
    cr_assert_eq(nn__reader_open(&reader, path, NULL, NULL), AD_OK);
    cr_expect_eq(reader.most, 1000);
    nn__reader_close(&reader);
    test_write_gzip(path, noise, NOISE);
    free(test_read(path, &bytes));
    cr_assert_eq(nn__reader_open(&reader, path, NULL, NULL), AD_OK);
    cr_expect_eq(reader.most, 1032 * bytes);
    cr_expect_geq(reader.most, NOISE);
    cr_expect_leq(reader.most, NOISE + NOISE / 8, "the bound is of use");
    nn__reader_close(&reader);
    (void)remove(path);
    cr_assert_eq(nn__reader_open(&reader, "/dev/null", NULL, NULL), AD_OK);
    cr_expect_eq(reader.most, UINT64_MAX);
    nn__reader_close(&reader);
}

Test(file, the_memory_of_zlib_comes_from_the_allocator)
{
    ad_failing_allocator state = {.fail_at = SIZE_MAX};
    ad_allocator allocator = ad_allocator_failing(&state);
    char path[TEST_PATH];
    nn__writer writer;
    nn__reader reader;
    cr_assert_eq(nn__writer_open(&writer, test_path("z.gz", path), &allocator, NULL), AD_OK);
    cr_expect_gt(state.live, 2, "a buffer, and what deflate needs");
    cr_assert_eq(nn__writer_close(&writer, AD_OK, NULL), AD_OK);
    cr_expect_eq(state.live, 0);
    cr_assert_eq(nn__reader_open(&reader, path, &allocator, NULL), AD_OK);
    cr_expect_gt(state.live, 1, "a buffer, and what inflate needs");
    nn__reader_close(&reader);
    cr_expect_eq(state.live, 0);
    (void)remove(path);
}

Test(file, long_paths_are_shown_by_their_end)
{
    char path[200];
    memset(path, 'x', sizeof path - 1);
    memcpy(path + sizeof path - 9, "data.idx", 9);
    cr_expect_eq(strlen(nn__path_shown(path)), 80);
    cr_expect_str_eq(nn__path_shown(path) + 72, "data.idx");
    cr_expect_str_eq(nn__path_shown("short"), "short");
}

Test(file, a_missing_path_is_an_error)
{
    nn__reader reader;
    ad_error error = {0};
    cr_expect_eq(nn__reader_open(&reader, NULL, NULL, &error), AD_ERR_IO);
    cr_expect_str_eq(error.message, "the path of a file to read is NULL");
}
