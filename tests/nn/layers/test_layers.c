/* SPDX-License-Identifier: MIT */
/* Every kind of layer that the headers declare, found there, with the samples it gives: what holds
 * for each of them. */
#include "check.h"
#include "fn.h"
#include "fn/emitted.h"
#include "members.h"
#include "model.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS = 4, MOST = 16 };

#define KIND(name) &name,
static const nn_layer_kind *const kinds[] = {NN_EVERY_LAYER_KIND(KIND)};
#undef KIND

enum { KINDS = sizeof kinds / sizeof kinds[0] };

/* Calls f with a built model of every sample that can be built, in a type. */
static void each(ad_type type, void (*f)(nn_model *net, ad_shape batch, ad_type type))
{
    for (int k = 0; k < KINDS; k++) {
        int built = 0;
        cr_assert_not_null(kinds[k]->sample, "%s has no samples", kinds[k]->name);
        for (int i = 0;; i++) {
            nn_sample s = kinds[k]->sample(i);
            if (s.layer == NULL) {
                break;
            }
            if (!s.is_refused) {
                nn_named(kinds[k]->name, s.layer);
                ad_status status = nn_build(s.layer, .input = s.row, .type = type, .seed = 3);
                cr_assert_eq(status, AD_OK, "%s, sample %d: %s", kinds[k]->name, i,
                             nn_model_message(s.layer));
                ad_shape batch = {.rank = s.row.rank + 1, .len = {ROWS}};
                memcpy(batch.len + 1, s.row.len, (size_t)s.row.rank * sizeof s.row.len[0]);
                f(s.layer, batch, type);
                built++;
            }
            nn_model_free(s.layer);
        }
        cr_expect_gt(built, 0, "%s has no sample that can be built", kinds[k]->name);
    }
}

/* Numbers without ties or zeros. */
static void fill(ad_type type, size_t count, void *data, uint64_t seed)
{
    ad_rng rng = {.seed = seed};
    for (size_t i = 0; i < count; i++) {
        double number = ad_rng_normal(&rng);
        if (type == AD_F64) {
            ((double *)data)[i] = number;
        } else {
            ((float *)data)[i] = (float)number;
        }
    }
}

static void *batch_of(ad_type type, ad_shape shape, uint64_t seed)
{
    void *data = calloc(ad_shape_count(&shape) + 1, ad_type_bytes(type));
    fill(type, ad_shape_count(&shape), data, seed);
    return data;
}

/* All parameters and state behind one another. */
static size_t bytes_of(const nn_model *net)
{
    size_t bytes = 0;
    for (int i = 0; i < nn_params_count(nn_model_params(net)); i++) {
        const nn_param *p = nn_params_at(nn_model_params(net), i);
        bytes += p->count * ad_type_bytes(p->type);
    }
    return bytes;
}

static void copy_params(const nn_model *net, char *bytes, int back)
{
    for (int i = 0; i < nn_params_count(nn_model_params(net)); i++) {
        const nn_param *p = nn_params_at(nn_model_params(net), i);
        size_t size = p->count * ad_type_bytes(p->type);
        memcpy(back ? p->data : (void *)bytes, back ? (void *)bytes : p->data, size);
        bytes += size;
    }
}

/* ---- shapes and bad input ---- */

static void expect_shape(nn_model *net, ad_shape batch, ad_type type)
{
    ad_shape out = nn_model_output(net);
    for (int training = 0; training < 2; training++) {
        ad_tape *tape = ad_tape_new();
        void *data = batch_of(type, batch, 1);
        ad_var y = nn_forward(net, ad_input_view(tape, type, batch, data), .training = training);
        cr_assert_eq(ad_tape_status(tape), AD_OK, "%s: %s", nn_layer_name(net),
                     ad_tape_message(tape));
        ad_shape got = ad_shape_of(y);
        cr_expect_eq(ad_type_of(y), type);
        cr_expect_eq(got.rank, out.rank + 1);
        cr_expect_eq(got.len[0], ROWS);
        cr_expect_eq(memcmp(got.len + 1, out.len, (size_t)out.rank * sizeof out.len[0]), 0);
        ad_tape_free(tape);
        free(data);
    }
}

Test(layers, give_the_shape_that_was_found_while_they_were_built)
{
    each(AD_F64, expect_shape);
    each(AD_F32, expect_shape);
}

Test(layers, refuse_what_does_not_fit_and_say_why)
{
    for (int k = 0; k < KINDS; k++) {
        for (int i = 0;; i++) {
            nn_sample s = kinds[k]->sample(i);
            if (s.layer == NULL) {
                break;
            }
            if (s.is_refused) {
                cr_expect_neq(nn_build(s.layer, .input = s.row), AD_OK, "%s, sample %d",
                              kinds[k]->name, i);
                cr_expect_gt(strlen(nn_model_message(s.layer)), 20, "%s, sample %d: '%s'",
                             kinds[k]->name, i, nn_model_message(s.layer));
            }
            nn_model_free(s.layer);
        }
    }
}

/* ---- derivatives ---- */

static void expect_derivatives(nn_model *net, ad_shape batch, ad_type type)
{
    void *data = batch_of(type, batch, 2);
    const ad_check_input x = {type, batch, data};
    for (int training = 0; training < 2; training++) {
        ad_report r = nn_check(net, &x, .training = training, .check.most = 24);
        cr_expect(r.passed, "%s, training %d: %s", nn_layer_name(net), training, r.message);
    }
    free(data);
}

Test(layers, have_derivatives_of_orders_1_and_2_by_input_and_parameters)
{
    each(AD_F64, expect_derivatives);
    each(AD_F32, expect_derivatives);
}

/* ---- a step of training, recorded, compiled and emitted ---- */

enum { STEPS = 3 };

typedef struct step {
    ad_tape *tape;
    ad_var x, out[2];
} step;

/* Result and gradient by x, recorded; state is assigned. */
static step record_step(nn_model *net, ad_type type, ad_shape batch, void *data, int training)
{
    step s = {.tape = ad_tape_new()};
    s.x = ad_input_view(s.tape, type, batch, data);
    s.out[0] = nn_forward(net, s.x, .training = training);
    ad_grad(ad_sum(ad_square(s.out[0]), AD_ALL), 1, &s.x, &s.out[1]);
    cr_assert_eq(ad_tape_status(s.tape), AD_OK, "%s: %s", nn_layer_name(net),
                 ad_tape_message(s.tape));
    return s;
}

/* The memory of all state: the order in which a pass assigns it. */
static int assigned(const nn_model *net, void **views)
{
    int count = 0;
    for (int i = 0; i < nn_params_count(nn_model_params(net)); i++) {
        const nn_param *p = nn_params_at(nn_model_params(net), i);
        if (p->role == NN_STATE) {
            cr_assert_lt(count, MOST);
            views[count++] = p->data;
        }
    }
    return count;
}

/* Runs steps from the same beginning in one of three ways: what they give, and what they leave. */
static char *run_steps(nn_model *net, ad_type type, ad_shape batch, int training, int way,
                       size_t *bytes)
{
    size_t width = ad_type_bytes(type), state = bytes_of(net), most = 0;
    void *data = batch_of(type, batch, 7);
    char *begin = calloc(state + 1, 1), *result = NULL;
    copy_params(net, begin, 0);
    step s = record_step(net, type, batch, data, training);
    size_t len[2] = {ad_count(s.out[0]) * width, ad_count(s.out[1]) * width};
    most = len[0] + len[1];
    *bytes = STEPS * most + state;
    result = calloc(*bytes + 1, 1);
    ad_fn *f = way > 0 ? ad_fn_new(s.tape, 1, &s.x, 2, s.out) : NULL;
    void *views[MOST];
    int view_count = way > 1 && training ? assigned(net, views) : 0;
    emitted *e = way > 1 ? emitted_new(f, 1, 2, view_count, NULL, "gcc") : NULL;
    copy_params(net, begin, 1);
    for (size_t i = 0; i < STEPS; i++) {
        void *out[2] = {result + i * most, result + i * most + len[0]};
        fill(type, ad_shape_count(&batch), data, 8 + i);
        if (way == 0) {
            ad_tape_free(s.tape);
            s = record_step(net, type, batch, data, training);
            memcpy(out[0], ad_data(s.out[0]), len[0]);
            memcpy(out[1], ad_data(s.out[1]), len[1]);
        } else if (way == 1) {
            cr_assert_eq(ad_fn_run(f, (const void *[]){data}, out), AD_OK, "%s", ad_fn_message(f));
        } else {
            cr_assert_eq(emitted_run(e, (const void *[]){data}, out, views), 0, "%s: emitted",
                         nn_layer_name(net));
        }
    }
    copy_params(net, result + STEPS * most, 0);
    copy_params(net, begin, 1);
    if (e != NULL) {
        emitted_free(e);
    }
    ad_fn_free(f);
    ad_tape_free(s.tape);
    free(begin);
    free(data);
    return result;
}

static void expect_same_in_each_way(nn_model *net, ad_shape batch, ad_type type)
{
    for (int training = 0; training < 2; training++) {
        size_t bytes;
        char *recorded = run_steps(net, type, batch, training, 0, &bytes);
        char *compiled = run_steps(net, type, batch, training, 1, &bytes);
        cr_expect_eq(memcmp(recorded, compiled, bytes), 0, "%s, training %d: compiled",
                     nn_layer_name(net), training);
        free(recorded);
        free(compiled);
    }
}

Test(layers, give_the_same_bits_recorded_and_compiled)
{
    each(AD_F64, expect_same_in_each_way);
    each(AD_F32, expect_same_in_each_way);
}

static void expect_same_as_c(nn_model *net, ad_shape batch, ad_type type)
{
    int training = type == AD_F64; /* half of all: each takes a compiler */
    size_t bytes;
    char *recorded = run_steps(net, type, batch, training, 0, &bytes);
    char *in_c = run_steps(net, type, batch, training, 2, &bytes);
    cr_expect(same_elements(AD_F32, bytes / 4, recorded, in_c), "%s, training %d: emitted",
              nn_layer_name(net), training);
    free(recorded);
    free(in_c);
}

Test(layers, give_the_same_bits_emitted_as_c)
{
    each(AD_F64, expect_same_as_c);
    each(AD_F32, expect_same_as_c);
}

/* ---- state ---- */

static void expect_state_kept(nn_model *net, ad_shape batch, ad_type type)
{
    size_t bytes = bytes_of(net);
    char *begin = calloc(bytes + 1, 1), *after = calloc(bytes + 1, 1);
    void *data = batch_of(type, batch, 4);
    copy_params(net, begin, 0);
    step s = record_step(net, type, batch, data, 0);
    copy_params(net, after, 0);
    cr_expect_eq(memcmp(begin, after, bytes), 0, "%s: evaluation changes it", nn_layer_name(net));
    ad_tape_free(s.tape);

    /* what is learnt is all in the parameters: a copy that takes them over goes on alike */
    nn_params *params = nn_model_params(net), *kept = nn_params_copy(params, NULL);
    s = record_step(net, type, batch, data, 1);
    size_t len = ad_count(s.out[0]) * ad_type_bytes(type);
    void *first = memcpy(calloc(len + 1, 1), ad_data(s.out[0]), len);
    ad_tape_free(s.tape);
    copy_params(net, after, 0);
    cr_expect_eq(nn_params_assign(params, kept, NULL), AD_OK);
    s = record_step(net, type, batch, data, 1);
    cr_expect_eq(memcmp(first, ad_data(s.out[0]), len), 0, "%s: not all is in its parameters",
                 nn_layer_name(net));
    ad_tape_free(s.tape);
    copy_params(net, begin, 0);
    cr_expect_eq(memcmp(begin, after, bytes), 0, "%s: not all is in its state", nn_layer_name(net));
    nn_params_free(kept);
    free(first);
    free(begin);
    free(after);
    free(data);
}

Test(layers, change_state_in_training_alone_and_keep_all_of_it_among_the_parameters)
{
    each(AD_F64, expect_state_kept);
    each(AD_F32, expect_state_kept);
}
