/* SPDX-License-Identifier: MIT */
#ifndef AD_OPS_INDEX_INTERNAL_H
#define AD_OPS_INDEX_INTERNAL_H

#include "tape/launch_internal.h"

/* Attributes of operations that index one axis; len is the axis's where no argument has it. */
typedef struct ad__indexing {
    int axis;
    ad_type type; /* of the result, where no argument has it */
    int64_t len;
} ad__indexing;

/* Errors: AD_ERR_TYPE unless argument i is i64. */
ad_status ad__infer_indices(const ad__call *call, int i);

/* Errors: AD_ERR_DOMAIN unless len can be the length of an axis. */
ad_status ad__infer_len(const ad__call *call, int64_t len);

/* len of the axis that the operation follows. */
ad_status ad__resize_indexed(ad__resizing *r);

/* ---- kernels: the second of their numbers is the length of the axis, and the last of their
 * arguments the indices, which they check first ---- */

/* texts: plain */

/* The place of the first index outside -len to len - 1, or count. */
static inline size_t ad__first_stray(size_t count, const int64_t *index, size_t len)
{
    const int64_t end = (int64_t)len;
    size_t i = 0;
    while (i < count && index[i] >= -end && index[i] < end) {
        i++;
    }
    return i;
}

/* An index counted from the front. */
static inline size_t ad__from_front(int64_t index, size_t len)
{
    return (size_t)index + (index < 0 ? len : 0);
}

/* texts: end */

/* AD_ERR_INDEX for the first index outside -len to len - 1. */
ad_status ad__explain_index(const ad__call *call, const ad__launch *l);

#endif
