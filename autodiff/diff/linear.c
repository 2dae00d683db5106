/* SPDX-License-Identifier: MIT */
#include "diff/linear_internal.h"

#include "ops/elementwise_internal.h"

#include <math.h>
#include <string.h>

/* What is known about the nodes first .. last while steps are collected. */
typedef struct nodes {
    ad_tape *tape;
    uint32_t first, last;
    uint8_t *reaches; /* by node - first: 1 if some y depends on it through derivatives */
    uint32_t *number; /* the step of a node, by node - first */
} nodes;

/* Marks what the results depend on; returns how many nodes those are. */
static size_t mark(const nodes *n, int results, const ad_var *y)
{
    const ad_tape *tape = n->tape;
    size_t count = 0;
    memset(n->reaches, 0, (size_t)(n->last - n->first) + 1);
    for (int j = 0; j < results; j++) {
        if (y[j].tape != NULL && y[j].ref.at.node >= n->first) {
            n->reaches[y[j].ref.at.node - n->first] = 1;
        }
    }
    for (uint32_t node = n->last + 1; node-- > n->first;) {
        if (!n->reaches[node - n->first]) {
            continue;
        }
        count++;
        int args;
        const uint32_t *arg = ad__args_of(tape, node, &args);
        if (tape->node[node].code == AD__STRUCTURED && ad__op_of(tape, node)->vjp == NULL) {
            continue; /* no derivative goes through it */
        }
        for (int i = 0; i < args; i++) {
            if (arg[i] >= n->first) {
                n->reaches[arg[i] - n->first] = 1;
            }
        }
    }
    return count;
}

/* The step of an argument. */
static uint32_t step_of(const nodes *n, uint32_t arg)
{
    return arg >= n->first ? n->number[arg - n->first] : AD__NO_STEP;
}

/* Whether a derivative goes from a step through a node that is no elementwise operation on scalars,
 * or one that read what has changed since. */
static int is_crossed(const nodes *n, uint32_t node)
{
    int args, is = 0;
    const uint32_t *arg = ad__args_of(n->tape, node, &args);
    for (int i = 0; i < args && !is; i++) {
        is = step_of(n, arg[i]) != AD__NO_STEP;
    }
    return is && ad__op_of(n->tape, node)->vjp != NULL;
}

static int has_zero(int count, const double *partial)
{
    int has = 0;
    for (int i = 0; i < count; i++) {
        has |= partial[i] == 0;
    }
    return has;
}

/* The step of a scalar node; its count is 0 where no argument is one. Returns whether all partial
 * derivatives are finite. */
static int derive(const nodes *n, uint32_t node, ad__step *step)
{
    const ad__node *at = &n->tape->node[node];
    const int args = ad__by_code[at->code]->arity;
    uint32_t from[3] = {AD__NO_STEP, AD__NO_STEP, AD__NO_STEP}, any = AD__NO_STEP;
    for (int i = 0; i < args; i++) {
        from[i] = step_of(n, at->arg[i]);
        any &= from[i];
    }
    step->count = step->live = 0;
    if (any == AD__NO_STEP) {
        return 1;
    }
    double partial[3], whatever[3] = {0};
    int is_finite = 1;
    ad__contributions_of(n->tape->node, n->tape->value, node, 1, partial);
    if (has_zero(args, partial)) { /* one that is no product with g stays 0 whatever g is */
        ad__contributions_of(n->tape->node, n->tape->value, node, INFINITY, whatever);
    }
    for (int i = 0; i < args; i++) {
        if (from[i] != AD__NO_STEP && (partial[i] != 0 || whatever[i] != 0)) {
            step->partial[step->live] = partial[i];
            step->from[step->live++] = from[i];
            is_finite &= isfinite(partial[i]) != 0;
        }
    }
    step->count = step->live;
    for (int i = 0; i < args; i++) {
        if (from[i] != AD__NO_STEP && partial[i] == 0 && whatever[i] == 0) {
            step->from[step->count++] = from[i];
        }
    }
    return is_finite;
}

/* Numbers the steps and fills them in. 0 if a node that should be one cannot. */
static int collect(const nodes *n, int count, const ad_var *x, ad__linear *out)
{
    memset(n->number, 0xff, ((size_t)(n->last - n->first) + 1) * sizeof *n->number);
    for (int i = 0; i < count; i++) {
        if (x[i].ref.at.node <= n->last) {
            n->number[x[i].ref.at.node - n->first] = 0; /* that it will be one */
        }
    }
    for (uint32_t node = n->first; node <= n->last; node++) {
        uint32_t *number = &n->number[node - n->first];
        const int is_variable = *number != AD__NO_STEP;
        *number = AD__NO_STEP;
        if (!n->reaches[node - n->first]) {
            continue;
        }
        if (!ad__reverse_sees(n->tape, node)) {
            if (is_variable || is_crossed(n, node)) {
                out->refused = node;
                return 0;
            }
            continue;
        }
        ad__step *step = &out->step[out->count];
        out->finite &= derive(n, node, step);
        if (is_variable || step->count > 0) {
            *number = out->count++;
        }
    }
    return 1;
}

/* The steps of variables and results. */
static void locate(const nodes *n, int count, const ad_var *v, uint32_t *step)
{
    for (int i = 0; i < count; i++) {
        uint32_t node = v[i].tape != NULL ? v[i].ref.at.node : 0;
        int inside = n->number != NULL && node >= n->first && node <= n->last;
        step[i] = inside ? n->number[node - n->first] : AD__NO_STEP;
    }
}

/* The first of count variables that is no scalar, or 0. */
static uint32_t find_tensor(const ad_tape *tape, int count, const ad_var *v)
{
    for (int i = 0; i < count; i++) {
        if (v[i].tape != NULL && tape->node[v[i].ref.at.node].spec != AD__SPEC_SCALAR) {
            return v[i].ref.at.node;
        }
    }
    return 0;
}

ad_status ad__linearise(const ad__reverse *r, int results, const ad_var *y, int count,
                        const ad_var *x, ad__linear *out)
{
    ad__arena *scratch = &r->tape->scratch;
    nodes n = {.tape = r->tape, .first = r->first, .last = r->last};
    *out = (ad__linear){.finite = 1, .variables = count, .results = results};
    out->refused = find_tensor(n.tape, count, x);
    out->refused = out->refused != 0 ? out->refused : find_tensor(n.tape, results, y);
    if (out->refused != 0) {
        return AD_ERR_UNSUPPORTED;
    }
    size_t len = n.first <= n.last ? (size_t)(n.last - n.first) + 1 : 0;
    out->x = ad__table(scratch, (size_t)count, AD__UNFILLED, uint32_t);
    out->y = ad__table(scratch, (size_t)results, AD__UNFILLED, uint32_t);
    n.reaches = ad__table(scratch, len, AD__UNFILLED, uint8_t);
    n.number = ad__table(scratch, len, AD__UNFILLED, uint32_t);
    if (scratch->is_out_of_memory) {
        return ad__reverse_no_memory(r);
    }
    if (len > 0) {
        out->step = ad__table(scratch, mark(&n, results, y), AD__UNFILLED, ad__step);
        if (out->step == NULL) {
            return ad__reverse_no_memory(r);
        }
        if (!collect(&n, count, x, out)) {
            return AD_ERR_UNSUPPORTED;
        }
    }
    locate(&n, count, x, out->x);
    locate(&n, results, y, out->y);
    return AD_OK;
}

/* ---- structure ---- */

static uint64_t mix(uint64_t hash, uint32_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15U;
    return hash ^ hash >> 29;
}

uint64_t ad__structure_of(const ad__linear *l)
{
    uint64_t hash = 0;
    for (uint32_t s = 0; s < l->count; s++) {
        const ad__step *step = &l->step[s];
        hash = mix(hash, step->count);
        for (uint32_t i = 0; i < step->count; i++) {
            hash = mix(hash, step->from[i]);
        }
    }
    for (int i = 0; i < l->variables; i++) {
        hash = mix(hash, l->x[i]);
    }
    for (int j = 0; j < l->results; j++) {
        hash = mix(hash, l->y[j]);
    }
    return hash;
}

/* ---- sweeps ---- */

int ad__lanes_for(size_t vectors)
{
    return vectors <= 1 ? 1 : vectors == 2 ? 2 : vectors <= 4 ? 4 : AD__LANES;
}

/* The chain rule's product: exactly 0 times an infinite derivative is 0. */
static double chain(double g, double d)
{
    return g == 0 ? 0 : g * d;
}

/* to += from p, in each lane. */
static inline void add(int finite, int lanes, const double *restrict from, double p,
                       double *restrict to)
{
    for (int k = 0; k < lanes; k++) {
        to[k] += finite ? from[k] * p : chain(from[k], p);
    }
}

static inline void push(const ad__linear *l, int lanes, double *t)
{
    for (uint32_t s = 0; s < l->count; s++) {
        const ad__step *step = &l->step[s];
        for (uint32_t i = 0; i < step->live; i++) {
            add(l->finite, lanes, t + (size_t)step->from[i] * (size_t)lanes, step->partial[i],
                t + (size_t)s * (size_t)lanes);
        }
    }
}

static inline void pull(const ad__linear *l, int lanes, double *t)
{
    for (uint32_t s = l->count; s-- > 0;) {
        const ad__step *step = &l->step[s];
        for (uint32_t i = 0; i < step->live; i++) {
            add(l->finite, lanes, t + (size_t)s * (size_t)lanes, step->partial[i],
                t + (size_t)step->from[i] * (size_t)lanes);
        }
    }
}

/* The loops over lanes are unrolled for each number that ad__lanes_for gives. */
void ad__push_forward(const ad__linear *l, int lanes, double *t)
{
    switch (lanes) {
    case 1:
        push(l, 1, t);
        break;
    case 2:
        push(l, 2, t);
        break;
    case 4:
        push(l, 4, t);
        break;
    default:
        push(l, AD__LANES, t);
        break;
    }
}

void ad__pull_back(const ad__linear *l, int lanes, double *t)
{
    switch (lanes) {
    case 1:
        pull(l, 1, t);
        break;
    case 2:
        pull(l, 2, t);
        break;
    case 4:
        pull(l, 4, t);
        break;
    default:
        pull(l, AD__LANES, t);
        break;
    }
}
