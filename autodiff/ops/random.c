/* SPDX-License-Identifier: MIT */
/* Random numbers as functions of a key. */
#include "../tape_internal.h"

#include "ops.h"
#include "rng.h"

#include <string.h>

/* What the numbers depend on beside the key. p is of bernoulli alone. */
typedef struct recipe {
    int64_t stream;
    double p;
    ad_type type;
    ad_shape shape;
} recipe;

static ad_status check_key(const ad__call *call)
{
    const ad__kind *key = call->x[0].kind;
    char text[160];
    return key->type == AD_I64 && key->shape.rank == 1 && key->count == 2
               ? AD_OK
               : ad_error_set(call->error, key->type == AD_I64 ? AD_ERR_SHAPE : AD_ERR_TYPE,
                              "the key is %s %s; it is i64 [2]: seed and counter",
                              ad_type_name(key->type),
                              ad_shape_print(&key->shape, text, sizeof text));
}

static ad_status random_infer(ad__call *call)
{
    const recipe *r = call->attributes;
    char text[160];
    ad_status status = check_key(call);
    if (status == AD_OK && !ad_shape_is_valid(&r->shape)) {
        status = ad_error_set(call->error, AD_ERR_SHAPE, "shape %s is none",
                              ad_shape_print(&r->shape, text, sizeof text));
    }
    if (status == AD_OK && r->type != AD_F64 && r->type != AD_F32) {
        status = ad_error_set(call->error, AD_ERR_TYPE, "%s numbers; give AD_F64 or AD_F32",
                              ad_type_name(r->type));
    }
    if (status == AD_OK && !(r->p >= 0 && r->p <= 1)) {
        status = ad_error_set(call->error, AD_ERR_DOMAIN, "probability %g; give 0 to 1", r->p);
    }
    call->kind.type = r->type;
    call->kind.shape = r->shape;
    return status;
}

/* The sequence of a key and stream: block `counter` of the generator names it, so that sequences of
 * neighbouring counters have nothing in common. */
static ad_rng sequence_of(const ad__call *call)
{
    const recipe *r = call->attributes;
    uint64_t words[3], out[2];
    memcpy(words, call->x[0].data, 2 * sizeof *words);
    words[2] = (uint64_t)r->stream;
    const uint32_t key[2] = {(uint32_t)words[0], (uint32_t)(words[0] >> 32)};
    const uint32_t place[4] = {(uint32_t)words[1], (uint32_t)(words[1] >> 32), (uint32_t)words[2],
                               (uint32_t)(words[2] >> 32)};
    uint32_t block[4];
    ad_philox(place, key, block);
    out[0] = (uint64_t)block[1] << 32 | block[0];
    out[1] = (uint64_t)block[3] << 32 | block[2];
    return (ad_rng){.seed = out[0], .stream = out[1]};
}

static ad_status uniform_eval(const ad__call *call)
{
    return ad_rng_fill_uniform(sequence_of(call), call->kind.type, call->kind.count, call->z);
}

static ad_status normal_eval(const ad__call *call)
{
    return ad_rng_fill_normal(sequence_of(call), call->kind.type, call->kind.count, call->z);
}

static ad_status bernoulli_eval(const ad__call *call)
{
    double p = ((const recipe *)call->attributes)->p;
    return ad_rng_fill_bernoulli(sequence_of(call), p, call->kind.type, call->kind.count, call->z);
}

const ad_op ad_random_uniform__op = {.name = "ad_random_uniform",
                                     .infer = random_infer,
                                     .eval = uniform_eval,
                                     .flops = ad__one_each};
const ad_op ad_random_normal__op = {
    .name = "ad_random_normal", .infer = random_infer, .eval = normal_eval, .flops = ad__one_each};
const ad_op ad_random_bernoulli__op = {.name = "ad_random_bernoulli",
                                       .infer = random_infer,
                                       .eval = bernoulli_eval,
                                       .flops = ad__one_each};

static ad_var record(const ad_op *op, ad_var key, int64_t stream, double p, ad_shape shape,
                     ad_type type, const char *site)
{
    const recipe r = {.stream = stream, .p = p, .type = type, .shape = shape};
    return ad__record(op, 1, &key, &r, sizeof r, site);
}

ad_var ad_random_uniform_at(ad_var key, int64_t stream, ad_shape shape, ad_type type,
                            const char *site)
{
    return record(&ad_random_uniform__op, key, stream, 0, shape, type, site);
}

ad_var ad_random_normal_at(ad_var key, int64_t stream, ad_shape shape, ad_type type,
                           const char *site)
{
    return record(&ad_random_normal__op, key, stream, 0, shape, type, site);
}

ad_var ad_random_bernoulli_at(ad_var key, int64_t stream, double p, ad_shape shape, ad_type type,
                              const char *site)
{
    return record(&ad_random_bernoulli__op, key, stream, p, shape, type, site);
}

/* ---- the next key ---- */

static ad_status next_infer(ad__call *call)
{
    call->kind = *call->x[0].kind;
    return check_key(call);
}

static ad_status next_eval(const ad__call *call)
{
    uint64_t key[2];
    memcpy(key, call->x[0].data, sizeof key);
    key[1]++;
    memcpy(call->z, key, sizeof key);
    return AD_OK;
}

const ad_op ad_random_next__op = {.name = "ad_random_next", .infer = next_infer, .eval = next_eval};

ad_var ad_random_next_at(ad_var key, const char *site)
{
    return ad__record(&ad_random_next__op, 1, &key, NULL, 0, site);
}
