/* SPDX-License-Identifier: MIT */
#include "optim.h"

#include "common/memory_internal.h"

#include <math.h>
#include <stdio.h>

/* Errors name the function that recorded the operation. */
#undef AD_HERE
#define AD_HERE __func__

enum { MAX_SLOTS = 2, EVERY = 0, MOMENTUM = 1, MOMENTS = 2 };

/* Numbers that change from step to step: they are views of the stepper's memory, so that the step,
 * once recorded, stays the same function. */
enum { RATE, SCALE, KEEP, NUMBERS };

/* One parameter in one step. */
typedef struct update {
    const nn_optim_options *o;
    nn_stepper *stepper;
    ad_type type;
    ad_var w, g;
    const ad_var *slot; /* what is remembered, before */
    ad_var *next;       /* and after */
} update;

/* A rule gives w's new value. */
struct nn__optim_rule {
    const char *name;
    unsigned uses; /* options beyond those that every rule has */
    int slots;
    const char *slot_name[MAX_SLOTS];
    void (*number)(const nn_optim_options *o, double rate, double t, double *number);
    ad_var (*apply)(const update *u);
};

struct nn_stepper {
    ad_allocator allocator;
    nn_optim optim;
    const nn_params *params;
    nn_params *memory; /* slots of parameter 0, of parameter 1, .. */
    ad_var *slots;     /* their variables in the current step */
    int64_t t;
    double wide[NUMBERS];  /* those of step t, */
    float narrow[NUMBERS]; /* and as f32 */
};

/* ---- the rules ---- */

static ad_var number(const update *u, int which)
{
    void *at =
        u->type == AD_F64 ? (void *)&u->stepper->wide[which] : (void *)&u->stepper->narrow[which];
    return ad_input_view(u->w.tape, u->type, AD_SCALAR, at);
}

static void plain_number(const nn_optim_options *o, double rate, double t, double *to)
{
    (void)o, (void)t;
    to[RATE] = -rate;
}

static ad_var sgd(const update *u)
{
    return ad_fma(number(u, RATE), u->g, u->w);
}

static ad_var momentum(const update *u)
{
    u->next[0] = ad_fma(u->o->momentum, u->slot[0], u->g);
    return ad_fma(number(u, RATE), u->next[0], u->w);
}

static ad_var nesterov(const update *u)
{
    u->next[0] = ad_fma(u->o->momentum, u->slot[0], u->g);
    ad_var ahead = ad_fma(u->o->momentum, u->next[0], u->g);
    return ad_fma(number(u, RATE), ahead, u->w);
}

static void adam_number(const nn_optim_options *o, double rate, double t, double *to)
{
    to[RATE] = -rate / (1 - pow(o->beta1, t));
    to[SCALE] = 1 / sqrt(1 - pow(o->beta2, t));
}

static ad_var adam(const update *u)
{
    double b1 = u->o->beta1, b2 = u->o->beta2;
    u->next[0] = ad_fma(b1, u->slot[0], ad_mul(1 - b1, u->g));
    u->next[1] = ad_fma(b2, u->slot[1], ad_mul(1 - b2, ad_square(u->g)));
    ad_var scaled = ad_fma(ad_sqrt(u->next[1]), number(u, SCALE), u->o->eps);
    return ad_fma(number(u, RATE), ad_div(u->next[0], scaled), u->w);
}

static const nn__optim_rule sgd_rule = {"sgd", EVERY, 0, {NULL}, plain_number, sgd};
static const nn__optim_rule momentum_rule = {"momentum",   MOMENTUM,     1,
                                             {"velocity"}, plain_number, momentum};
static const nn__optim_rule nesterov_rule = {"nesterov",   MOMENTUM,     1,
                                             {"velocity"}, plain_number, nesterov};
static const nn__optim_rule adam_rule = {"adam", MOMENTS, 2, {"mean", "square"}, adam_number, adam};

static double or_usual(double value, double usual)
{
    return value != 0 ? value : usual;
}

nn_optim nn_sgd_of(nn_optim_options options)
{
    return (nn_optim){&sgd_rule, options};
}

nn_optim nn_momentum_of(nn_optim_options options)
{
    options.momentum = or_usual(options.momentum, 0.9);
    return (nn_optim){&momentum_rule, options};
}

nn_optim nn_nesterov_of(nn_optim_options options)
{
    options.momentum = or_usual(options.momentum, 0.9);
    return (nn_optim){&nesterov_rule, options};
}

nn_optim nn_adam_of(nn_optim_options options)
{
    options.beta1 = or_usual(options.beta1, 0.9);
    options.beta2 = or_usual(options.beta2, 0.999);
    options.eps = or_usual(options.eps, 1e-8);
    return (nn_optim){&adam_rule, options};
}

const char *nn_optim_name(nn_optim optim)
{
    return optim.rule != NULL ? optim.rule->name : "none";
}

/* ---- the stepper ---- */

static ad_status check(nn_optim optim, ad_error *error)
{
    if (optim.rule == NULL) {
        return ad_error_set(error, AD_ERR_STATE,
                            "no optimiser is chosen; give one, as nn_sgd(.rate = 0.1)");
    }
    const nn_optim_options *o = &optim.options;
    const struct {
        const char *name;
        double value, below;
        unsigned use;
    } rows[] = {{"rate", o->rate, INFINITY, EVERY},  {"momentum", o->momentum, 1, MOMENTUM},
                {"beta1", o->beta1, 1, MOMENTS},     {"beta2", o->beta2, 1, MOMENTS},
                {"eps", o->eps, INFINITY, MOMENTS},  {"l2", o->l2, INFINITY, EVERY},
                {"decay", o->decay, INFINITY, EVERY}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].value != 0 && (rows[i].use & ~optim.rule->uses) != 0) {
            return ad_error_set(error, AD_ERR_DOMAIN, "nn_%s has no option %s; leave it out",
                                optim.rule->name, rows[i].name);
        }
        if (!(rows[i].value >= 0 && rows[i].value < rows[i].below)) {
            return ad_error_set(error, AD_ERR_DOMAIN, "nn_%s: %s = %g; it must be in [0, %g)",
                                optim.rule->name, rows[i].name, rows[i].value, rows[i].below);
        }
    }
    if (o->rate == 0) {
        return ad_error_set(error, AD_ERR_DOMAIN, "nn_%s: give a rate, as nn_%s(.rate = 0.1)",
                            optim.rule->name, optim.rule->name);
    }
    return AD_OK;
}

static ad_status add_slots(nn_stepper *stepper, ad_error *error)
{
    const nn__optim_rule *rule = stepper->optim.rule;
    for (int i = 0; i < nn_params_count(stepper->params); i++) {
        const nn_param *p = nn_params_at(stepper->params, i);
        for (int k = 0; k < rule->slots; k++) {
            char name[128];
            (void)snprintf(name, sizeof name, "%s.%s.%s", rule->name, rule->slot_name[k], p->name);
            ad_status status =
                nn_params_add(stepper->memory, name, p->role, p->type, p->shape, error);
            if (status != AD_OK) {
                return status;
            }
        }
    }
    return AD_OK;
}

nn_stepper *nn_stepper_new(nn_optim optim, const nn_params *params, const ad_allocator *allocator,
                           ad_error *error)
{
    if (check(optim, error) != AD_OK) {
        return NULL;
    }
    ad_allocator own = nn__allocator(allocator);
    nn_stepper *stepper = nn__resize(&own, NULL, 1, sizeof *stepper);
    if (stepper == NULL) {
        ad_error_set(error, AD_ERR_MEMORY, "nn_stepper_new: out of memory");
        return NULL;
    }
    *stepper = (nn_stepper){.allocator = own, .optim = optim, .params = params};
    stepper->memory = nn_params_new(&own);
    size_t slots = (size_t)optim.rule->slots * (size_t)nn_params_count(params);
    stepper->slots = nn__resize(&own, NULL, slots + 1, sizeof *stepper->slots);
    if (stepper->memory == NULL || stepper->slots == NULL) {
        ad_error_set(error, AD_ERR_MEMORY, "nn_stepper_new: out of memory");
        nn_stepper_free(stepper);
        return NULL;
    }
    if (add_slots(stepper, error) != AD_OK) {
        nn_stepper_free(stepper);
        return NULL;
    }
    return stepper;
}

void nn_stepper_free(nn_stepper *stepper)
{
    if (stepper != NULL) {
        ad_allocator allocator = stepper->allocator;
        nn_params_free(stepper->memory);
        nn__free(&allocator, stepper->slots);
        nn__free(&allocator, stepper);
    }
}

/* All new values are recorded before the first is assigned, since they depend on the old ones. */
static void step_one(nn_stepper *stepper, const nn_param *p, ad_var w, ad_var g, const ad_var *slot)
{
    const nn_optim_options *o = &stepper->optim.options;
    int decays = p->role == NN_WEIGHT;
    ad_var old = w, next[MAX_SLOTS];
    update u = {.o = o, .stepper = stepper, .type = p->type, .slot = slot, .next = next};
    u.w = w;
    if (o->l2 != 0 && decays) {
        g = ad_fma(o->l2, w, g);
    }
    if (o->decay != 0 && decays) {
        u.w = ad_mul(w, number(&u, KEEP));
    }
    u.g = g;
    w = stepper->optim.rule->apply(&u);
    for (int k = 0; k < stepper->optim.rule->slots; k++) {
        ad_assign(slot[k], next[k]);
    }
    ad_assign(old, w);
}

void nn_stepper_advance(nn_stepper *stepper, double factor)
{
    if (stepper == NULL) {
        return;
    }
    const nn_optim_options *o = &stepper->optim.options;
    double rate = o->rate * factor;
    stepper->t += stepper->t < INT64_MAX;
    stepper->optim.rule->number(o, rate, (double)stepper->t, stepper->wide);
    stepper->wide[KEEP] = 1 - rate * o->decay;
    for (int i = 0; i < NUMBERS; i++) {
        stepper->narrow[i] = (float)stepper->wide[i];
    }
}

ad_status nn_step(nn_stepper *stepper, const ad_var *w, const ad_var *dw, double factor)
{
    int count = stepper != NULL ? nn_params_count(stepper->params) : 0;
    if (stepper != NULL && count == 0) {
        return AD_OK;
    }
    ad_tape *tape = w != NULL ? w[0].tape : NULL;
    if (stepper == NULL || dw == NULL || tape == NULL) {
        const char *text = stepper == NULL ? "the stepper is NULL; nn_stepper_new has said why"
                                           : "give the parameters' variables and their gradients";
        return tape != NULL ? ad_tape_fail(tape, AD_ERR_STATE, "nn_step", NULL, "%s", text)
                            : AD_ERR_STATE;
    }
    int slots = stepper->optim.rule->slots;
    if (!isfinite(factor)) {
        return ad_tape_fail(tape, AD_ERR_DOMAIN, "nn_step", NULL,
                            "the factor of the rate is %g; it must be a number", factor);
    }
    if (nn_params_count(stepper->memory) != count * slots) {
        return ad_tape_fail(tape, AD_ERR_STATE, "nn_step", NULL,
                            "the set has %d parameters, but had %d when the stepper was made; make "
                            "one for all of them",
                            count, nn_params_count(stepper->memory) / (slots > 0 ? slots : 1));
    }
    nn_params_bind(stepper->memory, tape, stepper->slots);
    nn_stepper_advance(stepper, factor);
    for (int i = 0; i < count && ad_tape_status(tape) == AD_OK; i++) {
        step_one(stepper, nn_params_at(stepper->params, i), w[i], dw[i],
                 stepper->slots + i * slots);
    }
    return ad_tape_status(tape);
}

nn_params *nn_stepper_memory(const nn_stepper *stepper)
{
    return stepper != NULL ? stepper->memory : NULL;
}

int64_t nn_stepper_count(const nn_stepper *stepper)
{
    return stepper != NULL ? stepper->t : 0;
}

void nn_stepper_set_count(nn_stepper *stepper, int64_t count)
{
    if (stepper != NULL) {
        stepper->t = count > 0 ? count : 0;
    }
}

ad_var nn_clip_norm(int count, ad_var *dw, double limit)
{
    if (count > 0 && dw == NULL) {
        return ad_literal(NAN);
    }
    if (count > 0 && !(limit > 0) && dw[0].tape != NULL) {
        ad_tape_fail(dw[0].tape, AD_ERR_DOMAIN, "nn_clip_norm", NULL,
                     "the limit is %g; give one above 0", limit);
    }
    ad_var squares = ad_literal(0);
    for (int i = 0; i < count; i++) {
        squares = ad_add(squares, ad_sum(ad_square(dw[i]), AD_ALL));
    }
    ad_var norm = ad_sqrt(squares);
    ad_var scale = ad_minimum(ad_div(limit, ad_add(norm, 1e-6)), 1);
    for (int i = 0; i < count; i++) {
        dw[i] = ad_mul(dw[i], scale);
    }
    if (count > 0 && ad_is_dead(dw[count - 1])) { /* all or none */
        norm = dw[count - 1];
        for (int i = 0; i < count; i++) {
            dw[i] = norm;
        }
    }
    return norm;
}
