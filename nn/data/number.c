/* SPDX-License-Identifier: MIT */
#include "number_internal.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static int is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* 1 if text is word, in letters of either case; word is in small ones. */
static int is_word(const char *text, size_t len, const char *word)
{
    if (strlen(word) != len) {
        return 0;
    }
    for (size_t i = 0; i < len; i++) {
        char c = text[i];
        c = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
        if (c != word[i]) {
            return 0;
        }
    }
    return 1;
}

int nn__is_missing(const char *text, size_t len)
{
    static const char *const words[] = {"", "na", "n/a", "nan", "null", "none", "?"};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (is_word(text, len, words[i])) {
            return 1;
        }
    }
    return 0;
}

typedef struct decimal {
    uint64_t digits; /* the value is digits 10^exponent, if is_short */
    int exponent;
    int is_short; /* no digit was lost */
} decimal;

/* Reads digits and moves *at behind them; returns how many. place is 0 before the point. */
static int read_digits(const char **at, int place, decimal *d)
{
    int count = 0;
    for (; is_digit(**at); ++*at, count++) {
        d->is_short &= d->digits <= (UINT64_MAX - 9) / 10;
        d->digits = 10 * d->digits + (uint64_t)(**at - '0');
        d->exponent -= place;
    }
    return count;
}

/* Moves *at behind an exponent, if there is one; 0 if it has no digits. */
static int read_exponent(const char **at, decimal *d)
{
    if (**at != 'e' && **at != 'E') {
        return 1;
    }
    ++*at;
    int is_negative = **at == '-';
    *at += **at == '-' || **at == '+';
    if (!is_digit(**at)) {
        return 0;
    }
    int exponent = 0;
    for (; is_digit(**at); ++*at) {
        exponent = exponent < 100000 ? 10 * exponent + (**at - '0') : exponent;
    }
    d->exponent += is_negative ? -exponent : exponent;
    return 1;
}

/* Numbers of up to 53 bits and powers of ten up to 22 are exact doubles, so that one multiplication
 * or division rounds correctly. The C library reads all others.
 * Source: Clinger 1990, "How to read floating point numbers accurately". */
static int is_exact(const decimal *d)
{
    return FLT_EVAL_METHOD == 0 && d->is_short && d->digits <= UINT64_C(1) << 53 &&
           d->exponent >= -22 && d->exponent <= 22;
}

nn__number_kind nn__number(const char *text, size_t len, locale_t c_locale, double *value)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    const char *at = text;
    double sign = *at == '-' ? -1.0 : 1.0;
    at += *at == '-' || *at == '+';
    size_t left = len - (size_t)(at - text);
    if (is_word(at, left, "inf") || is_word(at, left, "infinity")) {
        *value = sign * HUGE_VAL;
        return NN__NUMBER;
    }
    decimal d = {.is_short = 1};
    int count = read_digits(&at, 0, &d);
    if (*at == '.') {
        at++;
        count += read_digits(&at, 1, &d);
    }
    if (count == 0 || !read_exponent(&at, &d) || at != text + len) {
        return NN__NO_NUMBER;
    }
    if (is_exact(&d)) {
        double power = powers[abs(d.exponent)];
        double digits = (double)d.digits;
        *value = sign * (d.exponent < 0 ? digits / power : digits * power);
        return NN__NUMBER;
    }
    double read = strtod_l(text, NULL, c_locale);
    if (isinf(read)) {
        return NN__HUGE_NUMBER;
    }
    *value = read;
    return NN__NUMBER;
}
