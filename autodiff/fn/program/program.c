/* SPDX-License-Identifier: MIT */
#include "fn/program/program_internal.h"

#include <string.h>

struct ad__specs {
    ad__specs *next;
    ad__spec spec;
};

void ad__program_init(ad__program *p, const ad_allocator *allocator)
{
    *p = (ad__program){.allocator = *allocator};
    ad__arena_init(&p->keep, *allocator);
    ad__arena_init(&p->scratch, *allocator);
}

void ad__program_clear(ad__program *p)
{
    ad__resize(&p->allocator, p->values, 0);
    ad__resize(&p->allocator, p->args, 0);
    ad__arena_clear(&p->keep);
    ad__arena_clear(&p->scratch);
    *p = (ad__program){.allocator = p->allocator};
}

ad_status ad__program_copy(const ad__program *from, ad__program *to)
{
    ad__program_init(to, &from->allocator);
    to->specs = from->specs;
    to->input_count = from->input_count;
    to->output_count = from->output_count - from->guard_count;
    to->store_count = from->store_count;
    to->inputs = ad__arena_copy(&to->keep, from->inputs, to->input_count * sizeof *to->inputs);
    to->outputs = ad__arena_copy(&to->keep, from->outputs, to->output_count * sizeof *to->outputs);
    to->stores = ad__arena_copy(&to->keep, from->stores, to->store_count * sizeof *to->stores);
    int fits = !to->keep.is_out_of_memory && ad__program_reserve(to, from->count, from->arg_count);
    for (ad__id id = 0; id < from->count && fits; id++) {
        ad__id same;
        const ad__value *v = &from->values[id];
        fits = ad__program_add(to, *v, ad__arguments(from, v), &same);
    }
    if (!fits) {
        ad__program_clear(to);
        return AD_ERR_MEMORY;
    }
    return AD_OK;
}

uint8_t *ad__stored_views(const ad__program *p, ad__arena *arena)
{
    const size_t len = (size_t)p->count + 1;
    uint8_t *is_stored = ad__arena_take(arena, len);
    if (is_stored == NULL) {
        return NULL;
    }
    memset(is_stored, 0, len);
    for (uint32_t i = 0; i < p->store_count; i++) {
        is_stored[p->stores[i].view] = 1;
    }
    return is_stored;
}

const ad__spec *ad__program_spec(ad__program *p, const ad__spec *spec)
{
    for (const ad__specs *k = p->specs; k != NULL; k = k->next) {
        if (k->spec.type == spec->type && ad_shape_equal(&k->spec.shape, &spec->shape)) {
            return &k->spec;
        }
    }
    ad__specs *added = ad__arena_take(&p->keep, sizeof *added);
    if (added == NULL) {
        return NULL;
    }
    *added = (ad__specs){p->specs, *spec};
    added->spec.shape = ad_shape_of_lens(spec->shape.rank, spec->shape.len);
    added->spec.count = ad_shape_count(&spec->shape);
    p->specs = added;
    return &added->spec;
}

/* Room for count entries of size bytes; 0 without memory. */
static int reserve(const ad_allocator *allocator, void **memory, uint32_t *capacity, uint64_t count,
                   size_t size)
{
    if (count <= *capacity) {
        return 1;
    }
    uint64_t wanted = 2 * (uint64_t)*capacity > count ? 2 * (uint64_t)*capacity : count + 64;
    void *larger =
        wanted > INT32_MAX ? NULL : ad__resize_array(allocator, *memory, (size_t)wanted, size);
    if (larger == NULL) {
        return 0;
    }
    *memory = larger;
    *capacity = (uint32_t)wanted;
    return 1;
}

int ad__program_reserve(ad__program *p, uint64_t values, uint64_t args)
{
    return reserve(&p->allocator, (void **)&p->values, &p->capacity, values, sizeof *p->values) &&
           reserve(&p->allocator, (void **)&p->args, &p->arg_capacity, args, sizeof *p->args);
}

int ad__program_add(ad__program *p, ad__value value, const ad__id *args, ad__id *id)
{
    if (!ad__program_reserve(p, (uint64_t)p->count + 1, (uint64_t)p->arg_count + value.count)) {
        return 0;
    }
    value.first = p->arg_count;
    if (value.count > 0) {
        memcpy(p->args + p->arg_count, args, value.count * sizeof *args);
    }
    p->arg_count += value.count;
    *id = p->count;
    p->values[p->count++] = value;
    return 1;
}

int ad__is_alias(const ad__program *p, const ad__value *v, size_t *first)
{
    if (v->op->alias == NULL) {
        return 0;
    }
    const ad__array x = {p->values[p->args[v->first]].spec, NULL};
    const ad__call call = {.count = 1, .x = &x, .attributes = v->attributes, .spec = *v->spec};
    return v->op->alias(&call, first);
}

int ad__is_whole_alias(const ad__program *p, const ad__value *v)
{
    size_t first;
    return ad__is_alias(p, v, &first) && first == 0 &&
           p->values[p->args[v->first]].spec->count == v->spec->count;
}

double ad__value_flops(const ad__program *p, const ad__value *v, ad__array *x)
{
    if (ad__is_elementwise(v)) {
        return (double)v->spec->count;
    }
    for (uint32_t i = 0; i < v->count; i++) {
        x[i] = (ad__array){p->values[p->args[v->first + i]].spec, NULL};
    }
    const ad__call call = {
        .count = (int)v->count, .x = x, .attributes = v->attributes, .spec = *v->spec};
    return v->op->flops != NULL ? v->op->flops(&call) : 0;
}

void ad__make_constant(ad__program *p, ad__id id, const void *elements)
{
    ad__value *v = &p->values[id];
    v->op = ad__by_code[AD__CONSTANT];
    v->attributes = elements;
    v->attribute_bytes = 0;
    v->count = 0;
}

ad__id *ad__replacements(ad__program *p)
{
    ad__id *to = ad__arena_take(&p->scratch, ((size_t)p->count + 1) * sizeof *to);
    for (ad__id id = 0; to != NULL && id < p->count; id++) {
        to[id] = id;
    }
    return to;
}

void ad__replace_arguments(ad__program *p, ad__id id, const ad__id *to)
{
    const ad__value *v = &p->values[id];
    for (uint32_t i = 0; i < v->count; i++) {
        p->args[v->first + i] = to[p->args[v->first + i]];
    }
}

void ad__replace_roots(ad__program *p, const ad__id *to)
{
    for (uint32_t i = 0; i < p->output_count; i++) {
        p->outputs[i] = to[p->outputs[i]];
    }
    for (uint32_t i = 0; i < p->store_count; i++) {
        p->stores[i].value = to[p->stores[i].value];
    }
}
