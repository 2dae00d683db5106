/* SPDX-License-Identifier: MIT */
#include "diff/reverse_internal.h"

#include "ops.h"
#include "ops/reduce_internal.h"

#include <string.h>

static int is_integer(const ad_tape *tape, uint32_t node)
{
    return tape->node[node].spec != AD__SPEC_SCALAR && ad__spec_of(tape, node)->type == AD_I64;
}

/* ---- what depends on the variables ---- */

/* Every node that some x reaches through operations with a gradient, which integers end. */
ad_status ad__reverse_mark(ad__reverse *r, int count, const ad_var *x)
{
    const ad_tape *tape = r->tape;
    size_t len = (size_t)(r->last - r->first) + 1;
    r->depends = ad__arena_take(&r->tape->scratch, len);
    if (r->depends == NULL) {
        return ad__reverse_no_memory(r);
    }
    memset(r->depends, 0, len);
    for (int i = 0; i < count; i++) {
        if (x[i].ref.at.node <= r->last) {
            r->depends[x[i].ref.at.node - r->first] = 1;
        }
    }
    for (uint32_t node = r->first; node <= r->last; node++) {
        int args;
        const uint32_t *arg = ad__args_of(tape, node, &args);
        uint8_t reached = 0;
        for (int i = 0; i < args; i++) {
            reached |= arg[i] >= r->first && r->depends[arg[i] - r->first];
        }
        if (reached && ad__op_of(tape, node)->vjp != NULL && !is_integer(tape, node)) {
            r->depends[node - r->first] = 1;
        }
    }
    return AD_OK;
}

/* ---- the rule of a node ---- */

ad_var ad__reverse_fit(ad_tape *tape, uint32_t node, ad_var c, const char *origin)
{
    const ad__spec *spec = ad__spec_of(tape, node);
    if (c.tape == NULL) {
        c = ad_full(tape, spec->type, spec->shape, c.ref.literal);
        return ad__follow(c, ad__handle(tape, node));
    }
    if (ad__check_handle(tape, c, origin) != AD_OK) {
        return c;
    }
    const ad__spec *own = ad__spec_of(tape, c.ref.at.node);
    if (own->type != spec->type) {
        ad_tape_fail(tape, AD_ERR_TYPE, origin, NULL, "its derivative is %s for an argument of %s",
                     ad_type_name(own->type), ad_type_name(spec->type));
    }
    return own != spec ? ad__sum_to(c, spec->shape, ad__handle(tape, node)) : c;
}

enum { FEW = 4 };

void ad__reverse_visit(ad__reverse *r, uint32_t node, ad_var g)
{
    ad_tape *tape = r->tape;
    const ad_op *op = ad__op_of(tape, node);
    tape->here = tape->site[node];
    ad_var few_vars[2 * FEW];
    uint8_t few_needs[FEW];
    int count;
    const uint32_t *arg = ad__args_of(tape, node, &count);
    ad_var *vars = few_vars;
    uint8_t *needs = few_needs;
    uint32_t own[FEW], *nodes = own;
    if (count > FEW) {
        size_t len = (size_t)count;
        vars = ad__arena_take(&tape->scratch, 2 * len * sizeof *vars);
        needs = ad__arena_take(&tape->scratch, len);
        nodes = ad__arena_take(&tape->scratch, len * sizeof *nodes);
        if (vars == NULL || needs == NULL || nodes == NULL) {
            ad_tape_fail(tape, AD_ERR_MEMORY, op->name, NULL, "out of memory");
            return;
        }
    }
    if (tape->has_assigned && ad__reads_stale(tape, node)) {
        ad_tape_fail(tape, AD_ERR_STATE, op->name, NULL,
                     "an argument was changed by ad_assign; take gradients before assigning");
        return;
    }
    for (int i = 0; i < count; i++) {
        nodes[i] = arg[i];
        needs[i] = arg[i] >= r->first && r->depends[arg[i] - r->first];
        vars[i] = ad__handle(tape, arg[i]);
        vars[count + i] = ad_literal(0);
    }
    ad__vjp v = {.tape = tape,
                 .attributes = ad__attributes_of(tape, node),
                 .count = count,
                 .x = vars,
                 .z = ad__handle(tape, node),
                 .g = g,
                 .needs = needs,
                 .dx = vars + count};
    op->vjp(&v);
    for (int i = 0; i < count && tape->error.status == AD_OK; i++) {
        if (needs[i] && !ad__is_none(v.dx[i])) {
            r->contribute(r, nodes[i], v.dx[i], op->name);
        }
    }
}

/* ---- arguments ---- */

ad_status ad__reverse_check(const ad__reverse *r, int results, const ad_var *y, const ad_var *g)
{
    ad_tape *tape = r->tape;
    char a[160], b[160];
    for (int j = 0; j < results; j++) {
        if (y[j].tape == NULL) {
            continue; /* a number depends on nothing */
        }
        uint32_t node = y[j].ref.at.node;
        const ad_shape *shape = &ad__spec_of(tape, node)->shape;
        if (g == NULL && shape->rank != 0) {
            return ad_tape_fail(tape, AD_ERR_SHAPE, r->origin, tape->site[node],
                                "y has shape %s; a gradient is of a scalar: sum y, or use ad_vjp",
                                ad_shape_print(shape, a, sizeof a));
        }
        if (g == NULL || g[j].tape == NULL) {
            continue;
        }
        if (ad__check_handle(tape, g[j], r->origin) != AD_OK) {
            return tape->error.status;
        }
        if (ad__spec_of(tape, g[j].ref.at.node) != ad__spec_of(tape, node)) {
            ad_shape own = ad_shape_of(g[j]);
            return ad_tape_fail(tape, AD_ERR_SHAPE, r->origin, tape->site[node],
                                "cotangent %d has shape %s, its y has %s; they must be the same, "
                                "and of one type",
                                j, ad_shape_print(&own, a, sizeof a),
                                ad_shape_print(shape, b, sizeof b));
        }
    }
    return AD_OK;
}

/* ---- the recorded gradient ---- */

typedef struct transform {
    ad__reverse back;
    uint32_t *adjoint; /* by node - first: the node that holds the cotangent so far, or 0 */
} transform;

static void contribute(ad__reverse *r, uint32_t node, ad_var c, const char *origin)
{
    ad_tape *tape = r->tape;
    if (!ad__reverse_fits(tape, node, c)) {
        c = ad__reverse_fit(tape, node, c, origin);
    }
    uint32_t *adjoint = &((transform *)r)->adjoint[node - r->first];
    if (*adjoint != 0) {
        c = ad_add_at(ad__handle(tape, *adjoint), c, tape->here);
    }
    *adjoint = c.ref.at.node;
}

static ad_status sweep_back(transform *t, int results, const ad_var *y, const ad_var *g, int count,
                            const ad_var *x)
{
    ad__reverse *r = &t->back;
    ad_tape *tape = r->tape;
    size_t len = (size_t)(r->last - r->first) + 1;
    t->adjoint = ad__arena_take(&tape->scratch, len * sizeof *t->adjoint);
    if (t->adjoint == NULL) {
        return ad__reverse_no_memory(r);
    }
    memset(t->adjoint, 0, len * sizeof *t->adjoint);
    if (ad__reverse_mark(r, count, x) != AD_OK) {
        return tape->error.status;
    }
    for (int j = 0; j < results; j++) {
        uint32_t node = y[j].tape == NULL ? 0 : y[j].ref.at.node;
        ad_var c = g != NULL ? g[j] : ad_literal(1);
        if (node >= r->first && r->depends[node - r->first] && !ad__is_none(c)) {
            tape->here = tape->site[node];
            contribute(r, node, c, r->origin);
        }
    }
    for (uint32_t node = r->last + 1; node-- > r->first && tape->error.status == AD_OK;) {
        uint32_t i = node - r->first;
        if (r->depends[i] && t->adjoint[i] != 0 && ad__op_of(tape, node)->vjp != NULL) {
            ad__reverse_visit(r, node, ad__handle(tape, t->adjoint[i]));
        }
    }
    return tape->error.status;
}

static void read_adjoints(const transform *t, int count, const ad_var *x, ad_var *dx)
{
    const ad__reverse *r = &t->back;
    ad_tape *tape = r->tape;
    for (int i = 0; i < count; i++) {
        uint32_t node = x[i].ref.at.node;
        uint32_t found = t->adjoint != NULL && node <= r->last ? t->adjoint[node - r->first] : 0;
        const ad__spec *spec = ad__spec_of(tape, node);
        tape->here = tape->site[node];
        dx[i] = found != 0 ? ad__handle(tape, found)
                           : ad__follow(ad_full(tape, spec->type, spec->shape, 0), x[i]);
    }
}

ad_status ad__reverse_record(const ad__reverse *r, int results, const ad_var *y, const ad_var *g,
                             int count, const ad_var *x, ad_var *dx)
{
    ad_tape *tape = r->tape;
    transform t = {.back = *r};
    t.back.contribute = contribute;
    const uint32_t end = tape->count;
    const char *here = tape->here;
    ad__arena_mark before = ad__arena_mark_here(&tape->scratch);
    ad_status status = ad__reverse_check(r, results, y, g);
    if (status == AD_OK && r->first <= r->last && r->last != 0) {
        status = sweep_back(&t, results, y, g, count, x);
    }
    if (status == AD_OK) {
        read_adjoints(&t, count, x, dx);
        status = tape->error.status;
    }
    if (status == AD_OK && !ad__note_derived(tape, end)) {
        status = ad__reverse_no_memory(r);
    }
    tape->here = here;
    ad__arena_rewind(&tape->scratch, before);
    return status;
}

ad_status ad_grad(ad_var y, int count, const ad_var *x, ad_var *dx)
{
    ad__reverse r = {.origin = "ad_grad"};
    ad_status status = ad__reverse_begin(&r, 1, &y, count, x);
    if (status == AD_OK) {
        status = ad__reverse_need(&r, count, dx, "dx");
    }
    if (status == AD_OK) {
        status = ad__reverse_record(&r, 1, &y, NULL, count, x, dx);
    }
    return status == AD_OK ? AD_OK : ad__all_dead(r.tape, count, dx, status);
}

ad_status ad_vjp(int results, const ad_var *y, int count, const ad_var *x, const ad_var *g,
                 ad_var *dx)
{
    ad__reverse r = {.origin = "ad_vjp"};
    ad_status status = ad__reverse_begin(&r, results, y, count, x);
    if (status == AD_OK) {
        status = ad__reverse_need(&r, results, g, "g");
    }
    if (status == AD_OK) {
        status = ad__reverse_need(&r, count, dx, "dx");
    }
    if (status == AD_OK && r.tape != NULL) {
        status = ad__reverse_record(&r, results, y, g, count, x, dx);
    }
    return status == AD_OK ? AD_OK : ad__all_dead(r.tape, count, dx, status);
}
