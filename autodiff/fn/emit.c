/* SPDX-License-Identifier: MIT */
/* The function as C: what may be written, the sections of the text and the file. */
#include "emit_internal.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* ---- what can be written ---- */

static int is_identifier(const char *name)
{
    static const char *const keywords[] = {
        "auto",     "break",   "case",   "char",     "const",  "continue", "default",
        "do",       "double",  "else",   "enum",     "extern", "float",    "for",
        "goto",     "if",      "inline", "int",      "long",   "main",     "restrict",
        "register", "return",  "short",  "signed",   "sizeof", "static",   "struct",
        "switch",   "typedef", "union",  "unsigned", "void",   "while",    "volatile"};
    size_t len = 0;
    while (name != NULL && (isalpha((unsigned char)name[len]) || name[len] == '_' ||
                            (len > 0 && isdigit((unsigned char)name[len])))) {
        len++;
    }
    int is = len > 0 && name[len] == '\0';
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords && is; i++) {
        is = strcmp(name, keywords[i]) != 0;
    }
    return is;
}

static ad_status check_steps(const emission *m, ad_error *error)
{
    for (uint32_t i = 0; i < m->plan->step_count; i++) {
        const ad__call_step *c = m->plan->steps[i].plan;
        if (m->plan->steps[i].kind == &ad__call_kind && c->op->emit == NULL && c->op->arity == 0) {
            return ad_error_set(error, AD_ERR_UNSUPPORTED,
                                "ad_fn_emit_c: %s cannot be written as C%s%s%s", c->op->name,
                                c->site ? " (" : "", c->site ? c->site : "", c->site ? ")" : "");
        }
    }
    return AD_OK;
}

/* ---- steps ---- */

/* Whether the result has no elements. */
static int is_empty(const ad__step *s)
{
    if (s->kind == &ad__call_kind) {
        return ((const ad__call_step *)s->plan)->kind.count == 0;
    }
    if (s->kind == &ad__block_kind) {
        return ((const ad__block *)s->plan)->count == 0;
    }
    if (s->kind == &ad__product_kind) {
        const ad__gemm *gemm = &((const ad__product *)s->plan)->gemm;
        return gemm->m == 0 || gemm->n == 0;
    }
    return s->kind == &ad__copy_kind && ((const ad__copy *)s->plan)->bytes == 0;
}

static void put_steps(emission *m)
{
    for (uint32_t i = 0; i < m->plan->step_count && !m->e.is_out_of_memory; i++) {
        const ad__step *s = &m->plan->steps[i];
        if (is_empty(s)) {
            continue;
        }
        if (s->kind == &ad__call_kind) {
            ad__emit_call(m, i + 1, s->plan);
        } else if (s->kind == &ad__scalars_kind) {
            ad__emit_scalars(m, i + 1, s->plan);
        } else if (s->kind == &ad__block_kind) {
            ad__emit_block(m, i + 1, s->plan);
        } else if (s->kind == &ad__product_kind) {
            ad__emit_product(m, i + 1, s->plan);
        } else {
            ad__emit_copy(m, s->plan);
        }
    }
}

/* What slots give to outputs and views; a view's own number may go elsewhere, so it is read before
 * any is written. */
static void put_saves(emission *m)
{
    const ad__plan *plan = m->plan;
    char text[PLACE];
    m->e.out = &m->body;
    for (int writes = 0; writes < 2; writes++) {
        for (uint32_t i = 0; i < plan->save_count; i++) {
            const ad__slot_copy *c = &plan->saves[i];
            int is_view =
                m->load[c->slot] != AD__NONE && plan->loads[m->load[c->slot]].memory != NULL;
            if (!writes) {
                if (is_view) {
                    ad__emit_slot(m, c->slot, text);
                    ad__put(&m->e, "    const double old%u = %s;\n", (unsigned)i, text);
                }
                continue;
            }
            ad__put(&m->e, "    %s[0] = ",
                    c->memory != NULL ? ad__emit_view(m, c->index, text)
                                      : ad__emit_output(m, c->index, text));
            (void)snprintf(text, sizeof text, "old%u", (unsigned)i);
            if (!is_view) {
                ad__emit_slot(m, c->slot, text);
            }
            ad__put(&m->e, "%s;\n", text);
        }
    }
}

/* ---- the head ---- */

static void put_list(emission *m, const char *name, size_t count, const ad__id *ids)
{
    char shape[160];
    for (size_t i = 0; i < count; i++) {
        const ad__value *v = &m->program->values[ids[i]];
        ad__put(&m->e, " *   %s%zu  %s %s", name, i, ad_type_name(v->kind->type),
                ad_shape_print(&v->kind->shape, shape, sizeof shape));
        if (ids == m->views) {
            ad__put(&m->e, m->stored[ids[i]] ? ", changed" : ", read");
        }
        ad__put(&m->e, v->site != NULL ? ", %s\n" : "\n", v->site);
    }
}

static void put_prototype(emission *m)
{
    ad__put(&m->e, "%s %s(", m->fails ? "int" : "void", m->name);
    ad__put_parameters(m, 1);
    ad__put(&m->e, ")");
}

static void put_head(emission *m)
{
    ad__emit *e = &m->e;
    ad__put(e, "/* ");
    put_prototype(m);
    ad__put(e, ";\n *\n");
    put_list(m, "in", m->program->input_count, m->program->inputs);
    put_list(m, "out", m->program->output_count, m->program->outputs);
    put_list(m, "view", m->view_count, m->views);
    if (ad__emit_has_workspace(m)) {
        ad__put(e, " *   w  room for the call\n");
    }
    if (m->fails) {
        ad__put(e, " *\n * Returns 0, or the number of the step that met an index outside its axis "
                   "or a number\n * that its type does not hold.\n");
    }
    ad__put(e,
            " *\n * Made by Wengert from a recording, in %u steps. Compile with "
            "-ffp-contract=off for its bits%s.\n",
            (unsigned)m->plan->step_count,
            e->uses_blis    ? ", but\n * for large products, whose sums BLIS takes in another order"
            : e->uses_cblas ? ", but\n * for products, which are those of the BLAS"
                            : "");
    ad__put(e, " */\n#include <math.h>\n#include <stddef.h>\n#include <stdint.h>\n"
               "#include <string.h>\n");
    if (e->uses_cblas) {
        ad__put(e, "\n#include <cblas.h>\n");
    }
    ad__put(e,
            "\n/* A step stays a function of its own: compilers are slow with very long ones. */\n"
            "#if defined(__GNUC__)\n#define STEP __attribute__((noinline)) static\n#else\n"
            "#define STEP static\n#endif\n");
}

/* ---- the whole ---- */

static void put_all(emission *m, ad__chars *text)
{
    ad__emit *e = &m->e;
    put_steps(m);
    put_saves(m);
    e->out = text;
    put_head(m);
    ad__put_workspace(m);
    ad__put(e, "%s", m->constants.text != NULL ? m->constants.text : "");
    ad__put_used_texts(e);
    ad__put(e, "%s\n", m->steps.text != NULL ? m->steps.text : "");
    put_prototype(m);
    ad__put(e, "\n{\n");
    if (m->memory_count > 0) {
        ad__put(e,
                m->memory_count > STACK_SLOTS ? "    double *s = w->s;\n" : "    double s[%u];\n",
                (unsigned)m->memory_count);
    }
    ad__put_unused(m);
    ad__put(e, "%s%s}\n", m->body.text != NULL ? m->body.text : "",
            m->fails ? "    return 0;\n" : "");
}

static ad_status write_file(const char *path, const ad__chars *text, ad_error *error)
{
    FILE *file = path != NULL ? fopen(path, "w") : NULL;
    int is_written = file != NULL && fwrite(text->text, 1, text->len, file) == text->len;
    int is_closed = file != NULL && fclose(file) == 0;
    if (is_written && is_closed) {
        return AD_OK;
    }
    if (file != NULL) {
        (void)remove(path);
    }
    return ad_error_set(error, AD_ERR_IO, "ad_fn_emit_c: %s cannot be written",
                        path != NULL ? path : "NULL");
}

ad_status ad_fn_emit_c_with(ad_fn *f, const char *path, const char *name,
                            const ad_emit_options *options)
{
    static const ad_emit_options usual = {0};
    ad_error *error = &f->own->error;
    ad__chars text = {NULL, 0, 0};
    emission m = {.f = f,
                  .program = &f->program,
                  .plan = &f->plan,
                  .options = options != NULL ? options : &usual,
                  .name = name};
    error->status = AD_OK;
    if (!is_identifier(name)) {
        return ad_error_set(error, AD_ERR_DOMAIN,
                            "ad_fn_emit_c: the name is \"%s\"; give a C identifier",
                            name != NULL ? name : "NULL");
    }
    if (f->program.guard_count > 0) {
        return ad_error_set(error, AD_ERR_UNSUPPORTED,
                            "ad_fn_emit_c: the function has a guard; compile it without");
    }
    if (check_steps(&m, error) != AD_OK) {
        return error->status;
    }
    if (ad__emit_init(&m.e, &f->allocator) != AD_OK) {
        return ad_error_set(error, AD_ERR_MEMORY, "ad_fn_emit_c: out of memory");
    }
    m.e.cblas = m.options->cblas;
    ad__arena_init(&m.arena, f->allocator);
    if (ad__emit_find_places(&m)) {
        put_all(&m, &text);
    } else {
        m.e.is_out_of_memory = 1;
    }
    ad_status status = m.e.is_out_of_memory
                           ? ad_error_set(error, AD_ERR_MEMORY, "ad_fn_emit_c: out of memory")
                           : write_file(path, &text, error);
    ad__chars *const sections[] = {&text, &m.constants, &m.steps, &m.body};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        ad__chars_clear(&m.e, sections[i]);
    }
    ad__arena_clear(&m.arena);
    ad__emit_clear(&m.e);
    return status;
}

ad_status ad_fn_emit_c(ad_fn *f, const char *path, const char *name)
{
    return ad_fn_emit_c_with(f, path, name, NULL);
}
