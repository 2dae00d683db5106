/* SPDX-License-Identifier: MIT */
#ifndef AD_KERNELS_MATH_F32_INTERNAL_H
#define AD_KERNELS_MATH_F32_INTERNAL_H

/* float as the number of the rows: as math_f64_internal.h. libm's names mean its float functions
 * here. */

#include <stdint.h>
#include <tgmath.h>

/* texts: f32 */

#define real float
#define REAL(c) ((float)(c))

typedef uint32_t real_word;

enum { real_digits = 23, real_bias = 127 };

static const real real_exp_far = 130;
static const real real_expm1_least = -20;
static const real real_ln2_high = 0x1.62e4p-1F, real_ln2_low = 0x1.7f7d1cp-20F;
static const real real_least_normal = 0x1p-126F;
static const real_word real_sqrt_half = 0x3f3504f3;

static inline real real_exp_tail(real r)
{
    real r2 = r * r;
    real a = 0.5F + r * 0.166666672F;
    real b = 0.041666355F + r * 0.00833327323F;
    real c = 0.00139410084F + r * 0.000199141723F;
    return a + r2 * (b + r2 * c);
}

static inline real real_log_tail(real z)
{
    return 0.666667759F + z * (0.399775326F + z * 0.298719972F);
}

static inline real real_log_long_tail(real z)
{
    return (0.666664124F + z * 0.400216997F) + z * z * (0.279991418F + z * 0.280244589F);
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

/* In double, where two parts of pi / 2 suffice. */
typedef struct real_angle {
    real_word quarters;
    real high, low;
} real_angle;

static const real real_sin_reach = 5e4F;

static inline real_angle real_reduced(real x)
{
    real shifted = x * 0.636619772F + 0x1.8p23F, n = shifted - 0x1.8p23F;
    double r = ((double)x - (double)n * 0x1.921fb54400000p+0) - (double)n * 0x1.0b4611a626331p-34;
    real high = (real)r;
    real_angle angle = {real_bits(shifted), high, (real)(r - (double)high)};
    return angle;
}

static inline real real_sin_tail(real z)
{
    return -0.166666538F + z * (0.00833213143F + z * -0.000195108398F);
}

static inline real real_cos_tail(real z)
{
    return 0.0416666456F + z * (-0.0013887306F + z * 2.4431205e-05F);
}

#endif
