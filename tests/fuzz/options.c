/* SPDX-License-Identifier: MIT */
/* What a function is made with: less memory, a guard, other shapes. */
#include "compare.h"
#include "fn/native/native_internal.h"
#include "fn/passes/passes_internal.h"
#include "fn/plan/rematerialise_internal.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* ---- less memory ---- */

/* Compiles again to keep less; some programs cannot. */
static int save_memory(comparison *c, ad_rng *rng)
{
    double part = 0.3 + 0.7 * ad_rng_uniform(rng);
    c->options.memory = (size_t)(part * (double)c->f->plan.tensor_bytes) + 1;
    ad_fn *smaller = fuzz_compile(c);
    if (smaller == NULL) {
        ad_status status = ad_tape_status(c->r.tape);
        return status == AD_ERR_DOMAIN || fuzz_differs(c, "%d %s", 0, ad_tape_message(c->r.tape));
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
    ad__native_clear(&f->native);
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
    status = status == AD_OK ? ad__plan_of(p, &groups, &f->arena, &arena, &f->plan) : status;
    ad__arena_clear(&arena);
    ad_workspace_free(f->own);
    f->own = ad_workspace_new(f, &f->allocator);
    return f->own != NULL ? status : AD_ERR_MEMORY;
}

/* Lets the function compute again whatever the numbers say, needed or not. */
static int compute_again(comparison *c, ad_rng *rng)
{
    ad__stages t;
    ad__arena arena;
    ad__program q;
    int is_too_long = 0;
    ad__arena_init(&arena, c->f->allocator);
    ad__program_init(&q, &c->f->allocator);
    ad_status status = ad__find_stages(&c->f->program, &arena, &t);
    if (status == AD_OK) {
        const ad__choice choice = {.of_states = fuzz_below(rng, 2) && t.mark_count > 0,
                                   .cheap = (uint32_t)fuzz_below(rng, (int)t.cheap_count + 1),
                                   .checkpoints = (uint32_t)fuzz_below(rng, (int)t.mark_count + 1)};
        uint32_t before = c->f->program.count;
        status = ad__rematerialise(&t, choice, 1 << 20, &arena, &q, &is_too_long);
        status = status == AD_OK ? ad__dce(&q) : status;
        c->count->smaller += status == AD_OK && q.count > before;
        status = status == AD_OK ? replace_program(c->f, &q) : status;
    }
    ad__arena_clear(&q.scratch);
    ad__arena_clear(&arena);
    return status == AD_OK || fuzz_differs(c, "%d %s", (int)status, "computing again");
}

/* ---- other shapes ---- */

/* Another length for one that inputs have, wherever inputs have it; or the same ones. */
static void change_length(comparison *c, ad_rng *rng, ad_shape *shapes)
{
    static const int64_t lens[] = {1, 2, 3, 4, 6, 9, 17, 20};
    int64_t from = 0, to = lens[fuzz_below(rng, 8)];
    for (int i = 0; i < c->in_count; i++) {
        shapes[i] = c->p->step[c->in[i]].shape;
        for (int axis = 0; axis < shapes[i].rank; axis++) {
            int64_t len = shapes[i].len[axis];
            from = len > 1 && len < 20 && (from == 0 || fuzz_below(rng, 2)) ? len : from;
        }
    }
    int is_alone = fuzz_below(rng, 4) == 0, alone = fuzz_below(rng, c->in_count + 1);
    for (int i = 0; i < c->in_count; i++) {
        for (int axis = 0; axis < shapes[i].rank && (!is_alone || i == alone); axis++) {
            shapes[i].len[axis] = shapes[i].len[axis] == from ? to : shapes[i].len[axis];
        }
    }
}

/* Whether the program, recorded with these shapes, is the function's. */
static int is_program_of(comparison *c, const ad_fn *f)
{
    fuzz_set_memory(c->p, 0, c->memory);
    fuzz_record(&c->r, c->p, 0, c->memory);
    fuzz_find_interface(c);
    return fuzz_matches(c, f);
}

/* Whether all operations take their shapes from their arguments. */
static int follows_lengths(const fuzz_program *p)
{
    static const char *const names[] = {"row",         "rows", "gradient",     "reduce",
                                        "expand_dims", "flip", "stop_gradient"};
    int follows = 1;
    for (int i = 0; i < p->step_count; i++) {
        const fuzz_kind *kind = p->step[i].kind;
        int is_one = p->step[i].off || kind->role != FUZZ_OPERATION;
        for (size_t k = 0; k < sizeof names / sizeof *names; k++) {
            is_one |= strcmp(kind->name, names[k]) == 0;
        }
        follows &= is_one;
    }
    return follows;
}

static int has_lengths(const comparison *c, const ad_fn *f)
{
    int has = 1;
    for (int i = 0; i < c->out_count; i++) {
        has &= f->program.values[f->program.outputs[i]].spec->count == c->len[i];
    }
    return has;
}

/* Goes on with f resized, if a recording can tell what it computes then. The kinds of steps draw
 * some numbers by lengths, as C may: the program of that recording is another one, and f is right
 * not to follow. Where lengths become 1, a recording may leave out what changes nothing. */
static int resize(comparison *c, ad_rng *rng)
{
    ad_shape shapes[FUZZ_STEPS];
    ad_error error;
    change_length(c, rng, shapes);
    ad_fn *f = ad_fn_resized(c->f, shapes, &error);
    if (f == NULL) {
        c->way = "resizing";
        return error.status == AD_ERR_SHAPE || error.status == AD_ERR_DOMAIN ||
               fuzz_differs(c, "%d %s", 0, error.message);
    }
    fuzz_end(&c->r);
    c->other = *c->p;
    const fuzz_program *before = c->p;
    for (int i = 0; i < c->in_count; i++) {
        fuzz_step *s = &c->other.step[c->in[i]];
        s->shape = shapes[i];
        if (s->kind->role == FUZZ_IN_VIEW) {
            free(c->memory[c->in[i]]);
            fuzz_add_memory(&c->other, c->in[i], c->memory);
        }
    }
    c->p = &c->other;
    int is_same = is_program_of(c, f);
    if (is_same || (!c->r.failed && follows_lengths(c->p))) {
        ad_fn_free(c->f);
        c->f = f;
        c->is_shortened = !is_same;
        c->count->resized++;
        return has_lengths(c, f) || fuzz_differs(c, "%d %s", 0, "outputs have other lengths");
    }
    fuzz_end(&c->r);
    ad_fn_free(f);
    for (int i = 0; i < before->step_count; i++) {
        fuzz_step *s = &c->other.step[i];
        s->shape = before->step[i].shape;
        if (s->kind->role == FUZZ_IN_VIEW) {
            free(c->memory[i]);
            fuzz_add_memory(&c->other, i, c->memory);
        }
    }
    return is_program_of(c, c->f) ||
           fuzz_differs(c, "%d %s", 0, "the program is not the one that was recorded");
}

/* ---- guards ---- */

/* Reads what C may read, so that there is something to guard. */
static void read_some(comparison *c, ad_rng *rng)
{
    for (int i = 0; i < FUZZ_VALUES; i++) {
        if (fuzz_is_live(&c->r, i) && fuzz_below(rng, 2)) {
            ad_var x = c->r.value[i];
            if (ad_count(x) == 1 && ad_type_of(x) != AD_I64 && fuzz_below(rng, 3) == 0) {
                (void)ad_branch(x);
                ad_tape_clear_error(c->r.tape); /* of one element, but with axes */
            } else {
                (void)ad_data(x);
            }
        }
    }
}

static void find_guards(comparison *c)
{
    uint8_t *guards = malloc(c->r.tape->count);
    memset(guards, 0, c->r.tape->count);
    (void)ad__find_guards(c->r.tape, guards);
    for (uint32_t node = 1; node < c->r.tape->count && c->guard_count < FUZZ_GUARDS; node++) {
        if (guards[node]) {
            c->guard[c->guard_count++] = node;
        }
    }
    free(guards);
}

static double element(ad_type type, const void *x, size_t i)
{
    return type == AD_F64   ? ((const double *)x)[i]
           : type == AD_F32 ? (double)((const float *)x)[i]
                            : (double)((const int64_t *)x)[i];
}

/* How many of the guarded values are others in this recording than in the one that was compiled. */
size_t fuzz_changed_guards(const comparison *c)
{
    size_t changed = 0;
    for (int i = 0; i < c->guard_count && i < (int)c->f->program.guard_count; i++) {
        const ad__guard *g = &c->f->program.guards[i];
        const void *now = ad__data_of(c->r.tape, c->guard[i]);
        int differs = 0;
        for (size_t k = 0; k < g->spec->count; k++) {
            double x = element(g->spec->type, g->recorded, k), y = element(g->spec->type, now, k);
            differs |= g->is_branch ? (x != 0) != (y != 0) : x != y && !(isnan(x) && isnan(y));
        }
        changed += (size_t)differs;
    }
    return changed;
}

/* ---- the choice ---- */

void fuzz_choose_options(comparison *c, ad_rng *rng)
{
    static const int threads[] = {0, 1, 2, 3, 7};
    c->options.no_assign = fuzz_below(rng, 4) == 0;
    c->options.threads = threads[fuzz_below(rng, 5)];
    c->options.native = fuzz_below(rng, 200) == 0 ? "cc" : NULL; /* takes as long as 200 others */
    c->options.guard = !c->emits && fuzz_below(rng, 4) == 0;
    c->options.resizable = fuzz_below(rng, 4) == 0;
}

void fuzz_guard_some(comparison *c, ad_rng *rng)
{
    if (c->options.guard) {
        read_some(c, rng);
        find_guards(c);
        c->count->guarded += c->guard_count > 0;
    }
}

int fuzz_vary(comparison *c, ad_rng *rng)
{
    int ok = 1;
    switch (fuzz_below(rng, 4)) {
    case 1:
        ok = save_memory(c, rng);
        break;
    case 2:
        ok = compute_again(c, rng);
        break;
    default:
        break;
    }
    /* a resized function has no guard, and keeps one that is not resized */
    int resizes = c->options.resizable && !c->options.guard && c->in_count > 0;
    return ok && resizes ? resize(c, rng) : ok;
}
