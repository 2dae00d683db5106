/* SPDX-License-Identifier: MIT */
/* The loops of the elementwise rows over double. */
#include "levels_internal.h"
#include "math_f64_internal.h"

#define LOOPS AD__AT_LEVEL(ad__loops_f64)
#include "loops_internal.h"
