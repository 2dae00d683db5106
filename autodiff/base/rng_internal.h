/* SPDX-License-Identifier: MIT */
#ifndef AD_BASE_RNG_INTERNAL_H
#define AD_BASE_RNG_INTERNAL_H

#include <math.h>
#include <stdint.h>

/* The generator and its distributions, number by number. */

/* texts: plain */

/* Philox-4x32-10 */
static inline void philox(uint32_t x[4], uint32_t key0, uint32_t key1)
{
    for (int round = 0; round < 10; round++) {
        uint64_t a = (uint64_t)0xD2511F53 * x[0];
        uint64_t b = (uint64_t)0xCD9E8D57 * x[2];
        x[0] = (uint32_t)(b >> 32) ^ x[1] ^ key0;
        x[1] = (uint32_t)b;
        x[2] = (uint32_t)(a >> 32) ^ x[3] ^ key1;
        x[3] = (uint32_t)a;
        key0 += 0x9E3779B9;
        key1 += 0xBB67AE85;
    }
}

/* out[0], out[1] = 128 bits of the counter (low, high) under key. */
static inline void block(uint64_t low, uint64_t high, uint64_t key, uint64_t *out)
{
    uint32_t x[4] = {(uint32_t)low, (uint32_t)(low >> 32), (uint32_t)high, (uint32_t)(high >> 32)};
    philox(x, (uint32_t)key, (uint32_t)(key >> 32));
    out[0] = (uint64_t)x[1] << 32 | x[0];
    out[1] = (uint64_t)x[3] << 32 | x[2];
}

/* ---- distributions: each number from 64 bits */

static inline double uniform(uint64_t bits)
{
    return (double)(bits >> 11) * 0x1p-53;
}

static inline float uniform_f32(uint64_t bits)
{
    return (float)(bits >> 40) * 0x1p-24F;
}

/* Numerator and denominator, rising powers, of three rational functions.
 * Source: Wichura 1988, "Algorithm AS 241: the percentage points of the normal distribution",
 * Applied Statistics 37, PPND16. */
static const double wichura[3][2][8] = {
    {{3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3,
      1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4,
      3.3430575583588128105e+4, 2.5090809287301226727e+3},
     {1.0, 4.2313330701600911252e+1, 6.8718700749205790830e+2, 5.3941960214247511077e+3,
      2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4,
      5.2264952788528545610e+3}},
    {{1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
      3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1,
      2.27238449892691845833e-2, 7.74545014278341407640e-4},
     {1.0, 2.05319162663775882187e0, 1.67638483018380384940e0, 6.89767334985100004550e-1,
      1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
      1.05075007164441684324e-9}},
    {{6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
      2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3,
      2.71155556874348757815e-5, 2.01033439929228813265e-7},
     {1.0, 5.99832206555887937690e-1, 1.36929880922735805310e-1, 1.48753612908506148525e-2,
      7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
      2.04426310338993978564e-15}},
};

static inline double ratio(const double c[2][8], double x)
{
    double numerator = c[0][7], denominator = c[1][7];
    for (int i = 6; i >= 0; i--) {
        numerator = numerator * x + c[0][i];
        denominator = denominator * x + c[1][i];
    }
    return numerator / denominator;
}

/* Quantile of the normal distribution at 1/2 + (s + 1/2) / 2^64, where s is bits read as a signed
 * number. The distances of the probability to 1/2 and to its nearer end are both taken from the
 * integer, so neither the middle nor the tails are rounded, and ~bits gives the negative.
 * Accuracy: 1e-15 relative. */
static inline double normal(uint64_t bits)
{
    int negative = bits >> 63 != 0;
    int64_t magnitude = (int64_t)(negative ? ~bits : bits);
    double q = ((double)magnitude + 0.5) * 0x1p-64;
    double z;
    if (q <= 0.425) {
        z = q * ratio(wichura[0], 0.180625 - q * q);
    } else {
        double tail = ((double)(INT64_MAX - magnitude) + 0.5) * 0x1p-64;
        double r = sqrt(-log(tail));
        z = r <= 5.0 ? ratio(wichura[1], r - 1.6) : ratio(wichura[2], r - 5.0);
    }
    return negative ? -z : z;
}

#endif
