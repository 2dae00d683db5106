/* SPDX-License-Identifier: MIT */
#ifndef AD_OPS_INDEX_INTERNAL_H
#define AD_OPS_INDEX_INTERNAL_H

#include "tape/op_internal.h"

/* texts: plain */

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

/* Errors: AD_ERR_INDEX for the first element of argument i outside -len to len - 1. */
ad_status ad__check_indices(const ad__call *call, int i, int64_t len);

/* The place of the first index outside -len to len - 1, or count. */
static inline size_t ad__first_stray(size_t count, const int64_t *index, int64_t len)
{
    size_t i = 0;
    while (i < count && index[i] >= -len && index[i] < len) {
        i++;
    }
    return i;
}

/* Writes the check of argument i as C. */
void ad__put_index_check(struct ad__emit *e, const ad__call *call, int i, int64_t len);

/* An index counted from the front. */
static inline size_t ad__from_front(int64_t index, int64_t len)
{
    return (size_t)(index < 0 ? index + len : index);
}

#endif
