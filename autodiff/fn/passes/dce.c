/* SPDX-License-Identifier: MIT */
/* Removes the values that neither an output nor a store is made of, and closes the gaps. Inputs
 * stay, needed or not: they are what the caller gives. */
#include "fn/passes/passes_internal.h"

#include <string.h>

static void mark(const ad__program *p, uint8_t *needed)
{
    for (uint32_t i = 0; i < p->input_count; i++) {
        needed[p->inputs[i]] = 1;
    }
    for (uint32_t i = 0; i < p->output_count; i++) {
        needed[p->outputs[i]] = 1;
    }
    for (uint32_t i = 0; i < p->store_count; i++) {
        needed[p->stores[i].view] = 1;
        needed[p->stores[i].value] = 1;
    }
    for (ad__id id = p->count; id-- > 0;) {
        if (!needed[id]) {
            continue;
        }
        const ad__value *v = &p->values[id];
        for (uint32_t i = 0; i < v->count; i++) {
            needed[p->args[v->first + i]] = 1;
        }
    }
}

ad_status ad__dce(ad__program *p)
{
    ad__arena_mark before = ad__arena_mark_here(&p->scratch);
    ad__id *to = ad__replacements(p);
    uint8_t *needed = ad__table(&p->scratch, (size_t)p->count + 1, AD__ZEROS, uint8_t);
    const ad_status status = ad__arena_status(&p->scratch);
    if (status == AD_OK) {
        mark(p, needed);
        uint32_t kept = 0, args = 0;
        for (ad__id id = 0; id < p->count; id++) {
            if (!needed[id]) {
                continue;
            }
            ad__replace_arguments(p, id, to);
            ad__value v = p->values[id];
            if (v.count > 0 && v.first != args) {
                memmove(p->args + args, p->args + v.first, v.count * sizeof *p->args);
            }
            v.first = args;
            args += v.count;
            to[id] = kept;
            p->values[kept++] = v;
        }
        p->count = kept;
        p->arg_count = args;
        ad__replace_roots(p, to);
        for (uint32_t i = 0; i < p->input_count; i++) {
            p->inputs[i] = to[p->inputs[i]];
        }
        for (uint32_t i = 0; i < p->store_count; i++) {
            p->stores[i].view = to[p->stores[i].view];
        }
    }
    ad__arena_rewind(&p->scratch, before);
    return status;
}
