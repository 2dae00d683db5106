/* SPDX-License-Identifier: MIT */
#ifndef AD_ARENA_H
#define AD_ARENA_H

#include "status.h"

#include <stddef.h>

/* All heap memory of the library goes through one function. [rarely]
 *
 * Every object that owns memory is made with an allocator and keeps a copy of it; where none is
 * given, the C library's is used.
 */

/* resize(user, NULL, n) allocates, resize(user, p, n) resizes and keeps the content,
 * resize(user, p, 0) frees and returns NULL. Memory is aligned for any C type. On failure it
 * returns NULL and leaves p as it was. Called by one thread at a time for one object; an
 * allocator shared by objects on several threads must be thread-safe. */
typedef struct ad_allocator {
    void *(*resize)(void *user, void *memory, size_t bytes);
    void *user;
} ad_allocator;

#ifdef __cplusplus
extern "C" {
#endif

/* The C library's realloc and free. */
AD_API ad_allocator ad_allocator_default(void);

/* For tests: an allocator that counts calls that ask for memory and makes one of them fail.
 *
 * requests counts from 0; request number fail_at, and all after it if fail_forever, return NULL;
 * live counts blocks not yet freed. Start from `ad_failing_allocator state = {.fail_at = n};`. */
typedef struct ad_failing_allocator {
    size_t fail_at;
    int fail_forever;
    size_t requests;
    size_t live;
} ad_failing_allocator;

/* Borrows state, which must outlive every object made with the allocator. One thread at a time. */
AD_API ad_allocator ad_allocator_failing(ad_failing_allocator *state);

#ifdef __cplusplus
}
#endif

#endif
