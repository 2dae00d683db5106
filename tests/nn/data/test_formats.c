/* SPDX-License-Identifier: MIT */
/* Every format of arrays in the table of formats.c: what holds for each, good files and hostile. */
#include "rng.h"
#include "formats.h"
#include "data/formats_internal.h"
#include "files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SAMPLES = 6, SAMPLE_LEN = 6 };

/* Arrays that every format holds. */
static nn_array sample(int i)
{
    static const double f64[SAMPLE_LEN] = {0.1, -1e300, 3, 0, 4e-320, 1.0 / 3};
    static const float f32[SAMPLE_LEN] = {0.1F, -1e30F, 3, 0, 4, 5};
    static const int64_t i64[SAMPLE_LEN] = {-2, 1, 77000, 0, INT32_MIN, INT32_MAX};
    const nn_array arrays[SAMPLES] = {nn_array_view(NN_F64, AD_SHAPE(3, 2), f64),
                                      nn_array_view(NN_F32, AD_SHAPE(6), f32),
                                      nn_array_view(NN_I64, AD_SHAPE(1, 2, 3), i64),
                                      nn_array_view(NN_U8, AD_SHAPE(2, 3), "\0\1\x7f\x80\xfe\xff"),
                                      nn_array_view(NN_U8, AD_SHAPE(0, 3), NULL),
                                      nn_array_view(NN_F64, AD_SHAPE(1, 1, 1, 1, 1, 1, 1, 1), f64)};
    return arrays[i];
}

/* Memory that is counted, and never more than a small file can stand for. */
static size_t live, largest;

static void *resize(void *user, void *memory, size_t bytes)
{
    (void)user;
    largest = bytes > largest ? bytes : largest;
    live += bytes > 0 && memory == NULL;
    live -= bytes == 0 && memory != NULL;
    if (bytes == 0) {
        free(memory);
        return NULL;
    }
    return realloc(memory, bytes);
}

/* Reads path: whatever it holds, nothing is left behind, an error names the file, and no header
 * makes the reader ask for more than what a file of that length may need. */
static ad_status read_counted(const char *path, nn_array *array)
{
    const ad_allocator allocator = {resize, NULL};
    ad_error error = {0};
    largest = live = 0;
    ad_status status =
        nn_read_array(path, &(nn_read_options){.allocator = &allocator}, array, &error);
    cr_expect_eq(status, error.status);
    cr_expect(status == AD_OK || strstr(error.message, path) == error.message, "%s", error.message);
    cr_expect_eq(status == AD_OK, error.message[0] == '\0');
    cr_expect_leq(largest, 1 << 20, "%zu bytes were asked for", largest);
    cr_expect_eq(live, array->owned != NULL);
    return status;
}

static ad_status read_bytes(const unsigned char *bytes, size_t count, int is_gzip, nn_array *array)
{
    char path[TEST_PATH];
    (is_gzip ? test_write_gzip : test_write)(test_path("bytes", path), bytes, count);
    ad_status status = read_counted(path, array);
    (void)remove(path);
    return status;
}

static void expect_refused(const nn__format *format, const unsigned char *bytes, size_t count,
                           ad_status expected)
{
    for (int is_gzip = 0; is_gzip < 2; is_gzip++) {
        nn_array array;
        cr_expect_eq(read_bytes(bytes, count, is_gzip, &array), expected, "%s, %zu bytes",
                     format->name, count);
        cr_expect_eq(nn_array_rows(&array), 0);
        nn_array_clear(&array);
    }
}

/* Sample i as a file of the format, with room for more behind; free() it. */
static unsigned char *written(const nn__format *format, int i, const char *after, size_t *count)
{
    char path[TEST_PATH], name[40];
    ad_error error = {0};
    nn_array array = sample(i);
    (void)snprintf(name, sizeof name, "sample%s%s", format->endings[0], after);
    cr_assert_eq(nn_write_array(test_path(name, path), &array, &error), AD_OK, "%s", error.message);
    unsigned char *file = test_read(path, count), *roomy = realloc(file, *count + 64);
    cr_assert_not_null(roomy);
    (void)remove(path);
    return roomy;
}

static size_t bytes_of(const nn_array *array)
{
    return ad_shape_count(&array->shape) * nn_type_bytes(array->type);
}

/* ---- good files ---- */

Test(formats, every_array_survives_plain_and_compressed_under_each_ending)
{
    const nn__format *format;
    for (int f = 0; (format = nn__format_at(f)) != NULL; f++) {
        cr_assert(format->name != NULL && format->begins != NULL && format->endings[0] != NULL);
        for (int i = 0; i < 4 * SAMPLES; i++) {
            const char *ending = format->endings[i / 2 % 2];
            char path[TEST_PATH], name[40];
            ad_error error = {0};
            nn_array array = sample(i / 4), back;
            if (ending == NULL) {
                continue;
            }
            (void)snprintf(name, sizeof name, "good%s%s", ending, i % 2 ? ".gz" : "");
            cr_assert_eq(nn_write_array(test_path(name, path), &array, &error), AD_OK, "%s",
                         error.message);
            size_t count;
            unsigned char *file = test_read(path, &count);
            cr_expect_eq(file[0] == 0x1f && file[1] == 0x8b, i % 2);
            free(file);
            cr_assert_eq(read_counted(path, &back), AD_OK);
            cr_expect_eq(back.type, array.type);
            cr_expect(ad_shape_equal(&back.shape, &array.shape));
            cr_expect(bytes_of(&array) == 0 || memcmp(back.data, array.data, bytes_of(&array)) == 0,
                      "%s: sample %d", format->name, i / 4);
            nn_array_clear(&back);
            (void)remove(path);
        }
    }
}

Test(formats, no_file_is_of_two_formats_and_no_ending_of_two_or_part_of_another)
{
    for (int f = 0; nn__format_at(f) != NULL; f++) {
        for (int i = 0; i < SAMPLES; i++) {
            size_t count;
            unsigned char *file = written(nn__format_at(f), i, "", &count);
            for (int g = 0; nn__format_at(g) != NULL; g++) {
                cr_expect_eq(nn__format_at(g)->is_begun_by(file), f == g);
            }
            free(file);
        }
        for (int j = 0; nn__format_at(f)->endings[j] != NULL; j++) {
            char name[40];
            (void)snprintf(name, sizeof name, "x%s", nn__format_at(f)->endings[j]);
            for (int g = 0; nn__format_at(g) != NULL; g++) {
                for (int k = 0; g != f && nn__format_at(g)->endings[k] != NULL; k++) {
                    const char *other = nn__format_at(g)->endings[k];
                    size_t len = strlen(name), n = strlen(other);
                    cr_expect(n > len || strcmp(name + len - n, other) != 0, "%s", name);
                }
            }
        }
    }
}

Test(formats, one_element_of_each_type_is_the_one_that_is_written)
{
    static const nn_type types[] = {NN_F64, NN_F32, NN_I64, NN_U8};
    const nn__format *format;
    for (int f = 0; (format = nn__format_at(f)) != NULL; f++) {
        for (size_t t = 0; t < sizeof types / sizeof types[0]; t++) {
            int count = 0;
            for (size_t e = 0; e < format->element_count; e++) {
                const nn__element *element = &format->elements[e];
                count += element->type == types[t] && element->is_written;
                cr_expect(element->type == NN_I64 ||
                          element->bytes == nn_type_bytes(element->type));
            }
            cr_expect_eq(count, 1, "%s: %s", format->name, nn_type_name(types[t]));
        }
    }
}

/* ---- hostile files ---- */

Test(formats, a_file_cut_after_any_byte_is_refused)
{
    const nn__format *format;
    for (int f = 0; (format = nn__format_at(f)) != NULL; f++) {
        for (int i = 0; i < SAMPLES; i++) {
            size_t count;
            unsigned char *file = written(format, i, "", &count);
            for (size_t cut = 0; cut < count; cut++) {
                expect_refused(format, file, cut, AD_ERR_FORMAT);
            }
            free(file);
            file = written(format, i, ".gz", &count);
            for (size_t cut = 0; cut < count; cut++) {
                nn_array array;
                cr_expect_eq(read_bytes(file, cut, 0, &array), AD_ERR_FORMAT);
            }
            free(file);
        }
    }
}

Test(formats, bytes_after_the_end_are_refused)
{
    const nn__format *format;
    for (int f = 0; (format = nn__format_at(f)) != NULL; f++) {
        for (int i = 0; i < SAMPLES; i++) {
            size_t count;
            unsigned char *file = written(format, i, "", &count);
            memset(file + count, 0, 64);
            expect_refused(format, file, count + 1, AD_ERR_FORMAT);
            expect_refused(format, file, count + 64, AD_ERR_FORMAT);
            free(file);
        }
    }
}

Test(formats, files_of_no_format_are_refused_with_what_is_known)
{
    static const char *const texts[] = {"", "5.1,3.5,1.4,0.2\n", "\x89PNG\r\n\x1a\n....",
                                        "PK\3\4......", "{\"a\": [1, 2]}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        char path[TEST_PATH];
        ad_error error = {0};
        nn_array array;
        test_write(test_path("other", path), texts[i], strlen(texts[i]));
        cr_expect_eq(nn_read_array(path, NULL, &array, &error), AD_ERR_FORMAT);
        cr_expect_not_null(strstr(error.message, "is no array"), "%s", error.message);
        for (int f = 0; i > 0 && nn__format_at(f) != NULL; f++) {
            cr_expect_not_null(strstr(error.message, nn__format_at(f)->begins), "%s",
                               error.message);
        }
        (void)remove(path);
    }
}

/* Every byte that may belong to a header becomes every other: what is then read is of this file's
 * length, or it is refused, and in any case no more memory is asked for than for a small file. */
Test(formats, no_byte_of_a_header_is_trusted)
{
    const nn__format *format;
    for (int f = 0; (format = nn__format_at(f)) != NULL; f++) {
        for (int i = 0; i < 4; i++) {
            size_t count;
            unsigned char *file = written(format, i, "", &count);
            size_t header = count - SAMPLE_LEN; /* at least one byte an element */
            for (size_t at = 0; at < header; at++) {
                unsigned char kept = file[at];
                for (int value = 0; value < 256; value += i == 0 ? 1 : 17) {
                    nn_array array;
                    file[at] = (unsigned char)value;
                    if (read_bytes(file, count, (at + (size_t)value) % 8 == 0, &array) == AD_OK) {
                        cr_expect_leq(ad_shape_count(&array.shape), count);
                    }
                    nn_array_clear(&array);
                }
                file[at] = kept;
            }
            free(file);
        }
    }
}

Test(formats, random_damage_is_refused_or_gives_an_array_no_larger_than_the_file)
{
    ad_rng rng = {.seed = 11};
    const nn__format *format;
    for (int f = 0; (format = nn__format_at(f)) != NULL; f++) {
        for (int trial = 0; trial < 3000; trial++) {
            size_t count;
            int is_gzip = trial % 3 == 0;
            unsigned char *file = written(format, trial % SAMPLES, "", &count);
            for (int64_t change = ad_rng_below(&rng, 8); change >= 0; change--) {
                static const unsigned char nasty[] = {0, 1, 0x7f, 0x80, 0xff, '0', '9', '-'};
                file[ad_rng_below(&rng, (int64_t)count)] = change % 2 == 0
                                                               ? nasty[ad_rng_below(&rng, 8)]
                                                               : (unsigned char)ad_rng_bits(&rng);
            }
            nn_array array;
            if (read_bytes(file, count, is_gzip, &array) == AD_OK) {
                cr_expect_leq(ad_shape_count(&array.shape), count);
            }
            nn_array_clear(&array);
            free(file);
        }
    }
}

Test(formats, a_pipe_is_read_to_its_end)
{
    const nn__format *format;
    for (int f = 0; (format = nn__format_at(f)) != NULL; f++) {
        for (size_t missing = 0; missing < 2; missing++) {
            int ends[2];
            char path[TEST_PATH];
            size_t count;
            unsigned char *file = written(format, 0, "", &count);
            cr_assert_eq(pipe(ends), 0);
            cr_assert_eq(write(ends[1], file, count - missing), (ssize_t)(count - missing));
            cr_assert_eq(close(ends[1]), 0);
            (void)snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
            nn_array array;
            cr_expect_eq(read_counted(path, &array), missing == 0 ? AD_OK : AD_ERR_FORMAT);
            nn_array_clear(&array);
            cr_assert_eq(close(ends[0]), 0);
            free(file);
        }
    }
}

/* ---- memory and names ---- */

Test(formats, every_failed_allocation_is_an_error_and_leaves_nothing)
{
    const nn__format *format;
    for (int f = 0; (format = nn__format_at(f)) != NULL; f++) {
        for (int i = 0; i < 4; i++) {
            char path[TEST_PATH], name[40];
            int writes = i / 2;
            (void)snprintf(name, sizeof name, "memory%s%s", format->endings[0], i % 2 ? ".gz" : "");
            nn_array array = sample(0);
            cr_assert_eq(nn_write_array(test_path(name, path), &array, NULL), AD_OK);
            ad_status status = AD_ERR_MEMORY;
            size_t fail_at = 0;
            for (; status != AD_OK && fail_at < 100; fail_at++) {
                ad_failing_allocator state = {.fail_at = fail_at};
                ad_allocator allocator = ad_allocator_failing(&state);
                const nn_read_options options = {.allocator = &allocator};
                nn_array back = {0};
                ad_error error = {0};
                array.allocator = allocator;
                status = writes ? nn_write_array(path, &array, &error)
                                : nn_read_array(path, &options, &back, &error);
                cr_expect(status == AD_OK || (status == AD_ERR_MEMORY && back.owned == NULL), "%s",
                          error.message);
                nn_array_clear(&back);
                cr_expect_eq(state.live, 0);
            }
            cr_expect(fail_at > 1 && fail_at < 100);
            (void)remove(path);
        }
    }
}

Test(formats, a_name_without_a_known_ending_is_not_written)
{
    static const char *const names[] = {"x", "x.gz", "x.idx.bak", "", ".", "idx"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        ad_error error = {0};
        nn_array array = sample(0);
        cr_expect_eq(nn_write_array(names[i], &array, &error), AD_ERR_UNSUPPORTED);
        for (int f = 0; nn__format_at(f) != NULL; f++) {
            cr_expect_not_null(strstr(error.message, nn__format_at(f)->endings[0]), "%s",
                               error.message);
        }
    }
    cr_expect_null(nn__format_at(-1));
}
