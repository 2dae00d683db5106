/* SPDX-License-Identifier: MIT */
/* Random numbers as functions of a key. */
#include "base/c_source_internal.h"
#include "base/locale_internal.h"
#include "tape/tape_internal.h"

#include "ops.h"
#include "rng.h"

#include <stdio.h>
#include <string.h>

/* texts: plain */

/* What the numbers depend on beside the key. p is of bernoulli alone. */
typedef struct recipe {
    int64_t stream;
    double p;
    ad_type type;
    ad_shape shape;
} recipe;

static ad_status check_key(const ad__call *call)
{
    const ad__spec *key = call->x[0].spec;
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
    call->spec.type = r->type;
    call->spec.shape = r->shape;
    return status;
}

static ad_status random_resize(ad__resizing *r)
{
    if (r->like != NULL) {
        ((recipe *)r->attributes)->shape = r->like->shape;
    }
    return AD_OK;
}

/* Seed and stream of the sequence of a key and stream: block `counter` of the generator names it,
 * so that sequences of neighbouring counters have nothing in common. */
static void find_sequence(const int64_t *from, int64_t stream, uint64_t *out)
{
    const uint64_t words[3] = {(uint64_t)from[0], (uint64_t)from[1], (uint64_t)stream};
    const uint32_t key[2] = {(uint32_t)words[0], (uint32_t)(words[0] >> 32)};
    const uint32_t place[4] = {(uint32_t)words[1], (uint32_t)(words[1] >> 32), (uint32_t)words[2],
                               (uint32_t)(words[2] >> 32)};
    uint32_t block[4];
    ad_philox(place, key, block);
    out[0] = (uint64_t)block[1] << 32 | block[0];
    out[1] = (uint64_t)block[3] << 32 | block[2];
}

static ad_rng sequence_of(const ad__call *call)
{
    uint64_t seed_and_stream[2];
    find_sequence(call->x[0].data, ((const recipe *)call->attributes)->stream, seed_and_stream);
    return (ad_rng){.seed = seed_and_stream[0], .stream = seed_and_stream[1]};
}

/* Two elements for each block of the generator: number(pair[0]) and number(pair[1]), by a kernel of
 * rng.c, and what follows it. */
static void put_fill(ad__emit *e, const ad__call *call, const char *kernel, const char *after)
{
    const recipe *r = call->attributes;
    const char *type = ad__c_type(call->spec.type);
    ad__put(e, "    uint64_t sequence[2];\n    ");
    ad__put_kernel(e, "find_sequence", AD__NO_TYPE);
    ad__put(e, "(x0, ");
    ad__put_number(e, AD_I64, &r->stream);
    ad__put(e, ", sequence);\n    for (size_t i = 0; i < %zu; i += 2) {\n", call->spec.count);
    ad__put(e, "        uint64_t pair[2];\n        ");
    ad__put_kernel(e, "block", AD__NO_TYPE);
    ad__put(e, "(i / 2, sequence[1], sequence[0], pair);\n");
    ad__put(e, "        for (size_t k = 0; k < 2 && i + k < %zu; k++) {\n", call->spec.count);
    ad__put(e, "            z[i + k] = (%s)(", type);
    ad__put_kernel(e, kernel, AD__NO_TYPE);
    ad__put(e, "(pair[k])%s);\n        }\n    }\n", after);
}

static ad_status uniform_eval(const ad__call *call)
{
    return ad_rng_fill_uniform(sequence_of(call), call->spec.type, call->spec.count, call->z);
}

static void uniform_emit(ad__emit *e, const ad__call *call)
{
    put_fill(e, call, call->spec.type == AD_F64 ? "uniform" : "uniform_f32", "");
}

static ad_status normal_eval(const ad__call *call)
{
    return ad_rng_fill_normal(sequence_of(call), call->spec.type, call->spec.count, call->z);
}

static void normal_emit(ad__emit *e, const ad__call *call)
{
    put_fill(e, call, "normal", "");
}

static ad_status bernoulli_eval(const ad__call *call)
{
    double p = ((const recipe *)call->attributes)->p;
    return ad_rng_fill_bernoulli(sequence_of(call), p, call->spec.type, call->spec.count, call->z);
}

static void bernoulli_emit(ad__emit *e, const ad__call *call)
{
    char below[40];
    (void)ad__print(below, sizeof below, " < %a", ((const recipe *)call->attributes)->p);
    put_fill(e, call, "uniform", below);
}

const ad_op ad_random_uniform__op = {.name = "ad_random_uniform",
                                     .infer = random_infer,
                                     .resize = random_resize,
                                     .eval = uniform_eval,
                                     .emit = uniform_emit,
                                     .flops = ad__one_each};
const ad_op ad_random_normal__op = {.name = "ad_random_normal",
                                    .infer = random_infer,
                                    .resize = random_resize,
                                    .eval = normal_eval,
                                    .emit = normal_emit,
                                    .flops = ad__one_each};
const ad_op ad_random_bernoulli__op = {.name = "ad_random_bernoulli",
                                       .infer = random_infer,
                                       .resize = random_resize,
                                       .eval = bernoulli_eval,
                                       .emit = bernoulli_emit,
                                       .flops = ad__one_each};

static ad_var record(const ad_op *op, ad_var key, int64_t stream, double p, ad_shape shape,
                     ad_type type)
{
    recipe r;
    memset(&r, 0, sizeof r); /* attributes are compared byte by byte */
    r.stream = stream, r.p = p, r.type = type;
    r.shape = ad_shape_of_lens(shape.rank, shape.len);
    return ad__record(op, 1, &key, &r, sizeof r);
}

ad_var(ad_random_uniform)(ad_var key, int64_t stream, ad_shape shape, ad_type type)
{
    return record(&ad_random_uniform__op, key, stream, 0, shape, type);
}

ad_var(ad_random_normal)(ad_var key, int64_t stream, ad_shape shape, ad_type type)
{
    return record(&ad_random_normal__op, key, stream, 0, shape, type);
}

ad_var(ad_random_bernoulli)(ad_var key, int64_t stream, double p, ad_shape shape, ad_type type)
{
    return record(&ad_random_bernoulli__op, key, stream, p, shape, type);
}

/* ---- the next key ---- */

static ad_status next_infer(ad__call *call)
{
    call->spec = *call->x[0].spec;
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

static void next_emit(ad__emit *e, const ad__call *call)
{
    (void)call;
    ad__put(e, "    z[0] = x0[0];\n    z[1] = (int64_t)((uint64_t)x0[1] + 1);\n");
}

const ad_op ad_random_next__op = {
    .name = "ad_random_next", .infer = next_infer, .eval = next_eval, .emit = next_emit};

ad_var(ad_random_next)(ad_var key)
{
    return ad__record(&ad_random_next__op, 1, &key, NULL, 0);
}
