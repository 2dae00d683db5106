/* SPDX-License-Identifier: MIT */
#ifndef AD_FN_SHOW_H
#define AD_FN_SHOW_H

#include "anomaly.h"
#include "fn.h"

#include <stdio.h>

/* What a compiled function consists of, what it costs and where its time goes. [everyday]
 *
 *   ad_fn_show_text(f, stdout);                     the optimised program
 *   ad_fn_step step[100];
 *   ad_fn_profile(f, inputs, outputs, 1000, 100, step);
 *   ad_fn_show_costs(f, stdout, 100, step);         time, FLOP/s and bytes/s of each step
 *   puts(ad_fn_anomaly(f, inputs).message);         where a NaN comes from
 *
 * A function is a list of steps, and each does some operations of the program together. Operations
 * are counted by the elements:
 *
 *   flops   an elementwise operation counts as one for each element of its result, whether it is a
 *           sum or a tanh; a matrix product as 2 m n k; a reduction as one for each element of its
 *           argument, three if it takes exponentials; what only moves elements as none; a random
 *           number or an element of the user's own operation as one
 *   bytes   of the tensors that a step reads and writes, each once; what it keeps in tiles of its
 *           own, in the inner caches, is not moved. A broadcast tensor counts with its own elements
 */

/* A step of one call. */
typedef struct ad_fn_step {
    const char *kind; /* "product", "block", "scalars", "call", "copy" */
    size_t operations;
    double flops, bytes;
    double seconds; /* the median of a profile, else 0 */
} ad_fn_step;

/* An operation of one call. */
typedef struct ad_fn_operation {
    size_t step;
    const char *name, *site; /* site: where it was recorded, or NULL */
    ad_type type;
    ad_shape shape;
    double flops, bytes; /* of bytes, its part in the step's */
} ad_fn_operation;

/* Bytes of memory. The first is the sum of the next six. */
typedef struct ad_fn_memory {
    size_t workspace; /* ad_fn_workspace_bytes */
    size_t tensors;   /* between the steps: the peak of what is needed at one time */
    size_t scalars, addresses;
    size_t tiles;                        /* of all threads */
    size_t scratch;                      /* the most that an operation takes while it runs */
    size_t head;                         /* the workspace itself, its threads, what is guarded */
    size_t scratch_used, workspace_held; /* measured, of the function's own workspace until now */
    size_t function;                     /* held by the function beside its workspaces */
    size_t rematerialised;               /* operations that a call does more for options.memory */
    double again_flops;                  /* and what they count as */
} ad_fn_memory;

#ifdef __cplusplus
extern "C" {
#endif

/* ---- the program ---- */

/* The leaves that are used, then the steps and the operations of each: number, operation and the
 * numbers of its arguments, type and shape, where its result is, and the line that recorded it; in
 * the end outputs and assignments.
 *
 *   step 0  product               3.84 MFLOP  412 kB
 *     %7   ad_matmul %0 %2        f32 [64, 300]   panel                net.c:12
 *     %8   ad_add %7 %3           f32 [64, 300]   tile 0               net.c:12
 *     %9   ad_relu %8             f32 [64, 300]   workspace 0          net.c:13
 *
 * A result is in the workspace at so many bytes, in a slot if it is an f64 scalar, in an output or
 * a view, or only in a tile or panel of its step. Reshapes are their arguments' memory and are left
 * out.
 *
 * Errors: AD_ERR_DOMAIN if out or f is NULL; AD_ERR_MEMORY; AD_ERR_IO if writing fails. */
AD_API ad_status ad_fn_show_text(const ad_fn *f, FILE *out);

/* The same as a graph in the language of Graphviz: a cluster a step, boxes are leaves. A step of
 * more than 100 operations is one node. Errors: as above. */
AD_API ad_status ad_fn_show_dot(const ad_fn *f, FILE *out);

/* ---- cost ---- */

AD_API size_t ad_fn_step_count(const ad_fn *f);
AD_API size_t ad_fn_operation_count(const ad_fn *f);

/* What one call costs, known before it: of the first step_count steps and the first operation_count
 * operations, in the order in which they run. Arrays of none may be NULL.
 *
 * Errors: AD_ERR_DOMAIN if f is NULL, or an array that should hold some; AD_ERR_MEMORY. */
AD_API ad_status ad_fn_costs(const ad_fn *f, size_t step_count, ad_fn_step *steps,
                             size_t operation_count, ad_fn_operation *operations);

/* The same with the time of each step, from `runs` calls in a workspace of their own. They are real
 * calls: views are assigned, outputs are written.
 *
 * Errors: those of ad_fn_costs and, without a text, of ad_fn_run; AD_ERR_DOMAIN if runs < 1 or
 *         inputs or outputs are missing. */
AD_API ad_status ad_fn_profile(const ad_fn *f, const void *const *inputs, void *const *outputs,
                               int runs, size_t count, ad_fn_step *steps);

/* A table of all steps, what they do and the sums: with the times of the first count from
 * ad_fn_profile, or without times if steps is NULL.
 *
 * Errors: as ad_fn_show_text. */
AD_API ad_status ad_fn_show_costs(const ad_fn *f, FILE *out, size_t count, const ad_fn_step *steps);

/* ---- where a NaN or an infinity comes from ---- */

/* The operation of a call on these inputs, and on the views as they are now, that made the first
 * NaN or infinity, or the first infinite slope that was dropped; see anomaly.h. `node` is the
 * value's number in ad_fn_show_text. The call is recorded again on a tape of its own, an operation
 * at a time, whatever the threads, the memory limit and the machine code of f: with the same bits,
 * in the time and memory of a recording. Nothing is assigned, no output is written. A call that
 * has assigned a NaN to a view is past: ask before it, or with the views as they were.
 *
 * Errors, in the result: AD_ERR_DOMAIN if f is NULL, or inputs are missing; AD_ERR_MEMORY; those of
 *         an operation on these values, such as an index outside its axis, with its text. */
AD_API ad_anomaly ad_fn_anomaly(const ad_fn *f, const void *const *inputs);

/* ---- memory ---- */

/* Zeros for NULL. */
AD_API ad_fn_memory ad_fn_memory_of(const ad_fn *f);

#ifdef __cplusplus
}
#endif

#endif
