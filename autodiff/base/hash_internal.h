/* SPDX-License-Identifier: MIT */
#ifndef AD_BASE_HASH_INTERNAL_H
#define AD_BASE_HASH_INTERNAL_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* A hash with one more word, or with bytes, mixed in. */
static inline uint64_t ad__mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * 0x9e3779b97f4a7c15u;
    return hash ^ hash >> 29;
}

static inline uint64_t ad__mix_bytes(uint64_t hash, const void *data, size_t bytes)
{
    const unsigned char *at = data;
    for (uint64_t word; bytes >= sizeof word; bytes -= sizeof word, at += sizeof word) {
        memcpy(&word, at, sizeof word);
        hash = ad__mix(hash, word);
    }
    while (bytes-- > 0) {
        hash = ad__mix(hash, *at++);
    }
    return hash;
}

#endif
