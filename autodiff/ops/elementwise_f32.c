/* SPDX-License-Identifier: MIT */
/* The elementwise rows over float: libm's names mean its float functions here. */
#include <tgmath.h>

#define real float
#define REAL(c) ((float)(c))
#define LOOP(name) name##__f32
#include "numeric_internal.h"
