/* SPDX-License-Identifier: MIT */
#include "close.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>

void expect_close(const char *what, int row, double got, double want, double tolerance)
{
    cr_expect(isnan(want) ? !isfinite(got) : fabs(got - want) <= tolerance * fabs(want),
              "%s[%d]: %.17g, expected %.17g (off by %.1e)", what, row, got, want,
              fabs(got - want) / fabs(want));
}

void expect_all(const char *what, int n, const double *got, const double *want, double tolerance)
{
    for (int i = 0; i < n; i++) {
        expect_close(what, i, got[i], want[i], tolerance);
    }
}

void expect_tensor(const char *what, ad_var got, const double *want, double tolerance)
{
    size_t count = ad_count(got);
    double *values = malloc((count + 1) * sizeof *values);
    cr_assert_not_null(values);
    cr_assert_eq(ad_read(got, count, values), AD_OK, "%s", what);
    expect_all(what, (int)count, values, want, tolerance);
    free(values);
}

void expect_sound(const ad_tape *tape)
{
    cr_expect_eq(ad_tape_status(tape), AD_OK, "%s", ad_tape_message(tape));
}
