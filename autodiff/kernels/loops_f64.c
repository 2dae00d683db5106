/* SPDX-License-Identifier: MIT */
/* The loops of the elementwise rows over double. */
#include "kernels/levels_internal.h"
#include "kernels/math_f64_internal.h"

#define LOOPS AD__AT_LEVEL(ad__loops_f64)
#include "kernels/loops_internal.h"
