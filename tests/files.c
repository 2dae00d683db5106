/* SPDX-License-Identifier: MIT */
#include "files.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <zlib.h>

const char *test_path(const char *name, char path[TEST_PATH])
{
    const char *folder = getenv("TMPDIR");
    folder = folder != NULL && strlen(folder) < TEST_PATH - 64 ? folder : "/tmp";
    (void)snprintf(path, TEST_PATH, "%s/wengert-%ld-%s", folder, (long)getpid(), name);
    return path;
}

void test_write(const char *path, const void *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");
    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(bytes > 0 ? fwrite(data, 1, bytes, file) : 0, bytes);
    cr_assert_eq(fclose(file), 0);
}

void test_write_gzip(const char *path, const void *data, size_t bytes)
{
    gzFile file = gzopen(path, "wb");
    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(gzwrite(file, data, (unsigned)bytes), (int)bytes);
    cr_assert_eq(gzclose(file), Z_OK);
}

unsigned char *test_read(const char *path, size_t *bytes)
{
    FILE *file = fopen(path, "rb");
    cr_assert_not_null(file, "%s", path);
    cr_assert_eq(fseek(file, 0, SEEK_END), 0);
    long size = ftell(file);
    rewind(file);
    unsigned char *data = malloc((size_t)size + 1);
    cr_assert_not_null(data);
    *bytes = fread(data, 1, (size_t)size, file);
    cr_assert_eq(fclose(file), 0);
    return data;
}
