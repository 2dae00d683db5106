/* SPDX-License-Identifier: MIT */
/* A program that sets a locale with a decimal comma gets the same texts as all others. */
#include "base/locale_internal.h"

#include "autodiff.h"
#include "comma.h"
#include "files.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

Test(locale, numbers_have_a_point_and_the_programs_locale_stays)
{
    (void)test_comma_locale();
    char text[40];
    cr_expect_eq(ad__print(text, sizeof text, "%g %d", 1.5, 7), 5);
    cr_expect_str_eq(text, "1.5 7");
    (void)snprintf(text, sizeof text, "%g", 1.5);
    cr_expect_str_eq(text, "1,5");
}

Test(locale, errors_have_a_point)
{
    (void)test_comma_locale();
    ad_error error;
    ad_error_set(&error, AD_ERR_DOMAIN, "%g is no probability", 1.5);
    cr_expect_str_eq(error.message, "1.5 is no probability");
    ad_tape *tape = ad_tape_new();
    ad_tape_fail(tape, AD_ERR_DOMAIN, "mine", NULL, "%g is too large", 2.5);
    cr_expect_str_eq(ad_tape_message(tape), "mine: 2.5 is too large");
    ad_tape_free(tape);
}

Test(locale, a_thread_that_has_a_locale_of_its_own_keeps_it)
{
    (void)test_comma_locale();
    locale_t mine = duplocale(LC_GLOBAL_LOCALE);
    cr_assert_neq(mine, (locale_t)0);
    (void)setlocale(LC_ALL, "C");
    (void)uselocale(mine);
    char text[40];
    (void)ad__print(text, sizeof text, "%g", 1.5);
    cr_expect_str_eq(text, "1.5");
    cr_expect_eq(uselocale((locale_t)0), mine);
    (void)uselocale(LC_GLOBAL_LOCALE);
    freelocale(mine);
}

/* Everything that prints numbers, of a program with constants and a probability: dumps, a function
 * and its C. free() it. */
static char *texts(const char *path)
{
    static const int64_t key[2] = {1, 2};
    const double x[3] = {0.5, 1.25, -7.125e-9};
    ad_tape *tape = ad_tape_new();
    ad_var k = ad_input_array(tape, AD_I64, AD_SHAPE(2), key);
    ad_var v = ad_input_array(tape, AD_F64, AD_SHAPE(3), x);
    ad_var mask = ad_random_bernoulli(k, 0, 0.3, AD_SHAPE(3), AD_F64);
    ad_var y = ad_sum(ad_mul(ad_mul(v, mask), 1.1), AD_ALL), gradient;
    cr_assert_eq(ad_grad(y, 1, &v, &gradient), AD_OK, "%s", ad_tape_message(tape));
    const ad_var in[] = {k, v}, out[] = {y, gradient};
    ad_fn *f = ad_fn_new(tape, 2, in, 2, out);
    cr_assert_not_null(f, "%s", ad_tape_message(tape));
    cr_assert_eq(ad_fn_emit_c(f, path, "masked"), AD_OK, "%s", ad_fn_message(f));

    char *all = NULL;
    size_t len, bytes;
    FILE *to = open_memstream(&all, &len);
    ad_dump_text(tape, to, NULL);
    ad_dump_dot(tape, to, NULL);
    ad_fn_show_text(f, to);
    ad_fn_show_dot(f, to);
    unsigned char *emitted = test_read(path, &bytes);
    (void)fwrite(emitted, 1, bytes, to);
    (void)fclose(to);
    free(emitted);
    (void)unlink(path);
    ad_fn_free(f);
    ad_tape_free(tape);
    return all;
}

Test(locale, dumps_functions_and_emitted_c_are_the_same_with_a_decimal_comma)
{
    char path[TEST_PATH];
    (void)test_path("locale.c", path);
    char *plain = texts(path);
    (void)test_comma_locale();
    char *comma = texts(path);
    cr_expect_not_null(strstr(plain, "1.1"));
    cr_expect_str_eq(comma, plain);
    free(plain);
    free(comma);
}
