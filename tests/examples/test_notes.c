/* SPDX-License-Identifier: MIT */
/* The lecture notes' smallest programs, run again on the tape: the figures of reference/notes.json
 * but for those of test_notes_networks.c.
 *
 * Tolerances are relative. EXACT rows do the notes' arithmetic in the notes' order, and every bit
 * agrees. LIBM rows pass through exp or tanh, or through sums in another order, which may differ by
 * an ulp an operation. CANCELLED rows hold the notes' a (1 - a) for a near 1, which loses
 * digits that the tape keeps. The other tolerances say why they are as they are. */
#include "close.h"
#include "reference/notes.h"

#include <criterion/criterion.h>

static const double EXACT = 0, LIBM = 1e-13, CANCELLED = 1e-12;

/* ---- functions of a few scalars, descended with a fixed rate */

enum { MAX_PARAMETERS = 6 };

typedef ad_var cost_function(const ad_var *p, double lambda);

typedef struct descent {
    cost_function *cost;
    double lambda, eta;
    int count;
} descent;

/* The cost at p and its gradient. */
static double evaluate(const descent *d, ad_tape *tape, const double *p, double *gradient)
{
    ad_mark start = ad_tape_mark(tape);
    ad_var v[MAX_PARAMETERS];
    for (int i = 0; i < d->count; i++) {
        v[i] = ad_input(tape, p[i]);
    }
    ad_var cost = d->cost(v, d->lambda);
    ad_grad_values(cost, d->count, v, gradient);
    double value = ad_value(cost);
    ad_tape_rewind(tape, start);
    return value;
}

static void update(const descent *d, double *p, const double *gradient)
{
    for (int i = 0; i < d->count; i++) {
        p[i] -= d->eta * gradient[i];
    }
}

/* Takes steps and returns the cost after the last one. */
static double descend(const descent *d, int steps, double *p)
{
    ad_tape *tape = ad_tape_new();
    double gradient[MAX_PARAMETERS];
    for (int i = 0; i < steps; i++) {
        evaluate(d, tape, p, gradient);
        update(d, p, gradient);
    }
    double cost = evaluate(d, tape, p, gradient);
    expect_sound(tape);
    ad_tape_free(tape);
    return cost;
}

/* ---- code1: a = w x + b on one pair */

static ad_var perceptron(const ad_var *p, double lambda)
{
    (void)lambda;
    ad_var a = ad_add(ad_mul(p[0], notes.code1.x), p[1]);
    return ad_div(ad_square(ad_sub(a, notes.code1.y)), 2);
}

static ad_var perceptron_l1(const ad_var *p, double lambda)
{
    return ad_add(perceptron(p, 0), ad_mul(lambda, ad_abs(p[0])));
}

static ad_var perceptron_l2(const ad_var *p, double lambda)
{
    return ad_add(perceptron(p, 0), ad_mul(lambda, ad_square(p[0])));
}

Test(notes, code1_agrees_at_every_step)
{
    const descent d = {perceptron, 0, notes.code1.eta, 2};
    double p[2] = {notes.code1.w0, notes.code1.b0}, gradient[2];
    ad_tape *tape = ad_tape_new();
    for (int i = 0; i < COUNT(notes.code1.w); i++) {
        expect_close("loss", i, evaluate(&d, tape, p, gradient), notes.code1.loss_before[i], EXACT);
        expect_close("w", i, p[0], notes.code1.w[i], EXACT);
        expect_close("b", i, p[1], notes.code1.b[i], EXACT);
        expect_close("dw", i, gradient[0], notes.code1.dw[i], EXACT);
        expect_close("db", i, gradient[1], notes.code1.db[i], EXACT);
        update(&d, p, gradient);
    }
    expect_sound(tape);
    ad_tape_free(tape);
}

Test(notes, code1_ends_where_the_notes_end)
{
    const descent d = {perceptron, 0, notes.code1.eta, 2};
    double p[2] = {notes.code1.w0, notes.code1.b0};
    expect_close("loss", 40, descend(&d, 40, p), notes.code1.final_loss_40, EXACT);
    expect_close("w", 40, p[0], notes.code1.final_w_40, EXACT);
    expect_close("b", 40, p[1], notes.code1.final_b_40, EXACT);
    expect_close("loss", 50, descend(&d, 10, p), notes.code1.final_loss_50, EXACT);
    expect_close("w", 50, p[0], notes.code1.final_w_50, EXACT);
    expect_close("b", 50, p[1], notes.code1.final_b_50, EXACT);
}

Test(notes, code1_agrees_for_every_learning_rate)
{
    for (int i = 0; i < COUNT(notes.code1_lr_sweep_loss_after_40); i++) {
        const descent d = {perceptron, 0, notes.code1_lr_sweep_loss_after_40[i].key, 2};
        double p[2] = {notes.code1.w0, notes.code1.b0};
        expect_close("loss", i, descend(&d, 40, p), notes.code1_lr_sweep_loss_after_40[i].value,
                     EXACT);
    }
}

/* The error is multiplied by 1 - eta k a step, k = 1 + x^2 the curvature along the gradient: the
 * largest eigenvalue of the Hessian, which the tape gives as the gradient of the squared gradient:
 * H g = k g. */
Test(notes, code1_is_stable_up_to_two_over_the_curvature)
{
    ad_tape *tape = ad_tape_new();
    ad_var p[2] = {ad_input(tape, notes.code1.w0), ad_input(tape, notes.code1.b0)}, g[2], hg[2];
    ad_grad(perceptron(p, 0), 2, p, g);
    ad_var half_square = ad_div(ad_add(ad_square(g[0]), ad_square(g[1])), 2);
    ad_grad(half_square, 2, p, hg);
    for (int i = 0; i < 2; i++) {
        double curvature = ad_value(hg[i]) / ad_value(g[i]);
        expect_close("limit", i, 2 / curvature, notes.code1_lr_stability_limit, 1e-15);
        expect_close("contraction", i, 1 - notes.code1.eta * curvature,
                     notes.code1.contraction_factor_of_error, 1e-15);
    }
    expect_sound(tape);
    ad_tape_free(tape);
}

static void expect_penalised(cost_function *cost, double lambda, double w, double b, double loss)
{
    const descent d = {cost, lambda, notes.code1.eta, 2}, data = {perceptron, 0, 0, 2};
    double p[2] = {notes.code1.w0, notes.code1.b0};
    (void)descend(&d, 4000, p);
    expect_close("w", 4000, p[0], w, EXACT);
    expect_close("b", 4000, p[1], b, EXACT);
    expect_close("loss", 4000, descend(&data, 0, p), loss, EXACT);
}

Test(notes, code1_with_penalties_agrees_after_4000_steps)
{
    for (int i = 0; i < COUNT(notes.code1_l1_after_4000); i++) {
        expect_penalised(perceptron_l1, notes.code1_l1_after_4000[i].key,
                         notes.code1_l1_after_4000[i].w, notes.code1_l1_after_4000[i].b,
                         notes.code1_l1_after_4000[i].data_loss);
        expect_penalised(perceptron_l2, notes.code1_l2_after_4000[i].key,
                         notes.code1_l2_after_4000[i].w, notes.code1_l2_after_4000[i].b,
                         notes.code1_l2_after_4000[i].data_loss);
    }
}

/* ---- code2: one hidden node */

static ad_var hidden_node(const ad_var *p, double lambda)
{
    (void)lambda;
    ad_var a1 = ad_sigmoid(ad_add(ad_mul(p[0], 4), p[1]));
    return ad_div(ad_square(ad_sub(ad_add(ad_mul(p[2], a1), p[3]), 9)), 2);
}

Test(notes, code2_agrees_at_every_step)
{
    const descent d = {hidden_node, 0, notes.code2.eta, 4};
    double p[4] = {notes.code2.w1_0, notes.code2.b1_0, notes.code2.w2_0, notes.code2.b2_0}, g[4];
    ad_tape *tape = ad_tape_new();
    for (int i = 0; i < COUNT(notes.code2.loss); i++) {
        const double p_want[] = {notes.code2.w1[i], notes.code2.b1[i], notes.code2.w2[i],
                                 notes.code2.b2[i]};
        const double g_want[] = {notes.code2.dw1[i], notes.code2.db1[i], notes.code2.dw2[i],
                                 notes.code2.db2[i]};
        double loss = evaluate(&d, tape, p, g);
        expect_close("loss", i, loss, notes.code2.loss[i], LIBM);
        expect_all("w1, b1, w2, b2", 4, p, p_want, LIBM);
        expect_all("dw1, db1", 2, g, g_want, CANCELLED);
        expect_all("dw2, db2", 2, g + 2, g_want + 2, LIBM);
        /* what the gradient implies: dw2 = delta2 a1, delta2 = a2 - 9 */
        expect_close("a1", i, g[2] / g[3], notes.code2.a1[i], LIBM);
        expect_close("a2", i, g[3] + 9, notes.code2.a2[i], LIBM);
        update(&d, p, g);
    }
    expect_sound(tape);
    ad_tape_free(tape);
}

Test(notes, code2_ends_where_the_notes_end)
{
    const descent d = {hidden_node, 0, notes.code2.eta, 4};
    double p[4] = {notes.code2.w1_0, notes.code2.b1_0, notes.code2.w2_0, notes.code2.b2_0};
    double loss = descend(&d, 50, p);
    expect_close("loss", 50, loss, notes.code2.loss_after, LIBM);
    expect_close("w1", 50, p[0], notes.code2.final.w1, LIBM);
    expect_close("b1", 50, p[1], notes.code2.final.b1, LIBM);
    expect_close("w2", 50, p[2], notes.code2.final.w2, LIBM);
    expect_close("b2", 50, p[3], notes.code2.final.b2, LIBM);
    expect_close("prediction", 50, 9 - sqrt(2 * loss), notes.code2.final.prediction, LIBM);
}

/* Rate 1 overshoots at first, which amplifies the ulps of exp; below 1e-24 a loss is the rounding
 * of the prediction. */
Test(notes, code2_agrees_for_every_learning_rate)
{
    for (int i = 0; i < COUNT(notes.code2_lr_sweep_loss_after_50); i++) {
        const descent d = {hidden_node, 0, notes.code2_lr_sweep_loss_after_50[i].key, 4};
        double p[4] = {notes.code2.w1_0, notes.code2.b1_0, notes.code2.w2_0, notes.code2.b2_0};
        double want = notes.code2_lr_sweep_loss_after_50[i].value, loss = descend(&d, 50, p);
        cr_expect_float_eq(loss, want, 1e-11 * want + 1e-24, "rate %g: %.17g, expected %.17g",
                           d.eta, loss, want);
    }
}

/* ---- two inputs, two hidden nodes, one output */

static ad_var identity(ad_var z)
{
    return z;
}

Test(notes, nine_parameters_agree_in_every_number)
{
    ad_var (*const output[])(ad_var) = {identity, ad_sigmoid};
    const double bias[2] = {notes.nine_parameter[0].b2, notes.nine_parameter[0].b2};
    for (int i = 0; i < COUNT(output); i++) {
        ad_tape *tape = ad_tape_new();
        ad_var x = ad_constant(tape, AD_F64, AD_SHAPE(2), notes.nine_parameter[i].x);
        ad_var w1 = ad_input_array(tape, AD_F64, AD_SHAPE(2, 2), notes.nine_parameter[i].W1);
        ad_var b1 = ad_input_array(tape, AD_F64, AD_SHAPE(2), bias);
        ad_var w2 = ad_input_array(tape, AD_F64, AD_SHAPE(2), notes.nine_parameter[i].w2);
        ad_var b2 = ad_input(tape, notes.nine_parameter[i].b2);
        ad_var z1 = ad_add(ad_matmul(w1, x), b1), a1 = ad_sigmoid(z1);
        ad_var z2 = ad_add(ad_dot(w2, a1), b2), a2 = output[i](z2);
        ad_var cost = ad_div(ad_square(ad_sub(a2, notes.nine_parameter[i].y)), 2);
        ad_var d[6];
        ad_grad(cost, 6, (ad_var[]){z2, z1, w2, b2, w1, b1}, d);

        expect_tensor("z1", z1, notes.nine_parameter[i].z1, LIBM);
        expect_tensor("a1", a1, notes.nine_parameter[i].a1, LIBM);
        expect_tensor("z2", z2, &notes.nine_parameter[i].z2, LIBM);
        expect_tensor("a2", a2, &notes.nine_parameter[i].a2, LIBM);
        expect_tensor("cost", cost, &notes.nine_parameter[i].cost, LIBM);
        expect_tensor("delta2", d[0], &notes.nine_parameter[i].delta2, LIBM);
        expect_tensor("delta1", d[1], notes.nine_parameter[i].delta1, LIBM);
        expect_tensor("dw2", d[2], notes.nine_parameter[i].dw2, LIBM);
        expect_tensor("db2", d[3], &notes.nine_parameter[i].db2, LIBM);
        expect_tensor("dW1", d[4], notes.nine_parameter[i].dW1[0], LIBM);
        expect_tensor("db1", d[5], notes.nine_parameter[i].db1, LIBM);
        expect_sound(tape);
        ad_tape_free(tape);
    }
}

/* ---- NumPy's generator */

Test(notes, numpys_seed_0_gives_the_same_numbers)
{
    ad_mt19937 bits, uniform, normal;
    ad_mt19937_init(&bits, 0);
    ad_mt19937_init(&uniform, 0);
    ad_mt19937_init(&normal, 0);
    for (int i = 0; i < COUNT(notes.numpy_seed0_mt19937_first8_uint32); i++) {
        uint32_t number = ad_mt19937_bits(&bits);
        expect_close("bits", i, number, notes.numpy_seed0_mt19937_first8_uint32[i], EXACT);
        expect_close("normal", i, ad_mt19937_normal(&normal), notes.numpy_seed0_randn_first8[i],
                     EXACT);
        if (i < 4) {
            expect_close("bits", i, number, notes.numpy_seed0_uint32_first4[i], EXACT);
            expect_close("uniform", i, ad_mt19937_uniform(&uniform),
                         notes.numpy_seed0_random_sample_first4[i], EXACT);
        }
    }
}
