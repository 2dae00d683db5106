/* SPDX-License-Identifier: MIT */
#ifndef AD_FN_STEPS_STEPS_INTERNAL_H
#define AD_FN_STEPS_STEPS_INTERNAL_H

#include "kernels/blas_internal.h"
#include "ops/elementwise_internal.h"
#include "fn/program/program_internal.h"
#include "tape/launch_internal.h"

/* What a call does: a list of steps over cells and slots.
 *
 *   cell    the address of a tensor: in the workspace, a constant, the caller's memory
 *   slot    an f64 scalar: one number in an array of the workspace; a cell may point to it
 *
 * fuse makes the steps from a program, plan gives them cells and slots, run carries them out. All
 * of it is constant while a function runs; what changes is in the frame of a workspace. */

/* ---- the steps ---- */

/* The eval of a structured operation. Here and below, id is the value of the program. */
typedef struct ad__call_step {
    const ad_op *op;
    const void *attributes;
    const char *site;
    ad__id id;
    ad__spec spec;
    int count;
    const ad__spec *const *specs; /* of the arguments */
    const uint32_t *x;            /* cells */
    uint32_t z;
} ad__call_step;

/* A run of f64 scalar rows. */
typedef struct ad__scalars {
    size_t count;
    const ad__scalar_op *ops;
    const ad__id *ids; /* of each result */
} ad__scalars;

/* Elementwise operations over one index space of `count` elements, in tiles that stay in the inner
 * cache. Register r < operand_count is an operand: element i of the space is its element
 * (i / repeat) % period. Register operand_count + j is the result of operation j: a temporary tile,
 * or part of a cell. */
typedef struct ad__operand {
    uint32_t cell;
    uint32_t buffer; /* where it is spread out a tile at a time; AD__NONE: read in place */
    size_t repeat, period;
    size_t from, end; /* element i is its element i - from for from <= i < end, and 0 elsewhere,
                         unless end is 0 */
} ad__operand;
typedef struct ad__block_op {
    ad__loop *loop;
    const ad_op *op;
    ad__id id;
    uint32_t count, x[3]; /* arguments: registers */
    size_t step[3];
} ad__block_op;
/* A block compiled by a C compiler: elements first .. end - 1; of a panel, from `first` on. */
typedef void ad__native_block(void *const *cell, size_t first, size_t end, const void *panel);
typedef struct ad__block {
    ad_type type;
    size_t count, tile;
    uint32_t operand_count, op_count, buffer_count;
    ad__operand *operands;
    ad__block_op *ops;
    uint32_t *buffer, *cell;  /* of each operation's result: a tile, or if not AD__NONE a cell */
    ad__native_block *native; /* or NULL */
} ad__block;

/* A matrix product and, if block is there, elementwise operations over its result, which run on
 * each panel of rows as soon as it is computed. If the result is only an operand of the block, z is
 * AD__NONE, and a panel is all that is kept of it: where one of the block's results will be,
 * `over`, or else in a buffer. */
typedef struct ad__product {
    ad_type type;
    ad__id id;
    ad__gemm gemm;
    int64_t unit, panel; /* rows that can be computed apart; rows at a time */
    uint32_t x, y, z;
    uint32_t operand; /* the register of the result in the block */
    uint32_t over;    /* a cell, or AD__NONE */
    ad__block *block;
} ad__product;

/* Copies elements: outputs and stores that no step can write in place. */
typedef struct ad__copy {
    uint32_t from, to;
    size_t bytes;
} ad__copy;

typedef struct ad__step_kind ad__step_kind;
typedef struct ad__step {
    const ad__step_kind *kind;
    void *plan;  /* one of the above */
    double work; /* elements times operations: from AD__SHARED_FROM on threads share it */
} ad__step;
#define AD__SHARED_FROM 3e4

/* How many parts threads share a step in: no more than there are, each with work that repays it. */
int ad__parts_of(const ad__step *step, int threads);

/* ---- what a function is ---- */

typedef enum ad__cell_home {
    AD__CELL_WORK,   /* at: offset in the workspace */
    AD__CELL_SLOT,   /* at: number of the slot */
    AD__CELL_FIXED,  /* memory: a constant's or a view's */
    AD__CELL_INPUT,  /* at: which */
    AD__CELL_OUTPUT, /* at: which */
} ad__cell_home;
typedef struct ad__cell {
    ad__cell_home home;
    ad__id id; /* the value that it is the place of; of a leaf's memory: the leaf */
    size_t at;
    const void *memory;
    size_t offset; /* in bytes, from there: of a part of it */
} ad__cell;

/* Numbers that go into slots before the steps, or out of them after. */
typedef struct ad__slot_copy {
    uint32_t slot, index; /* of the input or output; the view */
    void *memory;         /* a view's, else NULL */
} ad__slot_copy;

typedef struct ad__plan {
    ad__step *steps;
    ad__cell *cells;
    double *slots; /* what they hold at first: constants */
    ad__slot_copy *loads, *saves;
    uint32_t *callers; /* the cells that each call sets: inputs and outputs */
    uint32_t step_count, cell_count, slot_count, load_count, save_count, caller_count;
    size_t tensor_bytes; /* of cells in the workspace */
    size_t buffer_bytes; /* of tiles and panels, for one thread */
    size_t call_bytes;   /* of scratch that evals take */
} ad__plan;

/* What a call writes. */
typedef struct ad__frame {
    void **cell;
    double *slot;
    unsigned char *buffer; /* tiles of thread t are at buffer + t * buffer_bytes */
    size_t buffer_bytes;
    ad__arena *scratch;
    size_t *scratch_used; /* the most that a call took of it */
    int threads;
    ad_error *error;
} ad__frame;

/* A kind of step. units says into how many independent parts it can be divided; run does parts
 * first to end - 1 in the buffer of one thread. */
struct ad__step_kind {
    const char *name;
    size_t (*units)(const ad__step *s);
    ad_status (*run)(const ad__step *s, const ad__frame *f, size_t first, size_t end,
                     unsigned char *buffer);
    /* Whether it can be run in so many parts side by side; 0: there is no memory. NULL: always. */
    int (*is_ready)(const ad__step *s, int parts);
};
extern const ad__step_kind ad__call_kind, ad__scalars_kind, ad__block_kind, ad__product_kind,
    ad__copy_kind;

/* ---- making them ---- */

/* Values that run together. */
typedef enum ad__group_form {
    AD__GROUP_CALL,
    AD__GROUP_SCALARS,
    AD__GROUP_BLOCK,
    AD__GROUP_PRODUCT /* values[0] is the product */
} ad__group_form;
typedef struct ad__group {
    ad__group_form form;
    ad__id first, last; /* a list through `next` */
    uint32_t count;
} ad__group;

/* How a value lies in its root's memory. */
typedef struct ad__part {
    size_t offset; /* the element of the root's memory where it begins */
    size_t placed; /* the element of it that is the first of its root's, before and after which it
                      is 0; SIZE_MAX: it is all there */
} ad__part;

/* The values of a program in groups, in the order in which they run. */
typedef struct ad__groups {
    ad__group *group;
    uint32_t count;
    uint32_t *order; /* groups as they run */
    uint32_t *of;    /* by value: its group, AD__NONE for leaves and aliases */
    ad__id *next;    /* by value: the next one of its group */
    ad__id *root;    /* by value: the value whose memory it is, itself unless it is a part of it */
    uint32_t *part;  /* by value: how it lies in its root; 0 for most, all of it in its place */
    ad__part *parts;
    uint32_t part_count;
} ad__groups;

static inline const ad__part *ad__part_of(const ad__groups *g, ad__id id)
{
    return &g->parts[g->part[id]];
}

/* Whether a value is an f64 scalar, which is kept in a slot. */
int ad__in_slot(const ad__value *v);

/* Element i of the larger tensor is element (i / repeat) % period of the smaller one that
 * broadcasts to it; 0 if no two numbers say so. */
int ad__spread_of(const ad__spec *small, const ad__spec *large, size_t *repeat, size_t *period);

/* 1: a value is one product of two matrices, which *gemm describes. */
int ad__gemm_of(const ad__program *p, const ad__value *v, ad__gemm *gemm);

/* All of it is taken from the arena. Errors: AD_ERR_MEMORY. */
ad_status ad__fuse(const ad__program *p, ad__arena *arena, ad__groups *out);

/* The plan is taken from the arena, tables that serve only to make it from scratch. */
ad_status ad__plan_of(const ad__program *p, const ad__groups *g, ad__arena *arena,
                      ad__arena *scratch, ad__plan *out);

/* The pass budget: values are computed again where keeping them would take more bytes of tensors
 * than the limit. */
typedef struct ad__budget {
    size_t limit;
    size_t least;      /* if the limit cannot be met: the least found, and p is as before; else 0 */
    size_t operations; /* more than before, in a call */
    double flops;
} ad__budget;
ad_status ad__keep_within(ad__program *p, ad__budget *b);

/* Plans a program within the budget, which may add operations to it. Errors: AD_ERR_DOMAIN if that
 * cannot be met, with what to say in *unfit; AD_ERR_MEMORY. */
ad_status ad__make_plan(ad__program *p, ad__budget *budget, ad__arena *arena, ad__plan *plan,
                        ad_error *unfit);

/* Bytes of scratch that a call takes, where x has the arguments' specs. */
size_t ad__call_scratch(const ad__call_step *c, const ad__array *x);

/* Bytes of buffer that one thread needs. */
size_t ad__block_buffer(const ad__block *b);
size_t ad__product_buffer(const ad__product *p);

/* Elements first to end - 1. Unless panel_operand is AD__NONE, element 0 of that register is
 * panel. */
void ad__run_block_range(const ad__block *b, const ad__frame *f, size_t first, size_t end,
                         unsigned char *buffer, uint32_t panel_operand, const void *panel);

#endif
