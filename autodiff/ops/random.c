/* SPDX-License-Identifier: MIT */
/* Random numbers as functions of a key. */
#ifdef real /* texts: real */

/* n: elements, the low and the high half of the stream, as of the two that follow. Argument: key */
static inline int TYPED(random_uniform)(const ad__args *a)
{
    uint64_t sequence[2], bits[RANDOM_PIECE];
    real *z = a->z;
    find_sequence(a, sequence);
    for (size_t at = 0, len; at < a->n[0]; at += len) {
        len = random_bits(sequence, at, a->n[0] - at, bits);
        for (size_t i = 0; i < len; i++) {
            z[at + i] = sizeof(real) == 4 ? (real)uniform_f32(bits[i]) : (real)uniform(bits[i]);
        }
    }
    return 0;
}

static inline int TYPED(random_normal)(const ad__args *a)
{
    uint64_t sequence[2], bits[RANDOM_PIECE];
    real *z = a->z;
    find_sequence(a, sequence);
    for (size_t at = 0, len; at < a->n[0]; at += len) {
        len = random_bits(sequence, at, a->n[0] - at, bits);
        for (size_t i = 0; i < len; i++) {
            z[at + i] = (real)normal(bits[i]);
        }
    }
    return 0;
}

/* number: the probability of 1 */
static inline int TYPED(random_bernoulli)(const ad__args *a)
{
    uint64_t sequence[2], bits[RANDOM_PIECE];
    real *z = a->z;
    find_sequence(a, sequence);
    for (size_t at = 0, len; at < a->n[0]; at += len) {
        len = random_bits(sequence, at, a->n[0] - at, bits);
        for (size_t i = 0; i < len; i++) {
            z[at + i] = (real)(uniform(bits[i]) < a->number);
        }
    }
    return 0;
}

/* The key with the counter after its own. n: its elements */
static inline int TYPED(random_next)(const ad__args *a)
{
    const real_total *x = a->x[0];
    real_total *z = a->z;
    for (size_t i = 0; i < a->n[0]; i++) {
        z[i] = x[i] + (real_total)i;
    }
    return 0;
}

#else /* texts: end */
#include "base/rng_internal.h"
#include "tape/launch_internal.h"
#include "tape/tape_internal.h"

#include "ops.h"

#include <string.h>

/* texts: plain */

/* Seed and stream of the sequence of a key and stream: block `counter` of the generator names it,
 * so that sequences of neighbouring counters have nothing in common. */
static inline void find_sequence(const ad__args *a, uint64_t *out)
{
    const int64_t *key = a->x[0];
    block((uint64_t)key[1], a->n[1] | (uint64_t)a->n[2] << 32, (uint64_t)key[0], out);
}

/* The bits of places `at`, which is even, to at + most - 1 of a sequence, or as many as stay in L1:
 * the result says how many. */
enum { RANDOM_PIECE = 256 };
static inline size_t random_bits(const uint64_t *sequence, size_t at, size_t most, uint64_t *bits)
{
    const size_t len = most < RANDOM_PIECE ? most : RANDOM_PIECE;
    for (size_t i = 0; i < len; i += 2) {
        block((at + i) / 2, sequence[1], sequence[0], bits + i);
    }
    return len;
}

/* texts: end */

#define AD__KERNELS "ops/random.c"
#include "kernels/every_type_internal.h"

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

static void launch(ad__runner *r, const ad__call *call, ad__launch l)
{
    const recipe *own = call->attributes;
    const uint64_t stream = (uint64_t)own->stream;
    const size_t n[] = {call->spec.count, (uint32_t)stream, (uint32_t)(stream >> 32)};
    l.n = n;
    l.count = sizeof n / sizeof *n;
    l.number = own->p;
    l.x[0] = ad__argument(r, 0);
    l.z = ad__result(r);
    ad__launch_kernel(r, &l);
}

static void uniform_run(ad__runner *r, const ad__call *call)
{
    launch(r, call, (ad__launch){AD__KERNEL(random_uniform, call->spec.type)});
}

static void normal_run(ad__runner *r, const ad__call *call)
{
    launch(r, call, (ad__launch){AD__KERNEL(random_normal, call->spec.type)});
}

static void bernoulli_run(ad__runner *r, const ad__call *call)
{
    launch(r, call, (ad__launch){AD__KERNEL(random_bernoulli, call->spec.type)});
}

const ad_op ad_random_uniform__op = {.name = "ad_random_uniform",
                                     .infer = random_infer,
                                     .resize = random_resize,
                                     .run = uniform_run,
                                     .flops = ad__one_each};
const ad_op ad_random_normal__op = {.name = "ad_random_normal",
                                    .infer = random_infer,
                                    .resize = random_resize,
                                    .run = normal_run,
                                    .flops = ad__one_each};
const ad_op ad_random_bernoulli__op = {.name = "ad_random_bernoulli",
                                       .infer = random_infer,
                                       .resize = random_resize,
                                       .run = bernoulli_run,
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

static void next_run(ad__runner *r, const ad__call *call)
{
    ad__launch_kernel(r,
                      &(ad__launch){AD__KERNEL(random_next, AD_I64), AD__NUMBERS(call->spec.count),
                                    .x = {ad__argument(r, 0)}, .z = ad__result(r)});
}

const ad_op ad_random_next__op = {.name = "ad_random_next", .infer = next_infer, .run = next_run};

ad_var(ad_random_next)(ad_var key)
{
    return ad__record(&ad_random_next__op, 1, &key, NULL, 0);
}

#endif
