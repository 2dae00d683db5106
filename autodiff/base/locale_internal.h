/* SPDX-License-Identifier: MIT */
#ifndef AD_BASE_LOCALE_INTERNAL_H
#define AD_BASE_LOCALE_INTERNAL_H

#include "status.h"

#include <locale.h>
#include <stdarg.h>
#include <stddef.h>

/* Numbers have a decimal point in every text, whatever locale the program has set: emitted C must
 * compile, and what is written must read back. The thread's locale changes for the call alone. */

/* The "C" locale from here on; give what it returns to ad__end_c_locale. */
locale_t ad__begin_c_locale(void);
void ad__end_c_locale(locale_t before);

/* vsnprintf and snprintf in the "C" locale. */
int ad__vprint(char *text, size_t bytes, const char *format, va_list args);
int ad__print(char *text, size_t bytes, const char *format, ...) AD_PRINTF(3, 4);

#endif
