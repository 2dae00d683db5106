/* SPDX-License-Identifier: MIT */
/* Programs on tapes. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

size_t fuzz_leaf_bytes(const fuzz_step *s)
{
    return ad_shape_count(&s->shape) * ad_type_bytes(s->type);
}

/* ---- the memory of views ---- */

static int is_view(const fuzz_step *s)
{
    return s->kind->role == FUZZ_VIEW || s->kind->role == FUZZ_IN_VIEW;
}

void fuzz_add_memory(const fuzz_program *p, int i, void **memory)
{
    const fuzz_step *s = &p->step[i];
    memory[i] = NULL;
    if (is_view(s) && s->shares != i) {
        memory[i] = memory[s->shares];
    } else if (is_view(s)) {
        memory[i] = malloc(fuzz_leaf_bytes(s) + 1);
        fuzz_fill(s, 0, memory[i]);
    }
}

void fuzz_make_memory(const fuzz_program *p, void **memory)
{
    for (int i = 0; i < p->step_count; i++) {
        fuzz_add_memory(p, i, memory);
    }
}

void fuzz_free_memory(const fuzz_program *p, void **memory)
{
    for (int i = 0; i < p->step_count; i++) {
        if (is_view(&p->step[i]) && p->step[i].shares == i) {
            free(memory[i]);
        }
    }
}

void fuzz_set_memory(const fuzz_program *p, int point, void *const *memory)
{
    for (int i = 0; i < p->step_count; i++) {
        if (is_view(&p->step[i]) && p->step[i].shares == i) {
            fuzz_fill(&p->step[i], point, memory[i]);
        }
    }
}

/* ---- recording ---- */

void fuzz_begin(fuzz_recording *r)
{
    memset(r, 0, sizeof *r);
    r->tape = ad_tape_new();
    for (int i = 0; i < FUZZ_VALUES; i++) {
        r->value[i].tape = r->tape; /* node 0 is dead */
    }
}

void fuzz_end(fuzz_recording *r)
{
    ad_tape_free(r->tape);
}

int fuzz_is_live(const fuzz_recording *r, int value)
{
    return r->value[value].tape == r->tape && !ad_is_dead(r->value[value]);
}

int fuzz_record_step(fuzz_recording *r, fuzz_program *p, int i, int point, void *const *memory)
{
    fuzz_step *s = &p->step[i];
    ad_var x[FUZZ_ARGS];
    if (s->off) {
        return 0;
    }
    for (int k = 0; k < s->count; k++) {
        if (s->arg[k] != FUZZ_NUMBER && !fuzz_is_live(r, s->arg[k])) {
            return 0;
        }
        x[k] = s->arg[k] == FUZZ_NUMBER ? ad_literal(s->number[k]) : r->value[s->arg[k]];
    }
    fuzz_call call = {.tape = r->tape, .step = s, .rng = {.seed = s->seed, .stream = 99}, .x = x};
    void *own = NULL;
    if (s->kind->role != FUZZ_OPERATION && memory[i] == NULL) {
        own = malloc(fuzz_leaf_bytes(s) + 1);
        fuzz_fill(s, point, own);
    }
    call.elements = own != NULL ? own : memory[i];
    s->kind->record(&call);
    free(own);
    if (ad_tape_status(r->tape) != AD_OK) {
        ad_tape_clear_error(r->tape);
        r->failed = 1;
        return 0;
    }
    for (int k = 0; k < FUZZ_RESULTS; k++) {
        if (call.z[k].tape == r->tape) {
            r->value[i * FUZZ_RESULTS + k] = call.z[k];
        }
    }
    return 1;
}

void fuzz_record(fuzz_recording *r, fuzz_program *p, int point, void *const *memory)
{
    fuzz_begin(r);
    for (int i = 0; i < p->step_count; i++) {
        fuzz_record_step(r, p, i, point, memory);
    }
}
