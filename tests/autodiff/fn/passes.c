/* SPDX-License-Identifier: MIT */
#include "fn/passes.h"
#include "fn/replay.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

ad_tape *test_tape;
static ad__program program;

enum { MOST = 16 };

static void renew(void)
{
    const ad_allocator allocator = ad_allocator_default();
    if (program.values != NULL) {
        ad__program_clear(&program);
    }
    ad__program_init(&program, &allocator);
}

void test_passes_start(void)
{
    test_tape = ad_tape_new();
}

void test_passes_stop(void)
{
    renew();
    ad__program_clear(&program);
    ad_tape_free(test_tape);
}

ad__program *test_capture(int in_count, const ad_var *in, int out_count, const ad_var *out)
{
    const ad__capture capture = {test_tape, in_count, out_count, in, out, 0, 0, 0};
    renew();
    cr_assert_eq(ad__capture_program(&capture, &program), AD_OK, "%s", ad_tape_message(test_tape));
    return &program;
}

int test_count(const ad__program *p, const char *op)
{
    int count = 0;
    for (ad__id id = 0; id < p->count; id++) {
        count += strcmp(p->values[id].op->name, op) == 0;
    }
    return count;
}

int test_operations(const ad__program *p)
{
    int count = 0;
    for (ad__id id = 0; id < p->count; id++) {
        count += !ad__is_leaf(&p->values[id]);
    }
    return count;
}

void test_run_passes(ad__program *p, int count, ad_status (*const *pass)(ad__program *))
{
    for (int i = 0; i < count; i++) {
        cr_assert_eq(pass[i](p), AD_OK);
    }
}

/* The elements of every value, by value, at the recorded inputs; the caller frees all that is no
 * leaf, and the array. */
static void **values_of(const ad__program *p, const ad_var *in)
{
    void **data = calloc((size_t)p->count + 1, sizeof *data);
    ad__arena scratch;
    ad_error error = {.status = AD_OK};
    ad__arena_init(&scratch, ad_allocator_default());
    const ad__arena_mark start = ad__arena_mark_here(&scratch);
    for (uint32_t i = 0; i < p->input_count; i++) {
        data[p->inputs[i]] = (void *)ad_data(in[i]);
    }
    for (ad__id id = 0; id < p->count; id++) {
        const ad__value *v = &p->values[id];
        ad__array x[MOST] = {{NULL, NULL}};
        if (ad__is_leaf(v)) {
            data[id] = data[id] != NULL ? data[id] : (void *)v->attributes;
            continue;
        }
        cr_assert_leq(v->count, MOST);
        for (uint32_t i = 0; i < v->count; i++) {
            ad__id from = p->args[v->first + i];
            cr_assert_lt(from, id, "a value is used before it is computed");
            x[i] = (ad__array){p->values[from].spec, data[from]};
        }
        data[id] = malloc(ad__value_bytes(v) + 1);
        const ad__call call = {.count = (int)v->count,
                               .x = x,
                               .attributes = v->attributes,
                               .spec = *v->spec,
                               .z = data[id],
                               .scratch = &scratch,
                               .threads = 1,
                               .error = &error};
        cr_expect_eq(ad__evaluate(v->op, &call), AD_OK, "%s: %s", v->op->name, error.message);
        ad__arena_rewind(&scratch, start);
    }
    ad__arena_clear(&scratch);
    return data;
}

int test_differing(const ad__program *p, const ad_var *in, int out_count, const ad_var *out)
{
    void **data = values_of(p, in);
    int count = 0;
    for (int i = 0; i < out_count; i++) {
        const ad__value *v = &p->values[p->outputs[i]];
        count += v->spec->type != ad_type_of(out[i]) || v->spec->count != ad_count(out[i]) ||
                 !test_same_elements(v->spec->type, v->spec->count, data[p->outputs[i]],
                                     ad_data(out[i]));
    }
    for (ad__id id = 0; id < p->count; id++) {
        if (!ad__is_leaf(&p->values[id])) {
            free(data[id]);
        }
    }
    free(data);
    return count;
}

static size_t bytes_of(ad_var x)
{
    return ad_count(x) * ad_type_bytes(ad_type_of(x));
}

void test_same_bits(int in_count, const ad_var *in, int out_count, const ad_var *out)
{
    const void *x[MOST];
    void *z[MOST];
    ad_fn *f = ad_fn_new(test_tape, in_count, in, out_count, out);
    cr_assert_not_null(f, "%s", ad_tape_message(test_tape));
    for (int i = 0; i < in_count; i++) {
        x[i] = ad_data(in[i]);
    }
    for (int i = 0; i < out_count; i++) {
        z[i] = malloc(bytes_of(out[i]) + 1);
    }
    cr_expect_eq(ad_fn_run(f, x, z), AD_OK, "%s", ad_fn_message(f));
    for (int i = 0; i < out_count; i++) {
        cr_expect(test_same_elements(ad_type_of(out[i]), ad_count(out[i]), z[i], ad_data(out[i])),
                  "output %d has other bits", i);
        free(z[i]);
    }
    ad_fn_free(f);
}
