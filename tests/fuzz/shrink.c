/* SPDX-License-Identifier: MIT */
/* Makes a program that fails a check shorter, step by step, as long as it fails. */
#include "fuzz.h"

#include <string.h>

typedef struct shrink {
    fuzz_program *p;
    fuzz_check *check;
} shrink;

static int still_fails(const shrink *s)
{
    char text[512];
    fuzz_count count = {0};
    return !s->check(s->p, &count, text, sizeof text);
}

static int drop_outputs(const shrink *s)
{
    int any = 0;
    fuzz_program *p = s->p;
    for (int i = p->output_count - 1; i >= 0; i--) {
        fuzz_program before = *p;
        memmove(p->output + i, p->output + i + 1,
                (size_t)(--p->output_count - i) * sizeof *p->output);
        if (still_fails(s)) {
            any = 1;
        } else {
            *p = before;
        }
    }
    return any;
}

static int drop_steps(const shrink *s)
{
    int any = 0;
    for (int i = s->p->step_count - 1; i >= 0; i--) {
        if (!s->p->step[i].off) {
            s->p->step[i].off = 1;
            s->p->step[i].off = still_fails(s);
            any |= s->p->step[i].off;
        }
    }
    return any;
}

/* Operations become inputs of the same type and shape. */
static int make_leaves(const shrink *s)
{
    int any = 0;
    fuzz_program *p = s->p;
    for (int i = p->step_count - 1; i >= 0; i--) {
        fuzz_step before = p->step[i];
        fuzz_recording r;
        void *memory[FUZZ_STEPS];
        if (before.off || before.kind->role != FUZZ_OPERATION) {
            continue;
        }
        fuzz_make_memory(p, memory);
        fuzz_record(&r, p, 0, memory);
        if (fuzz_is_live(&r, i * FUZZ_RESULTS)) {
            ad_var x = r.value[i * FUZZ_RESULTS];
            p->step[i] =
                (fuzz_step){.kind = fuzz_kinds, .seed = before.seed, .type = ad_type_of(x)};
            p->step[i].shape = ad_shape_of(x);
            p->step[i].shares = i;
            if (still_fails(s)) {
                any = 1;
            } else {
                p->step[i] = before;
            }
        }
        fuzz_end(&r);
        fuzz_free_memory(p, memory);
    }
    return any;
}

void fuzz_shrink(fuzz_program *p, fuzz_check *check)
{
    const shrink s = {p, check};
    while (drop_outputs(&s) | drop_steps(&s) | make_leaves(&s)) {
    }
}

void fuzz_print(FILE *out, fuzz_program *p)
{
    fuzz_recording r;
    void *memory[FUZZ_STEPS];
    fuzz_make_memory(p, memory);
    fuzz_record(&r, p, 0, memory);
    for (int i = 0; i < p->step_count; i++) {
        const fuzz_step *s = &p->step[i];
        if (!s->off && fuzz_is_live(&r, i * FUZZ_RESULTS)) {
            (void)fprintf(out, "step %d: %s %s -> %%%u\n", i, s->kind->name,
                          s->op != NULL       ? s->op->name
                          : s->sample != NULL ? s->sample->name
                                              : "",
                          (unsigned)r.value[i * FUZZ_RESULTS].ref.at.node);
        }
    }
    for (int i = 0; i < p->output_count; i++) {
        if (fuzz_is_live(&r, p->output[i])) {
            (void)fprintf(out, "output %d: %%%u\n", i, (unsigned)r.value[p->output[i]].ref.at.node);
        }
    }
    (void)ad_dump_text(r.tape, out, NULL);
    fuzz_end(&r);
    fuzz_free_memory(p, memory);
}
