/* SPDX-License-Identifier: MIT */
#ifndef AD_FN_RUN_FN_INTERNAL_H
#define AD_FN_RUN_FN_INTERNAL_H

#include "fn.h"
#include "fn/steps/steps_internal.h"
#include "fn/steps/thread_pool_internal.h"

/* Parts of a function that a C compiler has made machine code of: see native. */

/* Steps first .. end - 1, all of which are native. */
typedef void ad__native_steps(void *const *cell, double *slot, void *buffer, size_t first,
                              size_t end);

typedef struct ad__native {
    void *library; /* NULL: nothing is native */
    ad__native_steps *steps;
    uint32_t *end; /* by step: of the native ones that begin there, or the step itself */
    int is_whole;  /* no step was left out for being too much for a compiler */
} ad__native;

/* A compiled function: the optimised program, and the plan that carries it out. Constant after
 * ad_fn_new, but for the workspace of ad_fn_run. */
struct ad_fn {
    ad_allocator allocator;
    ad__program program;
    ad__arena arena; /* of the plan */
    ad__plan plan;
    size_t *input_at, *output_at; /* in elements, one after the other */
    int is_f64;                   /* every input and output */
    int no_assign, guard, resizable;
    int gradient;         /* is among the outputs */
    size_t guard_bytes;   /* of a workspace */
    ad__program source;   /* if it is resizable, the recording as it was captured; else empty */
    uint64_t fingerprint; /* of the recording */
    int threads;          /* as asked for */
    int parts; /* the most that a step is divided into: what more threads could not share */
    ad__budget budget;
    const char **names;   /* of the inputs, then of the outputs; NULL: none has one */
    const char *compiler; /* that makes parts of it native, or NULL */
    ad__native native;
    ad_workspace *own;
};

struct ad_workspace {
    ad_allocator allocator;
    ad__arena arena, scratch; /* a block each, which holds exactly what a call needs */
    size_t scratch_used;
    ad__thread_pool *pool; /* NULL: one thread */
    double *clock;         /* if not NULL: when each step of a call begins, and the last one ends */
    ad__frame frame;
    unsigned char *guards; /* what C would be told now */
    void **address;        /* of the arrays of a checked call: the inputs', then the outputs' */
    int has_run;           /* the last call was without error */
    ad_error error;
};

/* Without the guards. */
static inline uint32_t ad__output_count(const ad_fn *f)
{
    return f->program.output_count - f->program.guard_count;
}

#endif
