/* SPDX-License-Identifier: MIT */
/* Operations about where a value lives and what depends on it: gradients stopped, types changed,
 * the caller's memory written. */
#ifdef real /* texts: real */

/* n: elements, as of the two that follow */
static inline int TYPED(cast_to_f64)(const ad__args *a)
{
    const real *x = a->x[0];
    double *z = a->z;
    for (size_t i = 0; i < a->n[0]; i++) {
        z[i] = (double)x[i];
    }
    return 0;
}

static inline int TYPED(cast_to_f32)(const ad__args *a)
{
    const real *x = a->x[0];
    float *z = a->z;
    for (size_t i = 0; i < a->n[0]; i++) {
        z[i] = (float)x[i];
    }
    return 0;
}

static inline int TYPED(cast_to_i64)(const ad__args *a)
{
    const real *x = a->x[0];
    int64_t *z = a->z;
    for (size_t i = 0; i < a->n[0]; i++) {
        if (!is_i64((double)x[i])) {
            return 1;
        }
    }
    for (size_t i = 0; i < a->n[0]; i++) {
        z[i] = (int64_t)x[i];
    }
    return 0;
}

#else /* texts: plain */
#include "ops/build_internal.h"

#include "tape/launch_internal.h"
#include "tape/tape_internal.h"
#include "ops.h"

#include <math.h>
#include <string.h>

/* Whether i64 holds a number, but for its fraction. */
static inline int is_i64(double x)
{
    return x >= -0x1p63 && x < 0x1p63;
}

/* texts: end */

#define AD__KERNELS "ops/state.c"
#include "kernels/every_type_internal.h"

/* ---- stop_gradient ---- */

static ad_status same_infer(ad__call *call)
{
    call->spec = *call->x[0].spec;
    return AD_OK;
}

const ad_op ad_stop_gradient__op = {.name = "ad_stop_gradient",
                                    .traits = AD__MOVES,
                                    .infer = same_infer,
                                    .alias = ad__same_alias,
                                    .run = ad__copy_run};

ad_var(ad_stop_gradient)(ad_var x)
{
    return x.tape == NULL ? x : ad__record(&ad_stop_gradient__op, 1, &x, NULL, 0);
}

/* ---- cast ---- */

static ad_status cast_infer(ad__call *call)
{
    call->spec = *call->x[0].spec;
    call->spec.type = *(const ad_type *)call->attributes;
    if (ad_type_bytes(call->spec.type) == 0) {
        return ad_error_set(call->error, AD_ERR_TYPE,
                            "%d is no element type; use AD_F64, AD_F32 or AD_I64",
                            (int)call->spec.type);
    }
    return AD_OK;
}

static ad_status explain_cast(const ad__call *call, const ad__launch *l)
{
    const double *f64 = call->x[0].data;
    const float *f32 = call->x[0].data;
    for (size_t i = 0; i < l->n[0]; i++) {
        const double x = l->type == AD_F64 ? f64[i] : (double)f32[i];
        if (!is_i64(x)) {
            return ad_error_set(call->error, AD_ERR_DOMAIN, "element %zu is %g; no i64 holds it", i,
                                x);
        }
    }
    return AD_OK;
}

static void cast_run(ad__runner *r, const ad__call *call)
{
    const ad_type from = call->x[0].spec->type;
    const ad__launch l[] = {[AD_F64] = {AD__KERNEL(cast_to_f64, from)},
                            [AD_F32] = {AD__KERNEL(cast_to_f32, from)},
                            [AD_I64] = {AD__KERNEL(cast_to_i64, from), .explain = explain_cast}};
    ad__launch own = l[call->spec.type];
    own.n = &call->spec.count;
    own.count = 1;
    own.x[0] = ad__argument(r, 0);
    own.z = ad__result(r);
    ad__launch_kernel(r, &own);
}

static void cast_vjp(ad__vjp *v)
{
    v->dx[0] = ad_cast(v->g, ad_type_of(v->x[0]));
}

const ad_op ad_cast__op = {
    .name = "ad_cast", .traits = AD__MOVES, .infer = cast_infer, .run = cast_run, .vjp = cast_vjp};

ad_var(ad_cast)(ad_var x, ad_type type)
{
    /* a number takes the type of what it meets */
    int keeps = x.tape == NULL || (!ad_is_dead(x) && ad_type_of(x) == type);
    return keeps ? x : ad__record(&ad_cast__op, 1, &x, &type, sizeof type);
}

/* ---- assign: arguments are the view and the value, the attribute is the caller's memory ---- */

static ad_status assign_infer(ad__call *call)
{
    const ad__spec *target = call->x[0].spec, *value = call->x[1].spec;
    char a[160], b[160];
    call->spec = *target;
    if (target != value) {
        return ad_error_set(call->error, target->type != value->type ? AD_ERR_TYPE : AD_ERR_SHAPE,
                            "the target is %s %s, the value is %s %s; they must be the same",
                            ad_type_name(target->type), ad_shape_print(&target->shape, a, sizeof a),
                            ad_type_name(value->type), ad_shape_print(&value->shape, b, sizeof b));
    }
    return AD_OK;
}

/* The target's elements are the caller's memory, but for an f64 scalar, which the tape keeps. */
static ad_status assign_eval(const ad__call *call)
{
    size_t bytes = ad__spec_bytes(&call->spec);
    void *memory;
    memcpy(&memory, call->attributes, sizeof memory);
    if (bytes > 0) {
        memcpy(call->z, call->x[1].data, bytes);
        memcpy(memory, call->z, bytes);
        if (call->x[0].data != memory) {
            memcpy(call->x[0].data, call->z, bytes);
        }
    }
    return AD_OK;
}

static void assign_vjp(ad__vjp *v)
{
    v->dx[1] = v->g;
}

const ad_op ad_assign__op = {.name = "ad_assign",
                             .traits = AD__MOVES | AD__WRITES,
                             .infer = assign_infer,
                             .eval = assign_eval,
                             .vjp = assign_vjp};

ad_var(ad_assign)(ad_var target, ad_var value)
{
    const ad_var x[] = {target, value};
    ad_tape *tape = ad__tape_of(2, x);
    if (tape == NULL) {
        return ad_literal(NAN);
    }
    if (target.tape != NULL && ad__check_handle(tape, target, "ad_assign") != AD_OK) {
        return ad__dead(tape);
    }
    uint32_t node = target.tape == NULL ? 0 : target.ref.at.node;
    if (!ad__is_view(tape, node)) {
        ad_tape_fail(tape, AD_ERR_STATE, "ad_assign", NULL,
                     "the target is no ad_input_view; only the caller's memory can be assigned to");
        return ad__dead(tape);
    }
    if (!ad__reserve_assigned(tape)) {
        ad_tape_fail(tape, AD_ERR_MEMORY, "ad_assign", NULL, "out of memory");
        return ad__dead(tape);
    }
    const void *memory = ad__attributes_of(tape, node);
    ad_var z = ad__record(&ad_assign__op, 2, x, &memory, sizeof memory);
    if (!ad_is_dead(z)) {
        ad__note_assigned(tape, node, z.ref.at.node);
    }
    return z;
}

#endif
