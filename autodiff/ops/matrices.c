/* SPDX-License-Identifier: MIT */
/* Vectors, matrices and sums of scalars; entries, diagonals and the trace: all composed. */
#include "ops/build_internal.h"

#include "tape/tape_internal.h"
#include "ops.h"

#include <inttypes.h>
#include <math.h>

enum { MOST_ROWS = 1 << 29 }; /* of a square matrix, whose elements can be counted */

ad_var(ad_at)(ad_var x, int64_t index)
{
    const ad__made at = ad__making(1, &x);
    return ad__made_of(at, "ad_at", ad_select(x, 0, index));
}

/* ---- of scalars ---- */

/* By halves, so that errors of rounding grow with the logarithm of the count. */
static ad_var sum_of(int count, const ad_var *x)
{
    return count == 1 ? x[0]
                      : ad_add(sum_of(count / 2, x), sum_of(count - count / 2, x + count / 2));
}

ad_var(ad_add_n)(int count, const ad_var *x)
{
    if (count < 1 || x == NULL) {
        return ad_literal(count == 0 ? 0 : (double)NAN);
    }
    const ad__made sum = ad__making(count, x);
    return ad__made_of(sum, "ad_add_n", sum_of(count, x));
}

/* Those of count numbers that are no scalars are refused, in the name of origin. */
static ad_var vector_of(int count, const ad_var *x, const char *origin)
{
    const ad__made made = ad__making(count, x);
    for (int i = 0; i < count; i++) {
        const ad_shape shape = ad_shape_of(x[i]);
        char text[160];
        if (shape.rank != 0) {
            ad_error error;
            ad_error_set(&error, AD_ERR_SHAPE,
                         "x[%d] is %s; give scalars, or join tensors with ad_stack or ad_concat", i,
                         ad_shape_print(&shape, text, sizeof text));
            return ad__failed(x[i], &error, origin);
        }
    }
    return ad__made_of(made, origin, ad_stack(count, x, 0));
}

ad_var(ad_vector)(int count, const ad_var *x)
{
    return count < 1 || x == NULL ? ad_literal(NAN) : vector_of(count, x, "ad_vector");
}

ad_var(ad_matrix)(int count, const ad_var *x, int columns)
{
    if (count < 1 || x == NULL) {
        return ad_literal(NAN);
    }
    ad_tape *tape = ad__tape_of(count, x);
    if (columns < 1 || count % columns != 0) {
        ad_error error;
        ad_error_set(&error, AD_ERR_DOMAIN,
                     "%d scalars in rows of %d; their number must be a multiple of the columns",
                     count, columns);
        return tape == NULL ? ad_literal(NAN)
                            : ad__failed((ad_var){.tape = tape}, &error, "ad_matrix");
    }
    const ad__made made = {tape, tape != NULL && tape->error.status == AD_OK};
    ad_var z = vector_of(count, x, "ad_matrix");
    return ad__made_of(made, "ad_matrix", ad_reshape(z, AD_SHAPE(count / columns, columns)));
}

/* ---- diagonals ---- */

static ad_var too_large(ad_var x, int64_t n, const char *origin)
{
    ad_error error;
    ad_error_set(&error, AD_ERR_SHAPE, "%" PRId64 " rows and columns; give 0 to %d", n,
                 (int)MOST_ROWS);
    return ad__failed(x, &error, origin);
}

/* The element after one of the diagonal is a row and a column on: columns + 1 places. */
ad_var(ad_diag)(ad_var x)
{
    const ad__made diag = ad__making(1, &x);
    ad_shape shape;
    ad_error error;
    if (!ad__shape_for(x, &shape, "ad_diag")) {
        return ad__dead(x.tape);
    }
    if (shape.rank == 0) {
        ad_error_set(&error, AD_ERR_SHAPE, "x is a scalar; give a vector or a matrix");
        return ad__failed(x, &error, "ad_diag");
    }
    const int64_t columns = shape.len[shape.rank - 1];
    if (shape.rank == 1) {
        if (columns > MOST_ROWS) {
            return too_large(x, columns, "ad_diag");
        }
        ad_var z = ad_unslice(x, 0, columns * columns, 0, AD_END, columns + 1);
        return ad__made_of(diag, "ad_diag", ad_reshape(z, AD_SHAPE(columns, columns)));
    }
    const int64_t rows = shape.len[shape.rank - 2], n = rows < columns ? rows : columns;
    shape.rank--;
    shape.len[shape.rank - 1] = rows * columns;
    const int64_t end = n > 0 ? (n - 1) * (columns + 1) + 1 : 0;
    ad_var z = ad_slice(ad_reshape(x, shape), -1, 0, end, columns + 1);
    return ad__made_of(diag, "ad_diag", ad__follow(z, x));
}

ad_var(ad_eye)(ad_tape *tape, ad_type type, int64_t n)
{
    if (tape == NULL) {
        return ad_literal(NAN);
    }
    if (n < 0 || n > MOST_ROWS) {
        return too_large((ad_var){.tape = tape}, n, "ad_eye");
    }
    const ad__made eye = {tape, tape->error.status == AD_OK};
    return ad__made_of(eye, "ad_eye", ad_diag(ad_full(tape, type, AD_SHAPE(n), 1)));
}

ad_var(ad_trace)(ad_var x)
{
    const ad__made trace = ad__making(1, &x);
    ad_shape shape;
    if (!ad__shape_for(x, &shape, "ad_trace")) {
        return ad__dead(x.tape);
    }
    if (shape.rank < 2) {
        ad_error error;
        char text[160];
        ad_error_set(&error, AD_ERR_SHAPE, "x is %s; give a matrix, or a batch of them",
                     ad_shape_print(&shape, text, sizeof text));
        return ad__failed(x, &error, "ad_trace");
    }
    return ad__made_of(trace, "ad_trace", ad_sum(ad_diag(x), AD_AXES(-1)));
}
