/* SPDX-License-Identifier: MIT */
/* Slopes that a derivative dropped because their cotangent is exactly 0. */
#include "look/anomaly_internal.h"

#include <math.h>
#include <string.h>

int ad__is_chain(const ad_tape *tape, uint32_t node)
{
    return ad__has(ad__op_of(tape, node), AD__CHAIN) && ad__is_derived(tape, node) &&
           ad__is_derived(tape, tape->node[node].arg[0]);
}

static int is_zero_at(const ad_tape *tape, uint32_t node, int a, size_t i)
{
    return ad__element_of(tape, tape->node[node].arg[a], ad__met(tape, node, a, i)) == 0;
}

/* Whether a choice, or a constant, made element i of a node the 0 that it is: what it multiplies
 * has then no part in the result, near this point too. */
static int is_chosen(const ad_tape *tape, uint32_t node, size_t i)
{
    for (;;) {
        const ad_op *op = ad__op_of(tape, node);
        int next = 0;
        if (ad__has(op, AD__SELECTS)) {
            next = is_zero_at(tape, node, 0, i) ? 2 : 1;
        } else if (ad__has(op, AD__LINEAR)) {
            while (next + 1 < op->arity && !is_zero_at(tape, node, next, i)) {
                next++;
            }
        } else {
            return op->code == AD__CONSTANT || ad__has(op, AD__COMPARES);
        }
        i = ad__met(tape, node, next, i);
        node = tape->node[node].arg[next];
    }
}

int ad__drops(const ad_tape *tape, uint32_t chain, size_t i)
{
    const uint32_t *arg = tape->node[chain].arg;
    return is_zero_at(tape, chain, 0, i) &&
           !isfinite(ad__element_of(tape, arg[1], ad__met(tape, chain, 1, i))) &&
           !is_chosen(tape, arg[0], ad__met(tape, chain, 0, i));
}

uint32_t ad__maker_of(const ad_tape *tape, uint32_t node, size_t i, ad_anomaly *out)
{
    for (;;) {
        int args, worst = ad__worst_argument(tape, node, out), most = AD__FINITE, next = 0;
        const uint32_t *arg = ad__args_of(tape, node, &args);
        if (ad__makes_element(tape, node, i, worst, out) || ad__op_of(tape, node)->arity == 0) {
            out->value = ad__element_of(tape, node, i);
            return node;
        }
        for (int a = 0; a < args; a++) {
            int rank = ad__operand_rank(tape, arg[a], out->operand[a]);
            next = rank > most ? a : next;
            most = rank > most ? rank : most;
        }
        i = ad__met(tape, node, next, i);
        node = arg[next];
    }
}

void ad__mark_lasting(const ad_tape *tape, const uint8_t *marks, uint32_t first, uint8_t *lasting)
{
    memset(lasting, 0, tape->count - first);
    for (uint32_t node = tape->count - 1; node >= first; node--) {
        int args;
        const uint32_t *arg = ad__args_of(tape, node, &args);
        if (marks != NULL && !marks[node]) {
            continue;
        }
        const int is_fine = ad__is_clean(tape, node);
        const int selects = ad__has(ad__op_of(tape, node), AD__SELECTS);
        const int passes_on =
            !is_fine && ad__is_derived(tape, node) && !selects && lasting[node - first] == AD__USED;
        const int drops = is_fine && (selects || ad__is_chain(tape, node));
        for (int a = 0; a < args; a++) {
            int is_dropped = passes_on || (drops && a > 0);
            if (arg[a] >= first) {
                lasting[arg[a] - first] |= is_dropped ? AD__USED : AD__LASTING;
            }
        }
    }
}
