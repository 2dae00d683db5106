/* SPDX-License-Identifier: MIT */
/* The optimised program as text. */
#include "look/show_internal.h"

#include "base/text_internal.h"

#include <string.h>

enum { TEXT = 240, DIGITS = 7 };

/* ---- pieces of text ---- */

void ad__say_quantity(char *text, size_t bytes, double value, const char *unit)
{
    static const char prefix[] = "\0kMGTP";
    size_t i = 0;
    for (; value >= 999.5 && i + 2 < sizeof prefix; i++) {
        value /= 1000;
    }
    ad__say(text, bytes, "%.3g %.1s%s", value, prefix + i, unit);
}

int ad__is_number(const ad__value *v)
{
    return ad__is_constant(v) && v->spec->shape.rank == 0;
}

void ad__say_constant(const ad__value *v, char *text, size_t bytes)
{
    double f64 = 0;
    float f32;
    int64_t i64;
    switch (v->spec->type) {
    case AD_F64:
        memcpy(&f64, v->attributes, sizeof f64);
        break;
    case AD_F32:
        memcpy(&f32, v->attributes, sizeof f32);
        f64 = (double)f32;
        break;
    case AD_I64:
        memcpy(&i64, v->attributes, sizeof i64);
        f64 = (double)i64;
        break;
    }
    ad__say_number(text, bytes, f64, DIGITS);
}

void ad__say_operation(const ad__step_list *l, ad__id id, char *text, size_t bytes)
{
    const ad__program *p = &l->f->program;
    const ad__value *v = &p->values[id];
    ad__say(text, bytes, "%s", v->op->name);
    for (uint32_t i = 0; i < v->count; i++) {
        ad__id x = ad__listed(l, p->args[v->first + i]);
        ad__say(text, bytes, ad__is_number(&p->values[x]) ? " " : " %%");
        if (ad__is_number(&p->values[x])) {
            ad__say_constant(&p->values[x], text, bytes);
        } else {
            ad__say(text, bytes, "%u", (unsigned)x);
        }
    }
}

static void say_spec(const ad__spec *spec, char *text, size_t bytes)
{
    char shape[160];
    ad__say(text, bytes, "%s %s", ad_type_name(spec->type),
            ad_shape_print(&spec->shape, shape, sizeof shape));
}

static void say_cell(const ad__step_list *l, const ad__cell *cell, char *text, size_t bytes)
{
    size_t own = l->f->program.output_count - l->f->program.guard_count;
    switch (cell->home) {
    case AD__CELL_WORK:
        ad__say(text, bytes, "workspace %zu", cell->at);
        break;
    case AD__CELL_SLOT:
        ad__say(text, bytes, "slot %zu", cell->at);
        break;
    case AD__CELL_FIXED:
        ad__say(text, bytes, "%s %%%u",
                ad__is_constant(&l->f->program.values[cell->id]) ? "constant" : "view",
                (unsigned)cell->id);
        break;
    case AD__CELL_INPUT:
        ad__say(text, bytes, "input %zu", cell->at);
        break;
    case AD__CELL_OUTPUT:
        ad__say(text, bytes, cell->at < own ? "output %zu" : "guard %zu",
                cell->at < own ? cell->at : cell->at - own);
        break;
    }
}

static void say_place(const ad__step_list *l, const ad__operation *o, char *text, size_t bytes)
{
    static const char *const inside[] = {
        [AD__IN_CELL] = "", [AD__IN_SLOT] = "slot ", [AD__IN_TILE] = "tile ", [AD__IN_PANEL] = ""};
    if (o->place == AD__IN_CELL) {
        say_cell(l, &l->f->plan.cells[o->at], text, bytes);
    } else if (o->place == AD__IN_PANEL) {
        ad__say(text, bytes, "panel");
    } else {
        ad__say(text, bytes, "%s%u", inside[o->place], (unsigned)o->at);
    }
}

/* ---- lines ---- */

typedef struct printer {
    FILE *out;
    const ad__step_list *l;
    int width; /* of numbers */
} printer;

/* Columns are padded to usual widths that may be exceeded. */
static void write_value(const printer *w, ad__id id, const char *operation, const char *place)
{
    const ad__value *v = &w->l->f->program.values[id];
    char spec[TEXT] = "";
    say_spec(v->spec, spec, sizeof spec);
    (void)fprintf(w->out, "  %%%-*u  %-26s  %-16s  %-*s%s%s\n", w->width, (unsigned)id, operation,
                  spec, v->site != NULL ? 16 : 0, place, v->site != NULL ? "  " : "",
                  v->site != NULL ? v->site : "");
}

static void write_leaves(const printer *w)
{
    const ad__program *p = &w->l->f->program;
    uint32_t inputs = 0;
    for (ad__id id = 0; id < p->count; id++) {
        const ad__value *v = &p->values[id];
        char what[TEXT] = "";
        if (!ad__is_leaf(v) || !w->l->is_used[id] || ad__is_number(v)) {
            continue;
        }
        ad__say(what, sizeof what, "%s",
                ad__is_constant(v)            ? "constant"
                : ad__code_of(v) == AD__INPUT ? "input"
                                              : "view");
        if (ad__code_of(v) == AD__INPUT) {
            ad__say(what, sizeof what, " %u", (unsigned)inputs++); /* inputs are values 0, 1, .. */
        }
        write_value(w, id, what, "");
    }
}

static void write_copy(const printer *w, const ad__copy *c)
{
    const ad__cell *cells = w->l->f->plan.cells;
    char from[TEXT] = "", to[TEXT] = "";
    say_cell(w->l, &cells[c->from], from, sizeof from);
    say_cell(w->l, &cells[c->to], to, sizeof to);
    (void)fprintf(w->out, "  %s to %s\n", from, to);
}

static void write_step(const printer *w, size_t step, const ad__cost *cost)
{
    const ad__step_list *l = w->l;
    const ad__step *s = &l->f->plan.steps[step];
    char flops[TEXT] = "", bytes[TEXT] = "";
    ad__say_quantity(flops, sizeof flops, cost->flops, "FLOP");
    ad__say_quantity(bytes, sizeof bytes, cost->bytes, "B");
    (void)fprintf(w->out, "step %zu  %s  %s  %s\n", step, s->kind->name, flops, bytes);
    for (size_t i = l->first[step]; i < l->first[step + 1]; i++) {
        const ad__operation *o = &l->operations[i];
        char operation[TEXT] = "", place[TEXT] = "";
        ad__say_operation(l, o->id, operation, sizeof operation);
        say_place(l, o, place, sizeof place);
        write_value(w, o->id, operation, place);
    }
    if (s->kind == &ad__copy_kind) {
        write_copy(w, s->plan);
    }
}

/* A value, or the number that it is. */
static void write_end(const printer *w, const char *what, unsigned number, ad__id value)
{
    const ad__value *v = &w->l->f->program.values[ad__listed(w->l, value)];
    char text[TEXT] = "";
    if (ad__is_number(v)) {
        ad__say_constant(v, text, sizeof text);
    } else {
        ad__say(text, sizeof text, "%%%u", (unsigned)ad__listed(w->l, value));
    }
    (void)fprintf(w->out, "%s%u = %s\n", what, number, text);
}

static void write_ends(const printer *w)
{
    const ad__program *p = &w->l->f->program;
    uint32_t own = p->output_count - p->guard_count;
    for (uint32_t i = 0; i < p->output_count; i++) {
        write_end(w, i < own ? "output " : "guard ", i < own ? i : i - own, p->outputs[i]);
    }
    for (uint32_t i = 0; i < p->store_count; i++) {
        write_end(w, "view %", p->stores[i].view, p->stores[i].value);
    }
}

/* ---- the whole ---- */

static void write_text(const printer *w, const ad__cost *steps)
{
    const ad_fn *f = w->l->f;
    ad__cost sum = {0, 0};
    char flops[TEXT] = "", bytes[TEXT] = "", workspace[TEXT] = "";
    for (size_t s = 0; s < f->plan.step_count; s++) {
        sum.flops += steps[s].flops;
        sum.bytes += steps[s].bytes;
    }
    ad__say_quantity(flops, sizeof flops, sum.flops, "FLOP");
    ad__say_quantity(bytes, sizeof bytes, sum.bytes, "B");
    ad__say_quantity(workspace, sizeof workspace, (double)ad_fn_workspace_bytes(f), "B");
    (void)fprintf(w->out,
                  "inputs %u, outputs %u, assignments %u; steps %u, operations %zu; %s, %s moved; "
                  "workspace %s\n",
                  (unsigned)f->program.input_count,
                  (unsigned)(f->program.output_count - f->program.guard_count),
                  (unsigned)f->program.store_count, (unsigned)f->plan.step_count, w->l->count,
                  flops, bytes, workspace);
    write_leaves(w);
    for (size_t s = 0; s < f->plan.step_count; s++) {
        write_step(w, s, &steps[s]);
    }
    write_ends(w);
}

ad_status ad_fn_show_text(const ad_fn *f, FILE *out)
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
    if (status == AD_OK) {
        const printer w = {out, &l, snprintf(NULL, 0, "%u", (unsigned)f->program.count)};
        write_text(&w, steps);
        status = fflush(out) != 0 || ferror(out) ? AD_ERR_IO : AD_OK;
    }
    ad__step_list_clear(&l);
    return status;
}
