/* SPDX-License-Identifier: MIT */
/* Structured operations with attributes drawn to fit their arguments, and now and then not to. */
#include "kinds.h"

ad_var fuzz_fit(ad_var x, ad_shape shape)
{
    ad_shape own = ad_shape_of(x);
    size_t have = ad_count(x), need = ad_shape_count(&shape);
    if (ad_shape_equal(&own, &shape)) {
        return x;
    }
    if (have == 0 && need > 0) {
        return ad_full(x.tape, ad_type_of(x), shape, 1);
    }
    x = ad_reshape(x, AD_SHAPE((int64_t)have));
    if (have < need) {
        x = ad_tile(x, 0, (int64_t)((need + have - 1) / have));
    }
    return ad_reshape(ad_slice(x, 0, 0, (int64_t)need, 1), shape);
}

/* An axis of x, from either end; 0 for scalars, which have none. */
static int some_axis(fuzz_call *c, ad_var x)
{
    int rank = ad_shape_of(x).rank;
    int axis = fuzz_below(&c->rng, rank);
    return fuzz_below(&c->rng, 2) ? axis : axis - rank;
}

static int64_t len_of(ad_var x, int axis)
{
    ad_shape shape = ad_shape_of(x);
    axis = axis < 0 ? axis + shape.rank : axis;
    return axis >= 0 && axis < shape.rank ? shape.len[axis] : 1;
}

static ad_axes some_axes(fuzz_call *c, ad_var x)
{
    int rank = ad_shape_of(x).rank, axes[AD_MAX_RANK], count = 0;
    if (rank == 0 || fuzz_below(&c->rng, 3) == 0) {
        return AD_ALL;
    }
    for (int i = 0; i < rank; i++) {
        if (fuzz_below(&c->rng, 2)) {
            axes[count++] = i;
        }
    }
    return ad_axes_of(count, axes, fuzz_below(&c->rng, 2));
}

/* ---- shapes ---- */

void fuzz_reshape(fuzz_call *c)
{
    ad_shape own = ad_shape_of(c->x[0]), back = own;
    int64_t count = (int64_t)ad_count(c->x[0]), part = 1 + fuzz_below(&c->rng, 5);
    for (int i = 0; i < own.rank; i++) {
        back.len[i] = own.len[own.rank - 1 - i];
    }
    part = count % part == 0 ? part : 1;
    const ad_shape shapes[] = {AD_SHAPE(count),
                               AD_SHAPE(count, 1),
                               AD_SHAPE(1, count),
                               back,
                               AD_SHAPE(part, count / part),
                               AD_SHAPE(1, -1, 1),
                               AD_SCALAR};
    int of_one = count == 1 ? 7 : 6;
    c->z[0] = ad_reshape(c->x[0], shapes[fuzz_below(&c->rng, of_one)]);
}

void fuzz_transpose(fuzz_call *c)
{
    int rank = ad_shape_of(c->x[0]).rank, axes[AD_MAX_RANK];
    int64_t order[AD_MAX_RANK];
    ad_rng_permutation(c->rng, (size_t)rank, order);
    for (int i = 0; i < rank; i++) {
        axes[i] = (int)order[i];
    }
    c->z[0] = ad_transpose(c->x[0], ad_axes_of(rank, axes, 0));
}

void fuzz_broadcast_to(fuzz_call *c)
{
    ad_shape own = ad_shape_of(c->x[0]), shape = {.rank = own.rank + fuzz_below(&c->rng, 2)};
    int missing = shape.rank - own.rank;
    for (int i = 0; i < shape.rank && shape.rank <= AD_MAX_RANK; i++) {
        int64_t len = i >= missing ? own.len[i - missing] : 1;
        shape.len[i] = len == 1 ? 1 + fuzz_below(&c->rng, 4) : len;
    }
    c->z[0] = ad_broadcast_to(c->x[0], shape);
}

void fuzz_expand_dims(fuzz_call *c)
{
    c->z[0] = ad_expand_dims(c->x[0], fuzz_below(&c->rng, ad_shape_of(c->x[0]).rank + 1));
}

void fuzz_squeeze(fuzz_call *c)
{
    c->z[0] = ad_squeeze(c->x[0], AD_ALL);
}

/* ---- parts and joins ---- */

void fuzz_slice(fuzz_call *c)
{
    int axis = some_axis(c, c->x[0]);
    int len = (int)len_of(c->x[0], axis);
    int64_t start = fuzz_below(&c->rng, len + 2) - 1, stop = fuzz_below(&c->rng, len + 2) - 1;
    int64_t step = fuzz_below(&c->rng, 5) - 2;
    int whole = fuzz_below(&c->rng, 2);
    c->z[0] = whole ? ad_slice(c->x[0], axis, 0, (len + 1) / 2, 1)
                    : ad_slice(c->x[0], axis, start, stop, step);
}

void fuzz_pad(fuzz_call *c)
{
    int axis = some_axis(c, c->x[0]);
    int64_t before = fuzz_below(&c->rng, 3), after = fuzz_below(&c->rng, 3);
    double number = ad_type_of(c->x[0]) == AD_I64 ? 1 : fuzz_number(&c->rng);
    c->z[0] = ad_pad(c->x[0], axis, before, after, number);
}

void fuzz_flip(fuzz_call *c)
{
    c->z[0] = ad_flip(c->x[0], some_axes(c, c->x[0]));
}

void fuzz_concat(fuzz_call *c)
{
    ad_var x[2] = {c->x[0], fuzz_fit(c->x[1], ad_shape_of(c->x[0]))};
    c->z[0] = ad_concat(2, x, some_axis(c, c->x[0]));
}

void fuzz_stack(fuzz_call *c)
{
    ad_var x[3] = {c->x[0], fuzz_fit(c->x[1], ad_shape_of(c->x[0])), c->x[0]};
    c->z[0] = ad_stack(2 + fuzz_below(&c->rng, 2), x, 0);
}

void fuzz_split(fuzz_call *c)
{
    int axis = some_axis(c, c->x[0]);
    int64_t len = len_of(c->x[0], axis), first = fuzz_below(&c->rng, (int)len + 1);
    ad_split(c->x[0], axis, 2, (int64_t[]){first, len - first}, c->z);
}

void fuzz_repeat(fuzz_call *c)
{
    int axis = some_axis(c, c->x[0]);
    c->z[0] = ad_repeat(c->x[0], axis, fuzz_below(&c->rng, 4));
}

void fuzz_tile(fuzz_call *c)
{
    int axis = some_axis(c, c->x[0]);
    c->z[0] = ad_tile(c->x[0], axis, fuzz_below(&c->rng, 4));
}

/* ---- indices: the last argument is i64 ---- */

void fuzz_take(fuzz_call *c)
{
    c->z[0] = ad_take(c->x[0], c->x[1], some_axis(c, c->x[0]));
}

static ad_shape cut(fuzz_call *c, ad_shape shape, int axis)
{
    if (shape.rank > 0) {
        shape.len[axis < 0 ? axis + shape.rank : axis] = 1 + fuzz_below(&c->rng, 3);
    }
    return shape;
}

void fuzz_gather(fuzz_call *c)
{
    int axis = some_axis(c, c->x[0]);
    ad_shape shape = cut(c, ad_shape_of(c->x[0]), axis);
    c->z[0] = ad_gather(c->x[0], fuzz_fit(c->x[1], shape), axis);
}

void fuzz_scatter(fuzz_call *c)
{
    int axis = some_axis(c, c->x[0]);
    ad_shape shape = cut(c, ad_shape_of(c->x[0]), axis);
    ad_var indices = fuzz_fit(c->x[2], shape), values = fuzz_fit(c->x[1], shape);
    switch (fuzz_below(&c->rng, 3)) {
    case 0:
        c->z[0] = ad_scatter(c->x[0], indices, values, axis);
        break;
    case 1:
        c->z[0] = ad_scatter_add(c->x[0], indices, values, axis);
        break;
    default:
        c->z[0] = ad_scatter_sum(values, indices, axis, 1 + fuzz_below(&c->rng, 5));
    }
}

void fuzz_segment_sum(fuzz_call *c)
{
    ad_shape shape = ad_shape_of(c->x[0]);
    int64_t rows = shape.rank > 0 ? shape.len[0] : 1;
    c->z[0] =
        ad_segment_sum(c->x[0], fuzz_fit(c->x[1], AD_SHAPE(rows)), 0, 1 + fuzz_below(&c->rng, 5));
}

void fuzz_one_hot(fuzz_call *c)
{
    int64_t len = 1 + fuzz_below(&c->rng, 5);
    c->z[0] = ad_one_hot(c->x[0], len, fuzz_below(&c->rng, 3) ? AD_F64 : AD_F32);
}

void fuzz_random(fuzz_call *c)
{
    ad_var key = fuzz_fit(c->x[0], AD_SHAPE(2));
    int64_t stream = fuzz_below(&c->rng, 2);
    const ad_shape shapes[] = {AD_SCALAR, AD_SHAPE(5), AD_SHAPE(3, 2)};
    ad_shape shape = shapes[fuzz_below(&c->rng, 3)];
    ad_type type = fuzz_below(&c->rng, 3) ? AD_F64 : AD_F32;
    switch (fuzz_below(&c->rng, 4)) {
    case 0:
        c->z[0] = ad_random_uniform(key, stream, shape, type);
        break;
    case 1:
        c->z[0] = ad_random_normal(key, stream, shape, type);
        break;
    case 2:
        c->z[0] = ad_random_bernoulli(key, stream, 0.5, shape, type);
        break;
    default:
        c->z[0] = ad_random_next(key);
    }
}

/* ---- the rest ---- */

void fuzz_max_pool(fuzz_call *c)
{
    int two = fuzz_below(&c->rng, 2);
    c->z[0] = two ? ad_max_pool(c->x[0], AD_SHAPE(2, 2), AD_SHAPE(1, 2), AD_SHAPE(1, 0))
                  : ad_max_pool(c->x[0], AD_SHAPE(2), AD_SHAPE(2), AD_SHAPE(0));
}

void fuzz_stop_gradient(fuzz_call *c)
{
    c->z[0] = ad_stop_gradient(c->x[0]);
}

void fuzz_cast(fuzz_call *c)
{
    c->z[0] = ad_cast(c->x[0], (ad_type)fuzz_below(&c->rng, 3));
}

static ad_var softmax(ad_var x, ad_axes axes)
{
    return ad_softmax(x, axes);
}
static ad_var variance(ad_var x, ad_axes axes)
{
    return ad_variance(x, axes, 0);
}
static ad_var deviation(ad_var x, ad_axes axes)
{
    return ad_std(x, axes, 1);
}

void fuzz_reduce(fuzz_call *c)
{
    static ad_var (*const all[])(ad_var, ad_axes) = {
        (ad_sum),         (ad_sum),  (ad_sum),       (ad_mean),   (ad_mean),      (ad_norm),
        (ad_max),         (ad_min),  (ad_argmax),    (ad_argmin), (ad_logsumexp), softmax,
        (ad_log_softmax), (ad_prod), (ad_normalize), variance,    deviation};
    int which = fuzz_below(&c->rng, (int)(sizeof all / sizeof *all));
    c->z[0] = all[which](c->x[0], some_axes(c, c->x[0]));
}

void fuzz_scan(fuzz_call *c)
{
    int axis = some_axis(c, c->x[0]);
    c->z[0] = fuzz_below(&c->rng, 2) ? ad_cumsum(c->x[0], axis) : ad_cumprod(c->x[0], axis);
}

void fuzz_recurrence(fuzz_call *c)
{
    c->z[0] = ad_recurrence(c->x[0], c->x[1], -1, fuzz_below(&c->rng, 2));
}

/* The second matrix of a product with x, made from y. */
static ad_var right_matrix(fuzz_call *c, ad_var x, ad_var y, int transpose_x, int transpose_y)
{
    static const int widths[] = {1, 2, 3, 4, 8, 17, 33};
    ad_shape shape = ad_shape_of(x), own = ad_shape_of(y);
    int64_t n = widths[fuzz_below(&c->rng, 7)];
    int64_t k = shape.rank == 0 ? 1 : shape.len[shape.rank - 1];
    k = transpose_x && shape.rank > 1 ? shape.len[shape.rank - 2] : k;
    int fits = own.rank >= 1 && own.len[own.rank > 1 ? own.rank - 2 + transpose_y : 0] == k;
    if (fits && fuzz_below(&c->rng, 2)) {
        return y;
    }
    return fuzz_fit(y, transpose_y ? AD_SHAPE(n, k) : AD_SHAPE(k, n));
}

void fuzz_matmul(fuzz_call *c)
{
    int transpose_x = fuzz_below(&c->rng, 4) == 0, transpose_y = fuzz_below(&c->rng, 4) == 0;
    ad_var y = right_matrix(c, c->x[0], c->x[1], transpose_x, transpose_y);
    c->z[0] = ad_matmul_with(c->x[0], y, transpose_x, transpose_y);
}

/* A layer: activation(x w + b). */
void fuzz_dense(fuzz_call *c)
{
    static ad_var (*const activations[])(ad_var) = {(ad_relu), (ad_tanh), (ad_sigmoid),
                                                    (ad_softplus), (ad_neg)};
    ad_var x = c->x[0];
    x = ad_shape_of(x).rank == 2 ? x : fuzz_fit(x, AD_SHAPE(3, 5));
    ad_var z = ad_matmul(x, right_matrix(c, x, c->x[1], 0, 0));
    ad_shape shape = ad_shape_of(z);
    if (shape.rank == 2) {
        const ad_shape biases[] = {AD_SHAPE(shape.len[1]), AD_SHAPE(shape.len[0], 1), shape,
                                   AD_SCALAR};
        z = ad_add(z, fuzz_fit(c->x[2], biases[fuzz_below(&c->rng, 4)]));
    }
    c->z[1] = z;
    c->z[0] = activations[fuzz_below(&c->rng, 5)](z);
}

void fuzz_outer(fuzz_call *c)
{
    c->z[0] = ad_outer(fuzz_fit(c->x[0], AD_SHAPE(3)), fuzz_fit(c->x[1], AD_SHAPE(4)));
}
