/* SPDX-License-Identifier: MIT */
/* The optimised program as a graph: a cluster a step. */
#include "look/show_internal.h"

#include "base/text_internal.h"

#include <string.h>

enum { TEXT = 240, MANY = 100 }; /* operations that are drawn one by one */

typedef struct graph {
    FILE *out;
    const ad__step_list *l;
    uint32_t *seen; /* by value: the last step drawn as one node with an edge from it, plus 1 */
} graph;

static int is_one_node(const graph *g, size_t step)
{
    return g->l->first[step + 1] - g->l->first[step] > MANY;
}

/* The node that stands for a value: its own, or its step's. */
static void write_name(const graph *g, ad__id id)
{
    uint32_t step = g->l->step[id];
    int is_own = step == AD__NONE || !is_one_node(g, step);
    (void)fprintf(g->out, "%c%u", is_own ? 'n' : 's', is_own ? (unsigned)id : (unsigned)step);
}

static void write_site(const graph *g, const char *site)
{
    if (site != NULL) {
        (void)fprintf(g->out, ", tooltip=\"");
        ad__write_quoted(g->out, site);
        (void)fprintf(g->out, "\"");
    }
    (void)fprintf(g->out, "];\n");
}

static void write_shape(const graph *g, const ad__value *v)
{
    char text[TEXT];
    if (v->spec->shape.rank > 0) {
        (void)fprintf(g->out, "\\n%s", ad_shape_print(&v->spec->shape, text, sizeof text));
    }
}

/* ---- nodes ---- */

static void write_leaf(const graph *g, ad__id id)
{
    const ad__value *v = &g->l->f->program.values[id];
    (void)fprintf(g->out, "  n%u [shape=box, fillcolor=\"%s\", label=\"", (unsigned)id,
                  ad__is_constant(v) ? "#ffffff" : "#dcebf9");
    if (ad__code_of(v) == AD__INPUT) {
        (void)fprintf(g->out, "input %u", (unsigned)id); /* inputs are values 0, 1, .. */
    } else {
        (void)fprintf(g->out, "%s %%%u", ad__is_constant(v) ? "constant" : "view", (unsigned)id);
    }
    write_shape(g, v);
    (void)fprintf(g->out, "\"");
    write_site(g, v->site);
}

/* The operation, the constant numbers among its arguments, and the shape. What only lives in its
 * step is white. */
static void write_operation(const graph *g, const ad__operation *o)
{
    const ad__program *p = &g->l->f->program;
    const ad__value *v = &p->values[o->id];
    const char *name = strncmp(v->op->name, "ad_", 3) == 0 ? v->op->name + 3 : v->op->name;
    int stays = o->place == AD__IN_TILE || o->place == AD__IN_PANEL;
    (void)fprintf(g->out, "    n%u [fillcolor=\"%s\", label=\"", (unsigned)o->id,
                  stays ? "#ffffff" : "#fbe5c8");
    ad__write_quoted(g->out, name);
    for (uint32_t i = 0; i < v->count; i++) {
        const ad__value *x = &p->values[ad__listed(g->l, p->args[v->first + i])];
        char text[TEXT] = "";
        if (ad__is_number(x)) {
            ad__say_constant(x, text, sizeof text);
            (void)fprintf(g->out, " %s", text);
        }
    }
    write_shape(g, v);
    (void)fprintf(g->out, "\"");
    write_site(g, v->site);
}

static void write_step(const graph *g, size_t step, const ad__cost *cost)
{
    const ad__step_list *l = g->l;
    char text[TEXT] = "";
    size_t count = l->first[step + 1] - l->first[step];
    ad__say(text, sizeof text, "%zu  %s\\n", step, l->f->plan.steps[step].kind->name);
    ad__say_quantity(text, sizeof text, cost->flops, "FLOP");
    ad__say(text, sizeof text, "  ");
    ad__say_quantity(text, sizeof text, cost->bytes, "B");
    if (count > 0) {
        (void)fprintf(g->out, "  subgraph cluster_%zu {\n    label=\"%s\";\n", step, text);
        if (is_one_node(g, step)) {
            (void)fprintf(g->out, "    s%zu [label=\"%zu operations\"];\n", step, count);
        }
        for (size_t i = l->first[step]; i < l->first[step + 1] && !is_one_node(g, step); i++) {
            write_operation(g, &l->operations[i]);
        }
        (void)fprintf(g->out, "  }\n");
    }
}

/* ---- edges ---- */

/* From the arguments of an operation; one for each value that a step drawn as one node reads. */
static void write_edges(const graph *g, size_t step, ad__id id)
{
    const ad__program *p = &g->l->f->program;
    const ad__value *v = &p->values[id];
    for (uint32_t i = 0; i < v->count; i++) {
        ad__id x = ad__listed(g->l, p->args[v->first + i]);
        if (ad__is_number(&p->values[x]) ||
            (is_one_node(g, step) && (g->seen[x] == step + 1 || g->l->step[x] == step))) {
            continue;
        }
        g->seen[x] = (uint32_t)step + 1;
        (void)fprintf(g->out, "  ");
        write_name(g, x);
        (void)fprintf(g->out, " -> ");
        write_name(g, id);
        (void)fprintf(g->out, ";\n");
    }
}

/* A box for where a value goes in the end. */
static void write_end(const graph *g, const char *what, unsigned number, ad__id value)
{
    const ad__value *v = &g->l->f->program.values[ad__listed(g->l, value)];
    (void)fprintf(g->out, "  %c%u [shape=box, fillcolor=\"#d5edd5\", label=\"%s%u\"];\n", what[0],
                  number, what, number);
    if (!ad__is_number(v)) {
        (void)fprintf(g->out, "  ");
        write_name(g, ad__listed(g->l, value));
        (void)fprintf(g->out, " -> %c%u;\n", what[0], number);
    }
}

/* ---- the whole ---- */

static void write_graph(const graph *g, const ad__cost *steps)
{
    const ad_fn *f = g->l->f;
    const ad__program *p = &f->program;
    (void)fprintf(g->out, "digraph function {\n"
                          "  node [style=filled, fontname=\"Helvetica\", fontsize=11, height=0.4, "
                          "margin=\"0.08,0.04\"];\n"
                          "  graph [fontname=\"Helvetica\", fontsize=10, color=\"#999999\"];\n"
                          "  edge [arrowsize=0.6];\n");
    for (ad__id id = 0; id < p->count; id++) {
        if (g->l->is_used[id] && ad__is_leaf(&p->values[id]) && !ad__is_number(&p->values[id])) {
            write_leaf(g, id);
        }
    }
    for (size_t s = 0; s < f->plan.step_count; s++) {
        write_step(g, s, &steps[s]);
    }
    for (size_t s = 0; s < f->plan.step_count; s++) {
        for (size_t i = g->l->first[s]; i < g->l->first[s + 1]; i++) {
            write_edges(g, s, g->l->operations[i].id);
        }
    }
    uint32_t own = p->output_count - p->guard_count;
    for (uint32_t i = 0; i < p->output_count; i++) {
        write_end(g, i < own ? "output " : "guard ", i < own ? i : i - own, p->outputs[i]);
    }
    for (uint32_t i = 0; i < p->store_count; i++) {
        write_end(g, "view %", p->stores[i].view, p->stores[i].value);
    }
    (void)fprintf(g->out, "}\n");
}

ad_status ad_fn_show_dot(const ad_fn *f, FILE *out)
{
    ad__step_list l;
    ad__cost *operations, *steps;
    if (out == NULL || f == NULL) {
        return AD_ERR_DOMAIN;
    }
    ad_status status = ad__list(f, &l);
    if (status == AD_OK) {
        status = ad__costs_of(&l, &operations, &steps);
    }
    graph g = {out, &l, NULL};
    if (status == AD_OK) {
        g.seen = ad__arena_take(&l.arena, f->program.count * sizeof *g.seen);
        status = g.seen != NULL ? AD_OK : AD_ERR_MEMORY;
    }
    if (status == AD_OK) {
        memset(g.seen, 0, f->program.count * sizeof *g.seen);
        write_graph(&g, steps);
        status = fflush(out) != 0 || ferror(out) ? AD_ERR_IO : AD_OK;
    }
    ad__step_list_clear(&l);
    return status;
}
