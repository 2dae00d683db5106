/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_MALLOC_H
#define TESTS_FUZZ_MALLOC_H

/* The program's own malloc and its like, for all libraries in it: counts, and fails once. */

int malloc_is_ours(void);                     /* 0 under a sanitizer, which has one of its own */
void malloc_start(long fail_at, int forever); /* request fail_at fails, from 0; -1: none */
long malloc_requests(void);                   /* since the start */
long malloc_live(void);                       /* blocks since the start that are not yet freed */
void malloc_stop(void);

#endif
