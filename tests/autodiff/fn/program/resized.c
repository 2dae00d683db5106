/* SPDX-License-Identifier: MIT */
#include "fn/program/resized.h"

#include "fn/replay.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static void draw(const resized_program *p, int64_t n, uint64_t seed, ad_shape *shapes, void **x)
{
    for (int i = 0; i < p->in_count; i++) {
        shapes[i] = p->shape[i];
        for (int axis = 0; axis < shapes[i].rank; axis++) {
            shapes[i].len[axis] = shapes[i].len[axis] == N ? n : shapes[i].len[axis];
        }
        size_t count = ad_shape_count(&shapes[i]);
        ad_rng rng = {.seed = seed, .stream = (uint64_t)i};
        x[i] = malloc(count * sizeof(double) + 1);
        for (size_t k = 0; k < count; k++) {
            double u = k % 5 == 3 ? -0.0 : 2 * ad_rng_uniform(&rng) - 1;
            if (p->type[i] == AD_F64) {
                ((double *)x[i])[k] = u;
            } else if (p->type[i] == AD_F32) {
                ((float *)x[i])[k] = (float)u;
            } else {
                ((int64_t *)x[i])[k] = (int64_t)(1.5 * (u + 1));
            }
        }
    }
}

static void record(const resized_program *p, ad_tape *tape, const ad_shape *shapes, void *const *x,
                   ad_var *in, ad_var *out)
{
    for (int i = 0; i < p->in_count; i++) {
        in[i] = ad_input_array(tape, p->type[i], shapes[i], x[i]);
    }
    p->build(tape, in, out);
    cr_assert_eq(ad_tape_status(tape), AD_OK, "%s: %s", p->text, ad_tape_message(tape));
}

ad_fn *resized_recorded(const resized_program *p, int64_t n, const ad_fn_options *options)
{
    ad_shape shapes[RESIZED_MOST];
    void *x[RESIZED_MOST];
    ad_var in[RESIZED_MOST], out[RESIZED_MOST];
    ad_tape *tape = ad_tape_new();
    draw(p, n, 1, shapes, x);
    record(p, tape, shapes, x, in, out);
    ad_fn *f = ad_fn_new_with(tape, p->in_count, in, p->out_count, out, options);
    ad_tape_free(tape);
    for (int i = 0; i < p->in_count; i++) {
        free(x[i]);
    }
    return f;
}

/* Compares f resized to n with a recording at n; exact: it is the same program too. */
static void compare(const resized_program *p, const ad_fn *f, int64_t from, int64_t n, int exact)
{
    ad_shape shapes[RESIZED_MOST];
    void *x[RESIZED_MOST], *z[RESIZED_MOST];
    ad_var in[RESIZED_MOST], out[RESIZED_MOST];
    ad_error error;
    draw(p, n, 2, shapes, x);
    ad_fn *g = ad_fn_resized(f, shapes, &error);
    cr_assert(g != NULL, "%s, %d to %d: %s", p->text, (int)from, (int)n, error.message);
    ad_tape *tape = ad_tape_new();
    record(p, tape, shapes, x, in, out);
    for (int i = 0; i < p->out_count; i++) {
        z[i] = malloc(ad_count(out[i]) * sizeof(double) + 1);
    }
    cr_assert_eq(ad_fn_run(g, (const void *const *)x, z), AD_OK, "%s", ad_fn_message(g));
    for (int i = 0; i < p->out_count; i++) {
        cr_expect(test_same_elements(ad_type_of(out[i]), ad_count(out[i]), z[i], ad_data(out[i])),
                  "%s, %d to %d: output %d differs", p->text, (int)from, (int)n, i);
        free(z[i]);
    }
    if (exact) {
        cr_expect(ad_fn_matches(g, tape, p->in_count, in, p->out_count, out),
                  "%s, %d to %d: another program", p->text, (int)from, (int)n);
    }
    for (int i = 0; i < p->in_count; i++) {
        free(x[i]);
    }
    ad_tape_free(tape);
    ad_fn_free(g);
}

/* Recorded at lengths that other axes have too. Where a length becomes 1, a recording may leave
 * sums over it out, which change nothing. */
void test_resizes(const resized_program *p)
{
    static const int64_t from[] = {24, 7, 3}, to[] = {1, 2, 3, 5, 7, 24, 31, 100};
    for (size_t i = 0; i < sizeof from / sizeof *from; i++) {
        ad_fn *f = resized_recorded(p, from[i], &(ad_fn_options){.resizable = 1});
        cr_assert(f != NULL, "%s", p->text);
        for (size_t j = 0; j < sizeof to / sizeof *to; j++) {
            compare(p, f, from[i], to[j], to[j] > 1);
        }
        ad_fn_free(f);
    }
}

void resized_statistics(ad_tape *tape, const ad_var *in, ad_var *out)
{
    (void)tape;
    ad_var variance = ad_variance(in[0], AD_AXES(0), 0);
    ad_var scaled =
        ad_div(ad_sub(in[0], ad_mean(in[0], AD_AXES(0))), ad_sqrt(ad_add(variance, 1e-5)));
    ad_var z = ad_mul(ad_add(ad_mul(scaled, in[1]), in[2]), in[2]);
    out[0] = ad_add(ad_mean(ad_sin(z), AD_ALL), ad_sum(ad_std(z, AD_KEEP(-1), 1), AD_ALL));
    out[1] = ad_variance(in[0], AD_ALL, 1);
    ad_grad(out[0], 3, in, out + 2);
}
