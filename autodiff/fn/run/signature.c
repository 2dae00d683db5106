/* SPDX-License-Identifier: MIT */
#include "fn/run/fn_internal.h"

int ad_fn_input_count(const ad_fn *f)
{
    return f == NULL ? 0 : (int)f->program.input_count;
}

int ad_fn_output_count(const ad_fn *f)
{
    return f == NULL ? 0 : (int)ad__output_count(f);
}

/* That of entry i of a list of the program's values, of which number `first` is the first to have
 * a name of its own. */
static ad_spec spec_of(const ad_fn *f, int i, int count, const ad__id *list, uint32_t first)
{
    if (i < 0 || i >= count) {
        return (ad_spec){.shape = {.rank = -1}};
    }
    const ad__spec *spec = f->program.values[list[i]].spec;
    return (ad_spec){.name = f->names != NULL ? f->names[first + (uint32_t)i] : NULL,
                     .type = spec->type,
                     .shape = spec->shape};
}

ad_spec ad_fn_input(const ad_fn *f, int i)
{
    return spec_of(f, i, ad_fn_input_count(f), f == NULL ? NULL : f->program.inputs, 0);
}

ad_spec ad_fn_output(const ad_fn *f, int i)
{
    return spec_of(f, i, ad_fn_output_count(f), f == NULL ? NULL : f->program.outputs,
                   f == NULL ? 0 : f->program.input_count);
}
