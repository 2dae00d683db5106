/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FILES_H
#define TESTS_FILES_H

#include <stddef.h>

/* Scratch files for tests. Every test runs in a process of its own: paths hold its number. */

enum { TEST_PATH = 128 };

/* A path for a scratch file whose name ends in name; returns path. */
const char *test_path(const char *name, char path[TEST_PATH]);

/* Makes path hold these bytes, as they are or compressed by gzip; fails the test if it cannot. */
void test_write(const char *path, const void *data, size_t bytes);
void test_write_gzip(const char *path, const void *data, size_t bytes);

/* The bytes of path; the number of them goes to *bytes. free() it. */
unsigned char *test_read(const char *path, size_t *bytes);

#endif
