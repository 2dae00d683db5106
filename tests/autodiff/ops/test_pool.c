/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <math.h>

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(pool, .init = start, .fini = stop);

static ad_var pool_overlapping(const ad_var *x)
{
    return ad_max_pool(x[0], AD_SHAPE(3, 2), AD_SHAPE(1, 2), AD_SHAPE(1, 0));
}

static ad_var pool_rows(const ad_var *x)
{
    return ad_max_pool(x[0], AD_SHAPE(2), AD_SHAPE(2), AD_SHAPE(1));
}

Test(pool, derivatives_are_those_of_central_differences)
{
    test_gradients("ad_max_pool", pool_overlapping, 1, (ad_shape[]){AD_SHAPE(2, 4, 4)}, -2, 2);
    test_gradients("ad_max_pool", pool_rows, 1, (ad_shape[]){AD_SHAPE(3, 5)}, -2, 2);
}

Test(pool, windows_cover_rows_and_planes)
{
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(4, 4),
                              ((double[]){1, 5, 2, 0, 3, 4, 8, 6, 9, 7, 1, 2, 0, 3, 4, 5}));
    test_expect(ad_max_pool(x, AD_SHAPE(2, 2), AD_SHAPE(2, 2), AD_SHAPE(0, 0)), AD_SHAPE(2, 2),
                TEST_NUMBERS(5, 8, 9, 5));
    test_expect(ad_max_pool_indices(x, AD_SHAPE(2, 2), AD_SHAPE(2, 2), AD_SHAPE(0, 0)),
                AD_SHAPE(2, 2), TEST_NUMBERS(1, 6, 8, 15));
    test_expect(ad_max_pool(x, AD_SHAPE(3), AD_SHAPE(2), AD_SHAPE(1)), AD_SHAPE(4, 2),
                TEST_NUMBERS(5, 5, 4, 8, 9, 7, 3, 5));
    ad_var f = ad_cast(x, AD_F32);
    test_expect(ad_max_pool(f, AD_SHAPE(4, 3), AD_SHAPE(1, 1), AD_SHAPE(0, 0)), AD_SHAPE(1, 2),
                TEST_NUMBERS(9, 8));
    cr_expect_eq(ad_type_of(ad_max_pool(f, AD_SHAPE(4), AD_SHAPE(1), AD_SHAPE(0))), AD_F32);
}

/* Every window, stride and padding on every length up to 6, against the definition. */
Test(pool, every_small_case_of_one_axis)
{
    const double data[] = {-3, -7, -4, 1, -5, -9}; /* below what may lie around them */
    for (int64_t n = 1; n <= 6; n++) {
        ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(n), data);
        for (int64_t w = 1; w <= 6; w++) {
            for (int64_t code = 0; code < 3 * w; code++) {
                int64_t s = code % 3 + 1, p = code / 3, m = 0;
                double expected[16];
                if (n + 2 * p < w) {
                    continue;
                }
                for (int64_t from = -p; from + w <= n + p; from += s, m++) {
                    expected[m] = -INFINITY;
                    for (int64_t k = from; k < from + w; k++) {
                        expected[m] = fmax(expected[m], k < 0 || k >= n ? -INFINITY : data[k]);
                    }
                }
                test_expect(ad_max_pool(x, AD_SHAPE(w), AD_SHAPE(s), AD_SHAPE(p)), AD_SHAPE(m),
                            expected);
            }
        }
    }
}

Test(pool, infinities_and_nan_are_ordinary_elements)
{
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(6),
                              ((double[]){-INFINITY, -INFINITY, 2, NAN, NAN, INFINITY}));
    test_expect(ad_max_pool_indices(x, AD_SHAPE(2), AD_SHAPE(2), AD_SHAPE(0)), AD_SHAPE(3),
                TEST_NUMBERS(0, 3, 4));
}

Test(pool, leading_axes_may_be_empty)
{
    ad_var x = ad_full(tape, AD_F64, AD_SHAPE(0, 4, 4), 1), dx;
    ad_var z = ad_max_pool(x, AD_SHAPE(2, 2), AD_SHAPE(2, 2), AD_SHAPE(0, 0));
    test_expect(z, AD_SHAPE(0, 2, 2), NULL);
    cr_expect_eq(ad_grad(ad_sum(z, AD_ALL), 1, &x, &dx), AD_OK);
    test_expect(dx, AD_SHAPE(0, 4, 4), NULL);
}

Test(pool, mistakes_are_named)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(4, 4));
    ad_var i = test_counting(tape, AD_I64, AD_SHAPE(4, 4));
    TEST_ERROR(tape, ad_max_pool(x, AD_SHAPE(2, 2), AD_SHAPE(2), AD_SHAPE(0, 0)), AD_ERR_SHAPE,
               "ad_max_pool: 2 window, 1 stride and 2 padding lengths for [4, 4]; give 1 or "
               "2 of each, for its last axes");
    TEST_ERROR(tape, ad_max_pool(x, AD_SHAPE(2), AD_SHAPE(0), AD_SHAPE(0)), AD_ERR_DOMAIN,
               "ad_max_pool: window 2, stride 0, padding 0; give 1 or more, 1 or more, 0 to "
               "window - 1");
    TEST_ERROR(tape, ad_max_pool(x, AD_SHAPE(2), AD_SHAPE(1), AD_SHAPE(2)), AD_ERR_DOMAIN,
               "ad_max_pool: window 2, stride 1, padding 2; give 1 or more, 1 or more, 0 to "
               "window - 1");
    TEST_ERROR(tape, ad_max_pool(x, AD_SHAPE(5), AD_SHAPE(1), AD_SHAPE(0)), AD_ERR_SHAPE,
               "ad_max_pool: a window of 5 over an axis of length 4 with padding 0 does not "
               "fit once");
    TEST_ERROR(tape, ad_max_pool(i, AD_SHAPE(2), AD_SHAPE(1), AD_SHAPE(0)), AD_ERR_TYPE,
               "ad_max_pool: x is i64; it must be f64 or f32");
}
