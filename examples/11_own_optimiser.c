/* SPDX-License-Identifier: MIT */
/* An optimiser's rule and a metric that the library does not have, written as it writes its own,
 * and a loop of training by hand.
 *
 *   Lion:  w <- w - eta sign(beta1 m + (1 - beta1) g),   m <- beta2 m + (1 - beta2) g
 *   F1:    2 TP / (2 TP + FP + FN)
 *
 * Two half moons of points are told apart by a small network. nn_fit trains it with Lion until F1
 * is 99 %; then the same net is trained again, step by step, in a loop of our own. Both do the same
 * arithmetic, so their weights agree to the last bit.
 * Source: Chen et al. 2023, "Symbolic discovery of optimization algorithms", algorithm 2. */
#include <wengert/nn.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 400, EPOCHS = 300 };

/* ---- the rule: what it remembers, its options, its step ---- */

static ad_var lion_step(const nn_update *u)
{
    double beta1 = u->options[0], beta2 = u->options[1];
    ad_var m = u->slot[0], mixed = ad_add(ad_mul(beta1, m), ad_mul(1 - beta1, u->g));
    u->next[0] = ad_add(ad_mul(beta2, m), ad_mul(1 - beta2, u->g));
    return ad_fma(nn_update_number(u, 0), ad_sign(mixed), u->w); /* number 0 is -eta */
}

static const nn_rule lion_rule = {
    .name = "lion",
    .slots = {{"mean", NULL}},
    .options = {{"beta1", 0.9, "[)", 0, 1}, {"beta2", 0.99, "[)", 0, 1}},
    .step = lion_step};

typedef struct lion_options {
    NN_RULE_OPTIONS; /* rate, l2, decay */
    NN_OPTION(beta1);
    NN_OPTION(beta2);
} lion_options;

#define lion(...) NN_OPTIM(&lion_rule, lion_options, __VA_ARGS__)

/* ---- the metric: what a batch adds to its sums, and what they make ---- */

static void count_errors(ad_var a, ad_var y, double *sums)
{
    double logit[ROWS], label[ROWS]; /* of a batch; as doubles, whatever the model's type */
    ad_read(a, ad_count(a), logit);
    ad_read(y, ad_count(y), label);
    for (size_t i = 0; i < ad_count(a); i++) {
        int found = logit[i] > 0, there = label[i] > 0.5;
        sums[0] += found && there;
        sums[1] += found != there;
    }
}

static double f1_of(const double *sums)
{
    return 2 * sums[0] / (2 * sums[0] + sums[1]);
}

static const nn_metric f1 = {
    .name = "F1", .add = count_errors, .finish = f1_of, .better = NN_HIGHER, .percent = 1};

/* ---- data and net ---- */

static void make_moons(double (*x)[2], double *y)
{
    ad_rng rng = {.seed = 1};
    for (int i = 0; i < ROWS; i++) {
        double angle = 3.14159265358979323846 * ad_rng_uniform(&rng);
        y[i] = i % 2;
        x[i][0] = (i % 2 ? 1 - cos(angle) : cos(angle)) + 0.1 * ad_rng_normal(&rng);
        x[i][1] = (i % 2 ? 0.5 - sin(angle) : sin(angle)) + 0.1 * ad_rng_normal(&rng);
    }
}

static nn_model *new_net(void)
{
    nn_model *net = nn_sequential(nn_dense(16, .activation = ad_tanh), nn_dense(1));
    nn_build(net, .input = AD_SHAPE(2), .seed = 3);
    return net;
}

/* The loop by hand; the cost before the last step. */
static double train(nn_model *net, int steps, double (*x)[2], double *y)
{
    double cost_was = NAN;
    nn_optimiser *optimiser =
        nn_optimiser_new(lion(.rate = 0.01), nn_model_params(net), NULL, NULL);
    ad_tape *tape = ad_tape_new();
    ad_mark start = ad_tape_mark(tape);
    for (int step = 0; step < steps; step++) {
        ad_tape_rewind(tape, start);
        ad_var inputs = ad_input_view(tape, AD_F64, AD_SHAPE(ROWS, 2), x);
        ad_var a = nn_forward(net, inputs, .training = 1);
        ad_var labels = ad_input_view(tape, AD_F64, AD_SHAPE(ROWS, 1), y);
        ad_var cost = nn_binary_cross_entropy(a, labels);
        nn_minimise(optimiser, cost);
        cost_was = ad_value(cost);
    }
    if (ad_tape_status(tape) != AD_OK) {
        fprintf(stderr, "%s\n", ad_tape_message(tape));
    }
    ad_tape_free(tape);
    nn_optimiser_free(optimiser);
    return cost_was;
}

static int are_same(const nn_params *a, const nn_params *b)
{
    int same = 1;
    for (int i = 0; i < nn_params_count(a); i++) {
        const nn_param *p = nn_params_at(a, i), *q = nn_params_at(b, i);
        same = same && memcmp(p->data, q->data, p->count * ad_type_bytes(p->type)) == 0;
    }
    return same;
}

int main(void)
{
    static double x[ROWS][2], y[ROWS];
    make_moons(x, y);
    nn_model *net = new_net(), *again = new_net();
    nn_array points = nn_array_view(NN_F64, AD_SHAPE(ROWS, 2), x);
    nn_array labels = nn_array_view(NN_F64, AD_SHAPE(ROWS, 1), y);
    nn_fit_result fit =
        nn_fit(net, points, labels, .cost = nn_binary_cross_entropy, .optim = lion(.rate = 0.01),
               .metric = f1, .target = 0.99, .epochs = EPOCHS, .progress = NULL);
    int failed = fit.error.status != AD_OK;
    if (failed) {
        fprintf(stderr, "%s\n", fit.error.message);
    } else {
        nn_score last = fit.history[fit.epochs - 1].train;
        printf("nn_fit: after %d epochs cost = %.6f, F1 = %.2f %%\n", fit.epochs, last.cost,
               100 * last.metric);
        printf("by hand: after %d steps cost = %.6f\n", fit.epochs, train(again, fit.epochs, x, y));
        printf("the weights are %s\n",
               are_same(nn_model_params(net), nn_model_params(again)) ? "the same" : "different");
    }
    nn_fit_result_clear(&fit);
    nn_model_free(again);
    nn_model_free(net);
    return failed;
}
