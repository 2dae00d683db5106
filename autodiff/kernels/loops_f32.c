/* SPDX-License-Identifier: MIT */
/* The loops of the elementwise rows over float. */
#include "kernels/levels_internal.h"
#include "kernels/math_f32_internal.h"

#define LOOPS AD__AT_LEVEL(ad__loops_f32)
#include "kernels/loops_internal.h"
