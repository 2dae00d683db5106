/* SPDX-License-Identifier: MIT */
#include "fn/outputs_internal.h"

#include "reverse.h"

#include <string.h>

/* Puts the inputs that have a gradient in x and returns how many. */
static int differentiable(int count, const ad_var *in, ad_var *x)
{
    int n = 0;
    for (int i = 0; i < count; i++) {
        if (ad_type_of(in[i]) != AD_I64) {
            x[n++] = in[i];
        }
    }
    return n;
}

ad_status ad__outputs_begin(ad_tape *tape, int in_count, const ad_var *in, int out_count,
                            const ad_var *out, int gradient, ad__outputs *all)
{
    *all = (ad__outputs){.count = out_count, .var = out};
    if (!gradient || in_count < 1 || in == NULL || (out_count > 0 && out == NULL)) {
        return AD_OK;
    }
    if (out_count < 1) {
        return ad_tape_fail(tape, AD_ERR_DOMAIN, "ad_fn_new", NULL,
                            "there is no output to take the gradient of; give one");
    }
    all->is_recorded = 1;
    all->before = ad_tape_mark(tape);
    all->scratch = ad__arena_mark_here(&tape->scratch);
    const size_t outputs = (size_t)out_count, inputs = (size_t)in_count;
    ad_var *var = ad__table(&tape->scratch, outputs + inputs, AD__UNFILLED, ad_var);
    ad_var *x = ad__table(&tape->scratch, inputs, AD__UNFILLED, ad_var);
    if (tape->scratch.is_out_of_memory) {
        return AD_ERR_MEMORY;
    }
    memcpy(var, out, outputs * sizeof *var);
    const int n = differentiable(in_count, in, x);
    all->var = var;
    all->count = out_count + n;
    return n > 0 ? ad_grad(var[0], n, x, var + out_count) : AD_OK;
}

void ad__outputs_end(ad_tape *tape, const ad__outputs *all)
{
    if (all->is_recorded) {
        ad__arena_rewind(&tape->scratch, all->scratch);
        (void)ad__take_back(tape, all->before); /* the mark is of this tape and is recent */
    }
}
