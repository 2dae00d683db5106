/* SPDX-License-Identifier: MIT */
#include "data/number_internal.h"

#include "comma.h"

#include <wengert/autodiff.h>

#include <criterion/criterion.h>
#include <float.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static nn__number_kind read_number(const char *text, double *value)
{
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    char *copy = strdup(text);
    nn__number_kind kind = nn__number(copy, strlen(text), '.', c_locale, value);
    cr_assert_str_eq(copy, text, "the text stays");
    free(copy);
    freelocale(c_locale);
    return kind;
}

static nn__number_kind read_whole(const char *text, int64_t *value)
{
    return nn__whole_number(text, strlen(text), '.', value);
}

static void expect_number(const char *text, double expected)
{
    double value = NAN;
    cr_expect_eq(read_number(text, &value), NN__NUMBER, "%s", text);
    cr_expect(value == expected && !signbit(value) == !signbit(expected), "%s: %.17g, not %.17g",
              text, value, expected);
}

Test(number, every_form_of_a_decimal_number_is_read)
{
    expect_number("0", 0.0);
    expect_number("-0", -0.0);
    expect_number("-0.000e99999999999", -0.0);
    expect_number("+7", 7.0);
    expect_number("007", 7.0);
    expect_number("3.", 3.0);
    expect_number(".5", 0.5);
    expect_number("-1.25E+2", -125.0);
    expect_number("1e-3", 0.001);
    expect_number("0.1", 0.1);
    expect_number("123456789012345678901234567890", 123456789012345678901234567890.0);
    expect_number("9007199254740993", 9007199254740992.0); /* a tie, to even */
    expect_number("9007199254740993.00000000000000000001", 9007199254740994.0);
    expect_number("18446744073709551617", 18446744073709551616.0);
    expect_number("2.2250738585072011e-308", 2.2250738585072011e-308);
    expect_number("5e-324", 5e-324);
    expect_number("1e-400", 0.0);
    expect_number("1.7976931348623157e308", DBL_MAX);
    expect_number("1e22", 1e22);
    expect_number("1e23", 1e23);
    expect_number("inf", INFINITY);
    expect_number("-Infinity", -INFINITY);
}

Test(number, text_that_is_not_all_of_a_number_is_refused)
{
    static const char *const texts[] = {
        "",     "-",     "+",    ".",    "-.",    "e5",           "1e",   "1e+",  "1e5.5", "1.2.3",
        "--1",  "+-1",   "1 ",   " 1",   "1,5",   "1_000",        "0x10", "1f",   "nan",   "NaN",
        "-nan", "infin", "inf ", "1e5x", "1\xc2", "\xe2\x88\x92", "ten",  "1e--5"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        double value = 42.0;
        cr_expect_eq(read_number(texts[i], &value), NN__NO_NUMBER, "\"%s\"", texts[i]);
        cr_expect_eq(value, 42.0);
    }
    double value = 42.0;
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    cr_expect_eq(nn__number("1\0002", 3, '.', c_locale, &value), NN__NO_NUMBER,
                 "a zero byte inside");
    freelocale(c_locale);
}

Test(number, numbers_beyond_the_largest_double_are_told_apart)
{
    double value = 42.0;
    cr_expect_eq(read_number("1e309", &value), NN__HUGE_NUMBER);
    cr_expect_eq(read_number("-1e99999999999999999999", &value), NN__HUGE_NUMBER);
    cr_expect_eq(value, 42.0);
}

/* Both ways of reading, against the C library's own: written doubles of every size, and decimals of
 * up to 21 digits with exponents around those that one operation reads exactly. */
Test(number, every_number_is_rounded_correctly)
{
    ad_rng rng = {.seed = 5};
    for (int trial = 0; trial < 100000; trial++) {
        char text[64];
        uint64_t bits = ad_rng_bits(&rng);
        double expected;
        if (trial % 2 == 0) {
            memcpy(&expected, &bits, sizeof expected);
            if (!isfinite(expected)) {
                continue;
            }
            (void)snprintf(text, sizeof text, "%.*g", trial % 4 == 0 ? 17 : 9, expected);
        } else {
            int64_t digits = ad_rng_below(&rng, 22);
            (void)snprintf(text, sizeof text, "%.*s%s%" PRIu64 "e%d", (int)digits,
                           "000000000000000000000", trial % 3 == 0 ? "." : "",
                           bits >> ad_rng_below(&rng, 64), (int)ad_rng_below(&rng, 60) - 30);
        }
        expected = strtod(text, NULL);
        expect_number(text, expected);
    }
}

Test(number, the_point_is_a_point_in_every_locale)
{
    const char *name = test_comma_locale();
    cr_expect_eq(strtod("1,5", NULL), 1.5, "%s", name);
    expect_number("1.5", 1.5);
    expect_number("1.23456789012345678901234567890", 1.23456789012345678901234567890);
}

Test(number, words_for_a_missing_value_are_known_in_either_case)
{
    cr_expect(nn__is_missing("", 0));
    cr_expect(nn__is_missing("?", 1));
    cr_expect(nn__is_missing("N/a", 3));
    cr_expect(nn__is_missing("nan", 3));
    cr_expect(nn__is_missing("Null", 4));
    cr_expect_not(nn__is_missing("n", 1));
    cr_expect_not(nn__is_missing("nab", 3));
    cr_expect_not(nn__is_missing("nonesuch", 8));
}

Test(number, whole_numbers_have_all_their_digits)
{
    static const struct {
        const char *text;
        int64_t value;
    } rows[] = {
        {"0", 0},
        {"-0", 0},
        {"+7", 7},
        {"007", 7},
        {"3.", 3},
        {"5.000000000000000000000000000000", 5},
        {"3e2", 300},
        {"1.25e2", 125},
        {"-12500e-2", -125},
        {".5e1", 5},
        {"0e999999999", 0},
        {"0.000", 0},
        {"100000000000000000000000e-23", 1},
        {"0.00000000000000000000000000012e29", 12},
        {"9007199254740993", 9007199254740993},
        {"123456789012345678", 123456789012345678},
        {"9223372036854775807", INT64_MAX},
        {"-9223372036854775808", INT64_MIN},
        {"-922337203685477580.8e1", INT64_MIN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        int64_t value = -1;
        cr_expect_eq(read_whole(rows[i].text, &value), NN__NUMBER, "%s", rows[i].text);
        cr_expect_eq(value, rows[i].value, "%s: %" PRId64, rows[i].text, value);
    }
    ad_rng rng = {.seed = 6};
    for (int trial = 0; trial < 10000; trial++) {
        char text[64];
        int64_t expected = (int64_t)(ad_rng_bits(&rng) >> ad_rng_below(&rng, 64)), value = 0;
        (void)snprintf(text, sizeof text, "%" PRId64, expected);
        cr_expect_eq(read_whole(text, &value), NN__NUMBER, "%s", text);
        cr_expect_eq(value, expected, "%s: %" PRId64, text, value);
    }
}

Test(number, what_is_no_whole_number_of_64_bits_is_told_apart)
{
    static const char *const fractions[] = {"0.5", "1e-1", "-12501e-2", "1e-999999999",
                                            "9007199254740993.00000000000000000001"};
    static const char *const huge[] = {
        "9223372036854775808", "-9223372036854775809",          "1e19", "-1e300", "inf", "-inf",
        "1e999999999",         "123456789012345678901234567890"};
    static const char *const none[] = {"", "-", "x", "1x", "nan", "1,5", "1e"};
    int64_t value;
    for (size_t i = 0; i < sizeof fractions / sizeof fractions[0]; i++) {
        cr_expect_eq(read_whole(fractions[i], &value), NN__FRACTION, "%s", fractions[i]);
    }
    for (size_t i = 0; i < sizeof huge / sizeof huge[0]; i++) {
        cr_expect_eq(read_whole(huge[i], &value), NN__HUGE_NUMBER, "%s", huge[i]);
    }
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        cr_expect_eq(read_whole(none[i], &value), NN__NO_NUMBER, "%s", none[i]);
    }
}

Test(number, a_comma_may_be_the_point_and_is_where_it_was_afterwards)
{
    locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
    static const struct {
        const char *text;
        double value;
    } rows[] = {{"1,5", 1.5},
                {"-,25e1", -2.5},
                {"7", 7},
                {"1,23456789012345678901234567890", 1.23456789012345678901234567890}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char text[64];
        double value = NAN;
        (void)strcpy(text, rows[i].text);
        cr_expect_eq(nn__number(text, strlen(text), ',', c_locale, &value), NN__NUMBER, "%s", text);
        cr_expect_eq(value, rows[i].value, "%s: %.17g", text, value);
        cr_expect_str_eq(text, rows[i].text);
    }
    char with_point[] = "1.5", grouped[] = "1.234,5";
    double value;
    cr_expect_eq(nn__number(with_point, 3, ',', c_locale, &value), NN__NO_NUMBER);
    cr_expect_eq(nn__number(grouped, 7, ',', c_locale, &value), NN__NO_NUMBER);
    int64_t whole = 0;
    cr_expect_eq(nn__whole_number("1,5e1", 5, ',', &whole), NN__NUMBER);
    cr_expect_eq(whole, 15);
    freelocale(c_locale);
}
