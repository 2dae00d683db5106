/* SPDX-License-Identifier: MIT */
/* The functions of steps, each written once: steps that differ in their places alone call the same
 * function. */
#include "fn/emit/emit_internal.h"

#include <ctype.h>
#include <string.h>

/* Whether the result has no elements. */
static int is_empty(const ad__step *s)
{
    if (s->kind == &ad__call_kind) {
        return ((const ad__call_step *)s->plan)->spec.count == 0;
    }
    if (s->kind == &ad__block_kind) {
        return ((const ad__block *)s->plan)->count == 0;
    }
    if (s->kind == &ad__product_kind) {
        const ad__gemm *gemm = &((const ad__product *)s->plan)->gemm;
        return gemm->m == 0 || gemm->n == 0;
    }
    return s->kind == &ad__copy_kind && ((const ad__copy *)s->plan)->bytes == 0;
}

static void put_step(emission *m, uint32_t number, const ad__step *s)
{
    if (s->kind == &ad__call_kind) {
        ad__emit_call(m, number, s->plan);
    } else if (s->kind == &ad__scalars_kind) {
        ad__emit_scalars(m, number, s->plan);
    } else if (s->kind == &ad__block_kind) {
        ad__emit_block(m, number, s->plan);
    } else if (s->kind == &ad__product_kind) {
        ad__emit_product(m, number, s->plan);
    } else {
        ad__emit_copy(m, s->plan);
    }
}

/* The functions of one step, which stand in `steps`. */
typedef struct written {
    uint64_t hash;
    size_t at, len;
    uint32_t number; /* 0: none */
} written;

/* The next character of such a text, in which the number of a step counts for nothing. */
static char next(const char **at, const char *end)
{
    static const char name[] = "step_";
    if (*at < end && isdigit((unsigned char)**at) && memcmp(*at - 5, name, 5) == 0) {
        while (*at < end && isdigit((unsigned char)**at)) {
            ++*at;
        }
    }
    return *at < end ? *(*at)++ : '\0';
}

static uint64_t hash_of(const char *text, size_t len)
{
    uint64_t hash = 14695981039346656037U;
    for (const char *at = text, *end = text + len; at < end;) {
        hash = (hash ^ (unsigned char)next(&at, end)) * 1099511628211U;
    }
    return hash;
}

static int are_alike(const char *a, size_t a_len, const char *b, size_t b_len)
{
    const char *a_end = a + a_len, *b_end = b + b_len;
    while (a < a_end && b < b_end) {
        if (next(&a, a_end) != next(&b, b_end)) {
            return 0;
        }
    }
    return a == a_end && b == b_end;
}

/* The step whose functions are those at `at` .. the end of `steps`, which if there is none become
 * those of step `number`. */
static uint32_t number_of_twin(emission *m, uint32_t number, size_t at)
{
    const size_t len = m->steps.len - at;
    const uint64_t hash = len > 0 ? hash_of(m->steps.text + at, len) : 0;
    if (len == 0) {
        return number;
    }
    size_t i = (size_t)hash & (m->known_size - 1);
    for (; m->known[i].number != 0; i = (i + 1) & (m->known_size - 1)) {
        const written *w = &m->known[i];
        if (w->hash == hash && are_alike(m->steps.text + w->at, w->len, m->steps.text + at, len)) {
            return w->number;
        }
    }
    m->known[i] = (written){hash, at, len, number};
    return number;
}

void ad__emit_step(emission *m, uint32_t i)
{
    const ad__step *s = &m->plan->steps[i];
    const size_t at = m->steps.len, body = m->body.len;
    if (is_empty(s)) {
        return;
    }
    m->e.fails = 0;
    put_step(m, i + 1, s);
    uint32_t twin = m->e.fails || m->e.is_out_of_memory ? i + 1 : number_of_twin(m, i + 1, at);
    if (twin != i + 1) {
        ad__cut(&m->body, body);
        put_step(m, twin, s);
        ad__cut(&m->steps, at);
    }
}

int ad__emit_prepare_steps(emission *m)
{
    m->known_size = 2;
    while (m->known_size < 2 * (size_t)m->plan->step_count) {
        m->known_size *= 2;
    }
    m->known = ad__arena_take(&m->arena, m->known_size * sizeof *m->known);
    if (m->known != NULL) {
        memset(m->known, 0, m->known_size * sizeof *m->known);
    }
    return m->known != NULL;
}
