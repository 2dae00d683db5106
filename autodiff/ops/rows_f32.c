/* SPDX-License-Identifier: MIT */
/* The kernels of reductions over float: libm's names mean its float functions here. */
#include <tgmath.h>

#define real float
#define ROWS ad__rows_f32
#define FLOATING 1
#include "rows_real_internal.h"
