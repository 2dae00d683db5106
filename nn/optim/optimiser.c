/* SPDX-License-Identifier: MIT */
#include "optim.h"

#include "common/memory_internal.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Numbers that change from step to step are views of the optimiser's memory, so that the step, once
 * recorded, stays the same function: those of the rule, and 1 - rate decay. */
enum { KEEP = NN_MAX_RULE_NUMBERS, NUMBERS };

struct nn_optimiser {
    ad_allocator allocator;
    nn_optim optim;
    const nn_params *params;
    int count;                    /* of parameters, when it was made */
    nn_params *memory;            /* what is remembered of parameter 0, of parameter 1, .. */
    int slots[NN_MAX_RULE_SLOTS]; /* of the rule: those that are remembered, */
    int slot_count;               /* so many */
    ad_var *remembered, *w, *dw;  /* variables of a step */
    int64_t t;
    double wide[NUMBERS];  /* those of step t, */
    float narrow[NUMBERS]; /* and as f32 */
};

static const nn_rule_option common[] = {{"rate", NAN, "()", 0, INFINITY},
                                        {"l2", 0, "[)", 0, INFINITY},
                                        {"decay", 0, "[)", 0, INFINITY}};

enum { COMMON = sizeof common / sizeof common[0] };

/* ---- a rule and its numbers ---- */

nn_optim nn_optim_of(const nn_rule *rule, int count, const double *options)
{
    nn_optim optim = {.rule = rule};
    double *common_value[COMMON] = {&optim.rate, &optim.l2, &optim.decay};
    for (int i = 0; i < COMMON + NN_MAX_RULE_OPTIONS && rule != NULL; i++) {
        const nn_rule_option *option = i < COMMON ? &common[i] : &rule->options[i - COMMON];
        double *value = i < COMMON ? common_value[i] : &optim.options[i - COMMON];
        int is_given = i < count && options != NULL && options[2 * i + 1] != 0;
        *value = is_given ? options[2 * i] : option->usual;
    }
    return optim;
}

static ad_status check_option(const nn_rule *rule, const nn_rule_option *o, double value,
                              ad_error *error)
{
    const char *range = o->range != NULL && strlen(o->range) == 2 ? o->range : "[]";
    int above = range[0] == '(' ? value > o->lo : value >= o->lo;
    int below = range[1] == ')' ? value < o->hi : value <= o->hi;
    if (isnan(o->usual) && isnan(value)) {
        return ad_error_set(error, AD_ERR_DOMAIN, "%s: give %s, as .%s = 0.1", rule->name, o->name,
                            o->name);
    }
    if (!above || !below) {
        return ad_error_set(error, AD_ERR_DOMAIN, "%s: %s = %g; it must be in %c%g, %g%c",
                            rule->name, o->name, value, range[0], o->lo, o->hi, range[1]);
    }
    return AD_OK;
}

static ad_status check(const nn_optim *optim, ad_error *error)
{
    const nn_rule *rule = optim->rule;
    if (rule == NULL) {
        return ad_error_set(error, AD_ERR_STATE,
                            "no optimiser is chosen; give one, as nn_sgd(.rate = 0.1)");
    }
    if (rule->name == NULL || rule->step == NULL) {
        return ad_error_set(error, AD_ERR_STATE, "the optimiser's rule has no %s",
                            rule->name == NULL ? "name" : "step");
    }
    const double value[COMMON] = {optim->rate, optim->l2, optim->decay};
    ad_status status = AD_OK;
    for (int i = 0; i < COMMON && status == AD_OK; i++) {
        status = check_option(rule, &common[i], value[i], error);
    }
    for (int i = 0; i < NN_MAX_RULE_OPTIONS && status == AD_OK; i++) {
        if (rule->options[i].name != NULL) {
            status = check_option(rule, &rule->options[i], optim->options[i], error);
        }
    }
    return status;
}

/* ---- what is remembered ---- */

static int remembers(const nn_optim *optim, const nn_rule_slot *slot)
{
    if (slot->name == NULL || slot->only_with == NULL) {
        return slot->name != NULL;
    }
    for (int i = 0; i < NN_MAX_RULE_OPTIONS; i++) {
        const char *name = optim->rule->options[i].name;
        if (name != NULL && strcmp(name, slot->only_with) == 0) {
            return optim->options[i] != 0;
        }
    }
    return 1;
}

static ad_status add_slot(nn_optimiser *optimiser, const char *slot, const nn_param *p,
                          ad_error *error)
{
    static const char form[] = "%s.%s.%s";
    const char *rule = optimiser->optim.rule->name;
    int len = snprintf(NULL, 0, form, rule, slot, p->name);
    char *name = nn__resize(&optimiser->allocator, NULL, (size_t)len + 1, 1);
    if (name == NULL) {
        return ad_error_set(error, AD_ERR_MEMORY, "nn_optimiser_new: out of memory");
    }
    (void)snprintf(name, (size_t)len + 1, form, rule, slot, p->name);
    /* of what is not trained there is nothing to remember */
    ad_shape shape = nn_role_trains(p->role) ? p->shape : AD_SHAPE(0);
    ad_status status = nn_params_add(optimiser->memory, name, p->role, p->type, shape, error);
    nn__free(&optimiser->allocator, name);
    return status;
}

static ad_status add_slots(nn_optimiser *optimiser, ad_error *error)
{
    const nn_rule_slot *slots = optimiser->optim.rule->slots;
    ad_status status = AD_OK;
    for (int i = 0; i < nn_params_count(optimiser->params); i++) {
        const nn_param *p = nn_params_at(optimiser->params, i);
        for (int k = 0; k < optimiser->slot_count && status == AD_OK; k++) {
            status = add_slot(optimiser, slots[optimiser->slots[k]].name, p, error);
        }
    }
    return status;
}

nn_optimiser *nn_optimiser_new(nn_optim optim, const nn_params *params,
                               const ad_allocator *allocator, ad_error *error)
{
    if (check(&optim, error) != AD_OK) {
        return NULL;
    }
    if (params == NULL) {
        ad_error_set(error, AD_ERR_STATE,
                     "nn_optimiser_new: there are no parameters; a model has some after nn_build");
        return NULL;
    }
    ad_allocator own = nn__allocator(allocator);
    nn_optimiser *optimiser = nn__resize(&own, NULL, 1, sizeof *optimiser);
    if (optimiser == NULL) {
        ad_error_set(error, AD_ERR_MEMORY, "nn_optimiser_new: out of memory");
        return NULL;
    }
    *optimiser = (nn_optimiser){.allocator = own, .optim = optim, .params = params};
    for (int k = 0; k < NN_MAX_RULE_SLOTS; k++) {
        if (remembers(&optim, &optim.rule->slots[k])) {
            optimiser->slots[optimiser->slot_count++] = k;
        }
    }
    optimiser->count = nn_params_count(params);
    size_t count = (size_t)optimiser->count, slots = (size_t)optimiser->slot_count;
    optimiser->memory = nn_params_new(&own);
    optimiser->remembered = nn__resize(&own, NULL, (slots + 2) * count + 1, sizeof(ad_var));
    if (optimiser->memory == NULL || optimiser->remembered == NULL) {
        ad_error_set(error, AD_ERR_MEMORY, "nn_optimiser_new: out of memory");
        nn_optimiser_free(optimiser);
        return NULL;
    }
    optimiser->w = optimiser->remembered + slots * count;
    optimiser->dw = optimiser->w + count;
    if (add_slots(optimiser, error) != AD_OK) {
        nn_optimiser_free(optimiser);
        return NULL;
    }
    return optimiser;
}

void nn_optimiser_free(nn_optimiser *optimiser)
{
    if (optimiser != NULL) {
        ad_allocator allocator = optimiser->allocator;
        nn_params_free(optimiser->memory);
        nn__free(&allocator, optimiser->remembered);
        nn__free(&allocator, optimiser);
    }
}

nn_params *nn_optimiser_memory(const nn_optimiser *optimiser)
{
    return optimiser != NULL ? optimiser->memory : NULL;
}

int64_t nn_optimiser_count(const nn_optimiser *optimiser)
{
    return optimiser != NULL ? optimiser->t : 0;
}

void nn_optimiser_set_count(nn_optimiser *optimiser, int64_t count)
{
    if (optimiser != NULL) {
        optimiser->t = count > 0 ? count : 0;
    }
}

/* ---- a step ---- */

static ad_var number(nn_optimiser *optimiser, ad_var w, int i)
{
    ad_type type = ad_type_of(w);
    void *at = type == AD_F64 ? (void *)&optimiser->wide[i] : (void *)&optimiser->narrow[i];
    return ad_input_view(w.tape, type, AD_SCALAR, at);
}

ad_var nn_update_number(const nn_update *update, int i)
{
    if (update == NULL || update->optimiser == NULL || i < 0 || i >= NN_MAX_RULE_NUMBERS) {
        return ad_literal(NAN);
    }
    return number(update->optimiser, update->w, i);
}

/* Whether a rule has given what it has to: of w's shape, or a number. The tape keeps the error. */
static int is_new(const nn_optimiser *optimiser, const nn_param *p, const char *what, ad_var w,
                  ad_var given)
{
    const char *rule = optimiser->optim.rule->name;
    ad_shape want = ad_shape_of(w), shape = ad_shape_of(given);
    if (given.tape == NULL && isnan(given.ref.literal)) {
        ad_tape_fail(w.tape, AD_ERR_STATE, "nn_optimiser_step", NULL,
                     "%s has given no new %s of %s; its step must set it", rule, what, p->name);
        return 0;
    }
    if (given.tape != NULL && !ad_is_dead(given) && !ad_shape_equal(&want, &shape)) {
        char text[160], wanted[160];
        ad_tape_fail(w.tape, AD_ERR_SHAPE, "nn_optimiser_step", NULL,
                     "the new %s of %s by %s is %s; it must be %s", what, p->name, rule,
                     ad_shape_print(&shape, text, sizeof text),
                     ad_shape_print(&want, wanted, sizeof wanted));
        return 0;
    }
    return ad_tape_status(w.tape) == AD_OK;
}

/* All new values are recorded before the first is assigned, since they depend on the old ones. */
static void step_one(nn_optimiser *optimiser, const nn_param *p, ad_var w, ad_var g,
                     const ad_var *remembered)
{
    const nn_optim *o = &optimiser->optim;
    int decays = nn_role_decays(p->role);
    ad_var slot[NN_MAX_RULE_SLOTS], next[NN_MAX_RULE_SLOTS];
    for (int k = 0; k < NN_MAX_RULE_SLOTS; k++) {
        slot[k] = ad_literal(0);
    }
    for (int k = 0; k < optimiser->slot_count; k++) {
        slot[optimiser->slots[k]] = remembered[k];
    }
    for (int k = 0; k < NN_MAX_RULE_SLOTS; k++) {
        next[k] = ad_literal(NAN); /* until the rule sets it */
    }
    nn_update u = {
        .w = w, .g = g, .options = o->options, .slot = slot, .next = next, .optimiser = optimiser};
    if (o->l2 != 0 && decays) {
        u.g = ad_fma(o->l2, w, g);
    }
    if (o->decay != 0 && decays) {
        u.w = ad_mul(w, number(optimiser, w, KEEP));
    }
    ad_var moved = o->rule->step(&u);
    for (int k = 0; k < optimiser->slot_count; k++) {
        int slot_k = optimiser->slots[k];
        if (is_new(optimiser, p, o->rule->slots[slot_k].name, w, next[slot_k])) {
            ad_assign(remembered[k], next[slot_k]);
        }
    }
    if (is_new(optimiser, p, "value", w, moved)) {
        ad_assign(w, moved);
    }
}

void nn_optimiser_advance(nn_optimiser *optimiser, double factor)
{
    if (optimiser == NULL) {
        return;
    }
    const nn_optim *o = &optimiser->optim;
    double rate = o->rate * factor, *number = optimiser->wide;
    optimiser->t += optimiser->t < INT64_MAX;
    number[0] = -rate;
    if (o->rule->numbers != NULL) {
        o->rule->numbers(o->options, rate, (double)optimiser->t, number);
    }
    number[KEEP] = 1 - rate * o->decay;
    for (int i = 0; i < NUMBERS; i++) {
        optimiser->narrow[i] = (float)number[i];
    }
}

/* Whether there is an optimiser, of the parameters there are; the tape may be NULL. */
static ad_status check_ready(const nn_optimiser *optimiser, ad_tape *tape, const char *call)
{
    if (tape == NULL) {
        return AD_ERR_STATE;
    }
    if (optimiser == NULL) {
        return ad_tape_fail(tape, AD_ERR_STATE, call, NULL,
                            "the optimiser is NULL; nn_optimiser_new has said why");
    }
    int count = nn_params_count(optimiser->params);
    if (count != optimiser->count) {
        return ad_tape_fail(tape, AD_ERR_STATE, call, NULL,
                            "the set has %d parameters, but had %d when the optimiser was made; "
                            "make one for all of them",
                            count, optimiser->count);
    }
    return AD_OK;
}

ad_status nn_optimiser_step(nn_optimiser *optimiser, const ad_var *w, const ad_var *dw,
                            double factor)
{
    static const char here[] = "nn_optimiser_step";
    if (optimiser != NULL && nn_params_count(optimiser->params) == 0) {
        return AD_OK;
    }
    ad_tape *tape = w != NULL ? w[0].tape : NULL;
    ad_status status = check_ready(optimiser, tape, here);
    if (status != AD_OK) {
        return status;
    }
    if (dw == NULL) {
        return ad_tape_fail(tape, AD_ERR_STATE, here, NULL, "the gradients are NULL");
    }
    if (!isfinite(factor)) {
        return ad_tape_fail(tape, AD_ERR_DOMAIN, here, NULL,
                            "the factor of the rate is %g; it must be a number", factor);
    }
    const char *before = ad_tape_set_site(tape, here); /* errors name the step */
    nn_params_bind(optimiser->memory, tape, optimiser->remembered);
    nn_optimiser_advance(optimiser, factor);
    for (int i = 0; i < optimiser->count && ad_tape_status(tape) == AD_OK; i++) {
        const nn_param *p = nn_params_at(optimiser->params, i);
        if (nn_role_trains(p->role)) {
            step_one(optimiser, p, w[i], dw[i], optimiser->remembered + i * optimiser->slot_count);
        }
    }
    ad_tape_set_site(tape, before);
    return ad_tape_status(tape);
}

/* Whether some parameter was on the tape before the cost. */
static int can_reach(const nn_optimiser *optimiser, ad_var cost)
{
    int can = optimiser->count == 0 || ad_is_dead(cost);
    for (int i = 0; i < optimiser->count && !can; i++) {
        can = optimiser->w[i].ref.at.node <= cost.ref.at.node;
    }
    return can;
}

ad_status nn_minimise(nn_optimiser *optimiser, ad_var cost)
{
    ad_status status = check_ready(optimiser, cost.tape, "nn_minimise");
    if (status != AD_OK) {
        return status;
    }
    nn_params_bind(optimiser->params, cost.tape, optimiser->w);
    if (!can_reach(optimiser, cost)) {
        return ad_tape_fail(cost.tape, AD_ERR_STATE, "nn_minimise", NULL,
                            "the cost is made of none of the optimiser's parameters; apply the "
                            "model that it was made for");
    }
    nn_params_grad(optimiser->params, cost, optimiser->w, optimiser->dw);
    return nn_optimiser_step(optimiser, optimiser->w, optimiser->dw, 1);
}

ad_var nn_clip_norm(int count, ad_var *dw, double limit)
{
    if (count > 0 && dw == NULL) {
        return ad_literal(NAN);
    }
    ad_tape *tape = count > 0 ? dw[0].tape : NULL;
    const char *before = ad_tape_set_site(tape, __func__);
    if (count > 0 && !(limit > 0) && dw[0].tape != NULL) {
        ad_tape_fail(dw[0].tape, AD_ERR_DOMAIN, "nn_clip_norm", NULL,
                     "the limit is %g; give one above 0", limit);
    }
    ad_var squares = ad_literal(0);
    for (int i = 0; i < count; i++) {
        if (dw[i].tape != NULL) { /* of a parameter that is trained */
            squares = ad_add(squares, ad_sum(ad_square(dw[i]), AD_ALL));
        }
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
    ad_tape_set_site(tape, before);
    return norm;
}
