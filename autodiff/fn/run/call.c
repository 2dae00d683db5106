/* SPDX-License-Identifier: MIT */
/* Calls with arrays of known types and lengths. */
#include "fn_call.h"

#include "fn/run/fn_internal.h"

/* The inputs of a function, or its outputs. */
typedef struct side {
    const char *what;
    ad_spec (*spec_of)(const ad_fn *f, int i);
    int count;
    const ad__id *values;
    void **address;
} side;

/* Array i as it is and as it should be. */
static ad_status refuse(const ad_fn *f, ad_workspace *w, ad_status status, const side *s, int i,
                        const ad_array *given)
{
    char shape[160];
    const ad_spec wanted = s->spec_of(f, i);
    return ad_error_set(&w->error, status,
                        "ad_fn_call: %s %d%s%s is %s %s, %zu elements; an array of %zu elements "
                        "of %s is given",
                        s->what, i, wanted.name != NULL ? ", " : "",
                        wanted.name != NULL ? wanted.name : "", ad_type_name(wanted.type),
                        ad_shape_print(&wanted.shape, shape, sizeof shape),
                        ad_shape_count(&wanted.shape), given->count, ad_type_name(given->type));
}

/* Checks arrays against what f has, and notes their addresses. */
static ad_status check(const ad_fn *f, ad_workspace *w, const side *s, int count,
                       const ad_array *arrays)
{
    if (count != s->count || (count > 0 && arrays == NULL)) {
        return ad_error_set(&w->error, AD_ERR_DOMAIN, "ad_fn_call: %d %ss are given; there are %d",
                            arrays == NULL && count > 0 ? 0 : count, s->what, s->count);
    }
    for (int i = 0; i < count; i++) {
        const ad__spec *spec = f->program.values[s->values[i]].spec;
        if (arrays[i].type != spec->type) {
            return refuse(f, w, AD_ERR_TYPE, s, i, &arrays[i]);
        }
        if (arrays[i].count != spec->count) {
            return refuse(f, w, AD_ERR_SHAPE, s, i, &arrays[i]);
        }
        s->address[i] = arrays[i].data;
    }
    return AD_OK;
}

ad_status ad_fn_call_in(const ad_fn *f, ad_workspace *w, int in_count, const ad_array *in,
                        int out_count, const ad_array *out)
{
    if (f == NULL || w == NULL) {
        return AD_ERR_DOMAIN;
    }
    const side inputs = {"input", ad_fn_input, (int)f->program.input_count, f->program.inputs,
                         w->address};
    const side outputs = {"output", ad_fn_output, (int)ad__output_count(f), f->program.outputs,
                          w->address + inputs.count};
    w->has_run = 0;
    ad_status status = check(f, w, &inputs, in_count, in);
    if (status == AD_OK) {
        status = check(f, w, &outputs, out_count, out);
    }
    return status == AD_OK
               ? ad_fn_run_in(f, w, (const void *const *)inputs.address, outputs.address)
               : status;
}

ad_status ad_fn_call(ad_fn *f, int in_count, const ad_array *in, int out_count, const ad_array *out)
{
    return ad_fn_call_in(f, f != NULL ? f->own : NULL, in_count, in, out_count, out);
}
