/* SPDX-License-Identifier: MIT */
#include "anomaly.h"

#include "text_internal.h"
#include "trace_internal.h"

#include <math.h>
#include <string.h>

/* How bad a value is. */
enum { FINITE, INFINITE, UNDEFINED };

static int rank_of(double value)
{
    return isfinite(value) ? FINITE : isnan(value) ? UNDEFINED : INFINITE;
}

/* A constant may be meant to be infinite, or NaN: what is made of it is judged. */
static int operand_rank(const ad_tape *tape, uint32_t node, double value)
{
    int rank = rank_of(value);
    return tape->node[node].row == AD__CONSTANT && rank == UNDEFINED ? INFINITE : rank;
}

/* 1 if every element is finite, which is when its exponent is not all ones: integer tests, many at
 * a time, for the case to be fast in. */
static int all_finite(const ad_tape *tape, uint32_t node)
{
    const ad__kind *kind = ad__kind_of(tape, node);
    const char *data = ad__data_of(tape, node);
    const uint64_t wide = UINT64_C(0x7ff) << 52;
    const uint32_t narrow = UINT32_C(0xff) << 23;
    uint64_t stray = 0, f64;
    uint32_t f32;
    for (size_t i = 0; i < kind->count && kind->type == AD_F64; i++) {
        memcpy(&f64, data + i * sizeof f64, sizeof f64);
        stray |= (f64 & wide) == wide;
    }
    for (size_t i = 0; i < kind->count && kind->type == AD_F32; i++) {
        memcpy(&f32, data + i * sizeof f32, sizeof f32);
        stray |= (f32 & narrow) == narrow;
    }
    return stray == 0;
}

/* The element of an argument that meets element i of the result, by NumPy's broadcasting. */
static size_t broadcast_index(const ad_shape *result, const ad_shape *arg, size_t i)
{
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
    for (size_t i = 0, count = ad__kind_of(tape, node)->count; i < count; i++) {
        double x = ad__element_of(tape, node, i);
        if (isnan(x)) {
            return NAN;
        }
        worst = fabs(x) > fabs(worst) ? x : worst;
    }
    return worst;
}

/* Whether a node made a value worse than its operands; fills in which, and them. */
static int makes_anomaly(const ad_tape *tape, uint32_t node, ad_anomaly *out)
{
    int args, worst = FINITE, is_elementwise = ad__op_of(tape, node)->arity > 0;
    const uint32_t *arg = ad__args_of(tape, node, &args);
    const ad__kind *kind = ad__kind_of(tape, node);
    double largest[3] = {0, 0, 0};
    for (int a = 0; a < args && !is_elementwise; a++) {
        double x = extreme(tape, arg[a]);
        int rank = operand_rank(tape, arg[a], x);
        worst = rank > worst ? rank : worst;
        if (a < 3) {
            largest[a] = x;
        }
    }
    out->count = args < 3 ? args : 3;
    for (size_t i = 0; i < kind->count; i++) {
        double z = ad__element_of(tape, node, i);
        int rank = rank_of(z), before = worst;
        for (int a = 0; a < args && rank > FINITE && is_elementwise; a++) {
            size_t k = broadcast_index(&kind->shape, &ad__kind_of(tape, arg[a])->shape, i);
            largest[a] = ad__element_of(tape, arg[a], k);
            int own = operand_rank(tape, arg[a], largest[a]);
            before = own > before ? own : before;
        }
        if (rank > before) {
            out->element = i;
            out->value = isnan(z) ? NAN : z;
            for (int a = 0; a < 3; a++) {
                out->operand[a] = isnan(largest[a]) ? NAN : largest[a];
            }
            return 1;
        }
    }
    return 0;
}

/* ---- the sentence ---- */

static void describe(const ad_tape *tape, uint32_t node, ad_anomaly *out)
{
    char *text = out->message;
    size_t bytes = sizeof out->message;
    int args, is_elementwise = ad__op_of(tape, node)->arity > 0;
    const uint32_t *arg = ad__args_of(tape, node, &args);
    const ad__kind *kind = ad__kind_of(tape, node);
    char shape[160];
    text[0] = '\0';
    ad__say(text, bytes, args > 0 ? "%s made " : "%s holds ", out->op);
    ad__say_number(text, bytes, out->value, 6);
    for (int a = 0; a < out->count; a++) {
        const ad__kind *own = ad__kind_of(tape, arg[a]);
        ad__say(text, bytes, a == 0 ? " of " : a + 1 == out->count ? " and " : ", ");
        if (!is_elementwise) {
            ad__say(text, bytes, "%s up to ", ad_shape_print(&own->shape, shape, sizeof shape));
        }
        ad__say_number(text, bytes, out->operand[a], 6);
    }
    if (kind->shape.rank > 0) {
        ad__say(text, bytes, " at element ");
        ad__say_index(text, bytes, &kind->shape, out->element);
    }
    if (out->is_derivative) {
        ad__say(text, bytes, ", in a derivative");
    }
    if (out->site != NULL) {
        ad__say(text, bytes, " (%s)", out->site);
    }
}

/* Searches the marked nodes; marks NULL: all. */
static ad_anomaly search(const ad_tape *tape, const uint8_t *marks)
{
    ad_anomaly found = {.found = 0};
    for (uint32_t node = 1; node < tape->count; node++) {
        const ad__node *n = &tape->node[node];
        int is_clean = n->kind == AD__KIND_SCALAR ? isfinite(tape->value[node].scalar)
                                                  : all_finite(tape, node);
        if (is_clean || (marks != NULL && !marks[node]) || n->row == AD__CONSTANT ||
            !makes_anomaly(tape, node, &found)) {
            continue;
        }
        found.found = 1;
        found.op = ad__op_of(tape, node)->name;
        found.site = tape->site[node];
        found.is_derivative = ad__is_derived(tape, node);
        found.node = node;
        describe(tape, node, &found);
        return found;
    }
    found = (ad_anomaly){.found = 0};
    ad__say(found.message, sizeof found.message, "no operation made a nan or an infinity");
    return found;
}

ad_anomaly ad_tape_anomaly(const ad_tape *tape)
{
    if (tape == NULL) {
        return (ad_anomaly){.status = AD_ERR_MEMORY, .message = "ad_tape_new: out of memory"};
    }
    return search(tape, NULL);
}

ad_anomaly ad_anomaly_of(ad_var y)
{
    ad_anomaly result = {.found = 0};
    if (y.tape == NULL) {
        ad__say(result.message, sizeof result.message, "a number was made by no operation");
        return result;
    }
    if (ad_is_dead(y)) {
        int has_error = ad_tape_status(y.tape) != AD_OK;
        result.status = AD_ERR_STALE;
        ad__say(result.message, sizeof result.message, "ad_anomaly_of: %s",
                has_error ? ad_tape_message(y.tape) : "the variable is dead or was forgotten");
        return result;
    }
    ad__arena_mark before = ad__arena_mark_here(&y.tape->scratch);
    uint8_t *marks = ad__arena_take(&y.tape->scratch, y.tape->count);
    if (marks == NULL) {
        result.status = AD_ERR_MEMORY;
        ad__say(result.message, sizeof result.message, "ad_anomaly_of: out of memory");
        return result;
    }
    ad__mark_ancestors(y.tape, 1, &y, marks);
    result = search(y.tape, marks);
    ad__arena_rewind(&y.tape->scratch, before);
    return result;
}
