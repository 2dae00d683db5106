/* SPDX-License-Identifier: MIT */
/* Operations about where a value lives and what depends on it: gradients stopped, types changed,
 * the caller's memory written. */
#include "ops/movement_internal.h"

#include "base/c_source_internal.h"
#include "tape/tape_internal.h"
#include "ops.h"

#include <math.h>
#include <string.h>

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

#define CAST(from, to, NAME)                                                                       \
    static void NAME(size_t n, const void *argument, void *result)                                 \
    {                                                                                              \
        const from *restrict x = argument;                                                         \
        to *restrict z = result;                                                                   \
        for (size_t i = 0; i < n; i++) {                                                           \
            z[i] = (to)x[i];                                                                       \
        }                                                                                          \
    }

CAST(double, float, f64_to_f32)
CAST(double, int64_t, f64_to_i64)
CAST(float, double, f32_to_f64)
CAST(float, int64_t, f32_to_i64)
CAST(int64_t, double, i64_to_f64)
CAST(int64_t, float, i64_to_f32)

static ad_status check_whole(const ad__call *call)
{
    for (size_t i = 0; i < call->spec.count; i++) {
        double x = call->x[0].spec->type == AD_F64 ? ((const double *)call->x[0].data)[i]
                                                   : (double)((const float *)call->x[0].data)[i];
        if (!(x >= -0x1p63 && x < 0x1p63)) {
            return ad_error_set(call->error, AD_ERR_DOMAIN, "element %zu is %g; no i64 holds it", i,
                                x);
        }
    }
    return AD_OK;
}

static ad_status cast_eval(const ad__call *call)
{
    static void (*const loops[3][3])(size_t, const void *, void *) = {
        [AD_F64] = {[AD_F32] = f64_to_f32, [AD_I64] = f64_to_i64},
        [AD_F32] = {[AD_F64] = f32_to_f64, [AD_I64] = f32_to_i64},
        [AD_I64] = {[AD_F64] = i64_to_f64, [AD_F32] = i64_to_f32},
    };
    ad_type from = call->x[0].spec->type, to = call->spec.type;
    ad_status status = to == AD_I64 ? check_whole(call) : AD_OK;
    if (status == AD_OK) {
        loops[from][to](call->spec.count, call->x[0].data, call->z);
    }
    return status;
}

static void cast_emit(ad__emit *e, const ad__call *call)
{
    ad__put_loop(e, 1, "i", call->spec.count);
    if (call->spec.type == AD_I64) {
        ad__put(e, "        if (!(x0[i] >= -0x1p63 && x0[i] < 0x1p63)) {\n"
                   "            return 1;\n        }\n");
        e->fails = 1;
    }
    ad__put(e, "        z[i] = (%s)x0[i];\n", ad__c_type(call->spec.type));
    ad__put_end(e, 1);
}

static void cast_vjp(ad__vjp *v)
{
    v->dx[0] = ad_cast(v->g, ad_type_of(v->x[0]));
}

const ad_op ad_cast__op = {.name = "ad_cast",
                           .traits = AD__MOVES,
                           .infer = cast_infer,
                           .eval = cast_eval,
                           .emit = cast_emit,
                           .vjp = cast_vjp};

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
