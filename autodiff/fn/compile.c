/* SPDX-License-Identifier: MIT */
#include "compile.h"

#include "fn/run/fn_internal.h"
#include "ops.h"

/* An input to record on: ones, or zeros that are an index of any axis. A spec that is no good is
 * the tape's to refuse. */
static ad_var input_of(ad_tape *tape, const ad_spec *spec)
{
    const int is_good = ad_shape_is_valid(&spec->shape) && ad_type_bytes(spec->type) > 0;
    const size_t count = is_good ? ad_shape_count(&spec->shape) : 0;
    ad__arena_mark before = ad__arena_mark_here(&tape->scratch);
    void *data = is_good ? ad__arena_take(&tape->scratch, count * ad_type_bytes(spec->type)) : NULL;
    if (is_good && data == NULL) {
        ad_tape_fail(tape, AD_ERR_MEMORY, "ad_compile", NULL, "out of memory");
    }
    for (size_t i = 0; i < count && data != NULL; i++) {
        switch (spec->type) {
        case AD_F64:
            ((double *)data)[i] = 1;
            break;
        case AD_F32:
            ((float *)data)[i] = 1;
            break;
        case AD_I64:
            ((int64_t *)data)[i] = 0;
            break;
        }
    }
    ad_var x = ad__record_leaf(tape, AD__INPUT, spec->type, &spec->shape, data, "ad_compile");
    ad__arena_rewind(&tape->scratch, before);
    return x;
}

/* What C was told while recording holds for ones alone. */
static ad_status refuse_branches(const ad_fn *f, ad_tape *tape)
{
    if (f->program.guard_count == 0) {
        return AD_OK;
    }
    const ad__guard *g = &f->program.guards[0];
    return ad_tape_fail(tape, AD_ERR_STATE, "ad_compile", g->site,
                        "C reads what %s is, so it may branch, and the branch it takes for inputs "
                        "of 1 would be taken for all; choose with ad_where, or give .guard = 1 and "
                        "ask ad_fn_guard after each call",
                        g->name);
}

static ad_fn *compile(ad_tape *tape, ad_function *function, void *user, int count,
                      const ad_spec *inputs, const ad_fn_options *options)
{
    if (function == NULL || count < 1 || inputs == NULL) {
        ad_tape_fail(tape, AD_ERR_DOMAIN, "ad_compile", NULL,
                     "%s; give a function, and at least one input",
                     function == NULL ? "the function is NULL" : "there are no inputs");
        return NULL;
    }
    ad_var *x = ad__arena_take(&tape->values, (size_t)count * sizeof *x);
    const char **names = ad__arena_take(&tape->values, (size_t)count * sizeof *names);
    if (x == NULL || names == NULL) {
        ad_tape_fail(tape, AD_ERR_MEMORY, "ad_compile", NULL, "out of memory");
        return NULL;
    }
    for (int i = 0; i < count; i++) {
        x[i] = input_of(tape, &inputs[i]);
        names[i] = inputs[i].name;
    }
    if (ad_tape_status(tape) != AD_OK) {
        return NULL;
    }
    ad_fn_options own = *options;
    own.input_names = options->input_names != NULL ? options->input_names : names;
    own.guard = 1;
    ad_var y = function(user, x);
    ad_fn *f = ad_fn_new_with(tape, count, x, 1, &y, &own);
    if (f != NULL && !options->guard && refuse_branches(f, tape) != AD_OK) {
        ad_fn_free(f);
        return NULL;
    }
    if (f != NULL) {
        f->guard = options->guard;
    }
    return f;
}

ad_fn *ad_compile_of(ad_function *function, void *user, int count, const ad_spec *inputs,
                     ad_fn_options options)
{
    ad_tape *tape = ad_tape_new_in(options.allocator);
    ad_fn *f = tape == NULL ? NULL : compile(tape, function, user, count, inputs, &options);
    ad_error_set(options.error, ad_tape_status(tape), "%s",
                 tape == NULL ? "ad_compile: out of memory" : ad_tape_message(tape));
    ad_tape_free(tape);
    return f;
}
