/* SPDX-License-Identifier: MIT */
#ifndef AD_TAPE_H
#define AD_TAPE_H

#include "arena.h"
#include "shape.h"
#include "var.h"

/* The tape: the list of operations in the order in which they were recorded, with their values.
 *
 * Recording is eager: a value can be read, and C's own `if` and `for` can act on it, as soon as its
 * operation is recorded. The first error is kept with its operation, shapes and line; operations
 * after it do nothing, so that a program checks once, at the end.
 *
 * A tape owns every value on it. Many tapes may live in many threads, one thread a tape at a time.
 */

/* A place on a tape to come back to. */
typedef struct ad_mark {
    const ad_tape *tape;
    uint32_t node, tag, detail, argument;
    void *block;
    size_t used;
} ad_mark;

#ifdef __cplusplus
extern "C" {
#endif

/* ---- life and errors [everyday] ---- */

/* An empty tape, in the C library's memory if no allocator is given; NULL if out of memory.
 * Owns: the caller, until ad_tape_free (NULL is fine). */
AD_API ad_tape *ad_tape_new(void);
AD_API ad_tape *ad_tape_new_in(const ad_allocator *allocator);
AD_API void ad_tape_free(ad_tape *tape);

/* The first error since the tape was new, or AD_OK; and its text, "" if there is none. The text
 * belongs to the tape. A NULL tape reports AD_ERR_MEMORY: ad_tape_new needs no check of its own. */
AD_API ad_status ad_tape_status(const ad_tape *tape);
AD_API const char *ad_tape_message(const ad_tape *tape);

/* Forgets the error; dead handles stay dead. */
AD_API void ad_tape_clear_error(ad_tape *tape);

/* For the builders of operations outside the library: keeps an error, unless there is one already,
 * and returns the tape's status. origin is a function's name; site as AD_HERE, or NULL: the line
 * that ad_tape_set_site has set. AD_OK is no error and keeps none; a NULL tape keeps nothing. */
AD_API ad_status ad_tape_fail(ad_tape *tape, ad_status status, const char *origin, const char *site,
                              const char *format, ...) AD_PRINTF(5, 6);

/* The line of all that is recorded without one of its own, until another is set; NULL: none. For
 * builders of many operations, whose users want to read their own line in errors and listings:
 * between two calls of this, plain functions as (ad_mul)(x, y) record at that line, and so do the
 * macros in a file compiled with -DAD_NO_HERE. Derivatives are recorded at the line of the
 * operation that they are of. Returns the line before, to be set again at the end. */
AD_API const char *ad_tape_set_site(ad_tape *tape, const char *site);

/* ---- mark and rewind [everyday] ---- */

/* Rewinding forgets what was recorded since the mark and keeps its memory for the next time, so a
 * repeated step allocates nothing after its first run. Handles to forgotten values are detected
 * when used, unless kept for more than 1,000 million rewinds. A mark may be rewound to any number
 * of times.
 *
 * Errors: AD_ERR_STALE if the tape has been rewound to before the mark; AD_ERR_FOREIGN if the mark
 * is of another tape, or of none. */
AD_API ad_mark ad_tape_mark(const ad_tape *tape);
AD_API ad_status ad_tape_rewind(ad_tape *tape, ad_mark mark);

/* ---- reading values [everyday] ---- */

/* The value of a scalar, or of a tensor of one element, as a double. NaN for a dead or stale handle
 * and for other tensors: read those with ad_data or ad_read. */
AD_API double ad_value(ad_var x);

/* Type and shape; of a dead handle AD_F64 and []. */
AD_API ad_type ad_type_of(ad_var x);
AD_API ad_shape ad_shape_of(ad_var x);

/* The number of elements; 0 for a dead handle. */
AD_API size_t ad_count(ad_var x);

/* The elements, row-major. Owns: the tape; valid until it is freed or rewound past x, and for an
 * f64 scalar only until the next operation is recorded. NULL for dead handles and literals. */
AD_API const void *ad_data(ad_var x);

/* Copies the elements, converted to double, into out, which has room for count.
 *
 * Errors: the tape's; AD_ERR_STALE for a dead or stale handle; AD_ERR_SHAPE unless x has count
 * elements; AD_ERR_DOMAIN if out is NULL. */
AD_API ad_status ad_read(ad_var x, size_t count, double *out);

/* Whether a condition holds, that is, is not 0, for C's own `if`, `while` and `?:`
 *
 *   if (ad_branch(ad_less(x, y))) { .. }
 *
 * A compiled function takes the branch that was recorded. With ad_fn_options.guard it can tell when
 * C would have taken another one: by a condition asked for here, or by a value read with one of the
 * functions above that is one of few: a comparison, a sign, a rounded number, an argmax or another
 * integer that was computed, and what elementwise operations, ad_max, ad_min and those that move
 * elements make of these alone. Other numbers that are read (`if (ad_value(x) > 0)`) do not show
 * what they are read for.
 *
 * Errors: AD_ERR_SHAPE unless it is one number, and 0; 0 also for a dead or stale handle. */
AD_API int ad_branch(ad_var condition);

/* 1 if an operation that made x failed, or x was forgotten by a rewind. */
AD_API int ad_is_dead(ad_var x);

/* ---- shapes that are taken from variables [extending] ---- */

/* z, which was recorded last with the shape of x: a function that is resized (ad_fn_resized) gives
 * it the shape that x has then. Without it, such a shape is constant:
 *
 *   ad_shaped_like(ad_random_bernoulli(key, 0, 0.5, ad_shape_of(x), AD_F64), x)
 *
 * No error and no effect if z has not x's shape, or is not the last one recorded. */
AD_API ad_var ad_shaped_like(ad_var z, ad_var x);

/* ---- size [rarely] ---- */

/* Nodes recorded, and bytes of heap memory held. */
AD_API size_t ad_tape_len(const ad_tape *tape);
AD_API size_t ad_tape_bytes(const ad_tape *tape);

/* Threads that large matrix products may use; 1 at first. Results do not depend on it.
 * Errors: AD_ERR_DOMAIN if count < 1. */
AD_API ad_status ad_tape_set_threads(ad_tape *tape, int count);

#ifdef __cplusplus
}
#endif

#endif
