/* SPDX-License-Identifier: MIT */
#include "fn/native/native_internal.h"

#include "fn/emit/emit_internal.h"

#include <stdio.h>
#include <string.h>

/* What stays in one piece, so that calling it is what it costs. */
enum {
    SMALL_PRODUCT = 64, /* multiplications */
    SMALL_CALL = 4096,  /* elements */
    IN_PART = 64        /* steps that one function calls: they take longer for longer ones */
};

/* What a compiler is given at most. It takes about 0.1 ms for a scalar operation, and code for more
 * of them than this no longer runs faster than the library does: it outgrows the caches. */
enum { MOST_SCALARS = 250000, MOST_TEXT = 32 << 20 };

/* ---- what is native ---- */

static int is_small_product(const ad__product *p)
{
    const ad__gemm *s = &p->gemm;
    return (double)s->m * (double)s->n * (double)s->k <= SMALL_PRODUCT &&
           ad__gemm_order_of(s, p->type == AD_F64) != AD__GEMM_BLIS;
}

static int is_small_call(const ad__call_step *c)
{
    size_t elements = c->spec.count;
    for (int i = 0; i < c->count; i++) {
        elements += c->specs[i]->count;
    }
    return elements <= SMALL_CALL && (ad__can_write(c->op) || c->op->arity > 0);
}

/* Whether a step is small, so that no other thread would take a part of it. */
static int is_small(const ad__step *s)
{
    if (s->kind == &ad__call_kind) {
        return is_small_call(s->plan);
    }
    if (s->kind == &ad__product_kind) {
        return is_small_product(s->plan);
    }
    return s->kind != &ad__block_kind || s->work < AD__SHARED_FROM;
}

/* The block of a step, or NULL; the operand that is a panel of its product, and the cell that it is
 * in. */
static ad__block *block_of(const ad__step *s, uint32_t *panel, uint32_t *over)
{
    *panel = *over = AD__NONE;
    if (s->kind == &ad__block_kind) {
        return s->plan;
    }
    if (s->kind == &ad__product_kind) {
        const ad__product *p = s->plan;
        *panel = p->z == AD__NONE ? p->operand : AD__NONE;
        *over = p->over;
        return p->block;
    }
    return NULL;
}

/* Whether all that a block computes can be done in vectors: what cannot is better left to the
 * library's loops. */
static int is_vector(const emission *m, const ad__block *b)
{
    for (uint32_t j = 0; j < b->op_count; j++) {
        if (ad__calls_libm(&m->e, b->ops[j].op->text, (int)b->type)) {
            return 0;
        }
    }
    return 1;
}

/* ---- the text ---- */

/* Appends step i, unless it can end in an error. 1 if it is there. */
static int put_step(emission *m, uint32_t i)
{
    const size_t steps = m->steps.len, body = m->body.len;
    m->e.out = &m->body;
    ad__put(&m->e, "    case %u:\n", (unsigned)i);
    ad__emit_step(m, i);
    m->e.out = &m->body;
    ad__put(&m->e, "        if (end == %u) {\n            return;\n        }\n", (unsigned)i + 1);
    if (m->fails) {
        m->fails = 0;
        ad__cut(&m->steps, steps);
        ad__cut(&m->body, body);
        return 0;
    }
    return 1;
}

/* A function that begins and ends at any of the steps first .. last - 1, from m->body. */
static void put_part(emission *m, uint32_t first)
{
    m->e.out = &m->main;
    ad__put(&m->e,
            "\nSTEP void part_%u(void *const *cell, double *s, %s_workspace *w, size_t first, "
            "size_t end)\n{\n    switch (first) {\n%s    }\n}\n",
            (unsigned)(first / IN_PART), m->name, m->body.text != NULL ? m->body.text : "");
    ad__cut(&m->body, 0);
}

/* Whether a step can be added to what the compiler is given; `scalars` counts those it has. */
static int is_within_limits(const emission *m, const ad__step *s, size_t *scalars)
{
    const ad__scalars *run = s->kind == &ad__scalars_kind ? s->plan : NULL;
    if (run != NULL) {
        int fits = run->count <= MOST_SCALARS - *scalars;
        *scalars += fits ? run->count : 0;
        return fits;
    }
    return m->steps.len < MOST_TEXT;
}

/* Steps one after the other, and larger blocks each as a function. Counts in *left those that would
 * be native but for the limits; the result counts those that are. */
static uint32_t put_steps(emission *m, uint32_t *end, uint32_t *left)
{
    const uint32_t count = m->plan->step_count;
    uint32_t panel, over, native = 0;
    size_t scalars = 0;
    for (uint32_t i = 0; i < count && !m->e.is_out_of_memory; i++) {
        const ad__step *s = &m->plan->steps[i];
        const int small = is_small(s);
        const ad__block *b = block_of(s, &panel, &over);
        end[i] = i;
        int is_better = (b == NULL && small) || (b != NULL && b->count > 0 && is_vector(m, b));
        if (is_better && !is_within_limits(m, s, &scalars)) {
            ++*left;
        } else if (is_better && small) {
            end[i] = put_step(m, i) ? i + 1 : i;
            native += end[i] > i;
        } else if (is_better) {
            ad__emit_native_block(m, i + 1, b, panel, over);
            native++;
        }
        if (i + 1 == count || (i + 1) % IN_PART == 0) {
            put_part(m, i / IN_PART * IN_PART);
        }
    }
    for (uint32_t i = count; i-- > 1;) {
        end[i - 1] = end[i - 1] == i && end[i] > i ? end[i] : end[i - 1];
    }
    return native;
}

static void put_entry(emission *m)
{
    ad__put(&m->e,
            "\nvoid steps(void *const *cell, double *s, %s_workspace *w, size_t first, "
            "size_t end)\n{\n    static void (*const part[])(void *const *, double *, "
            "%s_workspace *, size_t, size_t) = {",
            m->name, m->name);
    for (uint32_t i = 0; i < m->plan->step_count; i += IN_PART) {
        ad__put(&m->e, "%spart_%u", i > 0 ? ", " : "", (unsigned)(i / IN_PART));
    }
    ad__put(&m->e,
            "};\n    for (size_t i = first, next; i < end; i = next) {\n"
            "        next = i - i %% %d + %d;\n        next = next < end ? next : end;\n"
            "        part[i / %d](cell, s, w, i, next);\n    }\n}\n",
            IN_PART, IN_PART, IN_PART);
}

static void put_all(emission *m, ad__chars *text)
{
    ad__emit *e = &m->e;
    e->out = text;
    ad__put(e, "%s", AD__NATIVE_HEAD);
    if (ad__emit_has_workspace(m)) {
        ad__put_workspace(m);
    } else {
        ad__put(e, "typedef void %s_workspace;\n", m->name);
    }
    ad__put_used_texts(e);
    ad__put(e, "%s%s", m->steps.text != NULL ? m->steps.text : "",
            m->main.text != NULL ? m->main.text : "");
    put_entry(m);
}

/* ---- machine code ---- */

static void find_blocks(ad_fn *f)
{
    char name[24];
    uint32_t panel, over;
    for (uint32_t i = 0; i < f->plan.step_count; i++) {
        ad__block *b = block_of(&f->plan.steps[i], &panel, &over);
        if (b != NULL && f->native.end[i] == i) {
            (void)snprintf(name, sizeof name, "block_%u", (unsigned)i + 1);
            *(void **)&b->native = ad__library_symbol(f->native.library, name);
        }
    }
}

/* Bytes of scratch that the calls take which are left. */
static size_t call_bytes(const ad_fn *f, emission *m)
{
    size_t most = 0;
    for (uint32_t i = 0; i < f->plan.step_count; i++) {
        const ad__call_step *c = f->plan.steps[i].plan;
        if (f->plan.steps[i].kind != &ad__call_kind || f->native.end[i] > i) {
            continue;
        }
        ad__array *x = ad__arena_take(&m->arena, ((size_t)c->count + 1) * sizeof *x);
        if (x == NULL) {
            return f->plan.call_bytes;
        }
        for (int k = 0; k < c->count; k++) {
            x[k] = (ad__array){c->specs[k], NULL};
        }
        size_t own = ad__call_scratch(c, x);
        most = own > most ? own : most;
    }
    return most;
}

static void load(ad_fn *f, emission *m, const ad__chars *text, ad_error *why)
{
    size_t buffer = 0;
    f->native.library = ad__library_open(f->compiler, text->text, text->len, why);
    if (f->native.library == NULL) {
        return;
    }
    *(void **)&f->native.steps = ad__library_symbol(f->native.library, "steps");
    if (f->native.steps == NULL) {
        ad_error_set(why, AD_ERR_IO, "native: what %s made lacks the function", f->compiler);
        ad__native_clear(&f->native);
        return;
    }
    find_blocks(f);
    for (int type = 0; type < 3; type++) {
        buffer += ad__rounded(m->scratch[type] * ad_type_bytes((ad_type)type));
    }
    f->plan.call_bytes = call_bytes(f, m);
    f->plan.buffer_bytes = buffer > f->plan.buffer_bytes ? buffer : f->plan.buffer_bytes;
}

/* Makes native what gains from it. Says in *why what is not, though the option asked for it. */
static void make(ad_fn *f, emission *m, ad__chars *text, ad_error *why)
{
    uint32_t left = 0, native = put_steps(m, f->native.end, &left);
    if (native > 0) {
        put_all(m, text);
    }
    if (m->e.is_out_of_memory) {
        return;
    }
    if (native > 0) {
        load(f, m, text, why);
    }
    f->native.is_whole = f->native.library != NULL && left == 0;
    if (native == 0 && left == 0) {
        ad_error_set(why, AD_ERR_UNSUPPORTED,
                     "native: none of its steps gains from machine code; they stay the library's");
    } else if (left > 0 && (native == 0 || f->native.library != NULL)) {
        ad_error_set(why, AD_ERR_UNSUPPORTED,
                     "native: %u of %u steps stay the library's: they are beyond %d scalar "
                     "operations, where machine code is no faster, or %d MiB of C",
                     (unsigned)left, (unsigned)f->plan.step_count, MOST_SCALARS, MOST_TEXT >> 20);
    }
}

ad_status ad__native_make(ad_fn *f, ad_error *why)
{
    const ad_emit_options options = {.pass_weights = 1};
    ad__chars text = {NULL, 0, 0};
    emission m = {.f = f,
                  .program = &f->program,
                  .plan = &f->plan,
                  .options = &options,
                  .name = "fn",
                  .is_native = 1};
    ad_status status = ad__emit_init(&m.e, &f->allocator);
    f->native.end = ad__arena_take(&f->arena, (f->plan.step_count + 1) * sizeof *f->native.end);
    ad__arena_init(&m.arena, f->allocator);
    if (status == AD_OK) {
        m.e.is_out_of_memory =
            f->native.end == NULL || !ad__emit_find_storage(&m) || !ad__emit_prepare_steps(&m);
        if (!m.e.is_out_of_memory) {
            make(f, &m, &text, why);
        }
        status = m.e.is_out_of_memory ? AD_ERR_MEMORY : AD_OK;
    }
    ad__chars *const sections[] = {&m.constants, &m.steps, &m.body, &m.main, &text};
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        ad__chars_clear(&m.e, sections[i]);
    }
    ad__emit_clear(&m.e);
    ad__arena_clear(&m.arena);
    return status;
}

void ad__native_clear(ad__native *n)
{
    ad__library_close(n->library);
    *n = (ad__native){.library = NULL};
}
