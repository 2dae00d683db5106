/* SPDX-License-Identifier: MIT */
#include "tape/tape_internal.h"

#include <string.h>

/* How a tape's columns and its list of specs grow. */

/* ---- growth ---- */

int ad__reserve(ad_tape *tape, void **memory, uint32_t *capacity, uint32_t count, size_t bytes)
{
    if (count <= *capacity) {
        return 1;
    }
    uint32_t larger = *capacity < 32                ? 64
                      : *capacity <= UINT32_MAX / 2 ? *capacity * 2
                                                    : UINT32_MAX;
    larger = larger < count ? count : larger;
    void *moved = ad__resize_array(&tape->allocator, *memory, larger, bytes);
    if (moved == NULL) {
        return 0;
    }
    *memory = moved;
    *capacity = larger;
    return 1;
}

int ad__grow(ad_tape *tape)
{
    uint32_t capacity = tape->capacity, values = capacity, sites = capacity, notes = capacity;
    if (capacity == UINT32_MAX ||
        !ad__reserve(tape, (void **)&tape->node, &capacity, capacity + 1, sizeof *tape->node) ||
        !ad__reserve(tape, (void **)&tape->value, &values, values + 1, sizeof *tape->value) ||
        !ad__reserve(tape, (void **)&tape->site, &sites, sites + 1, sizeof *tape->site) ||
        !ad__reserve(tape, (void **)&tape->notes, &notes, notes + 1, sizeof *tape->notes)) {
        return 0;
    }
    tape->capacity = capacity;
    tape->limit = tape->error.status == AD_OK ? capacity - AD__CONSTANTS_MOST : 0;
    return 1;
}

/* ---- specs ---- */

static uint32_t spec_hash(ad_type type, const ad_shape *shape)
{
    uint64_t hash = (uint64_t)type * 31 + (uint64_t)shape->rank;
    for (int i = 0; i < shape->rank; i++) {
        hash = (hash ^ (uint64_t)shape->len[i]) * 0x9e3779b97f4a7c15U;
    }
    return (uint32_t)(hash >> 32);
}

static void enter_spec(ad_tape *tape, uint32_t index)
{
    const ad__spec *spec = tape->specs[index];
    uint32_t mask = tape->spec_table_len - 1, at = spec_hash(spec->type, &spec->shape) & mask;
    while (tape->spec_table[at] != 0) {
        at = (at + 1) & mask;
    }
    tape->spec_table[at] = index + 1;
}

/* The table stays at most half full. */
int ad__grow_specs(ad_tape *tape)
{
    if (!ad__reserve(tape, (void **)&tape->specs, &tape->spec_capacity, tape->spec_count + 8,
                     sizeof(ad__spec *))) {
        return 0;
    }
    if (tape->spec_table_len >= 2 * tape->spec_capacity) {
        return 1;
    }
    uint32_t len = tape->spec_table_len ? tape->spec_table_len : 128;
    while (len < 2 * tape->spec_capacity) {
        len *= 2;
    }
    uint32_t *table = ad__resize_array(&tape->allocator, NULL, len, sizeof *table);
    if (table == NULL) {
        return 0;
    }
    memset(table, 0, len * sizeof *table);
    ad__resize(&tape->allocator, tape->spec_table, 0);
    tape->spec_table = table;
    tape->spec_table_len = len;
    for (uint32_t i = AD__SPEC_FIRST_FREE; i < tape->spec_count; i++) {
        enter_spec(tape, i);
    }
    return 1;
}

/* Finds the numbers of specs that no node has, which are those of steps that were rewound: a later
 * step most often needs them again, so that they stay until the numbers run out. 0 without memory.
 */
static int collect_kinds(ad_tape *tape)
{
    ad__arena_mark before = ad__arena_mark_here(&tape->scratch);
    uint8_t *is_used = ad__arena_take(&tape->scratch, tape->spec_count);
    if (is_used == NULL || !ad__reserve(tape, (void **)&tape->spare_specs, &tape->spare_capacity,
                                        tape->spec_count, sizeof *tape->spare_specs)) {
        ad__arena_rewind(&tape->scratch, before);
        return 0;
    }
    memset(is_used, 0, tape->spec_count);
    for (uint32_t node = 0; node < tape->count; node++) {
        is_used[tape->node[node].spec] = 1;
    }
    memset(tape->spec_table, 0, tape->spec_table_len * sizeof *tape->spec_table);
    for (uint32_t i = AD__SPEC_FIRST_FREE; i < tape->spec_count; i++) {
        if (is_used[i]) {
            enter_spec(tape, i);
        } else {
            tape->spare_specs[tape->spare_count++] = (uint16_t)i;
        }
    }
    ad__arena_rewind(&tape->scratch, before);
    return 1;
}

/* A number for a new spec, with its place in keep; AD__SPEC_DEAD without memory. */
static uint16_t new_spec(ad_tape *tape)
{
    if (tape->spec_count == UINT16_MAX && tape->spare_count == 0 && !collect_kinds(tape)) {
        return AD__SPEC_DEAD;
    }
    if (tape->spare_count > 0) {
        return tape->spare_specs[--tape->spare_count];
    }
    if (tape->spec_count == UINT16_MAX) {
        ad_tape_fail(tape, AD_ERR_UNSUPPORTED, "tape", NULL,
                     "%d different shapes at a time on one tape are the most; start a new one, or "
                     "rewind it",
                     UINT16_MAX);
        return AD__SPEC_DEAD;
    }
    ad__spec *spec = ad__grow_specs(tape) ? ad__arena_take(&tape->keep, sizeof *spec) : NULL;
    if (spec == NULL) {
        return AD__SPEC_DEAD;
    }
    tape->specs[tape->spec_count] = spec;
    return (uint16_t)tape->spec_count++;
}

uint16_t ad__spec_index(ad_tape *tape, ad_type type, const ad_shape *shape)
{
    if (type == AD_F64 && shape->rank == 0) {
        return AD__SPEC_SCALAR;
    }
    uint32_t mask = tape->spec_table_len - 1, at = spec_hash(type, shape) & mask;
    for (; tape->spec_table[at] != 0; at = (at + 1) & mask) {
        const ad__spec *spec = tape->specs[tape->spec_table[at] - 1];
        if (spec->type == type && ad_shape_equal(&spec->shape, shape)) {
            return (uint16_t)(tape->spec_table[at] - 1);
        }
    }
    uint16_t number = new_spec(tape);
    if (number != AD__SPEC_DEAD) {
        /* unused lengths are 0: equal shapes have equal bytes */
        *tape->specs[number] =
            (ad__spec){type, ad_shape_of_lens(shape->rank, shape->len), ad_shape_count(shape)};
        enter_spec(tape, number);
    }
    return number;
}

/* ---- which nodes C has read ---- */

void ad__note_far(ad_tape *tape, uint32_t node, uint8_t what)
{
    memset(tape->notes + tape->note_count, 0, node + 1 - tape->note_count);
    tape->note_count = node + 1;
    tape->notes[node] |= what;
}

void ad__forget_notes(ad_tape *tape, uint32_t first)
{
    tape->note_count = tape->note_count < first ? tape->note_count : first;
}

/* ---- which nodes are derivatives ---- */

int ad__note_derived(ad_tape *tape, uint32_t first)
{
    uint32_t count = tape->derived_count;
    if (first == tape->count) {
        return 1;
    }
    if (count > 0 && tape->derived[count - 1].end >= first) {
        tape->derived[count - 1].end = tape->count;
        return 1;
    }
    if (!ad__reserve(tape, (void **)&tape->derived, &tape->derived_capacity, count + 1,
                     sizeof *tape->derived)) {
        return 0;
    }
    tape->derived[count] = (ad__range){first, tape->count};
    tape->derived_count = count + 1;
    return 1;
}

void ad__forget_derived(ad_tape *tape, uint32_t first)
{
    uint32_t count = tape->derived_count;
    while (count > 0 && tape->derived[count - 1].first >= first) {
        count--;
    }
    if (count > 0 && tape->derived[count - 1].end > first) {
        tape->derived[count - 1].end = first;
    }
    tape->derived_count = count;
}

int ad__is_derived(const ad_tape *tape, uint32_t node)
{
    uint32_t low = 0, high = tape->derived_count; /* ranges below low end before the node */
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (tape->derived[middle].end <= node) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < tape->derived_count && tape->derived[low].first <= node;
}
