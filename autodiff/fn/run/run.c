/* SPDX-License-Identifier: MIT */
#include "fn/run/fn_internal.h"

#include <string.h>
#include <time.h>

/* The arguments of one call: addresses, or numbers one after the other. */
typedef struct arguments {
    const void *const *inputs;
    void *const *outputs;
    const double *x;
    double *y;
    unsigned char *guards;
} arguments;

static const void *input_of(const ad_fn *f, const arguments *a, size_t i)
{
    return a->inputs != NULL ? a->inputs[i] : a->x + f->input_at[i];
}

static void *output_of(const ad_fn *f, const arguments *a, size_t i)
{
    size_t own = ad__output_count(f);
    if (i >= own) {
        return a->guards + f->program.guards[i - own].at;
    }
    return a->outputs != NULL ? a->outputs[i] : a->y + f->output_at[i];
}

/* ---- before and after the steps ---- */

static void load(const ad_fn *f, const ad__frame *frame, const arguments *a)
{
    const ad__plan *plan = &f->plan;
    for (uint32_t i = 0; i < plan->load_count; i++) {
        const ad__slot_copy *c = &plan->loads[i];
        const void *from = c->memory != NULL ? c->memory : input_of(f, a, c->index);
        memcpy(&frame->slot[c->slot], from, sizeof(double));
    }
    for (uint32_t i = 0; i < plan->caller_count; i++) {
        uint32_t number = plan->callers[i];
        const ad__cell *cell = &plan->cells[number];
        void *at = cell->home == AD__CELL_INPUT ? (void *)input_of(f, a, cell->at)
                                                : output_of(f, a, cell->at);
        frame->cell[number] = (unsigned char *)at + cell->offset;
    }
}

static void save(const ad_fn *f, const ad__frame *frame, const arguments *a)
{
    const ad__plan *plan = &f->plan;
    for (uint32_t i = 0; i < plan->save_count; i++) {
        const ad__slot_copy *c = &plan->saves[i];
        void *to = c->memory != NULL ? c->memory : output_of(f, a, c->index);
        memcpy(to, &frame->slot[c->slot], sizeof(double));
    }
}

/* A step in parts, at most as many as there are threads. Such steps do not fail. */
typedef struct shared {
    const ad__step *step;
    const ad__frame *frame;
    size_t units, parts;
} shared;

static void run_part(void *context, int part)
{
    const shared *s = context;
    size_t number = (size_t)part;
    size_t first = s->units * number / s->parts, end = s->units * (number + 1) / s->parts;
    if (first < end) {
        (void)s->step->kind->run(s->step, s->frame, first, end,
                                 s->frame->buffer + number * s->frame->buffer_bytes);
    }
}

static ad_status run_step(ad_workspace *w, const ad__step *s)
{
    const ad__frame *frame = &w->frame;
    size_t units = s->kind->units(s);
    int parts = ad__parts_of(s, frame->threads);
    if (s->kind->is_ready != NULL && !s->kind->is_ready(s, parts)) {
        return ad_error_set(&w->error, AD_ERR_MEMORY, "a matrix product: out of memory");
    }
    if (parts < 2) {
        return s->kind->run(s, frame, 0, units, frame->buffer);
    }
    ad__thread_pool_run(w->pool, parts, run_part, &(shared){s, frame, units, (size_t)parts});
    return AD_OK;
}

/* Notes when step i begins, or the last one ended. */
static void note_time(const ad_workspace *w, size_t i)
{
    struct timespec now = {0, 0};
    if (w->clock != NULL) {
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        w->clock[i] = (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
    }
}

/* Of the native steps from i on that run as one; the clock looks at each. */
static uint32_t native_end(const ad_fn *f, const ad_workspace *w, uint32_t i)
{
    uint32_t end = f->native.library != NULL ? f->native.end[i] : i;
    return end > i && w->clock != NULL ? i + 1 : end;
}

static ad_status refuse_null(const ad_fn *f, ad_workspace *w, const char *what, uint32_t i)
{
    const int is_input = strcmp(what, "input") == 0;
    ad_spec spec = is_input ? ad_fn_input(f, (int)i) : ad_fn_output(f, (int)i);
    char shape[160];
    return ad_error_set(&w->error, AD_ERR_DOMAIN, "the address of %s %u%s%s is NULL; it has %s %s",
                        what, (unsigned)i, spec.name != NULL ? ", " : "",
                        spec.name != NULL ? spec.name : "", ad_type_name(spec.type),
                        ad_shape_print(&spec.shape, shape, sizeof shape));
}

/* All that can be seen of addresses alone. Where there are no elements, none is needed. */
static ad_status check_addresses(const ad_fn *f, ad_workspace *w, const arguments *a)
{
    const ad__program *p = &f->program;
    const uint32_t inputs = p->input_count, outputs = ad__output_count(f);
    if ((a->inputs == NULL && a->x == NULL && inputs > 0) ||
        (a->outputs == NULL && a->y == NULL && outputs > 0)) {
        return ad_error_set(&w->error, AD_ERR_DOMAIN, "the array of inputs or outputs is NULL");
    }
    for (uint32_t i = 0; a->inputs != NULL && i < inputs; i++) {
        if (a->inputs[i] == NULL && p->values[p->inputs[i]].spec->count > 0) {
            return refuse_null(f, w, "input", i);
        }
    }
    for (uint32_t i = 0; a->outputs != NULL && i < outputs; i++) {
        if (a->outputs[i] == NULL && p->values[p->outputs[i]].spec->count > 0) {
            return refuse_null(f, w, "output", i);
        }
    }
    return AD_OK;
}

static ad_status run(const ad_fn *f, ad_workspace *w, const arguments *a)
{
    const ad__plan *plan = &f->plan;
    w->error.status = AD_OK;
    w->has_run = 0;
    if (check_addresses(f, w, a) != AD_OK) {
        return w->error.status;
    }
    load(f, &w->frame, a);
    for (uint32_t i = 0, end; i < plan->step_count; i = end) {
        note_time(w, i);
        end = native_end(f, w, i);
        if (end > i) {
            f->native.steps(w->frame.cell, w->frame.slot, w->frame.buffer, i, end);
            continue;
        }
        end = i + 1;
        ad_status status = run_step(w, &plan->steps[i]);
        if (status != AD_OK) {
            return status;
        }
    }
    note_time(w, plan->step_count);
    save(f, &w->frame, a);
    w->has_run = 1;
    return AD_OK;
}

/* ---- the interface ---- */

ad_status ad_fn_run_in(const ad_fn *f, ad_workspace *w, const void *const *inputs,
                       void *const *outputs)
{
    if (f == NULL || w == NULL) {
        return AD_ERR_DOMAIN;
    }
    return run(f, w, &(arguments){.inputs = inputs, .outputs = outputs, .guards = w->guards});
}

ad_status ad_fn_eval_in(const ad_fn *f, ad_workspace *w, const double *inputs, double *outputs)
{
    if (f == NULL || w == NULL) {
        return AD_ERR_DOMAIN;
    }
    if (!f->is_f64) {
        return ad_error_set(&w->error, AD_ERR_TYPE,
                            "ad_fn_eval: an input or output is not f64; use ad_fn_run");
    }
    return run(f, w, &(arguments){.x = inputs, .y = outputs, .guards = w->guards});
}

ad_status ad_fn_run(ad_fn *f, const void *const *inputs, void *const *outputs)
{
    return ad_fn_run_in(f, f != NULL ? f->own : NULL, inputs, outputs);
}

ad_status ad_fn_eval(ad_fn *f, const double *inputs, double *outputs)
{
    return ad_fn_eval_in(f, f != NULL ? f->own : NULL, inputs, outputs);
}
