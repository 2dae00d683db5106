/* SPDX-License-Identifier: MIT */
#ifndef NN_COMMON_TEXT_INTERNAL_H
#define NN_COMMON_TEXT_INTERNAL_H

#include <wengert/status.h>

#include <stdio.h>

/* Texts with a decimal point in every number, whatever locale the program or the thread has set:
 * what is written must read back, by this library, by gnuplot, by spreadsheets. */

/* Appends to a string in an array of so many bytes, and cuts what does not fit. */
void nn__say(char *text, size_t bytes, const char *format, ...) AD_PRINTF(3, 4);

/* fprintf. */
void nn__print(FILE *to, const char *format, ...) AD_PRINTF(2, 3);

#endif
