/* SPDX-License-Identifier: MIT */
#include "tape/tape_internal.h"

#include "base/locale_internal.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* ---- life ---- */

/* Node 0 and the two specs with fixed numbers. */
static int tape_start(ad_tape *tape)
{
    static const ad__spec fixed[] = {
        [AD__SPEC_SCALAR] = {.type = AD_F64, .count = 1},
        [AD__SPEC_DEAD] = {.type = AD_F64, .count = 0},
    };
    if (!ad__grow(tape) || !ad__grow_specs(tape)) {
        return 0;
    }
    for (uint32_t i = 0; i < AD__SPEC_FIRST_FREE; i++) {
        tape->specs[i] = ad__arena_take(&tape->keep, sizeof(ad__spec));
        if (tape->specs[i] == NULL) {
            return 0;
        }
        *tape->specs[i] = fixed[i];
    }
    tape->spec_count = AD__SPEC_FIRST_FREE;
    tape->node[0] = (ad__node){{0, 0, 0}, AD__DEAD, AD__SPEC_DEAD};
    tape->site[0] = NULL;
    tape->value[0].data = NULL;
    tape->count = 1;
    return 1;
}

ad_tape *ad_tape_new_in(const ad_allocator *allocator)
{
    ad_allocator own = allocator != NULL ? *allocator : ad_allocator_default();
    ad_tape *tape = ad__resize(&own, NULL, sizeof *tape);
    if (tape == NULL) {
        return NULL;
    }
    *tape = (ad_tape){.allocator = own,
                      .threads = 1,
                      .tag = 1,
                      .epoch = 1,
                      .structured = UINT32_MAX,
                      .loops = {[AD_F64] = ad__loops_of(AD_F64), [AD_F32] = ad__loops_of(AD_F32)}};
    ad__arena_init(&tape->values, own);
    ad__arena_init(&tape->keep, own);
    ad__arena_init(&tape->scratch, own);
    if (!tape_start(tape)) {
        ad_tape_free(tape);
        return NULL;
    }
    return tape;
}

ad_tape *ad_tape_new(void)
{
    return ad_tape_new_in(NULL);
}

void ad_tape_free(ad_tape *tape)
{
    if (tape == NULL) {
        return;
    }
    ad__arena_clear(&tape->values);
    ad__arena_clear(&tape->keep);
    ad__arena_clear(&tape->scratch);
    void *blocks[] = {(void *)tape->site, tape->node,    tape->value,       tape->details,
                      tape->arguments,    tape->rewinds, tape->specs,       tape->spec_table,
                      tape->derived,      tape->notes,   tape->spare_specs, tape->views,
                      tape->view_heads,   tape->spans,   tape->assigned};
    ad_allocator allocator = tape->allocator;
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0]; i++) {
        ad__resize(&allocator, blocks[i], 0);
    }
    ad__resize(&allocator, tape, 0);
}

/* ---- errors ---- */

ad_status ad_tape_status(const ad_tape *tape)
{
    return tape == NULL ? AD_ERR_MEMORY : tape->error.status;
}

const char *ad_tape_message(const ad_tape *tape)
{
    return tape == NULL ? "ad_tape_new: out of memory" : tape->error.message;
}

void ad_tape_clear_error(ad_tape *tape)
{
    if (tape != NULL) {
        tape->error = (ad_error){.status = AD_OK};
        tape->limit = tape->capacity - AD__CONSTANTS_MOST;
    }
}

const char *ad_tape_set_site(ad_tape *tape, const char *site)
{
    return ad__set_line(tape, site);
}

ad_status ad_tape_fail(ad_tape *tape, ad_status status, const char *origin, const char *site,
                       const char *format, ...)
{
    if (tape == NULL) {
        return AD_ERR_MEMORY;
    }
    if (status == AD_OK || tape->error.status != AD_OK) {
        return tape->error.status;
    }
    site = site != NULL ? site : tape->here;
    char text[sizeof tape->error.message];
    va_list args;
    va_start(args, format);
    (void)ad__vprint(text, sizeof text, format, args);
    va_end(args);
    const char *open = site ? " (" : "", *close = site ? ")" : "";
    ad_error_set(&tape->error, status, "%s: %s%s%s%s", origin, text, open, site ? site : "", close);
    tape->limit = 0;
    return status;
}

/* ---- mark and rewind ---- */

ad_mark ad_tape_mark(const ad_tape *tape)
{
    if (tape == NULL) {
        return (ad_mark){.node = 0};
    }
    ad__arena_mark values = ad__arena_mark_here(&tape->values);
    return (ad_mark){tape,         tape->count, tape->tag, tape->detail_count, tape->argument_count,
                     values.block, values.used};
}

/* How long ago a tag was the tape's: right also after the tags have begun anew. */
static uint32_t age_of(const ad_tape *tape, uint32_t tag)
{
    return tape->tag - (tag | 1);
}

/* Whether nodes below `end` are still those of the time when tag was the tape's. */
static int still_there(const ad_tape *tape, uint32_t end, uint32_t tag)
{
    if (end <= tape->settled) {
        return 1;
    }
    uint32_t low = 0, high = tape->rewind_count, age = age_of(tape, tag);
    while (low < high) { /* rewinds below low are as old as the tag, or older */
        uint32_t middle = low + (high - low) / 2;
        if (age_of(tape, tape->rewinds[middle].tag) >= age) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return end <= (low < tape->rewind_count ? tape->rewinds[low].node : tape->count);
}

int ad__is_alive(const ad_tape *tape, ad__node_ref at)
{
    return at.node != 0 && still_there(tape, at.node + 1, at.tag);
}

void ad__forget_from(ad_tape *tape, ad_mark mark)
{
    if (tape->view_count > 0) { /* else there is no assignment either */
        ad__forget_assigned(tape, mark.node);
        ad__forget_views(tape, mark.node);
    }
    tape->count = mark.node;
    if (++tape->epoch == 0) {
        memset(tape->constant, 0, sizeof tape->constant);
        tape->epoch = 1;
    }
    tape->detail_count = mark.detail;
    tape->argument_count = mark.argument;
    if (tape->structured >= mark.node) {
        tape->structured = UINT32_MAX;
    }
    ad__forget_derived(tape, mark.node);
    ad__forget_notes(tape, mark.node);
    tape->swept.end = tape->swept.end < mark.node ? tape->swept.end : 0;
    ad__arena_rewind(&tape->values, (ad__arena_mark){mark.block, mark.used, 0});
}

ad_status ad__take_back(ad_tape *tape, ad_mark mark)
{
    if (tape->has_custom) {
        return ad_tape_rewind(tape, mark);
    }
    ad__forget_from(tape, mark);
    return AD_OK;
}

/* Tags begin anew after 2^31 rewinds. Twice in that time, rewinds of more than half of it ago are
 * dropped, lest one be taken for a later one: then all ages differ. What they left is settled. */
static void drop_old_rewinds(ad_tape *tape)
{
    const uint32_t half = 1U << 31;
    uint32_t old = 0;
    if (tape->tag % half == 1) {
        while (old < tape->rewind_count && age_of(tape, tape->rewinds[old].tag) >= half) {
            old++;
        }
        tape->rewind_count -= old;
        memmove(tape->rewinds, tape->rewinds + old, tape->rewind_count * sizeof *tape->rewinds);
    }
}

/* Whether views below `first` may have been changed by an assignment from there on. */
static int forgets_assignments(const ad_tape *tape, uint32_t first)
{
    return tape->assigned_count > 0 && tape->assigned[tape->assigned_count - 1].by >= first &&
           tape->views[0] < first;
}

ad_status ad_tape_rewind(ad_tape *tape, ad_mark mark)
{
    if (tape == NULL) {
        return AD_ERR_MEMORY;
    }
    if (mark.tape != tape) {
        return ad_tape_fail(tape, AD_ERR_FOREIGN, "ad_tape_rewind", NULL,
                            "the mark is not of this tape; take one with ad_tape_mark");
    }
    if (!still_there(tape, mark.node, mark.tag)) {
        return ad_tape_fail(tape, AD_ERR_STALE, "ad_tape_rewind", NULL,
                            "the tape has been rewound to before this mark; take a new one");
    }
    if (forgets_assignments(tape, mark.node) &&
        ad__settle_assigned(tape, "ad_tape_rewind") != AD_OK) {
        return AD_ERR_MEMORY;
    }
    uint32_t keep = tape->rewind_count;
    while (keep > 0 && tape->rewinds[keep - 1].node >= mark.node) {
        keep--;
    }
    if (!ad__reserve(tape, (void **)&tape->rewinds, &tape->rewind_capacity, keep + 1,
                     sizeof *tape->rewinds)) {
        return ad_tape_fail(tape, AD_ERR_MEMORY, "ad_tape_rewind", NULL, "out of memory");
    }
    tape->tag += 2;
    tape->rewinds[keep] = (ad__rewind){tape->tag, mark.node};
    tape->rewind_count = keep + 1;
    drop_old_rewinds(tape);
    tape->settled = tape->rewinds[0].node;
    ad__forget_from(tape, mark);
    return AD_OK;
}

/* ---- reading ---- */

/* The node, or 0. */
static uint32_t readable(ad_var x)
{
    return x.tape != NULL && ad__is_alive(x.tape, x.ref.at) ? x.ref.at.node : 0;
}

int ad_is_dead(ad_var x)
{
    return x.tape != NULL && readable(x) == 0;
}

double ad__element_of(const ad_tape *tape, uint32_t node, size_t i)
{
    const void *data = ad__data_of(tape, node);
    switch (ad__spec_of(tape, node)->type) {
    case AD_F64:
        return ((const double *)data)[i];
    case AD_F32:
        return (double)((const float *)data)[i];
    case AD_I64:
        return (double)((const int64_t *)data)[i];
    }
    return NAN;
}

/* The same for a handle on a tape, noting that its value is read. */
static uint32_t read_node(ad_var x)
{
    uint32_t node = readable(x);
    if (node != 0) {
        ad__note(x.tape, node, AD__READ);
    }
    return node;
}

double ad_value(ad_var x)
{
    if (x.tape == NULL) {
        return x.ref.literal;
    }
    uint32_t node = read_node(x);
    return ad__spec_of(x.tape, node)->count == 1 ? ad__element_of(x.tape, node, 0) : NAN;
}

int ad_branch(ad_var condition)
{
    if (condition.tape == NULL) {
        return condition.ref.literal != 0;
    }
    ad_tape *tape = condition.tape;
    if (ad__check_handle(tape, condition, "ad_branch") != AD_OK) {
        return 0;
    }
    uint32_t node = condition.ref.at.node;
    const ad__spec *spec = ad__spec_of(tape, node);
    if (spec->count != 1) {
        char text[160];
        ad_tape_fail(tape, AD_ERR_SHAPE, "ad_branch", tape->site[node],
                     "%s; a condition is one number; reduce it with ad_max or ad_min",
                     ad_shape_print(&spec->shape, text, sizeof text));
        return 0;
    }
    ad__note(tape, node, AD__BRANCH);
    return ad__element_of(tape, node, 0) != 0;
}

static const ad__spec *spec_of(ad_var x)
{
    static const ad__spec literal = {.type = AD_F64, .count = 1};
    return x.tape == NULL ? &literal : ad__spec_of(x.tape, readable(x));
}

ad_type ad_type_of(ad_var x)
{
    return spec_of(x)->type;
}

ad_shape ad_shape_of(ad_var x)
{
    return spec_of(x)->shape;
}

size_t ad_count(ad_var x)
{
    return spec_of(x)->count;
}

const void *ad_data(ad_var x)
{
    uint32_t node = read_node(x);
    return node == 0 ? NULL : ad__data_of(x.tape, node);
}

ad_status ad_read(ad_var x, size_t count, double *out)
{
    if (out == NULL && count > 0) {
        return AD_ERR_DOMAIN;
    }
    if (x.tape == NULL) {
        if (count != 1) {
            return AD_ERR_SHAPE;
        }
        *out = x.ref.literal;
        return AD_OK;
    }
    if (x.tape->error.status != AD_OK) {
        return x.tape->error.status;
    }
    uint32_t node = read_node(x);
    if (node == 0) {
        return AD_ERR_STALE;
    }
    if (ad__spec_of(x.tape, node)->count != count) {
        return AD_ERR_SHAPE;
    }
    if (count > 0 && ad__spec_of(x.tape, node)->type == AD_F64) {
        memcpy(out, ad__data_of(x.tape, node), count * sizeof *out);
        return AD_OK;
    }
    for (size_t i = 0; i < count; i++) {
        out[i] = ad__element_of(x.tape, node, i);
    }
    return AD_OK;
}

/* ---- shapes that are taken from variables ---- */

ad_var ad__follow(ad_var z, ad_var like)
{
    ad_tape *tape = z.tape;
    uint32_t node = z.ref.at.node;
    if (tape != NULL && tape == like.tape && node + 1 == tape->count && like.ref.at.node < node &&
        tape->node[node].code == AD__STRUCTURED) {
        tape->details[tape->node[node].arg[0]].like = like.ref.at.node;
    }
    return z;
}

ad_var ad_shaped_like(ad_var z, ad_var x)
{
    ad_shape own = ad_shape_of(z), shape = ad_shape_of(x);
    int follows = z.tape != NULL && z.tape == x.tape && !ad_is_dead(z) && !ad_is_dead(x) &&
                  ad_shape_equal(&own, &shape);
    return follows ? ad__follow(z, x) : z;
}

/* ---- size ---- */

size_t ad_tape_len(const ad_tape *tape)
{
    return tape == NULL ? 0 : tape->count - 1;
}

size_t ad_tape_bytes(const ad_tape *tape)
{
    if (tape == NULL) {
        return 0;
    }
    size_t node =
        sizeof *tape->node + sizeof *tape->value + sizeof *tape->site + sizeof *tape->notes;
    return sizeof *tape + node * tape->capacity + sizeof *tape->specs * tape->spec_capacity +
           sizeof *tape->spec_table * tape->spec_table_len +
           sizeof *tape->spare_specs * tape->spare_capacity +
           sizeof *tape->views * tape->view_capacity +
           sizeof *tape->view_heads * tape->view_heads_len +
           sizeof *tape->spans * tape->span_capacity +
           sizeof *tape->assigned * tape->assigned_capacity +
           sizeof *tape->details * tape->detail_capacity +
           sizeof *tape->arguments * tape->argument_capacity +
           sizeof *tape->rewinds * tape->rewind_capacity +
           sizeof *tape->derived * tape->derived_capacity + ad__arena_bytes(&tape->values) +
           ad__arena_bytes(&tape->keep) + ad__arena_bytes(&tape->scratch);
}

ad_status ad_tape_set_threads(ad_tape *tape, int count)
{
    if (tape == NULL) {
        return AD_ERR_MEMORY;
    }
    if (count < 1) {
        return ad_tape_fail(tape, AD_ERR_DOMAIN, "ad_tape_set_threads", NULL,
                            "%d threads; give at least 1", count);
    }
    tape->threads = count;
    return AD_OK;
}
