/* SPDX-License-Identifier: MIT */
/* Bytes of the workspace: the smallest gap that fits (best fit), in O(log n) for n pieces in use.
 *
 * Pieces are a list by their place. Each knows the gap before it, and those with one are a treap by
 * gap and place: a search tree whose priorities, a hash of the piece's number, keep it shallow. */
#include "fn/plan/plan_internal.h"

static uint32_t priority(uint32_t number)
{
    uint32_t hash = (number + 1) * 0x9e3779b9U;
    hash ^= hash >> 16;
    return hash * 0x85ebca6bU;
}

static size_t end_of(const plan *p, uint32_t number)
{
    return number != AD__NONE ? p->pieces[number].at + p->pieces[number].bytes : 0;
}

/* ---- the gaps ---- */

/* Whether the gap before a is smaller than that before b; of equals, the first one is. */
static int is_less(const plan *p, uint32_t a, uint32_t b)
{
    const piece *x = &p->pieces[a], *y = &p->pieces[b];
    return x->gap != y->gap ? x->gap < y->gap : x->at < y->at;
}

static void insert(plan *p, uint32_t number)
{
    uint32_t *link = &p->gaps, *low = &p->pieces[number].low, *high = &p->pieces[number].high;
    if (p->pieces[number].gap == 0) {
        return;
    }
    while (*link != AD__NONE && priority(*link) >= priority(number)) {
        piece *at = &p->pieces[*link];
        link = is_less(p, number, *link) ? &at->low : &at->high;
    }
    uint32_t rest = *link; /* is divided into what is less and what is not */
    *link = number;
    while (rest != AD__NONE) {
        piece *at = &p->pieces[rest];
        if (is_less(p, rest, number)) {
            *low = rest;
            low = &at->high;
            rest = at->high;
        } else {
            *high = rest;
            high = &at->low;
            rest = at->low;
        }
    }
    *low = *high = AD__NONE;
}

static void take_out(plan *p, uint32_t number)
{
    uint32_t *link = &p->gaps, low = p->pieces[number].low, high = p->pieces[number].high;
    if (p->pieces[number].gap == 0) {
        return;
    }
    while (*link != number) {
        piece *at = &p->pieces[*link];
        link = is_less(p, number, *link) ? &at->low : &at->high;
    }
    while (low != AD__NONE && high != AD__NONE) {
        uint32_t *upper = priority(low) >= priority(high) ? &low : &high;
        *link = *upper;
        link = upper == &low ? &p->pieces[low].high : &p->pieces[high].low;
        *upper = *link;
    }
    *link = low != AD__NONE ? low : high;
}

/* The piece before which the smallest gap of at least so many bytes is, or AD__NONE. */
static uint32_t smallest_gap(const plan *p, size_t bytes)
{
    uint32_t best = AD__NONE;
    for (uint32_t at = p->gaps; at != AD__NONE;) {
        int fits = p->pieces[at].gap >= bytes;
        best = fits ? at : best;
        at = fits ? p->pieces[at].low : p->pieces[at].high;
    }
    return best;
}

/* Gives a piece, or the end, another one before it. */
static void set_before(plan *p, uint32_t number, uint32_t before)
{
    if (before != AD__NONE) {
        p->pieces[before].after = number;
    }
    if (number == AD__NONE) {
        p->last_piece = before;
        return;
    }
    take_out(p, number);
    p->pieces[number].before = before;
    p->pieces[number].gap = p->pieces[number].at - end_of(p, before);
    insert(p, number);
}

/* ---- pieces ---- */

enum { SMALL_PART = 16 };

/* What would take a small part of a gap goes to the end, so that as large a piece as was there fits
 * in again. */
size_t ad__take_bytes(plan *p, ad__id id, size_t bytes)
{
    bytes = ad__rounded(bytes);
    if (bytes == 0) {
        return 0;
    }
    uint32_t after = smallest_gap(p, bytes), number = p->piece_count++;
    if (after != AD__NONE && p->pieces[after].gap / SMALL_PART > bytes) {
        after = AD__NONE;
    }
    uint32_t before = after != AD__NONE ? p->pieces[after].before : p->last_piece;
    size_t at = end_of(p, before);
    p->pieces[number] = (piece){.at = at, .bytes = bytes, .after = after};
    p->piece_of[id] = number;
    set_before(p, number, before);
    set_before(p, after, number);
    p->out->tensor_bytes = at + bytes > p->out->tensor_bytes ? at + bytes : p->out->tensor_bytes;
    return at;
}

void ad__free_bytes(plan *p, ad__id id)
{
    uint32_t number = p->piece_of[id];
    if (number != AD__NONE) {
        take_out(p, number);
        set_before(p, p->pieces[number].after, p->pieces[number].before);
        p->piece_of[id] = AD__NONE;
    }
}

int ad__hand_bytes(plan *p, ad__id from, ad__id to, size_t *at)
{
    uint32_t number = p->piece_of[from];
    if (number == AD__NONE) {
        return 0;
    }
    p->piece_of[to] = number;
    p->piece_of[from] = AD__NONE;
    *at = p->pieces[number].at;
    return 1;
}
