/* SPDX-License-Identifier: MIT */
/* Steps of an emitted function: parameters, calls of structured operations, copies. */
#include "fn/emit/emit_internal.h"

#include <stdio.h>
#include <string.h>

/* ---- parameters ---- */

int ad__emit_parameters(emission *m, uint32_t capacity, parameters *out)
{
    out->count = 0;
    out->cell = ad__arena_take(&m->arena, capacity * sizeof *out->cell);
    out->is_written = ad__arena_take(&m->arena, capacity);
    m->e.is_out_of_memory |= out->cell == NULL || out->is_written == NULL;
    return !m->e.is_out_of_memory;
}

uint32_t ad__emit_parameter(emission *m, parameters *p, uint32_t cell, int is_written)
{
    uint32_t i = 0;
    while (i < p->count && !ad__emit_same(m, p->cell[i], cell)) {
        i++;
    }
    if (i == p->count) {
        p->cell[p->count] = cell;
        p->is_written[p->count++] = 0;
    }
    p->is_written[i] |= is_written != 0;
    return i;
}

void ad__put_step_head(emission *m, uint32_t number, const parameters *p, const char *more)
{
    ad__put(&m->e, "STEP void step_%u(%s", (unsigned)number, more);
    for (uint32_t i = 0; i < p->count; i++) {
        ad__put(&m->e, "%s%s%s *restrict p%u", i > 0 || *more ? ", " : "",
                p->is_written[i] ? "" : "const ", ad__c_type(ad__emit_type(m, p->cell[i])),
                (unsigned)i);
    }
    ad__put(&m->e, ")\n{\n");
}

void ad__put_step_call(emission *m, uint32_t number, const parameters *p, const char *more)
{
    char place[PLACE];
    ad__put(&m->e, "step_%u(%s", (unsigned)number, more);
    for (uint32_t i = 0; i < p->count; i++) {
        const char *at = ad__emit_place(m, p->cell[i], place);
        ad__put(&m->e, "%s%s", i > 0 || *more ? ", " : "", at);
    }
    ad__put(&m->e, ");\n");
}

/* ---- calls ---- */

/* Whether the result takes over argument i. Then both are one parameter, as z is restrict. */
static int is_z(const emission *m, const ad__call_step *c, int i)
{
    return c->count <= FEW && ad__emit_same(m, c->x[i], c->z);
}

static void put_call_parameters(emission *m, const ad__call_step *c, int has_scratch[3])
{
    ad__emit *e = &m->e;
    if (c->count > FEW) {
        ad__put(e, "const void *const *x, ");
    }
    for (int i = 0; i < c->count && c->count <= FEW; i++) {
        if (!is_z(m, c, i)) {
            ad__put(e, "const %s *x%d, ", ad__c_type(c->specs[i]->type), i);
        }
    }
    ad__put(e, "%s *restrict z", ad__c_type(c->spec.type));
    for (int type = 0; type < 3; type++) {
        has_scratch[type] = e->scratch[type] > 0;
        m->scratch[type] =
            e->scratch[type] > m->scratch[type] ? e->scratch[type] : m->scratch[type];
        if (has_scratch[type]) {
            ad__put(e, ", %s *scratch_%s", ad__c_type((ad_type)type), ad_type_name((ad_type)type));
        }
    }
    ad__put(e, ")\n{\n");
    for (int i = 0; i < c->count; i++) {
        if (is_z(m, c, i)) {
            ad__put(e, "    const %s *x%d = z;\n", ad__c_type(c->spec.type), i);
        }
    }
}

static void put_call_arguments(emission *m, const ad__call_step *c, const int has_scratch[3])
{
    ad__emit *e = &m->e;
    char place[PLACE];
    ad__put(e, "%s", c->count > FEW ? "(const void *const[]){" : "");
    for (int i = 0; i < c->count; i++) {
        if (!is_z(m, c, i)) {
            const char *at = ad__emit_place(m, c->x[i], place);
            ad__put(e, "%s%s", at, c->count <= FEW || i + 1 < c->count ? ", " : "}, ");
        }
    }
    ad__put(e, "%s", ad__emit_place(m, c->z, place));
    for (int type = 0; type < 3; type++) {
        if (has_scratch[type]) {
            ad__put(e, ", w->scratch_%s", ad_type_name((ad_type)type));
        }
    }
}

void ad__emit_call(emission *m, uint32_t number, const ad__call_step *c)
{
    ad__emit *e = &m->e;
    ad__chars body = {NULL, 0, 0};
    ad__array *x = ad__arena_take(&m->arena, ((size_t)c->count + 1) * sizeof *x);
    int has_scratch[3];
    char name[16];
    if (x == NULL) {
        e->is_out_of_memory = 1;
        return;
    }
    for (int i = 0; i < c->count; i++) {
        x[i] = (ad__array){c->specs[i], NULL};
    }
    const ad__call call = {.count = c->count, .x = x, .attributes = c->attributes, .spec = c->spec};
    memset(e->scratch, 0, sizeof e->scratch);
    e->fails = 0;
    e->many = c->count > FEW;
    e->out = &body;
    if (ad__is_elementwise(&m->program->values[c->id])) {
        ad__elementwise_emit(e, &call, c->op->text);
    } else {
        ad__write(c->op, e, &call);
    }
    e->out = &body;
    for (int i = 0; i < c->count && c->count <= FEW; i++) { /* an argument without elements */
        (void)snprintf(name, sizeof name, "x%d", i);
        if (!ad__mentions(&body, name)) {
            ad__put(e, "    (void)%s;\n", name);
        }
    }
    e->out = &m->steps;
    ad__put(e, "\n/* ");
    ad__put_origin(m, c->id);
    ad__put(e, " */\nSTEP %s step_%u(", e->fails ? "int" : "void", (unsigned)number);
    put_call_parameters(m, c, has_scratch);
    ad__put(e, "%s%s}\n", body.text != NULL ? body.text : "", e->fails ? "    return 0;\n" : "");
    ad__chars_clear(e, &body);
    e->out = &m->body;
    ad__put(e, "    %sstep_%u(", e->fails ? "if (" : "", (unsigned)number);
    put_call_arguments(m, c, has_scratch);
    if (e->fails) {
        ad__put(e, ") != 0) {\n        return %u;\n    }\n", (unsigned)number);
    } else {
        ad__put(e, ");\n");
    }
    m->fails |= e->fails;
}

/* ---- copies ---- */

void ad__emit_copy(emission *m, const ad__copy *c)
{
    char from[PLACE], to[PLACE];
    const char *source = ad__emit_place(m, c->from, from);
    m->e.out = &m->body;
    ad__put(&m->e, "    memmove(%s, ", ad__emit_place(m, c->to, to));
    ad__put(&m->e, "%s, %zu);\n", source, c->bytes);
}
