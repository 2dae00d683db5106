/* SPDX-License-Identifier: MIT */
#ifndef TESTS_COMMA_H
#define TESTS_COMMA_H

/* Sets a locale whose decimal point is a comma, and returns its name. It is made for the test if
 * none is installed; the test is skipped, with a message, where it cannot be made either. Every
 * test runs in a process of its own, so that nothing is left to be set back. */
const char *test_comma_locale(void);

#endif
