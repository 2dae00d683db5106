/* SPDX-License-Identifier: MIT */
#include "common/text_internal.h"

#include <locale.h>
#include <stdarg.h>
#include <string.h>

/* C libraries hold the "C" locale ready: this takes no memory and need not be freed. */
static locale_t begin_c_locale(void)
{
    return uselocale(newlocale(LC_ALL_MASK, "C", (locale_t)0));
}

void nn__say(char *text, size_t bytes, const char *format, ...)
{
    size_t used = strlen(text);
    locale_t before = begin_c_locale();
    va_list args;
    va_start(args, format);
    (void)vsnprintf(text + used, bytes - used, format, args);
    va_end(args);
    (void)uselocale(before);
}

void nn__print(FILE *to, const char *format, ...)
{
    locale_t before = begin_c_locale();
    va_list args;
    va_start(args, format);
    (void)vfprintf(to, format, args);
    va_end(args);
    (void)uselocale(before);
}
