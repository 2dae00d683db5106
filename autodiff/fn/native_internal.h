/* SPDX-License-Identifier: MIT */
#ifndef AD_FN_NATIVE_INTERNAL_H
#define AD_FN_NATIVE_INTERNAL_H

#include "../fn.h"
#include "steps_internal.h"

/* Parts of a function that a C compiler has made machine code of: small steps one after the other
 * without anything between them, and blocks as one loop. Large products, and what can end in an
 * error, stay the library's. The text is that of the emitted C, over a call's own cells and slots,
 * so that the bits are those of the other steps. */

/* Steps first .. end - 1, all of which are native. */
typedef void ad__native_steps(void *const *cell, double *slot, void *room, size_t first,
                              size_t end);

typedef struct ad__native {
    void *library; /* NULL: nothing is native */
    ad__native_steps *steps;
    uint32_t *end; /* by step: of the native ones that begin there, or the step itself */
} ad__native;

/* Makes what it can of the plan of f native, by the compiler that f names. Where there is none, or
 * it fails, nothing is, and why says it. Errors: AD_ERR_MEMORY. */
ad_status ad__native_make(ad_fn *f, ad_error *why);
void ad__native_clear(ad__native *n);

/* Compiles a text and loads it; NULL if that cannot be done, and why says it. The library is closed
 * by ad__library_close (NULL is fine). */
void *ad__library_open(const char *compiler, const char *text, size_t len, ad_error *why);
void *ad__library_symbol(void *library, const char *name);
void ad__library_close(void *library);

#endif
