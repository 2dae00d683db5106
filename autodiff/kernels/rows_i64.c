/* SPDX-License-Identifier: MIT */
/* The kernels of reductions over whole numbers. */
#include <stdint.h>

#define real int64_t
#define ROWS ad__rows_i64
#define FLOATING 0
#include "kernels/rows_real_internal.h"
