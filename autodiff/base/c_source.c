/* SPDX-License-Identifier: MIT */
#include "base/c_source_internal.h"

#include "base/locale_internal.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- text that grows ---- */

static int reserve(ad__emit *e, ad__chars *c, size_t more)
{
    size_t needed = c->len + more + 1, capacity = 2 * c->capacity + 256;
    if (e->is_out_of_memory || needed <= c->capacity) {
        return !e->is_out_of_memory;
    }
    capacity = capacity < needed ? needed : capacity;
    char *larger = ad__resize(&e->allocator, c->text, capacity);
    if (larger == NULL) {
        e->is_out_of_memory = 1;
        return 0;
    }
    c->text = larger;
    c->capacity = capacity;
    return 1;
}

void ad__put_bytes(ad__emit *e, const char *text, size_t len)
{
    ad__chars *c = e->out;
    if (reserve(e, c, len)) {
        memcpy(c->text + c->len, text, len);
        c->len += len;
        c->text[c->len] = '\0';
    }
}

void ad__put(ad__emit *e, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = ad__vprint(NULL, 0, format, args);
    if (len > 0 && reserve(e, e->out, (size_t)len)) {
        (void)ad__vprint(e->out->text + e->out->len, (size_t)len + 1, format, again);
        e->out->len += (size_t)len;
    }
    va_end(again);
    va_end(args);
}

void ad__cut(ad__chars *c, size_t len)
{
    c->len = len;
    if (c->text != NULL) {
        c->text[len] = '\0';
    }
}

void ad__chars_clear(ad__emit *e, ad__chars *c)
{
    ad__resize(&e->allocator, c->text, 0);
    *c = (ad__chars){NULL, 0, 0};
}

/* ---- numbers, types, loops ---- */

const char *ad__c_type(ad_type type)
{
    return type == AD_F64 ? "double" : type == AD_F32 ? "float" : "int64_t";
}

static void put_real(ad__emit *e, double x, int is_float)
{
    char text[40];
    if (isnan(x) || isinf(x)) {
        ad__put(e, "%s", isnan(x) ? "NAN" : x > 0 ? "INFINITY" : "-INFINITY");
        return;
    }
    locale_t before = ad__begin_c_locale();
    for (int digits = is_float ? 6 : 15; digits <= 17; digits++) {
        (void)snprintf(text, sizeof text, "%.*g", digits, x);
        if (is_float ? strtof(text, NULL) == (float)x : strtod(text, NULL) == x) {
            break;
        }
    }
    ad__end_c_locale(before);
    ad__put(e, "%s%s%s", text, strpbrk(text, ".e") == NULL ? ".0" : "", is_float ? "F" : "");
}

void ad__put_number(ad__emit *e, ad_type type, const void *element)
{
    if (type == AD_F64) {
        put_real(e, *(const double *)element, 0);
    } else if (type == AD_F32) {
        put_real(e, (double)*(const float *)element, 1);
    } else if (*(const int64_t *)element == INT64_MIN) {
        ad__put(e, "INT64_MIN");
    } else {
        ad__put(e, "%lld", (long long)*(const int64_t *)element);
    }
}

void ad__put_argument(ad__emit *e, int i, ad_type type)
{
    if (e->many) {
        ad__put(e, "((const %s *)x[%d])", ad__c_type(type), i);
    } else {
        ad__put(e, "x%d", i);
    }
}

void ad__put_loop(ad__emit *e, int depth, const char *index, size_t len)
{
    const char *below = len > 0 ? "<" : "!="; /* compilers warn of < 0 */
    ad__put(e, "%*sfor (size_t %s = 0; %s %s %zu; %s++) {\n", 4 * depth, "", index, index, below,
            len, index);
}

void ad__put_end(ad__emit *e, int depth)
{
    ad__put(e, "%*s}\n", 4 * depth, "");
}

void ad__put_element(ad__emit *e, const char *array, size_t at, int rank, const ptrdiff_t *stride)
{
    ad__put(e, "%s[", array);
    int is_first = at == 0;
    if (at > 0) {
        ad__put(e, "%zu", at);
    }
    for (int i = 0; i < rank; i++) {
        if (stride[i] == 0) {
            continue;
        }
        size_t size = (size_t)(stride[i] < 0 ? -stride[i] : stride[i]);
        ad__put(e, "%si%d", stride[i] < 0 ? " - " : is_first ? "" : " + ", i);
        if (size != 1) {
            ad__put(e, " * %zu", size);
        }
        is_first = 0;
    }
    ad__put(e, "%s]", is_first ? "0" : "");
}

size_t ad__emit_scratch(ad__emit *e, ad_type type, size_t count)
{
    size_t at = e->scratch[type];
    e->scratch[type] += count;
    return at;
}
