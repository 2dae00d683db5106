/* SPDX-License-Identifier: MIT */
/* Replaces a value by an earlier one of the same operation, attributes and arguments, and a
 * constant by an earlier one of the same elements. Operations are pure, so the bits are the
 * same. */
#include "program_internal.h"

#include <string.h>

#if defined(__GNUC__)
#define AD__PREFETCH(address) __builtin_prefetch(address)
#else
#define AD__PREFETCH(address) ((void)(address))
#endif

static uint64_t mixed(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static uint64_t mixed_bytes(uint64_t hash, const void *data, size_t bytes)
{
    const unsigned char *at = data;
    for (uint64_t word; bytes >= sizeof word; bytes -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        hash = mixed(hash, word);
    }
    while (bytes-- > 0) {
        hash = mixed(hash, *at++);
    }
    return hash;
}

/* What a constant is, or an operation's attributes. */
static size_t content_bytes(const ad__value *v)
{
    return ad__is_constant(v) ? ad__value_bytes(v) : v->attribute_bytes;
}

static uint64_t hash_of(const ad__program *p, const ad__value *v)
{
    uint64_t hash = mixed((uintptr_t)v->op, (uintptr_t)v->kind);
    for (uint32_t i = 0; i < v->count; i++) {
        hash = mixed(hash, p->args[v->first + i]);
    }
    return mixed_bytes(hash, v->attributes, content_bytes(v));
}

uint64_t ad__fingerprint(const ad__program *p)
{
    uint64_t hash = mixed(p->input_count, p->count);
    for (ad__id id = 0; id < p->count; id++) {
        const ad__value *v = &p->values[id];
        hash = mixed(mixed(hash, (uintptr_t)v->op), (uint64_t)v->kind->type);
        hash = mixed_bytes(hash, v->kind->shape.len,
                           (size_t)v->kind->shape.rank * sizeof *v->kind->shape.len);
        for (uint32_t i = 0; i < v->count; i++) {
            hash = mixed(hash, p->args[v->first + i]);
        }
        hash = ad__row_of(v) == AD__VIEW ? mixed(hash, (uintptr_t)v->attributes)
                                         : mixed_bytes(hash, v->attributes, content_bytes(v));
    }
    for (uint32_t i = 0; i < p->output_count; i++) {
        hash = mixed(hash, p->outputs[i]);
    }
    for (uint32_t i = 0; i < p->store_count; i++) {
        hash = mixed(mixed(hash, p->stores[i].view), p->stores[i].value);
    }
    return hash;
}

static int same(const ad__program *p, const ad__value *v, const ad__value *w)
{
    size_t bytes = content_bytes(v);
    return v->op == w->op && v->kind == w->kind && v->count == w->count &&
           bytes == content_bytes(w) &&
           (v->count == 0 ||
            memcmp(p->args + v->first, p->args + w->first, v->count * sizeof *p->args) == 0) &&
           (bytes == 0 || memcmp(v->attributes, w->attributes, bytes) == 0);
}

/* Views are unique already, and inputs are the caller's. */
static int is_comparable(const ad__value *v)
{
    return !ad__is_leaf(v) || ad__is_constant(v);
}

/* The first value of its kind, and the high half of its hash: others in its way are told by that,
 * without a look at them, which in a long program is far away. */
typedef struct entry {
    ad__id id; /* AD__NONE: free */
    uint32_t hash;
} entry;

/* The first value that is the same, or this one, which is entered. */
static ad__id first_of(const ad__program *p, ad__id id, uint64_t hash, entry *table, size_t mask)
{
    const ad__value *v = &p->values[id];
    const entry own = {id, (uint32_t)(hash >> 32)};
    entry *at = &table[(size_t)hash & mask];
    while (at->id != AD__NONE && !(at->hash == own.hash && same(p, v, &p->values[at->id]))) {
        at = at < &table[mask] ? at + 1 : table;
    }
    if (at->id == AD__NONE) {
        *at = own;
    }
    return at->id;
}

/* 1 if an argument of a value, which had been replaced as far as was known, is replaced since. */
static int changes(const ad__program *p, ad__id id, const ad__id *to)
{
    const ad__value *v = &p->values[id];
    for (uint32_t i = 0; i < v->count; i++) {
        if (to[p->args[v->first + i]] != p->args[v->first + i]) {
            return 1;
        }
    }
    return 0;
}

/* A table of a long program lies in memory, not in a cache. So places are asked for ahead, some
 * values at a time; one whose argument is replaced among these is hashed again. */
static void unify(ad__program *p, ad__id *to, entry *table, size_t mask)
{
    enum { AHEAD = 32 };
    uint64_t hash[AHEAD];
    for (ad__id first = 0, end; first < p->count; first = end) {
        end = p->count - first < AHEAD ? p->count : first + AHEAD;
        for (ad__id id = first; id < end; id++) {
            ad__replace_arguments(p, id, to);
            hash[id - first] = hash_of(p, &p->values[id]);
            AD__PREFETCH(&table[(size_t)hash[id - first] & mask]);
        }
        for (ad__id id = first; id < end; id++) {
            if (changes(p, id, to)) {
                ad__replace_arguments(p, id, to);
                hash[id - first] = hash_of(p, &p->values[id]);
            }
            if (is_comparable(&p->values[id])) {
                to[id] = first_of(p, id, hash[id - first], table, mask);
            }
        }
    }
    ad__replace_roots(p, to);
}

ad_status ad__common(ad__program *p)
{
    size_t len = 16;
    while (len < (size_t)p->count + p->count / 2) {
        len *= 2;
    }
    ad__arena_mark before = ad__arena_mark_here(&p->scratch);
    ad__id *to = ad__replacements(p);
    entry *table = ad__arena_take(&p->scratch, len * sizeof *table);
    ad_status status = to != NULL && table != NULL ? AD_OK : AD_ERR_MEMORY;
    if (status == AD_OK) {
        for (size_t i = 0; i < len; i++) {
            table[i].id = AD__NONE;
        }
        unify(p, to, table, len - 1);
    }
    ad__arena_rewind(&p->scratch, before);
    return status;
}
