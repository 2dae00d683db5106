/* SPDX-License-Identifier: MIT */
#include "reverse.h"

#include "ops.h"
#include "ops/elementwise_internal.h"
#include "ops/reduce_internal.h"
#include "tape_internal.h"

#include <string.h>

/* The state of one reverse transform over nodes first .. last. Both tables are indexed by
 * node - first. */
typedef struct reverse {
    ad_tape *tape;
    const char *origin; /* the function that was called, for error texts */
    uint32_t first, last;
    uint8_t *depends;  /* 1: some x reaches the node */
    uint32_t *adjoint; /* the node that holds the cotangent so far, 0: none */
} reverse;

static ad_var variable(const reverse *r, uint32_t node)
{
    return ad__handle(r->tape, node);
}

static int is_integer(const ad_tape *tape, uint32_t node)
{
    return tape->node[node].kind != AD__KIND_SCALAR && ad__kind_of(tape, node)->type == AD_I64;
}

/* Marks every node that some x reaches through operations with a gradient, which integers end. */
static void mark_dependent(const reverse *r, int count, const ad_var *x)
{
    const ad_tape *tape = r->tape;
    memset(r->depends, 0, r->last - r->first + 1);
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
}

/* A contribution as a live variable of the node's type and shape: the one place where broadcasting
 * is undone, and where a gradient's shape is held against its variable's. */
static ad_var fit(ad_tape *tape, uint32_t node, ad_var c, const char *origin, const char *site)
{
    const ad__kind *kind = ad__kind_of(tape, node);
    if (c.tape == NULL) {
        c = ad_full_at(tape, kind->type, kind->shape, c.ref.literal, site);
        return ad__follow(c, ad__handle(tape, node));
    }
    if (ad__check_handle(tape, c, origin, site) != AD_OK) {
        return c;
    }
    const ad__kind *own = ad__kind_of(tape, c.ref.at.node);
    if (own->type != kind->type) {
        ad_tape_fail(tape, AD_ERR_TYPE, origin, site, "its derivative is %s for an argument of %s",
                     ad_type_name(own->type), ad_type_name(kind->type));
    }
    return own != kind ? ad__sum_to(c, kind->shape, ad__handle(tape, node), site) : c;
}

/* Adds a contribution to the cotangent of a node. */
static ad_status contribute(reverse *r, uint32_t node, ad_var c, const char *origin,
                            const char *site)
{
    ad_tape *tape = r->tape;
    if (c.tape == NULL && ad__bits_of(c.ref.literal) == 0) {
        return tape->error.status; /* none */
    }
    int fits =
        c.tape == tape && c.ref.at.tag == tape->tag && tape->node[node].kind == AD__KIND_SCALAR;
    if (!fits) {
        c = fit(tape, node, c, origin, site);
    }
    uint32_t *adjoint = &r->adjoint[node - r->first];
    if (*adjoint != 0) {
        c = ad_add_at(variable(r, *adjoint), c, site);
    }
    *adjoint = c.ref.at.node;
    return tape->error.status;
}

enum { FEW = 4 };

/* Runs the rule of one node and hands its contributions on. */
static ad_status visit(reverse *r, uint32_t node)
{
    ad_tape *tape = r->tape;
    const ad_op *op = ad__op_of(tape, node);
    const char *site = tape->site[node];
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
            return ad_tape_fail(tape, AD_ERR_MEMORY, op->name, site, "out of memory");
        }
    }
    if (ad__reads_stale(tape, node)) {
        return ad_tape_fail(tape, AD_ERR_STATE, op->name, site,
                            "an argument was changed by ad_assign; take gradients before "
                            "assigning");
    }
    for (int i = 0; i < count; i++) {
        nodes[i] = arg[i];
        needs[i] = arg[i] >= r->first && r->depends[arg[i] - r->first];
        vars[i] = variable(r, arg[i]);
        vars[count + i] = ad_literal(0);
    }
    ad__vjp v = {.tape = tape,
                 .site = site,
                 .attributes = ad__attributes_of(tape, node),
                 .count = count,
                 .x = vars,
                 .z = variable(r, node),
                 .g = variable(r, r->adjoint[node - r->first]),
                 .needs = needs,
                 .dx = vars + count};
    op->vjp(&v);
    for (int i = 0; i < count && tape->error.status == AD_OK; i++) {
        if (needs[i]) {
            contribute(r, nodes[i], v.dx[i], op->name, site);
        }
    }
    return tape->error.status;
}

/* Checks the arguments of a gradient; on success r->first and r->last bound the nodes to visit. */
static ad_status check_arguments(reverse *r, int results, const ad_var *y, const ad_var *g,
                                 int count, const ad_var *x)
{
    ad_tape *tape = r->tape;
    const char *origin = r->origin;
    r->first = UINT32_MAX;
    r->last = 0;
    for (int i = 0; i < count; i++) {
        if ((x[i].tape != tape || x[i].ref.at.tag != tape->tag) &&
            ad__check_handle(tape, x[i], origin, NULL) != AD_OK) {
            return tape->error.status;
        }
        uint32_t node = x[i].ref.at.node;
        if (ad__kind_of(tape, node)->type == AD_I64) {
            return ad_tape_fail(tape, AD_ERR_TYPE, origin, tape->site[node],
                                "x[%d] is i64; integers carry no gradient", i);
        }
        r->first = node < r->first ? node : r->first;
    }
    for (int j = 0; j < results; j++) {
        if (y[j].tape == NULL) {
            continue; /* a number depends on nothing */
        }
        if (ad__check_handle(tape, y[j], origin, NULL) != AD_OK ||
            (g != NULL && g[j].tape != NULL &&
             ad__check_handle(tape, g[j], origin, NULL) != AD_OK)) {
            return tape->error.status;
        }
        uint32_t node = y[j].ref.at.node;
        const ad_shape *shape = &ad__kind_of(tape, node)->shape;
        char a[160], b[160];
        if (g == NULL && shape->rank != 0) {
            return ad_tape_fail(tape, AD_ERR_SHAPE, origin, tape->site[node],
                                "y has shape %s; a gradient is of a scalar: sum y, or use ad_vjp",
                                ad_shape_print(shape, a, sizeof a));
        }
        if (g != NULL && g[j].tape != NULL &&
            ad__kind_of(tape, g[j].ref.at.node) != ad__kind_of(tape, node)) {
            ad_shape own = ad_shape_of(g[j]);
            return ad_tape_fail(tape, AD_ERR_SHAPE, origin, tape->site[node],
                                "cotangent %d has shape %s, its y has %s; they must be the same, "
                                "and of one type",
                                j, ad_shape_print(&own, a, sizeof a),
                                ad_shape_print(shape, b, sizeof b));
        }
        r->last = node > r->last ? node : r->last;
    }
    return AD_OK;
}

static ad_status sweep_back(reverse *r, int results, const ad_var *y, const ad_var *g, int count,
                            const ad_var *x)
{
    ad_tape *tape = r->tape;
    mark_dependent(r, count, x);
    memset(r->adjoint, 0, (r->last - r->first + 1) * sizeof *r->adjoint);
    for (int j = 0; j < results; j++) {
        uint32_t node = y[j].tape == NULL ? 0 : y[j].ref.at.node;
        if (node >= r->first && r->depends[node - r->first]) {
            contribute(r, node, g ? g[j] : ad_literal(1), r->origin, tape->site[node]);
        }
    }
    for (uint32_t node = r->last;; node--) {
        if (tape->error.status != AD_OK) {
            break;
        }
        uint32_t i = node - r->first;
        if (r->depends[i] && r->adjoint[i] != 0 && ad__op_of(tape, node)->vjp != NULL) {
            visit(r, node);
        }
        if (node == r->first) {
            break;
        }
    }
    return tape->error.status;
}

static ad_status transform(ad_tape *tape, int results, const ad_var *y, const ad_var *g, int count,
                           const ad_var *x, ad_var *dx)
{
    reverse r = {.tape = tape, .origin = g != NULL ? "ad_vjp" : "ad_grad"};
    if (check_arguments(&r, results, y, g, count, x) != AD_OK) {
        return tape->error.status;
    }
    if (r.first <= r.last && r.last != 0) {
        size_t len = (size_t)(r.last - r.first) + 1;
        r.depends = ad__arena_take(&tape->scratch, len);
        r.adjoint = ad__arena_take(&tape->scratch, len * sizeof *r.adjoint);
        if (r.depends == NULL || r.adjoint == NULL) {
            return ad_tape_fail(tape, AD_ERR_MEMORY, r.origin, NULL, "out of memory");
        }
        if (sweep_back(&r, results, y, g, count, x) != AD_OK) {
            return tape->error.status;
        }
    }
    for (int i = 0; i < count; i++) {
        uint32_t node = x[i].ref.at.node;
        uint32_t found = r.adjoint != NULL && node <= r.last ? r.adjoint[node - r.first] : 0;
        const ad__kind *kind = ad__kind_of(tape, node);
        dx[i] =
            found != 0
                ? variable(&r, found)
                : ad__follow(ad_full_at(tape, kind->type, kind->shape, 0, tape->site[node]), x[i]);
    }
    return tape->error.status;
}

static ad_status differentiate(int results, const ad_var *y, const ad_var *g, int count,
                               const ad_var *x, ad_var *dx)
{
    ad_tape *tape = ad__tape_of(count, x);
    if (tape == NULL) {
        for (int i = 0; i < count; i++) {
            dx[i] = ad_literal(0);
        }
        return count != 0 ? AD_ERR_DOMAIN : AD_OK; /* a number is no variable */
    }
    ad__arena_mark before = ad__arena_mark_here(&tape->scratch);
    ad_status status = tape->error.status;
    uint32_t first = tape->count;
    if (status == AD_OK) {
        status = transform(tape, results, y, g, count, x, dx);
    }
    if (status == AD_OK && !ad__note_derived(tape, first)) {
        status = ad_tape_fail(tape, AD_ERR_MEMORY, "ad_grad", NULL, "out of memory");
    }
    ad__arena_rewind(&tape->scratch, before);
    for (int i = 0; i < count && status != AD_OK; i++) {
        dx[i] = ad__dead(tape);
    }
    return status;
}

ad_status ad_grad(ad_var y, int count, const ad_var *x, ad_var *dx)
{
    return differentiate(1, &y, NULL, count, x, dx);
}

ad_status ad_vjp(int results, const ad_var *y, const ad_var *g, int count, const ad_var *x,
                 ad_var *dx)
{
    return differentiate(results, y, g, count, x, dx);
}

/* ---- gradients as numbers ---- */

/* The scalar case: adjoints are plain doubles. -0 is the one number that leaves every first
 * contribution as it is, so that sums have the bits of the recorded gradient. */
static ad_status sweep_scalars(ad_tape *tape, uint32_t last, int count, const ad_var *x,
                               double *out)
{
    double *adjoint = ad__arena_take(&tape->scratch, ((size_t)last + 1) * sizeof *adjoint);
    if (adjoint == NULL) {
        return ad_tape_fail(tape, AD_ERR_MEMORY, "ad_grad_values", NULL, "out of memory");
    }
    for (uint32_t node = 0; node <= last; node++) {
        adjoint[node] = -0.0;
    }
    adjoint[last] = 1;
    ad__sweep_scalars(tape->node, tape->value, 1, last, adjoint);
    for (int i = 0; i < count; i++) {
        uint32_t node = x[i].ref.at.node;
        out[i] = node <= last ? adjoint[node] + 0.0 : 0; /* an untouched -0 becomes 0 */
    }
    return AD_OK;
}

/* Scalar views hide an ad_assign from the numeric sweep. */
static int any_reads_stale(const ad_tape *tape, uint32_t last)
{
    int stale = 0;
    for (uint32_t node = 1; node <= last && tape->has_assigned && !stale; node++) {
        stale = ad__reads_stale(tape, node);
    }
    return stale;
}

static ad_status record_and_read(ad_tape *tape, ad_var y, int count, const ad_var *x, double *out)
{
    ad_mark mark = ad_tape_mark(tape);
    ad_var *dx = ad__arena_take(&tape->scratch, (size_t)count * sizeof *dx);
    if (dx == NULL) {
        return ad_tape_fail(tape, AD_ERR_MEMORY, "ad_grad_values", NULL, "out of memory");
    }
    ad_status status = ad_grad(y, count, x, dx);
    for (int i = 0; i < count && status == AD_OK; i++) {
        size_t len = ad_count(dx[i]);
        status = ad_read(dx[i], len, out);
        out += len;
    }
    ad_status rewound = ad_tape_rewind(tape, mark);
    return status != AD_OK ? status : rewound;
}

ad_status ad_grad_values(ad_var y, int count, const ad_var *x, double *out)
{
    ad_tape *tape = ad__tape_of(count, x);
    if (tape == NULL) {
        return count != 0 ? AD_ERR_DOMAIN : AD_OK;
    }
    if (tape->error.status != AD_OK) {
        return tape->error.status;
    }
    reverse r = {.tape = tape, .origin = "ad_grad_values"};
    ad_status status = check_arguments(&r, 1, &y, NULL, count, x);
    if (status != AD_OK) {
        return status;
    }
    ad__arena_mark before = ad__arena_mark_here(&tape->scratch);
    if (r.last > 0 && r.last < tape->structured && !any_reads_stale(tape, r.last)) {
        status = sweep_scalars(tape, r.last, count, x, out);
    } else {
        status = record_and_read(tape, y, count, x, out);
    }
    ad__arena_rewind(&tape->scratch, before);
    return status;
}
