/* SPDX-License-Identifier: MIT */
#ifndef AD_FN_STEPS_THREAD_POOL_INTERNAL_H
#define AD_FN_STEPS_THREAD_POOL_INTERNAL_H

#include "base/arena_internal.h"

/* Threads that wait for work, of one workspace. */
typedef struct ad__thread_pool ad__thread_pool;

/* For jobs on up to `threads` threads, 2 or more, the caller's among them; fewer if the system
 * gives no more, the caller's alone in a process that was forked since. NULL without memory, of
 * which it takes ad__thread_pool_bytes: none for one thread. */
size_t ad__thread_pool_bytes(int threads);
ad__thread_pool *ad__thread_pool_new(int threads, const ad_allocator *allocator);
void ad__thread_pool_free(ad__thread_pool *t);

/* Calls work for parts 0 to parts - 1, each once, in any order and on any thread, and returns when
 * all are done. One job at a time. */
void ad__thread_pool_run(ad__thread_pool *t, int parts, void (*work)(void *context, int part),
                         void *context);

#endif
