/* SPDX-License-Identifier: MIT */
#include "exact.h"

#include <criterion/criterion.h>
#include <math.h>

/* Numbers are made again and again, and always few at a time. */
enum { MOST = 4000 };

static mpfr_t pool[MOST];
static int made, used;
static mpfr_prec_t precision;

void exact_start(mpfr_prec_t bits)
{
    used = 0;
    precision = bits;
}

void exact_stop(void)
{
    for (; made > 0; made--) {
        mpfr_clear(pool[made - 1]);
    }
    used = 0;
    mpfr_free_cache();
}

exact exact_new(void)
{
    cr_assert_lt(used, MOST, "a formula has too many numbers");
    if (used == made) {
        mpfr_init2(pool[made++], precision);
    } else if (mpfr_get_prec(pool[used]) != precision) {
        mpfr_set_prec(pool[used], precision);
    }
    return pool[used++];
}

exact exact_of(double x)
{
    exact z = exact_new();
    mpfr_set_d(z, x, MPFR_RNDN);
    return z;
}

exact exact_pi(void)
{
    exact z = exact_new();
    mpfr_const_pi(z, MPFR_RNDN);
    return z;
}

exact exact_by(int (*function)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t), exact x)
{
    exact z = exact_new();
    function(z, x, MPFR_RNDN);
    return z;
}

#define OF_TWO(NAME, FUNCTION)                                                                     \
    exact NAME(exact x, exact y)                                                                   \
    {                                                                                              \
        exact z = exact_new();                                                                     \
        FUNCTION(z, x, y, MPFR_RNDN);                                                              \
        return z;                                                                                  \
    }

OF_TWO(exact_add, mpfr_add)
OF_TWO(exact_sub, mpfr_sub)
OF_TWO(exact_mul, mpfr_mul)
OF_TWO(exact_div, mpfr_div)
OF_TWO(exact_pow, mpfr_pow)
OF_TWO(exact_fmod, mpfr_fmod)
OF_TWO(exact_hypot, mpfr_hypot)
OF_TWO(exact_atan2, mpfr_atan2)

double exact_error(exact truth, double z, ad_type type)
{
    const long digits = type == AD_F64 ? 53 : 24, least = type == AD_F64 ? -1074 : -149;
    const long most = type == AD_F64 ? 1024 : 128;
    long unit = least;
    mpfr_t t;
    mpfr_init2(t, mpfr_get_prec(truth) + 64);
    if (mpfr_regular_p(truth) && mpfr_get_exp(truth) - digits > least) {
        unit = mpfr_get_exp(truth) - digits;
    }
    double error;
    if (mpfr_regular_p(truth) && mpfr_get_exp(truth) > most && isinf(z)) {
        error = (z > 0) == (mpfr_sgn(truth) > 0) ? 0 : INFINITY;
    } else {
        mpfr_sub_d(t, truth, z, MPFR_RNDN);
        mpfr_mul_2si(t, t, -unit, MPFR_RNDN);
        error = fabs(mpfr_get_d(t, MPFR_RNDN));
    }
    mpfr_clear(t);
    return error;
}
