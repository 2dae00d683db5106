/* SPDX-License-Identifier: MIT */
#ifndef AD_OPS_MATH_F64_INTERNAL_H
#define AD_OPS_MATH_F64_INTERNAL_H

/* double as the number of the rows, and what math_internal.h has to know of it. Coefficients:
 * tests/autodiff/reference/math.py. */

#include <math.h>
#include <stdint.h>

#define real double
#define REAL(c) (c)

typedef uint64_t real_word; /* as wide as a number */

enum { real_digits = 52, real_bias = 1023 }; /* of the mantissa; of the exponent */

/* Further from 0, e^x is infinite or 0, by much. */
static const real real_exp_far = 800;

/* Below, e^x - 1 rounds to -1. */
static const real real_expm1_least = -40;

/* log 2 in two parts; a whole number n times the first is exact. */
static const real real_ln2_high = 0x1.62e42fefa38p-1, real_ln2_low = 0x1.ef35793c7673p-45;

static const real real_least_normal = 0x1p-1022;

/* The bits of sqrt(1/2). */
static const real_word real_sqrt_half = 0x3fe6a09e667f3bcd;

/* (e^r - 1 - r) / r^2, |r| <= log(2) / 2 */
static inline real real_exp_tail(real r)
{
    real r2 = r * r, r4 = r2 * r2;
    real a = 0.5 + r * 0.16666666666666677;
    real b = 0.041666666666666701 + r * 0.0083333333333216158;
    real c = 0.001388888888886685 + r * 0.00019841269886158406;
    real d = 2.4801587360528238e-5 + r * 2.7557244182111574e-6;
    real e = 2.7557242786283584e-7 + r * 2.5109044810335098e-8;
    return a + r2 * b + r4 * ((c + r2 * d) + r4 * (e + r2 * 2.0924434414322315e-9));
}

/* (log((1 + s) / (1 - s)) - 2 s) / s^3, z = s^2, |s| <= 0.1716 */
static inline real real_log_tail(real z)
{
    real z2 = z * z, z4 = z2 * z2;
    real a = 0.66666666666667345 + z * 0.3999999999941396;
    real b = 0.28571428742562714 + z * 0.22222198553744517;
    real c = 0.18183565408710928 + z * 0.15314021094548559;
    return a + z2 * b + z4 * (c + z2 * 0.14796261303608931);
}

/* The same for |s| <= 1/3. */
static inline real real_log_long_tail(real z)
{
    real z2 = z * z, z4 = z2 * z2;
    real a = 0.66666666666666304 + z * 0.40000000000157244;
    real b = 0.28571428547853753 + z * 0.22222223969738656;
    real c = 0.18181743924678648 + z * 0.15386559927945995;
    real d = 0.13300973527633989 + z * 0.12106086669599957;
    real e = 0.083400999020896468 + z * 0.17018577907933057;
    return (a + z2 * b) + z4 * ((c + z2 * d) + z4 * e);
}

#endif
