/* SPDX-License-Identifier: MIT */
#include "autodiff.h"

#include "operations.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

static ad_tape *tape;

static void start(void)
{
    tape = ad_tape_new();
}

static void stop(void)
{
    ad_tape_free(tape);
}

TestSuite(random, .init = start, .fini = stop);

enum { N = 20000 };

static ad_var key_of(int64_t seed, int64_t counter)
{
    return ad_input_array(tape, AD_I64, AD_SHAPE(2), ((int64_t[]){seed, counter}));
}

static const double *normals(int64_t seed, int64_t counter, int64_t stream)
{
    return ad_data(ad_random_normal(key_of(seed, counter), stream, AD_SHAPE(N), AD_F64));
}

static double correlation(const double *x, const double *y)
{
    double xy = 0, xx = 0, yy = 0;
    for (int i = 0; i < N; i++) {
        xy += x[i] * y[i];
        xx += x[i] * x[i];
        yy += y[i] * y[i];
    }
    return xy / sqrt(xx * yy);
}

Test(random, the_same_key_and_stream_give_the_same_numbers)
{
    const double *x = normals(1, 2, 3), *y = normals(1, 2, 3);
    cr_expect_eq(memcmp(x, y, N * sizeof *x), 0);
}

/* 4 standard deviations of a correlation are 4 / sqrt(N) = 0.028. Counters that named places of one
 * sequence would give its own numbers one place further, so shifted pairs are looked at too. */
Test(random, another_seed_counter_or_stream_gives_independent_numbers)
{
    const double *x = normals(1, 2, 3);
    const double *others[] = {normals(2, 2, 3), normals(1, 3, 3), normals(1, 2, 4),
                              normals(1, 3, 2), normals(-1, 2, 3)};
    for (int i = 0; i < 5; i++) {
        cr_expect_lt(fabs(correlation(x, others[i])), 0.028, "%d", i);
        int same = 0;
        for (int k = 0; k + 4 < N; k++) {
            for (int shift = 0; shift <= 4; shift++) {
                same += x[k + shift] == others[i][k] || x[k] == others[i][k + shift];
            }
        }
        cr_expect_eq(same, 0, "%d", i);
    }
}

Test(random, moments_are_those_of_the_distribution)
{
    for (int type = AD_F64; type <= AD_F32; type++) {
        double out[N], mean[3] = {0}, square[3] = {0};
        ad_var key = key_of(7, 0);
        ad_var drawn[] = {ad_random_uniform(key, 0, AD_SHAPE(N / 4, 4), (ad_type)type),
                          ad_random_normal(key, 0, AD_SHAPE(N), (ad_type)type),
                          ad_random_bernoulli(key, 0, 0.3, AD_SHAPE(N), (ad_type)type)};
        for (int k = 0; k < 3; k++) {
            cr_expect_eq(ad_type_of(drawn[k]), (ad_type)type);
            cr_assert_eq(ad_read(drawn[k], N, out), AD_OK);
            for (int i = 0; i < N; i++) {
                mean[k] += out[i] / N;
                square[k] += out[i] * out[i] / N;
            }
        }
        cr_expect(fabs(mean[0] - 0.5) < 0.01 && fabs(square[0] - 1.0 / 3) < 0.01);
        cr_expect(fabs(mean[1]) < 0.03 && fabs(square[1] - 1) < 0.04);
        cr_expect(fabs(mean[2] - 0.3) < 0.013 && mean[2] == square[2]);
    }
}

Test(random, shapes_may_be_scalar_or_empty)
{
    ad_var key = key_of(1, 1);
    cr_expect_eq(ad_count(ad_random_uniform(key, 0, AD_SCALAR, AD_F64)), 1);
    test_expect(ad_random_normal(key, 0, AD_SHAPE(0, 3), AD_F32), AD_SHAPE(0, 3), NULL);
    test_expect(ad_random_bernoulli(key, 0, 1, AD_SHAPE(2), AD_F64), AD_SHAPE(2),
                TEST_NUMBERS(1, 1));
    test_expect(ad_random_bernoulli(key, 0, 0, AD_SHAPE(2), AD_F64), AD_SHAPE(2),
                TEST_NUMBERS(0, 0));
}

Test(random, a_key_in_the_callers_memory_moves_on_with_assign)
{
    int64_t memory[] = {5, INT64_MAX};
    ad_var key = ad_input_view(tape, AD_I64, AD_SHAPE(2), memory);
    ad_var first = ad_random_uniform(key, 0, AD_SCALAR, AD_F64);
    ad_assign(key, ad_random_next(key));
    cr_expect(memory[0] == 5 && memory[1] == INT64_MIN);
    ad_var second = ad_random_uniform(key, 0, AD_SCALAR, AD_F64);
    cr_expect_neq(ad_value(first), ad_value(second));
    cr_expect_eq(ad_value(second),
                 ad_value(ad_random_uniform(key_of(5, INT64_MIN), 0, AD_SCALAR, AD_F64)));
}

/* Dropout: the mask is a constant of the gradient. */
Test(random, gradients_pass_by_random_numbers)
{
    ad_var x = test_counting(tape, AD_F64, AD_SHAPE(4)), dx;
    ad_var mask = ad_random_bernoulli(key_of(3, 0), 0, 0.5, AD_SHAPE(4), AD_F64);
    double kept[4];
    cr_assert_eq(ad_read(mask, 4, kept), AD_OK);
    cr_expect_eq(ad_grad(ad_sum(ad_mul(x, mask), AD_ALL), 1, &x, &dx), AD_OK);
    test_expect(dx, AD_SHAPE(4), kept);
}

Test(random, mistakes_are_named)
{
    ad_var key = key_of(1, 1), x = ad_input(tape, 1);
    TEST_ERROR(tape, ad_random_normal(x, 0, AD_SCALAR, AD_F64), AD_ERR_TYPE,
               "ad_random_normal: the key is f64 []; it is i64 [2]: seed and counter");
    TEST_ERROR(tape, ad_random_next(ad_reshape(key, AD_SHAPE(2, 1))), AD_ERR_SHAPE,
               "ad_random_next: the key is i64 [2, 1]; it is i64 [2]: seed and counter");
    TEST_ERROR(tape, ad_random_uniform(key, 0, AD_SHAPE(-1), AD_F64), AD_ERR_SHAPE,
               "ad_random_uniform: shape [-1] is none");
    TEST_ERROR(tape, ad_random_uniform(key, 0, AD_SHAPE(1), AD_I64), AD_ERR_TYPE,
               "ad_random_uniform: i64 numbers; give AD_F64 or AD_F32");
    TEST_ERROR(tape, ad_random_bernoulli(key, 0, 1.5, AD_SCALAR, AD_F64), AD_ERR_DOMAIN,
               "ad_random_bernoulli: probability 1.5; give 0 to 1");
    TEST_ERROR(tape, ad_random_bernoulli(key, 0, (double)NAN, AD_SCALAR, AD_F64), AD_ERR_DOMAIN,
               "ad_random_bernoulli: probability nan; give 0 to 1");
}
