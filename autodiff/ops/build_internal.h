/* SPDX-License-Identifier: MIT */
#ifndef AD_OPS_BUILD_INTERNAL_H
#define AD_OPS_BUILD_INTERNAL_H

#include "tape/op_internal.h"

/* What the functions share that record operations: axes, errors, operations made of several. */

/* *out is the axis counted from the front; -1 is the last. Errors: AD_ERR_SHAPE, with the text. */
ad_status ad__axis(int axis, const ad_shape *shape, int *out, ad_error *error);

/* An axis that shape has, counted from the front. */
static inline int ad__front_axis(int axis, const ad_shape *shape)
{
    return axis < 0 ? axis + shape->rank : axis;
}

/* A tensor as outer x len x inner, where len is that of the axis. */
typedef struct ad__along {
    size_t outer, len, inner;
} ad__along;

ad__along ad__along_axis(const ad_shape *shape, int axis);

/* 1 if two shapes are the same but for the length of one axis, which both have. */
int ad__same_but_axis(const ad_shape *a, const ad_shape *b, int axis);

/* z = the elements of argument 0, in their order. */
int ad__same_alias(const ad__call *call, size_t *first);
void ad__copy_run(ad__runner *r, const ad__call *call);

/* ---- for builders that record several operations ---- */

/* 1 and x's shape; 0 after keeping the error if x is dead, stale or foreign. */
int ad__shape_for(ad_var x, ad_shape *shape, const char *origin);

/* Keeps an error on x's tape and returns a dead handle. */
ad_var ad__failed(ad_var x, const ad_error *error, const char *origin);

/* An operation that is made of others begins, and ends with the result z: errors that the others
 * made in between are in its own name. Arguments are at least one; literals are fine. */
typedef struct ad__made {
    ad_tape *tape;
    int was_sound;
} ad__made;
ad__made ad__making(int count, const ad_var *x);
ad_var ad__made_of(ad__made made, const char *origin, ad_var z);

#endif
