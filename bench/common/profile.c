/* SPDX-License-Identifier: MIT */
#include "profile.h"

#include "fn/run/fn_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RUNS = 30, LINES = 12, WORDS = 72 };

/* Steps that do the same. */
typedef struct line {
    char words[WORDS];
    size_t steps;
    ad_fn_step sum;
} line;

/* The operations of a step; at: the first of them, moved on. */
static void words_of(const ad_fn_step *step, const ad_fn_operation *operations, size_t *at,
                     char *words)
{
    int len = snprintf(words, WORDS, "%s:", step->kind);
    for (size_t i = 0; i < step->operations; i++, ++*at) {
        if (len < WORDS - 20) {
            const char *name = operations[*at].name;
            name += strncmp(name, "ad_", 3) == 0 ? 3 : 0;
            len += snprintf(words + len, (size_t)(WORDS - len), " %.16s", name);
        } else if (i + 1 == step->operations) {
            (void)snprintf(words + len, (size_t)(WORDS - len), " ..");
        }
    }
}

static int by_time(const void *a, const void *b)
{
    double x = ((const line *)a)->sum.seconds, y = ((const line *)b)->sum.seconds;
    return x < y ? 1 : x > y ? -1 : 0;
}

static size_t lines_of(size_t count, const ad_fn_step *steps, const ad_fn_operation *operations,
                       line *lines)
{
    size_t used = 0, at = 0;
    for (size_t i = 0; i < count; i++) {
        char words[WORDS];
        size_t k = 0;
        words_of(&steps[i], operations, &at, words);
        while (k < used && strcmp(lines[k].words, words) != 0) {
            k++;
        }
        if (k == used) {
            lines[used++] = (line){.steps = 0};
            memcpy(lines[k].words, words, WORDS);
        }
        lines[k].steps++;
        lines[k].sum.seconds += steps[i].seconds;
        lines[k].sum.flops += steps[i].flops;
        lines[k].sum.bytes += steps[i].bytes;
    }
    qsort(lines, used, sizeof *lines, by_time);
    return used;
}

static void print(FILE *out, const char *name, const ad_fn *f, size_t count, size_t used,
                  const line *lines)
{
    double all = 0;
    for (size_t i = 0; i < used; i++) {
        all += lines[i].sum.seconds;
    }
    (void)fprintf(out, "%s: %zu steps%s, %.2f us in them\n%8s %6s %6s %8s %8s  what\n", name, count,
                  ad_fn_is_native(f) ? ", native" : "", 1e6 * all, "us", "%", "steps", "GFLOP/s",
                  "GB/s");
    for (size_t i = 0; i < used && i < LINES; i++) {
        const ad_fn_step *s = &lines[i].sum;
        (void)fprintf(out, "%8.2f %6.1f %6zu %8.1f %8.1f  %s\n", 1e6 * s->seconds,
                      100 * s->seconds / all, lines[i].steps, 1e-9 * s->flops / s->seconds,
                      1e-9 * s->bytes / s->seconds, lines[i].words);
    }
    (void)fputc('\n', out);
}

static const ad_fn_options *options(ad_fn_options *room)
{
    const char *compiler = getenv("BENCH_NATIVE");
    *room = (ad_fn_options){.native = compiler != NULL && *compiler ? compiler : NULL};
    return room;
}

ad_fn *bench_compiled(ad_tape *tape, int in_count, const ad_var *in, int out_count,
                      const ad_var *out)
{
    ad_fn_options room;
    return ad_fn_new_with(tape, in_count, in, out_count, out, options(&room));
}

ad_map *bench_compiled_map(ad_tape *tape, int in_count, const ad_var *in, int out_count,
                           const ad_var *out)
{
    ad_fn_options room;
    return ad_map_new(tape, in_count, in, out_count, out, options(&room));
}

void bench_profile(const char *name, const ad_fn *f, const void *const *inputs,
                   void *const *outputs)
{
    const char *path = getenv("BENCH_REPORT");
    size_t count = ad_fn_step_count(f), all = ad_fn_operation_count(f);
    ad_fn_step *steps = calloc(count + 1, sizeof *steps);
    ad_fn_operation *operations = calloc(all + 1, sizeof *operations);
    line *lines = calloc(count + 1, sizeof *lines);
    FILE *out = path != NULL ? fopen(path, "a") : NULL;
    if (out != NULL && steps != NULL && operations != NULL && lines != NULL &&
        ad_fn_costs(f, count, steps, all, operations) == AD_OK &&
        ad_fn_profile(f, inputs, outputs, RUNS, count, steps) == AD_OK) {
        print(out, name, f, count, lines_of(count, steps, operations, lines), lines);
    }
    if (out != NULL) {
        (void)fclose(out);
    }
    free(steps);
    free(operations);
    free(lines);
}

void bench_profile_eval(const char *name, const ad_fn *f, const double *x, double *y)
{
    const ad__program *p = &f->program;
    const void **in = calloc(p->input_count + 1, sizeof *in);
    void **out = calloc(p->output_count + 1, sizeof *out);
    for (uint32_t i = 0; in != NULL && out != NULL && i < p->input_count; i++) {
        in[i] = x + f->input_at[i];
    }
    for (uint32_t i = 0; in != NULL && out != NULL && i < p->output_count; i++) {
        out[i] = y + f->output_at[i];
    }
    if (in != NULL && out != NULL) {
        bench_profile(name, f, in, out);
    }
    free(in);
    free(out);
}
