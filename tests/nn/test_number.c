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
    nn__number_kind kind = nn__number(text, strlen(text), c_locale, value);
    freelocale(c_locale);
    return kind;
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
    cr_expect_eq(nn__number("1\0002", 3, c_locale, &value), NN__NO_NUMBER, "a zero byte inside");
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
