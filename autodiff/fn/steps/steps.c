/* SPDX-License-Identifier: MIT */
/* The steps that are one piece: calls of evals, runs of scalars, copies. */
#include "fn/steps/steps_internal.h"

#include <string.h>

static size_t one_unit(const ad__step *s)
{
    (void)s;
    return 1;
}

enum { FEW = 8 }; /* arguments that need no list in scratch */

size_t ad__call_scratch(const ad__call_step *c, const ad__array *x)
{
    const ad__call call = {.count = c->count, .x = x, .attributes = c->attributes, .spec = c->spec};
    size_t list = c->count <= FEW ? 0 : ad__rounded((size_t)c->count * sizeof *x);
    return list + ad__scratch_of(c->op, &call);
}

static ad_status call_run(const ad__step *s, const ad__frame *f, size_t first, size_t end,
                          unsigned char *buffer)
{
    const ad__call_step *c = s->plan;
    ad__array few[FEW];
    (void)first, (void)end, (void)buffer;
    ad__arena_mark before = ad__arena_mark_here(f->scratch);
    ad__array *x = c->count <= FEW ? few : ad__arena_take(f->scratch, (size_t)c->count * sizeof *x);
    if (x == NULL) {
        return ad_error_set(f->error, AD_ERR_MEMORY, "out of memory");
    }
    for (int i = 0; i < c->count; i++) {
        x[i] = (ad__array){c->specs[i], f->cell[c->x[i]]};
    }
    ad__call call = {.count = c->count,
                     .x = x,
                     .attributes = c->attributes,
                     .spec = c->spec,
                     .z = f->cell[c->z],
                     .scratch = f->scratch,
                     .threads = f->threads,
                     .error = f->error};
    ad_status status = ad__evaluate(c->op, &call);
    size_t used = ad__arena_used(f->scratch);
    *f->scratch_used = used > *f->scratch_used ? used : *f->scratch_used;
    ad__arena_rewind(f->scratch, before);
    if (status == AD_OK) {
        return AD_OK;
    }
    ad_error cause = *f->error;
    const char *text = status == AD_ERR_MEMORY ? "out of memory" : cause.message;
    return ad_error_set(f->error, status, "%s: %s%s%s%s", c->op->name, text, c->site ? " (" : "",
                        c->site ? c->site : "", c->site ? ")" : "");
}

static ad_status scalars_run(const ad__step *s, const ad__frame *f, size_t first, size_t end,
                             unsigned char *buffer)
{
    const ad__scalars *run = s->plan;
    (void)first, (void)end, (void)buffer;
    ad__run_scalars(run->ops, f->slot);
    return AD_OK;
}

static ad_status copy_run(const ad__step *s, const ad__frame *f, size_t first, size_t end,
                          unsigned char *buffer)
{
    const ad__copy *c = s->plan;
    (void)first, (void)end, (void)buffer;
    if (c->bytes > 0) { /* else addresses may be NULL */
        memmove(f->cell[c->to], f->cell[c->from], c->bytes);
    }
    return AD_OK;
}

const ad__step_kind ad__call_kind = {"call", one_unit, call_run, NULL};
const ad__step_kind ad__scalars_kind = {"scalars", one_unit, scalars_run, NULL};
const ad__step_kind ad__copy_kind = {"copy", one_unit, copy_run, NULL};

/* ---- what threads share ---- */

int ad__parts_of(const ad__step *step, int threads)
{
    if (threads < 2 || step->work < AD__SHARED_FROM) {
        return 1;
    }
    double most = step->work / (AD__SHARED_FROM / 2);
    size_t units = step->kind->units(step);
    most = most < (double)units ? most : (double)units;
    most = most < (double)threads ? most : (double)threads;
    return most < 2 ? 1 : (int)most;
}
