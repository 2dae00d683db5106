/* SPDX-License-Identifier: MIT */
#ifndef AD_KERNELS_KERNEL_INTERNAL_H
#define AD_KERNELS_KERNEL_INTERNAL_H

#include <stddef.h>
#include <stdint.h>

/* The kernels of structured operations: loops over elements that know nothing of tapes and shapes.
 * What they need beside pointers is in numbers, so that an emitted program, which repeats their
 * text, has these as constants. */

/* texts: plain */

/* What a kernel is given. */
typedef struct ad__args {
    const size_t *n;      /* lengths, strides, flags: its comment says which */
    double number;        /* where it takes one that is no size */
    const void *const *x; /* arguments; z overlaps none of them */
    void *z, *scratch;
} ad__args;

/* texts: end */

/* 0, or 1 where a value among the arguments is outside its range; z is then not defined. */
typedef int ad__kernel(const ad__args *a);

/* A kernel that its file has for every element type, by every_type_internal.h. */
#define AD__KERNEL(name_, type_)                                                                   \
    .name = #name_,                                                                                \
    .kernel = (type_) == AD_F64   ? name_##_f64                                                    \
              : (type_) == AD_F32 ? name_##_f32                                                    \
                                  : name_##_i64,                                                   \
    .type = (int)(type_)

#endif
