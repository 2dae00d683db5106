/* SPDX-License-Identifier: MIT */
#include "ops/build_internal.h"

#include "ops/strided_internal.h"
#include "tape/tape_internal.h"

#include <math.h>
#include <string.h>

/* ---- axes ---- */

ad_status ad__axis(int axis, const ad_shape *shape, int *out, ad_error *error)
{
    char text[160];
    *out = ad__front_axis(axis, shape);
    if (shape->rank == 0) {
        return ad_error_set(error, AD_ERR_SHAPE, "axis %d of a scalar, which has none", axis);
    }
    if (*out < 0 || *out >= shape->rank) {
        return ad_error_set(error, AD_ERR_SHAPE, "axis %d of %s; axes are %d to %d", axis,
                            ad_shape_print(shape, text, sizeof text), -shape->rank,
                            shape->rank - 1);
    }
    return AD_OK;
}

ad__along ad__along_axis(const ad_shape *shape, int axis)
{
    ad__along a = {1, (size_t)shape->len[axis], 1};
    for (int i = 0; i < shape->rank; i++) {
        *(i < axis ? &a.outer : &a.inner) *= i == axis ? 1 : (size_t)shape->len[i];
    }
    return a;
}

int ad__same_but_axis(const ad_shape *a, const ad_shape *b, int axis)
{
    ad_shape like = *a;
    if (a->rank == b->rank) {
        like.len[axis] = b->len[axis];
    }
    return ad_shape_equal(&like, b);
}

int ad__shape_for(ad_var x, ad_shape *shape, const char *origin)
{
    *shape = ad_shape_of(x);
    return x.tape == NULL || ad__check_handle(x.tape, x, origin) == AD_OK;
}

ad__made ad__making(int count, const ad_var *x)
{
    ad_tape *tape = ad__tape_of(count, x);
    return (ad__made){tape, tape != NULL && tape->error.status == AD_OK};
}

ad_var ad__made_of(ad__made made, const char *origin, ad_var z)
{
    if (made.was_sound && made.tape->error.status != AD_OK) {
        const ad_error error = made.tape->error;
        const char *text = strstr(error.message, ": ");
        ad_error_set(&made.tape->error, error.status, "%s%s", origin,
                     text != NULL ? text : error.message);
    }
    return z;
}

ad_var ad__failed(ad_var x, const ad_error *error, const char *origin)
{
    if (x.tape == NULL) {
        return ad_literal(NAN);
    }
    ad_tape_fail(x.tape, error->status, origin, NULL, "%s", error->message);
    return ad__dead(x.tape);
}

/* ---- copies ---- */

int ad__same_alias(const ad__call *call, size_t *first)
{
    (void)call;
    *first = 0;
    return 1;
}

void ad__copy_run(ad__runner *r, const ad__call *call)
{
    ad__launch_dense_copy(r, call->spec.count, ad__argument(r, 0), ad__result(r));
}
