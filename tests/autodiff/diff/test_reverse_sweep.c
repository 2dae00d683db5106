/* SPDX-License-Identifier: MIT */
/* The gradient of scalars as numbers, on tapes so long that not all nodes are swept over. */
#include "autodiff.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { LEN = 150000, VARS = 40 };

/* Its elements are few or many, near and far: each takes two of those before it, most of them near,
 * by a row that differs. */
static ad_var *record(ad_tape *tape, ad_rng *rng, int64_t reach)
{
    ad_var *v = malloc(LEN * sizeof *v);
    cr_assert_not_null(v);
    for (int i = 0; i < LEN; i++) {
        if (i < VARS) {
            v[i] = ad_input(tape, ad_rng_uniform(rng) - 0.5);
            continue;
        }
        int64_t near = i < reach ? i : reach, far = ad_rng_below(rng, 8) == 0 ? i : near;
        ad_var a = v[i - 1 - ad_rng_below(rng, near)], b = v[i - 1 - ad_rng_below(rng, far)];
        switch (ad_rng_below(rng, 5)) {
        case 0:
            v[i] = ad_mul(a, b);
            break;
        case 1:
            v[i] = ad_sub(ad_literal(0.25), a);
            break;
        case 2:
            v[i] = ad_where(a, b, a);
            break;
        case 3:
            v[i] = ad_sin(a);
            break;
        default:
            v[i] = ad_fma(a, a, b);
            break;
        }
    }
    return v;
}

Test(reverse_sweep, pieces_of_a_long_tape_have_the_bits_of_the_recorded_gradient)
{
    ad_rng rng = {.seed = 3};
    for (int trial = 0; trial < 6; trial++) {
        ad_tape *tape = ad_tape_new();
        ad_var *v = record(tape, &rng, trial % 2 ? LEN : 30), x[VARS], dx[VARS];
        for (int i = 0; i < VARS; i++) { /* inputs, and values in between */
            x[i] = i < VARS / 2 ? v[i] : v[ad_rng_below(&rng, LEN)];
        }
        for (int k = 0; k < 20; k++) {
            ad_var a = v[LEN - 1 - ad_rng_below(&rng, 100)], y = k % 3 ? ad_mul(a, x[k]) : a;
            y = k % 5 ? y : ad_square(ad_add(x[k], ad_mul(x[0], x[1])));
            double out[VARS];
            cr_assert_eq(ad_grad_values(y, VARS, x, out), AD_OK);
            ad_mark mark = ad_tape_mark(tape);
            cr_assert_eq(ad_grad(y, VARS, x, dx), AD_OK);
            for (int i = 0; i < VARS; i++) {
                double got = out[i] + 0.0, want = ad_value(dx[i]) + 0.0;
                cr_expect(memcmp(&got, &want, sizeof got) == 0 || (got != got && want != want),
                          "trial %d, y %d, x %d: %.17g, not %.17g", trial, k, i, got, want);
            }
            ad_tape_rewind(tape, mark);
        }
        free(v);
        ad_tape_free(tape);
    }
}

/* By the memory that it takes: what is not met needs none. */
Test(reverse_sweep, a_small_function_of_an_early_variable_costs_no_more_on_a_long_tape)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 0.5), z = x;
    for (int i = 0; i < LEN; i++) {
        z = ad_sin(z);
    }
    size_t before = ad_tape_bytes(tape);
    double g = 0;
    ad_var y = ad_mul(3, ad_square(x));
    cr_assert_eq(ad_grad_values(y, 1, &x, &g), AD_OK);
    cr_expect_eq(g, 3);
    cr_expect_lt(ad_tape_bytes(tape) - before, LEN * sizeof g);
    ad_tape_free(tape);
}

/* A growing tape asks for a little more each time: the blocks of its scratch storage grow too. */
Test(reverse_sweep, memory_of_many_gradients_is_that_of_the_last)
{
    ad_tape *tape = ad_tape_new();
    ad_var x = ad_input(tape, 0.5), y = x;
    double g;
    for (int i = 0; i < 20000; i++) {
        y = ad_sin(y);
        if (i > 10000 && i % 10 == 0) {
            cr_assert_eq(ad_grad_values(y, 1, &x, &g), AD_OK);
        }
    }
    cr_expect_leq(ad_tape_bytes(tape), 20000 * 200, "%zu bytes", ad_tape_bytes(tape));
    ad_tape_free(tape);
}
