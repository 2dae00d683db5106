/* SPDX-License-Identifier: MIT */
#ifndef AD_RNG_H
#define AD_RNG_H

#include "shape.h"

#include <stddef.h>
#include <stdint.h>

/* Random numbers from an explicit state. [everyday]
 *
 * A state says where in which sequence one stands. The number at a place is a function of the
 * place alone, so any part of a sequence can be made by itself, in any order, on any thread:
 *
 *   ad_rng rng = {.seed = 42};
 *   ad_rng_fill_normal(rng, AD_F64, n, noise);            places 0 to n - 1; rng is not changed
 *   rng.counter += n;                                     what a next fill should start from
 *   double u = ad_rng_uniform(&rng);                      one number; moves rng by one place
 *
 * Every number of every kind takes one place of 64 random bits. Sequences of one seed that must
 * not share numbers differ in their stream.
 *
 * Method: block c of a sequence is Philox-4x32-10 of the counter (c, stream) under the key seed;
 * it holds places 2c and 2c + 1.
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11. */
typedef struct ad_rng {
    uint64_t seed, stream, counter;
} ad_rng;

/* NumPy's older generator, numpy.random.RandomState(seed): the same numbers bit for bit, for
 * reproducing published runs. 2.5 kB of state, strictly sequential. [rarely] */
typedef struct ad_mt19937 {
    uint32_t state[624];
    int used;
    int has_normal; /* normals are made in pairs; the second one waits here */
    double normal;
} ad_mt19937;

#ifdef __cplusplus
extern "C" {
#endif

/* Number i of n stands at place at.counter + i.
 *
 *   bits        64 random bits
 *   uniform     [0, 1): the 53 (f64) or 24 (f32) leading bits
 *   normal      the standard normal quantile of all 64 bits, symmetric, from -9.1 to 9.1;
 *               in f32 the f64 number rounded
 *   bernoulli   1 with probability p in [0, 1], to 2^-53, else 0; exact at 0 and 1
 *   below       0 to bound - 1, each exactly as likely; bound > 0
 *
 * Errors: AD_ERR_TYPE if type is neither AD_F64 nor AD_F32 (bernoulli: any type);
 *         AD_ERR_DOMAIN if p or bound is outside its range, or out is NULL. Nothing is written
 *         then. */
AD_API void ad_rng_fill_bits(ad_rng at, size_t n, uint64_t *out);
AD_API ad_status ad_rng_fill_uniform(ad_rng at, ad_type type, size_t n, void *out);
AD_API ad_status ad_rng_fill_normal(ad_rng at, ad_type type, size_t n, void *out);
AD_API ad_status ad_rng_fill_bernoulli(ad_rng at, double p, ad_type type, size_t n, void *out);
AD_API ad_status ad_rng_fill_below(ad_rng at, int64_t bound, size_t n, int64_t *out);

/* A random order of 0 to n - 1, every order equally likely (Fisher and Yates); takes n places. */
AD_API void ad_rng_permutation(ad_rng at, size_t n, int64_t *out);

/* The next number of the sequence; moves *rng by one place. below gives 0 for bound <= 1. Of NULL,
 * here and below, whole numbers are 0, others NaN, and nothing is written. */
AD_API uint64_t ad_rng_bits(ad_rng *rng);
AD_API double ad_rng_uniform(ad_rng *rng);
AD_API double ad_rng_normal(ad_rng *rng);
AD_API int64_t ad_rng_below(ad_rng *rng, int64_t bound);

/* The block function itself: 128 random bits of a counter under a key. [rarely] */
AD_API void ad_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* RandomState(seed), and of it: 32 random bits; random_sample(); randn(); randint(bound), which is
 * 0 for bound <= 1; permutation(n). */
AD_API void ad_mt19937_init(ad_mt19937 *mt, uint32_t seed);
AD_API uint32_t ad_mt19937_bits(ad_mt19937 *mt);
AD_API double ad_mt19937_uniform(ad_mt19937 *mt);
AD_API double ad_mt19937_normal(ad_mt19937 *mt);
AD_API int64_t ad_mt19937_below(ad_mt19937 *mt, int64_t bound);
AD_API void ad_mt19937_permutation(ad_mt19937 *mt, size_t n, int64_t *out);

#ifdef __cplusplus
}
#endif

#endif
