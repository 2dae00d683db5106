/* SPDX-License-Identifier: MIT */
/* NumPy's generator, MT19937: every figure below was printed by NumPy 1.24. */
#include "rng.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

Test(rng_numpy, mt19937_bits_are_numpys)
{
    static const struct {
        uint32_t seed, bits[4];
    } rows[] = {
        {0, {2357136044, 2546248239, 3071714933, 3626093760}},
        {12345, {3992670690, 3823185381, 1358822685, 561383553}},
        {4294967295, {419326371, 479346978, 3918654476, 2416749639}},
    };
    ad_mt19937 mt;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ad_mt19937_init(&mt, rows[i].seed);
        for (int j = 0; j < 4; j++) {
            cr_expect_eq(ad_mt19937_bits(&mt), rows[i].bits[j]);
        }
    }
}

/* C++ fixes this one for its std::mt19937, whose default seed is 5489. */
Test(rng_numpy, mt19937_bits_stay_right_over_many_rounds_of_the_state)
{
    ad_mt19937 mt;
    ad_mt19937_init(&mt, 5489);
    for (int i = 1; i < 10000; i++) {
        (void)ad_mt19937_bits(&mt);
    }
    cr_expect_eq(ad_mt19937_bits(&mt), 4123659995);
}

Test(rng_numpy, mt19937_uniforms_are_numpys_random_sample)
{
    static const double expected[] = {0.54881350392732475, 0.71518936637241948, 0.60276337607164387,
                                      0.54488318299689686};
    ad_mt19937 mt;
    ad_mt19937_init(&mt, 0);
    for (int i = 0; i < 4; i++) {
        cr_expect_eq(ad_mt19937_uniform(&mt), expected[i]);
    }
}

Test(rng_numpy, mt19937_normals_are_numpys_randn)
{
    static const double expected[] = {
        1.764052345967664,  0.40015720836722329,  0.9787379841057392,  2.2408931992014578,
        1.8675579901499675, -0.97727787987641102, 0.95008841752558937, -0.15135720829769789};
    ad_mt19937 mt;
    ad_mt19937_init(&mt, 0);
    for (int i = 0; i < 8; i++) {
        cr_expect_eq(ad_mt19937_normal(&mt), expected[i]);
    }
}

Test(rng_numpy, the_waiting_normal_of_mt19937_survives_other_draws)
{
    ad_mt19937 mt;
    ad_mt19937_init(&mt, 7);
    cr_expect_eq(ad_mt19937_normal(&mt), 1.690525703800356);
    cr_expect_eq(ad_mt19937_uniform(&mt), 0.9779895119966027);
    cr_expect_eq(ad_mt19937_normal(&mt), -0.4659373705408328);
    cr_expect_eq(ad_mt19937_below(&mt, 6), 0);
    cr_expect_eq(ad_mt19937_normal(&mt), -0.15877062183174873);
}

Test(rng_numpy, mt19937_integers_are_numpys_randint)
{
    static const struct {
        int64_t bound, expected[6];
    } rows[] = {
        {10, {5, 0, 3, 3, 7, 9}},
        {1000000007, {209652396, 398764591, 924231285, 404868288, 441365315, 463622907}},
        {INT64_C(1) << 40,
         {741280623151, 506137267392, 291447657211, 841157541223, 41332891347, 91845220082}},
    };
    ad_mt19937 mt;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ad_mt19937_init(&mt, 0);
        for (int j = 0; j < 6; j++) {
            cr_expect_eq(ad_mt19937_below(&mt, rows[i].bound), rows[i].expected[j]);
        }
    }
    ad_mt19937_init(&mt, 0);
    cr_expect_eq(ad_mt19937_below(&mt, 1), 0);
    cr_expect_eq(ad_mt19937_below(&mt, -5), 0);
    cr_expect_eq(ad_mt19937_bits(&mt), 2357136044, "a bound of 1 must take no bits");
}

Test(rng_numpy, mt19937_permutations_are_numpys)
{
    static const int64_t ten[] = {2, 8, 4, 9, 1, 6, 7, 3, 0, 5};
    int64_t order[1000];
    ad_mt19937 mt;
    ad_mt19937_init(&mt, 0);
    ad_mt19937_permutation(&mt, 10, order);
    cr_expect_arr_eq(order, ten, sizeof ten);
    ad_mt19937_init(&mt, 0);
    ad_mt19937_permutation(&mt, 1000, order);
    cr_expect(order[0] == 993 && order[1] == 859 && order[2] == 298);
    cr_expect(order[997] == 629 && order[998] == 559 && order[999] == 684);
    ad_mt19937_permutation(&mt, 0, NULL);
}
