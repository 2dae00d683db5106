/* SPDX-License-Identifier: MIT */
/* A program as text, a value a line: for whoever wants to see what a pass has done. */
#include "fn/program/program_internal.h"

#include "base/text_internal.h"

enum { TEXT = 400, DIGITS = 6, FEW = 4 };

static double element(const ad__value *v, size_t i)
{
    switch (v->spec->type) {
    case AD_F64:
        return ((const double *)v->attributes)[i];
    case AD_F32:
        return (double)((const float *)v->attributes)[i];
    default:
        return (double)((const int64_t *)v->attributes)[i];
    }
}

/* The operation and what it is of: arguments, or the elements of a constant. */
static void say_operation(const ad__program *p, const ad__value *v, char *text, size_t bytes)
{
    ad__say(text, bytes, "%s", v->op->name);
    for (uint32_t i = 0; i < v->count; i++) {
        ad__say(text, bytes, " %%%u", (unsigned)ad__arguments(p, v)[i]);
    }
    for (size_t i = 0; ad__is_constant(v) && i < v->spec->count; i++) {
        ad__say(text, bytes, " ");
        if (i == FEW) {
            ad__say(text, bytes, "...");
            return;
        }
        ad__say_number(text, bytes, element(v, i), DIGITS);
    }
}

void ad__program_print(const ad__program *p, FILE *out)
{
    char text[TEXT], shape[160];
    for (ad__id id = 0; id < p->count; id++) {
        const ad__value *v = &p->values[id];
        text[0] = '\0';
        say_operation(p, v, text, sizeof text);
        (void)fprintf(out, "  %%%-5u %-28s %s %s", (unsigned)id, text, ad_type_name(v->spec->type),
                      ad_shape_print(&v->spec->shape, shape, sizeof shape));
        (void)fprintf(out, v->site != NULL ? "  %s\n" : "\n", v->site);
    }
    for (uint32_t i = 0; i < p->store_count; i++) {
        (void)fprintf(out, "  store %%%u in %%%u\n", (unsigned)p->stores[i].value,
                      (unsigned)p->stores[i].view);
    }
    for (uint32_t i = 0; i < p->output_count; i++) {
        (void)fprintf(out, "  output %%%u\n", (unsigned)p->outputs[i]);
    }
}
