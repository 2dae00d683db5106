/* SPDX-License-Identifier: MIT */
#include "fn.h"

#include "base/text_internal.h"
#include "fn/native/native_internal.h"
#include "fn/outputs_internal.h"
#include "fn/passes/passes_internal.h"

#include <string.h>

/* What calls need to know of program and plan: where the elements of input i and of output i begin
 * in ad_fn_eval, in elements, and so on. */
static ad_status describe(ad_fn *f)
{
    const ad__program *p = &f->program;
    size_t at = 0;
    f->input_at = ad__arena_take(&f->arena, (p->input_count + 1) * sizeof *f->input_at);
    f->output_at = ad__arena_take(&f->arena, (p->output_count + 1) * sizeof *f->output_at);
    if (f->input_at == NULL || f->output_at == NULL) {
        return AD_ERR_MEMORY;
    }
    f->is_f64 = 1;
    f->parts = 1;
    for (uint32_t i = 0; i < f->plan.step_count; i++) {
        int parts = ad__parts_of(&f->plan.steps[i], f->threads);
        f->parts = parts > f->parts ? parts : f->parts;
    }
    for (uint32_t i = 0; i < p->input_count; i++) {
        const ad__spec *spec = p->values[p->inputs[i]].spec;
        f->input_at[i] = at;
        at += spec->count;
        f->is_f64 &= spec->type == AD_F64;
    }
    at = 0;
    for (uint32_t i = 0; i < ad__output_count(f); i++) {
        const ad__spec *spec = p->values[p->outputs[i]].spec;
        f->output_at[i] = at;
        at += spec->count;
        f->is_f64 &= spec->type == AD_F64;
    }
    for (uint32_t i = 0; i < p->guard_count; i++) {
        const ad__spec *spec = p->guards[i].spec;
        f->guard_bytes += ad__rounded(ad__spec_bytes(spec));
    }
    return AD_OK;
}

/* Optimises and plans the program that f has. */
static ad_status finish(ad_fn *f, const ad__dump_options *dump, ad_error *unfit)
{
    ad_status status = ad__optimise(&f->program, dump);
    if (status == AD_OK) {
        status = ad__make_plan(&f->program, &f->budget, &f->arena, &f->plan, unfit);
    }
    if (status == AD_OK) {
        status = describe(f);
    }
    ad_error why = {.status = AD_OK};
    if (status == AD_OK && f->compiler != NULL) {
        status = ad__native_make(f, &why);
    }
    if (status == AD_OK) {
        f->own = ad_workspace_new(f, &f->allocator);
        status = f->own != NULL ? AD_OK : AD_ERR_MEMORY;
    }
    if (status == AD_OK) {
        f->own->error = why;
    }
    return status;
}

/* In the function's memory; NULL without. */
static const char *copied(ad_fn *f, const char *text)
{
    return ad__arena_copy(&f->arena, text, strlen(text) + 1);
}

/* Keeps the compiler's name. Errors: AD_ERR_MEMORY. */
static ad_status take_compiler(ad_fn *f, const char *name)
{
    f->compiler = name != NULL ? copied(f, name) : NULL;
    return name != NULL && f->compiler == NULL ? AD_ERR_MEMORY : AD_OK;
}

/* Keeps names: count of them, from first on; names may be NULL, as each may be. */
static ad_status take_names(ad_fn *f, uint32_t first, uint32_t count, const char *const *names)
{
    const uint32_t all = f->program.input_count + ad__output_count(f);
    if (names != NULL && f->names == NULL) {
        f->names = ad__arena_take(&f->arena, (all + 1) * sizeof *f->names);
        for (uint32_t i = 0; f->names != NULL && i < all; i++) {
            f->names[i] = NULL;
        }
    }
    for (uint32_t i = 0; names != NULL && f->names != NULL && i < count; i++) {
        f->names[first + i] = names[i] != NULL ? copied(f, names[i]) : NULL;
        if (names[i] != NULL && f->names[first + i] == NULL) {
            return AD_ERR_MEMORY;
        }
    }
    return names == NULL || f->names != NULL ? AD_OK : AD_ERR_MEMORY;
}

static ad_status compile(ad_fn *f, const ad__capture *capture, const ad__dump_options *dump)
{
    ad_error error, unfit = {.status = AD_OK};
    ad__program *captured = f->resizable ? &f->source : &f->program;
    ad_status status = ad__capture_program(capture, captured);
    if (status == AD_OK) {
        f->fingerprint = ad__fingerprint(captured);
    }
    if (status == AD_OK && f->resizable) {
        status = ad__program_resized(&f->source, NULL, &f->program, &error);
    }
    if (status == AD_OK) {
        status = finish(f, dump, &unfit);
    }
    return unfit.status == AD_OK
               ? status
               : ad_tape_fail(capture->tape, status, "ad_fn_new", NULL, "%s", unfit.message);
}

/* A function without a program yet, with these options; NULL without memory. */
static ad_fn *empty(const ad_allocator *allocator, const ad_fn_options *options)
{
    ad_fn *f = ad__resize(allocator, NULL, sizeof *f);
    if (f != NULL) {
        *f = (ad_fn){.allocator = *allocator,
                     .threads = options->threads > 0 ? options->threads : 1,
                     .no_assign = options->no_assign,
                     .guard = options->guard,
                     .resizable = options->resizable,
                     .gradient = options->gradient,
                     .budget = {.limit = options->memory}};
        ad__program_init(&f->program, allocator);
        ad__program_init(&f->source, allocator);
        ad__arena_init(&f->arena, *allocator);
    }
    return f;
}

/* Errors: AD_ERR_DOMAIN if the program is to be seen after a pass that there is not. */
static ad_status check_dump(ad_tape *tape, const ad_fn_options *o)
{
    if (o->dump_after == NULL || ad__is_dump_point(o->dump_after)) {
        return AD_OK;
    }
    char names[200] = AD__CAPTURE;
    for (const ad__pass *pass = ad__passes; pass->name != NULL; pass++) {
        ad__say(names, sizeof names, ", %s", pass->name);
    }
    return ad_tape_fail(tape, AD_ERR_DOMAIN, "ad_fn_new", NULL,
                        "options.dump_after is \"%s\", which is no pass; there are %s",
                        o->dump_after, names);
}

/* Names of inputs and of the caller's outputs; derivatives are named after their inputs. */
static ad_status name_all(ad_fn *f, int out_count, const ad_fn_options *o)
{
    const uint32_t inputs = f->program.input_count;
    ad_status status = take_names(f, 0, inputs, o->input_names);
    if (status == AD_OK) {
        status = take_names(f, inputs, (uint32_t)out_count, o->output_names);
    }
    uint32_t at = inputs + (uint32_t)out_count;
    for (uint32_t i = 0; i < inputs && f->gradient && status == AD_OK; i++) {
        if (f->program.values[f->program.inputs[i]].spec->type == AD_I64) {
            continue;
        }
        if (f->names != NULL && f->names[i] != NULL) {
            const size_t bytes = strlen(f->names[i]) + 2;
            char *name = ad__arena_take(&f->arena, bytes);
            status = name != NULL ? AD_OK : AD_ERR_MEMORY;
            if (name != NULL) {
                name[0] = 'd';
                memcpy(name + 1, f->names[i], bytes - 1);
            }
            f->names[at] = name;
        }
        at++;
    }
    return status;
}

/* The function of what is recorded, or NULL, with the error on the tape. */
static ad_fn *make(ad_tape *tape, int in_count, const ad_var *in, int out_count, const ad_var *out,
                   const ad_fn_options *o)
{
    ad_allocator allocator = ad__allocator_or_default(o->allocator);
    ad__outputs all;
    ad_status status = ad__outputs_begin(tape, in_count, in, out_count, out, o->gradient, &all);
    const ad__capture capture = {tape,    in_count,     all.count, in,
                                 all.var, o->no_assign, o->guard,  o->resizable};
    ad_fn *f = status == AD_OK ? empty(&allocator, o) : NULL;
    if (status == AD_OK) {
        status = f != NULL ? take_compiler(f, o->native) : AD_ERR_MEMORY;
    }
    if (status == AD_OK) {
        const ad__dump_options dump = {o->dump, o->dump_after};
        status = compile(f, &capture, &dump);
    }
    if (status == AD_OK) {
        status = name_all(f, out_count, o);
    }
    ad__outputs_end(tape, &all);
    if (status != AD_OK) {
        ad_tape_fail(tape, status, "ad_fn_new", NULL, "out of memory"); /* the first error stays */
        ad_fn_free(f);
        return NULL;
    }
    return f;
}

ad_fn *ad_fn_new_with(ad_tape *tape, int in_count, const ad_var *in, int out_count,
                      const ad_var *out, const ad_fn_options *options)
{
    static const ad_fn_options usual = {0};
    const ad_fn_options *o = options != NULL ? options : &usual;
    const int is_sound = ad_tape_status(tape) == AD_OK && check_dump(tape, o) == AD_OK;
    ad_fn *f = is_sound ? make(tape, in_count, in, out_count, out, o) : NULL;
    ad_error_set(o->error, ad_tape_status(tape), "%s", ad_tape_message(tape));
    return f;
}

ad_fn *ad_fn_resized(const ad_fn *f, const ad_shape *shapes, ad_error *error)
{
    ad_error own, unfit = {.status = AD_OK};
    error = error != NULL ? error : &own;
    *error = (ad_error){.status = AD_OK};
    if (f == NULL || f->source.count == 0) {
        ad_error_set(error, AD_ERR_STATE,
                     "ad_fn_resized: f %s; give .resizable = 1 to ad_fn_new_with, and resize the "
                     "function that it makes",
                     f == NULL ? "is NULL" : "was not made to be resized");
        return NULL;
    }
    const ad_fn_options options = {.threads = f->threads,
                                   .no_assign = f->no_assign,
                                   .resizable = 1,
                                   .memory = f->budget.limit};
    ad_fn *resized = empty(&f->allocator, &options);
    ad_status status = AD_ERR_MEMORY;
    if (resized != NULL) {
        status = ad__program_resized(&f->source, shapes, &resized->program, error);
        resized->fingerprint = ad__fingerprint(&resized->program);
    }
    if (status == AD_OK) {
        status = take_compiler(resized, f->compiler);
    }
    if (status == AD_OK) {
        status = finish(resized, NULL, &unfit);
    }
    if (status == AD_OK) {
        status = take_names(resized, 0, f->program.input_count + ad__output_count(f), f->names);
    }
    if (status != AD_OK) {
        ad_fn_free(resized);
        if (error->status == AD_OK) {
            ad_error_set(error, status, "ad_fn_resized: %s",
                         unfit.status != AD_OK ? unfit.message : "out of memory");
        }
        return NULL;
    }
    return resized;
}

ad_fn *ad_fn_new(ad_tape *tape, int in_count, const ad_var *in, int out_count, const ad_var *out)
{
    return ad_fn_new_with(tape, in_count, in, out_count, out, NULL);
}

int ad_fn_is_native(const ad_fn *f)
{
    return f != NULL && f->native.is_whole;
}

int ad_fn_matches(const ad_fn *f, ad_tape *tape, int in_count, const ad_var *in, int out_count,
                  const ad_var *out)
{
    if (f == NULL || tape == NULL || ad_tape_status(tape) != AD_OK) {
        return 0;
    }
    ad__program program;
    ad__program_init(&program, &f->allocator);
    ad__outputs all;
    ad_status status = ad__outputs_begin(tape, in_count, in, out_count, out, f->gradient, &all);
    const ad__capture capture = {tape,    in_count,     all.count, in,
                                 all.var, f->no_assign, f->guard,  f->resizable};
    if (status == AD_OK) {
        status = ad__capture_program(&capture, &program);
    }
    if (status == AD_ERR_MEMORY) {
        ad_tape_fail(tape, status, "ad_fn_matches", NULL, "out of memory");
    }
    const int matches = status == AD_OK && ad__fingerprint(&program) == f->fingerprint;
    ad__outputs_end(tape, &all);
    ad__program_clear(&program);
    return matches;
}

void ad_fn_free(ad_fn *f)
{
    if (f == NULL) {
        return;
    }
    ad_allocator allocator = f->allocator;
    ad_workspace_free(f->own);
    ad__program_clear(&f->program);
    ad__program_clear(&f->source);
    ad__native_clear(&f->native);
    ad__arena_clear(&f->arena);
    ad__resize(&allocator, f, 0);
}
