/* SPDX-License-Identifier: MIT */
#include "malloc.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

static atomic_long requests, live;
static long failing = -1;
static int fails_forever;

void malloc_start(long fail_at, int forever)
{
    requests = 0;
    live = 0;
    failing = fail_at;
    fails_forever = forever;
}

void malloc_stop(void)
{
    failing = -1;
}

long malloc_requests(void)
{
    return requests;
}

long malloc_live(void)
{
    return live;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define IS_OURS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define IS_OURS 0
#endif
#endif
#if !defined(IS_OURS) && defined(__GLIBC__)
#define IS_OURS 1
#elif !defined(IS_OURS)
#define IS_OURS 0
#endif

int malloc_is_ours(void)
{
    return IS_OURS;
}

#if IS_OURS
void *__libc_malloc(size_t bytes);
void *__libc_realloc(void *memory, size_t bytes);
void *__libc_calloc(size_t count, size_t bytes);
void *__libc_memalign(size_t alignment, size_t bytes);
void __libc_free(void *memory);
void *memalign(size_t alignment, size_t bytes);
void *malloc(size_t bytes);
void *realloc(void *memory, size_t bytes);
void *calloc(size_t count, size_t bytes);
void *aligned_alloc(size_t alignment, size_t bytes);
int posix_memalign(void **out, size_t alignment, size_t bytes);
void free(void *memory);

static int fails(void)
{
    const long number = requests++;
    if (failing >= 0 && (fails_forever ? number >= failing : number == failing)) {
        errno = ENOMEM;
        return 1;
    }
    return 0;
}

static void *counted(void *memory)
{
    live += memory != NULL;
    return memory;
}

void *malloc(size_t bytes)
{
    return fails() ? NULL : counted(__libc_malloc(bytes));
}

void *calloc(size_t count, size_t bytes)
{
    return fails() ? NULL : counted(__libc_calloc(count, bytes));
}

void *memalign(size_t alignment, size_t bytes)
{
    return fails() ? NULL : counted(__libc_memalign(alignment, bytes));
}

void *aligned_alloc(size_t alignment, size_t bytes)
{
    return memalign(alignment, bytes);
}

int posix_memalign(void **out, size_t alignment, size_t bytes)
{
    void *memory = memalign(alignment, bytes);
    if (memory != NULL) {
        *out = memory;
    }
    return memory != NULL ? 0 : ENOMEM;
}

void free(void *memory)
{
    live -= memory != NULL;
    __libc_free(memory);
}

void *realloc(void *memory, size_t bytes)
{
    if (memory == NULL) {
        return malloc(bytes);
    }
    if (bytes == 0) {
        free(memory);
        return NULL;
    }
    return fails() ? NULL : __libc_realloc(memory, bytes);
}
#endif
