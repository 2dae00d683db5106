/* SPDX-License-Identifier: MIT */
#include "exact_rows.h"

#include <math.h>
#include <string.h>

/* ---- formulas ---- */

#define N(x) exact_of(x)
#define ADD(x, y) exact_add(x, y)
#define SUB(x, y) exact_sub(x, y)
#define MUL(x, y) exact_mul(x, y)
#define DIV(x, y) exact_div(x, y)
#define NEG(x) EXACT(neg, x)

static exact whole(mpfr_rnd_t how, exact x)
{
    exact z = exact_new();
    mpfr_rint(z, x, how);
    return z;
}

static exact logistic(exact x)
{
    return DIV(N(1), ADD(N(1), EXACT(exp, NEG(x))));
}

/* log(1 + e^x) */
static exact soft(exact x)
{
    return EXACT(log1p, EXACT(exp, x));
}

/* The normal distribution function. */
static exact normal(exact x)
{
    return DIV(EXACT(erfc, NEG(DIV(x, EXACT(sqrt, N(2))))), N(2));
}

/* Its derivative over it. */
static exact mills(exact x)
{
    exact bell = EXACT(exp, NEG(DIV(MUL(x, x), N(2))));
    return DIV(bell, MUL(EXACT(sqrt, MUL(N(2), exact_pi())), normal(x)));
}

static exact power(exact x, exact y, exact less)
{
    return exact_pow(x, SUB(y, less));
}

/* pi x is reduced first, so that zeros are exact. */
static exact sinc(exact x)
{
    exact half = whole(MPFR_RNDN, x), sine = EXACT(sin, MUL(exact_pi(), SUB(x, half)));
    if (!mpfr_integer_p(DIV(half, N(2)))) {
        mpfr_neg(sine, sine, MPFR_RNDN);
    }
    return mpfr_zero_p(x) ? N(1) : DIV(sine, MUL(exact_pi(), x));
}

/* The derivative of order n of sin(u) / u by u, as its power series: of terms that reach e^|u|, for
 * u up to some hundreds. */
static exact sinc_of_order(exact x, exact order)
{
    const long n = mpfr_get_si(order, MPFR_RNDN);
    exact u = MUL(exact_pi(), x), minus = NEG(MUL(u, u)), sum = N(0);
    exact term = n & 1 ? exact_by(mpfr_set, u) : N(1);
    if (n & 1 ? (n + 1) / 2 & 1 : n / 2 & 1) {
        mpfr_neg(term, term, MPFR_RNDN);
    }
    exact part = exact_new();
    const long far = (long)fabs(mpfr_get_d(u, MPFR_RNDN));
    for (long m = n & 1; m < 6 * far + 40 + mpfr_get_prec(u) / 4; m += 2) {
        mpfr_div_si(part, term, n + m + 1, MPFR_RNDN);
        mpfr_add(sum, sum, part, MPFR_RNDN);
        mpfr_mul(term, term, minus, MPFR_RNDN);
        mpfr_div_si(term, term, (m + 1) * (m + 2), MPFR_RNDN);
    }
    for (long i = 0; i < n; i++) {
        mpfr_mul(sum, sum, exact_pi(), MPFR_RNDN);
    }
    return sum;
}

static exact pick(int first, exact x, exact y)
{
    return first ? x : y;
}

/* The constants of selu, with 31 digits. */
static exact digits_of(const char *text)
{
    exact z = exact_new();
    mpfr_set_str(z, text, 10, MPFR_RNDN);
    return z;
}
#define SCALE digits_of("1.0507009873554804934193349852946")
#define ALPHA digits_of("1.6732632423543772848170429916717")

#define LESS(x, y) (mpfr_cmp(x, y) < 0)
#define POSITIVE(x) (mpfr_sgn(x) > 0)

/* ---- where to look ---- */

static double uniform(ad_rng *rng, double lo, double hi)
{
    return lo + (hi - lo) * ad_rng_uniform(rng);
}

static double magnitude(ad_rng *rng, double lo, double hi)
{
    const double size = pow(10, uniform(rng, lo, hi));
    return ad_rng_bits(rng) >> 63 ? -size : size;
}

/* y so that x^y is of any magnitude too. */
static void powers(ad_rng *rng, double limit, double x[3])
{
    const int64_t way = ad_rng_below(rng, 3);
    limit -= 6;
    x[0] = fabs(way == 0 ? magnitude(rng, -limit, limit) : magnitude(rng, -3, 3));
    x[1] = way == 2 ? uniform(rng, -3, 3) : uniform(rng, -limit, limit) / log10(x[0]);
    if (ad_rng_below(rng, 4) == 0 && fabs(x[1]) < 1e6) {
        x[1] = rint(x[1]);
    }
    x[2] = (double)-ad_rng_below(rng, 3);
}

/* y x^2 from -690 to 690, in f32 from -80 to 80, so that z is normal. */
static void bells(ad_rng *rng, double limit, double x[3])
{
    const int wide = limit > 40;
    x[0] = magnitude(rng, wide ? -100 : -14, wide ? 100 : 14);
    x[1] = uniform(rng, wide ? -690 : -80, wide ? 690 : 80) / (x[0] * x[0]);
}

static void orders(ad_rng *rng, double limit, double x[3])
{
    const int64_t way = ad_rng_below(rng, 3);
    x[0] = way == 0 ? magnitude(rng, -limit, 1) : uniform(rng, -4, 4);
    x[1] = (double)ad_rng_below(rng, 4);
}

/* x and y apart by up to 40, both of any size up to 1e3. */
static void apart(ad_rng *rng, double limit, double x[3])
{
    const int64_t way = ad_rng_below(rng, 3);
    x[0] = way == 0 ? magnitude(rng, -limit, 3) : magnitude(rng, -3, 3);
    x[1] = way == 0 ? magnitude(rng, -limit, 3) : x[0] + magnitude(rng, -6, 1.6);
}

/* The quotient of any sign, up to 1e4. */
static void remainders(ad_rng *rng, double limit, double x[3])
{
    x[0] = magnitude(rng, 6 - limit, limit - 6);
    x[1] = x[0] / magnitude(rng, -1, 4);
}

static void fractions(ad_rng *rng, double limit, double x[3])
{
    x[0] = magnitude(rng, -limit, 3);
    x[0] += x[0] == rint(x[0]) ? 0.25 : 0;
}

#define ROW(name, formula, ...)                                                                    \
    static exact name##__value(exact x, exact y, exact w)                                          \
    {                                                                                              \
        (void)x, (void)y, (void)w;                                                                 \
        return formula;                                                                            \
    }
#include "elementwise.def"

static const exact_row rows[] = {
#define ROW(title, formula, ...) {.name = #title, .value = title##__value, __VA_ARGS__},
#include "elementwise.def"
};

const exact_row *exact_row_of(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (strcmp(rows[i].name, name) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

/* ---- derivatives ---- */

/* The row at x + h, where h is a step of +-2^(-shift) of an argument's size, at most of 1. */
typedef struct stencil {
    const exact_row *row;
    const double *x;
    mpfr_prec_t bits;
    long shift;
    mpfr_t largest; /* of the row's values */
} stencil;

static long step_of(const stencil *s, int i)
{
    const int size = s->x[i] == 0 ? 0 : ilogb(s->x[i]);
    return (size < 0 ? size : 0) - s->shift;
}

static exact moved(stencil *s, int i, int by_i, int j, int by_j)
{
    exact x[3];
    for (int k = 0; k < 3; k++) {
        x[k] = exact_of(s->x[k]);
        const int by = (k == i ? by_i : 0) + (k == j ? by_j : 0);
        if (by != 0) {
            exact step = exact_of(by);
            mpfr_mul_2si(step, step, step_of(s, k), MPFR_RNDN);
            mpfr_add(x[k], x[k], step, MPFR_RNDN);
        }
    }
    exact z = s->row->value(x[0], x[1], x[2]);
    if (mpfr_cmpabs(z, s->largest) > 0) {
        mpfr_set(s->largest, z, MPFR_RNDN);
    }
    return z;
}

/* The difference quotient, and in *noise the largest power of 2 that rounding leaves in it, if no
 * number in the row's formula is above its value or 1. */
static exact quotient(stencil *s, int i, int j, long *noise)
{
    exact z;
    long scale = 0;
    mpfr_set_zero(s->largest, 1);
    if (i < 0) {
        z = moved(s, -1, 0, -1, 0);
    } else if (j < 0) {
        z = SUB(moved(s, i, 1, -1, 0), moved(s, i, -1, -1, 0));
        scale = step_of(s, i) + 1;
    } else if (i == j) {
        z = ADD(moved(s, i, 1, -1, 0), moved(s, i, -1, -1, 0));
        z = SUB(z, MUL(N(2), moved(s, -1, 0, -1, 0)));
        scale = 2 * step_of(s, i);
    } else {
        z = SUB(moved(s, i, 1, j, 1), moved(s, i, 1, j, -1));
        z = SUB(z, SUB(moved(s, i, -1, j, 1), moved(s, i, -1, j, -1)));
        scale = step_of(s, i) + step_of(s, j) + 2;
    }
    mpfr_mul_2si(z, z, -scale, MPFR_RNDN);
    *noise = (mpfr_regular_p(s->largest) ? (long)mpfr_get_exp(s->largest) : 0);
    *noise = (*noise > 0 ? *noise : 0) - (long)s->bits + 8 - scale;
    return z;
}

exact exact_derivative(const exact_row *row, const double x[3], int i, int j)
{
    mpfr_t before;
    stencil s = {.row = row, .x = x};
    exact found = NULL;
    int has_before = 0;
    mpfr_inits2(200, before, s.largest, (mpfr_ptr)0);
    for (int k = 0; k < 6 && found == NULL; k++) {
        long noise;
        s.bits = 512 << k;
        s.shift = 150 + 32 * k;
        exact_start(s.bits);
        exact now = quotient(&s, i, j, &noise);
        if (!mpfr_number_p(now)) {
            break;
        }
        if (has_before) {
            mpfr_sub(before, before, now, MPFR_RNDN);
            const int agree =
                mpfr_regular_p(now) && mpfr_get_exp(now) - 80 > noise &&
                (mpfr_zero_p(before) || mpfr_get_exp(before) < mpfr_get_exp(now) - 80);
            found = agree || noise < -1100 ? now : NULL;
        }
        mpfr_set(before, now, MPFR_RNDN);
        has_before = 1;
    }
    mpfr_clears(before, s.largest, (mpfr_ptr)0);
    return found;
}
