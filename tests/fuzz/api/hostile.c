/* SPDX-License-Identifier: MIT */
/* Callbacks: right ones, and those that break every rule which the library can notice. */
#include "api.h"
#include "members.h"

#include <math.h>
#include <string.h>

#define PICK(table) ((table)[draw_below((int)(sizeof(table) / sizeof(table)[0]))])

/* ---- operations of one's own ---- */

static ad_status cube_eval(void *user, int count, const ad_custom_array *x, ad_custom_array *z,
                           ad_error *error)
{
    (void)user, (void)error;
    for (size_t i = 0; count > 0 && i < z->count; i++) {
        if (z->type == AD_F64 && x[0].type == AD_F64 && i < x[0].count) {
            ((double *)z->data)[i] = pow(((const double *)x[0].data)[i], 3);
        }
    }
    return AD_OK;
}

static ad_status nan_eval(void *user, int count, const ad_custom_array *x, ad_custom_array *z,
                          ad_error *error)
{
    (void)user, (void)count, (void)x, (void)error;
    memset(z->data, 0xff, z->count * ad_type_bytes(z->type));
    return AD_OK;
}

static ad_status failing_eval(void *user, int count, const ad_custom_array *x, ad_custom_array *z,
                              ad_error *error)
{
    (void)user, (void)count, (void)x, (void)z;
    return ad_error_set(error, AD_ERR_DOMAIN, "refused");
}

static ad_status silent_eval(void *user, int count, const ad_custom_array *x, ad_custom_array *z,
                             ad_error *error)
{
    (void)user, (void)count, (void)x, (void)z, (void)error;
    return AD_ERR_IO;
}

static ad_status odd_shape(void *user, int count, const ad_custom_array *x, ad_type *type,
                           ad_shape *shape, ad_error *error)
{
    (void)user, (void)count, (void)x, (void)error;
    *shape = draw_shape();
    *type = draw_type();
    return AD_OK;
}

static ad_status failing_shape(void *user, int count, const ad_custom_array *x, ad_type *type,
                               ad_shape *shape, ad_error *error)
{
    (void)user, (void)count, (void)x, (void)type, (void)shape, (void)error;
    return draw_status();
}

static void cube_vjp(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx)
{
    (void)user, (void)z;
    if (count > 0) {
        dx[0] = ad_mul(g, ad_mul(3, ad_square(x[0])));
    }
}

static void dead_vjp(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx)
{
    (void)user, (void)z, (void)g;
    for (int i = 0; i < count; i++) {
        dx[i] = (ad_var){.tape = x[i].tape};
    }
}

static void literal_vjp(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx)
{
    (void)user, (void)x, (void)z, (void)g;
    for (int i = 0; i < count; i++) {
        dx[i] = ad_literal(2);
    }
}

static void shape_vjp(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx)
{
    (void)user, (void)x, (void)z;
    for (int i = 0; i < count; i++) {
        dx[i] = ad_full(g.tape, draw_type(), draw_shape(), 1);
    }
}

static void failing_vjp(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx)
{
    (void)user;
    ad_tape_fail(g.tape, AD_ERR_DOMAIN, "failing_vjp", AD_HERE, "refused");
    for (int i = 0; i < count; i++) {
        dx[i] = ad_mul(g, ad_add(x[i], z));
    }
}

/* Forgets the error that it made itself. */
static void clearing_vjp(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx)
{
    failing_vjp(user, count, x, z, g, dx);
    ad_tape_clear_error(g.tape);
}

static void foreign_vjp(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx)
{
    (void)user, (void)x, (void)z, (void)g;
    for (int i = 0; i < count; i++) {
        dx[i] = draw_var();
    }
}

static void nested_vjp(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx)
{
    (void)user, (void)z;
    for (int i = 0; i < count; i++) {
        const ad_var y = ad_sum(ad_square(x[i]), AD_ALL);
        ad_var slope = y;
        if (ad_grad(y, 1, x + i, &slope) == AD_OK) {
            dx[i] = ad_mul(ad_sum(g, AD_ALL), slope);
        }
    }
}

const ad_custom_op *draw_custom(void)
{
    static const ad_custom_op ops[] = {
        {"cube", NULL, cube_eval, cube_vjp},
        {"nan", NULL, nan_eval, cube_vjp},
        {"failing", NULL, failing_eval, cube_vjp},
        {"silent", NULL, silent_eval, NULL},
        {"odd", odd_shape, cube_eval, cube_vjp},
        {"odd dead", odd_shape, nan_eval, dead_vjp},
        {"refusing", failing_shape, cube_eval, cube_vjp},
        {"none", NULL, cube_eval, NULL},
        {"dead", NULL, cube_eval, dead_vjp},
        {"literal", NULL, cube_eval, literal_vjp},
        {"shapes", NULL, cube_eval, shape_vjp},
        {"failing slope", NULL, cube_eval, failing_vjp},
        {"clearing slope", NULL, cube_eval, clearing_vjp},
        {"foreign", NULL, cube_eval, foreign_vjp},
        {"nested", NULL, cube_eval, nested_vjp},
    };
    return draw_hostile() || draw_flag() ? &PICK(ops) : &ops[0];
}

/* ---- functions of a variable ---- */

static ad_var dead_function(ad_var x)
{
    return (ad_var){.tape = x.tape};
}

static ad_var literal_function(ad_var x)
{
    (void)x;
    return ad_literal(1);
}

static ad_var foreign_function(ad_var x)
{
    (void)x;
    return draw_var();
}

static ad_var summing_function(ad_var x)
{
    return ad_sum(x, AD_ALL);
}

static ad_var failing_function(ad_var x)
{
    ad_tape_fail(x.tape, AD_ERR_UNSUPPORTED, "failing_function", NULL, "refused");
    return x;
}

static ad_var reading_function(ad_var x)
{
    return ad_value(x) > 0 ? ad_tanh(x) : ad_neg(x);
}

static ad_var growing_function(ad_var x)
{
    return ad_expand_dims(x, 0);
}

static ad_var narrowing_function(ad_var x)
{
    return ad_cast(x, AD_F32);
}

static ad_var assigning_function(ad_var x)
{
    return ad_assign(x, ad_mul(2, x));
}

static ad_var custom_function(ad_var x)
{
    return ad_custom(draw_custom(), NULL, 1, &x);
}

ad_var (*draw_activation(void))(ad_var x)
{
    static ad_var (*const good[])(ad_var) = {(ad_tanh),   (ad_relu),   nn_mish, (ad_sigmoid),
                                             nn_identity, (ad_square), (ad_exp)};
    static ad_var (*const bad[])(ad_var) = {
        dead_function,      literal_function, foreign_function, summing_function,
        failing_function,   reading_function, growing_function, narrowing_function,
        assigning_function, custom_function};
    return draw_hostile() ? PICK(bad) : PICK(good);
}

static ad_var product_function(void *user, const ad_var *x)
{
    (void)user;
    return ad_mul(x[0], ad_tanh(x[0]));
}

static ad_var none_function(void *user, const ad_var *x)
{
    (void)user;
    return draw_activation()(x[0]);
}

static ad_var cast_function(void *user, const ad_var *x)
{
    (void)user;
    return ad_cast(x[0], AD_F64);
}

ad_function *draw_function(void)
{
    static ad_function *const functions[] = {product_function, none_function, cast_function};
    return PICK(functions);
}

/* ---- of networks ---- */

static ad_var odd_cost(ad_var a, ad_var y)
{
    (void)y;
    return draw_activation()(a);
}

nn_cost draw_cost(void)
{
    static const nn_cost costs[] = {
        nn_mse, nn_mae, nn_sse, nn_quadratic, nn_binary_cross_entropy, nn_softmax_cross_entropy};
    static const nn_cost bad[] = {odd_cost, NULL};
    return draw_hostile() ? PICK(bad) : PICK(costs);
}

static double nan_metric(ad_var a, ad_var y)
{
    (void)a, (void)y;
    return NAN;
}

static void odd_add(ad_var a, ad_var y, double *sums)
{
    (void)a, (void)y;
    sums[draw_below(NN_MAX_SUMS)] += draw_number();
}

nn_metric draw_metric(void)
{
#define METRIC(name) name,
    const nn_metric metrics[] = {
        NN_EVERY_METRIC(METRIC){.name = draw_flag() ? draw_text() : NULL,
                                .function = nan_metric,
                                .add = draw_flag() ? odd_add : NULL,
                                .better = (nn_better)draw_below(draw_hostile() ? 9 : 2),
                                .percent = draw_flag()},
        {0}};
#undef METRIC
    return PICK(metrics);
}

static int odd_callback(const nn_fit_state *state, void *user)
{
    (void)state, (void)user;
    return draw_below(4) == 0;
}

nn_callback draw_callback(void)
{
    return draw_flag() ? odd_callback : NULL;
}

nn_progress draw_progress(void)
{
    static const nn_progress kinds[] = {NULL, nn_progress_terminal, nn_progress_lines};
    return PICK(kinds);
}

static double odd_factor(const nn_schedule *self, double epoch, double epochs)
{
    (void)self, (void)epoch, (void)epochs;
    return draw_number();
}

nn_schedule draw_schedule(void)
{
    return draw_hostile()
               ? (nn_schedule){odd_factor, draw_number(), draw_number(), draw_number(), NULL}
           : draw_flag() ? nn_cosine(draw_below(3))
                         : nn_step_decay(draw_below(3), 0.5);
}

const nn_schedule *room_schedule(void)
{
    nn_schedule *schedule = room(sizeof *schedule);
    *schedule = draw_schedule();
    return schedule;
}

static ad_status odd_fill(const nn_init *self, const nn_param *param, nn_fans fans, nn_draw *draw,
                          ad_error *error)
{
    (void)self, (void)fans;
    if (draw_below(4) == 0) {
        return ad_error_set(error, AD_ERR_SHAPE, "odd");
    }
    for (size_t i = 0; i <= param->count; i++) { /* one too many */
        nn_param_set(param, i, draw_flag() ? draw_number() : nn_draw_normal(draw));
    }
    return AD_OK;
}

nn_init draw_init(void)
{
    static const double values[6] = {1, 2, 3, 4, 5, 6};
#define MEMBER_VALUES values
#define INIT(value) value,
    const nn_init every[] = {NN_EVERY_INIT(INIT)};
#undef INIT
#undef MEMBER_VALUES
    switch (draw_below(6)) {
    case 0:
        return nn_values((size_t)draw_below(7), draw_hostile() ? NULL : values);
    case 1:
        return nn_normal(0, draw_number());
    case 2:
        return nn_constant(draw_number());
    case 3:
        return draw_hostile() ? (nn_init){.fill = odd_fill}
                              : every[draw_below((int)(sizeof every / sizeof every[0]))];
    default:
        return (nn_init){0};
    }
}

const nn_init *room_init(void)
{
    nn_init *init = room(sizeof *init);
    *init = draw_init();
    return init;
}
