/* SPDX-License-Identifier: MIT */
/* The compiled function against the recording, bit for bit, at several points and in several ways
 * of calling it. */
#include "compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POISON = 0xa5 };

int fuzz_differs(comparison *c, const char *format, int i, const char *more)
{
    int n = snprintf(c->text, c->bytes, "seed %llu, point %d, %s, threads %d%s%s%s%s: ",
                     (unsigned long long)c->p->seed, c->point, c->way, c->options.threads,
                     c->options.no_assign ? ", no_assign" : "", c->options.guard ? ", guard" : "",
                     c->options.memory > 0 ? ", memory" : "", c->p == &c->other ? ", resized" : "");
    (void)snprintf(c->text + n, c->bytes - (size_t)n, format, i, more);
    return 0;
}

/* The place of the first element with other bits, any NaN being like any other; count: none. */
static size_t first_difference(ad_type type, size_t count, const void *a, const void *b)
{
    size_t i = 0;
    for (; i < count; i++) {
        if (type == AD_F64) {
            const double *x = a, *y = b;
            if (memcmp(x + i, y + i, sizeof *x) != 0 && !(isnan(x[i]) && isnan(y[i]))) {
                break;
            }
        } else if (type == AD_F32) {
            const float *x = a, *y = b;
            if (memcmp(x + i, y + i, sizeof *x) != 0 && !(isnan(x[i]) && isnan(y[i]))) {
                break;
            }
        } else if (((const int64_t *)a)[i] != ((const int64_t *)b)[i]) {
            break;
        }
    }
    return i;
}

static int same(comparison *c, const char *what, int i, ad_type type, size_t count, const void *got,
                const void *expected)
{
    char numbers[96] = "";
    size_t at = first_difference(type, count, got, expected);
    if (at == count) {
        return 1;
    }
    if (type == AD_F64) {
        (void)snprintf(numbers, sizeof numbers, "element %zu is %.17g, not %.17g", at,
                       ((const double *)got)[at], ((const double *)expected)[at]);
    } else if (type == AD_F32) {
        (void)snprintf(numbers, sizeof numbers, "element %zu is %.9g, not %.9g", at,
                       (double)((const float *)got)[at], (double)((const float *)expected)[at]);
    }
    return fuzz_differs(c, what, i, numbers);
}

/* ---- what is expected ---- */

void fuzz_find_interface(comparison *c)
{
    const fuzz_recording *r = &c->r;
    c->in_count = c->out_count = 0;
    for (int i = 0; i < c->p->step_count; i++) {
        fuzz_role role = c->p->step[i].kind->role;
        if ((role == FUZZ_INPUT || role == FUZZ_IN_VIEW) && fuzz_is_live(r, i * FUZZ_RESULTS)) {
            c->in[c->in_count++] = i;
        }
    }
    for (int i = 0; i < c->p->output_count; i++) {
        if (fuzz_is_live(r, c->p->output[i])) {
            ad_var y = r->value[c->p->output[i]];
            c->type[c->out_count] = ad_type_of(y);
            c->len[c->out_count] = ad_count(y);
            c->out[c->out_count++] = c->p->output[i];
        }
    }
}

static void interface(const comparison *c, ad_var *in, ad_var *out)
{
    for (int i = 0; i < c->in_count; i++) {
        in[i] = c->r.value[c->in[i] * FUZZ_RESULTS];
    }
    for (int i = 0; i < c->out_count; i++) {
        out[i] = c->r.value[c->out[i]];
    }
}

/* The recording at hand as a function; NULL if that fails. */
ad_fn *fuzz_compile(const comparison *c)
{
    ad_var in[FUZZ_STEPS], out[FUZZ_OUTPUTS];
    interface(c, in, out);
    return ad_fn_new_with(c->r.tape, c->in_count, in, c->out_count, out, &c->options);
}

int fuzz_matches(const comparison *c, const ad_fn *f)
{
    ad_var in[FUZZ_STEPS], out[FUZZ_OUTPUTS];
    interface(c, in, out);
    return ad_fn_matches(f, c->r.tape, c->in_count, in, c->out_count, out);
}

/* Threads share small steps too; 0 without memory. */
static int share_all_steps(ad_fn *f)
{
    for (uint32_t i = 0; i < f->plan.step_count; i++) {
        f->plan.steps[i].work = 1e300;
    }
    f->parts = f->threads;
    ad_workspace_free(f->own);
    f->own = ad_workspace_new(f, &f->allocator);
    return f->own != NULL;
}

int fuzz_comparison_begin(comparison *c)
{
    ad_rng rng = {.seed = c->p->seed, .stream = 77};
    c->way = "compiling";
    fuzz_make_memory(c->p, c->memory);
    fuzz_choose_options(c, &rng);
    fuzz_set_memory(c->p, 0, c->memory);
    fuzz_record(&c->r, c->p, 0, c->memory);
    fuzz_find_interface(c);
    fuzz_guard_some(c, &rng);
    c->f = fuzz_compile(c);
    int ok =
        c->f != NULL ? fuzz_vary(c, &rng) : fuzz_differs(c, "%d %s", 0, ad_tape_message(c->r.tape));
    ok = ok && share_all_steps(c->f);
    fuzz_end(&c->r);
    c->count->compiled += ok;
    return ok;
}

void fuzz_comparison_end(comparison *c)
{
    ad_fn_free(c->f);
    fuzz_free_memory(c->p, c->memory);
}

size_t fuzz_output_bytes(const comparison *c, int i)
{
    return c->len[i] * ad_type_bytes(c->type[i]);
}

static void *copy_of(const void *from, size_t bytes)
{
    void *copy = malloc(bytes + 1);
    if (from != NULL) {
        memcpy(copy, from, bytes);
    }
    return copy;
}

/* Records at a point, and keeps the outputs and what views hold then. */
void fuzz_expect(comparison *c)
{
    fuzz_set_memory(c->p, c->point, c->memory);
    fuzz_record(&c->r, c->p, c->point, c->memory);
    for (int i = 0; i < c->out_count; i++) {
        c->result[i] = copy_of(ad_data(c->r.value[c->out[i]]), fuzz_output_bytes(c, i));
    }
    c->changed = c->r.failed ? 0 : fuzz_changed_guards(c);
    if (c->options.no_assign) {
        fuzz_set_memory(c->p, c->point, c->memory);
    }
    for (int i = 0; i < c->p->step_count; i++) {
        c->content[i] =
            c->memory[i] != NULL ? copy_of(c->memory[i], fuzz_leaf_bytes(&c->p->step[i])) : NULL;
    }
}

void fuzz_forget(comparison *c)
{
    for (int i = 0; i < c->out_count; i++) {
        free(c->result[i]);
    }
    for (int i = 0; i < c->p->step_count; i++) {
        free(c->content[i]);
    }
    fuzz_end(&c->r);
}

/* ---- calls ---- */

static int check_call(comparison *c, ad_status status, const char *message, void *const *x,
                      void *const *z)
{
    int ok = 1;
    if (status != AD_OK) {
        return fuzz_differs(c, "%d %s", 0, message);
    }
    if (c->seen != c->changed) {
        return fuzz_differs(c, "the guard sees %d %s", (int)c->seen, "changed values");
    }
    for (int i = 0; i < c->out_count && ok; i++) {
        ok = same(c, "output %d: %s", i, c->type[i], c->len[i], z[i], c->result[i]);
    }
    for (int i = 0; i < c->p->step_count && ok; i++) {
        const fuzz_step *s = &c->p->step[i];
        ok = c->memory[i] == NULL || same(c, "view %d: %s", i, s->type, ad_shape_count(&s->shape),
                                          c->memory[i], c->content[i]);
    }
    for (int i = 0; i < c->in_count && ok; i++) {
        const fuzz_step *s = &c->p->step[c->in[i]];
        void *before = malloc(fuzz_leaf_bytes(s) + 1);
        fuzz_fill(s, c->point, before);
        ok = same(c, "input %d has changed: %s", i, s->type, ad_shape_count(&s->shape), x[i],
                  before);
        free(before);
    }
    return ok;
}

int fuzz_call_and_compare(comparison *c, const char *name, fuzz_way *call, void *way)
{
    void *x[FUZZ_STEPS], *z[FUZZ_OUTPUTS];
    const char *message = "";
    c->way = name;
    c->count->runs++;
    fuzz_set_memory(c->p, c->point, c->memory);
    for (int i = 0; i < c->in_count; i++) {
        x[i] = malloc(fuzz_leaf_bytes(&c->p->step[c->in[i]]));
        fuzz_fill(&c->p->step[c->in[i]], c->point, x[i]);
    }
    for (int i = 0; i < c->out_count; i++) {
        z[i] = malloc(fuzz_output_bytes(c, i));
        memset(z[i], POISON, fuzz_output_bytes(c, i));
    }
    ad_status status = call(c, way, x, z, &message);
    int ok = c->r.failed || check_call(c, status, message, x, z);
    for (int i = 0; i < c->in_count; i++) {
        free(x[i]);
    }
    for (int i = 0; i < c->out_count; i++) {
        free(z[i]);
    }
    return ok;
}
