/* SPDX-License-Identifier: MIT */
#include "base/hash_internal.h"
#include "fn/program/program_internal.h"

uint64_t ad__fingerprint(const ad__program *p)
{
    uint64_t hash = ad__mix(p->input_count, p->count);
    for (ad__id id = 0; id < p->count; id++) {
        const ad__value *v = &p->values[id];
        hash = ad__mix(ad__mix(hash, (uintptr_t)v->op), (uint64_t)v->spec->type);
        hash = ad__mix_bytes(hash, v->spec->shape.len,
                             (size_t)v->spec->shape.rank * sizeof *v->spec->shape.len);
        for (uint32_t i = 0; i < v->count; i++) {
            hash = ad__mix(hash, p->args[v->first + i]);
        }
        hash = ad__code_of(v) == AD__VIEW
                   ? ad__mix(hash, (uintptr_t)v->attributes)
                   : ad__mix_bytes(hash, v->attributes, ad__content_bytes(v));
    }
    for (uint32_t i = 0; i < p->output_count; i++) {
        hash = ad__mix(hash, p->outputs[i]);
    }
    for (uint32_t i = 0; i < p->store_count; i++) {
        hash = ad__mix(ad__mix(hash, p->stores[i].view), p->stores[i].value);
    }
    return hash;
}
