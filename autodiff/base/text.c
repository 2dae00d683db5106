/* SPDX-License-Identifier: MIT */
#include "base/text_internal.h"

#include "base/locale_internal.h"

#include <math.h>
#include <stdarg.h>
#include <string.h>

void ad__say(char *text, size_t bytes, const char *format, ...)
{
    size_t used = strlen(text);
    va_list args;
    va_start(args, format);
    (void)ad__vprint(text + used, bytes - used, format, args);
    va_end(args);
}

void ad__say_number(char *text, size_t bytes, double value, int digits)
{
    if (isnan(value)) {
        ad__say(text, bytes, "nan");
    } else {
        ad__say(text, bytes, "%.*g", digits, value);
    }
}

void ad__write_quoted(FILE *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            (void)fputc('\\', out);
        }
        (void)fputc(*text == '\n' ? ' ' : *text, out);
    }
}

void ad__say_index(char *text, size_t bytes, const ad_shape *shape, size_t element)
{
    ad_shape index = *shape;
    char printed[160];
    if (shape->rank == 0) {
        return;
    }
    for (int i = shape->rank - 1; i >= 0; i--) {
        index.len[i] = (int64_t)(element % (size_t)shape->len[i]);
        element /= (size_t)shape->len[i];
    }
    ad__say(text, bytes, "%s", ad_shape_print(&index, printed, sizeof printed));
}
