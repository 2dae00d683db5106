/* SPDX-License-Identifier: MIT */
#ifndef NN_DATA_NUMBER_INTERNAL_H
#define NN_DATA_NUMBER_INTERNAL_H

#include <locale.h>
#include <stddef.h>
#include <stdint.h>

typedef enum nn__number_kind {
    NN__NUMBER,
    NN__NO_NUMBER,
    NN__HUGE_NUMBER, /* beyond the type */
    NN__FRACTION     /* not whole */
} nn__number_kind;

/* Reads a decimal number, correctly rounded, with this point whatever the program's locale:
 *
 *   [+-] (digits [point digits] | point digits) [(e|E) [+-] digits]  |  [+-] (inf | infinity)
 *
 * text [len], followed by a zero; all of it must be the number; it may change while it is read.
 * c_locale is the "C" locale. *value is set for NN__NUMBER only. */
nn__number_kind nn__number(char *text, size_t len, char point, locale_t c_locale, double *value);

/* The same for a whole number, read exactly in all its digits: "-17", "3e2", "5.0". */
nn__number_kind nn__whole_number(const char *text, size_t len, char point, int64_t *value);

/* 1 if text stands for a missing value: nothing, or NA, N/A, NaN, null, none, ? in either case. */
int nn__is_missing(const char *text, size_t len);

#endif
