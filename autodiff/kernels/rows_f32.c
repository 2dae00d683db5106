/* SPDX-License-Identifier: MIT */
/* The kernels of reductions over float. */
#include "kernels/math_f32_internal.h"

#define ROWS ad__rows_f32
#define FLOATING 1
#include "kernels/rows_real_internal.h"
