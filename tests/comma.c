/* SPDX-License-Identifier: MIT */
#include "comma.h"

#include <criterion/criterion.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *installed(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (setlocale(LC_ALL, names[i]) != NULL) {
            return names[i];
        }
    }
    return NULL;
}

/* Compiles German with the system's localedef, once: all tests share the folder. Two that make it
 * at the same time both make it beside and move it there, so that it is whole when it is there. */
static void make(const char *folder)
{
    char command[600];
    struct stat about;
    if (stat(folder, &about) != 0) {
        (void)snprintf(command, sizeof command,
                       "t=$(mktemp -d) && localedef -i de_DE -f UTF-8 \"$t/de_DE.UTF-8\" "
                       ">/dev/null 2>&1 && mkdir -p '%s' && mv -T \"$t/de_DE.UTF-8\" "
                       "'%s/de_DE.UTF-8' 2>/dev/null; rm -rf \"$t\"",
                       folder, folder);
        (void)!system(command);
    }
}

const char *test_comma_locale(void)
{
    const char *build = getenv("WENGERT_BUILD"), *name = installed();
    if (name == NULL && build != NULL) {
        char folder[200];
        (void)snprintf(folder, sizeof folder, "%s/locale", build);
        make(folder);
        (void)setenv("LOCPATH", folder, 1);
        name = installed();
    }
    if (name == NULL) {
        cr_skip_test("no locale with a decimal comma is installed, and localedef makes none");
    }
    cr_assert_str_eq(localeconv()->decimal_point, ",");
    return name;
}
