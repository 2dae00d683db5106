/* SPDX-License-Identifier: MIT */
#ifndef AD_BASE_ARENA_INTERNAL_H
#define AD_BASE_ARENA_INTERNAL_H

#include "arena.h"

#include <stdint.h>

/* Bump storage in blocks that are kept for reuse: after one pass of mark .. rewind, a second pass
 * of the same size asks the allocator for nothing.
 *
 * Invariant: blocks before `current` are full, those after it are empty. */

typedef struct ad__block ad__block;

typedef struct ad__arena {
    ad_allocator allocator;
    ad__block *first, *current;
    size_t used;          /* bytes taken in current */
    int is_out_of_memory; /* a request failed; until a rewind to before it, or a clear */
} ad__arena;

typedef struct ad__arena_mark {
    ad__block *block;
    size_t used;
    int is_out_of_memory;
} ad__arena_mark;

enum { AD_ALIGNMENT = 64 };

void ad__arena_init(ad__arena *arena, ad_allocator allocator);
void ad__arena_clear(ad__arena *arena);

/* bytes as a piece of storage: up to the next one that is aligned. */
static inline size_t ad__rounded(size_t bytes)
{
    return (bytes + AD_ALIGNMENT - 1) / AD_ALIGNMENT * AD_ALIGNMENT;
}

/* Gives an empty arena one block that holds exactly bytes; 0 without memory. What it asks the
 * allocator for is ad__arena_reserved. */
int ad__arena_reserve(ad__arena *arena, size_t bytes);
size_t ad__arena_reserved(size_t bytes);

/* bytes of storage aligned to 64, not initialised; NULL if the allocator fails, which the arena
 * remembers: several pieces can be taken in a row and ad__arena_status asked once. */
void *ad__arena_take(ad__arena *arena, size_t bytes);

/* AD_ERR_MEMORY if a piece was refused. */
static inline ad_status ad__arena_status(const ad__arena *arena)
{
    return arena->is_out_of_memory ? AD_ERR_MEMORY : AD_OK;
}

/* What the bytes of a table hold at first. */
enum { AD__UNFILLED = -1, AD__ZEROS = 0, AD__NONES = 0xff /* each number is AD__NONE, or -1 */ };

/* A table of count elements of a type, as ad__arena_take; also refused when its size overflows. */
#define ad__table(arena, count, fill, type)                                                        \
    ((type *)ad__arena_table((arena), (count), sizeof(type), (fill)))
void *ad__arena_table(ad__arena *arena, size_t count, size_t size, int fill);

/* A copy of bytes, as ad__arena_take. */
void *ad__arena_copy(ad__arena *arena, const void *from, size_t bytes);

ad__arena_mark ad__arena_mark_here(const ad__arena *arena);
void ad__arena_rewind(ad__arena *arena, ad__arena_mark mark);

/* Bytes taken since the arena was empty, and what was lost at the ends of blocks. */
size_t ad__arena_used(const ad__arena *arena);

/* Heap memory held, used or not. */
size_t ad__arena_bytes(const ad__arena *arena);

/* Heap blocks outside an arena, through the same hook. */
void *ad__resize(const ad_allocator *allocator, void *memory, size_t bytes);

/* As ad__resize for count elements of size bytes; NULL when the product overflows. */
void *ad__resize_array(const ad_allocator *allocator, void *memory, size_t count, size_t size);

static inline ad_allocator ad__allocator_or_default(const ad_allocator *allocator)
{
    return allocator != NULL ? *allocator : ad_allocator_default();
}

#endif
