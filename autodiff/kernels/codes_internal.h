/* SPDX-License-Identifier: MIT */
#ifndef AD_KERNELS_CODES_INTERNAL_H
#define AD_KERNELS_CODES_INTERNAL_H

/* What a node of a tape is: a structured operation, a leaf or a row of ops.def. Included by few, so
 * that a new row compiles few files again; others know the leaves alone (leaves_internal.h). */
#include "kernels/leaves_internal.h"
#include "kernels/loop_internal.h"

enum {
    AD__BEFORE_FIRST = AD__FIRST_CODE - 1,
#define AD_UNARY(name, ...) name##__code,
#define AD_BINARY(name, ...) name##__code,
#define AD_TERNARY(name, ...) name##__code,
#define AD_STRUCTURED(name, ...)
#define AD_COMPOSED(type, name, ...)
#include "ops/ops.def"
#undef AD_UNARY
#undef AD_BINARY
#undef AD_TERNARY
#undef AD_STRUCTURED
#undef AD_COMPOSED
    AD__CODE_END
};
_Static_assert((int)AD__CODE_END <= (int)AD__DEAD, "more rows than codes: raise AD__DEAD");

/* The loops of a level, by the rows' numbers. */
typedef struct ad__loop_table {
    ad__loop *of[AD__CODE_END];
} ad__loop_table;

#endif
