/* SPDX-License-Identifier: MIT */
/* The numeric derivatives of scalar programs. */
#include "kernels/codes_internal.h"
#include "ops/elementwise_internal.h"
#include "kernels/math_f64_internal.h"
#include "kernels/numeric_internal.h"

#include "tape/tape_internal.h"

#include <string.h>

/* One case a row: the result and the arguments, read only where the row uses them; then what
 * PARTIAL does with the cotangent of each argument. */
#define ARGUMENT(LETTER, INDEX)                                                                    \
    const double LETTER = value[arg[INDEX]].scalar;                                                \
    (void)LETTER;
#define CASE(NAME, ...)                                                                            \
    case NAME##__code: {                                                                           \
        const double z = value[node].scalar;                                                       \
        (void)z;                                                                                   \
        __VA_ARGS__                                                                                \
        break;                                                                                     \
    }
#define AD_UNARY(NAME, VALUE, DX, ...) CASE(NAME, ARGUMENT(x, 0) PARTIAL(0, DX))
#define AD_BINARY(NAME, VALUE, DX, DY, ...)                                                        \
    CASE(NAME, ARGUMENT(x, 0) ARGUMENT(y, 1) PARTIAL(0, DX) PARTIAL(1, DY))
#define AD_TERNARY(NAME, VALUE, DX, DY, DW, ...)                                                   \
    CASE(NAME, ARGUMENT(x, 0) ARGUMENT(y, 1) ARGUMENT(w, 2) PARTIAL(0, DX) PARTIAL(1, DY)          \
                   PARTIAL(2, DW))
#define AD_ZERO 0
#define AD_TIE(INDEX) (nodes[arg[INDEX]].code == AD__CONSTANT ? 0 : 0.5)

/* The jump of each node is predicted by low bits of addresses: the same ones, whatever the size of
 * the code before. Others would take some programs a quarter more time. */
#define AT_A_PAGE __attribute__((aligned(4096)))

/* One comparison, where that of doubles has another for NaN. */
static inline int is_zero(double g)
{
    uint64_t bits;
    memcpy(&bits, &g, sizeof bits);
    return bits << 1 == 0;
}

#define PARTIAL(INDEX, EXPRESSION) adjoint[arg[INDEX]] += EXPRESSION;
AT_A_PAGE
void ad__sweep_scalars(const ad__node *nodes, const ad__slot *value, uint32_t first, uint32_t last,
                       double *restrict adjoint)
{
    for (uint32_t node = last; node >= first; node--) {
        const double g = adjoint[node];
        const uint32_t *arg = nodes[node].arg;
        if (is_zero(g)) {
            continue;
        }
        switch (nodes[node].code) {
#include "ops/ops.def"
        default:
            break; /* a leaf keeps its adjoint */
        }
    }
}
#undef PARTIAL

/* A function of its own: the comparison costs a sixth of the time. */
#define PARTIAL(INDEX, EXPRESSION)                                                                 \
    adjoint[arg[INDEX] >= first ? arg[INDEX] - first + 1 : 0] += EXPRESSION;
AT_A_PAGE
void ad__sweep_piece(const ad__node *nodes, const ad__slot *value, uint32_t first, uint32_t last,
                     double *restrict adjoint)
{
    for (uint32_t node = last; node >= first; node--) {
        const double g = adjoint[node - first + 1];
        const uint32_t *arg = nodes[node].arg;
        if (g == 0) {
            continue;
        }
        switch (nodes[node].code) {
#include "ops/ops.def"
        default:
            break;
        }
    }
}
#undef PARTIAL

#define PARTIAL(INDEX, EXPRESSION) contribution[INDEX] = EXPRESSION;
void ad__contributions_of(const ad__node *nodes, const ad__slot *value, uint32_t node, double g,
                          double *contribution)
{
    const uint32_t *arg = nodes[node].arg;
    switch (nodes[node].code) {
#include "ops/ops.def"
    default:
        break; /* a leaf has none */
    }
}
#undef PARTIAL

#undef AD_UNARY
#undef AD_BINARY
#undef AD_TERNARY
#undef CASE

void ad__add_elements(const ad_tape *tape, ad_type type, size_t n, const void *x, void *z)
{
    tape->loops[type][ad_add__code](n, (const void *[]){z, x}, (const size_t[]){1, 1}, z);
}
