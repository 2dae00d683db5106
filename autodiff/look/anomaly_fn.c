/* SPDX-License-Identifier: MIT */
/* Where a NaN of a call comes from: the program is recorded again, value by value, on a tape, which
 * is searched. */
#include "fn_show.h"

#include "anomaly.h"
#include "base/text_internal.h"
#include "fn/run/fn_internal.h"

static ad_var leaf(const ad__program *p, ad__id id, const void *const *inputs, ad_tape *tape)
{
    const ad__value *v = &p->values[id];
    tape->here = v->site;
    const int is_input = inputs != NULL && ad__code_of(v) == AD__INPUT;
    const void *elements = is_input ? inputs[id] : v->attributes; /* inputs are values 0, 1, .. */
    return ad__record_leaf(tape, ad__code_of(v), v->spec->type, &v->spec->shape, elements,
                           "ad_fn_anomaly");
}

/* Records value id, after all values before it. */
static void record(const ad__program *p, ad__id id, ad_var *arguments, ad_var *vars)
{
    const ad__value *v = &p->values[id];
    ad_tape *tape = vars[p->args[v->first]].tape;
    const uint32_t end = tape->count;
    for (uint32_t i = 0; i < v->count; i++) {
        arguments[i] = vars[p->args[v->first + i]];
    }
    tape->here = v->site;
    vars[id] = ad__record(v->op, (int)v->count, arguments, v->attributes, v->attribute_bytes);
    if (v->is_derived && tape->error.status == AD_OK && !ad__note_derived(tape, end)) {
        ad_tape_fail(tape, AD_ERR_MEMORY, "ad_fn_anomaly", NULL, "out of memory");
    }
}

/* Every value becomes one node: value id is node id + 1. */
static void replay(const ad__program *p, const void *const *inputs, ad_tape *tape)
{
    uint32_t most = 1;
    for (ad__id id = 0; id < p->count; id++) {
        most = p->values[id].count > most ? p->values[id].count : most;
    }
    ad_var *vars = ad__arena_take(&tape->scratch, p->count * sizeof *vars);
    ad_var *arguments = ad__arena_take(&tape->scratch, most * sizeof *arguments);
    if (vars == NULL || arguments == NULL) {
        ad_tape_fail(tape, AD_ERR_MEMORY, "ad_fn_anomaly", NULL, "out of memory");
        return;
    }
    for (ad__id id = 0; id < p->count && tape->error.status == AD_OK; id++) {
        if (ad__is_leaf(&p->values[id])) {
            vars[id] = leaf(p, id, inputs, tape);
        } else {
            record(p, id, arguments, vars);
        }
    }
}

static ad_anomaly refused(ad_status status, const char *what)
{
    ad_anomaly result = {.status = status};
    ad__say(result.message, sizeof result.message, "%s", what);
    return result;
}

ad_anomaly ad_fn_anomaly(const ad_fn *f, const void *const *inputs)
{
    if (f == NULL || (inputs == NULL && f->program.input_count > 0)) {
        return refused(AD_ERR_DOMAIN, f == NULL
                                          ? "ad_fn_anomaly: f is NULL; the tape says why it "
                                            "could not be made"
                                          : "ad_fn_anomaly: inputs is NULL; give those of the "
                                            "call");
    }
    ad_tape *tape = ad_tape_new_in(&f->allocator);
    if (tape == NULL) {
        return refused(AD_ERR_MEMORY, "ad_fn_anomaly: out of memory");
    }
    replay(&f->program, inputs, tape);
    ad_anomaly result = tape->error.status == AD_OK
                            ? ad_tape_anomaly(tape)
                            : refused(tape->error.status, ad_tape_message(tape));
    result.node -= result.found ? 1 : 0;
    ad_tape_free(tape);
    return result;
}
