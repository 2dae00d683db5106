/* SPDX-License-Identifier: MIT */
#ifndef AD_KERNELS_MATH_F64_INTERNAL_H
#define AD_KERNELS_MATH_F64_INTERNAL_H

/* double as the number of the rows, and what math_internal.h has to know of it. Coefficients:
 * tests/autodiff/reference/math.py. */

#include <math.h>
#include <stdint.h>

/* texts: f64 */

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

static inline real_word real_bits(real x)
{
    union {
        real number;
        real_word bits;
    } u = {x};
    return u.bits;
}

static inline real real_of_bits(real_word bits)
{
    union {
        real_word bits;
        real number;
    } u = {bits};
    return u.number;
}

/* x = n pi / 2 + high + low, |x| < real_sin_reach: pi / 2 in three parts, n times the first two
 * exact. The bits of n are the lowest of `quarters`. */
typedef struct real_angle {
    real_word quarters;
    real high, low;
} real_angle;

static const real real_sin_reach = 5e4;

static inline real_angle real_reduced(real x)
{
    real shifted = x * 0.63661977236758134 + 0x1.8p52, n = shifted - 0x1.8p52;
    real first = x - n * 0x1.921fb54440000p+0, part = n * 0x1.68c234c4c0000p-39;
    real second = first - part, lost = (first - second) - part;
    real rest = n * 0x1.98a2e03707345p-77 - lost, high = second - rest;
    real_angle angle = {real_bits(shifted), high, (second - high) - rest};
    return angle;
}

/* (sin(r) - r) / r^3, z = r^2, |r| <= pi / 4 */
static inline real real_sin_tail(real z)
{
    real z2 = z * z;
    real a = -0.16666666666666628 + z * 0.0083333333333212853;
    real b = -0.00019841269828869992 + z * 2.7557313355970422e-6;
    real c = -2.5050704033067082e-8 + z * 1.5893583550813636e-10;
    return a + z2 * (b + z2 * c);
}

/* (cos(r) - 1 + z / 2) / z^2 */
static inline real real_cos_tail(real z)
{
    real z2 = z * z;
    real a = 0.041666666666666591 + z * -0.0013888888888872598;
    real b = 2.480158728849164e-5 + z * -2.7557314056452489e-7;
    real c = 2.0875681863461687e-9 + z * -1.1357447863511812e-11;
    return a + z2 * (b + z2 * c);
}

#endif
