/* SPDX-License-Identifier: MIT */
/* Layers beside PyTorch's numbers: results, running statistics and gradients. */
#include "model.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct numbers {
    size_t count;
    const double *values;
} numbers;

typedef struct row {
    const char *name;
    nn_layer *layer;
    int training;
    ad_shape shape;
    numbers x, before, after, out, w, dx, dw;
} row;

/* Within 1e-12 (f32: 2e-6) of the largest. */
static void expect_close(const char *name, const char *what, ad_type type, numbers want,
                         const double *got)
{
    double largest = 1;
    for (size_t i = 0; i < want.count; i++) {
        largest = fmax(largest, fabs(want.values[i]));
    }
    for (size_t i = 0; i < want.count; i++) {
        double limit = (type == AD_F64 ? 1e-12 : 2e-6) * largest;
        cr_expect(fabs(got[i] - want.values[i]) <= limit, "%s: %s[%zu] is %.17g, PyTorch's %.17g",
                  name, what, i, got[i], want.values[i]);
    }
}

static void read_all(ad_var v, size_t count, double *out)
{
    cr_assert_eq(ad_count(v), count);
    cr_assert_eq(ad_read(v, count, out), AD_OK);
}

static void params_from(nn_params *params, numbers values)
{
    size_t used = 0;
    for (int i = 0; i < nn_params_count(params); i++) {
        const nn_param *p = nn_params_at(params, i);
        cr_assert_leq(used + p->count, values.count);
        nn_params_write(params, p->name, p->count, values.values + used, NULL);
        used += p->count;
    }
    cr_assert_eq(used, values.count);
}

enum { MOST = 64, PARAMS = 8 };

static void compare(const row *r, ad_type type)
{
    double out[MOST], dx[MOST], dw[MOST], after[MOST], w[MOST];
    ad_shape one = {.rank = r->shape.rank - 1};
    memcpy(one.len, r->shape.len + 1, (size_t)one.rank * sizeof one.len[0]);
    cr_assert_eq(nn_build(r->layer, .input = one, .type = type), AD_OK, "%s: %s", r->name,
                 nn_model_message(r->layer));
    nn_params *params = nn_model_params(r->layer);
    params_from(params, r->before);
    ad_tape *tape = ad_tape_new();
    ad_var vars[PARAMS], slopes[PARAMS], slope;
    ad_var x = ad_cast(ad_constant(tape, AD_F64, r->shape, r->x.values), type);
    ad_var weights = ad_cast(ad_constant(tape, AD_F64, r->shape, r->w.values), type);
    memcpy(w, r->w.values, r->w.count * sizeof *w);
    nn_params_bind(params, tape, vars);
    ad_var y = nn_forward(r->layer, x, .training = r->training);
    ad_var loss = ad_sum(ad_mul(weights, y), AD_ALL);
    ad_grad(loss, 1, &x, &slope);
    nn_params_grad(params, loss, vars, slopes);
    cr_assert_eq(ad_tape_status(tape), AD_OK, "%s: %s", r->name, ad_tape_message(tape));
    read_all(y, r->out.count, out);
    read_all(slope, r->dx.count, dx);
    size_t slope_count = 0, after_count = 0;
    for (int i = 0; i < nn_params_count(params); i++) {
        const nn_param *p = nn_params_at(params, i);
        if (nn_role_trains(p->role)) {
            read_all(slopes[i], p->count, dw + slope_count);
            slope_count += p->count;
        }
        for (size_t k = 0; k < p->count; k++) {
            after[after_count++] = nn_param_value(p, k);
        }
    }
    expect_close(r->name, "result", type, r->out, out);
    expect_close(r->name, "gradient by x", type, r->dx, dx);
    if (slope_count > 0) {
        cr_assert_eq(slope_count, r->dw.count);
        expect_close(r->name, "gradient by parameters", type, r->dw, dw);
    }
    expect_close(r->name, "state", type, r->after, after);
    ad_tape_free(tape);
    nn_model_free(r->layer);
}

#define NUMBERS(...)                                                                               \
    {                                                                                              \
        sizeof((double[]){__VA_ARGS__}) / sizeof(double), (const double[])                         \
        {                                                                                          \
            __VA_ARGS__                                                                            \
        }                                                                                          \
    }
#define NONE                                                                                       \
    {                                                                                              \
        0, NULL                                                                                    \
    }
#define LAYER(name, layer, training, shape, ...) {#name, layer, training, shape, __VA_ARGS__},

Test(layers_torch, give_pytorchs_numbers)
{
    for (int wide = 0; wide < 2; wide++) {
        const row rows[] = {
#include "reference/torch_layers.def"
        };
        for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
            compare(&rows[i], wide ? AD_F64 : AD_F32);
        }
    }
}
