/* SPDX-License-Identifier: MIT */
/* What a function costs: known beforehand, and measured. */
#include "look/show_internal.h"

#include "base/text_internal.h"

#include <string.h>

/* ---- known beforehand ---- */

size_t ad_fn_step_count(const ad_fn *f)
{
    return f != NULL ? f->plan.step_count : 0;
}

size_t ad_fn_operation_count(const ad_fn *f)
{
    return f != NULL ? ad__operation_total(f) : 0;
}

static ad_fn_step step_of(const ad__step_list *l, const ad__cost *cost, size_t s)
{
    return (ad_fn_step){.kind = l->f->plan.steps[s].kind->name,
                        .operations = l->first[s + 1] - l->first[s],
                        .flops = cost[s].flops,
                        .bytes = cost[s].bytes};
}

static void take_steps(const ad__step_list *l, const ad__cost *cost, size_t count, ad_fn_step *out)
{
    for (size_t s = 0; s < count && s < l->f->plan.step_count; s++) {
        out[s] = step_of(l, cost, s);
    }
}

static void take_operations(const ad__step_list *l, const ad__cost *cost, size_t count,
                            ad_fn_operation *out)
{
    for (size_t i = 0; i < count && i < l->count; i++) {
        ad__id id = l->operations[i].id;
        const ad__value *v = &l->f->program.values[id];
        out[i] = (ad_fn_operation){.step = l->step[id],
                                   .name = v->op->name,
                                   .site = v->site,
                                   .type = v->spec->type,
                                   .shape = v->spec->shape,
                                   .flops = cost[i].flops,
                                   .bytes = cost[i].bytes};
    }
}

ad_status ad_fn_costs(const ad_fn *f, size_t step_count, ad_fn_step *steps, size_t operation_count,
                      ad_fn_operation *operations)
{
    ad__step_list l;
    ad__cost *by_operation, *by_step;
    if (f == NULL || (steps == NULL && step_count > 0) ||
        (operations == NULL && operation_count > 0)) {
        return AD_ERR_DOMAIN;
    }
    ad_status status = ad__list(f, &l);
    if (status == AD_OK) {
        status = ad__costs_of(&l, &by_operation, &by_step);
    }
    if (status == AD_OK) {
        take_steps(&l, by_step, step_count, steps);
        take_operations(&l, by_operation, operation_count, operations);
    }
    ad__step_list_clear(&l);
    return status;
}

/* ---- measured ---- */

/* Sorts by halving gaps; the middle one, of an even number the mean of two. */
static double median(size_t count, double *x)
{
    for (size_t gap = count / 2; gap > 0; gap /= 2) {
        for (size_t i = gap; i < count; i++) {
            const double moved = x[i];
            size_t j = i;
            for (; j >= gap && x[j - gap] > moved; j -= gap) {
                x[j] = x[j - gap];
            }
            x[j] = moved;
        }
    }
    return (x[count / 2] + x[(count - 1) / 2]) / 2;
}

/* Calls f; clock has a row of step_count + 1 times for each call. */
static ad_status run_all(const ad_fn *f, const void *const *inputs, void *const *outputs, int runs,
                         double *clock)
{
    ad_workspace *w = ad_workspace_new(f, &f->allocator);
    ad_status status = w != NULL ? AD_OK : AD_ERR_MEMORY;
    for (int i = 0; i < runs && status == AD_OK; i++) {
        w->clock = clock + (size_t)i * (f->plan.step_count + 1);
        status = ad_fn_run_in(f, w, inputs, outputs);
    }
    ad_workspace_free(w);
    return status;
}

ad_status ad_fn_profile(const ad_fn *f, const void *const *inputs, void *const *outputs, int runs,
                        size_t count, ad_fn_step *steps)
{
    ad_status status = ad_fn_costs(f, count, steps, 0, NULL);
    if (status != AD_OK) {
        return status;
    }
    if (runs < 1 || (inputs == NULL && f->program.input_count > 0) ||
        (outputs == NULL && f->program.output_count > 0)) {
        return AD_ERR_DOMAIN;
    }
    size_t row = (size_t)f->plan.step_count + 1, times = (size_t)runs;
    double *clock = ad__resize_array(&f->allocator, NULL, times, (row + 1) * sizeof *clock);
    if (clock == NULL) {
        return AD_ERR_MEMORY;
    }
    double *taken = clock + times * row; /* by one step */
    status = run_all(f, inputs, outputs, runs, clock);
    for (size_t s = 0; s < count && s + 1 < row && status == AD_OK; s++) {
        for (size_t i = 0; i < times; i++) {
            taken[i] = clock[i * row + s + 1] - clock[i * row + s];
        }
        steps[s].seconds = median(times, taken);
    }
    ad__resize(&f->allocator, clock, 0);
    return status;
}

/* ---- the table ---- */

enum { TEXT = 240, NAMED = 8 }; /* operations of a step that are named */

/* A rate where there is time, "" where there is none. */
static void say_rate(char *text, size_t bytes, double amount, double seconds, const char *unit)
{
    if (seconds > 0) {
        ad__say_quantity(text, bytes, amount / seconds, unit);
    }
}

static void write_row(FILE *out, const char *number, const ad_fn_step *s, double all,
                      const char *operations)
{
    char time[TEXT] = "", share[TEXT] = "", text[4][TEXT] = {"", "", "", ""};
    if (all > 0) {
        ad__say(time, sizeof time, "%.2f", s->seconds * 1e6);
        ad__say(share, sizeof share, "%.1f", 100 * s->seconds / all);
    }
    ad__say_quantity(text[0], TEXT, s->flops, "");
    say_rate(text[1], TEXT, s->flops, s->seconds, "");
    ad__say_quantity(text[2], TEXT, s->bytes, "");
    say_rate(text[3], TEXT, s->bytes, s->seconds, "");
    (void)fprintf(out, "%5s  %-8s %10s %6s %9s %9s %9s %9s  %s\n", number, s->kind, time, share,
                  text[0], text[1], text[2], text[3], operations);
}

/* The names of a step's operations without "ad_", and where the first one was recorded. */
static void say_names(const ad__step_list *l, size_t step, char *text, size_t bytes)
{
    const char *site = NULL;
    for (size_t i = l->first[step]; i < l->first[step + 1]; i++) {
        const ad__value *v = &l->f->program.values[l->operations[i].id];
        size_t at = i - l->first[step];
        site = site == NULL ? v->site : site;
        if (at < NAMED) {
            ad__say(text, bytes, "%s%s", at > 0 ? " " : "",
                    strncmp(v->op->name, "ad_", 3) == 0 ? v->op->name + 3 : v->op->name);
        } else if (at == NAMED) {
            ad__say(text, bytes, " ... (%zu)", l->first[step + 1] - l->first[step]);
        }
    }
    ad__say(text, bytes, "%s%s", site != NULL ? "  " : "", site != NULL ? site : "");
}

static void write_table(FILE *out, const ad__step_list *l, const ad__cost *cost, size_t count,
                        const ad_fn_step *times)
{
    ad_fn_step sum = {.kind = ""};
    for (size_t s = 0; s < l->f->plan.step_count; s++) {
        sum.flops += cost[s].flops;
        sum.bytes += cost[s].bytes;
        sum.seconds += times != NULL && s < count ? times[s].seconds : 0;
    }
    (void)fprintf(out, "%5s  %-8s %10s %6s %9s %9s %9s %9s  %s\n", "step", "kind", "us", "%",
                  "FLOP", "FLOP/s", "bytes", "bytes/s", "operations");
    for (size_t s = 0; s < l->f->plan.step_count; s++) {
        char number[TEXT] = "", names[TEXT] = "";
        ad_fn_step row = step_of(l, cost, s);
        row.seconds = times != NULL && s < count ? times[s].seconds : 0;
        ad__say(number, sizeof number, "%zu", s);
        say_names(l, s, names, sizeof names);
        write_row(out, number, &row, sum.seconds, names);
    }
    write_row(out, "all", &sum, sum.seconds, "");
}

ad_status ad_fn_show_costs(const ad_fn *f, FILE *out, size_t count, const ad_fn_step *steps)
{
    ad__step_list l;
    ad__cost *by_operation, *by_step;
    if (out == NULL || f == NULL) {
        return AD_ERR_DOMAIN;
    }
    ad_status status = ad__list(f, &l);
    if (status == AD_OK) {
        status = ad__costs_of(&l, &by_operation, &by_step);
    }
    if (status == AD_OK) {
        write_table(out, &l, by_step, count, steps);
        status = fflush(out) != 0 || ferror(out) ? AD_ERR_IO : AD_OK;
    }
    ad__step_list_clear(&l);
    return status;
}

/* ---- memory ---- */

ad_fn_memory ad_fn_memory_of(const ad_fn *f)
{
    if (f == NULL) {
        return (ad_fn_memory){.workspace = 0};
    }
    const ad__plan *plan = &f->plan;
    const ad__program *p = &f->program;
    ad_fn_memory m = {.workspace = ad_fn_workspace_bytes(f),
                      .tensors = ad__rounded(plan->tensor_bytes),
                      .scalars = ad__rounded(plan->slot_count * sizeof(double)),
                      .addresses = ad__rounded(plan->cell_count * sizeof(void *)),
                      .tiles = (size_t)f->parts * ad__rounded(plan->buffer_bytes),
                      .scratch = plan->call_bytes,
                      .rematerialised = f->budget.operations,
                      .again_flops = f->budget.flops};
    m.head = m.workspace - m.tensors - m.scalars - m.addresses - m.tiles - m.scratch;
    m.scratch_used = f->own->scratch_used;
    m.workspace_held = sizeof *f->own + ad__arena_bytes(&f->own->arena) +
                       ad__arena_bytes(&f->own->scratch) +
                       (f->own->pool != NULL ? ad__thread_pool_bytes(f->parts) : 0);
    m.function = sizeof *f + p->capacity * sizeof *p->values + p->arg_capacity * sizeof *p->args +
                 ad__arena_bytes(&p->keep) + ad__arena_bytes(&f->arena);
    return m;
}
