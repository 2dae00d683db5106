/* SPDX-License-Identifier: MIT */
#include "linear_internal.h"

#include "ops/elementwise_internal.h"

#include <math.h>
#include <string.h>

enum { DEPENDS = 1, REACHES = 2, BETWEEN = DEPENDS | REACHES };

/* What is known about the nodes first .. last while steps are collected. */
typedef struct nodes {
    ad_tape *tape;
    uint32_t first, last;
    uint8_t *mark;    /* by node - first */
    uint32_t *number; /* the step of a node, by node - first */
} nodes;

/* Marks the nodes that depend on some x, then those of which some y depends. */
static void mark(const nodes *n, int results, const ad_var *y, int count, const ad_var *x)
{
    memset(n->mark, 0, (size_t)(n->last - n->first) + 1);
    for (int i = 0; i < count; i++) {
        if (x[i].ref.at.node <= n->last) {
            n->mark[x[i].ref.at.node - n->first] |= DEPENDS;
        }
    }
    for (int j = 0; j < results; j++) {
        if (y[j].tape != NULL && y[j].ref.at.node >= n->first) {
            n->mark[y[j].ref.at.node - n->first] |= REACHES;
        }
    }
    int args;
    for (uint32_t node = n->first; node <= n->last; node++) {
        const uint32_t *arg = ad__args_of(n->tape, node, &args);
        for (int i = 0; i < args && ad__op_of(n->tape, node)->vjp != NULL; i++) {
            uint8_t of = arg[i] >= n->first ? n->mark[arg[i] - n->first] : 0;
            n->mark[node - n->first] |= of & DEPENDS;
        }
    }
    for (uint32_t node = n->last; node > n->first; node--) {
        const uint32_t *arg = ad__args_of(n->tape, node, &args);
        for (int i = 0; i < args && n->mark[node - n->first] == BETWEEN; i++) {
            if (arg[i] >= n->first) {
                n->mark[arg[i] - n->first] |= REACHES;
            }
        }
    }
}

/* Numbers the steps. 0 if one of them is not a scalar of an elementwise operation or a leaf. */
static int number(const nodes *n, ad__linear *out)
{
    out->count = 0;
    for (uint32_t node = n->first; node <= n->last; node++) {
        if (n->mark[node - n->first] != BETWEEN) {
            n->number[node - n->first] = AD__NO_STEP;
            continue;
        }
        const ad__node *at = &n->tape->node[node];
        if (at->kind != AD__KIND_SCALAR || at->row == AD__STRUCTURED ||
            ad__reads_stale(n->tape, node)) {
            return 0;
        }
        n->number[node - n->first] = out->count++;
    }
    return 1;
}

static uint64_t mix(uint64_t hash, uint32_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
    return hash ^ hash >> 29;
}

/* The step of a node: its partial derivatives are the contributions of a cotangent of 1. adjoint is
 * 0 everywhere, before and after. */
static ad__step derive(const nodes *n, uint32_t node, double *adjoint)
{
    const ad_tape *tape = n->tape;
    const uint32_t *at = tape->node[node].arg;
    int args = ad__op_of(tape, node)->arity;
    ad__step step = {.count = 0};
    adjoint[node] = 1;
    ad__sweep_scalars(tape->node, tape->value, node, node, adjoint);
    for (int i = 0; i < args; i++) {
        uint32_t arg = at[i];
        int seen = 0; /* x * x: the sum of both contributions is read once */
        for (int k = 0; k < i; k++) {
            seen |= at[k] == arg;
        }
        if (!seen && arg >= n->first && n->number[arg - n->first] != AD__NO_STEP) {
            step.partial[step.count] = adjoint[arg];
            step.from[step.count++] = n->number[arg - n->first];
        }
    }
    for (int i = 0; i < args; i++) {
        adjoint[at[i]] = 0;
    }
    adjoint[node] = 0;
    return step;
}

static void collect(const nodes *n, ad__linear *out, double *adjoint)
{
    memset(adjoint, 0, ((size_t)n->last + 1) * sizeof *adjoint);
    for (uint32_t node = n->first; node <= n->last; node++) {
        uint32_t number = n->number[node - n->first];
        if (number == AD__NO_STEP) {
            continue;
        }
        ad__step step = derive(n, node, adjoint);
        out->structure = mix(out->structure, step.count);
        for (uint32_t i = 0; i < step.count; i++) {
            out->structure = mix(out->structure, step.from[i]);
            out->finite &= isfinite(step.partial[i]) != 0;
        }
        out->step[number] = step;
    }
}

/* The steps of variables and results. */
static void locate(const nodes *n, int count, const ad_var *v, uint32_t *step, uint64_t *structure)
{
    for (int i = 0; i < count; i++) {
        uint32_t node = v[i].tape != NULL ? v[i].ref.at.node : 0;
        int inside = n->number != NULL && node >= n->first && node <= n->last;
        step[i] = inside ? n->number[node - n->first] : AD__NO_STEP;
        *structure = mix(*structure, step[i]);
    }
}

static ad_status no_memory(ad_tape *tape)
{
    return ad_tape_fail(tape, AD_ERR_MEMORY, "ad_jacobian", NULL, "out of memory");
}

ad_status ad__linearise(ad_tape *tape, int results, const ad_var *y, int count, const ad_var *x,
                        ad__linear *out)
{
    nodes n = {.tape = tape, .first = UINT32_MAX};
    *out = (ad__linear){.finite = 1, .variables = count, .results = results};
    out->x = ad__arena_take(&tape->scratch, (size_t)count * sizeof *out->x);
    out->y = ad__arena_take(&tape->scratch, (size_t)results * sizeof *out->y);
    if (out->x == NULL || out->y == NULL) {
        return no_memory(tape);
    }
    for (int i = 0; i < count; i++) {
        n.first = x[i].ref.at.node < n.first ? x[i].ref.at.node : n.first;
    }
    for (int j = 0; j < results; j++) {
        uint32_t node = y[j].tape != NULL ? y[j].ref.at.node : 0;
        n.last = node > n.last ? node : n.last;
    }
    if (n.first <= n.last) {
        size_t len = (size_t)(n.last - n.first) + 1;
        n.mark = ad__arena_take(&tape->scratch, len);
        n.number = ad__arena_take(&tape->scratch, len * sizeof *n.number);
        double *adjoint = ad__arena_take(&tape->scratch, ((size_t)n.last + 1) * sizeof *adjoint);
        if (n.mark == NULL || n.number == NULL || adjoint == NULL) {
            return no_memory(tape);
        }
        mark(&n, results, y, count, x);
        if (!number(&n, out)) {
            return AD_ERR_UNSUPPORTED;
        }
        out->step = ad__arena_take(&tape->scratch, out->count * sizeof *out->step);
        if (out->step == NULL) {
            return no_memory(tape);
        }
        collect(&n, out, adjoint);
    }
    locate(&n, count, x, out->x, &out->structure);
    locate(&n, results, y, out->y, &out->structure);
    return AD_OK;
}

/* The chain rule's product: exactly 0 times an infinite derivative is 0. */
static double chain(double g, double d)
{
    return g == 0 ? 0 : g * d;
}

void ad__push_forward(const ad__linear *l, double (*t)[AD__LANES])
{
    for (uint32_t s = 0; s < l->count; s++) {
        const ad__step *step = &l->step[s];
        for (uint32_t i = 0; i < step->count; i++) {
            const double *restrict from = t[step->from[i]], p = step->partial[i];
            double *restrict to = t[s];
            for (int k = 0; k < AD__LANES; k++) {
                to[k] += l->finite ? from[k] * p : chain(from[k], p);
            }
        }
    }
}

void ad__pull_back(const ad__linear *l, double (*t)[AD__LANES])
{
    for (uint32_t s = l->count; s-- > 0;) {
        const ad__step *step = &l->step[s];
        for (uint32_t i = 0; i < step->count; i++) {
            const double *restrict from = t[s], p = step->partial[i];
            double *restrict to = t[step->from[i]];
            for (int k = 0; k < AD__LANES; k++) {
                to[k] += l->finite ? from[k] * p : chain(from[k], p);
            }
        }
    }
}
