/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

extern const ad_op ad_sum__op;

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(reduce, .init = start, .fini = stop);

Test(reduce, samples_have_the_derivatives_of_central_differences)
{
    test_samples(&ad_sum__op);
}

/* x[i][j][k] = 100 i + 10 j + k over [2, 3, 4], summed over a mask's axes by the definition. */
static ad_shape sums_by_definition(int mask, int keep, double *z)
{
    const int64_t len[] = {2, 3, 4};
    int64_t step[3], count = 1;
    ad_shape shape = {.rank = 0};
    for (int axis = 2; axis >= 0; axis--) {
        step[axis] = mask >> axis & 1 ? 0 : count;
        count *= mask >> axis & 1 ? 1 : len[axis];
    }
    for (int axis = 0; axis < 3; axis++) {
        if (keep || !(mask >> axis & 1)) {
            shape.len[shape.rank++] = mask >> axis & 1 ? 1 : len[axis];
        }
    }
    for (int64_t i = 0; i < count; i++) {
        z[i] = 0;
    }
    for (int64_t i = 0; i < 24; i++) {
        int64_t at[] = {i / 12, i / 4 % 3, i % 4};
        z[at[0] * step[0] + at[1] * step[1] + at[2] * step[2]] +=
            (double)(100 * at[0] + 10 * at[1] + at[2]);
    }
    return shape;
}

static ad_var hundreds(ad_type type)
{
    union {
        double f64[24];
        float f32[24];
        int64_t i64[24];
    } x;
    for (int i = 0; i < 24; i++) {
        int value = 100 * (i / 12) + 10 * (i / 4 % 3) + i % 4;
        if (type == AD_F64) {
            x.f64[i] = value;
        } else if (type == AD_F32) {
            x.f32[i] = (float)value;
        } else {
            x.i64[i] = value;
        }
    }
    return ad_input_array(tape, type, AD_SHAPE(2, 3, 4), &x);
}

Test(reduce, sums_over_every_set_of_axes_in_every_type)
{
    for (int type = AD_F64; type <= AD_I64; type++) {
        ad_var x = hundreds((ad_type)type);
        for (int mask = 0; mask < 16; mask++) {
            int axes[3], count = 0, keep = mask >> 3;
            for (int axis = 0; axis < 3; axis++) {
                if (mask >> axis & 1) {
                    axes[count++] = (mask & 1) ? axis : axis - 3; /* both ways of counting */
                }
            }
            double z[24];
            ad_shape shape = sums_by_definition(mask & 7, keep, z);
            ad_var sum = ad_sum(x, ad_axes_of(count, axes, keep));
            cr_expect_eq(ad_type_of(sum), (ad_type)type);
            test_expect(sum, shape, z);
        }
    }
}

/* UndefinedBehaviorSanitizer is the judge of how. */
Test(reduce, sums_of_whole_numbers_wrap_around)
{
    const int64_t numbers[200] = {INT64_MAX, INT64_MAX, 3}, places[] = {1, 1, 1};
    ad_var x = ad_input_array(tape, AD_I64, AD_SHAPE(200), numbers);
    ad_var at = ad_input_array(tape, AD_I64, AD_SHAPE(3), places);
    ad_var few = ad_slice(x, 0, 0, 3, 1);
    ad_var all[] = {ad_sum(x, AD_ALL), ad_sum(ad_reshape(x, AD_SHAPE(100, 2)), AD_AXES(0)),
                    ad_select(ad_segment_sum(few, at, 0, 2), 0, 1),
                    ad_select(ad_scatter_sum(few, at, 0, 2), 0, 1),
                    ad_select(ad_scatter_add(x, at, few, 0), 0, 1)};
    const int64_t sums[] = {1, INT64_MIN + 2, 1, 1, INT64_MIN};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        const int64_t *z = ad_data(all[i]);
        cr_assert_not_null(z, "%s", ad_tape_message(tape));
        cr_expect_eq(*z, sums[i], "sum %zu is %lld", i, (long long)*z);
    }
}

Test(reduce, gradient_of_a_sum_is_ones_of_the_arguments_shape)
{
    ad_var x = hundreds(AD_F64), dx;
    double ones[24];
    for (int i = 0; i < 24; i++) {
        ones[i] = 1;
    }
    ad_grad(ad_sum(ad_sum(ad_sum(x, AD_KEEP(1)), AD_AXES(0, -1)), AD_ALL), 1, &x, &dx);
    test_expect(dx, AD_SHAPE(2, 3, 4), ones);
}

Test(reduce, of_no_elements_the_sum_is_0)
{
    ad_var x = ad_input_array(tape, AD_F64, AD_SHAPE(2, 0, 3), NULL), dx;
    test_expect(ad_sum(x, AD_ALL), AD_SCALAR, TEST_NUMBERS(0));
    test_expect(ad_sum(x, AD_AXES(1)), AD_SHAPE(2, 3), TEST_NUMBERS(0, 0, 0, 0, 0, 0));
    test_expect(ad_sum(x, AD_AXES(0, 1)), AD_SHAPE(3), TEST_NUMBERS(0, 0, 0));
    test_expect(ad_sum(x, AD_KEEP(0)), AD_SHAPE(1, 0, 3), NULL);
    test_expect(ad_sum(x, AD_AXES(0, 2)), AD_SHAPE(0), NULL);
    ad_grad(ad_sum(x, AD_ALL), 1, &x, &dx);
    test_expect(dx, AD_SHAPE(2, 0, 3), NULL);
}

Test(reduce, a_scalar_is_its_own_sum)
{
    ad_var x = ad_input(tape, 3), dx;
    ad_var z = ad_sum(x, AD_ALL);
    test_expect(z, AD_SCALAR, TEST_NUMBERS(3));
    ad_grad(z, 1, &x, &dx);
    test_expect(dx, AD_SCALAR, TEST_NUMBERS(1));
}

/* Numbers of widely different sizes whose exact sum is known: pairs that cancel but for 1. */
Test(reduce, errors_of_long_sums_grow_with_the_logarithm_of_their_length)
{
    enum { N = 1 << 20 };
    float *x = malloc(N * sizeof *x);
    cr_assert_not_null(x);
    double exact = 0, total = 0;
    for (int i = 0; i < N; i++) {
        x[i] = 1.0F / (float)(i % 1000 + 1);
        exact += (double)x[i];
        total += fabs((double)x[i]);
    }
    ad_var flat = ad_input_view(tape, AD_F32, AD_SHAPE(N), x);
    ad_var square = ad_input_view(tape, AD_F32, AD_SHAPE(N / 4, 4), x);
    /* 32 sums of 16 terms in a leaf, then a tree: at most about 16 + 5 + 11 roundings */
    double bound = 32 * 0x1p-24 * total;
    cr_expect_lt(fabs(ad_value(ad_sum(flat, AD_ALL)) - exact), bound);
    double columns = ad_value(ad_sum(ad_sum(square, AD_AXES(0)), AD_ALL));
    cr_expect_lt(fabs(columns - exact), 2 * bound);
    free(x);
}

Test(reduce, bits_depend_on_the_elements_alone)
{
    enum { N = 3000, SHIFTS = 8 };
    double x[N], moved[N + SHIFTS];
    ad_rng_fill_normal((ad_rng){.seed = 1}, AD_F64, N, x);
    for (int n = 1; n < N; n += n < 100 ? 1 : n / 2) {
        double first = ad_value(ad_sum(ad_input_view(tape, AD_F64, AD_SHAPE(n), x), AD_ALL));
        for (int shift = 0; shift < SHIFTS; shift++) {
            memcpy(moved + shift, x, (size_t)n * sizeof *x);
            ad_var y = ad_input_view(tape, AD_F64, AD_SHAPE(n), moved + shift);
            cr_expect_eq(ad_value(ad_sum(y, AD_ALL)), first, "%d elements", n);
        }
    }
}

Test(reduce, sum_to_undoes_a_broadcast)
{
    ad_var x = hundreds(AD_F64);
    test_expect(ad_sum_to(x, AD_SHAPE(2, 1, 1)), AD_SHAPE(2, 1, 1), TEST_NUMBERS(138, 1338));
    test_expect(ad_sum_to(x, AD_SHAPE(3, 1)), AD_SHAPE(3, 1), TEST_NUMBERS(412, 492, 572));
    test_expect(ad_sum_to(x, AD_SCALAR), AD_SCALAR, TEST_NUMBERS(1476));
    test_expect(ad_sum_to(ad_select(x, 0, 0), AD_SHAPE(3, 4)), AD_SHAPE(3, 4),
                TEST_NUMBERS(0, 1, 2, 3, 10, 11, 12, 13, 20, 21, 22, 23));
}

Test(reduce, errors_say_which_axis_is_wrong)
{
    ad_var x = hundreds(AD_F64);
    TEST_ERROR(tape, ad_sum(x, AD_AXES(3)), AD_ERR_SHAPE,
               "ad_sum: axis 3 of [2, 3, 4]; axes are -3 to 2");
    TEST_ERROR(tape, ad_sum(x, AD_AXES(1, -2)), AD_ERR_SHAPE,
               "ad_sum: axis 1 of [2, 3, 4] is named twice");
    TEST_ERROR(tape, ad_sum(ad_input(tape, 1), AD_AXES(0)), AD_ERR_SHAPE,
               "ad_sum: axis 0 of a scalar, which has none");
    TEST_ERROR(tape, ad_sum_to(x, AD_SHAPE(5)), AD_ERR_SHAPE,
               "ad_sum_to: [2, 3, 4] to [5], which does not broadcast to it");
    TEST_ERROR(tape, ad_sum_to(ad_sum(x, AD_ALL), AD_SHAPE(5)), AD_ERR_SHAPE,
               "ad_sum_to: [] to [5], which does not broadcast to it");
}

static ad_var sum_outer(const ad_var *x)
{
    return ad_sum(x[0], AD_AXES(0, 2));
}

static ad_var sum_first(const ad_var *x)
{
    return ad_sum(x[0], AD_AXES(0));
}

Test(reduce, every_failed_allocation_is_an_error)
{
    test_failed_allocations(sum_outer, AD_SHAPE(30, 20, 30));
    test_failed_allocations(sum_first, AD_SHAPE(300, 100));
}
