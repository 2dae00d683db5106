/* SPDX-License-Identifier: MIT */
/* The kernels of reductions over double. */
#include "kernels/math_f64_internal.h"

#define ROWS ad__rows_f64
#define FLOATING 1
#include "kernels/rows_real_internal.h"
