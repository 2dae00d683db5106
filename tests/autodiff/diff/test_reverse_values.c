/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <string.h>

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(reverse_values, .init = start, .fini = stop);

enum { VARS = 3, ROWS = 3, COLUMNS = 5, MOST = VARS * ROWS * COLUMNS };

/* A random program of tensors that broadcast, are used often, cut and put together; x[2] is a row,
 * and one of the values in between takes the place of x[0]. */
static ad_var random_program(uint64_t seed, ad_var x[VARS])
{
    enum { STEPS = 40 };
    ad_var v[VARS + STEPS];
    uint64_t bits = seed * 0x9e3779b97f4a7c15U + 1;
    memcpy(v, x, VARS * sizeof *x);
    for (int n = VARS; n < VARS + STEPS; n++) {
        bits = bits * 6364136223846793005U + 1442695040888963407U;
        ad_var a = v[(bits >> 33) % (uint64_t)n], b = v[(bits >> 43) % (uint64_t)n];
        ad_var whole = ad_broadcast_to(a, AD_SHAPE(ROWS, COLUMNS));
        ad_var halves[] = {ad_slice(whole, 0, 1, AD_END, 1), ad_slice(whole, 0, 0, 1, 1)};
        ad_var choice[] = {ad_add(a, b),
                           ad_sub(b, a),
                           ad_mul(ad_sigmoid(a), b),
                           ad_fma(a, ad_tanh(b), 0.5),
                           ad_concat(2, halves, 0),
                           ad_reshape(ad_reshape(whole, AD_SHAPE(-1)), AD_SHAPE(ROWS, COLUMNS)),
                           ad_tanh(ad_sub(whole, ad_mean(whole, AD_ALL))),
                           ad_max(whole, AD_KEEP(0))};
        v[n] = choice[(bits >> 53) % (sizeof choice / sizeof *choice)];
    }
    x[0] = v[VARS + seed % 7];
    return ad_mean(ad_square(v[VARS + STEPS - 1]), AD_ALL);
}

static void start_program(ad_type type, uint64_t seed, ad_var x[VARS])
{
    double at[ROWS * COLUMNS];
    for (int i = 0; i < VARS; i++) {
        const ad_shape shape = i == 2 ? AD_SHAPE(COLUMNS) : AD_SHAPE(ROWS, COLUMNS);
        ad_rng_fill_normal((ad_rng){.seed = seed, .stream = (uint64_t)i}, AD_F64,
                           ad_shape_count(&shape), at);
        x[i] = ad_cast(ad_input_array(tape, AD_F64, shape, at), type);
    }
}

Test(reverse_values, gradients_of_tensors_have_the_bits_of_recorded_ones)
{
    for (uint64_t seed = 0; seed < 400; seed++) {
        double swept[MOST], recorded[MOST];
        ad_var x[VARS], dx[VARS];
        ad_mark mark = ad_tape_mark(tape);
        start_program(seed % 2 ? AD_F32 : AD_F64, seed, x);
        ad_var y = random_program(seed, x);
        size_t len = ad_tape_len(tape), at = 0;
        cr_assert_eq(ad_grad_values(y, VARS, x, swept), AD_OK, "%s", ad_tape_message(tape));
        cr_expect_eq(ad_tape_len(tape), len, "the tape is as before");
        cr_assert_eq(ad_grad(y, VARS, x, dx), AD_OK);
        for (int i = 0; i < VARS; at += ad_count(x[i]), i++) {
            cr_assert_eq(ad_read(dx[i], ad_count(x[i]), recorded + at), AD_OK);
        }
        for (size_t i = 0; i < at; i++) {
            swept[i] += 0.0, recorded[i] += 0.0;
            cr_expect(memcmp(&swept[i], &recorded[i], sizeof *swept) == 0,
                      "seed %d, element %zu: %.17g swept, %.17g recorded", (int)seed, i, swept[i],
                      recorded[i]);
        }
        ad_tape_rewind(tape, mark);
    }
}

/* The whole, before the part, is not asked for; then it depends on nothing that is. */
Test(reverse_values, a_part_of_a_tensor_can_be_asked_for)
{
    const double numbers[] = {1, 2, 3, 4};
    ad_var whole = ad_input_array(tape, AD_F64, AD_SHAPE(4), numbers), x = ad_input(tape, 3);
    ad_var part = ad_slice(whole, 0, 1, 3, 1), y = ad_mul(x, ad_sum(ad_square(part), AD_ALL));
    double out[2];
    cr_assert_eq(ad_grad_values(y, 1, &part, out), AD_OK, "%s", ad_tape_message(tape));
    cr_expect(out[0] == 12 && out[1] == 18, "%g %g", out[0], out[1]);
    ad_var first = ad_input(tape, 5), in[] = {first, part};
    double both[3];
    whole = ad_input_array(tape, AD_F64, AD_SHAPE(4), numbers);
    in[1] = ad_slice(whole, 0, 0, 2, 1);
    y = ad_mul(first, ad_sum(ad_square(in[1]), AD_ALL));
    cr_assert_eq(ad_grad_values(y, 2, in, both), AD_OK, "%s", ad_tape_message(tape));
    cr_expect(both[0] == 5 && both[1] == 10 && both[2] == 20);
}

/* Each step needs two tensors forward, and would record ten on the way back. */
/* Fails unless both gradients have the same bits. */
static void compare_gradients(ad_var y, int count, const ad_var *x)
{
    double values[MOST], recorded[MOST];
    ad_var dx[VARS + 2];
    size_t at = 0;
    cr_assert_eq(ad_grad_values(y, count, x, values), AD_OK, "%s", ad_tape_message(tape));
    cr_assert_eq(ad_grad(y, count, x, dx), AD_OK);
    for (int i = 0; i < count; i++) {
        cr_assert_eq(ad_read(dx[i], ad_count(dx[i]), recorded + at), AD_OK);
        at += ad_count(dx[i]);
    }
    cr_expect_eq(memcmp(values, recorded, at * sizeof *values), 0);
}

Test(reverse_values, what_has_its_arguments_elements_hands_its_adjoint_on)
{
    for (int type = AD_F64; type <= AD_F32; type++) {
        ad_var x =
            ad_cast(ad_constant(tape, AD_F64, AD_SHAPE(2, 3), TEST_NUMBERS(1, -2, 3, 0, 5, 6)),
                    (ad_type)type);
        x = ad_mul(x, ad_cast(ad_input(tape, 1), (ad_type)type));
        ad_var flat = ad_reshape(x, AD_SHAPE(-1)), wide = ad_expand_dims(flat, 0);
        ad_var part = ad_reshape(ad_slice(flat, 0, 2, 6, 1), AD_SHAPE(2, 2));
        ad_var lone = ad_reshape(ad_slice(flat, 0, 4, 5, 1), AD_SCALAR);
        ad_var none = ad_reshape(ad_slice(x, 0, 1, 1, 1), AD_SHAPE(3, 0));
        ad_var y = ad_add(ad_sum(ad_sin(wide), AD_ALL), ad_sum(ad_neg(none), AD_ALL));
        compare_gradients(y, 1, &x);
        compare_gradients(y, 3, (ad_var[]){x, flat, wide});
        y = ad_add(y, ad_mul(lone, ad_sum(ad_mul(part, part), AD_ALL)));
        compare_gradients(y, 1, &x);
        compare_gradients(y, 5, (ad_var[]){part, x, lone, wide, flat});
        compare_gradients(ad_sum(ad_neg(flat), AD_ALL), 2, (ad_var[]){x, none});
    }
}

Test(reverse_values, the_way_back_takes_no_memory_by_the_step)
{
    enum { STEPS = 500, LEN = 1000 };
    static double out[LEN];
    ad_var x = ad_full(tape, AD_F64, AD_SHAPE(LEN), 0.5), y = x;
    for (int i = 0; i < STEPS; i++) {
        y = ad_sigmoid(ad_mul(y, x));
    }
    y = ad_sum(y, AD_ALL);
    size_t before = ad_tape_bytes(tape);
    cr_assert_eq(ad_grad_values(y, 1, &x, out), AD_OK);
    cr_expect_leq(ad_tape_bytes(tape), before + (size_t)40 * LEN * sizeof *out);
}

/* ---- the user's own rules ---- */

static ad_status twice_eval(void *user, int count, const ad_custom_array *x, ad_custom_array *z,
                            ad_error *error)
{
    const double *from = x[0].data;
    double *to = z->data;
    (void)user, (void)count, (void)error;
    for (size_t i = 0; i < z->count; i++) {
        to[i] = 2 * from[i];
    }
    return AD_OK;
}

/* The factor is a variable that the first call of the rule records for all others. */
static void twice_vjp(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx)
{
    ad_var *factor = user;
    (void)count, (void)x, (void)z;
    if (factor->tape == NULL) {
        *factor = ad_input_array(g.tape, AD_F64, AD_SHAPE(3), ((double[]){2, 2, 2}));
    }
    dx[0] = ad_mul(g, *factor);
}

Test(reverse_values, a_users_rule_may_use_again_what_it_recorded)
{
    static const ad_custom_op twice = {.name = "twice", .eval = twice_eval, .vjp = twice_vjp};
    double out[3];
    ad_var factor = ad_literal(0), x = test_counting(tape, AD_F64, AD_SHAPE(3)), y = x;
    for (int i = 0; i < 5; i++) {
        y = ad_mul(ad_custom(&twice, &factor, 1, &y), 0.5);
    }
    cr_assert_eq(ad_grad_values(ad_sum(y, AD_ALL), 1, &x, out), AD_OK);
    cr_expect(out[0] == 1 && out[1] == 1 && out[2] == 1);
}
