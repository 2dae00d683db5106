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
