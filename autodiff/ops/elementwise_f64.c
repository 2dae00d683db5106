/* SPDX-License-Identifier: MIT */
/* The elementwise rows over double. */
#include <math.h>

#define real double
#define REAL(c) (c)
#define KERNELS(name) name##__f64
#define SCALARS 1
#include "numeric_internal.h"
