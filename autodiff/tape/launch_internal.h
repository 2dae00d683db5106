/* SPDX-License-Identifier: MIT */
#ifndef AD_TAPE_LAUNCH_INTERNAL_H
#define AD_TAPE_LAUNCH_INTERNAL_H

#include "kernels/kernel_internal.h"
#include "tape/op_internal.h"

/* How a structured operation is carried out: by kernels, launched one after the other. `run` of its
 * descriptor says which, with which numbers and on which memory. One run evaluates the operation,
 * another writes the launches as C, a third measures the scratch that they take: so what is written
 * does what the library does.
 *
 * run reads specs and attributes alone, never elements. */

/* Elements of an argument, of the result or of scratch, from one on. */
typedef struct ad__region {
    enum { AD__NOTHING, AD__ARGUMENT, AD__RESULT, AD__SCRATCH } memory;
    int argument;
    ad_type type;
    size_t at;
    char *elements; /* where they are, in an evaluation; else NULL */
} ad__region;

enum { AD__LAUNCH_ARGUMENTS = 3 };

typedef struct ad__launch {
    const char *name; /* these three by AD__KERNEL */
    ad__kernel *kernel;
    int type; /* of the kernel */

    const size_t *n; /* these two by AD__NUMBERS */
    size_t count;

    double number;
    ad__region x[AD__LAUNCH_ARGUMENTS], z, scratch;

    /* Says which value is outside its range, where the kernel returned 1. NULL: it returns 0. */
    ad_status (*explain)(const ad__call *call, const struct ad__launch *l);
} ad__launch;

#define AD__NUMBERS(...)                                                                           \
    .n = (const size_t[]){__VA_ARGS__},                                                            \
    .count = sizeof(const size_t[]){__VA_ARGS__} / sizeof(size_t)

struct ad__runner {
    const ad__call *call;
    struct ad__emit *emit; /* where launches are written, or NULL */
    int measures;
    size_t bytes; /* of scratch, measured */
    ad_status status;
};

ad__region ad__argument(const ad__runner *r, int i);
ad__region ad__result(const ad__runner *r);
ad__region ad__scratch(ad__runner *r, ad_type type, size_t count); /* of so many elements */

/* The region from element `at` on. */
static inline ad__region ad__from(ad__region region, size_t at)
{
    region.at += at;
    region.elements += region.elements != NULL ? at * ad_type_bytes(region.type) : 0;
    return region;
}

/* One launch, or nothing after an error. */
void ad__launch_kernel(ad__runner *r, const ad__launch *l);

/* ---- what the rest of the library asks of an operation ---- */

ad_status ad__evaluate(const ad_op *op, const ad__call *call);
size_t ad__scratch_of(const ad_op *op, const ad__call *call);

/* As C: statements over x0, x1, .. and z, pointers to the elements of the arguments and the result;
 * call has no data. Not of elementwise operations. */
int ad__can_write(const ad_op *op);
void ad__write(const ad_op *op, struct ad__emit *e, const ad__call *call);

#endif
