/* SPDX-License-Identifier: MIT */

/* The kernels of rows_internal.h for one element type. Included once a type, after the including
 * file has set
 *
 *   real       the element type, for a floating one by math_f64_internal.h or math_f32_internal.h
 *   ROWS       the name of the table of kernels, before its level
 *   FLOATING   1 for a floating type, else 0
 *
 * Sums are of real_total: the type itself, or unsigned, so that whole numbers that leave the range
 * wrap around. */

#include "kernels/rows_internal.h"
#if FLOATING
#include "kernels/math_internal.h"
#define real_total real
#else
#define real_total uint64_t
#endif

#define TYPED(name) name
#include "kernels/common_real_internal.h"

#include <stdint.h>
#include <string.h>

/* texts: real */

/* Sums are trees of fixed form, so errors grow with log n and bits depend on n alone: halves down
 * to a leaf, whose LANES running sums the compiler keeps in vector registers. */
enum { LANES = AD__SUM_LANES, LEAF = AD__SUM_LEAF };

static real_total sum_leaf(size_t n, const real_total *restrict x)
{
    real_total lane[LANES] = {0}, tail = 0;
    size_t whole = n / LANES * LANES;
    for (size_t i = whole; i < n; i++) {
        tail += x[i];
    }
    if (whole == 0) {
        return tail;
    }
    for (size_t i = 0; i < whole; i += LANES) {
        for (size_t k = 0; k < LANES; k++) {
            lane[k] += x[i + k];
        }
    }
    for (size_t width = LANES / 2; width > 0; width /= 2) {
        for (size_t k = 0; k < width; k++) {
            lane[k] += lane[k + width];
        }
    }
    return lane[0] + tail;
}

static real_total sum_of(size_t n, const real_total *x)
{
    if (n <= LEAF) {
        return sum_leaf(n, x);
    }
    size_t half = ad__sum_half(n);
    return sum_of(half, x) + sum_of(n - half, x + half);
}

static inline int sum(const ad__args *a)
{
    const size_t rows = a->n[0], len = a->n[1];
    const real_total *x = a->x[0];
    real_total *z = a->z;
    for (size_t i = 0; i < rows && len <= LEAF; i++) {
        z[i] = sum_leaf(len, x + i * len);
    }
    for (size_t i = 0; i < rows && len > LEAF; i++) {
        z[i] = sum_of(len, x + i * len);
    }
    return 0;
}

/* Four rows at a time, so that z is read and written a quarter as often. */
static void sum_columns_leaf(size_t m, size_t n, const real_total *restrict x,
                             real_total *restrict z)
{
    for (size_t k = 0; k < n; k++) {
        z[k] = 0;
    }
    for (; m >= 4; m -= 4, x += 4 * n) {
        for (size_t k = 0; k < n; k++) {
            z[k] += (x[k] + x[n + k]) + (x[2 * n + k] + x[3 * n + k]);
        }
    }
    for (; m > 0; m--, x += n) {
        for (size_t k = 0; k < n; k++) {
            z[k] += x[k];
        }
    }
}

static void sum_columns_of(size_t m, size_t n, const real_total *x, real_total *z,
                           real_total *buffer)
{
    if (m <= AD__LEAF_ROWS) {
        sum_columns_leaf(m, n, x, z);
        return;
    }
    sum_columns_of(m / 2, n, x, z, buffer + n);
    sum_columns_of(m - m / 2, n, x + m / 2 * n, buffer, buffer + n);
    for (size_t k = 0; k < n; k++) {
        z[k] += buffer[k];
    }
}

static inline int sum_columns(const ad__args *a)
{
    const size_t matrices = a->n[0], m = a->n[1], n = a->n[2];
    const real_total *x = a->x[0];
    real_total *z = a->z;
    for (size_t i = 0; i < matrices; i++) {
        sum_columns_of(m, n, x + i * m * n, z + i * n, a->scratch);
    }
    return 0;
}

/* ---- extremes ---- */

static inline real extreme_of_two(int largest, real x, real z)
{
    return (largest ? x > z : x < z) | is_nan(x) ? x : z;
}

static inline real extreme_of(int largest, size_t n, const real *restrict x)
{
    real lane[LANES], z = x[0];
    size_t i = 0;
    if (n >= LANES) {
        for (size_t k = 0; k < LANES; k++) {
            lane[k] = x[k];
        }
        for (i = LANES; i + LANES <= n; i += LANES) {
            for (size_t k = 0; k < LANES; k++) {
                lane[k] = extreme_of_two(largest, x[i + k], lane[k]);
            }
        }
        for (size_t k = 0; k < LANES; k++) {
            z = extreme_of_two(largest, lane[k], z);
        }
    }
    for (; i < n; i++) {
        z = extreme_of_two(largest, x[i], z);
    }
    return z;
}

static real largest_of(size_t n, const real *x)
{
    return extreme_of(1, n, x);
}

static inline int max(const ad__args *a)
{
    const size_t rows = a->n[0], len = a->n[1];
    const real *x = a->x[0];
    real *z = a->z;
    for (size_t i = 0; i < rows; i++) {
        z[i] = largest_of(len, x + i * len);
    }
    return 0;
}

static inline int min(const ad__args *a)
{
    const size_t rows = a->n[0], len = a->n[1];
    const real *x = a->x[0];
    real *z = a->z;
    for (size_t i = 0; i < rows; i++) {
        z[i] = extreme_of(0, len, x + i * len);
    }
    return 0;
}

/* The first place of z, or of a NaN if z is NaN; n if there is none. */
static size_t place_of(real z, size_t n, const real *x)
{
    size_t i = 0;
    while (i < n && x[i] != z && !(is_nan(z) && is_nan(x[i]))) {
        i++;
    }
    return i;
}

static inline int argmax(const ad__args *a)
{
    const size_t rows = a->n[0], len = a->n[1];
    const real *x = a->x[0];
    int64_t *z = a->z;
    for (size_t i = 0; i < rows; i++, x += len) {
        z[i] = (int64_t)place_of(largest_of(len, x), len, x);
    }
    return 0;
}

static inline int argmin(const ad__args *a)
{
    const size_t rows = a->n[0], len = a->n[1];
    const real *x = a->x[0];
    int64_t *z = a->z;
    for (size_t i = 0; i < rows; i++, x += len) {
        z[i] = (int64_t)place_of(extreme_of(0, len, x), len, x);
    }
    return 0;
}

#if FLOATING

/* ---- norm ---- */

static real sum_of_squares(size_t n, const real *x, real scale)
{
    if (n > LEAF) {
        size_t half = ad__sum_half(n);
        return sum_of_squares(half, x, scale) + sum_of_squares(n - half, x + half, scale);
    }
    real square[LEAF];
    for (size_t i = 0; i < n; i++) {
        square[i] = x[i] * scale * (x[i] * scale);
    }
    return sum_leaf(n, square);
}

/* The square root of the sum of squares; where that would lose digits or leave the range, of the
 * squares of elements times a power of two. */
static real norm_of(size_t n, const real *x)
{
    const int is_wide = sizeof(real) == sizeof(double);
    const int small = is_wide ? -900 : -90, most = is_wide ? 1000 : 100;
    const real s = sum_of_squares(n, x, 1);
    real largest = 0;
    if (s > ldexp((real)1, small) && !isinf(s)) {
        return sqrt(s);
    }
    for (size_t i = 0; i < n; i++) {
        largest = extreme_of_two(1, fabs(x[i]), largest);
    }
    if (largest == 0 || isnan(largest) || isinf(largest)) {
        return largest;
    }
    const int power = -ilogb(largest);
    const real scale = ldexp((real)1, power < most ? power : most);
    return sqrt(sum_of_squares(n, x, scale)) / scale;
}

static inline int norm(const ad__args *a)
{
    const size_t rows = a->n[0], len = a->n[1];
    const real *x = a->x[0];
    real *z = a->z;
    for (size_t i = 0; i < rows; i++) {
        z[i] = norm_of(len, x + i * len);
    }
    return 0;
}

/* ---- exponentials ---- */

/* x - m for x <= m, with the limit 0 where both are infinite. */
static inline real below(real x, real m)
{
    return x == m ? 0 : x - m;
}

static void exponentials(size_t n, const real *restrict x, real m, real *restrict z)
{
    for (size_t i = 0; i < n; i++) {
        z[i] = real_exp(below(x[i], m));
    }
}

/* The sum of e^(x - m), but for the element at top. */
static real sum_of_others(size_t n, const real *x, real m, size_t top)
{
    if (n > LEAF) {
        size_t half = ad__sum_half(n);
        return sum_of_others(half, x, m, top) + sum_of_others(n - half, x + half, m, top - half);
    }
    real term[LEAF];
    exponentials(n, x, m, term);
    if (top < n) {
        term[top] = 0;
    }
    return sum_leaf(n, term);
}

/* log(sum of e^(x - m)), m = max x above -inf: the largest term is 1 and left to log1p. */
static real log_total(size_t n, const real *x, real m)
{
    return real_log1p(sum_of_others(n, x, m, place_of(m, n, x)));
}

static real logsumexp_of(size_t n, const real *x)
{
    const real m = n > 0 ? largest_of(n, x) : -INFINITY;
    return m == -INFINITY ? m : m + log_total(n, x, m);
}

static inline int logsumexp(const ad__args *a)
{
    const size_t rows = a->n[0], len = a->n[1];
    const real *x = a->x[0];
    real *z = a->z;
    for (size_t i = 0; i < rows; i++) {
        z[i] = logsumexp_of(len, x + i * len);
    }
    return 0;
}

static void softmax_of(size_t n, const real *restrict x, real *restrict z)
{
    const real m = largest_of(n, x);
    if (m == -INFINITY) {
        memset(z, 0, n * sizeof(real));
        return;
    }
    exponentials(n, x, m, z);
    const real total = sum_of(n, z);
    for (size_t i = 0; i < n; i++) {
        z[i] /= total;
    }
}

static inline int softmax(const ad__args *a)
{
    const size_t rows = a->n[0], len = a->n[1];
    const real *x = a->x[0];
    real *z = a->z;
    for (size_t i = 0; i < rows; i++, x += len, z += len) {
        softmax_of(len, x, z);
    }
    return 0;
}

static void log_softmax_of(size_t n, const real *restrict x, real *restrict z)
{
    const real m = largest_of(n, x);
    const real total = m == -INFINITY ? INFINITY : log_total(n, x, m);
    for (size_t i = 0; i < n; i++) {
        z[i] = below(x[i], m) - total;
    }
}

static inline int log_softmax(const ad__args *a)
{
    const size_t rows = a->n[0], len = a->n[1];
    const real *x = a->x[0];
    real *z = a->z;
    for (size_t i = 0; i < rows; i++, x += len, z += len) {
        log_softmax_of(len, x, z);
    }
    return 0;
}

/* ---- less the weighted mean ---- */

/* x y, and 0 where x is 0: a cotangent of 0 hides what it meets. */
static inline real chained(real x, real y)
{
    return x == 0 ? 0 : x * y;
}

/* The sum of w (x - from). */
static real sum_from(size_t n, const real *w, const real *x, real from)
{
    if (n > LEAF) {
        size_t half = ad__sum_half(n);
        return sum_from(half, w, x, from) + sum_from(n - half, w + half, x + half, from);
    }
    real term[LEAF];
    for (size_t i = 0; i < n; i++) {
        term[i] = x[i] == 0 && from == 0 ? 0 : w[i] * (x[i] - from);
    }
    return sum_leaf(n, term);
}

/* The sum of x, but for the element at top. */
static real sum_but(size_t n, const real *x, size_t top)
{
    if (n > LEAF) {
        size_t half = ad__sum_half(n);
        return sum_but(half, x, top) + sum_but(n - half, x + half, top - half);
    }
    real term[LEAF];
    memcpy(term, x, n * sizeof *x);
    if (top < n) {
        term[top] = 0;
    }
    return sum_leaf(n, term);
}

/* x_i - sum w x, from the element x_t of the largest weight: x_i - x_t - sum w (x - x_t), where the
 * term of that weight is exactly 0. */
static void centred_of(size_t n, const real *restrict w, const real *restrict x, real *restrict z)
{
    const real largest = largest_of(n, w);
    const real from = x[place_of(largest, n, w)], mean = sum_from(n, w, x, from);
    for (size_t i = 0; i < n; i++) {
        z[i] = x[i] - from - mean;
    }
}

static inline int centred(const ad__args *a)
{
    const size_t rows = a->n[0], len = a->n[1];
    const real *w = a->x[0], *x = a->x[1];
    real *z = a->z;
    for (size_t i = 0; i < rows; i++, w += len, x += len, z += len) {
        centred_of(len, w, x, z);
    }
    return 0;
}

/* x_i - w_i sum x, and x_t (1 - w_t) - w_t (the sum of the others) for the largest weight, 1 - w_t
 * from the others; 0 of weights 0. */
static void centred_transposed_of(size_t n, const real *restrict w, const real *restrict x,
                                  real *restrict z)
{
    const real largest = largest_of(n, w);
    if (largest == 0) {
        memset(z, 0, n * sizeof(real));
        return;
    }
    const size_t top = place_of(largest, n, w);
    const real others = sum_but(n, x, top), total = x[top] + others;
    for (size_t i = 0; i < n; i++) {
        z[i] = x[i] - chained(total, w[i]);
    }
    z[top] = chained(x[top], sum_but(n, w, top)) - chained(others, w[top]);
}

static inline int centred_transposed(const ad__args *a)
{
    const size_t rows = a->n[0], len = a->n[1];
    const real *w = a->x[0], *x = a->x[1];
    real *z = a->z;
    for (size_t i = 0; i < rows; i++, w += len, x += len, z += len) {
        centred_transposed_of(len, w, x, z);
    }
    return 0;
}

/* ---- recurrence ---- */

/* One chain of numbers, step 1 onwards and -1 backwards. Where a term is +0, as in running
 * products, the next product takes this one without waiting for the sum: 0 + t is t, but for the
 * sign of a zero, which 0 + t is + in any case, and which `exact` has right for a term of another
 * kind. */
static void recurrence_of_one(size_t m, ptrdiff_t step, const real *factor, const real *term,
                              real *to)
{
    real exact = *term, carry = exact;
    *to = exact;
    for (size_t i = 1; i < m; i++) {
        term += step;
        to += step;
        const real a = step > 0 ? *++factor : *factor--;
        if (*term == 0 && !signbit(*term)) {
            carry = a * carry;
            exact = *term + carry;
        } else {
            carry = exact = *term + a * exact;
        }
        *to = exact;
    }
}

static void recurrence_of(size_t m, size_t n, int transpose, const real *restrict factor,
                          const real *restrict term, real *restrict to)
{
    if (n == 1 && transpose) {
        recurrence_of_one(m, -1, factor + m - 1, term + m - 1, to + m - 1);
    } else if (n == 1) {
        recurrence_of_one(m, 1, factor, term, to);
    } else if (transpose) {
        memcpy(to + (m - 1) * n, term + (m - 1) * n, n * sizeof(real));
        for (size_t i = (m - 1) * n; i-- > 0;) {
            to[i] = term[i] + factor[i + n] * to[i + n];
        }
    } else {
        memcpy(to, term, n * sizeof(real));
        for (size_t i = n; i < m * n; i++) {
            to[i] = term[i] + factor[i] * to[i - n];
        }
    }
}

static inline int recurrence(const ad__args *a)
{
    const size_t panes = a->n[0], m = a->n[1], n = a->n[2], pane = m * n;
    const real *factor = a->x[0], *term = a->x[1];
    real *z = a->z;
    for (size_t i = 0; i < panes; i++, factor += pane, term += pane, z += pane) {
        recurrence_of(m, n, a->n[3] != 0, factor, term, z);
    }
    return 0;
}

#endif

const ad__row_kernels AD__AT_LEVEL(ROWS) = {.sum = sum,
                                            .sum_columns = sum_columns,
                                            .max = max,
                                            .min = min,
                                            .argmax = argmax,
                                            .argmin = argmin,
#if FLOATING
                                            .norm = norm,
                                            .logsumexp = logsumexp,
                                            .softmax = softmax,
                                            .log_softmax = log_softmax,
                                            .centred = centred,
                                            .centred_transposed = centred_transposed,
                                            .recurrence = recurrence
#endif
};
