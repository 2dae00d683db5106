/* SPDX-License-Identifier: MIT */
#include "expected.h"

#include "adbench/adbench.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

void must_be(const char *name, int count, const double *got, const double *want, double tolerance)
{
    double worst = 0, largest = 0;
    for (int i = 0; i < count; i++) {
        double difference = fabs(got[i] - want[i]);
        worst = difference <= worst ? worst : difference; /* NaN stays */
        largest = fmax(largest, fabs(want[i]));
    }
    if (!(worst <= tolerance * largest)) {
        (void)fprintf(stderr, "%s: differs by %g of %g\n", name, worst, largest);
        exit(1);
    }
}

double *must_read(const char *path, int *count)
{
    double *numbers = adbench_numbers(path, count);
    if (numbers == NULL) {
        (void)fprintf(stderr, "%s is not there\n", path);
        exit(1);
    }
    return numbers;
}
