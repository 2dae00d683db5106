/* SPDX-License-Identifier: MIT */
#include "formats.h"
#include "rng.h"
#include "standard.h"
#include "files.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A 2 x 3 array of bytes: 16 bytes of file. */
static const unsigned char small[] = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 10, 20, 30, 40, 50, 60};

/* Reads path through an allocator that counts: whatever happens, nothing may be left behind. */
static ad_status read_counted(const char *path, nn_array *array, ad_error *error)
{
    static ad_failing_allocator state;
    state = (ad_failing_allocator){.fail_at = SIZE_MAX};
    ad_allocator allocator = ad_allocator_failing(&state);
    *error = (ad_error){0};
    ad_status status =
        nn_read_array(path, &(nn_read_options){.allocator = &allocator}, array, error);
    cr_assert_eq(state.live, array->owned != NULL, "blocks left: %zu", state.live);
    cr_assert_eq(status, error->status);
    cr_assert(status == AD_OK || strstr(error->message, path) == error->message, "%s",
              error->message);
    cr_assert(status == AD_OK || nn_array_rows(array) == 0);
    return status;
}

static ad_status read_bytes(const void *data, size_t bytes, nn_array *array, ad_error *error)
{
    char path[TEST_PATH];
    test_write(test_path("bytes.idx", path), data, bytes);
    ad_status status = read_counted(path, array, error);
    (void)remove(path);
    return status;
}

static void expect_refused(const void *data, size_t bytes, ad_status expected, const char *reason)
{
    nn_array array;
    ad_error error;
    cr_expect_eq(read_bytes(data, bytes, &array, &error), expected);
    cr_expect_not_null(strstr(error.message, reason), "\"%s\" is not in \"%s\"", reason,
                       error.message);
    nn_array_clear(&array);
}

static void expect_small(const nn_array *array)
{
    cr_expect_eq(array->type, NN_U8);
    cr_assert(array->shape.rank == 2 && array->shape.len[0] == 2 && array->shape.len[1] == 3);
    cr_expect_arr_eq(array->data, small + 12, 6);
}

/* ---- what a reader must understand */

Test(idx, a_plain_file_is_read)
{
    nn_array array;
    ad_error error;
    cr_assert_eq(read_bytes(small, sizeof small, &array, &error), AD_OK, "%s", error.message);
    expect_small(&array);
    cr_expect(array.scale == 1.0 && array.offset == 0.0);
    nn_array_clear(&array);
}

Test(idx, a_compressed_file_is_known_by_its_content_not_its_name)
{
    char path[TEST_PATH];
    nn_array array;
    ad_error error;
    test_write_gzip(test_path("images", path), small, sizeof small);
    cr_expect_eq(read_counted(path, &array, &error), AD_OK, "%s", error.message);
    expect_small(&array);
    nn_array_clear(&array);
    (void)remove(path);
    test_write(test_path("plain.gz", path), small, sizeof small);
    cr_expect_eq(read_counted(path, &array, &error), AD_OK, "%s", error.message);
    expect_small(&array);
    nn_array_clear(&array);
    (void)remove(path);
}

Test(idx, options_set_scale_and_offset)
{
    char path[TEST_PATH];
    nn_array array;
    double out[6];
    test_write(test_path("scaled", path), small, sizeof small);
    nn_read_options options = {.scale = 0.1, .offset = -1.0};
    cr_assert_eq(nn_read_array(path, &options, &array, NULL), AD_OK);
    cr_assert_eq(nn_array_gather(&array, 2, NULL, AD_F64, out, NULL), AD_OK);
    cr_expect_float_eq(out[0], 0.0, 1e-15);
    cr_expect_float_eq(out[5], 5.0, 1e-15);
    nn_array_clear(&array);
    cr_assert_eq(nn_read_array(path, NULL, &array, NULL), AD_OK);
    expect_small(&array);
    nn_array_clear(&array);
    (void)remove(path);
}

/* One row of two elements in every type: -2 and 1.5 (or 258) as the format's bytes. */
Test(idx, every_element_type_is_read_big_endian)
{
    static const struct {
        int code;
        nn_type type;
        size_t len;
        double expected[2];
        unsigned char bytes[16];
    } rows[] = {
        {8, NN_U8, 2, {254, 1}, {254, 1}},
        {9, NN_I64, 2, {-2, 1}, {254, 1}},
        {11, NN_I64, 4, {-2, 258}, {0xff, 0xfe, 1, 2}},
        {12, NN_I64, 8, {-2, 65538}, {0xff, 0xff, 0xff, 0xfe, 0, 1, 0, 2}},
        {13, NN_F32, 8, {-2, 1.5}, {0xc0, 0, 0, 0, 0x3f, 0xc0}},
        {14, NN_F64, 16, {-2, 1.5}, {0xc0, 0, 0, 0, 0, 0, 0, 0, 0x3f, 0xf8}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        unsigned char file[24] = {0, 0, (unsigned char)rows[i].code, 1, 0, 0, 0, 2};
        memcpy(file + 8, rows[i].bytes, rows[i].len);
        nn_array array;
        ad_error error;
        double out[2];
        cr_assert_eq(read_bytes(file, 8 + rows[i].len, &array, &error), AD_OK, "%s", error.message);
        cr_expect_eq(array.type, rows[i].type);
        cr_assert_eq(nn_array_gather(&array, 2, NULL, AD_F64, out, NULL), AD_OK);
        cr_expect_arr_eq(out, rows[i].expected, sizeof out, "type %d", rows[i].code);
        nn_array_clear(&array);
    }
}

Test(idx, every_rank_from_1_to_8_survives_a_round_trip)
{
    char path[TEST_PATH];
    double data[256];
    for (int i = 0; i < 256; i++) {
        data[i] = 1.0 / (i + 1);
    }
    ad_shape shape = {.rank = 0};
    for (int rank = 1; rank <= AD_MAX_RANK; rank++) {
        shape.rank = rank;
        shape.len[rank - 1] = 2;
        nn_array array = nn_array_view(NN_F64, shape, data), back;
        ad_error error;
        cr_assert_eq(nn_write_array(test_path("rank.idx.gz", path), &array, &error), AD_OK);
        cr_assert_eq(read_counted(path, &back, &error), AD_OK, "%s", error.message);
        cr_expect(ad_shape_equal(&back.shape, &shape));
        cr_expect_arr_eq(back.data, data, sizeof(double) << rank);
        nn_array_clear(&back);
    }
    (void)remove(path);
}

Test(idx, every_type_survives_a_round_trip_plain_and_compressed)
{
    enum { N = 100000 }; /* several buffers */
    static uint8_t u8[N];
    static int64_t i64[N];
    static float f32[N];
    static double f64[N];
    for (int i = 0; i < N; i++) {
        i64[i] = (i - N / 2) * INT64_C(42949);
        f64[i] = 1.0 / ((double)i64[i] + 0.5);
        f32[i] = (float)f64[i];
        u8[i] = (uint8_t)(i * i);
    }
    const nn_array arrays[] = {nn_array_view(NN_U8, AD_SHAPE(N / 10, 10), u8),
                               nn_array_view(NN_I64, AD_SHAPE(N), i64),
                               nn_array_view(NN_F32, AD_SHAPE(10, N / 10), f32),
                               nn_array_view(NN_F64, AD_SHAPE(N / 10, 10), f64)};
    const char *names[] = {"types.idx", "types.idx.gz"};
    for (int i = 0; i < 8; i++) {
        const nn_array *array = &arrays[i / 2];
        char path[TEST_PATH];
        nn_array back;
        ad_error error;
        cr_assert_eq(nn_write_array(test_path(names[i % 2], path), array, &error), AD_OK);
        size_t bytes;
        unsigned char *file = test_read(path, &bytes);
        cr_expect_eq(file[0] == 0x1f, i % 2);
        free(file);
        cr_assert_eq(read_counted(path, &back, &error), AD_OK, "%s", error.message);
        cr_expect_eq(back.type, array->type);
        cr_expect(ad_shape_equal(&back.shape, &array->shape));
        cr_expect_arr_eq(back.data, array->data, N * nn_type_bytes(array->type));
        nn_array_clear(&back);
        (void)remove(path);
    }
}

Test(idx, a_choice_of_rows_is_written_as_such)
{
    const int64_t data[] = {1, 2, 3, 4, 5, 6};
    nn_array array = nn_array_view(NN_I64, AD_SHAPE(3, 2), data), part, back;
    char path[TEST_PATH];
    cr_assert_eq(nn_array_select(&array, 2, (int64_t[]){2, 0}, NULL, &part, NULL), AD_OK);
    cr_assert_eq(nn_write_array(test_path("part.idx", path), &part, NULL), AD_OK);
    cr_assert_eq(nn_read_array(path, NULL, &back, NULL), AD_OK);
    cr_expect_eq(back.shape.len[0], 2);
    cr_expect_arr_eq(back.data, ((int64_t[]){5, 6, 1, 2}), 4 * sizeof(int64_t));
    nn_array_clear(&part);
    nn_array_clear(&back);
    (void)remove(path);
}

Test(idx, arrays_without_elements_survive_a_round_trip)
{
    const ad_shape shapes[] = {AD_SHAPE(0), AD_SHAPE(0, 28, 28), AD_SHAPE(5, 0)};
    for (int i = 0; i < 3; i++) {
        char path[TEST_PATH];
        nn_array array = nn_array_view(NN_U8, shapes[i], NULL), back;
        ad_error error;
        cr_assert_eq(nn_write_array(test_path("empty.idx.gz", path), &array, &error), AD_OK);
        cr_assert_eq(read_counted(path, &back, &error), AD_OK, "%s", error.message);
        cr_expect(ad_shape_equal(&back.shape, &shapes[i]));
        nn_array_clear(&back);
        (void)remove(path);
    }
}

Test(idx, a_pipe_whose_length_is_not_known_is_read_to_its_end)
{
    for (size_t missing = 0; missing < 2; missing++) {
        int ends[2];
        char path[TEST_PATH];
        nn_array array;
        ad_error error;
        cr_assert_eq(pipe(ends), 0);
        ssize_t sent = write(ends[1], small, sizeof small - missing);
        cr_assert_eq(sent, (ssize_t)(sizeof small - missing));
        cr_assert_eq(close(ends[1]), 0);
        (void)snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
        ad_status status = read_counted(path, &array, &error);
        cr_expect_eq(status, missing == 0 ? AD_OK : AD_ERR_FORMAT, "%s", error.message);
        nn_array_clear(&array);
        cr_assert_eq(close(ends[0]), 0);
    }
}

/* ---- what a reader must refuse */

Test(idx, an_idx_file_cut_after_any_byte_is_refused)
{
    for (size_t bytes = 0; bytes < sizeof small; bytes++) {
        expect_refused(small, bytes, AD_ERR_FORMAT, "");
    }
    expect_refused(small, 0, AD_ERR_FORMAT, "it has 0 bytes");
    expect_refused(small, 7, AD_ERR_FORMAT, "it has 7 bytes, the smallest header has 8");
    expect_refused(small, 11, AD_ERR_FORMAT, "ends inside its header, after 11 of 12 bytes");
    expect_refused(small, 17, AD_ERR_FORMAT,
                   "its header says u8 [2, 3], 18 bytes in all, but it has 17");
}

Test(idx, a_compressed_file_cut_after_any_byte_is_refused)
{
    char path[TEST_PATH];
    size_t bytes;
    test_write_gzip(test_path("whole.gz", path), small, sizeof small);
    unsigned char *file = test_read(path, &bytes);
    (void)remove(path);
    for (size_t cut = 0; cut < bytes; cut++) {
        expect_refused(file, cut, AD_ERR_FORMAT, cut < 2 ? "is no array" : "ends too early");
    }
    free(file);
}

Test(idx, any_flipped_bit_of_a_compressed_file_is_noticed_or_harmless)
{
    char path[TEST_PATH];
    size_t bytes;
    test_write_gzip(test_path("whole.gz", path), small, sizeof small);
    unsigned char *file = test_read(path, &bytes);
    (void)remove(path);
    int refused = 0;
    for (size_t bit = 0; bit < 8 * bytes; bit++) {
        nn_array array;
        ad_error error;
        file[bit / 8] ^= (unsigned char)(1U << bit % 8);
        if (read_bytes(file, bytes, &array, &error) == AD_OK) {
            expect_small(&array); /* time stamp and system are not covered by the checksum */
        } else {
            refused++;
        }
        nn_array_clear(&array);
        file[bit / 8] ^= (unsigned char)(1U << bit % 8);
    }
    cr_expect_geq(refused, 8 * (int)(bytes - 10));
    file[bytes - 5] ^= 1;
    expect_refused(file, bytes, AD_ERR_FORMAT, "damaged: incorrect data check");
    free(file);
}

Test(idx, any_flipped_bit_of_a_header_is_refused_or_gives_an_array_of_the_same_size)
{
    unsigned char file[sizeof small];
    memcpy(file, small, sizeof small);
    for (size_t bit = 0; bit < 8 * sizeof small; bit++) {
        nn_array array;
        ad_error error;
        file[bit / 8] ^= (unsigned char)(1U << bit % 8);
        if (read_bytes(file, sizeof file, &array, &error) == AD_OK) {
            cr_expect_eq(ad_shape_count(&array.shape), 6);
        }
        nn_array_clear(&array);
        file[bit / 8] ^= (unsigned char)(1U << bit % 8);
    }
}

Test(idx, bytes_after_the_end_are_refused)
{
    unsigned char file[64] = {0};
    memcpy(file, small, sizeof small);
    expect_refused(file, sizeof small + 1, AD_ERR_FORMAT,
                   "longer than its header says: u8 [2, 3] is 18 bytes in all");
    char path[TEST_PATH];
    nn_array array;
    ad_error error;
    test_write_gzip(test_path("long.gz", path), file, sizeof small + 1);
    cr_expect_eq(read_counted(path, &array, &error), AD_ERR_FORMAT);
    (void)remove(path);
}

Test(idx, members_and_zeros_may_follow_a_compressed_stream_but_nothing_else)
{
    char path[TEST_PATH];
    size_t first, second;
    test_write_gzip(test_path("part.gz", path), small, 9);
    unsigned char *a = test_read(path, &first);
    test_write_gzip(path, small + 9, sizeof small - 9);
    unsigned char *b = test_read(path, &second);
    (void)remove(path);
    unsigned char file[256] = {0};
    memcpy(file, a, first);
    memcpy(file + first, b, second);
    nn_array array;
    ad_error error;
    cr_expect_eq(read_bytes(file, first + second + 100, &array, &error), AD_OK, "%s",
                 error.message);
    expect_small(&array);
    nn_array_clear(&array);
    file[first + second] = 'x';
    expect_refused(file, first + second + 1, AD_ERR_FORMAT,
                   "something else follows the end of the compressed data");
    free(a);
    free(b);
}

/* No header may make the reader ask for more memory than the file could fill. */
Test(idx, absurd_lengths_are_refused_before_memory_is_asked_for)
{
    static const struct {
        unsigned char header[20];
        size_t bytes;
        const char *reason;
    } rows[] = {
        {{0, 0, 8, 2, 0x80, 0, 0, 0, 0x80, 0, 0, 0}, 12, "2147483648], more elements than any"},
        {{0, 0, 14, 2, 0x40, 0, 0, 0, 0x40, 0, 0, 0}, 12, "9223372036854775820 bytes in all"},
        {{0, 0, 14, 1, 0xff, 0xff, 0xff, 0xff}, 8, "34359738368 bytes in all, but it has 8"},
        {{0,    0,    8,    4,    0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
          0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff},
         20,
         "more elements than any file has"},
        {{0, 0, 8, 3, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0},
         16,
         "more elements than any file has"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char path[TEST_PATH];
        nn_array array;
        ad_error error;
        expect_refused(rows[i].header, rows[i].bytes, AD_ERR_FORMAT, rows[i].reason);
        test_write_gzip(test_path("absurd.gz", path), rows[i].header, rows[i].bytes);
        cr_expect_eq(read_counted(path, &array, &error), AD_ERR_FORMAT, "%s", error.message);
        (void)remove(path);
    }
}

static void *resize_and_remember(void *user, void *memory, size_t bytes)
{
    size_t *largest = user;
    *largest = bytes > *largest ? bytes : *largest;
    if (bytes == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, bytes);
}

Test(idx, memory_for_compressed_data_grows_only_as_the_data_arrives)
{
    enum { NOISE = 3 << 20 };
    static unsigned char file[8 + NOISE] = {0, 0, 8, 1, 0x70, 0, 0, 0}; /* claims 1.9e9 bytes */
    ad_rng_fill_bits((ad_rng){.seed = 1}, NOISE / 8, (uint64_t *)(void *)(file + 8));
    char path[TEST_PATH];
    test_write_gzip(test_path("bomb.gz", path), file, sizeof file);
    size_t largest = 0;
    ad_allocator allocator = {resize_and_remember, &largest};
    nn_array array;
    ad_error error;
    ad_status status =
        nn_read_array(path, &(nn_read_options){.allocator = &allocator}, &array, &error);
    cr_expect_eq(status, AD_ERR_FORMAT);
    cr_expect_not_null(strstr(error.message, "but it ends after 3145736"), "%s", error.message);
    cr_expect_leq(largest, 2 * NOISE);
    (void)remove(path);
}

Test(idx, other_files_are_called_no_arrays)
{
    expect_refused("5.1,3.5,1.4,0.2\n", 16, AD_ERR_FORMAT, "begins with bytes 35 2e 31 2c");
    expect_refused("\0\0\7\1\0\0\0\0", 8, AD_ERR_FORMAT, "is no array");
    expect_refused("\0\0\10\0\0\0\0\0", 8, AD_ERR_FORMAT, "and a rank");
    expect_refused("\0\1\10\1\0\0\0\0", 8, AD_ERR_FORMAT, "is no array");
    expect_refused("\0\0\10\11\0\0\0\0", 8, AD_ERR_UNSUPPORTED, "has 9 axes; at most 8");
}

Test(idx, folders_and_missing_and_forbidden_files_are_refused)
{
    char path[TEST_PATH];
    nn_array array;
    ad_error error;
    cr_expect_eq(read_counted("/tmp", &array, &error), AD_ERR_IO);
    cr_expect_str_eq(error.message, "/tmp: is a directory, not a file");
    cr_expect_eq(nn_read_array("/tmp", NULL, NULL, &error), AD_ERR_DOMAIN);
    cr_expect_eq(nn_write_array("/tmp", NULL, &error), AD_ERR_DOMAIN);
    cr_expect_eq(read_counted(test_path("no such file", path), &array, &error), AD_ERR_IO);
    cr_expect_not_null(strstr(error.message, "cannot be opened: No such file"));
    if (geteuid() != 0) { /* nothing is forbidden to root */
        test_write(test_path("forbidden", path), small, sizeof small);
        cr_assert_eq(chmod(path, 0), 0);
        cr_expect_eq(read_counted(path, &array, &error), AD_ERR_IO);
        (void)remove(path);
    }
}

Test(idx, a_long_path_leaves_room_for_the_reason)
{
    char path[400];
    ad_error error;
    nn_array array;
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    cr_expect_eq(nn_read_array(path, NULL, &array, &error), AD_ERR_IO);
    cr_expect_not_null(strstr(error.message, "cannot be opened: File name too long"));
}

/* ---- writing */

Test(idx, what_the_format_cannot_hold_is_not_written)
{
    const int64_t huge[] = {1, INT64_C(1) << 31};
    char path[TEST_PATH];
    ad_error error;
    nn_array array = nn_array_view(NN_I64, AD_SHAPE(2), huge);
    test_path("refused.idx", path);
    cr_expect_eq(nn_write_array(path, &array, &error), AD_ERR_UNSUPPORTED);
    cr_expect_not_null(strstr(error.message, "2147483648 in row 1 does not fit"));
    array = nn_array_view(NN_U8, AD_SHAPE(0, 1L << 32), huge);
    cr_expect_eq(nn_write_array(path, &array, &error), AD_ERR_UNSUPPORTED);
    array = nn_array_view(NN_U8, AD_SCALAR, huge);
    cr_expect_eq(nn_write_array(path, &array, &error), AD_ERR_SHAPE);
    array = nn_array_view((nn_type)9, AD_SHAPE(2), huge);
    cr_expect_eq(nn_write_array(path, &array, &error), AD_ERR_TYPE);
    cr_expect_neq(access(path, F_OK), 0, "the file must not have been touched");
}

Test(idx, a_disk_that_is_full_or_missing_is_reported)
{
    static uint8_t data[1 << 18];
    ad_rng_fill_bits((ad_rng){.seed = 2}, sizeof data / 8, (uint64_t *)(void *)data);
    nn_array array = nn_array_view(NN_U8, AD_SHAPE(sizeof data), data);
    nn_array tiny = nn_array_view(NN_U8, AD_SHAPE(4), data);
    ad_error error;
    cr_expect_eq(nn_write_array("/no/such/folder/x.idx", &array, &error), AD_ERR_IO);
    cr_expect_not_null(strstr(error.message, "cannot be opened for writing"));
    if (access("/dev/full", W_OK) == 0) {
        char path[TEST_PATH];
        static const char *const names[] = {"full.idx", "full.idx.gz"};
        for (int i = 0; i < 2; i++) {
            cr_assert_eq(symlink("/dev/full", test_path(names[i], path)), 0);
            cr_expect_eq(nn_write_array(path, &array, &error), AD_ERR_IO);
            cr_expect_not_null(strstr(error.message, "cannot be written: No space left"));
            cr_expect_eq(nn_write_array(path, &tiny, &error), AD_ERR_IO);
            (void)remove(path);
        }
    }
}

/* ---- memory */

Test(idx, every_failed_allocation_is_an_error_and_leaves_nothing)
{
    enum { N = 300000 };
    static uint8_t data[N];
    const char *names[] = {"memory.idx", "memory.idx.gz"};
    for (int i = 0; i < 4; i++) {
        char path[TEST_PATH];
        int writes = i / 2;
        nn_array array = nn_array_view(NN_U8, AD_SHAPE(N), data);
        cr_assert_eq(nn_write_array(test_path(names[i % 2], path), &array, NULL), AD_OK);
        ad_status status = AD_ERR_MEMORY;
        size_t fail_at = 0;
        for (; status != AD_OK && fail_at < 100; fail_at++) {
            ad_failing_allocator state = {.fail_at = fail_at};
            ad_allocator allocator = ad_allocator_failing(&state);
            nn_array back = {0};
            ad_error error = {0};
            array.allocator = allocator;
            nn_read_options options = {.allocator = &allocator};
            status = writes ? nn_write_array(path, &array, &error)
                            : nn_read_array(path, &options, &back, &error);
            cr_expect(status == AD_OK || (status == AD_ERR_MEMORY && back.owned == NULL), "%s",
                      error.message);
            nn_array_clear(&back);
            cr_assert_eq(state.live, 0, "allocation %zu", fail_at);
        }
        cr_expect(fail_at > 1 && fail_at < 100);
        (void)remove(path);
    }
}

/* ---- garbage */

Test(idx, garbage_never_crashes_leaks_or_reads_too_much)
{
    char path[TEST_PATH];
    size_t bytes;
    test_write_gzip(test_path("seed.gz", path), small, sizeof small);
    unsigned char *gzip = test_read(path, &bytes);
    (void)remove(path);
    ad_rng rng = {.seed = 2026};
    for (int trial = 0; trial < 2000; trial++) {
        unsigned char file[128] = {0};
        int is_gzip = trial % 2;
        size_t len = is_gzip ? bytes : sizeof small;
        memcpy(file, is_gzip ? gzip : small, len);
        for (int64_t change = ad_rng_below(&rng, 6); change >= 0; change--) {
            file[ad_rng_below(&rng, (int64_t)len)] = (unsigned char)ad_rng_bits(&rng);
        }
        len = (size_t)ad_rng_below(&rng, 4) == 0 ? (size_t)ad_rng_below(&rng, 128) : len;
        nn_array array;
        ad_error error;
        if (read_bytes(file, len, &array, &error) == AD_OK) {
            double out[64];
            cr_assert_leq(ad_shape_count(&array.shape), 116);
            if (ad_shape_count(&array.shape) <= 64) {
                cr_expect_eq(
                    nn_array_gather(&array, nn_array_rows(&array), NULL, AD_F64, out, &error),
                    AD_OK);
            }
        }
        nn_array_clear(&array);
    }
    free(gzip);
}

Test(idx, an_array_without_data_is_not_written_and_the_file_not_touched)
{
    char path[TEST_PATH];
    ad_error error = {0};
    static const nn_type types[] = {NN_F64, NN_F32, NN_I64, NN_U8};
    (void)remove(test_path("null.idx", path));
    for (int i = 0; i < 4; i++) {
        const nn_array none = nn_array_view(types[i], AD_SHAPE(3, 2), NULL);
        cr_expect_eq(nn_write_array(path, &none, &error), AD_ERR_DOMAIN);
        cr_expect_not_null(strstr(error.message, "data is NULL"), "%s", error.message);
    }
    cr_expect_eq(fopen(path, "rb"), NULL);
    const nn_array some = nn_array_view(NN_U8, AD_SHAPE(3), "abc");
    cr_expect_eq(nn_write_array(NULL, &some, &error), AD_ERR_IO);
    cr_expect_eq(nn_read_array(NULL, NULL, &(nn_array){0}, &error), AD_ERR_IO);
}

/* 16 bytes: i32, rows, 0 columns, 17. */
Test(idx, billions_of_rows_without_elements_are_no_work)
{
    static const unsigned char file[] = {0, 0, 12, 3, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0, 0, 0, 17};
    char path[TEST_PATH];
    nn_array array;
    ad_error error = {0};
    test_write(test_path("rows.idx", path), file, sizeof file);
    cr_assert_eq(nn_read_array(path, NULL, &array, &error), AD_OK, "%s", error.message);
    cr_expect_eq(nn_array_rows(&array), 4294967040);
    cr_expect_eq(nn_array_gather(&array, 4294967040, NULL, AD_F64, NULL, &error), AD_OK);
    cr_expect_eq(nn_write_array(path, &array, &error), AD_OK, "%s", error.message);
    size_t bytes;
    unsigned char *written = test_read(path, &bytes);
    cr_expect_eq(bytes, sizeof file);
    cr_expect_arr_eq(written, file, sizeof file);
    free(written);
    nn_standard standard;
    cr_expect_eq(nn_standard_fit(&standard, &array, NULL, &error), AD_OK, "%s", error.message);
    nn_array z;
    cr_expect_eq(nn_standard_apply(&standard, &array, AD_F64, &z, &error), AD_OK);
    cr_expect_eq(nn_standard_undo(&standard, 4294967040, AD_F64, NULL, &error), AD_OK);
    nn_array_clear(&z);
    nn_standard_clear(&standard);
    nn_array_clear(&array);
    (void)remove(path);
}
