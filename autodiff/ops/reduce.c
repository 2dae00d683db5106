/* SPDX-License-Identifier: MIT */
/* Axes of reductions, and the sum. */
#include "reduce_internal.h"

#include "../tape_internal.h"
#include "ops.h"

#include <math.h>
#include <string.h>

#undef AD_HERE
#define AD_HERE v->site

ad_status ad__reduction_of(ad_axes axes, const ad_shape *shape, ad__reduction *out, ad_error *error)
{
    *out = (ad__reduction){0, axes.keep};
    if (axes.count < 0) {
        out->mask = (1U << shape->rank) - 1;
        return AD_OK;
    }
    char text[160];
    for (int i = 0; i < axes.count && i < AD_MAX_RANK; i++) {
        int axis = axes.axis[i] < 0 ? axes.axis[i] + shape->rank : axes.axis[i];
        if (axis < 0 || axis >= shape->rank) {
            return ad_error_set(error, AD_ERR_SHAPE, "axis %d of %s; axes are %d to %d",
                                axes.axis[i], ad_shape_print(shape, text, sizeof text),
                                -shape->rank, shape->rank - 1);
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

/* A copy with the kept axes first, each group in its own order. */
static void *gather_kept(const ad__call *call, ad__reduction r)
{
    const ad_shape *shape = &call->x[0].kind->shape;
    size_t bytes = ad_type_bytes(call->x[0].kind->type), count = call->x[0].kind->count;
    char *copy = ad__arena_take(call->scratch, count * bytes);
    size_t stride[AD_MAX_RANK], len[AD_MAX_RANK], index[AD_MAX_RANK] = {0}, product = bytes;
    int rank = 0;
    for (int pass = 1; pass >= 0; pass--) { /* innermost first: reduced axes, then kept ones */
        product = bytes;
        for (int i = shape->rank - 1; i >= 0; i--) {
            if ((int)(r.mask >> i & 1) == pass) {
                stride[rank] = product;
                len[rank++] = (size_t)shape->len[i];
            }
            product *= (size_t)shape->len[i];
        }
    }
    const char *from = call->x[0].data;
    for (size_t i = 0; i < count && copy != NULL; i++) {
        memcpy(copy + i * bytes, from, bytes);
        for (int axis = 0; axis < rank; axis++) {
            from += stride[axis];
            if (++index[axis] < len[axis]) {
                break;
            }
            from -= stride[axis] * len[axis];
            index[axis] = 0;
        }
    }
    return copy;
}

ad_status ad__panes_of(const ad__call *call, ad__reduction r, ad__panes *out)
{
    const ad_shape *shape = &call->x[0].kind->shape;
    *out = (ad__panes){1, 1, 1, call->x[0].data};
    int changes = 0;
    for (int i = 0, before = 0; i < shape->rank; i++) {
        size_t len = (size_t)shape->len[i];
        int reduced = r.mask >> i & 1;
        changes += len != 1 && reduced && before == 2;
        if (len != 1) {
            before = reduced ? 1 : before == 0 ? 0 : 2;
        }
        *(reduced ? &out->reduced : before == 0 ? &out->outer : &out->inner) *= len;
    }
    if (changes > 0 && call->x[0].kind->count > 0) {
        out->outer *= out->inner;
        out->inner = 1;
        out->x = gather_kept(call, r);
    }
    return out->x == NULL && call->x[0].kind->count > 0 ? AD_ERR_MEMORY : AD_OK;
}

/* ---- sum ---- */

/* Sums are trees of fixed form, so errors grow with log n and bits depend on n alone: halves down to
 * a leaf, whose LANES running sums the compiler keeps in vector registers. */
enum { LANES = 16, LEAF = 256 };

#define SUM_KERNELS(real, sum_row, sum_rows, sum_panes)                                            \
    static real sum_row(const real *x, size_t n)                                                   \
    {                                                                                              \
        if (n > LEAF) {                                                                            \
            size_t half = (n / 2 + LANES - 1) / LANES * LANES;                                     \
            return sum_row(x, half) + sum_row(x + half, n - half);                                 \
        }                                                                                          \
        real lane[LANES] = {0}, tail = 0;                                                          \
        size_t i = 0;                                                                              \
        for (; i + LANES <= n; i += LANES) {                                                       \
            for (size_t k = 0; k < LANES; k++) {                                                   \
                lane[k] += x[i + k];                                                               \
            }                                                                                      \
        }                                                                                          \
        for (; i < n; i++) {                                                                       \
            tail += x[i];                                                                          \
        }                                                                                          \
        for (size_t width = LANES / 2; width > 0; width /= 2) {                                    \
            for (size_t k = 0; k < width; k++) {                                                   \
                lane[k] += lane[k + width];                                                        \
            }                                                                                      \
        }                                                                                          \
        return lane[0] + tail;                                                                     \
    }                                                                                              \
    /* z[k] = sum over i of x[i][k]; each level of the tree needs n numbers of room */             \
    static void sum_rows(const real *restrict x, size_t m, size_t n, real *restrict z,             \
                         real *restrict room)                                                      \
    {                                                                                              \
        if (m > LEAF) {                                                                            \
            sum_rows(x, m / 2, n, z, room + n);                                                    \
            sum_rows(x + m / 2 * n, m - m / 2, n, room, room + n);                                 \
            for (size_t k = 0; k < n; k++) {                                                       \
                z[k] += room[k];                                                                   \
            }                                                                                      \
            return;                                                                                \
        }                                                                                          \
        for (size_t k = 0; k < n; k++) {                                                           \
            z[k] = 0;                                                                              \
        }                                                                                          \
        for (size_t i = 0; i < m; i++) {                                                           \
            for (size_t k = 0; k < n; k++) {                                                       \
                z[k] += x[i * n + k];                                                              \
            }                                                                                      \
        }                                                                                          \
    }                                                                                              \
    static ad_status sum_panes(const ad__panes *p, real *z, ad__arena *scratch)                    \
    {                                                                                              \
        const real *x = p->x;                                                                      \
        size_t levels = 1, pane = p->reduced * p->inner;                                           \
        for (size_t m = p->reduced; m > LEAF; m = m - m / 2) {                                     \
            levels++;                                                                              \
        }                                                                                          \
        real *room =                                                                               \
            p->inner == 1 ? NULL : ad__arena_take(scratch, levels * p->inner * sizeof *room);      \
        if (p->inner != 1 && room == NULL) {                                                       \
            return AD_ERR_MEMORY;                                                                  \
        }                                                                                          \
        for (size_t o = 0; o < p->outer; o++) {                                                    \
            if (p->inner == 1) {                                                                   \
                z[o] = sum_row(x + o * pane, pane);                                                \
            } else {                                                                               \
                sum_rows(x + o * pane, p->reduced, p->inner, z + o * p->inner, room);              \
            }                                                                                      \
        }                                                                                          \
        return AD_OK;                                                                              \
    }

SUM_KERNELS(double, sum_row_f64, sum_rows_f64, sum_panes_f64)
SUM_KERNELS(float, sum_row_f32, sum_rows_f32, sum_panes_f32)
SUM_KERNELS(int64_t, sum_row_i64, sum_rows_i64, sum_panes_i64)

static ad_status sum_infer(ad__call *call)
{
    call->kind = *call->x[0].kind;
    call->kind.shape =
        ad__reduced_shape(&call->kind.shape, *(const ad__reduction *)call->attributes);
    return AD_OK;
}

static ad_status sum_eval(const ad__call *call)
{
    ad__panes panes;
    ad_status status = ad__panes_of(call, *(const ad__reduction *)call->attributes, &panes);
    if (status != AD_OK) {
        return status;
    }
    switch (call->kind.type) {
    case AD_F64:
        return sum_panes_f64(&panes, call->z, call->scratch);
    case AD_F32:
        return sum_panes_f32(&panes, call->z, call->scratch);
    case AD_I64:
        return sum_panes_i64(&panes, call->z, call->scratch);
    }
    return AD_ERR_TYPE;
}

static void sum_vjp(ad__vjp *v)
{
    ad__reduction r = *(const ad__reduction *)v->attributes;
    ad_shape shape = ad_shape_of(v->x[0]);
    r.keep = 1;
    v->dx[0] = ad_broadcast_to(ad_reshape(v->g, ad__reduced_shape(&shape, r)), shape);
}

static ad_var sum_matrix(const ad_var *x)
{
    return ad_sum_at(x[0], AD_AXES(0), NULL);
}

static ad_var sum_keep(const ad_var *x)
{
    return ad_sum_at(x[0], AD_KEEP(0, -1), NULL);
}

static const ad__sample sum_samples[] = {
    {1, {{2, {3, 4}}}, -2, 2, sum_matrix},
    {1, {{3, {2, 3, 2}}}, -2, 2, sum_keep},
};

const ad_op ad_sum__op = {.name = "ad_sum",
                          .infer = sum_infer,
                          .eval = sum_eval,
                          .vjp = sum_vjp,
                          .samples = sum_samples,
                          .sample_count = sizeof sum_samples / sizeof *sum_samples};

ad_var ad__reduce(const ad_op *op, ad_var x, ad_axes axes, const char *site)
{
    ad_error error;
    ad__reduction r;
    ad_shape shape = ad_shape_of(x);
    if (x.tape != NULL && ad__check_handle(x.tape, x, op->name, site) != AD_OK) {
        return ad__dead(x.tape);
    }
    if (ad__reduction_of(axes, &shape, &r, &error) != AD_OK) {
        if (x.tape != NULL) {
            ad_tape_fail(x.tape, error.status, op->name, site, "%s", error.message);
        }
        return x.tape != NULL ? ad__dead(x.tape) : ad_literal(NAN);
    }
    return ad__record(op, 1, &x, &r, sizeof r, site);
}

ad_var ad_sum_at(ad_var x, ad_axes axes, const char *site)
{
    return ad__reduce(&ad_sum__op, x, axes, site);
}

ad_var ad_sum_to_at(ad_var x, ad_shape shape, const char *site)
{
    ad_shape large = ad_shape_of(x), wide;
    int axes[AD_MAX_RANK] = {0}, count = 0, keep = 0;
    if (ad_is_dead(x) || ad_shape_broadcast(&shape, &large, &wide) != AD_OK ||
        !ad_shape_equal(&wide, &large)) {
        /* records the failure with both shapes, as its transpose would */
        return ad_broadcast_to_at(x, shape, site);
    }
    int missing = large.rank - shape.rank;
    for (int i = 0; i < large.rank; i++) {
        if (i < missing || shape.len[i - missing] != large.len[i]) {
            keep = keep || i >= missing;
            axes[count++] = i;
        }
    }
    ad_var z = count > 0 ? ad_sum_at(x, ad_axes_of(count, axes, keep), site) : x;
    return keep && missing > 0 ? ad_reshape_at(z, shape, site) : z;
}
