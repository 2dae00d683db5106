/* SPDX-License-Identifier: MIT */

/* The elementwise rows over numbers: for each row a function under the operation's own name, which
 * the partials of other rows call. Included once a number type, after math_f64_internal.h or
 * math_f32_internal.h. */

#include "kernels/real_internal.h"

#define AD_STRUCTURED(name, ...)
#define AD_COMPOSED(type, name, ...)

#define AD_UNARY(NAME, VALUE, ...)                                                                 \
    static inline real NAME(real x)                                                                \
    {                                                                                              \
        return VALUE;                                                                              \
    }
#define AD_BINARY(NAME, VALUE, ...)                                                                \
    static inline real NAME(real x, real y)                                                        \
    {                                                                                              \
        return VALUE;                                                                              \
    }
#define AD_TERNARY(NAME, VALUE, ...)                                                               \
    static inline real NAME(real x, real y, real w)                                                \
    {                                                                                              \
        return VALUE;                                                                              \
    }
#include "ops/ops.def"
#undef AD_UNARY
#undef AD_BINARY
#undef AD_TERNARY
