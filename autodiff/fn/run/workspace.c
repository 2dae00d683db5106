/* SPDX-License-Identifier: MIT */
#include "fn/run/fn_internal.h"

#include <string.h>

static size_t address_bytes(const ad_fn *f)
{
    return (f->program.input_count + ad__output_count(f)) * sizeof(void *);
}

/* Bytes of a workspace's arena. */
static size_t arena_bytes(const ad_fn *f)
{
    const ad__plan *plan = &f->plan;
    return ad__rounded(plan->tensor_bytes) + ad__rounded(plan->slot_count * sizeof(double)) +
           ad__rounded(plan->cell_count * sizeof(void *)) + ad__rounded(address_bytes(f)) +
           (size_t)f->parts * ad__rounded(plan->buffer_bytes) + f->guard_bytes;
}

size_t ad_fn_workspace_bytes(const ad_fn *f)
{
    return f == NULL ? 0
                     : sizeof(ad_workspace) + ad__arena_reserved(arena_bytes(f)) +
                           ad__arena_reserved(f->plan.call_bytes) + ad__thread_pool_bytes(f->parts);
}

ad_workspace *ad_workspace_new(const ad_fn *f, const ad_allocator *allocator)
{
    if (f == NULL) {
        return NULL;
    }
    ad_allocator own = ad__allocator_or_default(allocator);
    const ad__plan *plan = &f->plan;
    ad_workspace *w = ad__resize(&own, NULL, sizeof *w);
    if (w == NULL) {
        return NULL;
    }
    *w = (ad_workspace){.allocator = own};
    ad__arena_init(&w->arena, own);
    ad__arena_init(&w->scratch, own);
    if (!ad__arena_reserve(&w->arena, arena_bytes(f)) ||
        !ad__arena_reserve(&w->scratch, plan->call_bytes) ||
        (f->parts > 1 && (w->pool = ad__thread_pool_new(f->parts, &own)) == NULL)) {
        ad_workspace_free(w);
        return NULL;
    }
    unsigned char *tensors = ad__arena_take(&w->arena, plan->tensor_bytes);
    w->guards = ad__arena_take(&w->arena, f->guard_bytes);
    w->address = ad__arena_take(&w->arena, address_bytes(f));
    w->frame = (ad__frame){
        .cell = ad__arena_take(&w->arena, plan->cell_count * sizeof(void *)),
        .slot = ad__arena_take(&w->arena, plan->slot_count * sizeof(double)),
        .buffer = ad__arena_take(&w->arena, (size_t)f->parts * ad__rounded(plan->buffer_bytes)),
        .buffer_bytes = ad__rounded(plan->buffer_bytes),
        .scratch = &w->scratch,
        .scratch_used = &w->scratch_used,
        .threads = f->threads,
        .error = &w->error};
    if (plan->slot_count > 0) {
        memcpy(w->frame.slot, plan->slots, plan->slot_count * sizeof(double));
    }
    for (uint32_t i = 0; i < plan->cell_count; i++) {
        const ad__cell *cell = &plan->cells[i];
        w->frame.cell[i] = cell->home == AD__CELL_WORK ? tensors + cell->at + cell->offset
                           : cell->home == AD__CELL_SLOT
                               ? (void *)(w->frame.slot + cell->at)
                               : (unsigned char *)cell->memory + cell->offset;
    }
    return w;
}

void ad_workspace_free(ad_workspace *w)
{
    if (w != NULL) {
        ad_allocator allocator = w->allocator;
        ad__thread_pool_free(w->pool);
        ad__arena_clear(&w->arena);
        ad__arena_clear(&w->scratch);
        ad__resize(&allocator, w, 0);
    }
}

const char *ad_workspace_message(const ad_workspace *w)
{
    return w == NULL || w->error.status == AD_OK ? "" : w->error.message;
}

const char *ad_fn_message(const ad_fn *f)
{
    return f == NULL ? "there is no function; the error of ad_compile, or the tape that it was to "
                       "be made of, says why"
                     : ad_workspace_message(f->own);
}
