/* SPDX-License-Identifier: MIT */
#ifndef NN_DATA_NUMBER_INTERNAL_H
#define NN_DATA_NUMBER_INTERNAL_H

#include <locale.h>
#include <stddef.h>

typedef enum nn__number_kind { NN__NUMBER, NN__NO_NUMBER, NN__HUGE_NUMBER } nn__number_kind;

/* Reads a decimal number, correctly rounded, with a point whatever the program's locale:
 *
 *   [+-] (digits [. digits] | . digits) [(e|E) [+-] digits]  |  [+-] (inf | infinity)
 *
 * text [len], followed by a zero; all of it must be the number. c_locale is the "C" locale.
 * *value is set for NN__NUMBER only; NN__HUGE_NUMBER is one beyond the largest double. */
nn__number_kind nn__number(const char *text, size_t len, locale_t c_locale, double *value);

/* 1 if text stands for a missing value: nothing, or NA, N/A, NaN, null, none, ? in either case. */
int nn__is_missing(const char *text, size_t len);

#endif
