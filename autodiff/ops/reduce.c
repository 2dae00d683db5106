/* SPDX-License-Identifier: MIT */
/* Axes of reductions, and the walk over rows. */
#include "ops/reduce_internal.h"

#include "base/c_source_internal.h"
#include "ops/movement_internal.h"
#include "ops/strided_internal.h"
#include "tape/tape_internal.h"
#include "ops.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

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

/* The elements of x in that order: its own, or a copy in scratch; NULL if there is no memory. */
static const void *in_order(const ad__call *call, const ad__array *x, const order *o)
{
    size_t bytes = ad_type_bytes(x->spec->type);
    if (o->is_own || x->spec->count == 0) {
        return x->data;
    }
    ptrdiff_t dense[AD_MAX_RANK];
    ad__dense_strides(&o->shape, dense);
    void *rows = ad__arena_take(call->scratch, x->spec->count * bytes);
    if (rows != NULL) {
        ad__copy_strided(&o->shape, bytes, x->data, o->stride, rows, dense);
    }
    return rows;
}

size_t ad__reduce_scratch(const ad__call *call)
{
    const ad__spec *x = call->x[0].spec;
    int is_copied = !rows_last(&x->shape, *attributes_of(call)).is_own && x->count > 0;
    return is_copied ? ad__rounded(ad__spec_bytes(x)) : 0;
}

size_t ad__map_scratch(const ad__call *call)
{
    /* the arguments in another order, and the result */
    return (size_t)(call->count + 1) * ad__reduce_scratch(call);
}

ad_status ad__reduce_rows(const ad__call *call, ad__row_kernel *kernel)
{
    const ad__spec *spec = call->x[0].spec;
    size_t len = ad__reduced_count(&spec->shape, *attributes_of(call));
    size_t step = len * ad_type_bytes(spec->type), z_step = ad_type_bytes(call->spec.type);
    order o = rows_last(&spec->shape, *attributes_of(call));
    const char *x = in_order(call, &call->x[0], &o);
    char *z = call->z;
    if (x == NULL && spec->count > 0) {
        return AD_ERR_MEMORY;
    }
    for (size_t i = 0; i < call->spec.count; i++) {
        kernel(len, x, z);
        x += step;
        z += z_step;
    }
    return AD_OK;
}

/* By the kernel of one argument or of two. */
static ad_status map_rows(const ad__call *call, ad__row_kernel *of_one, ad__two_row_kernel *of_two)
{
    const ad__spec *spec = call->x[0].spec;
    size_t bytes = ad_type_bytes(spec->type), all = spec->count * bytes;
    order o = rows_last(&spec->shape, *attributes_of(call));
    if (all == 0) {
        return AD_OK;
    }
    const char *x = in_order(call, &call->x[0], &o);
    const char *y = of_one != NULL ? x : in_order(call, &call->x[1], &o);
    char *z = o.is_own ? call->z : ad__arena_take(call->scratch, all);
    if (x == NULL || y == NULL || z == NULL) {
        return AD_ERR_MEMORY;
    }
    size_t len = ad__reduced_count(&spec->shape, *attributes_of(call));
    for (size_t at = 0; at < all; at += len * bytes) {
        if (of_one != NULL) {
            of_one(len, x + at, z + at);
        } else if (of_two != NULL) {
            of_two(len, x + at, y + at, z + at);
        }
    }
    if (!o.is_own) {
        ptrdiff_t dense[AD_MAX_RANK];
        ad__dense_strides(&o.shape, dense);
        ad__copy_strided(&o.shape, bytes, z, dense, call->z, o.stride);
    }
    return AD_OK;
}

ad_status ad__map_rows(const ad__call *call, ad__row_kernel *kernel)
{
    return map_rows(call, kernel, NULL);
}

ad_status ad__map_two_rows(const ad__call *call, ad__two_row_kernel *kernel)
{
    return map_rows(call, NULL, kernel);
}

/* ---- rows as C ---- */

/* Copies an argument in that order, unless it is its own, and writes where its rows are. */
static void put_in_order(ad__emit *e, int argument, const ad__spec *spec, const order *o,
                         char text[64])
{
    ptrdiff_t dense[AD_MAX_RANK];
    (void)snprintf(text, 64, "x%d", argument);
    if (!o->is_own && spec->count > 0) {
        char from[64];
        memcpy(from, text, sizeof from);
        ad__dense_strides(&o->shape, dense);
        (void)snprintf(text, 64, "(scratch_%s + %zu)", ad_type_name(spec->type),
                       ad__emit_scratch(e, spec->type, spec->count));
        ad__put_strided(
            e, &(ad__strided){
                   .shape = &o->shape, .x = from, .z = text, .from = o->stride, .to = dense});
    }
}

/* z or a part of it = the kernel over each row of x, or of x and y. */
static void put_rows(ad__emit *e, const ad__spec *spec, size_t rows, size_t len, size_t step,
                     const char *x, const char *y, const char *z, const char *kernel)
{
    ad__put_loop(e, 1, "i", rows);
    ad__put(e, "        ");
    ad__put_kernel(e, kernel, (int)spec->type);
    ad__put(e, "(%zu, %s + i * %zu, ", len, x, len);
    if (y != NULL) {
        ad__put(e, "%s + i * %zu, ", y, len);
    }
    ad__put(e, "%s + i * %zu);\n", z, step);
    ad__put_end(e, 1);
}

void ad__emit_reduced_rows(ad__emit *e, const ad__call *call, const char *kernel)
{
    const ad__spec *spec = call->x[0].spec;
    order o = rows_last(&spec->shape, *attributes_of(call));
    char x[64];
    put_in_order(e, 0, spec, &o, x);
    put_rows(e, spec, call->spec.count, ad__reduced_count(&spec->shape, *attributes_of(call)), 1, x,
             NULL, "z", kernel);
}

void ad__emit_mapped_rows(ad__emit *e, const ad__call *call, const char *kernel)
{
    const ad__spec *spec = call->x[0].spec;
    size_t len = ad__reduced_count(&spec->shape, *attributes_of(call));
    order o = rows_last(&spec->shape, *attributes_of(call));
    char x[2][64], rows[64] = "z";
    if (spec->count == 0) {
        return;
    }
    for (int i = 0; i < call->count && i < 2; i++) {
        put_in_order(e, i, spec, &o, x[i]);
    }
    if (!o.is_own) {
        (void)snprintf(rows, sizeof rows, "(scratch_%s + %zu)", ad_type_name(spec->type),
                       ad__emit_scratch(e, spec->type, spec->count));
    }
    put_rows(e, spec, spec->count / len, len, len, x[0], call->count > 1 ? x[1] : NULL, rows,
             kernel);
    if (!o.is_own) {
        ptrdiff_t dense[AD_MAX_RANK];
        ad__dense_strides(&o.shape, dense);
        ad__put_strided(
            e,
            &(ad__strided){.shape = &o.shape, .x = rows, .z = "z", .from = dense, .to = o.stride});
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
