/* SPDX-License-Identifier: MIT */
#include "base/locale_internal.h"

#include <stdio.h>

/* C libraries hold the "C" locale ready: this takes no memory and need not be freed. */
locale_t ad__begin_c_locale(void)
{
    return uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
}

void ad__end_c_locale(locale_t before)
{
    (void)uselocale(before);
}

int ad__vprint(char *text, size_t bytes, const char *format, va_list args)
{
    locale_t before = ad__begin_c_locale();
    int len = vsnprintf(text, bytes, format, args);
    ad__end_c_locale(before);
    return len;
}

int ad__print(char *text, size_t bytes, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int len = ad__vprint(text, bytes, format, args);
    va_end(args);
    return len;
}
