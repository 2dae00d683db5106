/* SPDX-License-Identifier: MIT */
/* The gradient as numbers: what the rules record is forgotten as soon as it has been added up. */
#include "diff/reverse_internal.h"

#include "ops/elementwise_internal.h"

#include <string.h>

/* A node's adjoint: there is one; its storage is not given to others. */
enum { REACHED = 1, STAYS = 2 };

/* A sweep that runs the same rules as the recorded gradient, each at the end of the tape, and adds
 * what they give to adjoints in scratch storage. */
typedef struct sweep {
    ad__reverse back;
    uint8_t *state; /* of adjoints; these three by node - first */
    ad__slot *adjoint;
    void **spare;  /* storage of adjoints that are no longer needed, by spec: each holds the next */
    uint32_t g;    /* the cotangent of the node that is visited */
    uint32_t heir; /* an argument whose adjoint so far is g, and that may have its storage; or 0 */
} sweep;

static void *take(sweep *s, uint16_t spec)
{
    ad_tape *tape = s->back.tape;
    const ad__spec *k = tape->specs[spec];
    void *storage = s->spare[spec];
    if (storage != NULL) {
        memcpy(&s->spare[spec], storage, sizeof storage);
        return storage;
    }
    size_t bytes = ad__spec_bytes(k);
    return ad__arena_take(&tape->scratch, bytes < sizeof storage ? sizeof storage : bytes);
}

static void give_back(sweep *s, uint16_t spec, void *storage)
{
    memcpy(storage, &s->spare[spec], sizeof storage);
    s->spare[spec] = storage;
}

/* Adds the elements of c to the adjoint of a node of the same spec. */
static void add(sweep *s, uint32_t node, uint32_t c, const char *origin)
{
    ad_tape *tape = s->back.tape;
    const uint16_t spec = tape->node[node].spec;
    const ad__spec *k = tape->specs[spec];
    uint8_t *state = &s->state[node - s->back.first];
    ad__slot *adjoint = &s->adjoint[node - s->back.first];
    const int is_first = !(*state & REACHED);
    *state |= REACHED;
    if (spec == AD__SPEC_SCALAR) {
        double value = tape->value[c].scalar;
        adjoint->scalar = is_first ? value : adjoint->scalar + value;
        return;
    }
    const void *from = tape->value[c].data;
    if (!is_first) {
        ad__add_elements(tape, k->type, k->count, from, adjoint->data);
        return;
    }
    adjoint->data = take(s, spec);
    if (adjoint->data == NULL) {
        ad_tape_fail(tape, AD_ERR_MEMORY, origin, NULL, "out of memory");
    } else if (k->count > 0) {
        memcpy(adjoint->data, from, ad__spec_bytes(k));
    }
}

static void contribute(ad__reverse *r, uint32_t node, ad_var c, const char *origin)
{
    sweep *s = (sweep *)r;
    if (!ad__reverse_fits(r->tape, node, c)) {
        c = ad__reverse_fit(r->tape, node, c, origin);
        if (r->tape->error.status != AD_OK) {
            return;
        }
    }
    if (node == s->heir) {
        s->heir = 0;
        add(s, node, s->g, origin);
    }
    if (c.ref.at.node == s->g && s->heir == 0 && !(s->state[node - r->first] & REACHED)) {
        s->heir = node;
    } else {
        add(s, node, c.ref.at.node, origin);
    }
}

/* Whether a node is its argument's elements, as they lie there, and from which one on. Lone numbers
 * have no place of their own. */
static int is_alias(const ad_tape *tape, uint32_t node, const ad_op *op, size_t *first)
{
    if (op->alias == NULL || tape->has_assigned || tape->node[node].spec == AD__SPEC_SCALAR) {
        return 0;
    }
    int count;
    const uint32_t whole = *ad__args_of(tape, node, &count);
    const ad__array x = {ad__spec_of(tape, whole), NULL};
    const ad__call call = {.count = 1,
                           .x = &x,
                           .attributes = ad__attributes_of(tape, node),
                           .spec = *ad__spec_of(tape, node)};
    return tape->node[whole].spec != AD__SPEC_SCALAR && op->alias(&call, first);
}

/* Adds the adjoint of such a node to those elements of its argument's, if it is asked for: however
 * many parts a tensor has, each costs no more than its own length, and one that is all of it
 * nothing. Returns whether the adjoint's storage is the argument's since. */
static int add_alias(sweep *s, uint32_t node, size_t first)
{
    ad__reverse *r = &s->back;
    ad_tape *tape = r->tape;
    int count;
    const uint32_t whole = *ad__args_of(tape, node, &count), i = whole - r->first;
    const ad__spec *spec = ad__spec_of(tape, whole);
    const size_t len = ad__spec_of(tape, node)->count;
    void *own = s->adjoint[node - r->first].data;
    if (whole < r->first || !r->depends[i]) {
        return 0;
    }
    const int is_first = !(s->state[i] & REACHED), is_all = len == spec->count;
    if (is_first && is_all && !(s->state[node - r->first] & STAYS)) {
        s->adjoint[i].data = own;
        s->state[i] |= REACHED;
        return 1;
    }
    if (is_first) {
        s->adjoint[i].data = take(s, tape->node[whole].spec);
        if (s->adjoint[i].data == NULL) {
            (void)ad__reverse_no_memory(r);
            return 0;
        }
        memset(s->adjoint[i].data, 0, ad__spec_bytes(spec));
        s->state[i] |= REACHED;
    }
    char *z = (char *)s->adjoint[i].data + first * ad_type_bytes(spec->type);
    if (is_first && is_all && len > 0) {
        memcpy(z, own, ad__spec_bytes(spec));
    } else {
        ad__add_elements(tape, spec->type, len, own, z);
    }
    return 0;
}

/* Runs the rule of a node; returns whether the adjoint's storage has another owner since. */
static int visit(sweep *s, uint32_t node)
{
    ad__reverse *r = &s->back;
    ad_tape *tape = r->tape;
    const ad__slot adjoint = s->adjoint[node - r->first];
    tape->here = tape->site[node];
    ad_var g = ad__record_borrowed(tape, tape->node[node].spec, adjoint, r->origin);
    if (tape->error.status != AD_OK) {
        return 0;
    }
    s->g = g.ref.at.node;
    s->heir = 0;
    ad__reverse_visit(r, node, g);
    if (s->heir != 0 && s->state[node - r->first] & STAYS) {
        add(s, s->heir, s->g, r->origin);
        s->heir = 0;
    } else if (s->heir != 0) {
        s->state[s->heir - r->first] |= REACHED;
        s->adjoint[s->heir - r->first] = adjoint;
    }
    return s->heir != 0;
}

/* What the user's own rules have recorded may be used again: such nodes stay until the end. */
static void sweep_back(sweep *s)
{
    ad__reverse *r = &s->back;
    ad_tape *tape = r->tape;
    ad_mark end = ad_tape_mark(tape);
    for (uint32_t node = r->last + 1; node-- > r->first && tape->error.status == AD_OK;) {
        const ad_op *op = ad__op_of(tape, node);
        uint32_t i = node - r->first;
        if (!r->depends[i] || !(s->state[i] & REACHED) || op->vjp == NULL) {
            continue;
        }
        const uint16_t spec = tape->node[node].spec;
        s->state[i] |= ad__has(op, AD__KEEPS) || spec == AD__SPEC_SCALAR ? STAYS : 0;
        size_t first;
        int is_given;
        is_given = is_alias(tape, node, op, &first) ? add_alias(s, node, first) : visit(s, node);
        if (!is_given && !(s->state[i] & STAYS)) {
            give_back(s, spec, s->adjoint[i].data);
        }
        if (ad__has(op, AD__KEEPS)) {
            end = ad_tape_mark(tape);
        } else {
            ad__forget_from(tape, end);
        }
    }
}

/* Storage for a sweep over len nodes; 0 without memory. */
static int allocate(sweep *s, size_t len)
{
    ad_tape *tape = s->back.tape;
    size_t specs = tape->spec_count;
    s->state = ad__arena_take(&tape->scratch, len);
    s->adjoint = ad__arena_take(&tape->scratch, len * sizeof *s->adjoint);
    s->spare = ad__arena_take(&tape->scratch, specs * sizeof *s->spare);
    if (s->state == NULL || s->adjoint == NULL || s->spare == NULL) {
        return 0;
    }
    memset(s->state, 0, len);
    for (size_t i = 0; i < specs; i++) {
        s->spare[i] = NULL;
    }
    return 1;
}

/* The adjoint of a variable as doubles; returns how many. */
static size_t read(const sweep *s, uint32_t node, double *out)
{
    const ad_tape *tape = s->back.tape;
    const ad__spec *spec = ad__spec_of(tape, node);
    const uint32_t i = node - s->back.first;
    int is_reached = s->state != NULL && node <= s->back.last && s->state[i] & REACHED;
    for (size_t k = 0; k < spec->count; k++) {
        if (!is_reached) {
            out[k] = 0;
        } else if (tape->node[node].spec == AD__SPEC_SCALAR) {
            out[k] = s->adjoint[i].scalar;
        } else if (spec->type == AD_F64) {
            out[k] = ((const double *)s->adjoint[i].data)[k];
        } else {
            out[k] = (double)((const float *)s->adjoint[i].data)[k];
        }
    }
    return spec->count;
}

static ad_status sweep_tensors(const ad__reverse *of, int count, const ad_var *x, double *out)
{
    sweep s = {.back = *of};
    ad__reverse *r = &s.back;
    ad_tape *tape = r->tape;
    const uint32_t last = r->last;
    const char *here = tape->here;
    r->contribute = contribute;
    if (r->first <= last && last != 0) {
        if (!allocate(&s, (size_t)(last - r->first) + 1)) {
            return ad__reverse_no_memory(r);
        }
        if (ad__reverse_mark(r, count, x) != AD_OK) {
            return tape->error.status;
        }
        for (int i = 0; i < count; i++) {
            if (x[i].ref.at.node <= last) {
                s.state[x[i].ref.at.node - r->first] |= STAYS;
            }
        }
        if (r->depends[last - r->first]) {
            tape->here = tape->site[last];
            contribute(r, last, ad_literal(1), r->origin);
        }
        sweep_back(&s);
        tape->here = here;
    }
    for (int i = 0; i < count && tape->error.status == AD_OK; i++) {
        out += read(&s, x[i].ref.at.node, out);
    }
    return tape->error.status;
}

static ad_status differentiate(const ad__reverse *r, ad_var y, int count, const ad_var *x,
                               double *out)
{
    ad_tape *tape = r->tape;
    if (ad__reverse_is_scalar(r)) {
        return ad__reverse_sweep(r, y, count, x, out);
    }
    ad_mark mark = ad_tape_mark(tape);
    ad_status status = sweep_tensors(r, count, x, out);
    ad_status rewound = ad__take_back(tape, mark);
    return status != AD_OK ? status : rewound;
}

ad_status ad_grad_values(ad_var y, int count, const ad_var *x, double *out)
{
    ad__reverse r = {.origin = "ad_grad_values"};
    ad_status status = ad__reverse_begin(&r, 1, &y, count, x);
    if (status == AD_OK) {
        status = ad__reverse_check(&r, 1, &y, NULL);
    }
    if (status == AD_OK && out == NULL) {
        status = ad__reverse_need(&r, ad__elements_of(count, x) > 0, out, "out");
    }
    if (status == AD_OK && out != NULL && count > 0) {
        ad__arena_mark before = ad__arena_mark_here(&r.tape->scratch);
        status = differentiate(&r, y, count, x, out);
        ad__arena_rewind(&r.tape->scratch, before);
        r.tape->swept = (ad__range){r.first, r.last}; /* for ad_tape_anomaly to look at */
    }
    return status == AD_OK ? AD_OK : ad__all_nan(ad__elements_of(count, x), out, status);
}
