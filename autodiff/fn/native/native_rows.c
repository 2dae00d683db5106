/* SPDX-License-Identifier: MIT */
/* A scalar function over rows as one loop: all that lies between inputs and outputs stays in
 * registers. */
#include "fn/native/native_internal.h"

#include "base/c_source_internal.h"

#include <stdio.h>
#include <string.h>

enum {
    LONGEST = 2000, /* operations: a compiler takes more than proportional time for longer loops */
    NAME = 16
};

static int is_number(const ad__value *v)
{
    return ad__is_leaf(v) && ad__code_of(v) != AD__INPUT;
}

/* Whether output i is the first one that is this result of an operation. */
static int is_stored(const ad__program *p, uint32_t i)
{
    int is_first = ad__is_elementwise(&p->values[p->outputs[i]]);
    for (uint32_t j = 0; j < i && is_first; j++) {
        is_first = p->outputs[j] != p->outputs[i];
    }
    return is_first;
}

/* The columns of inputs and outputs and the views, as declared or as passed on. */
static void put_parameters(ad__emit *e, const ad__program *p, int declared)
{
    ad__put(e, declared ? "size_t n" : "n");
    for (ad__id id = 0; id < p->count; id++) {
        const ad__value *v = &p->values[id];
        if (ad__is_leaf(v) && !ad__is_constant(v)) {
            ad__put(e, declared ? ", const double *restrict x%u" : ", at[%u]", (unsigned)id);
        }
    }
    for (uint32_t i = 0; i < p->output_count; i++) {
        if (is_stored(p, i)) {
            ad__put(e, declared ? ", double *restrict z%u" : ", (double *)at[%u]",
                    (unsigned)p->outputs[i]);
        }
    }
}

/* The numbers that all rows share. */
static void put_numbers(ad__emit *e, const ad__program *p)
{
    for (ad__id id = 0; id < p->count; id++) {
        const ad__value *v = &p->values[id];
        if (ad__is_constant(v)) {
            ad__put(e, "    const double v%u = ", (unsigned)id);
            ad__put_number(e, AD_F64, v->attributes);
            ad__put(e, ";\n");
        } else if (is_number(v)) {
            ad__put(e, "    const double v%u = x%u[0];\n", (unsigned)id, (unsigned)id);
        }
    }
}

/* ---- sin and cos ---- */

/* Whether the loop can be done in vectors: sin and cos can where no argument is far from 0. */
static int is_vector(const ad__emit *e, const ad__program *p, int *any_turns)
{
    *any_turns = 0;
    for (ad__id id = 0; id < p->count; id++) {
        const ad__value *v = &p->values[id];
        if (ad__is_elementwise(v) && !ad__has(v->op, AD__TURNS) &&
            ad__calls_libm(e, v->op->text, AD_F64)) {
            return 0;
        }
        *any_turns |= ad__is_elementwise(v) && ad__has(v->op, AD__TURNS);
    }
    return 1;
}

static void put_operations(ad__emit *e, const ad__program *p)
{
    char name[3][NAME];
    const char *arg[3] = {name[0], name[1], name[2]};
    for (ad__id id = 0; id < p->count; id++) {
        const ad__value *v = &p->values[id];
        if (ad__code_of(v) == AD__INPUT) {
            ad__put(e, "        const double v%u = x%u[i];\n", (unsigned)id, (unsigned)id);
        }
        if (!ad__is_elementwise(v)) {
            continue;
        }
        for (uint32_t i = 0; i < v->count; i++) {
            (void)snprintf(name[i], NAME, "v%u", (unsigned)p->args[v->first + i]);
        }
        ad__put(e, "        const double v%u = ", (unsigned)id);
        ad__put_text(e, v->op->text, AD_F64, arg);
        ad__put(e, ";\n");
    }
    for (uint32_t i = 0; i < p->output_count; i++) {
        if (is_stored(p, i)) {
            ad__put(e, "        z%u[i] = v%u;\n", (unsigned)p->outputs[i], (unsigned)p->outputs[i]);
        }
    }
}

static void put_function(ad__emit *e, const ad__program *p, const char *name)
{
    ad__put(e, "\nSTEP uint64_t %s(", name);
    put_parameters(e, p, 1);
    ad__put(e, ")\n{\n    uint64_t far = 0;\n");
    put_numbers(e, p);
    ad__put(e, "    for (size_t i = 0; i < n; i++) {\n");
    put_operations(e, p);
    ad__put(e, "    }\n    return far;\n}\n");
}

/* Sin and cos without branches; if one would be needed, all of it again with them. */
static void put_functions(ad__emit *e, const ad__program *p, int any_turns)
{
    put_function(e, p, "usual");
    if (any_turns) {
        ad__put(e, "#define real_sin_f64(x) (far |= fabs(x) < ");
        ad__put_kernel(e, "real_sin_reach", AD_F64);
        ad__put(e, " ? 0U : 1U, ");
        ad__put_kernel(e, "real_sin_within", AD_F64);
        ad__put(e, "(x, 0))\n"
                   "#define real_cos_f64(x) (far |= fabs(x) < real_sin_reach_f64 ? 0U : 1U, "
                   "real_sin_within_f64(x, 1))\n");
        put_function(e, p, "near");
    }
}

static void put_all(ad__emit *e, const ad__program *p, int any_turns, ad__chars *body,
                    ad__chars *text)
{
    e->out = body;
    put_functions(e, p, any_turns);
    ad__put(e, "\nvoid rows(size_t n, const void *const *at)\n{\n    ");
    if (any_turns) {
        ad__put(e, "if (near(");
        put_parameters(e, p, 0);
        ad__put(e, ") == 0) {\n        return;\n    }\n    ");
    }
    ad__put(e, "usual(");
    put_parameters(e, p, 0);
    ad__put(e, ");\n}\n");
    e->out = text;
    ad__put(e, "%s", AD__NATIVE_HEAD);
    ad__put_used_texts(e);
    ad__put(e, "%s", body->text != NULL ? body->text : "");
}

ad_status ad__native_rows_make(const ad__program *p, const char *compiler, ad__native_rows *out)
{
    ad_error why = {.status = AD_OK};
    ad__chars body = {NULL, 0, 0}, text = {NULL, 0, 0};
    ad__emit e;
    if (p->count > LONGEST) {
        return AD_OK;
    }
    ad_status status = ad__emit_init(&e, &p->allocator);
    int any_turns, is_better = status == AD_OK && is_vector(&e, p, &any_turns);
    if (is_better) {
        put_all(&e, p, any_turns, &body, &text);
        status = e.is_out_of_memory ? AD_ERR_MEMORY : AD_OK;
    }
    if (is_better && status == AD_OK) {
        out->library = ad__library_open(compiler, text.text, text.len, &why);
    }
    if (out->library != NULL) {
        *(void **)&out->run = ad__library_symbol(out->library, "rows");
    }
    if (out->run == NULL) {
        ad__library_close(out->library);
        out->library = NULL;
    }
    ad__chars_clear(&e, &body);
    ad__chars_clear(&e, &text);
    ad__emit_clear(&e);
    return status;
}
