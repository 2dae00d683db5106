/* SPDX-License-Identifier: MIT */
#ifndef NN_DATA_ARRAY_INTERNAL_H
#define NN_DATA_ARRAY_INTERNAL_H

#include "common/memory_internal.h"
#include "array.h"

/* The elements in one row. */
size_t nn__row_len(const nn_array *array);

/* AD_ERR_DOMAIN if a call was given NULL where there has to be something. */
static inline ad_status nn__given(const void *given, const char *call, const char *name,
                                  ad_error *error)
{
    return given != NULL ? AD_OK : ad_error_set(error, AD_ERR_DOMAIN, "%s: %s is NULL", call, name);
}

#endif
