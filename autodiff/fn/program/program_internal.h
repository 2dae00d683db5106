/* SPDX-License-Identifier: MIT */
#ifndef AD_FN_PROGRAM_PROGRAM_INTERNAL_H
#define AD_FN_PROGRAM_PROGRAM_INTERNAL_H

#include "tape/tape_internal.h"

#include <stdio.h>

/* A recording as a program of values, each assigned once: what the passes of the compiled function
 * work on (fn/passes/passes_internal.h has their table).
 *
 *   capture      tape -> program
 *   resize       program -> program for inputs of other shapes
 *   print        program -> text
 *
 * Views are values too: the leaf is the caller's memory as it was when the call began. What was
 * recorded after an ad_assign refers to the assigned value, and what a view has in the end is a
 * store: so a program has no order but that of its arguments. */

typedef uint32_t ad__id; /* of a value */
#define AD__NONE UINT32_MAX

typedef struct ad__value {
    const ad_op *op;        /* a leaf's is ad__by_code[AD__INPUT], [AD__VIEW] or [AD__CONSTANT] */
    const ad__spec *spec;   /* the program's own copy: the same spec is the same pointer */
    const void *attributes; /* a constant's and a view's: its elements */
    const char *site;
    uint32_t attribute_bytes;
    uint32_t first, count;   /* its arguments are program->args[first ..] */
    uint32_t is_derived : 1; /* recorded by ad_grad, ad_vjp, .. */
    uint32_t like : 31; /* 1 + the value whose shape the attributes hold, or 0; see ad__follow */
} ad__value;

/* At the end of a call the view has the value's elements. */
typedef struct ad__store {
    ad__id view, value;
    const ad_op *op; /* that writes */
} ad__store;

/* What C was told by a recording: one of the last outputs. */
typedef struct ad__guard {
    const char *name, *site; /* of the operation */
    const ad__spec *spec;
    const void *recorded;
    size_t at;     /* where it is in a workspace's memory for guards */
    int is_branch; /* all that counts is whether it is 0 */
} ad__guard;

typedef struct ad__specs ad__specs;

typedef struct ad__program {
    ad_allocator allocator;
    ad__specs *specs;
    ad__arena keep;    /* specs, attributes, elements of constants, texts of sites */
    ad__arena scratch; /* tables of passes: each leaves it as it was, so the next has its memory */
    ad__value *values;
    uint32_t count, capacity;
    ad__id *args;
    uint32_t arg_count, arg_capacity;
    ad__id *inputs; /* leaves; dce keeps them */
    ad__id *outputs;
    ad__store *stores;
    ad__guard *guards; /* of the last outputs, which are not the caller's */
    uint32_t input_count, output_count, store_count, guard_count;
} ad__program;

void ad__program_init(ad__program *p, const ad_allocator *allocator);
void ad__program_clear(ad__program *p);

/* A program of its own, without the guards, that shares what passes do not change with `from`,
 * which must outlive it. Errors: AD_ERR_MEMORY. */
ad_status ad__program_copy(const ad__program *from, ad__program *to);

/* The operation of a row, or a leaf: AD__STRUCTURED for all others. */
static inline uint16_t ad__code_of(const ad__value *v)
{
    return v->op->code;
}
static inline int ad__is_leaf(const ad__value *v)
{
    return ad__is_leaf_code(ad__code_of(v));
}
static inline int ad__is_elementwise(const ad__value *v)
{
    return v->op->arity > 0;
}
static inline int ad__is_constant(const ad__value *v)
{
    return ad__code_of(v) == AD__CONSTANT;
}
static inline const ad__id *ad__arguments(const ad__program *p, const ad__value *v)
{
    return p->args + v->first;
}
static inline size_t ad__value_bytes(const ad__value *v)
{
    return ad__spec_bytes(v->spec);
}

/* What a constant is, or an operation's attributes. */
static inline size_t ad__content_bytes(const ad__value *v)
{
    return ad__is_constant(v) ? ad__value_bytes(v) : v->attribute_bytes;
}

/* 1: a value is its first argument's elements from *first on, as they lie there. */
int ad__is_alias(const ad__program *p, const ad__value *v, size_t *first);

/* 1: it is all of them, under the same shape or another. */
int ad__is_whole_alias(const ad__program *p, const ad__value *v);

/* A value a line: its number, operation, arguments, type, shape and site. */
void ad__program_print(const ad__program *p, FILE *out);

/* What one evaluation counts as; x is room for its arguments. */
double ad__value_flops(const ad__program *p, const ad__value *v, ad__array *x);

/* Makes room for so many values and arguments, of which adding then asks for none; 0 without
 * memory. */
int ad__program_reserve(ad__program *p, uint64_t values, uint64_t args);

/* Appends a value; its arguments are copied, attributes are not. 0 (of any id) without memory. */
int ad__program_add(ad__program *p, ad__value value, const ad__id *args, ad__id *id);

/* The program's copy of a spec; NULL without memory. */
const ad__spec *ad__program_spec(ad__program *p, const ad__spec *spec);

/* By value: 1 for a view that is assigned to, else 0; NULL without memory. */
uint8_t *ad__stored_views(const ad__program *p, ad__arena *arena);

/* Turns a value into a constant with these elements, which are in `keep` or outlive the program. */
void ad__make_constant(ad__program *p, ad__id id, const void *elements);

/* ---- how a program comes about ---- */

/* Takes over a recording. in and out are nodes of the tape. Errors: as ad_fn_new. */
typedef struct ad__capture {
    ad_tape *tape;
    int in_count, out_count;
    const ad_var *in, *out;
    int no_assign, guard;
    int resizable; /* take `like` over too, and what it names, needed or not */
} ad__capture;
ad_status ad__capture_program(const ad__capture *from, ad__program *p);

/* An assigned view shares no byte with another one. Errors: AD_ERR_STATE, AD_ERR_MEMORY, also on
 * the tape, in whose scratch it works. */
ad_status ad__check_views(ad_tape *tape, const ad__program *p, uint32_t count, const ad__id *views);

/* An input that is a view shares no byte with another view among the nodes that are needed, but
 * where the two are one variable. Errors: as ad__check_views. */
ad_status ad__check_inputs(const ad__capture *from, const uint8_t *needed);

/* The program for inputs of these shapes, or, if shapes is NULL, once more. to is initialised, and
 * to be cleared in any case. Errors: as ad_fn_resized. */
ad_status ad__program_resized(const ad__program *from, const ad_shape *shapes, ad__program *to,
                              ad_error *error);

/* A number for the whole program as it was captured: operations, arguments, shapes, attributes, the
 * elements of constants and the addresses of views. */
uint64_t ad__fingerprint(const ad__program *p);

/* Sets guards[node] where C was told something by a recording that may be otherwise in a call:
 * AD__READ if it has read a value that is one of few, AD__BRANCH if it has branched. Counts
 * them. */
uint32_t ad__find_guards(const ad_tape *tape, uint8_t *guards);

/* For passes that replace values: to[id] is the value to use instead of id, itself at first; in
 * p->scratch, NULL without memory. It is applied to the arguments of a value, in the end to outputs
 * and stores. */
ad__id *ad__replacements(ad__program *p);
void ad__replace_arguments(ad__program *p, ad__id id, const ad__id *to);
void ad__replace_roots(ad__program *p, const ad__id *to);

#endif
