/* SPDX-License-Identifier: MIT */
#ifndef AD_OPS_CLONES_INTERNAL_H
#define AD_OPS_CLONES_INTERNAL_H

/* CLONES before a function with plain loops that the compiler turns into vectors: it is built for
 * baseline x86-64 and two later levels, the best of which is picked when the library is loaded; too
 * early for sanitizers. The bits do not depend on the level: nothing is reordered or contracted. */
#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) &&                             \
    !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#define CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define CLONES
#endif

/* FLAT before a function whose loops need every inline function that they call inlined. */
#if defined(__GNUC__)
#define FLAT __attribute__((flatten))
#else
#define FLAT
#endif

#endif
