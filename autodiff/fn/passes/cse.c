/* SPDX-License-Identifier: MIT */
/* Replaces a value by an earlier one of the same operation, attributes and arguments, and a
 * constant by an earlier one of the same elements. Operations are pure, so the bits are the
 * same. */
#include "base/hash_internal.h"
#include "fn/passes/passes_internal.h"

#include <string.h>

#if defined(__GNUC__)
#define AD__PREFETCH(address) __builtin_prefetch(address)
#else
#define AD__PREFETCH(address) ((void)(address))
#endif

static uint64_t hash_of(const ad__program *p, const ad__value *v)
{
    uint64_t hash = ad__mix((uintptr_t)v->op, (uintptr_t)v->spec);
    for (uint32_t i = 0; i < v->count; i++) {
        hash = ad__mix(hash, p->args[v->first + i]);
    }
    return ad__mix_bytes(hash, v->attributes, ad__content_bytes(v));
}

static int same(const ad__program *p, const ad__value *v, const ad__value *w)
{
    size_t bytes = ad__content_bytes(v);
    return v->op == w->op && v->spec == w->spec && v->count == w->count &&
           bytes == ad__content_bytes(w) &&
           (v->count == 0 ||
            memcmp(p->args + v->first, p->args + w->first, v->count * sizeof *p->args) == 0) &&
           (bytes == 0 || memcmp(v->attributes, w->attributes, bytes) == 0);
}

/* Views are unique already, and inputs are the caller's. */
static int is_comparable(const ad__value *v)
{
    return !ad__is_leaf(v) || ad__is_constant(v);
}

/* The first value like it, and the high half of its hash: others in its way are told by that,
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

ad_status ad__cse(ad__program *p)
{
    size_t len = 16;
    while (len < (size_t)p->count + p->count / 2) {
        len *= 2;
    }
    ad__arena_mark before = ad__arena_mark_here(&p->scratch);
    ad__id *to = ad__replacements(p);
    entry *table = ad__table(&p->scratch, len, AD__UNFILLED, entry);
    const ad_status status = ad__arena_status(&p->scratch);
    if (status == AD_OK) {
        for (size_t i = 0; i < len; i++) {
            table[i].id = AD__NONE;
        }
        unify(p, to, table, len - 1);
    }
    ad__arena_rewind(&p->scratch, before);
    return status;
}
