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

/* Elements of an argument, of the result or of scratch, from one on: in an evaluation their
 * address, else as they are written. Small, since launches of small tensors cost little else. */
typedef struct ad__region {
    uint8_t memory; /* what follows; AD__NOTHING: there are none */
    uint8_t type;   /* ad_type */
    int argument;   /* its number, also in an evaluation */
    union {
        char *elements;
        size_t at;
    };
} ad__region;
enum { AD__NOTHING, AD__ADDRESS, AD__ARGUMENT, AD__RESULT, AD__SCRATCH };

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
    int evaluates;
    ad_status status;      /* of an evaluation */
    struct ad__emit *emit; /* where launches are written, or NULL */
    size_t bytes;          /* of scratch, measured where nothing is evaluated or written */
};

static inline ad__region ad__argument(const ad__runner *r, int i)
{
    const ad__array *x = &r->call->x[i];
    const uint8_t type = (uint8_t)x->spec->type;
    return r->evaluates ? (ad__region){AD__ADDRESS, type, i, {x->data}}
                        : (ad__region){AD__ARGUMENT, type, i, {.at = 0}};
}

static inline ad__region ad__result(const ad__runner *r)
{
    const uint8_t type = (uint8_t)r->call->spec.type;
    return r->evaluates ? (ad__region){AD__ADDRESS, type, 0, {r->call->z}}
                        : (ad__region){AD__RESULT, type, 0, {.at = 0}};
}

ad__region ad__scratch(ad__runner *r, ad_type type, size_t count); /* of so many elements */

/* The region from element `at` on. */
static inline ad__region ad__from(ad__region region, size_t at)
{
    if (region.memory == AD__ADDRESS) {
        region.elements += at * ad_type_bytes((ad_type)region.type);
    } else {
        region.at += at;
    }
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
