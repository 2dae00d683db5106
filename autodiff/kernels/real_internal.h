/* SPDX-License-Identifier: MIT */

/* Values too long for their row in ops.def. Included once over double and once over float, after
 * math_f64_internal.h or math_f32_internal.h, with `real` the number, REAL() its constants and
 * libm's plain names its functions. Accuracy: within 3 ulp wherever the result is a normal number;
 * fma() serves to carry the part of a product that rounding would drop where an exponential would
 * magnify it. */

#include "kernels/math_internal.h"

/* texts: real */

/* e^(y x^2), of which y x is the first product since x^2 may leave the range. The exponent is as
 * large as 745, where half an ulp of it is 50 ulp of the result. */
static inline real real_exp_square(real x, real y)
{
    real part = y * x;
    real exponent = part * x;
    real lost = fma(part, x, -exponent) + x * fma(y, x, -part);
    real z = real_exp(exponent);
    return z == 0 || isinf(z) ? z : z + z * lost;
}

/* e^(x^2) erfc(x), x >= 1/2, as (1 + 2 x) e^(x^2) erfc(x) in powers of (x - 3) / (x + 3).
 * Coefficients: tests/autodiff/reference/erfcx.py. */
static inline real real_erfcx(real x)
{
    static const real coefficients[] = {
        REAL(3.4275413951735185e-9),   REAL(-2.3491732154512521e-8),  REAL(1.8457237236033453e-8),
        REAL(1.3334501109170855e-7),   REAL(-1.2363522014308014e-7),  REAL(-6.5468370447428054e-7),
        REAL(3.5214561179697773e-7),   REAL(3.4977076156491269e-6),   REAL(-7.3322799876707429e-7),
        REAL(-2.0110868091929428e-5),  REAL(4.9511467024188217e-6),   REAL(0.00012510201672197225),
        REAL(-0.00010516033966750463), REAL(-0.00077983270897478658), REAL(0.0018886904504313377),
        REAL(0.0025293918598249705),   REAL(-0.023770514926884544),   REAL(0.068308027341519121),
        REAL(-0.11927366341494692),    REAL(0.12964515870282553),     REAL(-0.047562294353456725),
        REAL(-0.13562110612458169),    REAL(1.2530080582697297)};
    real q = (x - 3) / (x + 3), sum = coefficients[0];
    for (int i = 1; i < (int)(sizeof coefficients / sizeof *coefficients); i++) {
        sum = sum * q + coefficients[i];
    }
    return sum / (1 + 2 * x);
}

/* erfc(x); libm's own reaches 5 ulp in the tail. */
static inline real real_erfc(real x)
{
    return x > 1 && !isinf(x) ? real_erfcx(x) * real_exp_square(x, -1) : erfc(x);
}

/* The normal distribution function: erfc(-x / sqrt(2)) / 2. In the tail rounding x / sqrt(2) would
 * cost 2 x^2 ulp, but erfcx does not mind. Times x: the tail of x Phi(x) keeps its digits down to
 * the smallest number if the exponential comes last. */
static inline real real_normal_cdf(real x, real times)
{
    const real sqrt_half = REAL(0.70710678118654752);
    if (isinf(x)) {
        return x > 0 ? times : 0;
    }
    if (x < REAL(-0.7)) {
        return times * real_erfcx(-x * sqrt_half) / 2 * real_exp_square(x, REAL(-0.5));
    }
    return times * (erfc(-x * sqrt_half) / 2);
}

/* x + phi(x) / Phi(x), phi the normal density and Phi its integral. For t = -x >= 0 a sum in powers
 * of q = (t - 4) / (t + 4), over 1 + t; what the last sum, 1 + t and the quotient drop is put back.
 * Coefficients: tests/autodiff/reference/mills.py. */
static inline real real_normal_excess(real x)
{
    static const real coefficients[] = {
        REAL(-2.2073114055141979e-9), REAL(6.5067351394877859e-9),  REAL(1.7701312705661021e-8),
        REAL(-7.0366004993906399e-8), REAL(-4.211793183778679e-8),  REAL(3.9092359936618569e-7),
        REAL(-1.7927174713778942e-7), REAL(-1.5175782382554815e-6), REAL(2.2045177064932826e-6),
        REAL(4.5714186776302184e-6),  REAL(-1.2681714651519664e-5), REAL(-1.0256678150071215e-5),
        REAL(5.5256543181576168e-5),  REAL(9.202628913895238e-6),   REAL(-0.00020240757803365879),
        REAL(6.874450378806255e-5),   REAL(0.00063899504109020553), REAL(-0.00056038452555416229),
        REAL(-0.0016937124911848416), REAL(0.0027520374543344802),  REAL(0.0032926604040036582),
        REAL(-0.010605538986473222),  REAL(-0.0011290861028438699), REAL(0.032424205046537142),
        REAL(-0.030769392022997508),  REAL(-0.061071084203252234),  REAL(0.1929324688791111),
        REAL(-0.19210374819083546),   REAL(-0.062056379981136636),  REAL(1.1280357224473554)};
    if (!(x <= 0)) {
        return x +
               REAL(0.398942280401432678) * real_exp_square(x, REAL(-0.5)) / real_normal_cdf(x, 1);
    }
    if (isinf(x)) {
        return 0;
    }
    const int last = (int)(sizeof coefficients / sizeof *coefficients) - 1;
    real t = -x, q = (t - 4) / (t + 4), sum = coefficients[0];
    for (int i = 1; i < last; i++) {
        sum = fma(sum, q, coefficients[i]);
    }
    real part = sum * q, total = coefficients[last] + part, below = 1 + t, z = total / below;
    real rest = (part - (total - coefficients[last])) + fma(sum, q, -part) - z * (t - (below - 1));
    return z + (fma(-z, below, total) + rest) / below;
}

/* phi(x) / Phi(x) */
static inline real real_normal_mills(real x)
{
    if (x <= 0) {
        return real_normal_excess(x) - x;
    }
    return REAL(0.398942280401432678) * real_exp_square(x, REAL(-0.5)) / real_normal_cdf(x, 1);
}

/* log Phi(x), below 0 as log(phi(x) / (phi(x) / Phi(x))). */
static inline real real_log_normal_cdf(real x)
{
    if (x <= 0) {
        return -(REAL(0.5) * x * x + real_log(REAL(2.50662827463100050) * real_normal_mills(x)));
    }
    return real_log1p(-real_normal_cdf(-x, 1));
}

/* x log(y), 0 where x is 0. */
static inline real real_xlogy(real x, real y)
{
    return x == 0 && y >= 0 ? 0 : x * real_log(y);
}

/* 1 / (1 + e^-x) without overflow, and with full precision in both tails. */
static inline real real_sigmoid(real x)
{
    real e = real_exp(-fabs(x));
    return (x < 0 ? e : 1) / (1 + e);
}

/* 1 / (1 + e^(y - x)), the difference not rounded; 0 where both are -inf, 1/2 where both are
 * +inf. */
static inline real real_sigmoid_sub(real x, real y)
{
    real d = x == y ? 0 : x - y, back = x - d;
    real lost = (x - (d + back)) + (back - y);
    real z = real_sigmoid(d);
    z += isnan(lost) ? 0 : z * (lost * (1 - z)); /* NaN: from infinities */
    return x == y && x == -INFINITY ? 0 : z;
}

/* The derivative of sigmoid at x - y, the difference not rounded; 0 where both are -inf. */
static inline real real_sigmoid_sub_slope(real x, real y)
{
    real d = x == y ? 0 : x - y, back = x - d;
    real lost = (x - (d + back)) + (back - y);
    real e = real_exp(-fabs(d)), z = e / ((1 + e) * (1 + e));
    z -= isnan(lost) ? 0 : z * (d < 0 ? -lost : lost);
    return x == y && x == -INFINITY ? 0 : z;
}

/* x / (1 + e^-x); below 0 as x e^x / (1 + e^x), scaled so that the result, not e^x, is the first to
 * leave the normal numbers. */
static inline real real_silu(real x)
{
    const real down = REAL(0x1p-30);
    real near = x < -real_exp_far ? -real_exp_far : x; /* -inf times 0 would be NaN */
    real e = real_exp_times(-fabs(x), 30), d = 1 + e * down;
    return x < 0 ? near * e / d * down : x / d;
}

/* The derivative of x / (1 + e^-x): with u = e^-|x| it is (1 + u + u |x|) / (1 + u)^2 above 0 and
 * u (1 - |x| + u) / (1 + u)^2 below, scaled as there. */
static inline real real_silu_slope(real x)
{
    const real down = REAL(0x1p-30);
    real size = fabs(x) < real_exp_far ? fabs(x) : isnan(x) ? x : real_exp_far;
    real e = real_exp_times(-size, 30), u = e * down, d = 1 + u;
    return x < 0 ? e * ((1 - size) + u) / (d * d) * down : (1 + (u + u * size)) / (d * d);
}

/* 1 / cosh(x)^2 = e / d^2 with e = 4 e^(-2 |x|), d = 1 + e / 4, whose rounding is undone; of
 * 1 / d, 1 .. 1/2, a line through the middle is near enough for that. */
static inline real real_sech2(real x)
{
    real e = real_exp_times(-2 * fabs(x), 2), quarter = REAL(0.25) * e, d = 1 + quarter;
    real lost = quarter - (d - 1), z = e / (d * d);
    return z - z * (lost * (REAL(2.83) - REAL(0.94) * d));
}

/* log(e^x + e^y) = max + log1p(e^(min - max)). */
static inline real real_logaddexp(real x, real y)
{
    real d = x == y ? 0 : x - y;
    return (x < y ? y : x) + real_log1p_of_part(real_exp(-fabs(d)));
}

/* log(1 + e^x) = max(x, 0) + log1p(e^-|x|). */
static inline real real_softplus(real x)
{
    return (x > 0 ? x : 0) + real_log1p_of_part(real_exp(-fabs(x)));
}

/* min(max(x, y), w), NaN if one of them is. */
static inline real real_clamp(real x, real y, real w)
{
    real above = x > y ? x : y, within = above < w ? above : w;
    return isnan(x) || isnan(y) || isnan(w) ? x + y + w : within;
}

/* A power of two, 2^3k, that brings x near enough to 1 for squares and cubes of it, and the parts
 * of them that rounding drops, to be normal numbers; and 2^k, its cube root. */
static inline real real_scale(real x, int cube_root)
{
    const real far = REAL(sizeof(real) == 4 ? 0x1p50 : 0x1p480);
    const real up = REAL(sizeof(real) == 4 ? 0x1p33 : 0x1p200);
    real m = fabs(x), k = m > far ? 1 / up : m < 1 / far ? up : 1;
    return cube_root ? k : k * k * k;
}

/* The cube root: libm's, which is off by up to 4 ulp, and a Newton step whose residual x - r^3 is
 * formed with twice the digits. */
static inline real real_cbrt(real x)
{
    if (x == 0 || isinf(x)) {
        return x;
    }
    real a = x * real_scale(x, 0), r = cbrt(a);
    real square = r * r, cube = square * r;
    real lost = fma(square, r, -cube) + fma(r, r, -square) * r;
    return (r + (a - cube - lost) / (3 * square)) / real_scale(x, 1);
}

/* 1 / (3 cbrt(x)^2), the derivative of the cube root, rounded about once: 1 / (3 r^2) with the same
 * residual, and what rounding dropped of 3 r^2, put back by a Newton step. */
static inline real real_cbrt_slope(real x)
{
    if (x == 0 || isinf(x)) {
        return 1 / (x * x);
    }
    real k = real_scale(x, 1), a = x * real_scale(x, 0), r = cbrt(a);
    real square = r * r, cube = square * r, low = fma(r, r, -square);
    real rest = (a - cube - (fma(square, r, -cube) + low * r)) / (3 * square);
    real below = 3 * square, lost = fma(REAL(3), square, -below) + 3 * low + 6 * r * rest;
    real z = 1 / below;
    return (z + z * (fma(-z, below, REAL(1)) - z * lost)) * k * k;
}

/* x^(y + w), the sum not rounded: near x = 1e300 half an ulp of it is 350 ulp of the result. */
static inline real real_pow_add(real x, real y, real w)
{
    real s = y + w, back = s - y;
    real lost = (y - (s - back)) + (w - back);
    real z = isnan(x) || isnan(s) ? x + s : pow(x, s);
    return lost == 0 || z == 0 || isinf(z) || isinf(s) ? z : z + z * (lost * log(x));
}

/* (y + w) x^(y + w - 1); by the square root of the power where that alone is no normal number. */
static inline real real_pow_slope(real x, real y, real w)
{
    real s = y + w, power = real_pow_add(x, y, w - 1);
    if (!isnan(x) && (s == 0 || (isinf(s) && power == 0))) {
        return 0;
    }
    if (isnormal(power) || isnan(power)) {
        return s * power;
    }
    real root = real_pow_add(fabs(x), y / 2, (w - 1) / 2);
    return root * s * copysign(root, power);
}

/* x^(y + w) log(x), 0 where the power is 0 and also at 0^0 and inf^0. By the square root of the
 * power where that alone is no normal number. */
static inline real real_pow_log(real x, real y, real w)
{
    real power = real_pow_add(x, y, w), logarithm = log(x);
    if (isinf(logarithm) && (power == 0 || y + w == 0)) {
        return 0;
    }
    if (isnormal(power) || isnan(power)) {
        return power * logarithm;
    }
    real root = real_pow_add(x, y / 2, w / 2);
    return root * logarithm * root;
}

/* The cosine of the angle of the point (x, y), x / hypot(x, y); 0 at the origin. A Newton step with
 * the residual x^2 + y^2 - r^2 and that of the quotient leaves little more than half an ulp, since
 * derivatives square and cube it. */
static inline real real_unit(real x, real y)
{
    const real tiny = REAL(0x1p-60);
    if (fabs(x) < fabs(y) * tiny || x == 0) {
        return y == 0 ? 0 : x / fabs(y);
    }
    if (fabs(y) < fabs(x) * tiny) {
        return copysign((real)1, x);
    }
    real scale = real_scale(fabs(x) > fabs(y) ? x : y, 0);
    real a = x * scale, b = y * scale, r = hypot(a, b), q = a / r;
    real aa = a * a, bb = b * b, rr = r * r;
    real high = aa > bb ? aa - rr + bb : bb - rr + aa;
    real lost = fma(a, a, -aa) + fma(b, b, -bb) - fma(r, r, -rr);
    real z = q + (fma(-q, r, a) - q * (high + lost) / (2 * r)) / r;
    return isinf(r) ? q : z;
}

/* sin(pi x + k pi / 2), pi times a number of at most 1/4: exact at every half integer. */
static inline real real_sin_pi(real x, int k)
{
    real period = x - 2 * rint(x / 2), quarters = rint(2 * period);
    real angle = REAL(3.14159265358979324) * (period - quarters / 2);
    return real_sin_within(angle, (int)quarters + k);
}

/* The derivative of order n of sin(u) / u, u = pi x, for |u| below about n / 3 + 2 or pi / 2:
 * pi^n times the sum over m = n mod 2, + 2, .. of (-1)^((n + m) / 2) u^m / (m! (n + m + 1)). */
static inline real real_sinc_series(real u, int n)
{
    int m = n & 1;
    real term = (m ? u : 1) * (((n + m) / 2) & 1 ? -1 : 1), sum = 0;
    for (int steps = 0; steps < 40 + n / 2; steps++, m += 2) {
        sum += term / (real)(n + m + 1);
        term *= -u * u / (real)((m + 1) * (m + 2));
    }
    for (int i = 0; i < n; i++) {
        sum *= REAL(3.14159265358979324);
    }
    return sum;
}

/* The derivative of order n of sin(pi x) / (pi x), at 0 too. Away from 0 by the derivatives of
 * x f = sin(pi x) / pi:  x f_n + n f_(n-1) = pi^(n-1) sin(pi x + n pi / 2). */
static inline real real_sinc(real x, real order)
{
    const real pi = REAL(3.14159265358979324);
    if (!(order > REAL(-0.5) && order < 1000) || isnan(x)) {
        return NAN;
    }
    if (isinf(x)) {
        return 0;
    }
    int n = (int)rint(order);
    real u = pi * x, near = n < 3 ? 1 + REAL(0.24) * (real)n : 2 + REAL(0.3) * (real)n;
    if (fabs(x) < REAL(0.5) || fabs(u) < near) {
        return n == 0 && x == 0 ? 1 : real_sinc_series(u, n);
    }
    real f = real_sin_pi(x, 0) / u, power = 1;
    for (int i = 1; i <= n; i++, power *= pi) {
        f = (power * real_sin_pi(x, i) - (real)i * f) / x;
    }
    return f;
}
