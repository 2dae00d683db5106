/* SPDX-License-Identifier: MIT */
/* Views that share memory: what a call writes in one, another would read at some time or other;
 * what it is given for one that is an input, another would not have. */
#include "fn/program/program_internal.h"

#include <stdlib.h>

typedef struct range {
    uintptr_t begin, end;
    const char *site;
    int is_stored;
} range;

static int by_begin(const void *a, const void *b)
{
    const range *x = a, *y = b;
    return (x->begin > y->begin) - (x->begin < y->begin);
}

static void sort(const ad__program *p, uint32_t count, const ad__id *views,
                 const uint8_t *is_stored, range *ranges)
{
    for (uint32_t i = 0; i < count; i++) {
        const ad__value *v = &p->values[views[i]];
        uintptr_t begin = (uintptr_t)v->attributes;
        ranges[i] = (range){begin, begin + ad__value_bytes(v), v->site, is_stored[views[i]]};
    }
    qsort(ranges, count, sizeof *ranges, by_begin);
}

/* In the order of their memory, none begins before the end of all before it, if it is assigned to,
 * or of the assigned ones before it. */
ad_status ad__check_views(ad_tape *tape, const ad__program *p, uint32_t count, const ad__id *views)
{
    range all = {0}, assigned = {0};
    if (p->store_count == 0) {
        return AD_OK;
    }
    range *ranges = ad__table(&tape->scratch, count, AD__UNFILLED, range);
    const uint8_t *is_stored = ad__stored_views(p, &tape->scratch);
    if (tape->scratch.is_out_of_memory) {
        return AD_ERR_MEMORY;
    }
    sort(p, count, views, is_stored, ranges);
    for (uint32_t i = 0; i < count; i++) {
        const range *r = &ranges[i], *before = r->is_stored ? &all : &assigned;
        if (r->begin < r->end && r->begin < before->end) {
            return ad_tape_fail(tape, AD_ERR_STATE, "ad_fn_new",
                                r->is_stored ? r->site : before->site,
                                "a view that is assigned to overlaps another view; view each "
                                "part of the memory once");
        }
        all = r->end > all.end ? *r : all;
        assigned = r->is_stored && r->end > assigned.end ? *r : assigned;
    }
    return AD_OK;
}

ad_status ad__check_inputs(const ad__capture *from, const uint8_t *needed)
{
    ad_tape *tape = from->tape;
    ad__overlap found;
    ad_status status =
        ad__find_overlap(tape, "ad_fn_new", from->in_count, from->in, needed, tape->count, &found);
    if (status != AD_OK || found.other == 0) {
        return status;
    }
    return ad_tape_fail(tape, AD_ERR_STATE, "ad_fn_new", NULL,
                        "input %d, viewed at %s, overlaps the view at %s, which a call would read "
                        "from memory; view the memory once, and take parts with ad_slice",
                        found.i, ad__site_text(tape, found.own), ad__site_text(tape, found.other));
}
