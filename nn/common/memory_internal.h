/* SPDX-License-Identifier: MIT */
#ifndef NN_COMMON_MEMORY_INTERNAL_H
#define NN_COMMON_MEMORY_INTERNAL_H

#include <wengert/arena.h>

#include <stdint.h>

/* Heap memory through the hook that an object was given. */

/* *allocator, or the C library's if it is NULL. */
static inline ad_allocator nn__allocator(const ad_allocator *allocator)
{
    return allocator != NULL ? *allocator : ad_allocator_default();
}

/* count elements of size bytes: new if memory is NULL, else resized with the content kept; count 0
 * frees. NULL if it fails or the product overflows. */
static inline void *nn__resize(const ad_allocator *allocator, void *memory, size_t count,
                               size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    return allocator->resize(allocator->user, memory, count * size);
}

static inline void nn__free(const ad_allocator *allocator, void *memory)
{
    if (memory != NULL) {
        allocator->resize(allocator->user, memory, 0);
    }
}

#endif
