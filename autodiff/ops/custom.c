/* SPDX-License-Identifier: MIT */
/* Operations of the user's own. */
#include "custom.h"

#include "tape/tape_internal.h"
#include "ops.h"

#include <math.h>
#include <stdio.h>

/* The attributes of a recorded operation. */
typedef struct custom {
    const ad_custom_op *op;
    void *user;
} custom;

static ad_custom_array array_of(const ad__spec *spec, void *data)
{
    return (ad_custom_array){spec->type, spec->shape, ad_shape_count(&spec->shape), data};
}

/* The arguments as the user's functions see them; NULL without memory. */
static ad_custom_array *arguments(const ad__call *call, int have_data)
{
    ad_custom_array *x = ad__arena_take(call->scratch, (size_t)call->count * sizeof *x);
    for (int i = 0; x != NULL && i < call->count; i++) {
        x[i] = array_of(call->x[i].spec, have_data ? call->x[i].data : NULL);
    }
    return x;
}

/* Puts the operation's name before what its function said. */
static ad_status report(const ad__call *call, const char *name, ad_status status,
                        const ad_error *error)
{
    const char *text = error->message[0] != '\0' ? error->message : ad_status_text(status);
    return status == AD_OK ? AD_OK : ad_error_set(call->error, status, "%s: %s", name, text);
}

static ad_status custom_infer(ad__call *call)
{
    const custom *c = call->attributes;
    const ad_custom_array *x = arguments(call, 0);
    ad_error error = {.status = AD_OK};
    char text[160];
    if (x == NULL) {
        return ad_error_set(call->error, AD_ERR_MEMORY, "out of memory");
    }
    ad_type type = x[0].type;
    ad_shape shape = x[0].shape;
    ad_status status = AD_OK;
    if (c->op->shape != NULL) {
        status = c->op->shape(c->user, call->count, x, &type, &shape, &error);
    }
    if (status == AD_OK && ad_type_bytes(type) == 0) {
        status = ad_error_set(&error, AD_ERR_TYPE,
                              "its shape function gives type %d, which is none", (int)type);
    }
    if (status == AD_OK && !ad_shape_is_valid(&shape)) {
        status = ad_error_set(&error, AD_ERR_SHAPE, "its shape function gives %s, which is none",
                              ad_shape_print(&shape, text, sizeof text));
    }
    call->spec = (ad__spec){.type = type, .shape = shape};
    return report(call, c->op->name, status, &error);
}

static size_t custom_scratch(const ad__call *call)
{
    return ad__rounded((size_t)call->count * sizeof(ad_custom_array));
}

static ad_status custom_eval(const ad__call *call)
{
    const custom *c = call->attributes;
    const ad_custom_array *x = arguments(call, 1);
    ad_custom_array z = array_of(&call->spec, call->z);
    ad_error error = {.status = AD_OK};
    if (x == NULL) {
        return AD_ERR_MEMORY;
    }
    return report(call, c->op->name, c->op->eval(c->user, call->count, x, &z, &error), &error);
}

/* Holds a contribution that the user recorded against its argument. */
static void check_contribution(const ad__vjp *v, const char *name, int i)
{
    char origin[160], a[160], b[160];
    (void)snprintf(origin, sizeof origin, "ad_custom: %s: dx[%d] of its vjp", name, i);
    ad_var dx = v->dx[i];
    if (ad__check_handle(v->tape, dx, origin) != AD_OK) {
        return;
    }
    const ad__spec *own = ad__spec_of(v->tape, dx.ref.at.node);
    const ad__spec *x = ad__spec_of(v->tape, v->x[i].ref.at.node);
    ad_shape wide;
    if (own->type != x->type) {
        ad_tape_fail(v->tape, AD_ERR_TYPE, origin, NULL, "it is %s, x[%d] is %s",
                     ad_type_name(own->type), i, ad_type_name(x->type));
    } else if (ad_shape_broadcast(&x->shape, &own->shape, &wide) != AD_OK ||
               !ad_shape_equal(&wide, &own->shape)) {
        ad_tape_fail(v->tape, AD_ERR_SHAPE, origin, NULL, "it has shape %s, x[%d] has %s",
                     ad_shape_print(&own->shape, a, sizeof a), i,
                     ad_shape_print(&x->shape, b, sizeof b));
    }
}

static void custom_vjp(ad__vjp *v)
{
    const custom *c = v->attributes;
    if (c->op->vjp == NULL) {
        return;
    }
    c->op->vjp(c->user, v->count, v->x, v->z, v->g, v->dx);
    for (int i = 0; i < v->count; i++) {
        if (v->needs[i] && v->dx[i].tape != NULL) {
            check_contribution(v, c->op->name, i);
        }
    }
}

/* A sample: z = x^2 y of two tensors of one shape and type. */
static ad_status sample_shape(void *user, int count, const ad_custom_array *x, ad_type *type,
                              ad_shape *shape, ad_error *error)
{
    (void)user, (void)count;
    if (*type == AD_I64 || x[1].type != *type || !ad_shape_equal(&x[1].shape, shape)) {
        return ad_error_set(error, AD_ERR_SHAPE,
                            "the sample takes two tensors of one shape and type");
    }
    return AD_OK;
}

static ad_status sample_eval(void *user, int count, const ad_custom_array *x, ad_custom_array *z,
                             ad_error *error)
{
    (void)user, (void)count, (void)error;
    for (size_t i = 0; i < z->count; i++) {
        if (z->type == AD_F64) {
            const double a = ((const double *)x[0].data)[i];
            ((double *)z->data)[i] = a * a * ((const double *)x[1].data)[i];
        } else {
            const float a = ((const float *)x[0].data)[i];
            ((float *)z->data)[i] = a * a * ((const float *)x[1].data)[i];
        }
    }
    return AD_OK;
}

static void sample_vjp(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx)
{
    (void)user, (void)count, (void)z;
    dx[0] = ad_mul(g, ad_mul(2, ad_mul(x[0], x[1])));
    dx[1] = ad_mul(g, ad_square(x[0]));
}

static ad_var sample_of(const ad_var *x)
{
    static const ad_custom_op sample = {
        .name = "ad_sample", .shape = sample_shape, .eval = sample_eval, .vjp = sample_vjp};
    return ad_custom(&sample, NULL, 2, x);
}

static const ad__sample custom_samples[] = {{2, {{2, {2, 3}}, {2, {2, 3}}}, -2, 2, sample_of}};

const ad_op ad_custom__op = {.name = "ad_custom",
                             .traits = AD__KEEPS,
                             .infer = custom_infer,
                             .eval = custom_eval,
                             .flops = ad__one_each,
                             .scratch = custom_scratch,
                             .vjp = custom_vjp,
                             .samples = custom_samples,
                             .sample_count = 1};

ad_var(ad_custom)(const ad_custom_op *op, void *user, int count, const ad_var *x)
{
    const custom c = {op, user};
    ad_tape *tape = ad__tape_of(count, x);
    if (tape == NULL) {
        return ad_literal(NAN);
    }
    if (op == NULL || op->name == NULL || op->eval == NULL) {
        ad_tape_fail(tape, AD_ERR_DOMAIN, "ad_custom", NULL,
                     "the operation has no name or no eval function");
        return ad__dead(tape);
    }
    return ad__record(&ad_custom__op, count, x, &c, sizeof c);
}
