/* SPDX-License-Identifier: MIT */
/* Which operation made a value worse than what it was made of. */
#include "look/anomaly_internal.h"

#include <math.h>
#include <string.h>

static int rank_of(double value)
{
    return isfinite(value) ? AD__FINITE : isnan(value) ? AD__UNDEFINED : AD__INFINITE;
}

/* What is made of a constant is judged. */
int ad__operand_rank(const ad_tape *tape, uint32_t node, double value)
{
    int rank = rank_of(value);
    return tape->node[node].code == AD__CONSTANT && rank == AD__UNDEFINED ? AD__INFINITE : rank;
}

/* 1 if every element is finite, which is when its exponent is not all ones: integer tests, many at
 * a time, for the case to be fast in. */
static int all_finite(const ad_tape *tape, uint32_t node)
{
    const ad__spec *spec = ad__spec_of(tape, node);
    const char *data = ad__data_of(tape, node);
    const uint64_t wide = UINT64_C(0x7ff) << 52;
    const uint32_t narrow = UINT32_C(0xff) << 23;
    uint64_t stray = 0, f64;
    uint32_t f32;
    for (size_t i = 0; i < spec->count && spec->type == AD_F64; i++) {
        memcpy(&f64, data + i * sizeof f64, sizeof f64);
        stray |= (f64 & wide) == wide;
    }
    for (size_t i = 0; i < spec->count && spec->type == AD_F32; i++) {
        memcpy(&f32, data + i * sizeof f32, sizeof f32);
        stray |= (f32 & narrow) == narrow;
    }
    return stray == 0;
}

/* By NumPy's broadcasting. */
size_t ad__met(const ad_tape *tape, uint32_t node, int a, size_t i)
{
    const ad_shape *result = &ad__spec_of(tape, node)->shape;
    const ad_shape *arg = &ad__spec_of(tape, tape->node[node].arg[a])->shape;
    size_t index = 0, stride = 1;
    for (int k = 1; k <= arg->rank; k++) {
        size_t len = (size_t)result->len[result->rank - k];
        size_t own = (size_t)arg->len[arg->rank - k];
        index += (own == 1 ? 0 : i % len) * stride;
        stride *= own;
        i /= len;
    }
    return index;
}

/* The element with the largest magnitude, NaN above all. */
static double extreme(const ad_tape *tape, uint32_t node)
{
    double worst = 0;
    for (size_t i = 0, count = ad__spec_of(tape, node)->count; i < count; i++) {
        double x = ad__element_of(tape, node, i);
        if (isnan(x)) {
            return NAN;
        }
        worst = fabs(x) > fabs(worst) ? x : worst;
    }
    return worst;
}

int ad__worst_argument(const ad_tape *tape, uint32_t node, ad_anomaly *out)
{
    int args, worst = AD__FINITE;
    const uint32_t *arg = ad__args_of(tape, node, &args);
    out->count = args < 3 ? args : 3;
    for (int a = 0; a < args && ad__op_of(tape, node)->arity == 0; a++) {
        double x = extreme(tape, arg[a]);
        int rank = ad__operand_rank(tape, arg[a], x);
        worst = rank > worst ? rank : worst;
        if (a < 3) {
            out->operand[a] = x;
        }
    }
    return worst;
}

int ad__makes_element(const ad_tape *tape, uint32_t node, size_t i, int before, ad_anomaly *out)
{
    int args;
    const uint32_t *arg = ad__args_of(tape, node, &args);
    double z = ad__element_of(tape, node, i);
    int rank = rank_of(z);
    for (int a = 0; a < args && rank > AD__FINITE && ad__op_of(tape, node)->arity > 0; a++) {
        out->operand[a] = ad__element_of(tape, arg[a], ad__met(tape, node, a, i));
        int own = ad__operand_rank(tape, arg[a], out->operand[a]);
        before = own > before ? own : before;
    }
    if (rank <= before) {
        return 0;
    }
    out->element = i;
    out->value = isnan(z) ? NAN : z;
    for (int a = 0; a < 3; a++) {
        out->operand[a] = a >= out->count ? 0 : isnan(out->operand[a]) ? NAN : out->operand[a];
    }
    return 1;
}

int ad__makes_anomaly(const ad_tape *tape, uint32_t node, ad_anomaly *out)
{
    int worst = ad__worst_argument(tape, node, out);
    for (size_t i = 0, count = ad__spec_of(tape, node)->count; i < count; i++) {
        if (ad__makes_element(tape, node, i, worst, out)) {
            return 1;
        }
    }
    return 0;
}

int ad__is_clean(const ad_tape *tape, uint32_t node)
{
    return tape->node[node].spec == AD__SPEC_SCALAR ? isfinite(tape->value[node].scalar)
                                                    : all_finite(tape, node);
}
