/* SPDX-License-Identifier: MIT */
#include "fn/replay.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 3 };

static size_t bytes_of(const replay *r, int i)
{
    return ad_shape_count(&r->shape[i]) * ad_type_bytes(r->type);
}

static void draw(const replay *r, uint64_t seed, void **x)
{
    for (int i = 0; i < r->in_count; i++) {
        size_t n = ad_shape_count(&r->shape[i]);
        const ad_rng rng = {.seed = seed, .stream = (uint64_t)i};
        ad_rng_fill_uniform(rng, r->type, n, x[i]);
        for (size_t k = 0; k < n; k++) {
            if (r->type == AD_F64) {
                ((double *)x[i])[k] = r->lo + (r->hi - r->lo) * ((double *)x[i])[k];
            } else {
                ((float *)x[i])[k] = (float)(r->lo + (r->hi - r->lo) * ((float *)x[i])[k]);
            }
        }
    }
}

static void record(const replay *r, ad_tape *tape, void *const *x, ad_var *in, ad_var *out)
{
    for (int i = 0; i < r->in_count; i++) {
        in[i] = ad_input_array(tape, r->type, r->shape[i], x[i]);
    }
    r->build(tape, in, out, r->user);
    cr_assert_eq(ad_tape_status(tape), AD_OK, "%s: %s", r->text, ad_tape_message(tape));
}

int test_same_elements(ad_type type, size_t count, const void *a, const void *b)
{
    for (size_t i = 0; i < count; i++) {
        if (type == AD_F64) {
            const double *x = a, *y = b;
            if (memcmp(x + i, y + i, sizeof *x) != 0 && !(isnan(x[i]) && isnan(y[i]))) {
                return 0;
            }
        } else if (type == AD_F32) {
            const float *x = a, *y = b;
            if (memcmp(x + i, y + i, sizeof *x) != 0 && !(isnan(x[i]) && isnan(y[i]))) {
                return 0;
            }
        } else if (((const int64_t *)a)[i] != ((const int64_t *)b)[i]) {
            return 0;
        }
    }
    return 1;
}

static void compare(const replay *r, ad_fn *f, uint64_t seed, void **x)
{
    ad_var in[REPLAY_MOST], out[REPLAY_MOST];
    void *z[REPLAY_MOST];
    ad_tape *tape = ad_tape_new();
    draw(r, seed, x);
    record(r, tape, x, in, out);
    for (int j = 0; j < r->out_count; j++) {
        z[j] = malloc(ad_count(out[j]) * ad_type_bytes(ad_type_of(out[j])) + 1);
    }
    cr_assert_eq(ad_fn_run(f, (const void *const *)x, z), AD_OK, "%s: %s", r->text,
                 ad_fn_message(f));
    for (int j = 0; j < r->out_count; j++) {
        cr_expect(test_same_elements(ad_type_of(out[j]), ad_count(out[j]), z[j], ad_data(out[j])),
                  "%s: output %d has other bits than the recording", r->text, j);
        free(z[j]);
    }
    ad_tape_free(tape);
}

void test_replay(const replay *r, const ad_fn_options *options)
{
    ad_var in[REPLAY_MOST], out[REPLAY_MOST];
    void *x[REPLAY_MOST];
    for (int i = 0; i < r->in_count; i++) {
        x[i] = malloc(bytes_of(r, i) + 1);
    }
    ad_tape *tape = ad_tape_new();
    draw(r, 0, x);
    record(r, tape, x, in, out);
    ad_fn *f = ad_fn_new_with(tape, r->in_count, in, r->out_count, out, options);
    cr_assert_not_null(f, "%s: %s", r->text, ad_tape_message(tape));
    ad_tape_free(tape);
    for (uint64_t seed = 0; seed < POINTS; seed++) {
        compare(r, f, seed, x);
    }
    ad_fn_free(f);
    for (int i = 0; i < r->in_count; i++) {
        free(x[i]);
    }
}
