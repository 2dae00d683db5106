/* SPDX-License-Identifier: MIT */
#ifndef TESTS_CLOSE_H
#define TESTS_CLOSE_H

#include <wengert/autodiff.h>

/* Comparisons with reference figures. A failure names the figure and its row. */

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* |got - want| <= tolerance |want|; a want of NaN stands for anything that is not finite. */
void expect_close(const char *what, int row, double got, double want, double tolerance);

/* The same for n numbers, and for all elements of a value on a tape. */
void expect_all(const char *what, int n, const double *got, const double *want, double tolerance);
void expect_tensor(const char *what, ad_var got, const double *want, double tolerance);

/* No operation on the tape failed. */
void expect_sound(const ad_tape *tape);

#endif
