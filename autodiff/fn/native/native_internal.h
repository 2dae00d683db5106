/* SPDX-License-Identifier: MIT */
#ifndef AD_FN_NATIVE_NATIVE_INTERNAL_H
#define AD_FN_NATIVE_NATIVE_INTERNAL_H

#include "fn/run/fn_internal.h"

#include <sys/types.h>

/* Parts of a function that a C compiler has made machine code of: small steps one after the other
 * without anything between them, and blocks as one loop. Large products, and what can end in an
 * error, stay the library's. The text is that of the emitted C, over a call's own cells and slots,
 * so that the bits are those of the other steps. */

/* Makes what it can of the plan of f native, by the compiler that f names. Where there is none, or
 * it fails, nothing is, and why says it. Errors: AD_ERR_MEMORY. */
ad_status ad__native_make(ad_fn *f, ad_error *why);
void ad__native_clear(ad__native *n);

/* A scalar function over rows: at[value] are n numbers of an input or output, or the one number of
 * a constant or view. */
typedef struct ad__native_rows {
    void *library; /* NULL: it is not native */
    void (*run)(size_t n, const void *const *at);
} ad__native_rows;

/* Where the compiler cannot be run or the function is very long, it is not. Errors:
 * AD_ERR_MEMORY. */
ad_status ad__native_rows_make(const ad__program *p, const char *compiler, ad__native_rows *out);

/* How every text begins: operations become part of the loops that they are in, a step stays a
 * function. */
#define AD__NATIVE_HEAD                                                                            \
    "#include <math.h>\n#include <stddef.h>\n#include <stdint.h>\n#include <string.h>\n\n"         \
    "#define inline inline __attribute__((always_inline))\n"                                       \
    "#define STEP __attribute__((noinline)) static\n"

/* Compiles a text and loads it; NULL if that cannot be done, and why says it. The library is closed
 * by ad__library_close (NULL is fine). */
void *ad__library_open(const char *compiler, const char *text, size_t len, ad_error *why);
/* The exit status of a process that leads a group, as waitpid gives it; after so many seconds the
 * group is killed. */
int ad__wait_for_process(pid_t child, int seconds);

void *ad__library_symbol(void *library, const char *name);
void ad__library_close(void *library);

#endif
