// SPDX-License-Identifier: MIT
// A C++17 program that uses the interface as C++ does: macros of operations with numbers, lists in
// place, options by filling in a struct or in their order. Compiled with every warning (.ci/headers),
// and built and run against what was installed (.ci/installed).
#include <cstdio>
#include <wengert/nn.h>

static double slope()
{
    ad_tape *tape = ad_tape_new();
    const double numbers[2] = {1, 2};
    ad_var x = ad_input(tape, 1.5), w = ad_input(tape, -0.5);
    ad_var c = ad_constant(tape, AD_F64, AD_SHAPE(2), numbers);
    ad_var y = ad_add(ad_mul(x, w), ad_sin(ad_mul(2.0, x)));
    ad_var z = ad_mul(y, ad_sum(ad_mul(c, 3), AD_AXES(0))), dz[2];
    ad_grad(ad_add(z, ad_sum(c, AD_ALL)), AD_LIST(x, w), dz);
    double result = ad_value(dz[1]);
    ad_tape_free(tape);
    return result;
}

static bool learns_xor()
{
    double x[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}}, y[4] = {0, 1, 1, 0};
    nn_dense_options hidden = {}, last = {};
    hidden.units = 8;
    hidden.activation = ad_tanh;
    last.units = 1;
    nn_layer *first = nn_layer_new(&nn_dense_kind, &hidden, 0, nullptr, AD_HERE);
    nn_model *net = nn_sequential(first, nn_layer_new(&nn_dense_kind, &last, 0, nullptr, AD_HERE));

    nn_fit_options options = {};
    options.cost = nn_binary_cross_entropy;
    options.optim = nn_adam(0.05);
    options.epochs = 2000;
    nn_fit_result fit = nn_fit_of(net, nn_array_view(NN_F64, AD_SHAPE(4, 2), x),
                                  nn_array_view(NN_F64, AD_SHAPE(4), y), options);
    bool learnt = fit.error.status == AD_OK && fit.history[fit.epochs - 1].train.cost < 0.1;
    nn_fit_result_clear(&fit);
    nn_model_free(net);
    return learnt;
}

int main()
{
    std::printf("%g %d\n", slope(), learns_xor());
}
