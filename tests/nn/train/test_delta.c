/* SPDX-License-Identifier: MIT */
/* Gradients of whole nets against the delta equations, written out here in plain C:
 *
 *   delta^L = dC/da^L * f'(z^L),   delta^l = (W^(l+1) delta^(l+1)) * f'(z^l)
 *   dC/dW^l = (a^(l-1))' delta^l,  dC/db^l = sum over rows of delta^l
 *
 * with * element by element and rows of a batch as rows of a and delta. W is [in, out]. */
#include "activations.h"
#include "costs.h"
#include "layers.h"
#include "model.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

enum { MOST = 64, DEPTH = 20, ROWS = 3 };

/* ---- activations and their derivatives, by hand ---- */

typedef struct pair {
    double f, df;
} pair;

static double s(double z)
{
    return z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z));
}

static double clamped(double z, double lo, double hi)
{
    return z < lo ? lo : z > hi ? hi : z;
}

#define RULE(name, value, derivative)                                                              \
    static pair name(double z)                                                                     \
    {                                                                                              \
        return (pair){value, derivative};                                                          \
    }

RULE(identity, z, 1)
RULE(sigmoid, s(z), s(z) * s(-z))
RULE(tangens, tanh(z), 1 / (cosh(z) * cosh(z)))
RULE(relu, z > 0 ? z : 0, z > 0)
RULE(leaky_relu, z > 0 ? z : 0.01 * z, z > 0 ? 1 : 0.01)
RULE(elu, z > 0 ? z : expm1(z), z > 0 ? 1 : exp(z))
#define SELU_S 1.0507009873554804934
#define SELU_A 1.6732632423543772848
RULE(selu, SELU_S *(z > 0 ? z : SELU_A * expm1(z)), SELU_S *(z > 0 ? 1 : SELU_A * exp(z)))
#define PHI (0.5 * erfc(-z / sqrt(2)))
RULE(gelu, z *PHI, PHI + z * exp(-z * z / 2) / sqrt(2 * 3.14159265358979323846))
RULE(silu, z *s(z), s(z) + z * s(z) * s(-z))
#define SOFTPLUS (fmax(z, 0) + log1p(exp(-fabs(z))))
RULE(mish, z *tanh(SOFTPLUS), tanh(SOFTPLUS) + z * s(z) / pow(cosh(SOFTPLUS), 2))
RULE(softplus, SOFTPLUS, s(z))
RULE(relu6, clamped(z, 0, 6), z > 0 && z < 6)
RULE(softsign, z / (1 + fabs(z)), 1 / ((1 + fabs(z)) * (1 + fabs(z))))
RULE(hard_tanh, clamped(z, -1, 1), z > -1 && z < 1)
RULE(hard_sigmoid, clamped(z / 6 + 0.5, 0, 1), z > -3 && z < 3 ? 1.0 / 6 : 0)
RULE(hard_swish, z *clamped(z / 6 + 0.5, 0, 1), z <= -3 ? 0 : z >= 3 ? 1 : z / 3 + 0.5)
RULE(log_sigmoid, -(fmax(-z, 0) + log1p(exp(-fabs(z)))), s(-z))
RULE(arctan, atan(z), 1 / (1 + z * z))
RULE(arsinh, asinh(z), 1 / sqrt(1 + z * z))
RULE(sine, sin(z), cos(z))
RULE(errorf, erf(z), 2 / sqrt(3.14159265358979323846) * exp(-z * z))

static const struct {
    const char *name;
    pair (*rule)(double z);
} table[] = {{"identity", identity},
             {"sigmoid", sigmoid},
             {"tanh", tangens},
             {"relu", relu},
             {"leaky_relu", leaky_relu},
             {"elu", elu},
             {"selu", selu},
             {"gelu", gelu},
             {"silu", silu},
             {"mish", mish},
             {"softplus", softplus},
             {"relu6", relu6},
             {"softsign", softsign},
             {"hard_tanh", hard_tanh},
             {"hard_sigmoid", hard_sigmoid},
             {"hard_swish", hard_swish},
             {"log_sigmoid", log_sigmoid},
             {"atan", arctan},
             {"asinh", arsinh},
             {"sin", sine},
             {"erf", errorf}};

enum { ACTIVATIONS = sizeof table / sizeof table[0] };

/* ---- the delta equations ---- */

/* Layer l has width[l] units; width[0] is the number of inputs. All arrays are [rows][width]. */
typedef struct net {
    int depth;
    int width[DEPTH + 1];
    const double *W[DEPTH + 1], *b[DEPTH + 1];
    double z[DEPTH + 1][ROWS][MOST], a[DEPTH + 1][ROWS][MOST], delta[DEPTH + 1][ROWS][MOST];
    double dW[DEPTH + 1][MOST * MOST], db[DEPTH + 1][MOST];
} net;

static void forward(net *n, pair (*rule)(double))
{
    for (int l = 1; l <= n->depth; l++) {
        for (int r = 0; r < ROWS; r++) {
            for (int j = 0; j < n->width[l]; j++) {
                double z = n->b[l][j];
                for (int i = 0; i < n->width[l - 1]; i++) {
                    z += n->a[l - 1][r][i] * n->W[l][i * n->width[l] + j];
                }
                n->z[l][r][j] = z;
                n->a[l][r][j] = rule(z).f;
            }
        }
    }
}

/* delta of the last layer is there: its gradients, and the deltas and gradients of all before. */
static void backward(net *n, pair (*rule)(double))
{
    for (int l = n->depth; l >= 1; l--) {
        for (int i = 0; i < n->width[l - 1]; i++) {
            for (int j = 0; j < n->width[l]; j++) {
                double sum = 0;
                for (int r = 0; r < ROWS; r++) {
                    sum += n->a[l - 1][r][i] * n->delta[l][r][j];
                }
                n->dW[l][i * n->width[l] + j] = sum;
            }
        }
        for (int j = 0; j < n->width[l]; j++) {
            n->db[l][j] = 0;
            for (int r = 0; r < ROWS; r++) {
                n->db[l][j] += n->delta[l][r][j];
            }
        }
        for (int r = 0; r < ROWS && l > 1; r++) {
            for (int i = 0; i < n->width[l - 1]; i++) {
                double sum = 0;
                for (int j = 0; j < n->width[l]; j++) {
                    sum += n->W[l][i * n->width[l] + j] * n->delta[l][r][j];
                }
                n->delta[l - 1][r][i] = sum * rule(n->z[l - 1][r][i]).df;
            }
        }
    }
}

/* ---- the comparison ---- */

static double worst(size_t count, const double *expected, ad_var got)
{
    const double *value = ad_data(got);
    double most = 0, off = 0;
    cr_assert_eq(ad_count(got), count);
    for (size_t i = 0; i < count; i++) {
        most = fmax(most, fabs(expected[i]));
        off = fmax(off, fabs(expected[i] - value[i]));
        cr_assert(isfinite(value[i]));
    }
    return most > 0 ? off / most : off;
}

/* Everything of one net and one batch: z, a, and every delta and gradient. */
static void compare(const char *name, net *n, const nn_model *model, ad_tape *tape, ad_var cost,
                    const ad_var *params, const nn_trace *trace)
{
    ad_var at[3 * DEPTH], grad[3 * DEPTH];
    for (int l = 1; l <= n->depth; l++) {
        at[3 * l - 3] = params[2 * l - 2];
        at[3 * l - 2] = params[2 * l - 1];
        at[3 * l - 1] = trace[l - 1].z;
    }
    cr_assert_eq(ad_grad(cost, 3 * n->depth, at, grad), AD_OK, "%s", ad_tape_message(tape));
    for (int l = 1; l <= n->depth; l++) {
        double delta[ROWS * MOST], a[ROWS * MOST];
        size_t in = (size_t)n->width[l - 1], out = (size_t)n->width[l];
        for (size_t r = 0; r < ROWS; r++) {
            for (size_t j = 0; j < out; j++) {
                delta[r * out + j] = n->delta[l][r][j];
                a[r * out + j] = n->a[l][r][j];
            }
        }
        const double off[] = {
            worst(in * out, n->dW[l], grad[3 * l - 3]), worst(out, n->db[l], grad[3 * l - 2]),
            worst(ROWS * out, delta, grad[3 * l - 1]), worst(ROWS * out, a, trace[l - 1].a)};
        const char *what[] = {"dC/dW", "dC/db", "delta", "a"};
        for (int i = 0; i < 4; i++) {
            cr_expect(off[i] <= 1e-12,
                      "%s, depth %d, layer %d of %d: %s is off by %g of its largest", name,
                      n->depth, l, nn_model_depth(model), what[i], off[i]);
        }
    }
}

static void check_net(const char *name, int activation, int depth, const int *width, ad_rng *rng,
                      int classify)
{
    nn_layer *layers[DEPTH];
    nn_activation f = nn_activation_named(name)->function;
    pair (*rule)(double) = table[activation].rule;
    net *n = calloc(1, sizeof *n);
    ad_tape *tape = ad_tape_new();
    n->depth = depth;
    for (int l = 0; l <= depth; l++) {
        n->width[l] = width[l];
        if (l > 0) {
            layers[l - 1] = nn_dense(width[l], .bias = nn_normal(0, 0.1), .activation = f,
                                     .weight = nn_glorot_normal(1.2));
        }
    }
    nn_model *model = nn_sequential_in(NULL, (size_t)depth, layers);
    nn_build(model, .input = AD_SHAPE(width[0]), .seed = ad_rng_bits(rng));
    cr_assert_eq(nn_model_status(model), AD_OK, "%s", nn_model_message(model));
    nn_params *params = nn_model_params(model);
    for (int l = 1; l <= depth; l++) {
        n->W[l] = nn_params_at(params, 2 * l - 2)->data;
        n->b[l] = nn_params_at(params, 2 * l - 1)->data;
    }
    double x[ROWS * MOST], y[ROWS * MOST];
    for (int i = 0; i < ROWS * MOST; i++) {
        x[i] = ad_rng_normal(rng);
        y[i] = ad_rng_uniform(rng);
        if (i < ROWS * width[0]) {
            n->a[0][i / width[0]][i % width[0]] = x[i];
        }
    }
    int last = width[depth];
    for (int r = 0; classify && r < ROWS; r++) { /* probabilities */
        double sum = 0;
        for (int j = 0; j < last; j++) {
            sum += y[r * last + j];
        }
        for (int j = 0; j < last; j++) {
            y[r * last + j] /= sum;
        }
    }
    ad_var vars[2 * DEPTH];
    nn_trace trace[DEPTH];
    nn_params_bind(params, tape, vars);
    ad_var input = ad_input_array(tape, AD_F64, AD_SHAPE(ROWS, width[0]), x);
    ad_var a = nn_forward(model, input, .params = vars, .trace = trace);
    ad_var target = ad_input_array(tape, AD_F64, AD_SHAPE(ROWS, last), y);
    ad_var cost = classify ? nn_softmax_cross_entropy(a, target) : nn_quadratic(a, target);
    forward(n, rule);
    for (int r = 0; r < ROWS; r++) {
        double sum = 0; /* of the softmax */
        for (int j = 0; j < last; j++) {
            sum += exp(n->a[depth][r][j]);
        }
        for (int j = 0; j < last; j++) {
            double out = n->a[depth][r][j], wanted = y[r * last + j];
            double dC = classify ? exp(out) / sum - wanted : out - wanted;
            n->delta[depth][r][j] = dC / ROWS * rule(n->z[depth][r][j]).df;
        }
    }
    backward(n, rule);
    compare(name, n, model, tape, cost, vars, trace);
    nn_model_free(model);
    ad_tape_free(tape);
    free(n);
}

Test(delta, every_activation_of_the_table_has_a_rule_here)
{
    for (int i = 0; nn_activation_at(i) != NULL; i++) {
        cr_assert_lt(i, ACTIVATIONS);
        cr_expect_str_eq(nn_activation_at(i)->name, table[i].name);
    }
    cr_expect_null(nn_activation_at(ACTIVATIONS));
}

Test(delta, nets_of_any_depth_and_width_have_the_gradients_of_the_delta_equations)
{
    ad_rng rng = {.seed = 7};
    for (int activation = 0; activation < ACTIVATIONS; activation++) {
        for (int depth = 1; depth <= DEPTH; depth++) {
            int width[DEPTH + 1];
            for (int l = 0; l <= depth; l++) {
                width[l] = 1 + (int)ad_rng_below(&rng, MOST);
            }
            check_net(table[activation].name, activation, depth, width, &rng, 0);
        }
    }
}

Test(delta, so_do_the_narrowest_and_the_widest)
{
    ad_rng rng = {.seed = 10};
    for (int activation = 0; activation < ACTIVATIONS; activation++) {
        for (int depth = 1; depth <= DEPTH; depth += 19) {
            int narrow[DEPTH + 1], wide[DEPTH + 1];
            for (int l = 0; l <= depth; l++) {
                narrow[l] = 1;
                wide[l] = MOST;
            }
            check_net(table[activation].name, activation, depth, narrow, &rng, 0);
            check_net(table[activation].name, activation, depth, wide, &rng, 0);
        }
    }
}

Test(delta, a_classifier_has_the_softmax_less_the_target_as_its_last_delta)
{
    ad_rng rng = {.seed = 9};
    const int width[] = {12, 30, 20, 10};
    for (int activation = 0; activation < ACTIVATIONS; activation++) {
        check_net(table[activation].name, activation, 3, width, &rng, 1);
    }
}
