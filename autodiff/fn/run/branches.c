/* SPDX-License-Identifier: MIT */
/* Whether what C was told by a recording is still so. */
#include "fn/run/fn_internal.h"

#include <math.h>

static double element_of(const ad__spec *spec, const void *x, size_t i)
{
    switch (spec->type) {
    case AD_F64:
        return ((const double *)x)[i];
    case AD_F32:
        return (double)((const float *)x)[i];
    case AD_I64:
        return (double)((const int64_t *)x)[i];
    }
    return NAN;
}

/* The first element that C would see otherwise, or the number of elements. */
static size_t first_change(const ad__guard *g, const void *now)
{
    for (size_t i = 0; i < g->spec->count; i++) {
        const double x = element_of(g->spec, g->recorded, i), y = element_of(g->spec, now, i);
        int same = g->is_branch ? (x != 0) == (y != 0) : x == y || (isnan(x) && isnan(y));
        if (!same) {
            return i;
        }
    }
    return g->spec->count;
}

size_t ad_fn_guard_in(const ad_fn *f, const ad_workspace *w, size_t capacity, ad_fn_branch *out)
{
    size_t count = 0;
    if (f == NULL || w == NULL || !w->has_run) {
        return 0;
    }
    for (uint32_t i = 0; i < f->program.guard_count; i++) {
        const ad__guard *g = &f->program.guards[i];
        const void *now = w->guards + g->at;
        size_t at = first_change(g, now);
        if (at == g->spec->count) {
            continue;
        }
        if (count < capacity && out != NULL) {
            out[count] = (ad_fn_branch){.name = g->name,
                                        .site = g->site,
                                        .element = at,
                                        .recorded = element_of(g->spec, g->recorded, at),
                                        .now = element_of(g->spec, now, at)};
        }
        count++;
    }
    return count;
}

size_t ad_fn_guard_count(const ad_fn *f)
{
    return f == NULL ? 0 : f->program.guard_count;
}

size_t ad_fn_guard(const ad_fn *f, size_t capacity, ad_fn_branch *out)
{
    return f == NULL ? 0 : ad_fn_guard_in(f, f->own, capacity, out);
}
