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

static void draw(const replay *r, uint64_t seed, double special, void **x)
{
    for (int i = 0; i < r->in_count; i++) {
        size_t n = ad_shape_count(&r->shape[i]);
        const ad_rng rng = {.seed = seed, .stream = (uint64_t)i};
        ad_rng_fill_uniform(rng, r->type, n, x[i]);
        for (size_t k = 0; k < n; k++) {
            const int is_special =
                seed > 0 && (special != 0 || signbit(special)) && k % 3 == seed % 3;
            if (r->type == AD_F64) {
                const double u = r->lo + (r->hi - r->lo) * ((double *)x[i])[k];
                ((double *)x[i])[k] = is_special ? special : u;
            } else {
                const float u = (float)(r->lo + (r->hi - r->lo) * (double)((float *)x[i])[k]);
                ((float *)x[i])[k] = is_special ? (float)special : u;
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

void test_record(const replay *r, ad_tape *tape, uint64_t seed, ad_var *in, ad_var *out)
{
    void *x[REPLAY_MOST];
    for (int i = 0; i < r->in_count; i++) {
        x[i] = malloc(bytes_of(r, i) + 1);
    }
    draw(r, seed, 0, x);
    record(r, tape, x, in, out);
    for (int i = 0; i < r->in_count; i++) {
        free(x[i]);
    }
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

static void compare(const replay *r, ad_fn *f, uint64_t seed, double special, void **x)
{
    ad_var in[REPLAY_MOST], out[REPLAY_MOST];
    void *z[REPLAY_MOST];
    ad_tape *tape = ad_tape_new();
    draw(r, seed, special, x);
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

static void make_room(const replay *r, void **x)
{
    for (int i = 0; i < r->in_count; i++) {
        x[i] = malloc(bytes_of(r, i) + 1);
    }
}

static void free_room(const replay *r, void **x)
{
    for (int i = 0; i < r->in_count; i++) {
        free(x[i]);
    }
}

static ad_fn *compiled(const replay *r, const ad_fn_options *options)
{
    ad_var in[REPLAY_MOST], out[REPLAY_MOST];
    void *x[REPLAY_MOST];
    make_room(r, x);
    ad_tape *tape = ad_tape_new();
    draw(r, 0, 0, x);
    record(r, tape, x, in, out);
    ad_fn *f = ad_fn_new_with(tape, r->in_count, in, r->out_count, out, options);
    cr_assert_not_null(f, "%s: %s", r->text, ad_tape_message(tape));
    ad_tape_free(tape);
    free_room(r, x);
    return f;
}

static void compare_at_points(const replay *r, ad_fn *f, double special)
{
    void *x[REPLAY_MOST];
    make_room(r, x);
    for (uint64_t seed = 0; seed < POINTS; seed++) {
        compare(r, f, seed, special, x);
    }
    free_room(r, x);
}

void test_replay(const replay *r, const ad_fn_options *options)
{
    ad_fn *f = compiled(r, options);
    compare_at_points(r, f, 0);
    ad_fn_free(f);
}

void test_replay_special(const replay *r, double special)
{
    ad_fn *f = compiled(r, NULL);
    compare_at_points(r, f, special);
    ad_fn_free(f);
}

/* Whether a recording is the program that was made: shapes that C gave do not follow in it. */
static int is_recorded(const replay *r, ad_fn *f)
{
    ad_var in[REPLAY_MOST], out[REPLAY_MOST];
    void *x[REPLAY_MOST];
    make_room(r, x);
    draw(r, 0, 0, x);
    ad_tape *tape = ad_tape_new();
    for (int i = 0; i < r->in_count; i++) {
        in[i] = ad_input_array(tape, r->type, r->shape[i], x[i]);
    }
    r->build(tape, in, out, r->user);
    const int is_same =
        ad_tape_status(tape) == AD_OK && ad_fn_matches(f, tape, r->in_count, in, r->out_count, out);
    ad_tape_free(tape);
    free_room(r, x);
    return is_same;
}

int test_replay_resized(const replay *r, const ad_shape *shapes)
{
    ad_error error;
    ad_fn *f = compiled(r, &(ad_fn_options){.resizable = 1}), *g = ad_fn_resized(f, shapes, &error);
    ad_fn_free(f);
    if (g == NULL) {
        cr_expect(error.status == AD_ERR_SHAPE && error.message[0] != '\0', "%s: %s", r->text,
                  error.message);
        return 0;
    }
    replay now = *r;
    memcpy(now.shape, shapes, (size_t)r->in_count * sizeof *shapes);
    const int is_same = is_recorded(&now, g);
    if (is_same) {
        compare_at_points(&now, g, 0);
    }
    ad_fn_free(g);
    return is_same;
}
