/* SPDX-License-Identifier: MIT */
/* The elementwise rows over float. */
#include "math_f32_internal.h"

#define LOOP(name) name##__f32
#include "numeric_internal.h"
