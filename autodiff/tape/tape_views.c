/* SPDX-License-Identifier: MIT */
/* The views of a tape: which of them is a view of given memory, and which share memory. */
#include "tape/tape_internal.h"

#include <stdlib.h>
#include <string.h>

static ad__detail *view_detail(const ad_tape *tape, uint32_t node)
{
    return &tape->details[tape->node[node].arg[0]];
}

/* ---- by what they view ---- */

/* What makes a view that variable and no other. */
typedef struct key {
    const void *memory;
    uint16_t spec;
    double number; /* of an f64 scalar; else 0 */
} key;

static key key_of(const ad_tape *tape, uint32_t node)
{
    uint16_t spec = tape->node[node].spec;
    return (key){view_detail(tape, node)->attributes, spec,
                 spec == AD__SPEC_SCALAR ? tape->value[node].scalar : 0};
}

static int is_same(key a, key b)
{
    return a.memory == b.memory && a.spec == b.spec &&
           ad__bits_of(a.number) == ad__bits_of(b.number);
}

/* What a view's detail keeps as its count. */
static uint32_t hash_of(key k)
{
    uint64_t hash = (uint64_t)(uintptr_t)k.memory * 0x9e3779b97f4a7c15U +
                    ad__bits_of(k.number) * 0xc2b2ae3d27d4eb4fU + k.spec * 0x165667b19e3779f9U;
    return (uint32_t)((hash ^ hash >> 32) * 0x9e3779b97f4a7c15U >> 32);
}

/* The list of all views with such a hash: later nodes come first. */
static uint32_t *list_of(const ad_tape *tape, uint32_t hash)
{
    return &tape->view_heads[hash & (tape->view_heads_len - 1)];
}

/* Where the list has a node, or has it to stand. */
static uint32_t *place_of(const ad_tape *tape, uint32_t node)
{
    uint32_t *place = list_of(tape, view_detail(tape, node)->count);
    while (*place > node) {
        place = &view_detail(tape, *place)->first;
    }
    return place;
}

static void enter(ad_tape *tape, uint32_t node)
{
    uint32_t *place = place_of(tape, node);
    view_detail(tape, node)->first = *place;
    *place = node;
}

uint32_t ad__view_of(const ad_tape *tape, uint16_t spec, const void *memory)
{
    key k = {memory, spec, 0};
    if (spec == AD__SPEC_SCALAR) {
        memcpy(&k.number, memory, sizeof k.number);
    }
    uint32_t node = tape->view_count > 0 ? *list_of(tape, hash_of(k)) : 0;
    while (node != 0 && !is_same(key_of(tape, node), k)) {
        node = view_detail(tape, node)->first;
    }
    return node;
}

int ad__reserve_view(ad_tape *tape)
{
    if (!ad__reserve(tape, (void **)&tape->views, &tape->view_capacity, tape->view_count + 1,
                     sizeof *tape->views)) {
        return 0;
    }
    if (tape->view_heads_len >= tape->view_capacity) {
        return 1;
    }
    uint32_t len = tape->view_heads_len ? tape->view_heads_len : 64;
    while (len < tape->view_capacity) {
        len *= 2;
    }
    uint32_t *heads = ad__resize_array(&tape->allocator, NULL, len, sizeof *heads);
    if (heads == NULL) {
        return 0;
    }
    memset(heads, 0, len * sizeof *heads);
    ad__resize(&tape->allocator, tape->view_heads, 0);
    tape->view_heads = heads;
    tape->view_heads_len = len;
    for (uint32_t i = 0; i < tape->view_count; i++) {
        enter(tape, tape->views[i]);
    }
    return 1;
}

void ad__enter_view(ad_tape *tape, uint32_t node)
{
    view_detail(tape, node)->count = hash_of(key_of(tape, node));
    tape->views[tape->view_count++] = node;
    enter(tape, node);
}

/* An f64 scalar is another number. */
static void renumber(ad_tape *tape, uint32_t node)
{
    ad__detail *detail = view_detail(tape, node);
    *place_of(tape, node) = detail->first;
    detail->count = hash_of(key_of(tape, node));
    enter(tape, node);
}

void ad__forget_views(ad_tape *tape, uint32_t first)
{
    while (tape->view_count > 0 && tape->views[tape->view_count - 1] >= first) {
        const ad__detail *last = view_detail(tape, tape->views[--tape->view_count]);
        *list_of(tape, last->count) = last->first;
    }
    tape->kept = tape->kept < tape->view_count ? tape->kept : tape->view_count;
}

/* ---- by where their memory lies ---- */

static ad__span span_of(const ad_tape *tape, uint32_t node)
{
    const ad__spec *spec = ad__spec_of(tape, node);
    uintptr_t begin = spec->count > 0 ? (uintptr_t)view_detail(tape, node)->attributes : 0;
    return (ad__span){.begin = begin,
                      .end = begin + ad__spec_bytes(spec),
                      .node = node,
                      .spec = tape->node[node].spec};
}

/* The same spans are neighbours. */
static int compare(const void *a, const void *b)
{
    const ad__span *x = a, *y = b;
    return x->begin != y->begin ? (x->begin > y->begin ? 1 : -1)
           : x->spec != y->spec ? (x->spec > y->spec ? 1 : -1)
                                : (x->node > y->node) - (x->node < y->node);
}

static int are_same(const ad__span *a, const ad__span *b)
{
    return a->begin == b->begin && a->spec == b->spec;
}

/* Finds far and next of spans in their order; returns whether any two of them overlap. */
static int find_ends(ad__span *spans, uint32_t count)
{
    uint32_t far = AD__NO_SPAN, next = AD__NO_SPAN;
    int meet = 0;
    for (uint32_t i = 0; i < count; i++) {
        ad__span *s = &spans[i];
        if (i == 0 || !are_same(s, s - 1)) {
            meet |= i > 0 && s->begin < spans[far].end;
            if (i == 0 || s->end > spans[far].end) {
                next = far;
                far = i;
            } else if (next == AD__NO_SPAN || s->end > spans[next].end) {
                next = i;
            }
        }
        s->far = far;
        s->next = next;
    }
    return meet;
}

static int are_in_order(const ad__span *spans, uint32_t count)
{
    uint32_t i = 1;
    while (i < count && compare(&spans[i - 1], &spans[i]) < 0) {
        i++;
    }
    return i >= count;
}

/* Puts count more spans, which stand behind the first `old` of the list, in their place among them;
 * behind them is room for as many. */
static void merge(ad__span *spans, uint32_t old, uint32_t count)
{
    ad__span *added = spans + old + count;
    memcpy(added, spans + old, count * sizeof *added);
    qsort(added, count, sizeof *added, compare);
    while (count > 0) { /* from the end: what is overwritten stands elsewhere by then */
        const uint32_t to = old + count - 1;
        if (old > 0 && compare(&spans[old - 1], &added[count - 1]) > 0) {
            spans[to] = spans[--old];
        } else {
            spans[to] = added[--count];
        }
    }
}

/* Brings the list up to date: those that were forgotten leave, new ones enter. 0 without memory. */
static int find_spans(ad_tape *tape)
{
    const uint32_t old = tape->kept, count = tape->view_count - old, last = old > 0 ? old - 1 : 0;
    const uint32_t end = old > 0 ? tape->views[last] + 1 : 0;
    if (count > UINT32_MAX - tape->view_count ||
        !ad__reserve(tape, (void **)&tape->spans, &tape->span_capacity, tape->view_count + count,
                     sizeof *tape->spans)) {
        return 0;
    }
    ad__span *spans = tape->spans;
    for (uint32_t i = 0, left = 0; i < tape->span_count; i++) {
        if (spans[i].node < end) {
            spans[left++] = spans[i];
        }
    }
    for (uint32_t i = old; i < old + count; i++) {
        spans[i] = span_of(tape, tape->views[i]);
    }
    if (!are_in_order(spans + last, old + count - last)) {
        merge(spans, old, count);
    }
    tape->span_count = tape->kept = tape->view_count;
    tape->spans_meet = find_ends(spans, tape->span_count);
    return 1;
}

static ad_status know_spans(ad_tape *tape, const char *origin)
{
    const int are_known = tape->kept == tape->view_count && tape->span_count == tape->view_count;
    return are_known || find_spans(tape)
               ? AD_OK
               : ad_tape_fail(tape, AD_ERR_MEMORY, origin, NULL, "out of memory");
}

/* How many spans begin before an address. */
static uint32_t count_before(uintptr_t end, const ad__span *spans, uint32_t count)
{
    uint32_t low = 0, high = count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (spans[middle].begin < end) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* One of the spans that overlaps a view's and is not the same, or NULL. */
static const ad__span *other_than(const ad_tape *tape, uint32_t view, const ad__span *spans,
                                  uint32_t count)
{
    const ad__span s = span_of(tape, view);
    const uint32_t before = count_before(s.end, spans, count);
    if (before == 0) {
        return NULL;
    }
    uint32_t far = spans[before - 1].far;
    far = are_same(&spans[far], &s) ? spans[before - 1].next : far;
    return far != AD__NO_SPAN && spans[far].end > s.begin ? &spans[far] : NULL;
}

/* Those spans of nodes below end that take part; NULL without memory. */
static const ad__span *choose(ad_tape *tape, const uint8_t *takes_part, uint32_t end,
                              uint32_t *count)
{
    ad__span *chosen = ad__arena_take(&tape->scratch, tape->span_count * sizeof *chosen);
    *count = 0;
    for (uint32_t i = 0; i < tape->span_count && chosen != NULL; i++) {
        uint32_t node = tape->spans[i].node;
        if (node < end && takes_part[node]) {
            chosen[(*count)++] = tape->spans[i];
        }
    }
    (void)find_ends(chosen, *count);
    return chosen;
}

ad_status ad__find_overlap(ad_tape *tape, const char *origin, int count, const ad_var *x,
                           const uint8_t *takes_part, uint32_t end, ad__overlap *found)
{
    int i = 0;
    *found = (ad__overlap){0, 0, 0};
    while (i < count && !ad__is_view(tape, x[i].ref.at.node)) {
        i++;
    }
    if (i == count || know_spans(tape, origin) != AD_OK || !tape->spans_meet) {
        return tape->error.status;
    }
    uint32_t among = tape->span_count;
    const ad__span *spans =
        takes_part == NULL ? tape->spans : choose(tape, takes_part, end, &among);
    if (spans == NULL) {
        return ad_tape_fail(tape, AD_ERR_MEMORY, origin, NULL, "out of memory");
    }
    for (; i < count && found->other == 0; i++) {
        const uint32_t node = x[i].ref.at.node;
        const ad__span *other =
            ad__is_view(tape, node) ? other_than(tape, node, spans, among) : NULL;
        if (other != NULL) {
            *found = (ad__overlap){i, node, other->node};
        }
    }
    return AD_OK;
}

/* ---- by what an assignment has changed ---- */

int ad__reserve_assigned(ad_tape *tape)
{
    return ad__reserve(tape, (void **)&tape->assigned, &tape->assigned_capacity,
                       tape->assigned_count + 1, sizeof *tape->assigned);
}

static void set_assigned(ad_tape *tape, uint32_t view, const ad__assigned *a)
{
    ad__node *leaf = &tape->node[view];
    *leaf = (ad__node){{leaf->arg[0], a->by, a->tag}, AD__ASSIGNED, leaf->spec};
}

void ad__note_assigned(ad_tape *tape, uint32_t view, uint32_t by)
{
    const ad__assigned a = {view, by, tape->tag};
    set_assigned(tape, view, &a);
    tape->has_assigned = 1;
    tape->assigned[tape->assigned_count] = a;
    tape->assigned_count += tape->view_count > 1;
    if (tape->node[view].spec == AD__SPEC_SCALAR) {
        renumber(tape, view);
    }
}

static void note_others(ad_tape *tape, const ad__assigned *a)
{
    const ad__span s = span_of(tape, a->view), *spans = tape->spans;
    uint32_t i = count_before(s.end, spans, tape->span_count);
    for (; i > 0 && spans[spans[i - 1].far].end > s.begin; i--) {
        const ad__span *other = &spans[i - 1];
        if (other->end > s.begin && other->spec != AD__SPEC_SCALAR) {
            set_assigned(tape, other->node, a);
        }
    }
}

ad_status ad__settle_assigned(ad_tape *tape, const char *origin)
{
    if (know_spans(tape, origin) != AD_OK) {
        return AD_ERR_MEMORY;
    }
    for (uint32_t i = 0; i < tape->assigned_count && tape->spans_meet; i++) {
        note_others(tape, &tape->assigned[i]);
    }
    tape->assigned_count = 0;
    return AD_OK;
}

void ad__forget_assigned(ad_tape *tape, uint32_t first)
{
    while (tape->assigned_count > 0 && tape->assigned[tape->assigned_count - 1].by >= first) {
        tape->assigned_count--;
    }
}
