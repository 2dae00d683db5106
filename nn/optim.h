/* SPDX-License-Identifier: MIT */
#ifndef NN_OPTIM_H
#define NN_OPTIM_H

#include "options.h"
#include "params.h"

/* Optimisers: how gradients change parameters. [everyday]
 *
 *   nn_adam(.rate = 1e-3)
 *
 * is a plain value, a rule and its numbers, to give to nn_fit. In a loop of one's own an
 * nn_stepper holds what the rule remembers from step to step (momenta, the count of steps):
 *
 *   nn_stepper *stepper = nn_stepper_new(nn_adam(.rate = 1e-3), params, NULL, &error);
 *   for (..) {
 *       nn_params_bind(params, tape, w);
 *       ad_grad(cost_of(w), count, w, dw);
 *       nn_step(stepper, w, dw, 1);                        records the update and carries it out
 *       ad_tape_rewind(tape, mark);
 *   }
 *
 * A recorded step can be compiled with ad_fn_new: each call is then one step, before which
 * nn_stepper_advance sets the numbers that change.
 *
 * Rules are written with g for the gradient, w the parameter, t = 1, 2, .. the step, and follow
 * PyTorch's conventions. Weight decay comes in two forms, both on weights only, not on biases:
 *
 *   l2       g + l2 w in place of g, as of a penalty l2/2 |w|^2
 *   decay    w (1 - rate decay) before the update, apart from g ("AdamW") */

typedef struct nn_optim_options {
    double rate;         /* eta > 0 */
    double momentum;     /* mu in [0, 1); nn_momentum, nn_nesterov: 0 means 0.9 */
    double beta1, beta2; /* Adam; 0 means 0.9 and 0.999 */
    double eps;          /* Adam; 0 means 1e-8 */
    double l2, decay;
} nn_optim_options;

typedef struct nn__optim_rule nn__optim_rule;

typedef struct nn_optim {
    const nn__optim_rule *rule; /* NULL: none chosen */
    nn_optim_options options;
} nn_optim;

typedef struct nn_stepper nn_stepper;

#define nn_sgd(...) nn_sgd_of(NN_OPTIONS(nn_optim_options, __VA_ARGS__))
#define nn_momentum(...) nn_momentum_of(NN_OPTIONS(nn_optim_options, __VA_ARGS__))
#define nn_nesterov(...) nn_nesterov_of(NN_OPTIONS(nn_optim_options, __VA_ARGS__))
#define nn_adam(...) nn_adam_of(NN_OPTIONS(nn_optim_options, __VA_ARGS__))

#ifdef __cplusplus
extern "C" {
#endif

/* Gradient descent: w - rate g. */
AD_API nn_optim nn_sgd_of(nn_optim_options options);

/* v = mu v + g,  w - rate v. v begins at 0, so the first step is one of gradient descent. */
AD_API nn_optim nn_momentum_of(nn_optim_options options);

/* v = mu v + g,  w - rate (g + mu v).
 * Source: Sutskever, Martens, Dahl, Hinton 2013, section 2, with w taken at the point ahead. */
AD_API nn_optim nn_nesterov_of(nn_optim_options options);

/* m = beta1 m + (1 - beta1) g,  v = beta2 v + (1 - beta2) g^2,
 * w - rate / (1 - beta1^t) m / (sqrt(v / (1 - beta2^t)) + eps)
 * Source: Kingma, Ba 2015, algorithm 1; decay: Loshchilov, Hutter 2019, algorithm 2. */
AD_API nn_optim nn_adam_of(nn_optim_options options);

AD_API const char *nn_optim_name(nn_optim optim);

/* What a rule remembers about a set of parameters, which must outlive it; NULL on failure.
 *
 * Errors: AD_ERR_STATE if no rule is chosen;  AD_ERR_DOMAIN if a number is outside its range;
 *         AD_ERR_MEMORY.
 * Owns: the caller, until nn_stepper_free (NULL is fine). */
AD_API nn_stepper *nn_stepper_new(nn_optim optim, const nn_params *params,
                                  const ad_allocator *allocator, ad_error *error);
AD_API void nn_stepper_free(nn_stepper *stepper);

/* One step: records the update of every parameter from its variable w[i] and gradient dw[i], as
 * ad_assign operations on w's tape. The rate is the rule's times factor. Returns the tape's status;
 * if that is an error, some parameters may have been changed.
 * Errors: AD_ERR_STATE if stepper, w or dw is NULL or w is on no tape;  AD_ERR_DOMAIN if factor is
 *         not finite. */
AD_API ad_status nn_step(nn_stepper *stepper, const ad_var *w, const ad_var *dw, double factor);

/* Begins the next step: counts it and sets what its rate, the rule's times factor, and its number
 * decide. nn_step does so itself; a compiled step needs it before each call. */
AD_API void nn_stepper_advance(nn_stepper *stepper, double factor);

/* The set the rule remembers ("momentum.dense1.weight", ..) and the steps taken, for checkpoints.
 * A negative count is taken as 0; NULL has no memory and has taken no steps.
 * Owns: the stepper. */
AD_API nn_params *nn_stepper_memory(const nn_stepper *stepper);
AD_API int64_t nn_stepper_count(const nn_stepper *stepper);
AD_API void nn_stepper_set_count(nn_stepper *stepper, int64_t count);

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
