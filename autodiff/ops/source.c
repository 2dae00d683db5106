/* SPDX-License-Identifier: MIT */
/* Leaves: values that come from the caller. */
#include "tape/tape_internal.h"

#include "ops/build_internal.h"
#include "ops.h"

#include <math.h>

ad_var(ad_input)(ad_tape *tape, double value)
{
    if (tape != NULL && tape->count < tape->limit) {
        return ad__push_scalar(tape, AD__INPUT, 0, 0, 0, value, tape->here);
    }
    const ad_shape scalar = {.rank = 0};
    return ad__record_leaf(tape, AD__INPUT, AD_F64, &scalar, &value, "ad_input");
}

ad_var(ad_input_array)(ad_tape *tape, ad_type type, ad_shape shape, const void *data)
{
    return ad__record_leaf(tape, AD__INPUT, type, &shape, data, "ad_input_array");
}

ad_var(ad_input_view)(ad_tape *tape, ad_type type, ad_shape shape, void *data)
{
    return ad__record_leaf(tape, AD__VIEW, type, &shape, data, "ad_input_view");
}

ad_var(ad_constant)(ad_tape *tape, ad_type type, ad_shape shape, const void *data)
{
    return ad__record_leaf(tape, AD__CONSTANT, type, &shape, data, "ad_constant");
}

ad_var(ad_full)(ad_tape *tape, ad_type type, ad_shape shape, double value)
{
    if (tape == NULL) {
        return ad_literal(NAN);
    }
    if (!ad_shape_is_valid(&shape) || ad_type_bytes(type) == 0) {
        return ad__record_leaf(tape, AD__CONSTANT, type, &shape, NULL, "ad_full"); /* fails */
    }
    const ad__made full = {tape, tape->error.status == AD_OK};
    ad_var z = ad_broadcast_to(ad__constant_of(tape, type, value, "ad_full"), shape);
    return ad__made_of(full, "ad_full", z);
}
