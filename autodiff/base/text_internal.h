/* SPDX-License-Identifier: MIT */
#ifndef AD_BASE_TEXT_INTERNAL_H
#define AD_BASE_TEXT_INTERNAL_H

#include "shape.h"

#include <stdio.h>

/* Sentences put together piece by piece: each call appends to a string in a caller's array of the
 * given size, and cuts what does not fit. */

void ad__say(char *text, size_t bytes, const char *format, ...) AD_PRINTF(3, 4);

/* A number with at most so many digits; "nan" without a sign. */
void ad__say_number(char *text, size_t bytes, double value, int digits);

/* The index of element number `element`: nothing for a scalar, "[1, 2]" in a matrix. */
void ad__say_index(char *text, size_t bytes, const ad_shape *shape, size_t element);

/* Writes what stands between quotation marks, on one line. */
void ad__write_quoted(FILE *out, const char *text);

#endif
