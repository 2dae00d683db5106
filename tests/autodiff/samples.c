/* SPDX-License-Identifier: MIT */
#include "samples.h"

#include <assert.h>
#include <string.h>

/* ---- the rows of ops.def ---- */

#define AD_UNARY(...)
#define AD_BINARY(...)
#define AD_TERNARY(...)
#define AD_UNSAMPLED(...)

#define NAME_OF(line) NAME_PASTE(line)
#define NAME_PASTE(line) record_##line

#define AD_STRUCTURED(...)
#define AD_COMPOSED(...)
#define COUNT(...) (sizeof((int64_t[][AD_MAX_RANK]){__VA_ARGS__}) / sizeof(int64_t[AD_MAX_RANK]))
#define AD_SAMPLE(NAME, Z, LO, HI, ...)                                                            \
    static ad_var NAME_OF(__LINE__)(const ad_var *arg)                                             \
    {                                                                                              \
        const int count = (int)COUNT(__VA_ARGS__);                                                 \
        const ad_var x = arg[0], y = arg[count > 1 ? 1 : 0], w = arg[count > 2 ? 2 : 0];           \
        ad_var part[4];                                                                            \
        (void)x, (void)y, (void)w, (void)part;                                                     \
        return Z;                                                                                  \
    }
#include "ops/ops.def"
#undef AD_SAMPLE

typedef struct row {
    const char *name;
    double lo, hi;
    int64_t len[3][AD_MAX_RANK]; /* 0: no such axis */
    ad_var (*build)(const ad_var *x);
} row;

#define AD_SAMPLE(NAME, Z, LO, HI, ...) {#NAME, LO, HI, {__VA_ARGS__}, NAME_OF(__LINE__)},
static const row rows[] = {
#include "ops/ops.def"
};
#undef AD_STRUCTURED
#undef AD_COMPOSED
#undef AD_SAMPLE

/* ---- every structured or composed operation ---- */

#define AD_SAMPLE(...)
#define AD_STRUCTURED(name, ...) extern const ad_op name##__op;
#define AD_COMPOSED(...)
#include "ops/ops.def"
#undef AD_STRUCTURED
#undef AD_COMPOSED
#undef AD_UNSAMPLED

#define AD_STRUCTURED(name, ...) {#name, &name##__op, NULL},
#define AD_COMPOSED(type, name, ...) {#name, NULL, NULL},
#define AD_UNSAMPLED(name, why) {#name, NULL, why},
static const operation_entry operations[] = {
#include "ops/ops.def"
    {NULL, NULL, NULL},
};

const operation_entry *all_operations(void)
{
    return operations;
}

static ad__sample sample_of(const row *r)
{
    ad__sample s = {.lo = r->lo, .hi = r->hi, .build = r->build};
    while (s.count < 3 && r->len[s.count][0] > 0) {
        ad_shape *shape = &s.shape[s.count];
        while (shape->rank < AD_MAX_RANK && r->len[s.count][shape->rank] > 0) {
            shape->len[shape->rank] = r->len[s.count][shape->rank];
            shape->rank++;
        }
        s.count++;
    }
    return s;
}

/* ---- all samples ---- */

enum { MOST = 512, END = sizeof operations / sizeof *operations - 1 };

static int add(operation_sample *all, int count, const operation_entry *o)
{
    for (int k = 0; o->op != NULL && k < o->op->sample_count; k++) {
        assert(count < MOST);
        all[count++] = (operation_sample){o->name, o->op, o->op->samples[k]};
    }
    for (size_t k = 0; k < sizeof rows / sizeof *rows && o->why_not == NULL; k++) {
        if (strcmp(rows[k].name, o->name) == 0) {
            assert(count < MOST);
            all[count++] = (operation_sample){o->name, o->op, sample_of(&rows[k])};
        }
    }
    return count;
}

const operation_sample *all_samples(void)
{
    static operation_sample all[MOST + 1];
    static int count = 0;
    for (const operation_entry *o = operations + (count > 0 ? END : 0); o->name != NULL; o++) {
        count = add(all, count, o);
    }
    return all;
}

ad_var record_sample(const ad__sample *sample, const ad_var *x)
{
    ad_var z = sample->build(x);
    return z.tape != NULL && !ad_is_dead(z) && ad_type_of(z) == AD_I64
               ? ad_cast(z, ad_type_of(x[0]))
               : z;
}
