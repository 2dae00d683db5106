/* SPDX-License-Identifier: MIT */
/* Every rule that optim.h declares, found there: what holds for each of them. */
#include "members.h"
#include "optim.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { STEPS = 10, PARAMS = 4, NET_LEN = 13 };

/* ---- a rule of one's own, as optim.h shows one ---- */

static ad_var lion_step(const nn_update *u)
{
    double b1 = u->options[0], b2 = u->options[1];
    ad_var m = ad_fma(b1, u->slot[0], ad_mul(1 - b1, u->g));
    u->next[0] = ad_fma(b2, u->slot[0], ad_mul(1 - b2, u->g));
    return ad_fma(nn_update_number(u, 0), ad_sign(m), u->w);
}

static const nn_rule lion_rule = {
    .name = "lion",
    .slots = {{"mean", NULL}},
    .options = {{"beta1", 0.9, "[)", 0, 1}, {"beta2", 0.99, "[)", 0, 1}},
    .step = lion_step};

typedef struct lion_options {
    NN_RULE_OPTIONS;
    NN_OPTION(beta1);
    NN_OPTION(beta2);
} lion_options;

#define own_lion(...) NN_OPTIM(&lion_rule, lion_options, __VA_ARGS__)

#define RULE(name) &name,
static const nn_rule *const rules[] = {NN_EVERY_RULE(RULE) RULE(lion_rule)};
#undef RULE

enum { RULES = sizeof rules / sizeof rules[0] };

static int options_of(const nn_rule *rule)
{
    int count = 0;
    while (count < NN_MAX_RULE_OPTIONS && rule->options[count].name != NULL) {
        count++;
    }
    return count;
}

/* ---- trajectories ---- */

typedef struct trajectory {
    const char *name;
    nn_optim optim;
    double w[2 * (STEPS + 1)], net[NET_LEN];
} trajectory;

/* Parameters and what works on them. */
typedef struct work {
    nn_params *params;
    nn_optimiser *optimiser;
    ad_tape *tape;
    ad_mark begin;
} work;

static void add(work *k, const char *name, nn_role role, ad_type type, ad_shape shape)
{
    ad_error error = {0};
    cr_assert_eq(nn_params_add(k->params, name, role, type, shape, &error), AD_OK, "%s",
                 error.message);
}

static work begin(void)
{
    work k = {.params = nn_params_new(NULL), .tape = ad_tape_new()};
    k.begin = ad_tape_mark(k.tape);
    return k;
}

static void choose(work *k, nn_optim optim)
{
    ad_error error = {0};
    k->optimiser = nn_optimiser_new(optim, k->params, NULL, &error);
    cr_assert_not_null(k->optimiser, "%s", error.message);
}

static void end(work *k)
{
    nn_optimiser_free(k->optimiser);
    nn_params_free(k->params);
    ad_tape_free(k->tape);
}

/* One step on the cost of the parameters; it stays on the tape if function is not NULL, and becomes
 * one. */
static void step(work *k, ad_var (*cost_of)(const ad_var *w), ad_fn **function)
{
    ad_var w[PARAMS], dw[PARAMS];
    nn_params_bind(k->params, k->tape, w);
    ad_var cost = cost_of(w);
    ad_grad(cost, nn_params_count(k->params), w, dw);
    cr_assert_eq(nn_optimiser_step(k->optimiser, w, dw, 1), AD_OK, "%s", ad_tape_message(k->tape));
    if (function != NULL) {
        *function = ad_fn_new(k->tape, 0, NULL, 1, &cost);
        cr_assert_not_null(*function, "%s", ad_tape_message(k->tape));
    }
    ad_tape_rewind(k->tape, k->begin);
}

static void expect_near(const char *name, int at, size_t i, const nn_params *params, int param,
                        double expected)
{
    double got = nn_param_value(nn_params_at(params, param), i);
    cr_expect(fabs(got - expected) <= 1e-12 * fmax(1, fabs(expected)),
              "%s, step %d, parameter %d[%zu]: %.17g, not %.17g", name, at, param, i, got,
              expected);
}

static ad_var rosenbrock(const ad_var *w)
{
    ad_var valley = ad_sub(w[1], ad_square(w[0]));
    return ad_fma(10, ad_square(valley), ad_square(ad_sub(1, w[0])));
}

static void follow_rosenbrock(const trajectory *t)
{
    work k = begin();
    const char *const names[] = {"x", "y"};
    for (size_t i = 0; i < 2; i++) {
        add(&k, names[i], NN_WEIGHT, AD_F64, AD_SCALAR);
        nn_params_write(k.params, names[i], 1, &t->w[i], NULL);
    }
    choose(&k, t->optim);
    for (int at = 1; at <= STEPS; at++) {
        step(&k, rosenbrock, NULL);
        expect_near(t->name, at, 0, k.params, 0, t->w[2 * at]);
        expect_near(t->name, at, 0, k.params, 1, t->w[2 * at + 1]);
    }
    end(&k);
}

static ad_var net_cost(const ad_var *w)
{
    ad_var x = ad_constant(w[0].tape, AD_F64, AD_SHAPE(4, 2),
                           (double[]){0, 0, 0.5, -1, 1, 0.25, -0.75, 0.5});
    ad_var y = ad_constant(w[0].tape, AD_F64, AD_SHAPE(4, 1), (double[]){0.25, 1, -0.5, 0.125});
    ad_var a = ad_tanh(ad_add(ad_matmul(x, w[0]), w[1]));
    return ad_mean(ad_square(ad_sub(ad_add(ad_matmul(a, w[2]), w[3]), y)), AD_ALL);
}

static void follow_net(const trajectory *t)
{
    static const double start[NET_LEN] = {0.5,    -0.25, 0.75, -0.5,  0.375, 0.25,  0.125,
                                          -0.125, 0,     0.5,  -0.75, 0.25,  0.0625};
    static const char *const names[] = {"W1", "b1", "W2", "b2"};
    const ad_shape shapes[] = {AD_SHAPE(2, 3), AD_SHAPE(3), AD_SHAPE(3, 1), AD_SHAPE(1)};
    work k = begin();
    for (size_t i = 0, from = 0; i < PARAMS; i++) {
        add(&k, names[i], NN_WEIGHT, AD_F64, shapes[i]);
        nn_params_write(k.params, names[i], ad_shape_count(&shapes[i]), start + from, NULL);
        from += ad_shape_count(&shapes[i]);
    }
    choose(&k, t->optim);
    for (int at = 1; at <= STEPS; at++) {
        step(&k, net_cost, NULL);
    }
    for (int i = 0, from = 0; i < PARAMS; i++) {
        int len = (int)ad_shape_count(&shapes[i]);
        for (int j = 0; j < len; j++) {
            expect_near(t->name, STEPS, (size_t)j, k.params, i, t->net[from + j]);
        }
        from += len;
    }
    end(&k);
}

Test(rules, follow_pytorch_on_rosenbrocks_function_and_a_net)
{
#define LIST(...) __VA_ARGS__
#define OPTIM_ROW(NAME, OPTIM, W, NET) {#NAME, OPTIM, {LIST W}, {LIST NET}},
    const trajectory rows[] = {
#include "reference/torch_optim.def"
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        follow_rosenbrock(&rows[i]);
        follow_net(&rows[i]);
    }
}

/* ---- of every rule ---- */

/* The rule at a rate, all else as usual. */
static nn_optim usual(const nn_rule *rule, double rate)
{
    return nn_optim_of(rule, 1, (const double[]){rate, 1});
}

/* Rules are run with all that they can remember: options that are 0 as usual are also set. */
static nn_optim full(const nn_rule *rule, double rate)
{
    nn_optim optim = usual(rule, rate);
    optim.l2 = 0.01;
    optim.decay = 0.02;
    for (int i = 0; i < options_of(rule); i++) {
        const nn_rule_option *o = &rule->options[i];
        if (o->usual == 0) {
            optim.options[i] = isinf(o->hi) ? 0.5 : o->range[1] == ']' ? o->hi : 0.5 * o->hi;
        }
    }
    return optim;
}

static nn_optim chosen(const nn_rule *rule, int with_all)
{
    return with_all ? full(rule, 0.03) : usual(rule, 0.03);
}

/* Parameters of several shapes, one without elements, and weights and a bias. */
static work begin_bowl(ad_type type)
{
    static const char *const names[] = {"scalar", "bias", "none", "matrix"};
    const ad_shape shapes[] = {AD_SCALAR, AD_SHAPE(5), AD_SHAPE(0, 3), AD_SHAPE(3, 7)};
    work k = begin();
    for (size_t i = 0; i < PARAMS; i++) {
        double values[21];
        size_t len = ad_shape_count(&shapes[i]);
        add(&k, names[i], i == 1 ? NN_BIAS : NN_WEIGHT, type, shapes[i]);
        ad_rng_fill_uniform((ad_rng){.seed = 4, .stream = i}, AD_F64, len, values);
        nn_params_write(k.params, names[i], len, values, NULL);
    }
    return k;
}

/* Not separable, not even in its slopes, and lowest at 2 everywhere. */
static ad_var bowl(const ad_var *w)
{
    ad_var all = ad_literal(0);
    for (int i = 0; i < PARAMS; i++) {
        all = ad_add(all, ad_sum(ad_square(ad_sub(w[i], 2)), AD_ALL));
    }
    return ad_add(all, ad_mul(0.1, ad_square(all)));
}

static void expect_same(const nn_params *a, const nn_params *b, const char *text)
{
    cr_assert_eq(nn_params_count(a), nn_params_count(b));
    for (int i = 0; i < nn_params_count(a); i++) {
        const nn_param *p = nn_params_at(a, i), *q = nn_params_at(b, i);
        cr_assert_str_eq(p->name, q->name);
        cr_expect_eq(memcmp(p->data, q->data, p->count * ad_type_bytes(p->type)), 0, "%s: %s", text,
                     p->name);
    }
}

Test(rules, a_compiled_step_is_the_recorded_one_bit_for_bit_in_both_types)
{
    for (int i = 0; i < 4 * RULES; i++) {
        const nn_rule *rule = rules[i / 4];
        const ad_type type = i % 2 == 0 ? AD_F64 : AD_F32;
        work recorded = begin_bowl(type), compiled = begin_bowl(type);
        ad_fn *f = NULL;
        union {
            double wide;
            float narrow;
        } cost;
        choose(&recorded, chosen(rule, i / 2 % 2));
        choose(&compiled, chosen(rule, i / 2 % 2));
        step(&recorded, bowl, NULL);
        step(&compiled, bowl, &f);
        for (int at = 0; at < 20; at++) {
            step(&recorded, bowl, NULL);
            nn_optimiser_advance(compiled.optimiser, 1);
            cr_assert_eq(ad_fn_run(f, NULL, (void *[]){&cost}), AD_OK, "%s", ad_fn_message(f));
        }
        expect_same(recorded.params, compiled.params, rule->name);
        expect_same(nn_optimiser_memory(recorded.optimiser),
                    nn_optimiser_memory(compiled.optimiser), rule->name);
        cr_expect_eq(nn_optimiser_count(compiled.optimiser), 21);
        ad_fn_free(f);
        end(&recorded);
        end(&compiled);
    }
}

Test(rules, single_precision_stays_beside_double)
{
    for (int i = 0; i < 2 * RULES; i++) {
        work wide = begin_bowl(AD_F64), narrow = begin_bowl(AD_F32);
        choose(&wide, chosen(rules[i / 2], i % 2));
        choose(&narrow, chosen(rules[i / 2], i % 2));
        for (int at = 0; at < STEPS; at++) {
            step(&wide, bowl, NULL);
            step(&narrow, bowl, NULL);
        }
        for (int p = 0; p < PARAMS; p++) {
            const nn_param *a = nn_params_at(wide.params, p), *b = nn_params_at(narrow.params, p);
            for (size_t j = 0; j < a->count; j++) {
                cr_expect_float_eq(nn_param_value(a, j), nn_param_value(b, j), 1e-5, "%s: %s[%zu]",
                                   rules[i / 2]->name, a->name, j);
            }
        }
        end(&wide);
        end(&narrow);
    }
}

Test(rules, find_the_lowest_point)
{
    for (int i = 0; i < RULES; i++) {
        work k = begin_bowl(AD_F64);
        choose(&k, usual(rules[i], 0.003));
        for (int at = 0; at < 8000; at++) {
            step(&k, bowl, NULL);
        }
        for (int p = 0; p < PARAMS; p++) {
            for (size_t j = 0; j < nn_params_at(k.params, p)->count; j++) {
                cr_expect_float_eq(nn_param_value(nn_params_at(k.params, p), j), 2, 0.02, "%s",
                                   rules[i]->name);
            }
        }
        end(&k);
    }
}

Test(rules, memory_and_count_are_all_that_a_step_depends_on)
{
    for (int i = 0; i < 2 * RULES; i++) {
        nn_optim optim = chosen(rules[i / 2], i % 2);
        work first = begin_bowl(AD_F64), second = begin_bowl(AD_F64);
        choose(&first, optim);
        choose(&second, optim);
        for (int at = 0; at < 5; at++) {
            step(&first, bowl, NULL);
        }
        nn_params_assign(second.params, first.params, NULL);
        cr_assert_eq(nn_params_assign(nn_optimiser_memory(second.optimiser),
                                      nn_optimiser_memory(first.optimiser), NULL),
                     AD_OK);
        nn_optimiser_set_count(second.optimiser, nn_optimiser_count(first.optimiser));
        for (int at = 0; at < 5; at++) {
            step(&first, bowl, NULL);
            step(&second, bowl, NULL);
        }
        expect_same(first.params, second.params, rules[i / 2]->name);
        end(&first);
        end(&second);
    }
}

/* What is remembered is named for rule, slot and parameter, and only what is needed. */
Test(rules, remember_what_their_slots_say)
{
    for (int i = 0; i < 2 * RULES; i++) {
        const nn_rule *rule = rules[i / 2];
        nn_optim optim = chosen(rule, i % 2);
        work k = begin_bowl(AD_F32);
        choose(&k, optim);
        const nn_params *memory = nn_optimiser_memory(k.optimiser);
        int expected = 0;
        for (int s = 0; s < NN_MAX_RULE_SLOTS && rule->slots[s].name != NULL; s++) {
            const char *with = rule->slots[s].only_with;
            int option = 0;
            while (with != NULL && strcmp(rule->options[option].name, with) != 0) {
                cr_assert_lt(++option, options_of(rule), "%s: no option %s", rule->name, with);
            }
            char name[80];
            (void)snprintf(name, sizeof name, "%s.%s.matrix", rule->name, rule->slots[s].name);
            const nn_param *p = nn_params_find(memory, name);
            cr_expect_eq(p != NULL, with == NULL || optim.options[option] != 0, "%s", name);
            cr_expect(p == NULL || (p->type == AD_F32 && p->count == 21));
            expected += p != NULL;
        }
        cr_expect_eq(nn_params_count(memory), PARAMS * expected, "%s", rule->name);
        end(&k);
    }
}

/* ---- options ---- */

/* Slopes that change their signs, so that all that is remembered counts. */
static ad_var waves(const ad_var *w)
{
    ad_var all = ad_literal(0);
    for (int i = 0; i < PARAMS; i++) {
        all = ad_add(all, ad_sum(ad_sin(ad_mul(7, w[i])), AD_ALL));
    }
    return all;
}

static double value_after(const nn_optim *optim)
{
    work k = begin_bowl(AD_F64);
    choose(&k, *optim);
    for (int at = 0; at < 30; at++) {
        step(&k, waves, NULL);
    }
    double sum = 0;
    for (size_t j = 0; j < 21; j++) {
        sum += nn_param_value(nn_params_find(k.params, "matrix"), j);
    }
    end(&k);
    return sum;
}

Test(rules, an_option_set_to_0_is_0_and_one_left_out_has_its_usual_value)
{
    for (int i = 0; i < RULES; i++) {
        const nn_rule *rule = rules[i];
        for (int j = 0; j < options_of(rule); j++) {
            double given[2 * (3 + NN_MAX_RULE_OPTIONS)] = {0.03, 1};
            given[2 * (3 + j) + 1] = 1; /* 0, and given */
            nn_optim left_out = usual(rule, 0.03);
            nn_optim zero = nn_optim_of(rule, 3 + NN_MAX_RULE_OPTIONS, given);
            const nn_rule_option *o = &rule->options[j];
            cr_expect_eq(zero.options[j], 0, "%s: %s", rule->name, o->name);
            cr_expect_eq(left_out.options[j], o->usual, "%s: %s", rule->name, o->name);
            if (o->usual != 0 && o->lo == 0 && o->range[0] == '[') {
                cr_expect(fabs(value_after(&zero) - value_after(&left_out)) > 0, "%s: %s",
                          rule->name, o->name);
            }
        }
    }
    cr_expect_eq(nn_momentum(.rate = 0.1, .momentum = 0).options[0], 0);
    cr_expect_eq(nn_momentum(.rate = 0.1).options[0], 0.9);
    cr_expect_eq(nn_rmsprop(.momentum = 0.25, .rate = 0.1, .eps = 0).options[2], 0.25);
    cr_expect_eq(nn_rmsprop(.momentum = 0.25, .rate = 0.1, .eps = 0).options[1], 0);
    cr_expect_eq(nn_rmsprop(.momentum = 0.25, .rate = 0.1, .eps = 0).options[0], 0.99);
}

static void try_option(const nn_rule *rule, const nn_rule_option *o, int place, double value)
{
    nn_optim optim = usual(rule, 0.03);
    *(place == 0   ? &optim.rate
      : place == 1 ? &optim.l2
      : place == 2 ? &optim.decay
                   : &optim.options[place - 3]) = value;
    int is_inside = (o->range[0] == '[' ? value >= o->lo : value > o->lo) &&
                    (o->range[1] == ']' ? value <= o->hi : value < o->hi);
    work k = begin_bowl(AD_F64);
    ad_error error = {0};
    k.optimiser = nn_optimiser_new(optim, k.params, NULL, &error);
    cr_expect_eq(k.optimiser != NULL, is_inside, "%s: %s = %g", rule->name, o->name, value);
    if (!is_inside) {
        char text[200];
        (void)snprintf(text, sizeof text, "%s: %s = %g; it must be in %c%g, %g%c", rule->name,
                       o->name, value, o->range[0], o->lo, o->hi, o->range[1]);
        cr_expect_eq(error.status, AD_ERR_DOMAIN);
        if (!(isnan(value) && isnan(o->usual))) {
            cr_expect_str_eq(error.message, text);
        }
    }
    end(&k);
}

Test(rules, options_outside_their_range_are_refused_with_name_value_and_range)
{
    const nn_rule_option common[] = {{"rate", NAN, "()", 0, INFINITY},
                                     {"l2", 0, "[)", 0, INFINITY},
                                     {"decay", 0, "[)", 0, INFINITY}};
    for (int i = 0; i < RULES; i++) {
        for (int j = 0; j < 3 + options_of(rules[i]); j++) {
            const nn_rule_option *o = j < 3 ? &common[j] : &rules[i]->options[j - 3];
            const double tried[] = {o->lo,
                                    o->hi,
                                    nextafter(o->lo, -INFINITY),
                                    nextafter(o->lo, INFINITY),
                                    nextafter(o->hi, INFINITY),
                                    nextafter(o->hi, -INFINITY),
                                    -INFINITY,
                                    NAN};
            cr_assert(o->lo < o->hi && strlen(o->range) == 2);
            cr_expect(isnan(o->usual) || (o->usual >= o->lo && o->usual <= o->hi));
            for (size_t n = 0; n < sizeof tried / sizeof tried[0]; n++) {
                try_option(rules[i], o, j, tried[n]);
            }
        }
        ad_error error = {0};
        nn_optim without = nn_optim_of(rules[i], 0, NULL);
        cr_expect_null(nn_optimiser_new(without, NULL, NULL, &error));
        cr_expect_not_null(strstr(error.message, ": give rate, as .rate = 0.1"), "%s",
                           error.message);
    }
}

Test(rules, a_rule_that_is_not_whole_is_refused)
{
    static const nn_rule nameless = {.step = lion_step}, stepless = {.name = "none"};
    ad_error error = {0};
    cr_expect_null(nn_optimiser_new(usual(NULL, 1), NULL, NULL, &error));
    cr_expect_eq(error.status, AD_ERR_STATE);
    cr_expect_null(nn_optimiser_new(usual(&nameless, 1), NULL, NULL, &error));
    cr_expect_str_eq(error.message, "the optimiser's rule has no name");
    cr_expect_null(nn_optimiser_new(usual(&stepless, 1), NULL, NULL, &error));
    cr_expect_str_eq(error.message, "the optimiser's rule has no step");
    cr_expect(isnan(ad_value(nn_update_number(NULL, 0))));
}

Test(rules, minimising_is_gradient_and_step_in_one)
{
    for (int i = 0; i < RULES; i++) {
        work by_hand = begin_bowl(AD_F64), at_once = begin_bowl(AD_F64);
        choose(&by_hand, usual(rules[i], 0.03));
        choose(&at_once, usual(rules[i], 0.03));
        for (int at = 0; at < 5; at++) {
            ad_var w[PARAMS];
            step(&by_hand, bowl, NULL);
            nn_params_bind(at_once.params, at_once.tape, w);
            cr_assert_eq(nn_minimise(at_once.optimiser, bowl(w)), AD_OK, "%s",
                         ad_tape_message(at_once.tape));
            ad_tape_rewind(at_once.tape, at_once.begin);
        }
        expect_same(by_hand.params, at_once.params, rules[i]->name);
        end(&by_hand);
        end(&at_once);
    }
    ad_tape *tape = ad_tape_new();
    cr_expect_eq(nn_minimise(NULL, ad_input(tape, 1)), AD_ERR_STATE);
    cr_expect_eq(nn_minimise(NULL, ad_literal(1)), AD_ERR_STATE);
    ad_tape_free(tape);
}
