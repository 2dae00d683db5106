/* SPDX-License-Identifier: MIT */
/* Axes of reductions, and the walk over rows. */
#include "ops/reduce_internal.h"

#include "ops/build_internal.h"
#include "ops/strided_internal.h"
#include "tape/tape_internal.h"
#include "ops.h"

#include <math.h>

static const ad__reduction *attributes_of(const ad__call *call)
{
    return call->attributes;
}

/* ---- axes ---- */

ad_status ad__reduction_of(ad_axes axes, const ad_shape *shape, ad__reduction *out, ad_error *error)
{
    *out = (ad__reduction){0, axes.keep != 0};
    if (axes.count < 0) {
        out->mask = (1U << shape->rank) - 1;
        return AD_OK;
    }
    char text[160];
    for (int i = 0; i < axes.count && i < AD_MAX_RANK; i++) {
        int axis;
        if (ad__axis(axes.axis[i], shape, &axis, error) != AD_OK) {
            return error->status;
        }
        if (out->mask >> axis & 1) {
            return ad_error_set(error, AD_ERR_SHAPE, "axis %d of %s is named twice", axis,
                                ad_shape_print(shape, text, sizeof text));
        }
        out->mask |= 1U << axis;
    }
    return AD_OK;
}

ad_shape ad__reduced_shape(const ad_shape *shape, ad__reduction r)
{
    ad_shape result = {.rank = 0};
    for (int i = 0; i < shape->rank; i++) {
        if (!(r.mask >> i & 1)) {
            result.len[result.rank++] = shape->len[i];
        } else if (r.keep) {
            result.len[result.rank++] = 1;
        }
    }
    return result;
}

size_t ad__reduced_count(const ad_shape *shape, ad__reduction r)
{
    size_t count = 1;
    for (int i = 0; i < shape->rank; i++) {
        count *= r.mask >> i & 1 ? (size_t)shape->len[i] : 1;
    }
    return count;
}

ad_axes ad__axes_of(const ad__vjp *v, int keep)
{
    const ad__reduction *r = v->attributes;
    int axes[AD_MAX_RANK], count = 0;
    for (int i = 0; i < AD_MAX_RANK; i++) {
        if (r->mask >> i & 1) {
            axes[count++] = i;
        }
    }
    return ad_axes_of(count, axes, keep);
}

ad_var ad__kept(const ad__vjp *v, ad_var y)
{
    ad__reduction r = {((const ad__reduction *)v->attributes)->mask, 1};
    ad_shape shape = ad_shape_of(v->x[0]);
    return ad_reshape(y, ad__reduced_shape(&shape, r));
}

/* ---- shapes ---- */

ad_status ad__reduced_infer(ad__call *call)
{
    call->spec.type = call->x[0].spec->type;
    call->spec.shape = ad__reduced_shape(&call->x[0].spec->shape, *attributes_of(call));
    return AD_OK;
}

ad_status ad__check_float(ad_type type, const ad_shape *shape, ad_error *error)
{
    char text[160];
    if (type == AD_I64) {
        return ad_error_set(error, AD_ERR_TYPE, "i64 %s; takes f64 or f32, ad_cast converts",
                            ad_shape_print(shape, text, sizeof text));
    }
    return AD_OK;
}

ad_status ad__reduced_float_infer(ad__call *call)
{
    const ad__spec *x = call->x[0].spec;
    ad__reduced_infer(call);
    return ad__check_float(x->type, &x->shape, call->error);
}

ad_status ad__mapped_float_infer(ad__call *call)
{
    const ad__spec *x = call->x[0].spec;
    call->spec.type = x->type;
    call->spec.shape = x->shape;
    return ad__check_float(x->type, &x->shape, call->error);
}

/* ---- rows ---- */

const ad__row_kernels *ad__row_kernels_of(ad_type type)
{
    static const ad__row_kernels *const kernels[][AD__LEVELS] = {
        [AD_F64] = {AD__EVERY_LEVEL(&ad__rows_f64)},
        [AD_F32] = {AD__EVERY_LEVEL(&ad__rows_f32)},
        [AD_I64] = {AD__EVERY_LEVEL(&ad__rows_i64)}};
    return kernels[type][ad__level()];
}

/* The order of axes in which the reduced ones come last: shape and strides of x in it, and whether
 * that is how x lies. */
typedef struct order {
    ad_shape shape;
    ptrdiff_t stride[AD_MAX_RANK];
    int is_own;
} order;

static order rows_last(const ad_shape *x, ad__reduction r)
{
    order o = {.is_own = 1};
    ptrdiff_t stride[AD_MAX_RANK];
    int reduced_before = 0;
    ad__dense_strides(x, stride);
    for (unsigned reduced = 0; reduced < 2; reduced++) {
        for (int i = 0; i < x->rank; i++) {
            if ((r.mask >> i & 1) == reduced) {
                o.stride[o.shape.rank] = stride[i];
                o.shape.len[o.shape.rank++] = x->len[i];
            }
        }
    }
    for (int i = 0; i < x->rank; i++) {
        int reduced = r.mask >> i & 1;
        o.is_own &= reduced || !reduced_before || x->len[i] == 1;
        reduced_before |= reduced && x->len[i] != 1;
    }
    return o;
}

/* The elements of argument i in that order: its own, or a copy in scratch. */
static ad__region in_order(ad__runner *r, int i, const order *o)
{
    const ad__region x = ad__argument(r, i);
    const size_t count = ad_shape_count(&o->shape);
    if (o->is_own || count == 0) {
        return x;
    }
    ptrdiff_t dense[AD_MAX_RANK];
    const ad__region rows = ad__scratch(r, (ad_type)x.type, count);
    ad__dense_strides(&o->shape, dense);
    ad__launch_copy(r, &o->shape, x, o->stride, rows, dense);
    return rows;
}

void ad__reduce_rows(ad__runner *r, const ad__call *call, const char *name, ad__kernel *kernel)
{
    const ad__spec *spec = call->x[0].spec;
    const order o = rows_last(&spec->shape, *attributes_of(call));
    const size_t len = ad__reduced_count(&spec->shape, *attributes_of(call));
    ad__launch_kernel(r, &(ad__launch){name, kernel, (int)spec->type,
                                       AD__NUMBERS(call->spec.count, len),
                                       .x = {in_order(r, 0, &o)}, .z = ad__result(r)});
}

void ad__map_rows(ad__runner *r, const ad__call *call, const char *name, ad__kernel *kernel)
{
    const ad__spec *spec = call->x[0].spec;
    const order o = rows_last(&spec->shape, *attributes_of(call));
    const size_t len = ad__reduced_count(&spec->shape, *attributes_of(call));
    if (spec->count == 0) {
        return;
    }
    ad__launch l = {name, kernel, (int)spec->type, AD__NUMBERS(spec->count / len, len)};
    for (int i = 0; i < call->count; i++) {
        l.x[i] = in_order(r, i, &o);
    }
    l.z = o.is_own ? ad__result(r) : ad__scratch(r, spec->type, spec->count);
    ad__launch_kernel(r, &l);
    if (!o.is_own) {
        ptrdiff_t dense[AD_MAX_RANK];
        ad__dense_strides(&o.shape, dense);
        ad__launch_copy(r, &o.shape, l.z, dense, ad__result(r), o.stride);
    }
}

ad_var ad__reduce(const ad_op *op, ad_var x, ad_axes axes)
{
    ad_error error;
    ad__reduction r;
    ad_shape shape;
    if (!ad__shape_for(x, &shape, op->name)) {
        return ad__dead(x.tape);
    }
    if (ad__reduction_of(axes, &shape, &r, &error) != AD_OK) {
        return ad__failed(x, &error, op->name);
    }
    return ad__record(op, 1, &x, &r, sizeof r);
}
