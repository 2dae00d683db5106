/* SPDX-License-Identifier: MIT */
/* Runs of scalars as straight lines. A result is a local constant where its own function reads it,
 * and a number in the array s where another one does. A long run is divided into short functions:
 * compilers take more than proportional time for long ones, and for pointers that are restrict. */
#include "fn/emit/emit_internal.h"

#include <stdio.h>
#include <string.h>

/* A function: operations first .. end - 1 of a run. */
typedef struct part {
    emission *m;
    const ad__scalars *run;
    size_t first, end;
    uint32_t step, number; /* of the function: the step, its part */
    uint8_t *in, *view;    /* by number: the parameter is used */
    int uses_s;
    const char *site; /* of the last operation */
} part;

/* ---- parameters ---- */

/* Notes what an operand that is not local makes a parameter. */
static void note_slot(part *p, uint32_t slot)
{
    const emission *m = p->m;
    if (m->load[slot] == AD__NONE) {
        p->uses_s |= m->memory[slot] != AD__NONE;
        return;
    }
    const ad__slot_copy *load = &m->plan->loads[m->load[slot]];
    if (load->memory == NULL) {
        p->in[m->program->input_count <= FEW ? load->index : 0] = 1;
    } else if (m->view[load->index] != AD__NONE) {
        p->view[m->view_count <= FEW ? m->view[load->index] : 0] = 1;
    }
}

static int is_local(const part *p, uint32_t slot)
{
    ad__id x = p->m->in_slot[slot];
    return x != AD__NONE && p->m->part[x] == p->m->part[p->run->ids[p->first]];
}

/* ", " before all but the first */
static void put_separator(ad__emit *e, int *is_first)
{
    ad__put(e, "%s", *is_first ? "" : ", ");
    *is_first = 0;
}

static void put_list(const part *p, const char *name, size_t count, const uint8_t *used,
                     const char *many, int declared, int *is_first)
{
    ad__emit *e = &p->m->e;
    for (size_t i = 0; i < count && i < FEW; i++) {
        if (used[i]) {
            put_separator(e, is_first);
            ad__put(e, "%s%s", declared ? (count > FEW ? many : "const double *") : "", name);
            if (count <= FEW) {
                ad__put(e, "%zu", i);
            }
        }
    }
}

static void put_parameters(const part *p, int declared)
{
    const emission *m = p->m;
    int is_first = 1;
    put_list(p, "in", m->program->input_count, p->in,
             m->f->is_f64 ? "const double *" : "const void *const *", declared, &is_first);
    put_list(p, "view", m->view_count, p->view, "void *const *", declared, &is_first);
    if (p->uses_s) {
        put_separator(&p->m->e, &is_first);
        ad__put(&p->m->e, "%ss", declared ? "double *" : "");
    }
    ad__put(&p->m->e, "%s", is_first && declared ? "void" : "");
}

/* ---- operations ---- */

static void put_operand(part *p, uint32_t slot, char *text)
{
    if (is_local(p, slot)) {
        (void)snprintf(text, PLACE, "v%u", (unsigned)p->m->in_slot[slot]);
    } else {
        note_slot(p, slot);
        ad__emit_slot(p->m, slot, text);
    }
}

/* A long value as a function, written when it is first called: in long runs compilers would take
 * their time for every copy of it. */
static void put_row_call(emission *m, const ad_op *op, const char *const *arg)
{
    static const char *const names[] = {"x", "y", "w"};
    ad__emit *e = &m->e;
    ad__chars *out = e->out;
    if (!m->code_written[op->code]) {
        m->code_written[op->code] = 1;
        e->out = &m->steps;
        ad__put(e, "\nSTEP double %s(", op->name);
        for (int i = 0; i < op->arity; i++) {
            ad__put(e, "%sdouble %s", i > 0 ? ", " : "", names[i]);
        }
        ad__put(e, ")\n{\n    return ");
        ad__put_text(e, op->text, AD_F64, names);
        ad__put(e, ";\n}\n");
        e->out = out;
    }
    ad__put(e, "%s(", op->name);
    for (int i = 0; i < op->arity; i++) {
        ad__put(e, "%s%s", i > 0 ? ", " : "", arg[i]);
    }
    ad__put(e, ")");
}

static void put_operation(part *p, size_t i)
{
    emission *m = p->m;
    ad__emit *e = &m->e;
    const ad__scalar_op *op = &p->run->ops[i];
    const ad__id id = p->run->ids[i];
    const ad__value *v = &m->program->values[id];
    char text[3][PLACE];
    const char *arg[3] = {text[0], text[1], text[2]};
    for (int a = 0; a < v->op->arity; a++) {
        put_operand(p, op->x[a], text[a]);
    }
    m->in_slot[op->z] = id;
    p->uses_s |= m->leaves[id];
    if (m->stays[id]) {
        ad__put(e, "    const double v%u = ", (unsigned)id);
    } else {
        ad__put(e, "    s[%u] = ", (unsigned)m->memory[op->z]);
    }
    if (p->run->count > AD__EMIT_WHOLE && strstr(v->op->text, "real_") != NULL) {
        put_row_call(p->m, v->op, arg);
    } else {
        ad__put_text(e, v->op->text, AD_F64, arg);
    }
    ad__put(e, ";");
    if (v->site != NULL && (p->site == NULL || strcmp(p->site, v->site) != 0)) {
        ad__put(e, " /* %s, ", v->op->name);
        ad__put_site(e, v->site);
        ad__put(e, " */");
        p->site = v->site;
    }
    ad__put(e, "\n");
    if (m->stays[id] && m->leaves[id]) {
        ad__put(e, "    s[%u] = v%u;\n", (unsigned)m->memory[op->z], (unsigned)id);
    }
}

static void put_name(const part *p)
{
    ad__put(&p->m->e, "step_%u", (unsigned)p->step);
    if (p->number > 1 || p->end < p->run->count) {
        ad__put(&p->m->e, "_%u", (unsigned)p->number);
    }
}

static void put_part(part *p)
{
    ad__emit *e = &p->m->e;
    ad__chars body = {NULL, 0, 0};
    memset(p->in, 0, FEW);
    memset(p->view, 0, FEW);
    p->uses_s = 0;
    p->site = NULL;
    e->out = &body;
    for (size_t i = p->first; i < p->end; i++) {
        put_operation(p, i);
    }
    e->out = &p->m->steps;
    ad__put(e, "\nSTEP void ");
    put_name(p);
    ad__put(e, "(");
    put_parameters(p, 1);
    ad__put(e, ")\n{\n%s}\n", body.text != NULL ? body.text : "");
    ad__chars_clear(e, &body);
    e->out = &p->m->body;
    ad__put(e, "    ");
    put_name(p);
    ad__put(e, "(");
    put_parameters(p, 0);
    ad__put(e, ");\n");
}

void ad__emit_scalars(emission *m, uint32_t number, const ad__scalars *s)
{
    uint8_t in[FEW], view[FEW];
    const size_t len = ad__emit_part(s);
    part p = {.m = m, .run = s, .step = number, .in = in, .view = view};
    for (p.first = 0; p.first < s->count; p.first += len) {
        p.end = s->count - p.first < len ? s->count : p.first + len;
        p.number++;
        put_part(&p);
    }
}
