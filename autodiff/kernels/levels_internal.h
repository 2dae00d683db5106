/* SPDX-License-Identifier: MIT */
#ifndef AD_KERNELS_LEVELS_INTERNAL_H
#define AD_KERNELS_LEVELS_INTERNAL_H

#include "base/cpu_internal.h"

/* Levels of x86-64. Files of plain loops (loops_*.c, rows_*.c) are built for the baseline, and once
 * more for each later level, with LEVEL set to _v3 (AVX2) and _v4 (AVX-512). The bits do not depend
 * on the level: nothing is reordered or contracted. */

/* The name, in such a file, of what it is there for. */
#ifndef LEVEL
#define LEVEL
#endif
#define AD__AT_LEVEL(name) AD__LEVEL_PASTE(name, LEVEL)
#define AD__LEVEL_PASTE(name, level) AD__LEVEL_PASTED(name, level)
#define AD__LEVEL_PASTED(name, level) name##level

/* Elsewhere: the things of one name at every level, as elements of an array; and how many. */
#if defined(__x86_64__)
#define AD__EVERY_LEVEL(name) name, name##_v3, name##_v4
enum { AD__LEVELS = 3 };
#else
#define AD__EVERY_LEVEL(name) name
enum { AD__LEVELS = 1 };
#endif

/* The best level of this CPU. */
static inline int ad__level(void)
{
    return ad__cpu_vectors() / 256;
}

#endif
