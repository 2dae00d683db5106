/* SPDX-License-Identifier: MIT */
/* Activations and their first two derivatives against PyTorch's, in scalar and in tensor form. */
#include "autodiff.h"

#include <criterion/criterion.h>
#include <math.h>

static ad_var sigmoid(ad_var z)
{
    return ad_sigmoid(z);
}

static ad_var tanh_of(ad_var z)
{
    return ad_tanh(z);
}

static ad_var relu(ad_var z)
{
    return ad_relu(z);
}

static ad_var leaky_relu_0p01(ad_var z)
{
    return ad_leaky_relu(z, 0.01);
}

static ad_var elu_1(ad_var z)
{
    return ad_elu(z, 1);
}

static ad_var elu_0p5(ad_var z)
{
    return ad_elu(z, 0.5);
}

static ad_var softplus(ad_var z)
{
    return ad_softplus(z);
}

static ad_var gelu(ad_var z)
{
    return ad_gelu(z);
}

static ad_var silu(ad_var z)
{
    return ad_silu(z);
}

typedef struct row {
    const char *name;
    ad_var (*f)(ad_var);
    double z, order[3];
} row;

#define tanh tanh_of
#define ROW(NAME, Z, F, DF, D2F) {#NAME, NAME, Z, {F, DF, D2F}},
static const row rows[] = {
#include "reference/torch_activations.def"
};
#undef tanh

/* PyTorch subtracts numbers near 1 where it saturates: tanh'(30) is 0 there and 3.5e-26 here, and
 * silu''(30) differs from silu''(-30), its equal, by 2.7e-15. The absolute part allows for that. */
static void expect(const row *r, const char *form, int order, double got)
{
    double expected = r->order[order];
    cr_expect(fabs(got - expected) <= 1e-12 * fabs(expected) + 4e-15,
              "%s, %s, order %d at %g: expected %.17g, got %.17g", r->name, form, order, r->z,
              expected, got);
}

static void check(const row *r, ad_tape *tape, ad_var z, const char *form)
{
    ad_var y = r->f(z), dz, d2z;
    ad_grad(ad_sum(y, AD_ALL), 1, &z, &dz);
    ad_grad(ad_sum(dz, AD_ALL), 1, &z, &d2z);
    cr_expect(ad_tape_status(tape) == AD_OK, "%s", ad_tape_message(tape));
    expect(r, form, 0, ad_value(y));
    expect(r, form, 1, ad_value(dz));
    expect(r, form, 2, ad_value(d2z));
}

Test(activations_torch, values_and_two_derivatives_agree)
{
    ad_tape *tape = ad_tape_new();
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        check(&rows[i], tape, ad_input(tape, rows[i].z), "scalar");
        check(&rows[i], tape, ad_input_array(tape, AD_F64, AD_SHAPE(1), &rows[i].z), "tensor");
    }
    ad_tape_free(tape);
}
