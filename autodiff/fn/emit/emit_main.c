/* SPDX-License-Identifier: MIT */
/* main of an emitted function: the inputs of a test, the results that the compiled function has
 * there, and a comparison. */
#include "fn/emit/emit_internal.h"

#include <string.h>

/* Arrays of the inputs, outputs or views, whose elements are at data[i]. */
typedef struct arrays {
    const char *name, *qualifier;
    size_t count;
    const ad__id *ids;
    const void *const *data;
    int is_flat; /* one array for all of them if there are many */
} arrays;

static const ad__spec *spec_of(const emission *m, ad__id id)
{
    return m->program->values[id].spec;
}

static size_t bytes_of(const emission *m, ad__id id)
{
    return ad__value_bytes(&m->program->values[id]);
}

static void put_elements(emission *m, ad__id id, const void *data, int *is_first)
{
    const ad__spec *spec = spec_of(m, id);
    enum { IN_A_LINE = 6 };
    for (size_t i = 0; i < spec->count; i++) {
        ad__put(&m->e, "%s", *is_first ? "" : i % IN_A_LINE == 0 ? ",\n    " : ", ");
        ad__put_number(&m->e, spec->type, (const char *)data + i * ad_type_bytes(spec->type));
        *is_first = 0;
    }
}

static size_t elements_of(const emission *m, const arrays *a)
{
    size_t count = 0;
    for (size_t i = 0; i < a->count; i++) {
        count += spec_of(m, a->ids[i])->count;
    }
    return count;
}

/* NAME0, NAME1, .. with their elements, and if they are many NAME, which has their addresses or
 * all their elements. */
static void put_arrays(emission *m, const arrays *a)
{
    ad__emit *e = &m->e;
    int is_first = 1;
    if (a->is_flat && a->count > FEW) {
        size_t count = elements_of(m, a);
        ad__put(e, "static %sdouble %s[%zu] = {", a->qualifier, a->name, count > 0 ? count : 1);
        for (size_t i = 0; i < a->count; i++) {
            put_elements(m, a->ids[i], a->data[i], &is_first);
        }
        ad__put(e, "%s};\n", is_first ? "0" : "");
        return;
    }
    for (size_t i = 0; i < a->count; i++, is_first = 1) {
        const ad__spec *spec = spec_of(m, a->ids[i]);
        ad__put(e, "static %s%s %s%zu[%zu] = {", a->qualifier, ad__c_type(spec->type), a->name, i,
                spec->count > 0 ? spec->count : 1);
        put_elements(m, a->ids[i], a->data[i], &is_first);
        ad__put(e, "%s};\n", is_first ? "0" : "");
    }
    if (a->count > FEW) {
        ad__put(e, "static %svoid *const %s[] = {", a->qualifier, a->name);
        for (size_t i = 0; i < a->count; i++) {
            ad__put(e, "%s%s%zu", i > 0 ? ", " : "", a->name, i);
        }
        ad__put(e, "};\n");
    }
}

static void put_argument_list(emission *m, const arrays *a, const char *end, int *is_first)
{
    for (size_t i = 0; i < (a->count > FEW ? 1 : a->count); i++) {
        ad__put(&m->e, "%s%s%s", *is_first ? "" : ", ", a->name, end);
        if (a->count <= FEW) {
            ad__put(&m->e, "%zu", i);
        }
        *is_first = 0;
    }
}

static void put_comparison(emission *m, const arrays *got, const arrays *want)
{
    ad__emit *e = &m->e;
    for (size_t i = 0; i < got->count; i++) {
        const ad__spec *spec = spec_of(m, got->ids[i]);
        if (got->is_flat && got->count > FEW) {
            ad__put(e, "    failed |= ");
            ad__put_kernel(e, "compare_results", AD_F64);
            ad__put(e, "(\"%s\", %zu, %s, %s);\n", got->name, elements_of(m, got), got->name,
                    want->name);
            return;
        }
        ad__put(e, "    failed |= ");
        ad__put_kernel(e, "compare_results", (int)spec->type);
        ad__put(e, "(\"%s%zu\", %zu, %s%zu, %s%zu);\n", got->name, i, spec->count, got->name, i,
                want->name, i);
    }
}

static void put_main(emission *m, const arrays *in, const arrays *out, const arrays *view,
                     const arrays *want, const arrays *changed)
{
    ad__emit *e = &m->e;
    int is_first = 1;
    const arrays *const all[] = {in, out, view, want, changed};
    e->out = &m->main;
    ad__put(e, "\n" AD__EMIT_MAIN "\n\n");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        put_arrays(m, all[i]);
    }
    if (ad__emit_has_workspace(m)) {
        ad__put(e, "static %s_workspace work;\n", m->name);
    }
    ad__put(e, "\nint main(void)\n{\n    int failed = 0;\n    %s%s(", m->fails ? "failed = " : "",
            m->name);
    put_argument_list(m, in, "", &is_first);
    put_argument_list(m, out, "", &is_first);
    put_argument_list(m, view, "", &is_first);
    if (ad__emit_has_workspace(m)) {
        ad__put(e, "%s&work", is_first ? "" : ", ");
    }
    ad__put(e, ");\n");
    put_comparison(m, out, want);
    put_comparison(m, view, changed);
    ad__put(e, "    return failed != 0;\n}\n");
}

/* ---- the run ---- */

/* Room for the elements of each value; NULL without memory. */
static void **room_for(emission *m, size_t count, const ad__id *ids)
{
    void **buffer = ad__arena_take(&m->arena, (count + 1) * sizeof *buffer);
    for (size_t i = 0; buffer != NULL && i < count; i++) {
        size_t bytes = bytes_of(m, ids[i]);
        buffer[i] = ad__arena_take(&m->arena, bytes + 1);
        if (buffer[i] == NULL) {
            return NULL;
        }
        memset(buffer[i], 0, bytes + 1);
    }
    return buffer;
}

/* The views that are parameters: their elements before and after the run, which leaves them as they
 * were. */
static ad_status run(emission *m, void **results, void **before, void **after)
{
    for (uint32_t i = 0; i < m->view_count; i++) {
        const ad__value *v = &m->program->values[m->views[i]];
        memcpy(before[i], v->attributes, ad__value_bytes(v));
    }
    ad_status status = ad_fn_run(m->f, m->options->test, results);
    for (uint32_t i = 0; i < m->view_count; i++) {
        const ad__value *v = &m->program->values[m->views[i]];
        memcpy(after[i], v->attributes, ad__value_bytes(v));
        if (m->stored[m->views[i]]) {
            memcpy((void *)v->attributes, before[i], ad__value_bytes(v));
        }
    }
    return status;
}

ad_status ad__emit_main(emission *m)
{
    const ad__program *p = m->program;
    void **results = room_for(m, p->output_count, p->outputs);
    void **blank = room_for(m, p->output_count, p->outputs);
    void **before = room_for(m, m->view_count, m->views);
    void **after = room_for(m, m->view_count, m->views);
    if (results == NULL || blank == NULL || before == NULL || after == NULL) {
        return AD_ERR_MEMORY;
    }
    ad_status status = run(m, results, before, after);
    if (status != AD_OK) {
        return status;
    }
    const int flat = m->f->is_f64;
    const arrays in = {"in", "const ", p->input_count, p->inputs, m->options->test, flat};
    const arrays out = {"out", "", p->output_count, p->outputs, (const void *const *)blank, flat};
    const arrays want = {
        "want", "const ", p->output_count, p->outputs, (const void *const *)results, flat};
    const arrays view = {"view", "", m->view_count, m->views, (const void *const *)before, 0};
    const arrays changed = {
        "changed", "const ", m->view_count, m->views, (const void *const *)after, 0};
    put_main(m, &in, &out, &view, &want, &changed);
    return AD_OK;
}
