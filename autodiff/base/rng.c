/* SPDX-License-Identifier: MIT */
#include "rng.h"

#include "base/rng_internal.h"

#include <math.h>

/* ---- Philox-4x32-10 */

void ad_philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    if (counter == NULL || key == NULL || out == NULL) {
        return;
    }
    uint32_t x[4] = {counter[0], counter[1], counter[2], counter[3]};
    philox(x, key[0], key[1]);
    for (int i = 0; i < 4; i++) {
        out[i] = x[i];
    }
}

uint64_t ad_rng_bits(ad_rng *rng)
{
    uint64_t pair[2];
    if (rng == NULL) {
        return 0;
    }
    block(rng->counter / 2, rng->stream, rng->seed, pair);
    return pair[rng->counter++ % 2];
}

void ad_rng_fill_bits(ad_rng at, size_t n, uint64_t *out)
{
    size_t i = 0;
    n = out != NULL ? n : 0;
    if (n > 0 && at.counter % 2 == 1) {
        out[i++] = ad_rng_bits(&at);
    }
    for (; i + 1 < n; i += 2, at.counter += 2) {
        block(at.counter / 2, at.stream, at.seed, out + i);
    }
    if (i < n) {
        out[i] = ad_rng_bits(&at);
    }
}

/* High and low half of x y. */
static inline uint64_t multiply(uint64_t x, uint64_t y, uint64_t *low)
{
    uint64_t x0 = (uint32_t)x, x1 = x >> 32, y0 = (uint32_t)y, y1 = y >> 32;
    uint64_t middle = x1 * y0 + (x0 * y0 >> 32);
    uint64_t carry = x0 * y1 + (uint32_t)middle;
    *low = x * y;
    return x1 * y1 + (middle >> 32) + (carry >> 32);
}

/* floor(bits bound / 2^64). The 2^64 mod bound values of bits that would make some results more
 * likely are replaced by bits from a block that no sequence of this seed contains.
 * Source: Lemire 2019, "Fast random integer generation in an interval". */
static inline int64_t whole_below(ad_rng at, uint64_t bits, int64_t bound)
{
    uint64_t n = (uint64_t)bound, low;
    uint64_t result = multiply(bits, n, &low);
    while (low < n && low < (0 - n) % n) {
        uint64_t pair[2];
        block(bits, at.counter, ~at.seed, pair);
        bits = pair[0];
        result = multiply(bits, n, &low);
    }
    return (int64_t)result;
}

double ad_rng_uniform(ad_rng *rng)
{
    return rng != NULL ? uniform(ad_rng_bits(rng)) : NAN;
}

double ad_rng_normal(ad_rng *rng)
{
    return rng != NULL ? normal(ad_rng_bits(rng)) : NAN;
}

int64_t ad_rng_below(ad_rng *rng, int64_t bound)
{
    if (rng == NULL) {
        return 0;
    }
    ad_rng at = *rng;
    uint64_t bits = ad_rng_bits(rng);
    return bound > 1 ? whole_below(at, bits, bound) : 0;
}

/* ---- many at once: bits are made in pieces that stay in L1 */

enum { PIECE = 256 };

typedef struct piece {
    size_t len;
    uint64_t bits[PIECE];
} piece;

/* Fills *p with the bits of places start to at most start + PIECE - 1 of n. */
static void take_piece(piece *p, ad_rng at, size_t start, size_t n)
{
    p->len = n - start < PIECE ? n - start : PIECE;
    at.counter += start;
    ad_rng_fill_bits(at, p->len, p->bits);
}

ad_status ad_rng_fill_uniform(ad_rng at, ad_type type, size_t n, void *out)
{
    if (type != AD_F64 && type != AD_F32) {
        return AD_ERR_TYPE;
    }
    if (n > 0 && out == NULL) {
        return AD_ERR_DOMAIN;
    }
    double *f64 = out;
    float *f32 = out;
    piece p;
    for (size_t start = 0; start < n; start += p.len) {
        take_piece(&p, at, start, n);
        if (type == AD_F64) {
            for (size_t i = 0; i < p.len; i++) {
                f64[start + i] = uniform(p.bits[i]);
            }
        } else {
            for (size_t i = 0; i < p.len; i++) {
                f32[start + i] = uniform_f32(p.bits[i]);
            }
        }
    }
    return AD_OK;
}

ad_status ad_rng_fill_normal(ad_rng at, ad_type type, size_t n, void *out)
{
    if (type != AD_F64 && type != AD_F32) {
        return AD_ERR_TYPE;
    }
    if (n > 0 && out == NULL) {
        return AD_ERR_DOMAIN;
    }
    double *f64 = out;
    float *f32 = out;
    piece p;
    for (size_t start = 0; start < n; start += p.len) {
        take_piece(&p, at, start, n);
        if (type == AD_F64) {
            for (size_t i = 0; i < p.len; i++) {
                f64[start + i] = normal(p.bits[i]);
            }
        } else {
            for (size_t i = 0; i < p.len; i++) {
                f32[start + i] = (float)normal(p.bits[i]);
            }
        }
    }
    return AD_OK;
}

ad_status ad_rng_fill_bernoulli(ad_rng at, double p, ad_type type, size_t n, void *out)
{
    if (ad_type_bytes(type) == 0) {
        return AD_ERR_TYPE;
    }
    if (!(p >= 0.0 && p <= 1.0) || (n > 0 && out == NULL)) {
        return AD_ERR_DOMAIN;
    }
    double *f64 = out;
    float *f32 = out;
    int64_t *i64 = out;
    piece now;
    for (size_t start = 0; start < n; start += now.len) {
        take_piece(&now, at, start, n);
        for (size_t i = 0; i < now.len; i++) {
            int one = uniform(now.bits[i]) < p;
            if (type == AD_F64) {
                f64[start + i] = one;
            } else if (type == AD_F32) {
                f32[start + i] = (float)one;
            } else {
                i64[start + i] = one;
            }
        }
    }
    return AD_OK;
}

ad_status ad_rng_fill_below(ad_rng at, int64_t bound, size_t n, int64_t *out)
{
    if (bound <= 0 || (n > 0 && out == NULL)) {
        return AD_ERR_DOMAIN;
    }
    for (size_t i = 0; i < n; i++) {
        out[i] = ad_rng_below(&at, bound);
    }
    return AD_OK;
}

static void swap(int64_t *a, int64_t *b)
{
    int64_t kept = *a;
    *a = *b;
    *b = kept;
}

void ad_rng_permutation(ad_rng at, size_t n, int64_t *out)
{
    for (size_t i = 0; i < n && out != NULL; i++) {
        size_t j = (size_t)ad_rng_below(&at, (int64_t)i + 1);
        out[i] = (int64_t)i;
        swap(out + i, out + j);
    }
}

/* ---- MT19937 as NumPy's RandomState uses it */

enum { MT_LEN = 624, MT_SHIFT = 397 };

void ad_mt19937_init(ad_mt19937 *mt, uint32_t seed)
{
    if (mt == NULL) {
        return;
    }
    *mt = (ad_mt19937){.used = MT_LEN};
    for (uint32_t i = 0; i < MT_LEN; i++) {
        mt->state[i] = seed;
        seed = 1812433253U * (seed ^ seed >> 30) + i + 1;
    }
}

/* Source: Matsumoto, Nishimura 1998, "Mersenne twister", section 3.1. */
static void twist(ad_mt19937 *mt)
{
    uint32_t *x = mt->state;
    for (int i = 0; i < MT_LEN; i++) {
        uint32_t y = (x[i] & 0x80000000U) | (x[(i + 1) % MT_LEN] & 0x7fffffffU);
        x[i] = x[(i + MT_SHIFT) % MT_LEN] ^ y >> 1 ^ (y % 2 ? 0x9908b0dfU : 0U);
    }
    mt->used = 0;
}

uint32_t ad_mt19937_bits(ad_mt19937 *mt)
{
    if (mt == NULL) {
        return 0;
    }
    if (mt->used == MT_LEN) {
        twist(mt);
    }
    uint32_t y = mt->state[mt->used++];
    y ^= y >> 11;
    y ^= y << 7 & 0x9d2c5680U;
    y ^= y << 15 & 0xefc60000U;
    return y ^ y >> 18;
}

double ad_mt19937_uniform(ad_mt19937 *mt)
{
    if (mt == NULL) {
        return NAN;
    }
    uint32_t high = ad_mt19937_bits(mt) >> 5;
    uint32_t low = ad_mt19937_bits(mt) >> 6;
    return (high * 67108864.0 + low) / 9007199254740992.0;
}

/* The polar method; of each pair the second is given first. */
double ad_mt19937_normal(ad_mt19937 *mt)
{
    if (mt == NULL) {
        return NAN;
    }
    if (mt->has_normal) {
        mt->has_normal = 0;
        return mt->normal;
    }
    double x, y, r2;
    do {
        x = 2.0 * ad_mt19937_uniform(mt) - 1.0;
        y = 2.0 * ad_mt19937_uniform(mt) - 1.0;
        r2 = x * x + y * y;
    } while (r2 >= 1.0 || r2 == 0.0);
    double scale = sqrt(-2.0 * log(r2) / r2);
    mt->normal = scale * x;
    mt->has_normal = 1;
    return scale * y;
}

/* 0 to last, by rejecting numbers of as many bits as last has. */
static uint64_t masked(ad_mt19937 *mt, uint64_t last)
{
    uint64_t mask = last, value;
    for (unsigned shift = 1; shift < 64; shift *= 2) {
        mask |= mask >> shift;
    }
    do {
        value = ad_mt19937_bits(mt);
        if (last > UINT32_MAX) {
            value = value << 32 | ad_mt19937_bits(mt);
        }
        value &= mask;
    } while (value > last);
    return value;
}

int64_t ad_mt19937_below(ad_mt19937 *mt, int64_t bound)
{
    return bound > 1 ? (int64_t)masked(mt, (uint64_t)bound - 1) : 0;
}

void ad_mt19937_permutation(ad_mt19937 *mt, size_t n, int64_t *out)
{
    n = mt != NULL && out != NULL ? n : 0;
    for (size_t i = 0; i < n; i++) {
        out[i] = (int64_t)i;
    }
    for (size_t i = n; i-- > 1;) {
        size_t j = (size_t)masked(mt, i);
        swap(out + i, out + j);
    }
}
