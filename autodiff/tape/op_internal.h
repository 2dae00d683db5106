/* SPDX-License-Identifier: MIT */
#ifndef AD_TAPE_OP_INTERNAL_H
#define AD_TAPE_OP_INTERNAL_H

#include "base/arena_internal.h"
#include "kernels/leaves_internal.h"
#include "kernels/loop_internal.h"
#include "shape.h"
#include "var.h"

/* The descriptor of an operation, and the contract of each of its parts.
 *
 * A descriptor is constant and shared by every tape. Elementwise operations get theirs from one row
 * of ops.def; a structured operation writes its own, `ad_<name>__op`, in its family's file. */

/* Type, shape and number of elements; a tape keeps one copy of each that it meets. */
typedef struct ad__spec {
    ad_type type;
    ad_shape shape;
    size_t count;
} ad__spec;

static inline size_t ad__spec_bytes(const ad__spec *spec)
{
    return spec->count * (spec->type == AD_F32 ? sizeof(float) : sizeof(double));
}

/* An argument or a result while an operation runs: dense, row-major. */
typedef struct ad__array {
    const ad__spec *spec;
    void *data;
} ad__array;

typedef struct ad__call {
    int count;              /* of arguments */
    const ad__array *x;     /* the arguments */
    const void *attributes; /* what the builder gave, or NULL */
    ad__spec spec;          /* of the result: set by infer, except count, which the tape fills */
    void *z;                /* the result's elements: filled by eval */
    ad__arena *scratch;     /* storage that is taken back after eval */
    int threads;
    ad_error *error; /* the tape puts the operation's name and the site around its text */
} ad__call;

typedef struct ad__vjp {
    ad_tape *tape;
    const void *attributes;
    int count;
    const ad_var *x;      /* arguments */
    ad_var z, g;          /* result and its cotangent */
    const uint8_t *needs; /* needs[i]: the gradient of argument i is wanted */
    ad_var *dx;           /* out: contributions, literal 0 (none) before the call */
} ad__vjp;

/* An operation that a resized function carries out on arguments of other shapes. Its attributes, a
 * copy, are to be changed where they hold lengths that the program has changed. */
typedef struct ad__resizing {
    int count;                                  /* of arguments */
    const ad__spec *const *before, *const *now; /* of the arguments */
    const ad__spec *result;                     /* before */
    const ad__spec
        *like; /* now: of the variable whose shape was recorded, or NULL; see ad__follow */
    int change_count;
    const int64_t (*changes)[2]; /* lengths of the inputs that change: before and now */
    void *attributes;
    ad_error *error;
} ad__resizing;

typedef struct ad_op ad_op;
typedef struct ad__runner ad__runner;
struct ad__emit;
struct ad__gemm;

/* One entry of the tape, without its value and site. Small, since scalar programs have millions. */
typedef struct ad__node {
    uint32_t
        arg[3];    /* up to three arguments; arg[0] of a structured operation or view: its detail */
    uint16_t code; /* which elementwise row or leaf; 0: a structured operation, see its detail */
    uint16_t spec; /* of the result: the number of an ad__spec */
} ad__node;

/* A value: an f64 scalar itself, or the address of any other value's elements. */
typedef union ad__slot {
    double scalar;
    void *data;
} ad__slot;

/* A case for the automatic tests of a structured operation: shapes and range of its differentiable
 * arguments, and a function that records it on them. */
typedef struct ad__sample {
    int count;
    ad_shape shape[3];
    double lo, hi;
    ad_var (*build)(const ad_var *x);
} ad__sample;

/* What is known of an operation beside its functions. Passes, guards and reports ask for these
 * traits, never for an operation by its name, so that a new one is treated as those that are like
 * it. A trait may imply others: ask with ad__has. */
enum {
    /* computes nothing: each element of the result is one of an argument's, perhaps in another
     * type, or a constant; which one may depend on integers */
    AD__MOVES = 1 << 0,
    /* argument 0, broadcast to the shape of the result */
    AD__SPREADS = 1 << 1 | AD__MOVES,
    /* each element of the result is one of an argument's, chosen by their values */
    AD__PICKS = 1 << 2,
    /* elementwise: has few values, and derivative 0 between its steps */
    AD__STEP = 1 << 3,
    /* 1 where a comparison of the arguments holds, else 0 */
    AD__COMPARES = 1 << 4 | AD__STEP,
    /* elementwise: linear in each argument for itself, so 0 where one of them is */
    AD__LINEAR = 1 << 5,
    /* the product of the chain rule: 0 where argument 0 is, also if argument 1 is not finite */
    AD__CHAIN = 1 << 6 | AD__LINEAR,
    /* elementwise: argument 1 where argument 0 is not 0, else argument 2 */
    AD__SELECTS = 1 << 7,
    /* elementwise: sin or cos of the argument, which a loop computes without a branch as long as no
     * argument is far from 0 */
    AD__TURNS = 1 << 8,
    /* eval reads the shapes of its arguments alone */
    AD__OF_SHAPES = 1 << 9,
    /* eval changes the memory of argument 0, a view, which it does not read */
    AD__WRITES = 1 << 10,
    /* vjp is the user's code, which may use again what it recorded in an earlier call */
    AD__KEEPS = 1 << 11
};

struct ad_op {
    const char *name; /* as users call it */
    int arity;        /* of an elementwise operation; else 0 */
    unsigned traits;  /* AD__MOVES and others */

    /* Sets call->spec.type and .shape from the arguments' specs and the attributes, or fails. */
    ad_status (*infer)(ad__call *call);

    /* 1: the result is argument 0's elements from *first on, as they lie, perhaps under another
     * shape, so they may share memory; NULL: never. */
    int (*alias)(const ad__call *call, size_t *first);

    /* 1: the result is zeros, but argument 0's elements, as they lie, from element *first on; NULL:
     * never. */
    int (*placed)(const ad__call *call, size_t *first);

    /* Makes the attributes fit arguments of other shapes, before infer. NULL: they fit any. */
    ad_status (*resize)(ad__resizing *r);

    /* 1: the result is one product of two matrices, the arguments, which *gemm describes. NULL: it
     * never is. With it, the last two axes are those of matrices, and others broadcast. */
    int (*product)(const ad__call *call, struct ad__gemm *gemm);

    /* Launches the kernels that fill call->z: see launch_internal.h. With it there is no need of
     * eval, scratch and emit, and operations that have those say why in their file. */
    void (*run)(ad__runner *r, const ad__call *call);

    /* Fills call->z. A pure function of arguments and attributes: it may run again, elsewhere, with
     * the same bits. Fails only on values (an index outside its axis) or memory. */
    ad_status (*eval)(const ad__call *call);

    /* Bytes that eval takes of call->scratch, each piece rounded as by ad__rounded: by the specs
     * and attributes alone, so that they can be reserved. NULL: none. */
    size_t (*scratch)(const ad__call *call);

    /* Operations on numbers that eval takes, a transcendental function as one, by the specs and
     * attributes alone. NULL: none. */
    double (*flops)(const ad__call *call);

    /* Records v->dx[i] for each needed argument, at the line of the operation, which is the tape's
     * meanwhile; linear in v->g. Its shape is the argument's, or
     * one that the argument was broadcast to: the reverse transform sums it down. NULL: no
     * gradient. */
    void (*vjp)(ad__vjp *v);

    /* Writes eval as C statements over x0, x1, .. and z, pointers to the elements of the arguments
     * and the result; call has no data. NULL: it cannot be written. */
    void (*emit)(struct ad__emit *e, const ad__call *call);

    const char *text;          /* elementwise: the row's value, as ops.def has it */
    uint16_t code;             /* of a row or a leaf; else AD__STRUCTURED */
    ad__loop *loop[2];         /* elementwise: by AD_F64 and AD_F32 */
    double range[3][2];        /* elementwise: where tests draw each argument */
    const ad__sample *samples; /* structured */
    int sample_count;
};

static inline int ad__has(const ad_op *op, unsigned trait)
{
    return (op->traits & trait) == trait;
}

/* What flops often is: one for each element of the result, of the first argument. */
static inline double ad__one_each(const ad__call *call)
{
    return (double)call->spec.count;
}
static inline double ad__one_in(const ad__call *call)
{
    return (double)call->x[0].spec->count;
}

/* Every operation of ops.def, in its order; ends in NULL. */
extern const ad_op *const ad__catalogue[];

/* The rows and leaves by their numbers, and how many numbers there are. */
extern const ad_op *const ad__by_code[];
extern const size_t ad__code_count;

#endif
