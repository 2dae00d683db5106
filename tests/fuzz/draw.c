/* SPDX-License-Identifier: MIT */
/* Draws programs: leaves, then steps on values that are there, each recorded on trial. */
#include "fuzz.h"

#include <math.h>
#include <string.h>

enum { LONGEST_TAPE = 1200, MOST_ELEMENTS = 6000, MOST_LEAVES = 6, NO_VALUE = -2 };

typedef struct draw {
    fuzz_program *p;
    ad_rng rng;
    fuzz_recording trial;
    void *memory[FUZZ_STEPS];
    int length;     /* of the program to be */
    int wild;       /* special values in leaves */
    int stateful;   /* with views that are assigned to */
    ad_type usual;  /* type of most leaves */
    ad_shape shape; /* of many leaves */
} draw;

static ad_shape some_shape(draw *d)
{
    static const int64_t lens[] = {1, 2, 2, 3, 3, 4, 5, 5, 7, 8, 17, 17, 0};
    ad_shape shape = {.rank = fuzz_below(&d->rng, 4)};
    if (fuzz_below(&d->rng, 16) == 0) {
        const ad_shape large[] = {AD_SHAPE(1500), AD_SHAPE(40, 37), AD_SHAPE(3, 700),
                                  AD_SHAPE(300, 5), AD_SHAPE(5, 300)};
        return large[fuzz_below(&d->rng, 5)];
    }
    for (int i = 0; i < shape.rank; i++) {
        shape.len[i] = lens[fuzz_below(&d->rng, 13)];
    }
    return shape;
}

static const fuzz_kind *kind_of(fuzz_role role)
{
    const fuzz_kind *kind = fuzz_kinds;
    while (kind->role != role) {
        kind++;
    }
    return kind;
}

/* ---- leaves ---- */

/* What leaves broadcast against each other: the common shape, or a part of it. */
static ad_shape leaf_shape(draw *d)
{
    ad_shape shape = d->shape;
    switch (fuzz_below(&d->rng, 4)) {
    case 0:
        return some_shape(d);
    case 1:
        for (int i = 0; i < shape.rank; i++) {
            shape.len[i] = fuzz_below(&d->rng, 2) ? shape.len[i] : 1;
        }
        return shape;
    case 2:
        return shape.rank > 0 ? AD_SHAPE(shape.len[shape.rank - 1]) : shape;
    default:
        return shape;
    }
}

static fuzz_step leaf(draw *d, const fuzz_kind *kind)
{
    fuzz_step s = {.kind = kind, .seed = ad_rng_bits(&d->rng), .type = d->usual};
    int i = d->p->step_count;
    s.shape = leaf_shape(d);
    s.shares = i;
    s.palette = fuzz_below(&d->rng, d->p->smooth ? 2 : d->wild ? FUZZ_PALETTES : 4);
    if (!d->p->smooth && fuzz_below(&d->rng, 8) == 0) {
        s.type = (ad_type)fuzz_below(&d->rng, 3);
    }
    int earlier = i > 0 ? fuzz_below(&d->rng, i) : 0;
    const fuzz_step *other = &d->p->step[earlier];
    if (kind->role == FUZZ_VIEW && i > 0 && other->kind->role == FUZZ_VIEW && !other->off) {
        s.type = other->type; /* the same memory again */
        s.shape = other->shape;
        s.shares = other->shares;
    }
    return s;
}

/* ---- arguments ---- */

/* A value that is there, more likely a late one; NO_VALUE if there is none of the kind wanted. */
static int some_value(draw *d, int integer)
{
    int count = d->p->step_count * FUZZ_RESULTS;
    for (int tries = 0; tries < 60 && count > 0; tries++) {
        int value = fuzz_below(&d->rng, count);
        if (fuzz_below(&d->rng, 2)) {
            value = count - 1 - fuzz_below(&d->rng, value < 12 ? value + 1 : 12);
        }
        if (fuzz_is_live(&d->trial, value) &&
            (ad_type_of(d->trial.value[value]) == AD_I64) == integer) {
            return value;
        }
    }
    return NO_VALUE;
}

/* The row to draw: any, half the time one of a few that simplification knows. */
static const ad_op *some_row(draw *d)
{
    int rows = 0, common = fuzz_below(&d->rng, 2);
    while (ad__catalogue[rows]->arity > 0) {
        rows++;
    }
    if (!common) {
        return ad__catalogue[fuzz_below(&d->rng, rows)];
    }
    static const char *const names[] = {"ad_add", "ad_mul",   "ad_sub",   "ad_div",
                                        "ad_neg", "ad_chain", "ad_relu",  "ad_square",
                                        "ad_exp", "ad_tanh",  "ad_above", "ad_where"};
    const char *name = names[fuzz_below(&d->rng, (int)(sizeof names / sizeof *names))];
    int i = 0;
    while (i < rows - 1 && strcmp(ad__catalogue[i]->name, name) != 0) {
        i++;
    }
    return ad__catalogue[i];
}

static int broadcasts(draw *d, int a, int b)
{
    ad_shape x = ad_shape_of(d->trial.value[a]), y = ad_shape_of(d->trial.value[b]), z;
    return ad_type_of(d->trial.value[a]) == ad_type_of(d->trial.value[b]) &&
           ad_shape_broadcast(&x, &y, &z) == AD_OK;
}

static void row_arguments(draw *d, fuzz_step *s)
{
    do { /* those with a subgradient, or jumps, that quotients do not see */
        s->op = some_row(d);
    } while (d->p->smooth &&
             (strcmp(s->op->name, "ad_clamp") == 0 || strcmp(s->op->name, "ad_fmod") == 0));
    s->count = s->op->arity;
    int first = fuzz_below(&d->rng, s->count);
    s->arg[first] = some_value(d, 0);
    for (int i = 0; i < s->count; i++) {
        int value = FUZZ_NUMBER;
        for (int tries = 0; tries < 8 && value == FUZZ_NUMBER && i != first; tries++) {
            value = fuzz_below(&d->rng, 8) ? some_value(d, 0) : FUZZ_NUMBER;
            value = value >= 0 && s->arg[first] >= 0 && broadcasts(d, s->arg[first], value)
                        ? value
                        : FUZZ_NUMBER;
        }
        s->arg[i] = i == first ? s->arg[first] : value;
        s->number[i] = d->p->smooth ? 0.5 : fuzz_number(&d->rng);
    }
}

static void sample_arguments(draw *d, fuzz_step *s)
{
    const operation_sample *all = all_samples();
    int count = 0;
    while (all[count].name != NULL) {
        count++;
    }
    s->sample = &all[fuzz_below(&d->rng, count)];
    s->count = s->sample->own.count;
    for (int i = 0; i < s->count; i++) {
        s->arg[i] = some_value(d, 0);
    }
}

/* Which arguments of a kind are integers: bit i for argument i. */
static unsigned integers(draw *d, const char *name)
{
    static const struct {
        const char *name;
        unsigned arguments;
    } list[] = {{"take", 2},        {"gather", 2},  {"scatter", 4},
                {"segment_sum", 2}, {"one_hot", 1}, {"random", 1}};
    for (size_t i = 0; i < sizeof list / sizeof *list; i++) {
        if (strcmp(list[i].name, name) == 0) {
            return list[i].arguments;
        }
    }
    return fuzz_below(&d->rng, 20) == 0;
}

/* A view that may be assigned to, more likely the first. */
static int some_view(draw *d)
{
    for (int tries = 0; tries < 30 && d->p->step_count > 0; tries++) {
        int i = fuzz_below(&d->rng, tries < 5 ? MOST_LEAVES : d->p->step_count);
        if (i < d->p->step_count && d->p->step[i].kind->role == FUZZ_VIEW && !d->p->step[i].off) {
            return i * FUZZ_RESULTS;
        }
    }
    return NO_VALUE;
}

static int is_change(const fuzz_kind *kind)
{
    return strcmp(kind->name, "assign") == 0 || strcmp(kind->name, "update") == 0;
}

static int arguments(draw *d, fuzz_step *s)
{
    if (strcmp(s->kind->name, "row") == 0) {
        row_arguments(d, s);
    } else if (strcmp(s->kind->name, "sample") == 0) {
        sample_arguments(d, s);
    } else {
        unsigned integer = integers(d, s->kind->name);
        s->count = s->kind->count;
        for (int i = 0; i < s->count; i++) {
            s->arg[i] =
                is_change(s->kind) && i != 1 ? some_view(d) : some_value(d, integer >> i & 1);
        }
    }
    for (int i = 0; i < s->count; i++) {
        if (s->arg[i] == NO_VALUE) {
            return 0;
        }
    }
    return 1;
}

/* ---- steps ---- */

/* A result that says little: nothing in it, or NaN alone. */
static int is_dull(const fuzz_recording *r, int value)
{
    double some[64];
    ad_var x = r->value[value];
    size_t count = ad_count(x), seen = 0;
    if (count > 64 || ad_read(x, count, some) != AD_OK) {
        return 0;
    }
    while (seen < count && isnan(some[seen])) {
        seen++;
    }
    return seen == count;
}

static void keep_or_drop(draw *d, fuzz_step *s, int recorded)
{
    int first = (d->p->step_count - 1) * FUZZ_RESULTS;
    for (int i = 0; i < FUZZ_RESULTS && recorded; i++) {
        int there = fuzz_is_live(&d->trial, first + i);
        if (there && ad_count(d->trial.value[first + i]) > MOST_ELEMENTS) {
            recorded = 0;
        } else if (there && s->kind->role == FUZZ_OPERATION && is_dull(&d->trial, first + i)) {
            recorded = fuzz_below(&d->rng, 8) == 0;
        }
    }
    if (!recorded) {
        s->off = 1;
        for (int i = 0; i < FUZZ_RESULTS; i++) {
            d->trial.value[first + i].ref.at.node = 0;
        }
    }
}

static void append(draw *d, fuzz_step s)
{
    int i = d->p->step_count++;
    d->p->step[i] = s;
    fuzz_add_memory(d->p, i, d->memory);
    keep_or_drop(d, &d->p->step[i], fuzz_record_step(&d->trial, d->p, i, 0, d->memory));
}

static int weight_of(const draw *d, const fuzz_kind *kind)
{
    int weight = d->p->smooth && !kind->smooth ? 0 : kind->weight;
    return is_change(kind) ? (d->stateful ? 4 * weight : 0) : weight;
}

static const fuzz_kind *some_kind(draw *d)
{
    int total = 0;
    for (const fuzz_kind *kind = fuzz_kinds; kind->name != NULL; kind++) {
        total += weight_of(d, kind);
    }
    int left = fuzz_below(&d->rng, total);
    const fuzz_kind *kind = fuzz_kinds;
    for (;; kind++) {
        left -= weight_of(d, kind);
        if (left < 0) {
            return kind;
        }
    }
}

static void append_some(draw *d)
{
    const fuzz_kind *kind = some_kind(d);
    fuzz_step s = {.kind = kind, .seed = ad_rng_bits(&d->rng)};
    if (kind->role != FUZZ_OPERATION) {
        append(d, leaf(d, kind));
    } else if (arguments(d, &s)) {
        append(d, s);
    }
}

/* Late values are likelier; inputs, and the same value twice, are outputs too. */
static void choose_outputs(draw *d)
{
    fuzz_program *p = d->p;
    int count = p->step_count * FUZZ_RESULTS, wanted = 1 + fuzz_below(&d->rng, FUZZ_OUTPUTS);
    for (int tries = 0; tries < 200 && p->output_count < wanted; tries++) {
        int early = fuzz_below(&d->rng, 4) == 0;
        int value = early ? fuzz_below(&d->rng, count) : count - 1 - fuzz_below(&d->rng, count / 2);
        if (fuzz_is_live(&d->trial, value)) {
            p->output[p->output_count++] = value;
        }
    }
}

void fuzz_draw(fuzz_program *p, uint64_t seed, int smooth)
{
    draw d = {.p = p, .rng = {.seed = seed}};
    memset(p, 0, sizeof *p);
    p->seed = seed;
    p->smooth = smooth;
    fuzz_begin(&d.trial);
    d.wild = fuzz_below(&d.rng, 3) == 0;
    d.stateful = !smooth && fuzz_below(&d.rng, 3) == 0;
    d.usual = smooth ? AD_F64 : fuzz_below(&d.rng, 3) ? AD_F64 : AD_F32;
    d.shape = some_shape(&d);
    for (int leaves = 1 + fuzz_below(&d.rng, MOST_LEAVES); leaves > 0; leaves--) {
        int is_view = d.stateful && fuzz_below(&d.rng, 2);
        append(&d, leaf(&d, kind_of(is_view ? FUZZ_VIEW : FUZZ_INPUT)));
    }
    int longest = fuzz_below(&d.rng, 2) ? FUZZ_STEPS - MOST_LEAVES : 12;
    d.length = p->step_count + 1 + fuzz_below(&d.rng, longest);
    for (int tries = 0; tries < 100 && p->step_count < d.length; tries++) {
        if (ad_tape_len(d.trial.tape) < LONGEST_TAPE) {
            append_some(&d);
        }
    }
    choose_outputs(&d);
    fuzz_end(&d.trial);
    fuzz_free_memory(p, d.memory);
}
