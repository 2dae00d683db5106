/* SPDX-License-Identifier: MIT */
/* Computes now what is made of constants, or of shapes, alone, by the operation's own eval: the
 * same bits. A result larger than its arguments stays an operation, since storing it would cost
 * more than it saves. A value that fails is left to the call, which reports it. */
#include "fn/passes/passes_internal.h"
#include "tape/launch_internal.h"

enum { SMALL = 64 };

static int can_fold(const ad__program *p, const ad__value *v)
{
    size_t given = 0;
    if (ad__is_leaf(v) || v->count == 0 || ad__has(v->op, AD__OF_SHAPES)) {
        return ad__has(v->op, AD__OF_SHAPES);
    }
    for (uint32_t i = 0; i < v->count; i++) {
        const ad__value *x = &p->values[p->args[v->first + i]];
        if (!ad__is_constant(x)) {
            return 0;
        }
        given += x->spec->count;
    }
    return v->spec->count <= SMALL || v->spec->count <= given;
}

static ad_status fold(ad__program *p, ad__arena *scratch, ad__id id)
{
    const ad__value *v = &p->values[id];
    ad_error error = {.status = AD_OK};
    ad__array *x = ad__arena_take(scratch, v->count * sizeof *x);
    void *z = ad__arena_take(&p->keep, ad__value_bytes(v));
    if (x == NULL || z == NULL) {
        return AD_ERR_MEMORY;
    }
    for (uint32_t i = 0; i < v->count; i++) {
        const ad__value *from = &p->values[p->args[v->first + i]];
        x[i] = (ad__array){from->spec, (void *)from->attributes};
    }
    ad__call call = {.count = (int)v->count,
                     .x = x,
                     .attributes = v->attributes,
                     .spec = *v->spec,
                     .z = z,
                     .scratch = scratch,
                     .threads = 1,
                     .error = &error};
    ad_status status = ad__evaluate(v->op, &call);
    if (status == AD_OK) {
        ad__make_constant(p, id, z);
    }
    return status == AD_ERR_MEMORY ? status : AD_OK;
}

ad_status ad__fold(ad__program *p, ad__id id)
{
    if (!can_fold(p, &p->values[id])) {
        return AD_OK;
    }
    ad__arena_mark before = ad__arena_mark_here(&p->scratch);
    ad_status status = fold(p, &p->scratch, id);
    ad__arena_rewind(&p->scratch, before);
    return status;
}
