/* SPDX-License-Identifier: MIT */

/* Exponentials and logarithms without branches, calls or tables, so that loops over them become
 * vectors, and scalars, vectors of any width and emitted C have the same bits: only + - * / and
 * comparisons of numbers, rounded to nearest, and shifts and sums of their bits. What depends on
 * the number type is in math_f64_internal.h and math_f32_internal.h, one of which is included
 * before.
 *
 * Accuracy: 1.2 ulp, real_tanh 1.5.
 * Special values: those of C's functions of these names. */

/* texts: real */

/* 2^n for a normal result; of other n only the lowest bits count. */
static inline real real_power_of_2(real_word n)
{
    return real_of_bits((real_word)(n + real_bias) << real_digits);
}

/* 2^n y, in two steps since 2^n may be no normal number where 2^n y is one. */
static inline real real_scaled(real y, real_word n)
{
    real_word biased = n + 2 * real_bias, half = biased >> 1;
    return y * real_of_bits(half << real_digits) * real_of_bits((biased - half) << real_digits);
}

/* e^x = 2^n e^r, n the whole number nearest to x / log 2, r = x - n log 2:
 * e^r - 1 = high + rest, high the greater part of r and exact. */
typedef struct real_power {
    real n, high, rest;
    real_word bits; /* n in the lowest ones */
} real_power;

static inline real_power real_power_of_e(real x)
{
    const real shift = (real)((real_word)3 << (real_digits - 1));
    real shifted = x * REAL(1.44269504088896341) + shift, n = shifted - shift;
    real high = x - n * real_ln2_high, low = n * real_ln2_low, r = high - low;
    real_power p = {n, high, r * r * real_exp_tail(r) - low, real_bits(shifted)};
    return p;
}

/* e^x 2^k for small k, rounded as e^x is. */
static inline real real_exp_times(real x, int k)
{
    x = x > real_exp_far ? real_exp_far : x;
    x = x < -real_exp_far ? -real_exp_far : x;
    real_power p = real_power_of_e(x);
    real sum = 1 + p.high, y = sum + ((p.high - (sum - 1)) + p.rest);
    return real_scaled(y, p.bits + (real_word)k);
}

static inline real real_exp(real x)
{
    return real_exp_times(x, 0);
}

/* 2^n (e^r - 2^-n) */
static inline real real_expm1(real x)
{
    real near = x > real_exp_far ? real_exp_far : x;
    near = near < real_expm1_least ? real_expm1_least : near;
    real_power p = real_power_of_e(near);
    real one = p.n < real_digits + 8 ? 1 - real_power_of_2(0 - p.bits) : 1;
    real sum = one + p.high, y = sum + ((p.high - (sum - one)) + p.rest);
    return copysign(real_scaled(y, p.bits), x);
}

/* tanh |x| = -e / (2 + e), e = e^(-2 |x|) - 1, and what rounding drops of e and of 2 + e. */
static inline real real_tanh(real x)
{
    real t = -2 * fabs(x);
    t = t < real_expm1_least ? real_expm1_least : t;
    real_power p = real_power_of_e(t);
    real scale = real_power_of_2(p.bits), one = 1 - real_power_of_2(0 - p.bits);
    real sum = one + p.high, rest = (p.high - (sum - one)) + p.rest;
    real y = sum + rest, e = y * scale, lost = (rest - (y - sum)) * scale;
    real d = 2 + e, q = e / d;
    real left = lost - q * ((e - (d - 2)) + lost);
    return copysign(q + left * (REAL(0.5) - REAL(0.5) * q), x);
}

/* x = 2^k (1 + f), 1 + f from sqrt(1/2) to sqrt(2), for positive normal x. */
typedef struct real_parts {
    real k, f;
    real_word bits; /* k + bias */
} real_parts;

static inline real_parts real_split(real x)
{
    const real_word one = real_bits(1);
    const real shift = (real)((real_word)1 << real_digits);
    real_word from = real_bits(x) - real_sqrt_half + one, bits = from >> real_digits;
    real k = real_of_bits(bits | real_bits(shift)) - (shift + real_bias);
    real m = real_of_bits((from & (((real_word)1 << real_digits) - 1)) + real_sqrt_half);
    real_parts p = {k, m - 1, bits};
    return p;
}

/* k log 2 + log(1 + f) + low = k log 2 + f - f^2 / 2 + s (f^2 / 2 + s^2 tail) + low with
 * s = f / (2 + f), of which 1 + f = (1 + s) / (1 - s); low is small. */
static inline real real_log_of(real k, real f, real s, real low)
{
    real z = s * s, half = REAL(0.5) * f * f;
    real tail = s * (half + z * real_log_tail(z)) + (k * real_ln2_low + low);
    return k * real_ln2_high - ((half - tail) - f);
}

static inline real real_log(real x)
{
    real digits = real_digits + 2, up = (real)((real_word)4 << real_digits);
    int is_small = x < real_least_normal;
    real_parts p = real_split(is_small ? x * up : x);
    real z = real_log_of(is_small ? p.k - digits : p.k, p.f, p.f / (2 + p.f), 0);
    z = x < INFINITY ? z : x;
    return x > 0 ? z : x == 0 ? -INFINITY : NAN;
}

/* log u, u = 1 + x, and what rounding drops of u, over u; 1 / (1 + f) is near 1 - 2 s + 2 s^2. */
static inline real real_log1p(real x)
{
    real u = 1 + x, from = u - 1, lost = (1 - (u - from)) + (x - from);
    real_parts p = real_split(u);
    real s = p.f / (2 + p.f), twice = lost * real_power_of_2(real_bias + 1 - p.bits);
    real z = real_log_of(p.k, p.f, s, twice * (REAL(0.5) - s * (1 - s)));
    z = x < INFINITY ? copysign(z, x) : x;
    return x > -1 ? z : x == -1 ? -INFINITY : NAN;
}

/* log(1 + x), 0 <= x <= 1. */
static inline real real_log1p_of_part(real x)
{
    real s = x / (2 + x), z = s * s, half = REAL(0.5) * x * x;
    return x - (half - s * (half + z * real_log_long_tail(z)));
}

/* sin(x + k pi / 2), |x| < real_sin_reach: the sine or the cosine of what is left of x, with the
 * sign of its quadrant. */
static inline real real_sin_within(real x, int k)
{
    real_angle r = real_reduced(x);
    real_word quarters = r.quarters + (real_word)k;
    real z = r.high * r.high, half = REAL(0.5) * z, one = 1 - half;
    real cosine = one + (((1 - one) - half) + (z * z * real_cos_tail(z) - r.high * r.low));
    real sine = r.high + (z * r.high * real_sin_tail(z) + r.low * one);
    real turned = (quarters & 1) != 0 ? cosine : sine;
    return real_of_bits(real_bits(turned) ^ (quarters >> 1 << (8 * sizeof(real) - 1)));
}

static inline real real_sin(real x)
{
    return fabs(x) < real_sin_reach ? real_sin_within(x, 0) : sin(x);
}

static inline real real_cos(real x)
{
    return fabs(x) < real_sin_reach ? real_sin_within(x, 1) : cos(x);
}
