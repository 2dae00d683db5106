/* SPDX-License-Identifier: MIT */
#ifndef TESTS_EXACT_H
#define TESTS_EXACT_H

#include "autodiff.h"

#include <mpfr.h>

/* Formulas over numbers of as many digits as are asked for, by MPFR, and how far from the truth a
 * result of the library is.
 *
 *   exact_start(600);
 *   exact z = exact_log(exact_add(exact_of(1), exact_exp(x)));
 *
 * Each function returns a number of its own, which lives until the next start. */
typedef mpfr_ptr exact;

void exact_start(mpfr_prec_t bits);
void exact_stop(void);

exact exact_of(double x);
exact exact_new(void);
exact exact_pi(void);

exact exact_add(exact x, exact y);
exact exact_sub(exact x, exact y);
exact exact_mul(exact x, exact y);
exact exact_div(exact x, exact y);
exact exact_pow(exact x, exact y);
exact exact_fmod(exact x, exact y);
exact exact_hypot(exact x, exact y);
exact exact_atan2(exact x, exact y);

/* One argument, by MPFR's function of this name: EXACT(exp, x). */
#define EXACT(function, x) exact_by(mpfr_##function, x)
exact exact_by(int (*function)(mpfr_ptr, mpfr_srcptr, mpfr_rnd_t), exact x);

/* The distance of z from the truth in units of the last place of the number nearest to the truth;
 * where that overflows, 0 for the infinity of its sign. NaN if z is. */
double exact_error(exact truth, double z, ad_type type);

#endif
