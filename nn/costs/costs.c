/* SPDX-License-Identifier: MIT */
#include "costs.h"

#include "costs/costs_internal.h"

#include <math.h>

/* Errors name the cost. */
#undef AD__CALL
#define AD__CALL(f, ...) f##_at(__VA_ARGS__, __func__)

static ad_var dead(ad_var a)
{
    return ad_add(a, ad_literal(0)); /* dead, since the tape has failed */
}

/* Whether two shapes are the same but for axes of length 1. */
static int same_but_ones(const ad_shape *a, const ad_shape *b)
{
    int i = 0, j = 0;
    for (;;) {
        while (i < a->rank && a->len[i] == 1) {
            i++;
        }
        while (j < b->rank && b->len[j] == 1) {
            j++;
        }
        if (i == a->rank || j == b->rank) {
            return i == a->rank && j == b->rank;
        }
        if (a->len[i++] != b->len[j++]) {
            return 0;
        }
    }
}

/* The target in the type and shape of the output. */
static ad_var like(ad_var a, ad_var y, const char *cost)
{
    ad_shape shape = ad_shape_of(a), own = ad_shape_of(y);
    if (ad_type_of(y) == AD_I64) {
        y = ad_cast_at(y, ad_type_of(a), cost);
    }
    if (a.tape == NULL || ad_is_dead(a) || ad_is_dead(y) || ad_shape_equal(&shape, &own)) {
        return y;
    }
    if (!same_but_ones(&shape, &own)) {
        char output[160], target[160];
        ad_tape_fail(
            a.tape, AD_ERR_SHAPE, cost, NULL,
            "the output is %s, the target %s; they must be the same: the last layer has as "
            "many units as a target has numbers",
            ad_shape_print(&shape, output, sizeof output),
            ad_shape_print(&own, target, sizeof target));
        return dead(a);
    }
    return ad_shaped_like(ad_reshape_at(y, shape, cost), a);
}

ad_var nn_mse(ad_var a, ad_var y)
{
    return ad_mean(ad_square(ad_sub(a, like(a, y, __func__))), AD_ALL);
}

ad_var nn_mae(ad_var a, ad_var y)
{
    return ad_mean(ad_abs(ad_sub(a, like(a, y, __func__))), AD_ALL);
}

ad_var nn_sse(ad_var a, ad_var y)
{
    return ad_sum(ad_square(ad_sub(a, like(a, y, __func__))), AD_ALL);
}

/* factor over the number of rows, which is at least 1. */
static ad_var by_rows(double factor, ad_var a)
{
    ad_shape shape = ad_shape_of(a);
    int has_rows = a.tape != NULL && shape.rank > 0 && shape.len[0] > 0;
    return has_rows ? ad_div(factor, ad_size(a, AD_AXES(0))) : ad_literal(factor);
}

ad_var nn_quadratic(ad_var a, ad_var y)
{
    return ad_mul(nn_sse(a, y), by_rows(0.5, a));
}

/* Whether the targets are in the cost's domain; the tape keeps why not. */
static int is_in_domain(ad_var a, ad_var y, nn__target_check *check, const char *cost)
{
    ad_shape output = ad_shape_of(a), shape = ad_shape_of(y);
    const void *data = ad_data(y);
    ad_error error;
    if (a.tape == NULL || data == NULL || output.rank < 1 || shape.rank < 1) {
        return 1; /* an error already, or a number */
    }
    nn_array rows = nn_array_view((nn_type)ad_type_of(y), shape, data),
             model = nn_array_view((nn_type)ad_type_of(a), output, NULL);
    output = nn_array_row_shape(&model);
    if (check(&rows, &output, &error) != AD_OK) {
        ad_tape_fail(a.tape, error.status, cost, NULL, "%s", error.message);
        return 0;
    }
    return 1;
}

ad_var nn_binary_cross_entropy(ad_var a, ad_var y)
{
    if (ad_count(a) == ad_count(y) && !is_in_domain(a, y, nn__check_parts, __func__)) {
        return dead(a);
    }
    return ad_mean(ad_sub(ad_softplus(a), ad_mul(like(a, y, __func__), a)), AD_ALL);
}

ad_var nn_softmax_cross_entropy(ad_var a, ad_var y)
{
    ad_shape shape = ad_shape_of(a);
    if (shape.rank != 2 && a.tape != NULL && !ad_is_dead(a)) {
        char text[160];
        ad_tape_fail(a.tape, AD_ERR_SHAPE, __func__, NULL,
                     "the output is %s; give logits as [rows, classes]",
                     ad_shape_print(&shape, text, sizeof text));
        return dead(a);
    }
    if (!is_in_domain(a, y, nn__check_classes, __func__)) {
        return dead(a);
    }
    if (ad_type_of(y) == AD_I64 && (shape.len[1] == 1 || ad_count(y) != ad_count(a))) {
        ad_var classes = ad_reshape(y, AD_SHAPE(-1));
        y = ad_one_hot(classes, shape.len[1], ad_type_of(a));
    }
    ad_var log_p = ad_log_softmax(a, AD_AXES(-1));
    return ad_mul(ad_sum(ad_mul(like(a, y, __func__), log_p), AD_ALL), by_rows(-1, a));
}

static const nn__cost_row rows[] = {
    {"nn_mse", nn_mse, NULL, nn__check_finite, NN__MEAN, 0},
    {"nn_mae", nn_mae, NULL, nn__check_finite, NN__MEAN, 0},
    {"nn_sse", nn_sse, NULL, nn__check_finite, NN__SUM, 0},
    {"nn_quadratic", nn_quadratic, NULL, nn__check_finite, NN__MEAN, 0},
    {"nn_binary_cross_entropy", nn_binary_cross_entropy, &nn_binary_accuracy, nn__check_parts,
     NN__MEAN, 1},
    {"nn_softmax_cross_entropy", nn_softmax_cross_entropy, &nn_accuracy, nn__check_classes,
     NN__MEAN, 1},
};

const nn__cost_row *nn__cost_of(nn_cost function)
{
    static const nn__cost_row own = {.adds = NN__AT_ONCE};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].function == function) {
            return &rows[i];
        }
    }
    return &own;
}

ad_var nn_penalty(const nn_params *params, const ad_var *vars, double l1, double l2)
{
    ad_var sum = ad_literal(vars != NULL || nn_params_count(params) == 0 ? 0 : NAN);
    for (int i = 0; vars != NULL && i < nn_params_count(params); i++) {
        if (!nn_role_decays(nn_params_at(params, i)->role)) {
            continue;
        }
        if (l1 != 0) {
            sum = ad_add(sum, ad_mul(l1, ad_sum(ad_abs(vars[i]), AD_ALL)));
        }
        if (l2 != 0) {
            sum = ad_add(sum, ad_mul(l2, ad_sum(ad_square(vars[i]), AD_ALL)));
        }
    }
    return sum;
}
