/* SPDX-License-Identifier: MIT */
#include "base/arena_internal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

enum { LARGE_PAGE = 1 << 21, LARGE = 2 * LARGE_PAGE };

/* The system gives each page when it is first touched, which takes longer than to fill it; so it is
 * asked for large ones. */
static void advise(void *memory, size_t bytes)
{
#ifdef MADV_HUGEPAGE
    const size_t before = (LARGE_PAGE - (uintptr_t)memory % LARGE_PAGE) % LARGE_PAGE;
    (void)madvise((char *)memory + before, (bytes - before) / LARGE_PAGE * LARGE_PAGE,
                  MADV_HUGEPAGE);
#else
    (void)memory, (void)bytes;
#endif
}

static void *default_resize(void *user, void *memory, size_t bytes)
{
    (void)user;
    if (bytes == 0) {
        free(memory);
        return NULL;
    }
    void *result = realloc(memory, bytes);
    if (memory == NULL && result != NULL && bytes >= LARGE) {
        advise(result, bytes);
    }
    return result;
}

ad_allocator ad_allocator_default(void)
{
    return (ad_allocator){default_resize, NULL};
}

static void *failing_resize(void *user, void *memory, size_t bytes)
{
    ad_failing_allocator *state = user;
    if (bytes == 0) {
        state->live -= memory != NULL;
        free(memory);
        return NULL;
    }
    size_t request = state->requests++;
    if (request == state->fail_at || (state->fail_forever && request > state->fail_at)) {
        return NULL;
    }
    void *result = realloc(memory, bytes);
    state->live += memory == NULL && result != NULL;
    return result;
}

ad_allocator ad_allocator_failing(ad_failing_allocator *state)
{
    return (ad_allocator){failing_resize, state};
}

void *ad__resize(const ad_allocator *allocator, void *memory, size_t bytes)
{
    return allocator->resize(allocator->user, memory, bytes);
}

void *ad__resize_array(const ad_allocator *allocator, void *memory, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size) {
        return NULL;
    }
    return ad__resize(allocator, memory, count * size);
}

struct ad__block {
    ad__block *next;
    unsigned char *data; /* aligned, inside this same allocation */
    size_t capacity;
};

enum { SMALLEST_BLOCK = 1 << 16 };

void ad__arena_init(ad__arena *arena, ad_allocator allocator)
{
    *arena = (ad__arena){.allocator = allocator};
}

void ad__arena_clear(ad__arena *arena)
{
    for (ad__block *block = arena->first, *next; block != NULL; block = next) {
        next = block->next;
        ad__resize(&arena->allocator, block, 0);
    }
    ad__arena_init(arena, arena->allocator);
}

size_t ad__arena_reserved(size_t bytes)
{
    return sizeof(ad__block) + AD_ALIGNMENT + bytes;
}

static ad__block *block_new(ad__arena *arena, size_t capacity)
{
    if (capacity > SIZE_MAX - sizeof(ad__block) - AD_ALIGNMENT) {
        return NULL;
    }
    ad__block *block = ad__resize(&arena->allocator, NULL, ad__arena_reserved(capacity));
    if (block == NULL) {
        return NULL;
    }
    uintptr_t start = (uintptr_t)(block + 1);
    block->data =
        (unsigned char *)(block + 1) + (AD_ALIGNMENT - start % AD_ALIGNMENT) % AD_ALIGNMENT;
    block->capacity = capacity;
    block->next = NULL;
    return block;
}

int ad__arena_reserve(ad__arena *arena, size_t bytes)
{
    arena->first = block_new(arena, bytes);
    arena->current = arena->first;
    return arena->first != NULL;
}

/* Moves to the next block that holds bytes. Kept blocks that are too small stay in the list,
 * behind the one that is used, for later smaller requests; a new one is twice the largest of them,
 * so that requests that grow do not leave a block each. */
static int advance(ad__arena *arena, size_t bytes)
{
    ad__block **link = arena->current ? &arena->current->next : &arena->first;
    ad__block **fit = link;
    size_t previous = arena->current ? arena->current->capacity : 0;
    while (*fit != NULL && (*fit)->capacity < bytes) {
        previous = (*fit)->capacity > previous ? (*fit)->capacity : previous;
        fit = &(*fit)->next;
    }
    ad__block *block = *fit;
    if (block != NULL) {
        *fit = block->next;
    } else {
        size_t usual = 2 * previous > SMALLEST_BLOCK ? 2 * previous : SMALLEST_BLOCK;
        block = block_new(arena, bytes > usual ? bytes : usual);
        if (block == NULL) {
            return 0;
        }
    }
    block->next = *link;
    *link = block;
    arena->current = block;
    arena->used = 0;
    return 1;
}

static void *refused(ad__arena *arena)
{
    arena->is_out_of_memory = 1;
    return NULL;
}

void *ad__arena_take(ad__arena *arena, size_t bytes)
{
    if (bytes > SIZE_MAX - AD_ALIGNMENT) {
        return refused(arena);
    }
    size_t rounded = ad__rounded(bytes);
    if (arena->current == NULL || rounded > arena->current->capacity - arena->used) {
        if (!advance(arena, rounded)) {
            return refused(arena);
        }
    }
    void *result = arena->current->data + arena->used;
    arena->used += rounded;
    return result;
}

void *ad__arena_table(ad__arena *arena, size_t count, size_t size, int fill)
{
    if (count > SIZE_MAX / size) {
        return refused(arena);
    }
    void *table = ad__arena_take(arena, count * size);
    if (table != NULL && fill != AD__UNFILLED) {
        memset(table, fill, count * size);
    }
    return table;
}

void *ad__arena_copy(ad__arena *arena, const void *from, size_t bytes)
{
    void *copy = ad__arena_take(arena, bytes);
    return copy != NULL && bytes > 0 ? memcpy(copy, from, bytes) : copy;
}

ad__arena_mark ad__arena_mark_here(const ad__arena *arena)
{
    return (ad__arena_mark){arena->current, arena->used, arena->is_out_of_memory};
}

void ad__arena_rewind(ad__arena *arena, ad__arena_mark mark)
{
    arena->current = mark.block;
    arena->used = mark.used;
    arena->is_out_of_memory = mark.is_out_of_memory;
}

size_t ad__arena_used(const ad__arena *arena)
{
    size_t bytes = arena->used;
    const ad__block *last = arena->current;
    for (const ad__block *block = arena->first; last != NULL && block != last;
         block = block->next) {
        bytes += block->capacity;
    }
    return bytes;
}

size_t ad__arena_bytes(const ad__arena *arena)
{
    size_t bytes = 0;
    for (const ad__block *block = arena->first; block != NULL; block = block->next) {
        bytes += ad__arena_reserved(block->capacity);
    }
    return bytes;
}
