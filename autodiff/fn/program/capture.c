/* SPDX-License-Identifier: MIT */
/* Takes a recording over from the tape: the values that the function may need, in their order, each
 * leaf that is an input without its elements, and assignments as stores. What reads a view after an
 * ad_assign reads the assigned value. Two views of the same memory are one leaf, but a lone f64 is
 * read once: what it stands for changes by its own assignments alone. */
#include "fn/program/program_internal.h"

typedef struct capture {
    const ad__capture *from;
    ad_tape *tape;
    ad__program *p;
    ad__id *id;             /* of the value of a node */
    const ad__spec **specs; /* by the tape's numbers, NULL: not yet met */
    uint8_t *needed;        /* by node */
    uint8_t *guards;        /* by node */
    ad__id *views;          /* the leaves that are views */
    ad__id *lone;           /* by node: what a view of a lone f64 stands for; else AD__NONE */
    ad__id *same;           /* a table of views by their memory; AD__NONE: free */
    size_t same_mask;
    uint32_t *store; /* by the value of a view: its store, or AD__NONE */
    double *numbers; /* the rest of a piece of memory for elements of lone constants */
    uint32_t view_count, number_count;
} capture;

enum { NUMBERS = 64 }; /* in a piece: alone, each would take a line of memory */

/* ---- what is needed ---- */

/* The node whose shape the attributes of a node hold, or 0. */
static uint32_t like_of(const capture *c, uint32_t node)
{
    int has = c->from->resizable && c->tape->node[node].code == AD__STRUCTURED;
    return has ? ad__detail_of(c->tape, node)->like : 0;
}

/* Marks the nodes that the marked ones are made of, and makes room for them. An assignment needs
 * its value and its view. 0 without memory. */
static int mark_needed(const capture *c)
{
    uint64_t values = c->p->count, args = 0;
    for (uint32_t node = c->tape->count - 1; node > 0; node--) {
        int count;
        const uint32_t *arg = ad__args_of(c->tape, node, &count);
        for (int i = 0; i < count && c->needed[node]; i++) {
            c->needed[arg[i]] = 1;
        }
        if (c->needed[node]) {
            c->needed[like_of(c, node)] = 1;
            values++;
            args += (uint64_t)count;
        }
    }
    return ad__program_reserve(c->p, values, args);
}

static int is_assign(const ad_tape *tape, uint32_t node)
{
    return tape->node[node].code == AD__STRUCTURED &&
           ad__has(ad__detail_of(tape, node)->op, AD__WRITES);
}

static void mark_roots(const capture *c)
{
    const ad_var *out = c->from->out;
    for (int i = 0; i < c->from->out_count; i++) {
        c->needed[out[i].ref.at.node] = 1;
    }
    for (uint32_t node = 1; node < c->tape->count; node++) {
        if (c->guards[node] || (c->tape->has_assigned && is_assign(c->tape, node))) {
            c->needed[node] = 1;
        }
    }
}

/* ---- values ---- */

static const ad__spec *spec_of(const capture *c, uint32_t node)
{
    uint16_t number = c->tape->node[node].spec;
    if (c->specs[number] == NULL) {
        c->specs[number] = ad__program_spec(c->p, c->tape->specs[number]);
    }
    return c->specs[number];
}

/* What is in a view's memory at this point: itself, or what was assigned last. */
static ad__id stored(const capture *c, ad__id view)
{
    return c->store[view] != AD__NONE ? c->p->stores[c->store[view]].value : view;
}

/* What a node stands for at this point. */
static ad__id content(const capture *c, uint32_t node)
{
    return c->lone[node] != AD__NONE    ? c->lone[node]
           : ad__is_view(c->tape, node) ? stored(c, c->id[node])
                                        : c->id[node];
}

static int is_number(const capture *c, uint32_t node)
{
    return c->tape->node[node].spec == AD__SPEC_SCALAR;
}

/* Where the table has the leaf that is this view, or has room for it. */
static ad__id *same_view(const capture *c, const ad__value *v)
{
    uint64_t hash = ((uintptr_t)v->attributes ^ (uintptr_t)v->spec << 16) * 0x9e3779b97f4a7c15u;
    size_t at = (size_t)(hash >> 32) & c->same_mask;
    for (; c->same[at] != AD__NONE; at = (at + 1) & c->same_mask) {
        const ad__value *w = &c->p->values[c->same[at]];
        if (w->attributes == v->attributes && w->spec == v->spec) {
            break;
        }
    }
    return &c->same[at];
}

/* A view of memory that another leaf views already is that leaf. */
static int take_view(capture *c, uint32_t node, ad__value v)
{
    v.op = ad__by_code[AD__VIEW];
    v.attributes = ad__attributes_of(c->tape, node);
    ad__id *same = same_view(c, &v);
    if (*same == AD__NONE) {
        if (!ad__program_add(c->p, v, NULL, same)) {
            return 0;
        }
        c->views[c->view_count++] = *same;
        c->store[*same] = AD__NONE;
    }
    c->id[node] = *same;
    c->lone[node] = is_number(c, node) ? stored(c, *same) : AD__NONE;
    return 1;
}

/* The element of a lone constant. */
static const double *number_of(capture *c, uint32_t node)
{
    if (c->number_count == 0) {
        c->numbers = ad__arena_take(&c->p->keep, NUMBERS * sizeof *c->numbers);
        c->number_count = c->numbers != NULL ? NUMBERS : 0;
    }
    if (c->number_count == 0) {
        return NULL;
    }
    double *number = c->numbers + NUMBERS - c->number_count--;
    *number = c->tape->value[node].scalar;
    return number;
}

static int take_leaf(capture *c, uint32_t node)
{
    const ad__spec *spec = spec_of(c, node);
    if (spec == NULL) {
        return 0;
    }
    ad__value v = {.spec = spec, .site = c->tape->site[node]};
    if (ad__is_view(c->tape, node)) {
        return take_view(c, node, v);
    }
    v.op = ad__by_code[AD__CONSTANT];
    v.attributes = is_number(c, node) ? number_of(c, node)
                                      : ad__arena_copy(&c->p->keep, ad__data_of(c->tape, node),
                                                       ad__spec_bytes(spec));
    return v.attributes != NULL && ad__program_add(c->p, v, NULL, &c->id[node]);
}

static int take_operation(capture *c, uint32_t node)
{
    int count;
    const uint32_t *arg = ad__args_of(c->tape, node, &count);
    ad__value v = {.op = ad__op_of(c->tape, node),
                   .spec = spec_of(c, node),
                   .site = c->tape->site[node],
                   .count = (uint32_t)count,
                   .is_derived = ad__is_derived(c->tape, node) != 0};
    if (v.spec == NULL) {
        return 0;
    }
    if (v.op->arity == 0 && ad__detail_of(c->tape, node)->attributes != NULL) {
        v.attribute_bytes = ad__detail_of(c->tape, node)->bytes;
        v.attributes = ad__arena_copy(&c->p->keep, ad__detail_of(c->tape, node)->attributes,
                                      v.attribute_bytes);
        if (v.attributes == NULL) {
            return 0;
        }
    }
    if (!ad__program_add(c->p, v, arg, &c->id[node])) {
        return 0;
    }
    ad__id *args = c->p->args + c->p->values[c->id[node]].first;
    for (int i = 0; i < count; i++) {
        args[i] = content(c, args[i]);
    }
    uint32_t like = like_of(c, node);
    c->p->values[c->id[node]].like = like != 0 ? (1 + c->id[like]) & INT32_MAX : 0;
    return 1;
}

/* The last assignment to a view is its store. */
static ad_status take_assign(capture *c, uint32_t node)
{
    int count;
    const uint32_t *arg = ad__args_of(c->tape, node, &count);
    ad__program *p = c->p;
    ad__id view = c->id[arg[0]], value = content(c, arg[1]);
    if (ad__code_of(&p->values[view]) != AD__VIEW) {
        return ad_tape_fail(c->tape, AD_ERR_STATE, "ad_fn_new", c->tape->site[node],
                            "an input is assigned to; leave it out of `in`, then the function "
                            "reads and writes its memory");
    }
    c->id[node] = value;
    c->lone[arg[0]] = c->lone[arg[0]] != AD__NONE ? value : AD__NONE;
    if (c->store[view] == AD__NONE) {
        c->store[view] = p->store_count++;
    }
    p->stores[c->store[view]] = (ad__store){view, value, ad__op_of(c->tape, node)};
    return AD_OK;
}

/* ---- inputs and outputs ---- */

static ad_status check_counts(const ad__capture *from)
{
    if (from->in_count < 0 || from->out_count < 0) {
        return ad_tape_fail(from->tape, AD_ERR_DOMAIN, "ad_fn_new", NULL,
                            "%d inputs and %d outputs; give 0 or more", from->in_count,
                            from->out_count);
    }
    if ((from->in_count > 0 && from->in == NULL) || (from->out_count > 0 && from->out == NULL)) {
        return ad_tape_fail(from->tape, AD_ERR_DOMAIN, "ad_fn_new", NULL, "the %s are NULL",
                            from->in_count > 0 && from->in == NULL ? "inputs" : "outputs");
    }
    return AD_OK;
}

/* Input or output i of the function. */
static ad_status check_variable(const capture *c, ad_var v, const char *what, int i)
{
    if (v.tape == NULL) {
        return ad_tape_fail(c->tape, AD_ERR_DOMAIN, "ad_fn_new", NULL,
                            "%s %d is a plain number, on no tape; a branch of C may have made it: "
                            "give a variable, as ad_input makes one of a number",
                            what, i);
    }
    return ad__check_handle(c->tape, v, "ad_fn_new");
}

/* Inputs come first, so that they are values 0, 1, .. */
static ad_status take_inputs(capture *c)
{
    const ad__capture *from = c->from;
    ad_tape *tape = c->tape;
    for (int i = 0; i < from->in_count; i++) {
        if (check_variable(c, from->in[i], "input", i) != AD_OK) {
            return tape->error.status;
        }
        uint32_t node = from->in[i].ref.at.node;
        if (tape->node[node].code != AD__INPUT && !ad__is_view(tape, node)) {
            return ad_tape_fail(tape, AD_ERR_STATE, "ad_fn_new", tape->site[node],
                                "input %d is no ad_input, ad_input_array or ad_input_view", i);
        }
        if (c->id[node] != AD__NONE) {
            return ad_tape_fail(tape, AD_ERR_STATE, "ad_fn_new", tape->site[node],
                                "input %d is input %u again", i, (unsigned)c->id[node]);
        }
        ad__value v = {
            .op = ad__by_code[AD__INPUT], .spec = spec_of(c, node), .site = tape->site[node]};
        if (v.spec == NULL || !ad__program_add(c->p, v, NULL, &c->id[node])) {
            return AD_ERR_MEMORY;
        }
        c->store[c->id[node]] = AD__NONE;
        c->p->inputs[i] = c->id[node];
    }
    return AD_OK;
}

static ad_status check_outputs(const capture *c)
{
    for (int i = 0; i < c->from->out_count; i++) {
        if (check_variable(c, c->from->out[i], "output", i) != AD_OK) {
            return c->tape->error.status;
        }
    }
    return AD_OK;
}

/* The last outputs, with what they were while recording. */
static int take_guards(capture *c)
{
    ad__program *p = c->p;
    uint32_t i = 0;
    size_t at = 0;
    for (uint32_t node = 1; node < c->tape->count; node++) {
        if (!c->guards[node]) {
            continue;
        }
        const ad__spec *spec = spec_of(c, node);
        size_t bytes = ad__spec_bytes(spec);
        ad__guard guard = {.name = ad__op_of(c->tape, node)->name,
                           .site = c->tape->site[node],
                           .spec = spec,
                           .recorded =
                               ad__arena_copy(&c->p->keep, ad__data_of(c->tape, node), bytes),
                           .at = at,
                           .is_branch = c->guards[node] == AD__BRANCH};
        if (guard.recorded == NULL) {
            return 0;
        }
        at += ad__rounded(bytes);
        p->outputs[p->output_count - p->guard_count + i] = content(c, node);
        p->guards[i++] = guard;
    }
    return 1;
}

static ad_status take_all(capture *c)
{
    ad_tape *tape = c->tape;
    ad__program *p = c->p;
    for (uint32_t node = 1; node < tape->count; node++) {
        if (!c->needed[node] || c->id[node] != AD__NONE) {
            continue;
        }
        if (is_assign(tape, node)) {
            ad_status status = take_assign(c, node);
            if (status != AD_OK) {
                return status;
            }
        } else if (ad__is_leaf_code(tape->node[node].code) ? !take_leaf(c, node)
                                                           : !take_operation(c, node)) {
            return AD_ERR_MEMORY;
        }
    }
    for (uint32_t i = 0; i < p->output_count - p->guard_count; i++) {
        p->outputs[i] = content(c, c->from->out[i].ref.at.node);
    }
    if (!take_guards(c)) {
        return AD_ERR_MEMORY;
    }
    ad_status status = ad__check_views(tape, p, c->view_count, c->views);
    p->store_count = c->from->no_assign ? 0 : p->store_count;
    return status;
}

/* ---- the whole ---- */

static uint32_t count_nodes(const ad_tape *tape, int (*is)(const ad_tape *tape, uint32_t node))
{
    uint32_t count = 0;
    for (uint32_t node = 1; node < tape->count; node++) {
        count += is(tape, node) != 0;
    }
    return count;
}

/* The tables of a capture, in the tape's scratch, and of its program. */
static int make_tables(capture *c)
{
    ad_tape *tape = c->tape;
    ad__program *p = c->p;
    size_t n = tape->count, views = count_nodes(tape, ad__is_view);
    for (c->same_mask = 15; c->same_mask < 2 * views; c->same_mask = 2 * c->same_mask + 1) {
    }
    ad__arena *scratch = &tape->scratch, *keep = &p->keep;
    c->guards = ad__table(scratch, n, AD__ZEROS, uint8_t);
    p->guard_count = c->guards != NULL && c->from->guard ? ad__find_guards(tape, c->guards) : 0;
    p->input_count = (uint32_t)c->from->in_count;
    p->output_count = (uint32_t)c->from->out_count + p->guard_count;
    p->guards = ad__table(keep, p->guard_count, AD__UNFILLED, ad__guard);
    p->inputs = ad__table(keep, p->input_count, AD__UNFILLED, ad__id);
    p->outputs = ad__table(keep, p->output_count, AD__UNFILLED, ad__id);
    p->stores = ad__table(keep, count_nodes(tape, is_assign), AD__UNFILLED, ad__store);
    c->id = ad__table(scratch, n, AD__NONES, ad__id);
    c->lone = ad__table(scratch, n, AD__NONES, ad__id);
    c->needed = ad__table(scratch, n, AD__ZEROS, uint8_t);
    c->specs = ad__table(scratch, tape->spec_count, AD__ZEROS, const ad__spec *);
    c->views = ad__table(scratch, views, AD__UNFILLED, ad__id);
    c->same = ad__table(scratch, c->same_mask + 1, AD__NONES, ad__id);
    c->store = ad__table(scratch, n, AD__UNFILLED, uint32_t);
    return !scratch->is_out_of_memory && !keep->is_out_of_memory;
}

ad_status ad__capture_program(const ad__capture *from, ad__program *p)
{
    ad_tape *tape = from->tape;
    capture c = {.from = from, .tape = tape, .p = p};
    if (tape->error.status != AD_OK || check_counts(from) != AD_OK) {
        return tape->error.status;
    }
    ad__arena_mark before = ad__arena_mark_here(&tape->scratch);
    ad_status status = make_tables(&c) ? AD_OK : AD_ERR_MEMORY;
    if (status == AD_OK) {
        status = check_outputs(&c);
    }
    if (status == AD_OK) {
        status = take_inputs(&c);
    }
    if (status == AD_OK) {
        mark_roots(&c);
        status = mark_needed(&c) ? ad__check_inputs(from, c.needed) : AD_ERR_MEMORY;
    }
    if (status == AD_OK) {
        status = take_all(&c);
    }
    ad__arena_rewind(&tape->scratch, before);
    return status;
}
