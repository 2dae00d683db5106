/* SPDX-License-Identifier: MIT */
#include "rng.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- Philox */

/* Rows "philox4x32 10" of kat_vectors in the Random123 distribution, release 1.09. */
Test(rng, philox_gives_the_published_known_answers)
{
    static const struct {
        uint32_t counter[4], key[2], out[4];
    } rows[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
         {0xffffffff, 0xffffffff},
         {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        uint32_t out[4];
        ad_philox(rows[i].counter, rows[i].key, out);
        cr_expect_arr_eq(out, rows[i].out, sizeof out);
    }
}

Test(rng, bits_are_philox_blocks_of_counter_stream_and_seed)
{
    ad_rng at = {.seed = 0x299f31d0a4093822, .stream = 0x0370734413198a2e};
    at.counter = 2 * UINT64_C(0x05a308d3243f6a88);
    uint32_t block[4];
    ad_philox((uint32_t[]){0x243f6a88, 0x05a308d3, 0x13198a2e, 0x03707344},
              (uint32_t[]){0xa4093822, 0x299f31d0}, block);
    uint64_t bits[2];
    ad_rng_fill_bits(at, 2, bits);
    cr_expect_eq(bits[0], (uint64_t)block[1] << 32 | block[0]);
    cr_expect_eq(bits[1], (uint64_t)block[3] << 32 | block[2]);
}

Test(rng, any_part_of_a_sequence_can_be_made_by_itself)
{
    enum { N = 700 };
    ad_rng at = {.seed = 7, .stream = 3, .counter = UINT64_MAX - 300}; /* wraps on the way */
    double whole[N], part[N];
    float whole_f32[N], part_f32[N];
    int64_t whole_i64[N], part_i64[N];
    ad_rng_fill_normal(at, AD_F64, N, whole);
    ad_rng_fill_uniform(at, AD_F32, N, whole_f32);
    ad_rng_fill_below(at, INT64_MAX / 2 + 2, N, whole_i64);
    const size_t starts[] = {0, 1, 2, 255, 256, 257, 299, 301, 302, 698, 699, 700};
    for (size_t i = 0; i < sizeof starts / sizeof starts[0]; i++) {
        size_t start = starts[i], len = N - start;
        ad_rng there = at;
        there.counter += start;
        ad_rng_fill_normal(there, AD_F64, len, part);
        ad_rng_fill_uniform(there, AD_F32, len, part_f32);
        ad_rng_fill_below(there, INT64_MAX / 2 + 2, len, part_i64);
        cr_expect_arr_eq(part, whole + start, len * sizeof *part, "from %zu", start);
        cr_expect_arr_eq(part_f32, whole_f32 + start, len * sizeof *part_f32);
        cr_expect_arr_eq(part_i64, whole_i64 + start, len * sizeof *part_i64);
    }
}

Test(rng, one_number_at_a_time_gives_the_numbers_of_a_fill)
{
    enum { N = 9 };
    const ad_rng at = {.seed = 1, .counter = 5};
    ad_rng u = at, z = at, k = at, b = at;
    double uniform[N], normal[N];
    int64_t below[N];
    uint64_t bits[N];
    ad_rng_fill_uniform(at, AD_F64, N, uniform);
    ad_rng_fill_normal(at, AD_F64, N, normal);
    ad_rng_fill_below(at, 10, N, below);
    ad_rng_fill_bits(at, N, bits);
    for (int i = 0; i < N; i++) {
        cr_expect_eq(ad_rng_uniform(&u), uniform[i]);
        cr_expect_eq(ad_rng_normal(&z), normal[i]);
        cr_expect_eq(ad_rng_below(&k, 10), below[i]);
        cr_expect_eq(ad_rng_bits(&b), bits[i]);
    }
    cr_expect_eq(u.counter, at.counter + N);
    cr_expect_eq(k.counter, at.counter + N);
}

Test(rng, seeds_and_streams_give_different_numbers)
{
    enum { N = 64 };
    uint64_t bits[3][N];
    ad_rng_fill_bits((ad_rng){.seed = 1}, N, bits[0]);
    ad_rng_fill_bits((ad_rng){.seed = 2}, N, bits[1]);
    ad_rng_fill_bits((ad_rng){.seed = 1, .stream = 1}, N, bits[2]);
    for (int i = 0; i < N; i++) {
        for (int j = 0; j < N; j++) {
            cr_assert(bits[0][i] != bits[1][j] && bits[0][i] != bits[2][j]);
            cr_assert(bits[1][i] != bits[2][j] && (i == j || bits[0][i] != bits[0][j]));
        }
    }
}

/* ---- distributions */

Test(rng, f32_numbers_are_the_f64_numbers_with_fewer_bits)
{
    enum { N = 1000 };
    double wide[N];
    float narrow[N];
    ad_rng_fill_uniform((ad_rng){.seed = 4}, AD_F64, N, wide);
    ad_rng_fill_uniform((ad_rng){.seed = 4}, AD_F32, N, narrow);
    for (int i = 0; i < N; i++) {
        cr_expect_eq(narrow[i], floor(wide[i] * 0x1p24) * 0x1p-24);
    }
    ad_rng_fill_normal((ad_rng){.seed = 4}, AD_F64, N, wide);
    ad_rng_fill_normal((ad_rng){.seed = 4}, AD_F32, N, narrow);
    for (int i = 0; i < N; i++) {
        cr_expect_eq(narrow[i], (float)wide[i]);
    }
}

Test(rng, normals_have_the_moments_and_tails_of_a_normal_distribution)
{
    enum { N = 1 << 20 };
    static double z[N];
    ad_rng_fill_normal((ad_rng){.seed = 11}, AD_F64, N, z);
    double m1 = 0.0, m2 = 0.0, m3 = 0.0, m4 = 0.0, lag = 0.0;
    int over2 = 0, over4 = 0;
    for (int i = 0; i < N; i++) {
        double x = z[i];
        m1 += x / N;
        m2 += x * x / N;
        m3 += x * x * x / N;
        m4 += x * x * x * x / N;
        lag += i > 0 ? x * z[i - 1] / N : 0.0;
        over2 += fabs(x) > 2.0;
        over4 += fabs(x) > 4.0;
    }
    double error = 5.0 / sqrt((double)N);
    cr_expect_float_eq(m1, 0.0, error);
    cr_expect_float_eq(m2, 1.0, error * sqrt(2.0));
    cr_expect_float_eq(m3, 0.0, error * sqrt(15.0));
    cr_expect_float_eq(m4, 3.0, error * sqrt(96.0));
    cr_expect_float_eq(lag, 0.0, error);
    cr_expect_float_eq(over2, 0.0455002638963584 * N, 5.0 * sqrt(0.0455 * N));
    cr_expect_float_eq(over4, 6.334248366623973e-5 * N, 5.0 * sqrt(6.33e-5 * N));
}

Test(rng, normals_are_quantiles_of_their_bits)
{
    enum { N = 20000 };
    static double z[N];
    static uint64_t bits[N];
    const ad_rng at = {.seed = 3};
    ad_rng_fill_normal(at, AD_F64, N, z);
    ad_rng_fill_bits(at, N, bits);
    for (int i = 0; i < N; i++) {
        int negative = bits[i] >> 63 != 0;
        double tail =
            ((double)(INT64_MAX - (int64_t)(negative ? ~bits[i] : bits[i])) + 0.5) * 0x1p-64;
        double expected = 0.5 * erfc(fabs(z[i]) / sqrt(2.0));
        /* an error e of z shows as about z e in the tail */
        cr_assert_float_eq(expected / tail, 1.0, 4e-15 * (1.0 + z[i] * z[i]), "%.17g", z[i]);
        cr_assert_eq(z[i] < 0.0, negative);
    }
}

/* A place whose 64 bits are these: Philox is a bijection of its counter, so it can be undone. */
static ad_rng place_of(uint64_t bits)
{
    for (uint32_t free = 0;; free++) { /* the other half of the block: any, as long as c < 2^63 */
        uint32_t x[4] = {(uint32_t)bits, (uint32_t)(bits >> 32), free, 0};
        for (uint32_t round = 10; round-- > 0;) {
            uint64_t b = (uint64_t)0xCD9E8D57 * (x[1] * 0x6D7CAE67U); /* M1 and 1/M1 mod 2^32 */
            uint64_t a = (uint64_t)0xD2511F53 * (x[3] * 0x991A7CDBU);
            uint32_t x1 = x[0] ^ (uint32_t)(b >> 32) ^ round * 0x9E3779B9;
            uint32_t x3 = x[2] ^ (uint32_t)(a >> 32) ^ round * 0xBB67AE85;
            x[0] = x[3] * 0x991A7CDBU;
            x[2] = x[1] * 0x6D7CAE67U;
            x[1] = x1;
            x[3] = x3;
        }
        if (x[1] >> 31 == 0) {
            uint64_t c = (uint64_t)x[1] << 32 | x[0];
            return (ad_rng){.counter = 2 * c, .stream = (uint64_t)x[3] << 32 | x[2]};
        }
    }
}

/* Quantiles at 1/2 + (s + 1/2) / 2^64 for the signed s; mpmath, 60 digits. */
Test(rng, normals_are_right_from_the_middle_to_the_last_bits_of_the_tails)
{
    static const struct {
        uint64_t bits;
        double normal;
    } rows[] = {
        {UINT64_C(0x0000000000000000), 6.794229552421306e-20},
        {UINT64_C(0x0000000000000001), 2.0382688657263918e-19},
        {UINT64_C(0x0000000100000000), 5.8361987465126683e-10},
        {UINT64_C(0x0123456789abcdef), 0.011140800566449762},
        {UINT64_C(0x4000000000000000), 0.67448975019608174},
        {UINT64_C(0x6ccccccccccccccc), 1.4395314709384559},
        {UINT64_C(0x6cccccccccccd000), 1.4395314709384562},
        {UINT64_C(0x7000000000000000), 1.5341205443525463},
        {UINT64_C(0x7fffffff00000000), 6.2302601380072804},
        {UINT64_C(0x7fffffffffe00000), 7.3316279345945165},
        {UINT64_C(0x7fffffffffff0000), 7.7825915826785975},
        {UINT64_C(0x7fffffffffffffff), 9.1552937726860725},
        {UINT64_C(0x8000000000000000), -9.1552937726860725},
        {UINT64_C(0xffffffffffffffff), -6.794229552421306e-20},
    };
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        ad_rng at = place_of(rows[i].bits), again = at;
        cr_assert_eq(ad_rng_bits(&again), rows[i].bits);
        double z = ad_rng_normal(&at);
        cr_expect_float_eq(z / rows[i].normal, 1.0, 1e-15, "%.17g, not %.17g", z, rows[i].normal);
    }
}

Test(rng, uniforms_fill_the_unit_interval_evenly)
{
    enum { N = 1 << 20, BINS = 64 };
    static double u[N];
    int bin[BINS] = {0};
    ad_rng_fill_uniform((ad_rng){.seed = 12}, AD_F64, N, u);
    for (int i = 0; i < N; i++) {
        cr_assert(u[i] >= 0.0 && u[i] < 1.0);
        bin[(int)(u[i] * BINS)]++;
    }
    double chi2 = 0.0, expected = (double)N / BINS;
    for (int i = 0; i < BINS; i++) {
        chi2 += (bin[i] - expected) * (bin[i] - expected) / expected;
    }
    cr_expect(chi2 > 30.0 && chi2 < 110.0, "chi2 of 63 degrees of freedom: %g", chi2);
}

Test(rng, bernoulli_has_its_probability_in_every_type)
{
    enum { N = 100000 };
    static double f64[N];
    static float f32[N];
    static int64_t i64[N];
    const ad_rng at = {.seed = 5};
    cr_assert_eq(ad_rng_fill_bernoulli(at, 0.3, AD_F64, N, f64), AD_OK);
    cr_assert_eq(ad_rng_fill_bernoulli(at, 0.3, AD_F32, N, f32), AD_OK);
    cr_assert_eq(ad_rng_fill_bernoulli(at, 0.3, AD_I64, N, i64), AD_OK);
    int ones = 0;
    for (int i = 0; i < N; i++) {
        cr_assert(f64[i] == 0.0 || f64[i] == 1.0);
        cr_assert(f64[i] == f32[i] && f64[i] == (double)i64[i]);
        ones += f64[i] == 1.0;
    }
    cr_expect_float_eq(ones, 0.3 * N, 5.0 * sqrt(0.21 * N));
}

Test(rng, bernoulli_is_certain_at_0_and_1)
{
    enum { N = 1000 };
    int64_t zero[N], one[N];
    ad_rng_fill_bernoulli((ad_rng){.seed = 5}, 0.0, AD_I64, N, zero);
    ad_rng_fill_bernoulli((ad_rng){.seed = 5}, 1.0, AD_I64, N, one);
    for (int i = 0; i < N; i++) {
        cr_assert(zero[i] == 0 && one[i] == 1);
    }
}

Test(rng, integers_below_a_bound_are_equally_likely)
{
    enum { N = 300000, BOUND = 6 };
    static int64_t k[N];
    int count[BOUND] = {0};
    cr_assert_eq(ad_rng_fill_below((ad_rng){.seed = 6}, BOUND, N, k), AD_OK);
    for (int i = 0; i < N; i++) {
        cr_assert(k[i] >= 0 && k[i] < BOUND);
        count[k[i]]++;
    }
    for (int i = 0; i < BOUND; i++) {
        cr_expect_float_eq(count[i], (double)N / BOUND, 5.0 * sqrt((double)N / BOUND));
    }
}

/* Without rejection a bound of 3 2^61 would give multiples of 3 twice as often as other numbers. */
Test(rng, integers_below_a_huge_bound_are_not_biased)
{
    enum { N = 90000 };
    static int64_t k[N];
    const int64_t bound = INT64_C(3) << 61;
    int count[3] = {0};
    cr_assert_eq(ad_rng_fill_below((ad_rng){.seed = 8}, bound, N, k), AD_OK);
    for (int i = 0; i < N; i++) {
        cr_assert(k[i] >= 0 && k[i] < bound);
        count[k[i] % 3]++;
    }
    for (int i = 0; i < 3; i++) {
        cr_expect_float_eq(count[i], N / 3.0, 5.0 * sqrt(N / 3.0), "%d", count[i]);
    }
}

Test(rng, a_permutation_holds_every_number_once_and_every_order_is_as_likely)
{
    enum { N = 1000, TRIALS = 24000 };
    int64_t order[N];
    char seen[N] = {0};
    ad_rng_permutation((ad_rng){.seed = 9}, N, order);
    for (int i = 0; i < N; i++) {
        cr_assert(order[i] >= 0 && order[i] < N && !seen[order[i]]);
        seen[order[i]] = 1;
    }
    int count[256] = {0}; /* orders of four numbers, written as a number in base 4 */
    for (uint64_t i = 0; i < TRIALS; i++) {
        ad_rng_permutation((ad_rng){.seed = 9, .stream = i}, 4, order);
        count[order[0] * 64 + order[1] * 16 + order[2] * 4 + order[3]]++;
    }
    int orders = 0;
    for (int i = 0; i < 256; i++) {
        orders += count[i] > 0;
        cr_expect(count[i] == 0 || fabs(count[i] - 1000.0) < 5.0 * sqrt(1000.0), "%d", count[i]);
    }
    cr_expect_eq(orders, 24);
}

Test(rng, empty_fills_write_nothing_and_bad_arguments_are_refused)
{
    const ad_rng at = {.seed = 1};
    double untouched = 42.0;
    int64_t index = 42;
    ad_rng_fill_bits(at, 0, NULL);
    ad_rng_permutation(at, 0, NULL);
    cr_expect_eq(ad_rng_fill_normal(at, AD_F32, 0, NULL), AD_OK);
    cr_expect_eq(ad_rng_fill_uniform(at, AD_I64, 1, &untouched), AD_ERR_TYPE);
    cr_expect_eq(ad_rng_fill_normal(at, AD_I64, 1, &untouched), AD_ERR_TYPE);
    cr_expect_eq(ad_rng_fill_bernoulli(at, 0.5, (ad_type)99, 1, &untouched), AD_ERR_TYPE);
    const double bad[] = {-1e-9, 1.0 + 1e-9, NAN, INFINITY};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        cr_expect_eq(ad_rng_fill_bernoulli(at, bad[i], AD_F64, 1, &untouched), AD_ERR_DOMAIN);
    }
    cr_expect_eq(ad_rng_fill_below(at, 0, 1, &index), AD_ERR_DOMAIN);
    cr_expect_eq(ad_rng_fill_below(at, -3, 1, &index), AD_ERR_DOMAIN);
    cr_expect(untouched == 42.0 && index == 42);
}

Test(rng, a_missing_generator_or_target_is_no_crash)
{
    const ad_rng at = {.seed = 1};
    ad_mt19937 mt;
    int64_t order = 42;
    cr_expect(ad_rng_bits(NULL) == 0 && ad_rng_below(NULL, 9) == 0);
    cr_expect(isnan(ad_rng_uniform(NULL)) && isnan(ad_rng_normal(NULL)));
    cr_expect(ad_mt19937_bits(NULL) == 0 && ad_mt19937_below(NULL, 9) == 0);
    cr_expect(isnan(ad_mt19937_uniform(NULL)) && isnan(ad_mt19937_normal(NULL)));
    cr_expect_eq(ad_rng_fill_uniform(at, AD_F64, 3, NULL), AD_ERR_DOMAIN);
    cr_expect_eq(ad_rng_fill_normal(at, AD_F32, 3, NULL), AD_ERR_DOMAIN);
    cr_expect_eq(ad_rng_fill_bernoulli(at, 0.5, AD_I64, 3, NULL), AD_ERR_DOMAIN);
    cr_expect_eq(ad_rng_fill_below(at, 9, 3, NULL), AD_ERR_DOMAIN);
    ad_rng_fill_bits(at, 3, NULL);
    ad_rng_permutation(at, 3, NULL);
    ad_philox(NULL, NULL, NULL);
    ad_mt19937_init(NULL, 1);
    ad_mt19937_init(&mt, 1);
    ad_mt19937_permutation(&mt, 3, NULL);
    ad_mt19937_permutation(NULL, 1, &order);
    cr_expect_eq(order, 42);
}
