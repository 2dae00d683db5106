/* SPDX-License-Identifier: MIT */
/* Runs of scalars in compiled functions. */
#include "kernels/codes_internal.h"
#include "ops/elementwise_internal.h"
#include "kernels/math_f64_internal.h"
#include "kernels/numeric_internal.h"

/* Each operation jumps to the next one by itself, through the address of its label, which gcc and
 * clang have: from one jump for all, as of a switch, a processor guesses worse, by a third of the
 * time. */
#pragma GCC diagnostic ignored "-Wpedantic"

void ad__run_scalars(const ad__scalar_op *op, double *v)
{
    static const void *const label[] = {
        [AD__STRUCTURED] = &&end,
#define AD_UNARY(NAME, ...) [NAME##__code] = &&NAME##__label,
#define AD_BINARY(NAME, ...) [NAME##__code] = &&NAME##__label,
#define AD_TERNARY(NAME, ...) [NAME##__code] = &&NAME##__label,
#include "ops/ops.def"
#undef AD_UNARY
#undef AD_BINARY
#undef AD_TERNARY
    };
    goto *label[op->code];

#define CODE(NAME, ...)                                                                            \
    NAME##__label : v[op->z] = NAME(__VA_ARGS__);                                                  \
    op++;                                                                                          \
    goto *label[op->code];
#define AD_UNARY(NAME, ...) CODE(NAME, v[op->x[0]])
#define AD_BINARY(NAME, ...) CODE(NAME, v[op->x[0]], v[op->x[1]])
#define AD_TERNARY(NAME, ...) CODE(NAME, v[op->x[0]], v[op->x[1]], v[op->x[2]])
#include "ops/ops.def"
end:
    return;
}
