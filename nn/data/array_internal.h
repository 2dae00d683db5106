/* SPDX-License-Identifier: MIT */
#ifndef NN_DATA_ARRAY_INTERNAL_H
#define NN_DATA_ARRAY_INTERNAL_H

#include "array.h"

/* *allocator, or the C library's if it is NULL. */
ad_allocator nn__allocator(const ad_allocator *allocator);

/* count elements of size bytes through the allocator: new if memory is NULL, else resized with the
 * content kept; count 0 frees. NULL if it fails or the product overflows. */
void *nn__resize(const ad_allocator *allocator, void *memory, size_t count, size_t size);

/* The elements in one row. */
size_t nn__row_len(const nn_array *array);

#endif
