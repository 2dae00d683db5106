/* SPDX-License-Identifier: MIT */
/* The kernels of reductions over double. */
#include "math_f64_internal.h"

#define ROWS ad__rows_f64
#define FLOATING 1
#include "rows_real_internal.h"
