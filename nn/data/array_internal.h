/* SPDX-License-Identifier: MIT */
#ifndef NN_DATA_ARRAY_INTERNAL_H
#define NN_DATA_ARRAY_INTERNAL_H

#include "../memory_internal.h"
#include "array.h"

/* The elements in one row. */
size_t nn__row_len(const nn_array *array);

#endif
