/* SPDX-License-Identifier: MIT */
/* Compiles the kernels of a file for every element type. The file includes itself by this:
 *
 *   #ifdef real // texts: real
 *   static inline int TYPED(largest)(const ad__args *a) { .. over `real` .. }
 *   #else // texts: end
 *   #define AD__KERNELS "ops/name.c"
 *   #include "kernels/every_type_internal.h"
 *   .. AD__KERNEL(largest, type) ..
 *   #endif
 *
 * real_total is real, but unsigned for i64, so that sums wrap around. */

#define real double
#define real_total double
#define TYPED(name) name##_f64
#include "kernels/common_real_internal.h"
#include AD__KERNELS /* NOLINT(bugprone-suspicious-include) */
#undef real
#undef real_total
#undef TYPED

#define real float
#define real_total float
#define TYPED(name) name##_f32
#include "kernels/common_real_internal.h"
#include AD__KERNELS /* NOLINT(bugprone-suspicious-include) */
#undef real
#undef real_total
#undef TYPED

#define real int64_t
#define real_total uint64_t
#define TYPED(name) name##_i64
#include "kernels/common_real_internal.h"
#include AD__KERNELS /* NOLINT(bugprone-suspicious-include) */
#undef real
#undef real_total
#undef TYPED
