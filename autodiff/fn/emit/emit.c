/* SPDX-License-Identifier: MIT */
/* The function as C: what may be written, the sections of the text and the file. */
#include "fn/emit/emit_internal.h"
#include "fn/passes/passes_internal.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* ---- what can be written ---- */

static ad_status check_steps(const emission *m, ad_error *error)
{
    for (uint32_t i = 0; i < m->plan->step_count; i++) {
        const ad__call_step *c = m->plan->steps[i].plan;
        if (m->plan->steps[i].kind == &ad__call_kind && !ad__can_write(c->op) &&
            c->op->arity == 0) {
            return ad_error_set(error, AD_ERR_UNSUPPORTED,
                                "ad_fn_emit_c: %s cannot be written as C%s%s%s", c->op->name,
                                c->site ? " (" : "", c->site ? c->site : "", c->site ? ")" : "");
        }
    }
    return AD_OK;
}

/* ---- results ---- */

/* Whether a save is one of many that only differ in their numbers. */
static int is_listed(const emission *m, const ad__slot_copy *c)
{
    return c->memory == NULL && m->f->is_f64 && m->program->output_count > FEW &&
           m->memory[c->slot] != AD__NONE;
}

/* Of many, the number of the output's element and of the slot. */
static void put_listed_saves(emission *m)
{
    uint32_t count = 0;
    m->e.out = &m->constants;
    for (uint32_t i = 0; i < m->plan->save_count; i++) {
        const ad__slot_copy *c = &m->plan->saves[i];
        if (is_listed(m, c)) {
            ad__put(&m->e, "%s{%zu, %u}",
                    count == 0       ? "\nstatic const uint32_t saves[][2] = {\n    "
                    : count % 6 == 0 ? ",\n    "
                                     : ", ",
                    m->f->output_at[c->index], (unsigned)m->memory[c->slot]);
            count++;
        }
    }
    ad__put(&m->e, "%s", count > 0 ? "};\n" : "");
    m->e.out = &m->body;
    if (count > 0) {
        ad__put_loop(&m->e, 1, "i", count);
        ad__put(&m->e, "        out[saves[i][0]] = s[saves[i][1]];\n");
        ad__put_end(&m->e, 1);
    }
}

/* What slots give to outputs and views; a view's own number may go elsewhere, so it is read before
 * any is written. */
static void put_saves(emission *m)
{
    const ad__plan *plan = m->plan;
    char from[PLACE], to[PLACE];
    m->e.out = &m->body;
    for (uint32_t i = 0; i < plan->save_count; i++) {
        ad__id load = m->load[plan->saves[i].slot];
        if (load != AD__NONE && plan->loads[load].memory != NULL) {
            ad__emit_slot(m, plan->saves[i].slot, from);
            ad__put(&m->e, "    const double old%u = %s;\n", (unsigned)i, from);
        }
    }
    put_listed_saves(m);
    for (uint32_t i = 0; i < plan->save_count; i++) {
        const ad__slot_copy *c = &plan->saves[i];
        ad__id load = m->load[c->slot];
        if (is_listed(m, c)) {
            continue;
        }
        ad__emit_slot(m, c->slot, from);
        if (load != AD__NONE && plan->loads[load].memory != NULL) {
            (void)snprintf(from, sizeof from, "old%u", (unsigned)i);
        }
        ad__put(&m->e, "    %s[0] = %s;\n",
                c->memory != NULL ? ad__emit_view(m, c->index, to)
                                  : ad__emit_output(m, c->index, to),
                from);
    }
}

/* ---- the head ---- */

static void put_list(emission *m, const char *name, size_t count, const ad__id *ids)
{
    char shape[160];
    if (count > FEW) {
        ad__put(&m->e, " *   %s  %zu arrays%s\n", name, count,
                m->f->is_f64 && ids != m->views ? ", one after the other" : "");
    }
    for (size_t i = 0; i < count && count <= FEW; i++) {
        const ad__value *v = &m->program->values[ids[i]];
        ad__put(&m->e, " *   %s%zu  %s %s", name, i, ad_type_name(v->spec->type),
                ad_shape_print(&v->spec->shape, shape, sizeof shape));
        if (ids == m->views) {
            ad__put(&m->e, m->stored[ids[i]] ? ", changed" : ", read");
        }
        ad__put(&m->e, v->site != NULL ? ", " : "");
        ad__put_site(&m->e, v->site != NULL ? v->site : "");
        ad__put(&m->e, "\n");
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
    ad__put(e, " */\n");
    if (e->uses_cblas) { /* whose header may need POSIX's types, before any other sets less */
        ad__put(e, "#ifndef _POSIX_C_SOURCE\n#define _POSIX_C_SOURCE 200112L\n#endif\n"
                   "#include <cblas.h>\n\n");
    }
    ad__put(e, "#include <math.h>\n#include <stddef.h>\n#include <stdint.h>\n"
               "#include <string.h>\n");
    if (m->options->test != NULL) {
        ad__put(e, "#include <stdio.h>\n");
    }
    ad__put(e,
            "\n/* A step stays a function of its own: compilers are slow with very long ones. */\n"
            "#if defined(__GNUC__)\n#define STEP __attribute__((noinline)) static\n#else\n"
            "#define STEP static\n#endif\n");
}

/* ---- the whole ---- */

/* The steps come first, and tell what the others need. Errors: AD_ERR_MEMORY; of running the
 * function at the test's inputs. */
static ad_status put_all(emission *m, ad__chars *text)
{
    ad__emit *e = &m->e;
    for (uint32_t i = 0; i < m->plan->step_count && !e->is_out_of_memory; i++) {
        ad__emit_step(m, i);
    }
    put_saves(m);
    ad_status status = e->is_out_of_memory        ? AD_ERR_MEMORY
                       : m->options->test != NULL ? ad__emit_main(m)
                                                  : AD_OK;
    if (status != AD_OK) {
        return status;
    }
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
    ad__put(e, "%s", m->main.text != NULL ? m->main.text : "");
    return e->is_out_of_memory ? AD_ERR_MEMORY : AD_OK;
}

static ad_status write_file(const char *path, const ad__chars *text, ad_error *error)
{
    FILE *file = path != NULL ? fopen(path, "w") : NULL;
    struct stat about;
    int is_regular = file != NULL && fstat(fileno(file), &about) == 0 && S_ISREG(about.st_mode);
    int is_written = file != NULL && fwrite(text->text, 1, text->len, file) == text->len;
    int is_closed = file != NULL && fclose(file) == 0;
    if (is_written && is_closed) {
        return AD_OK;
    }
    if (is_regular) { /* not a device */
        (void)remove(path);
    }
    return ad_error_set(error, AD_ERR_IO, "ad_fn_emit_c: %s cannot be written",
                        path != NULL ? path : "NULL");
}

/* Where the text has the numbers of views, they are constants: the program gets shorter, and
 * nothing is left for a compiler to compute in its own way. 0 without memory. */
static int fix_views(emission *m, ad__program *p)
{
    if (m->options->pass_weights) {
        return 1;
    }
    const uint8_t *is_stored = ad__stored_views(p, &m->arena);
    for (ad__id id = 0; id < p->count && is_stored != NULL; id++) {
        if (ad__code_of(&p->values[id]) == AD__VIEW && !is_stored[id]) {
            ad__make_constant(p, id, p->values[id].attributes);
        }
    }
    return is_stored != NULL;
}

/* The program and plan that are written. Errors: AD_ERR_MEMORY; AD_ERR_DOMAIN, in *unfit. */
static ad_status make_plan(emission *m, ad__program *program, ad__plan *plan, ad_error *unfit)
{
    ad__budget budget = {.limit = m->f->budget.limit};
    ad_status status = ad__program_copy(&m->f->program, program);
    if (status == AD_OK && !fix_views(m, program)) {
        status = AD_ERR_MEMORY;
    }
    if (status == AD_OK) {
        status = ad__optimise(program, NULL);
    }
    if (status == AD_OK) {
        status = ad__make_plan(program, &budget, &m->arena, plan, unfit);
    }
    m->program = program;
    m->plan = plan;
    return status;
}

/* The whole text. Errors: AD_ERR_UNSUPPORTED, AD_ERR_MEMORY; of running it at the test's inputs. */
static ad_status make_text(emission *m, ad__chars *text, ad_error *error)
{
    ad__program program;
    ad__plan plan;
    ad_error unfit = {.status = AD_OK};
    ad__arena_init(&m->arena, m->f->allocator);
    ad__program_init(&program, &m->f->allocator);
    ad_status status = make_plan(m, &program, &plan, &unfit);
    if (status == AD_OK) {
        status = check_steps(m, error);
    }
    if (status == AD_OK) {
        status = ad__emit_init(&m->e, &m->f->allocator);
    }
    if (status == AD_OK) {
        m->e.cblas = m->options->cblas;
        status = ad__emit_find_storage(m) && ad__emit_prepare_steps(m) ? put_all(m, text)
                                                                       : AD_ERR_MEMORY;
    }
    ad__chars *const sections[] = {&m->constants, &m->steps, &m->body, &m->main};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        ad__chars_clear(&m->e, sections[i]);
    }
    ad__emit_clear(&m->e);
    ad__program_clear(&program);
    ad__arena_clear(&m->arena);
    if (status == AD_ERR_MEMORY || unfit.status != AD_OK) {
        ad_error_set(error, status, "ad_fn_emit_c: %s",
                     status == AD_ERR_MEMORY ? "out of memory" : unfit.message);
    }
    return status;
}

ad_status ad_fn_emit_c_with(ad_fn *f, const char *path, const char *name,
                            const ad_emit_options *options)
{
    static const ad_emit_options usual = {0};
    if (f == NULL) {
        return AD_ERR_DOMAIN;
    }
    ad_error *error = &f->own->error;
    ad__chars text = {NULL, 0, 0};
    emission m = {.f = f,
                  .e = {.allocator = f->allocator},
                  .options = options != NULL ? options : &usual,
                  .name = name};
    error->status = AD_OK;
    if (ad__emit_check_name(name, error) != AD_OK) {
        return error->status;
    }
    if (f->program.guard_count > 0) {
        return ad_error_set(error, AD_ERR_UNSUPPORTED,
                            "ad_fn_emit_c: the function has a guard; compile it without");
    }
    ad_status status = make_text(&m, &text, error);
    if (status == AD_OK) {
        status = ad__emit_check_use(text.text, name, 1 + (m.options->test != NULL), error);
    }
    if (status == AD_OK) {
        status = write_file(path, &text, error);
    }
    ad__chars_clear(&m.e, &text);
    return status;
}

ad_status ad_fn_emit_c(ad_fn *f, const char *path, const char *name)
{
    return ad_fn_emit_c_with(f, path, name, NULL);
}
