/* SPDX-License-Identifier: MIT */
/* The compiled function against the recording, bit for bit, at several points and in several ways of
 * calling it. */
#include "compare.h"
#include "fn/budget_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POISON = 0xa5 };

int fuzz_differs(comparison *c, const char *format, int i, const char *more)
{
    int n =
        snprintf(c->text, c->bytes,
                 "seed %llu, point %d, %s, threads %d%s: ", (unsigned long long)c->p->seed,
                 c->point, c->way, c->options.threads, c->options.no_assign ? ", no_assign" : "");
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

static void find_interface(comparison *c, const fuzz_recording *r)
{
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

/* Compiles again to keep less; some programs cannot. */
static int save_memory(comparison *c, const ad_var *in, const ad_var *out, double part)
{
    c->options.memory = (size_t)(part * (double)c->f->plan.tensor_bytes) + 1;
    ad_fn *smaller = ad_fn_new_with(c->r.tape, c->in_count, in, c->out_count, out, &c->options);
    if (smaller == NULL) {
        return ad_tape_status(c->r.tape) == AD_ERR_DOMAIN ||
               fuzz_differs(c, "%d %s", 0, ad_tape_message(c->r.tape));
    }
    ad_fn_free(c->f);
    c->f = smaller;
    c->count->smaller += smaller->budget.operations > 0;
    return smaller->plan.tensor_bytes <= c->options.memory ||
           fuzz_differs(c, "%d %s", (int)smaller->plan.tensor_bytes, "bytes are too many");
}

/* Gives the function another program, of which all but the roots is q's. */
static ad_status replace_program(ad_fn *f, ad__program *q)
{
    ad__program *p = &f->program;
    ad__arena arena;
    ad__groups groups;
    ad__resize(&p->allocator, p->values, 0);
    ad__resize(&p->allocator, p->args, 0);
    p->values = q->values;
    p->args = q->args;
    p->count = q->count;
    p->arg_count = q->arg_count;
    memcpy(p->inputs, q->inputs, p->input_count * sizeof *p->inputs);
    memcpy(p->outputs, q->outputs, p->output_count * sizeof *p->outputs);
    memcpy(p->stores, q->stores, p->store_count * sizeof *p->stores);
    ad__arena_init(&arena, f->allocator);
    ad_status status = ad__fuse(p, &arena, &groups);
    status = status == AD_OK ? ad__plan_of(p, &groups, &f->arena, &f->plan) : status;
    ad__arena_clear(&arena);
    ad_workspace_free(f->own);
    f->own = ad_workspace_new(f, &f->allocator);
    return f->own != NULL ? status : AD_ERR_MEMORY;
}

/* Lets the function compute again whatever the numbers say, needed or not. */
static int compute_again(comparison *c, ad_rng *rng)
{
    ad__turned t;
    ad__arena arena;
    ad__program q = {.allocator = c->f->allocator};
    int is_too_long = 0;
    ad__arena_init(&arena, c->f->allocator);
    ad_status status = ad__find_turn(&c->f->program, &arena, &t);
    if (status == AD_OK) {
        const ad__choice choice = {.of_states = fuzz_below(rng, 2) && t.mark_count > 0,
                                   .cheap = (uint32_t)fuzz_below(rng, (int)t.cheap_count + 1),
                                   .checkpoints = (uint32_t)fuzz_below(rng, (int)t.mark_count + 1)};
        uint32_t before = c->f->program.count;
        status = ad__compute_again(&t, choice, 1 << 20, &arena, &q, &is_too_long);
        status = status == AD_OK ? ad__prune(&q) : status;
        c->count->smaller += status == AD_OK && q.count > before;
        status = status == AD_OK ? replace_program(c->f, &q) : status;
    }
    ad__arena_clear(&arena);
    return status == AD_OK || fuzz_differs(c, "%d %s", (int)status, "computing again");
}

int fuzz_comparison_begin(comparison *c)
{
    ad_var in[FUZZ_STEPS], out[FUZZ_OUTPUTS];
    ad_rng rng = {.seed = c->p->seed, .stream = 77};
    static const int threads[] = {0, 1, 2, 3, 7};
    c->way = "compiling";
    fuzz_make_memory(c->p, c->memory);
    c->options.no_assign = fuzz_below(&rng, 4) == 0;
    c->options.threads = threads[fuzz_below(&rng, 5)];
    fuzz_set_memory(c->p, 0, c->memory);
    fuzz_record(&c->r, c->p, 0, c->memory);
    find_interface(c, &c->r);
    for (int i = 0; i < c->in_count; i++) {
        in[i] = c->r.value[c->in[i] * FUZZ_RESULTS];
    }
    for (int i = 0; i < c->out_count; i++) {
        out[i] = c->r.value[c->out[i]];
    }
    c->f = ad_fn_new_with(c->r.tape, c->in_count, in, c->out_count, out, &c->options);
    int ok = c->f != NULL || fuzz_differs(c, "%d %s", 0, ad_tape_message(c->r.tape));
    switch (ok ? fuzz_below(&rng, 4) : 0) {
    case 1:
        ok = save_memory(c, in, out, 0.3 + 0.7 * ad_rng_uniform(&rng));
        break;
    case 2:
        ok = compute_again(c, &rng);
        break;
    default:
        break;
    }
    for (uint32_t i = 0; c->f != NULL && i < c->f->plan.step_count; i++) {
        c->f->plan.steps[i].work = 1e300; /* so that small steps are shared between threads */
    }
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
