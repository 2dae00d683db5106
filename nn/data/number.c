/* SPDX-License-Identifier: MIT */
#include "data/number_internal.h"

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

/* A text taken apart. */
typedef struct parts {
    int is_negative, is_infinite;
    const char *digits; /* where they begin */
    const char *point;  /* NULL: there is none */
    int count;          /* of digits */
    decimal d;
} parts;

/* Takes text apart; 0 if it is no number. */
static inline int take_apart(const char *text, size_t len, char point, parts *p)
{
    const char *at = text;
    *p = (parts){.is_negative = *at == '-', .d.is_short = 1};
    at += *at == '-' || *at == '+';
    p->digits = at;
    if (!is_digit(*at)) {
        size_t left = len - (size_t)(at - text);
        p->is_infinite = is_word(at, left, "inf") || is_word(at, left, "infinity");
        if (p->is_infinite) {
            return 1;
        }
    }
    p->count = read_digits(&at, 0, &p->d);
    if (*at == point) {
        p->point = at++;
        p->count += read_digits(&at, 1, &p->d);
    }
    return p->count > 0 && read_exponent(&at, &p->d) && at == text + len;
}

/* What the C library reads, which knows no point but its own: the other one is set back. found: the
 * point, or NULL. */
static double read_slowly(char *text, const char *found, locale_t c_locale)
{
    if (found == NULL) {
        return strtod_l(text, NULL, c_locale);
    }
    char *place = text + (found - text), point = *place;
    *place = '.';
    double value = strtod_l(text, NULL, c_locale);
    *place = point;
    return value;
}

nn__number_kind nn__number(char *text, size_t len, char point, locale_t c_locale, double *value)
{
    static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,
                                    1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
                                    1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
    parts p;
    if (!take_apart(text, len, point, &p)) {
        return NN__NO_NUMBER;
    }
    double sign = p.is_negative ? -1.0 : 1.0;
    if (p.is_infinite) {
        *value = sign * HUGE_VAL;
        return NN__NUMBER;
    }
    if (is_exact(&p.d)) {
        double power = powers[abs(p.d.exponent)];
        double digits = (double)p.d.digits;
        *value = sign * (p.d.exponent < 0 ? digits / power : digits * power);
        return NN__NUMBER;
    }
    double read = read_slowly(text, p.point, c_locale);
    if (isinf(read)) {
        return NN__HUGE_NUMBER;
    }
    *value = read;
    return NN__NUMBER;
}

/* 10 value + digit; 0 if it is larger than most. */
static int append_digit(uint64_t *value, int digit, uint64_t most)
{
    if (*value > (most - (uint64_t)digit) / 10) {
        return 0;
    }
    *value = 10 * *value + (uint64_t)digit;
    return 1;
}

nn__number_kind nn__whole_number(const char *text, size_t len, char point, int64_t *value)
{
    parts p;
    if (!take_apart(text, len, point, &p)) {
        return NN__NO_NUMBER;
    }
    if (p.is_infinite) {
        return NN__HUGE_NUMBER;
    }
    /* so many digits stand before the point once the exponent has moved it */
    int whole = p.count + p.d.exponent, place = 0, fits = 1;
    uint64_t size = 0, most = (uint64_t)INT64_MAX + (uint64_t)p.is_negative;
    if (p.d.is_short && p.d.exponent == 0) { /* most numbers, in one go */
        size = p.d.digits;
        fits = size <= most;
        place = p.count;
    }
    for (const char *at = p.digits; place < p.count; at++) {
        if (at == p.point) {
            continue;
        }
        if (place++ < whole) {
            fits = fits && append_digit(&size, *at - '0', most);
        } else if (*at != '0') {
            return NN__FRACTION;
        }
    }
    for (; place < whole && size > 0 && fits; place++) {
        fits = append_digit(&size, 0, most);
    }
    if (!fits) {
        return NN__HUGE_NUMBER;
    }
    *value = p.is_negative && size > 0 ? -(int64_t)(size - 1) - 1 : (int64_t)size;
    return NN__NUMBER;
}
