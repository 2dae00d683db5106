/* SPDX-License-Identifier: MIT */
/* Where the values of an emitted function are: parameters, constants, the workspace, numbers
 * between scalars. */
#include "fn/emit/emit_internal.h"

#include "base/text_internal.h"

#include <stdio.h>
#include <string.h>

static const ad__cell *cell_of(const emission *m, uint32_t cell)
{
    return &m->plan->cells[cell];
}

static const ad__value *value_of(const emission *m, ad__id id)
{
    return &m->program->values[id];
}

ad_type ad__emit_type(const emission *m, uint32_t cell)
{
    return value_of(m, cell_of(m, cell)->id)->spec->type;
}

static int is_view(const ad__value *v)
{
    return ad__code_of(v) == AD__VIEW;
}

/* ---- finding them ---- */

static void find_views(emission *m)
{
    const ad__program *p = m->program;
    for (ad__id id = 0; id < p->count; id++) {
        if (is_view(&p->values[id]) && (m->stored[id] || m->options->pass_weights)) {
            m->view[id] = m->view_count;
            m->views[m->view_count++] = id;
        }
    }
}

static void find_workspace(emission *m)
{
    for (uint32_t i = 0; i < m->plan->cell_count; i++) {
        const ad__cell *c = &m->plan->cells[i];
        const ad__value *v = value_of(m, c->id);
        if (c->home == AD__CELL_WORK) {
            /* an empty tensor has a place too */
            size_t bytes = ad__value_bytes(v), least = ad_type_bytes(v->spec->type);
            size_t end = c->at + (bytes > least ? bytes : least), *low = &m->low[v->spec->type];
            size_t *high = &m->high[v->spec->type];
            *low = *high == 0 || c->at < *low ? c->at : *low;
            *high = end > *high ? end : *high;
        }
    }
}

/* The result of operation j of a run is in its slot from now on; a new function begins with it if
 * enough are in the one before. */
static void note_result(emission *m, const ad__scalars *s, size_t j)
{
    m->part_count += j % ad__emit_part(s) == 0;
    m->part[s->ids[j]] = m->part_count;
    m->in_slot[s->ops[j].z] = s->ids[j];
}

static void note_read(emission *m, uint32_t slot, uint32_t part)
{
    ad__id x = m->in_slot[slot];
    if (x != AD__NONE) {
        *(m->part[x] == part ? &m->stays[x] : &m->leaves[x]) = 1;
    }
}

/* Divides the runs of scalars into functions, and finds where each result is read: cells name what
 * they read of it. */
static void find_parts(emission *m)
{
    const ad__plan *plan = m->plan;
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        m->leaves[plan->cells[i].id] |= plan->cells[i].home == AD__CELL_SLOT;
    }
    for (uint32_t i = 0; i < plan->step_count; i++) {
        const ad__scalars *s = plan->steps[i].plan;
        for (size_t j = 0; plan->steps[i].kind == &ad__scalars_kind && j < s->count; j++) {
            uint32_t part = m->part_count + (j % ad__emit_part(s) == 0);
            for (int a = 0; a < ad__by_code[s->ops[j].code]->arity; a++) {
                note_read(m, s->ops[j].x[a], part);
            }
            note_result(m, s, j);
        }
    }
    for (uint32_t i = 0; i < plan->save_count; i++) {
        note_read(m, plan->saves[i].slot, AD__NONE);
    }
    memset(m->in_slot, 0xff, plan->slot_count * sizeof *m->in_slot); /* AD__NONE */
}

/* Numbers that are not read in their own function alone get a place in memory. */
static void find_slots(emission *m)
{
    const ad__plan *plan = m->plan;
    for (uint32_t i = 0; i < plan->load_count; i++) {
        m->load[plan->loads[i].slot] = i;
    }
    for (uint32_t i = 0; i < plan->step_count; i++) {
        const ad__scalars *s = plan->steps[i].plan;
        for (size_t j = 0; plan->steps[i].kind == &ad__scalars_kind && j < s->count; j++) {
            if (m->leaves[s->ids[j]]) {
                m->memory[s->ops[j].z] = 0;
            }
        }
    }
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        const ad__cell *c = &plan->cells[i];
        if (c->home == AD__CELL_SLOT && !ad__is_leaf(value_of(m, c->id))) {
            m->memory[c->at] = 0;
        }
    }
    for (uint32_t i = 0; i < plan->slot_count; i++) {
        if (m->is_native) {
            m->memory[i] = m->memory[i] == 0 || m->load[i] != AD__NONE ? i : AD__NONE;
            m->load[i] = AD__NONE;
        } else {
            m->memory[i] = m->memory[i] == 0 ? m->memory_count++ : AD__NONE;
        }
    }
}

/* A table with every bit clear, or set: AD__NONE. NULL without memory. */
static void *table(emission *m, size_t count, size_t bytes, int value)
{
    void *memory = ad__arena_take(&m->arena, (count + 1) * bytes);
    if (memory != NULL) {
        memset(memory, value, (count + 1) * bytes);
    }
    return memory;
}

int ad__emit_find_storage(emission *m)
{
    const size_t n = m->program->count, slots = m->plan->slot_count;
    void *const tables[] = {m->views = table(m, n, sizeof *m->views, 0),
                            m->view = table(m, n, sizeof *m->view, 0xff),
                            m->stored = ad__stored_views(m->program, &m->arena),
                            m->written = table(m, n, 1, 0),
                            m->part = table(m, n, sizeof *m->part, 0xff),
                            m->stays = table(m, n, 1, 0),
                            m->leaves = table(m, n, 1, 0),
                            m->code_written = table(m, ad__code_count, 1, 0),
                            m->load = table(m, slots, sizeof *m->load, 0xff),
                            m->memory = table(m, slots, sizeof *m->memory, 0xff),
                            m->in_slot = table(m, slots, sizeof *m->in_slot, 0xff)};
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        if (tables[i] == NULL) {
            return 0;
        }
    }
    find_views(m);
    if (!m->is_native) {
        find_workspace(m);
    }
    find_parts(m);
    find_slots(m);
    return 1;
}

/* ---- parameters: one each, or, where there are many, one for all ---- */

/* f64 ones lie one after the other, as in ad_fn_eval; others are addresses. */
static const char *numbered(const char *name, ad_type type, size_t count, size_t i, int is_f64,
                            size_t at, const char *constant, char *text)
{
    if (count <= FEW) {
        (void)snprintf(text, PLACE, "%s%zu", name, i);
    } else if (is_f64) {
        (void)snprintf(text, PLACE, "(%s + %zu)", name, at);
    } else {
        (void)snprintf(text, PLACE, "((%s%s *)%s[%zu])", constant, ad__c_type(type), name, i);
    }
    return text;
}

const char *ad__emit_input(const emission *m, size_t i, char *text)
{
    return numbered("in", value_of(m, m->program->inputs[i])->spec->type, m->program->input_count,
                    i, m->f->is_f64, m->f->input_at[i], "const ", text);
}

const char *ad__emit_output(const emission *m, size_t i, char *text)
{
    return numbered("out", value_of(m, m->program->outputs[i])->spec->type,
                    m->program->output_count, i, m->f->is_f64, m->f->output_at[i], "", text);
}

/* Writes the array of a constant, or of a view that is not passed, when it is first asked for. */
static void put_constant(emission *m, ad__id id)
{
    const ad__value *v = value_of(m, id);
    const ad_type type = v->spec->type;
    ad__chars *out = m->e.out;
    enum { IN_A_LINE = 8 };
    if (m->written[id]) {
        return;
    }
    m->written[id] = 1;
    m->e.out = &m->constants;
    ad__put(&m->e, "\n/* ");
    ad__put_origin(m, id);
    ad__put(&m->e, " */\nstatic const %s c%u[%zu] = {", ad__c_type(type), (unsigned)id,
            v->spec->count > 0 ? v->spec->count : 1);
    for (size_t i = 0; i < v->spec->count; i++) {
        ad__put(&m->e, "%s", i == 0 ? "\n    " : i % IN_A_LINE == 0 ? ",\n    " : ", ");
        ad__put_number(&m->e, type, (const char *)v->attributes + i * ad_type_bytes(type));
    }
    ad__put(&m->e, "%s};\n", v->spec->count > 0 ? "" : "0");
    m->e.out = out;
}

const char *ad__emit_view(emission *m, ad__id id, char *text)
{
    if (m->view[id] == AD__NONE) {
        put_constant(m, id);
        (void)snprintf(text, PLACE, "c%u", (unsigned)id);
        return text;
    }
    return numbered("view", value_of(m, id)->spec->type, m->view_count, m->view[id], 0, 0,
                    m->stored[id] ? "" : "const ", text);
}

static void put_parameter(emission *m, int declared, int *is_first, const char *name, ad__id id,
                          int is_constant)
{
    const ad__spec *spec = value_of(m, id)->spec;
    ad__put(&m->e, "%s", *is_first ? "" : ", ");
    *is_first = 0;
    if (!declared) {
        ad__put(&m->e, "%s", name);
    } else if (spec->count > 0) {
        ad__put(&m->e, "%s%s %s[%zu]", is_constant ? "const " : "", ad__c_type(spec->type), name,
                spec->count);
    } else {
        ad__put(&m->e, "%s%s *%s", is_constant ? "const " : "", ad__c_type(spec->type), name);
    }
}

/* The inputs, outputs or views, whose number is count. */
static void put_group(emission *m, int declared, int *is_first, const char *name, size_t count,
                      const ad__id *ids, int is_f64, int is_constant)
{
    char text[PLACE];
    for (size_t i = 0; i < count && count <= FEW; i++) {
        (void)snprintf(text, sizeof text, "%s%zu", name, i);
        put_parameter(m, declared, is_first, text, ids[i],
                      is_constant && !(ids == m->views && m->stored[ids[i]]));
    }
    if (count > FEW) {
        const char *type = ids == m->views ? "void *const *"
                           : is_constant   ? (is_f64 ? "const double *" : "const void *const *")
                                           : (is_f64 ? "double *" : "void *const *");
        ad__put(&m->e, "%s%s%s", *is_first ? "" : ", ", declared ? type : "", name);
        *is_first = 0;
    }
}

void ad__put_parameters(emission *m, int declared)
{
    const ad__program *p = m->program;
    int is_first = 1;
    put_group(m, declared, &is_first, "in", p->input_count, p->inputs, m->f->is_f64, 1);
    put_group(m, declared, &is_first, "out", p->output_count, p->outputs, m->f->is_f64, 0);
    put_group(m, declared, &is_first, "view", m->view_count, m->views, 0, 1);
    if (ad__emit_has_workspace(m)) {
        ad__put(&m->e, "%s%s%s%s", is_first ? "" : ", ", declared ? m->name : "",
                declared ? "_workspace *" : "", "w");
        is_first = 0;
    }
    ad__put(&m->e, "%s", is_first && declared ? "void" : "");
}

void ad__put_unused(emission *m)
{
    static const char *const names[] = {"in", "out", "view"};
    const size_t counts[] = {m->program->input_count, m->program->output_count, m->view_count};
    char name[PLACE];
    for (size_t group = 0; group < 3; group++) {
        for (size_t i = 0; i < counts[group] && (i == 0 || counts[group] <= FEW); i++) {
            (void)snprintf(name, sizeof name, "%s%zu", names[group], i);
            name[counts[group] <= FEW ? PLACE - 1 : strlen(names[group])] = '\0';
            if (!ad__mentions(&m->body, name)) {
                ad__put(&m->e, "    (void)%s;\n", name);
            }
        }
    }
}

/* ---- the workspace ---- */

static size_t region(const emission *m, int type)
{
    return (m->high[type] - m->low[type]) / ad_type_bytes((ad_type)type);
}

int ad__emit_has_workspace(const emission *m)
{
    size_t elements = m->memory_count > STACK_SLOTS;
    for (int type = 0; type < 3; type++) {
        elements += region(m, type) + m->scratch[type];
    }
    return elements > 0;
}

void ad__put_workspace(emission *m)
{
    if (!ad__emit_has_workspace(m)) {
        return;
    }
    ad__put(&m->e,
            "\n/* What a call writes beside its results: nothing in it lasts. */\n"
            "typedef struct %s_workspace {\n",
            m->name);
    for (int type = 0; type < 3; type++) {
        const char *c_type = ad__c_type((ad_type)type), *name = ad_type_name((ad_type)type);
        if (region(m, type) > 0) {
            ad__put(&m->e, "    %s %s[%zu];\n", c_type, name, region(m, type));
        }
        if (m->scratch[type] > 0) {
            ad__put(&m->e, "    %s scratch_%s[%zu];\n", c_type, name, m->scratch[type]);
        }
    }
    if (m->memory_count > STACK_SLOTS) {
        ad__put(&m->e, "    double s[%u];\n", (unsigned)m->memory_count);
    }
    ad__put(&m->e, "} %s_workspace;\n", m->name);
}

/* ---- cells and slots ---- */

const void *ad__emit_number(const emission *m, uint32_t cell)
{
    const ad__cell *c = cell_of(m, cell);
    const ad__value *v = value_of(m, c->id);
    int is_known = ad__is_constant(v) || (is_view(v) && m->view[c->id] == AD__NONE);
    int is_leaf_place = c->home == AD__CELL_FIXED || c->home == AD__CELL_SLOT;
    return is_known && is_leaf_place && v->spec->count == 1 ? v->attributes : NULL;
}

int ad__emit_same(const emission *m, uint32_t a, uint32_t b)
{
    const ad__cell *x = cell_of(m, a), *y = cell_of(m, b);
    return a == b || (x->home == y->home && x->at == y->at && x->memory == y->memory &&
                      x->offset == y->offset && ad__emit_type(m, a) == ad__emit_type(m, b));
}

/* The address of the number of a slot. */
static const char *slot_place(emission *m, uint32_t slot, char *text)
{
    if (m->load[slot] != AD__NONE) {
        const ad__slot_copy *load = &m->plan->loads[m->load[slot]];
        return load->memory != NULL ? ad__emit_view(m, load->index, text)
                                    : ad__emit_input(m, load->index, text);
    }
    (void)snprintf(text, PLACE, "s + %u", (unsigned)m->memory[slot]);
    return text;
}

/* Where the cell's value begins, of which the cell may be a part. */
static const char *whole_place(emission *m, uint32_t cell, char *text)
{
    const ad__cell *c = cell_of(m, cell);
    const ad_type type = ad__emit_type(m, cell);
    switch (c->home) {
    case AD__CELL_WORK:
        (void)snprintf(text, PLACE, "w->%s + %zu", ad_type_name(type),
                       (c->at - m->low[type]) / ad_type_bytes(type));
        return text;
    case AD__CELL_SLOT:
        return ad__is_constant(value_of(m, c->id)) ? ad__emit_view(m, c->id, text)
                                                   : slot_place(m, (uint32_t)c->at, text);
    case AD__CELL_FIXED:
        return ad__emit_view(m, c->id, text);
    case AD__CELL_INPUT:
        return ad__emit_input(m, c->at, text);
    case AD__CELL_OUTPUT:
        return ad__emit_output(m, c->at, text);
    }
    return text;
}

const char *ad__emit_place(emission *m, uint32_t cell, char *text)
{
    const ad_type type = ad__emit_type(m, cell);
    if (m->is_native) {
        (void)snprintf(text, PLACE, "(%s *)cell[%u]", ad__c_type(type), (unsigned)cell);
        return text;
    }
    size_t offset = cell_of(m, cell)->offset / ad_type_bytes(type);
    whole_place(m, cell, text);
    if (offset > 0) {
        ad__say(text, PLACE, " + %zu", offset);
    }
    return text;
}

void ad__emit_slot(emission *m, uint32_t slot, char *text)
{
    char place[PLACE];
    if (m->load[slot] == AD__NONE && m->memory[slot] == AD__NONE) {
        ad__chars number = {NULL, 0, 0}, *out = m->e.out;
        m->e.out = &number;
        ad__put_number(&m->e, AD_F64, &m->plan->slots[slot]);
        m->e.out = out;
        (void)snprintf(text, PLACE, number.len > 0 && number.text[0] == '-' ? "(%s)" : "%s",
                       number.len > 0 ? number.text : "0");
        ad__chars_clear(&m->e, &number);
    } else if (m->memory[slot] != AD__NONE) {
        (void)snprintf(text, PLACE, "s[%u]", (unsigned)m->memory[slot]);
    } else {
        (void)snprintf(text, PLACE, "%s[0]", slot_place(m, slot, place));
    }
}
