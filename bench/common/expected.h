/* SPDX-License-Identifier: MIT */
#ifndef EXPECTED_H
#define EXPECTED_H

/* What is timed must be right: these exit where it is not. */

/* Each of count numbers within tolerance of the largest of those wanted. */
void must_be(const char *name, int count, const double *got, const double *want, double tolerance);

/* The numbers in a text, which the caller frees. */
double *must_read(const char *path, int *count);

#endif
