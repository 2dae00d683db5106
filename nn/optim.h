/* SPDX-License-Identifier: MIT */
#ifndef NN_OPTIM_H
#define NN_OPTIM_H

#include <wengert/autodiff.h>

#include "options.h"
#include "params.h"

/* Optimisers: how gradients change parameters. [everyday]
 *
 *   nn_adam(.rate = 1e-3)
 *
 * is a plain value, a rule and its numbers, to give to nn_fit. In a loop of one's own an
 * nn_optimiser holds what the rule remembers from step to step (momenta, the count of steps):
 *
 *   nn_optimiser *optimiser = nn_optimiser_new(nn_adam(.rate = 1e-3), params, NULL, &error);
 *   for (..) {
 *       cost = ..                                 of nn_forward(net, x, .training = 1)
 *       nn_minimise(optimiser, cost);             gradients, and a step
 *       ad_tape_rewind(tape, mark);
 *   }
 *
 * A recorded step can be compiled with ad_fn_new: each call is then one step, before which
 * nn_optimiser_advance sets the numbers that change.
 *
 * Rules are written with g for the gradient, w the parameter, t = 1, 2, .. the step, and follow
 * PyTorch's conventions. An option that is left out has the usual value that stands beside it; one
 * that is set to 0 is 0. Every rule has these:
 *
 *   rate     eta > 0; must be given
 *   l2       g + l2 w in place of g, as of a penalty l2/2 |w|^2; 0
 *   decay    w (1 - rate decay) before the update, apart from g ("AdamW"); 0
 *
 * The last two are for weights only, not for biases. */

typedef struct nn_optimiser nn_optimiser;

/* ---- a rule ---- */

enum { NN_MAX_RULE_OPTIONS = 8, NN_MAX_RULE_SLOTS = 4, NN_MAX_RULE_NUMBERS = 4 };

/* A number that the user may set. It is refused outside [lo, hi], of which range says what ends
 * belong to it: "[]", "[)", "(]" or "()". */
typedef struct nn_rule_option {
    const char *name;
    double usual; /* NaN: it must be given */
    const char *range;
    double lo, hi;
} nn_rule_option;

/* A tensor remembered for each parameter, of its shape and type, zeros before the first step. */
typedef struct nn_rule_slot {
    const char *name;
    const char *only_with; /* not remembered while the option of this name is 0; NULL: always */
} nn_rule_slot;

/* One parameter in one step, recorded on the tape. */
typedef struct nn_update {
    ad_var w, g;           /* with l2 and decay done */
    const double *options; /* in the order of the rule's table */
    const ad_var *slot;    /* what is remembered, before */
    ad_var *next;          /* and after, to be set: next[k] takes the place of slot[k] */
    nn_optimiser *optimiser;
} nn_update;

/* How a parameter changes; the library's rules and one's own are written alike.
 *
 *   static ad_var lion_step(const nn_update *u)
 *   {
 *       double b1 = u->options[0], b2 = u->options[1];
 *       ad_var m = ad_fma(b1, u->slot[0], ad_mul(1 - b1, u->g));
 *       u->next[0] = ad_fma(b2, u->slot[0], ad_mul(1 - b2, u->g));
 *       return ad_fma(nn_update_number(u, 0), ad_sign(m), u->w);
 *   }
 *
 *   static const nn_rule lion_rule = {
 *       .name = "lion",
 *       .slots = {{"mean"}},
 *       .options = {{"beta1", 0.9, "[)", 0, 1}, {"beta2", 0.99, "[)", 0, 1}},
 *       .step = lion_step};
 *
 *   typedef struct lion_options {
 *       NN_RULE_OPTIONS;
 *       NN_OPTION(beta1);
 *       NN_OPTION(beta2);
 *   } lion_options;
 *
 *   #define lion(...) NN_OPTIM(&lion_rule, lion_options, __VA_ARGS__)
 *
 * The numbers of a step are scalars that change from step to step without the recorded step
 * becoming another function. Number 0 is -rate, so that ad_fma(number 0, d, w) is w - rate d. A
 * rule that needs more, or another, sets them from rate and t in `numbers`. */
typedef struct nn_rule {
    const char *name;
    nn_rule_slot slots[NN_MAX_RULE_SLOTS];       /* as many as have a name */
    nn_rule_option options[NN_MAX_RULE_OPTIONS]; /* likewise, beyond those of every rule */
    void (*numbers)(const double *options, double rate, double t, double *number); /* or NULL */
    ad_var (*step)(const nn_update *update); /* records the new value of w */
} nn_rule;

/* A rule and its numbers, those of options in the order of the rule's table. */
typedef struct nn_optim {
    const nn_rule *rule; /* NULL: none chosen */
    double rate, l2, decay;
    double options[NN_MAX_RULE_OPTIONS];
} nn_optim;

/* The options of every rule: they begin each rule's struct, which then has its own in the order of
 * its table. */
#define NN_RULE_OPTIONS                                                                            \
    NN_OPTION(rate);                                                                               \
    NN_OPTION(l2);                                                                                 \
    NN_OPTION(decay)

#define NN_OPTIM(rule, type, ...)                                                                  \
    nn_optim_of(rule, NN__AS(int, sizeof(type) / (2 * sizeof(double))),                            \
                NN__AS(const double *, NN__AS(const void *, NN_GIVEN(type, __VA_ARGS__))))

#ifdef __cplusplus
extern "C" {
#endif

/* The rule with count options, two doubles each as NN_GIVEN sets them: the value, and 1 if it is
 * given, else 0. Those that are not given, or beyond count, have their usual values. */
AD_API nn_optim nn_optim_of(const nn_rule *rule, int count, const double *options);

/* Number i of the step, as a scalar of w's type on its tape. */
AD_API ad_var nn_update_number(const nn_update *update, int i);

/* ---- the library's rules ---- */

/* Gradient descent: w - rate g. */
AD_API extern const nn_rule nn_sgd_rule;

typedef struct nn_sgd_options {
    NN_RULE_OPTIONS;
} nn_sgd_options;

#define nn_sgd(...) NN_OPTIM(&nn_sgd_rule, nn_sgd_options, __VA_ARGS__)

/* v = mu v + g,  w - rate v. v begins at 0, so the first step is one of gradient descent. */
AD_API extern const nn_rule nn_momentum_rule;

typedef struct nn_momentum_options {
    NN_RULE_OPTIONS;
    NN_OPTION(momentum); /* mu in [0, 1); 0.9 */
} nn_momentum_options;

#define nn_momentum(...) NN_OPTIM(&nn_momentum_rule, nn_momentum_options, __VA_ARGS__)

/* v = mu v + g,  w - rate (g + mu v); options as nn_momentum.
 * Source: Sutskever, Martens, Dahl, Hinton 2013, section 2, with w taken at the point ahead. */
AD_API extern const nn_rule nn_nesterov_rule;

#define nn_nesterov(...) NN_OPTIM(&nn_nesterov_rule, nn_momentum_options, __VA_ARGS__)

/* m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,
 * w - rate / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + eps)
 * Source: Kingma, Ba 2015, algorithm 1; decay: Loshchilov, Hutter 2019, algorithm 2. */
AD_API extern const nn_rule nn_adam_rule;

typedef struct nn_adam_options {
    NN_RULE_OPTIONS;
    NN_OPTION(beta1); /* in [0, 1); 0.9 */
    NN_OPTION(beta2); /* in [0, 1); 0.999 */
    NN_OPTION(eps);   /* >= 0; 1e-8 */
} nn_adam_options;

#define nn_adam(...) NN_OPTIM(&nn_adam_rule, nn_adam_options, __VA_ARGS__)

/* v = alpha v + (1 - alpha) g^2,  d = g / (sqrt(v) + eps)
 *
 *   centred:    m = alpha m + (1 - alpha) g,  d = g / (sqrt(v - m^2) + eps)
 *   momentum:   b = mu b + d,  w - rate b;  without: w - rate d
 *
 * Source: Tieleman, Hinton 2012, lecture 6.5; centred: Graves 2013, eq. 38 to 42. */
AD_API extern const nn_rule nn_rmsprop_rule;

typedef struct nn_rmsprop_options {
    NN_RULE_OPTIONS;
    NN_OPTION(alpha);    /* in [0, 1); 0.99 */
    NN_OPTION(eps);      /* >= 0; 1e-8 */
    NN_OPTION(momentum); /* mu in [0, 1); 0 */
    NN_OPTION(centred);  /* 1: yes; 0 */
} nn_rmsprop_options;

#define nn_rmsprop(...) NN_OPTIM(&nn_rmsprop_rule, nn_rmsprop_options, __VA_ARGS__)

/* ---- a rule at work ---- */

/* What a rule remembers about a set of parameters, which must outlive it; NULL on failure.
 *
 * Errors: AD_ERR_STATE if no rule is chosen, or it has no step;  AD_ERR_DOMAIN if an option is
 *         outside its range;  AD_ERR_MEMORY.
 * Owns: the caller, until nn_optimiser_free (NULL is fine). */
AD_API nn_optimiser *nn_optimiser_new(nn_optim optim, const nn_params *params,
                                      const ad_allocator *allocator, ad_error *error);
AD_API void nn_optimiser_free(nn_optimiser *optimiser);

/* One step: records the update of every parameter from its variable w[i] and gradient dw[i], as
 * ad_assign operations on w's tape. The rate is the rule's times factor. Returns the tape's status;
 * if that is an error, some parameters may have been changed.
 * Errors: AD_ERR_STATE if optimiser, w or dw is NULL or w is on no tape, or the rule left out what
 *         it remembers;  AD_ERR_DOMAIN if factor is not finite. */
AD_API ad_status nn_optimiser_step(nn_optimiser *optimiser, const ad_var *w, const ad_var *dw,
                                   double factor);

/* The gradients of cost, a scalar, by all parameters, and one step at the rule's rate. The cost is
 * to be made of the parameters as nn_forward or nn_params_bind put them on its tape.
 * Errors: AD_ERR_STATE if optimiser is NULL or cost on no tape;  those of ad_grad and
 *         nn_optimiser_step. */
AD_API ad_status nn_minimise(nn_optimiser *optimiser, ad_var cost);

/* Begins the next step: counts it and sets what its rate, the rule's times factor, and its number
 * decide. nn_optimiser_step does so itself; a compiled step needs it before each call. */
AD_API void nn_optimiser_advance(nn_optimiser *optimiser, double factor);

/* The set the rule remembers ("momentum.velocity.dense1.weight", ..) and the steps taken, for
 * checkpoints. A negative count is taken as 0; NULL has no memory and has taken no steps.
 * Owns: the optimiser. */
AD_API nn_params *nn_optimiser_memory(const nn_optimiser *optimiser);
AD_API int64_t nn_optimiser_count(const nn_optimiser *optimiser);
AD_API void nn_optimiser_set_count(nn_optimiser *optimiser, int64_t count);

/* Scales gradients so that their norm, over all elements of all, is at most limit:
 *
 *   dw_i min(1, limit / (|dw| + 1e-6)),   |dw| = sqrt(sum of squares)
 *
 * dw is replaced. Returns the norm before, as a variable.
 * Errors: AD_ERR_DOMAIN unless limit > 0; the tape keeps it.
 * Source: Pascanu, Mikolov, Bengio 2013, algorithm 1; the 1e-6 is PyTorch's. */
AD_API ad_var nn_clip_norm(int count, ad_var *dw, double limit);

#ifdef __cplusplus
}
#endif

#endif
