/* SPDX-License-Identifier: MIT */
#ifndef AD_FN_EMIT_EMIT_INTERNAL_H
#define AD_FN_EMIT_EMIT_INTERNAL_H

#include "base/c_source_internal.h"
#include "fn/run/fn_internal.h"

/* A function while it is written as C: what the files emit*.c share.
 *
 * Each step of the plan becomes one function, or several; the body of the whole calls them. A step
 * has its parameters: the places that it reads and writes. */

enum {
    PLACE = 64,         /* characters of a place */
    FEW = 32,           /* inputs, outputs or weights that are parameters each */
    STACK_SLOTS = 4096, /* numbers between scalars that are kept on the stack */
};

typedef struct emission {
    ad_fn *f;
    const ad__program *program;
    const ad__plan *plan;
    const ad_emit_options *options;
    const char *name;
    ad__arena arena;
    ad__emit e;
    ad__chars constants, steps, body, main; /* sections of the text */

    ad__id *views; /* those that are parameters, by their number */
    uint32_t view_count;
    uint32_t *view;          /* by value: its number among them, or AD__NONE */
    uint8_t *stored;         /* by value: a view that is assigned to */
    uint8_t *written;        /* by value: its array of constants is in the text */
    uint32_t *part;          /* by value: the function of scalars that computes it, or AD__NONE */
    uint8_t *stays, *leaves; /* by value: read within that function; elsewhere */
    uint32_t part_count;
    uint8_t *code_written; /* by row: its value is a function */
    ad__id *in_slot;       /* by slot: the result that it holds, or AD__NONE */

    /* a slot's numbers are a constant, or read where a load says, or kept in memory */
    uint32_t *load;   /* by slot: its load, or AD__NONE */
    uint32_t *memory; /* by slot: its place, or AD__NONE */
    uint32_t memory_count;

    struct written *known; /* the functions of steps: a table by their hash */
    size_t known_size;

    size_t low[3], high[3]; /* of the workspace, by type: bytes of tensors */
    size_t scratch[3];      /* elements */
    int fails;              /* a step may end in an error */
    int is_native;          /* places are the cells and slots of a call's frame */
} emission;

/* ---- the name ---- */

/* Whether a function may be called so; whether a text that defines and calls it as often as `uses`
 * leaves the name to it. Errors: AD_ERR_DOMAIN. */
ad_status ad__emit_check_name(const char *name, ad_error *error);
ad_status ad__emit_check_use(const char *text, const char *name, int uses, ad_error *error);

/* Stands before the main of a test. */
#define AD__EMIT_MAIN "/* ---- test ---- */"

/* ---- places ---- */

/* Operations of a run that is one function; of a part of others, which are divided into short ones:
 * compilers take more than proportional time for long ones, and for pointers that are restrict. */
enum { AD__EMIT_WHOLE = 1000, AD__EMIT_PART = 128 };
static inline size_t ad__emit_part(const ad__scalars *s)
{
    return s->count <= AD__EMIT_WHOLE ? AD__EMIT_WHOLE : AD__EMIT_PART;
}

/* Appends step i to `steps` and `body`, as a function step_NUMBER with i + 1. A step that differs
 * from an earlier one in its places alone calls the function of that one. */
int ad__emit_prepare_steps(emission *m); /* 0 without memory */
void ad__emit_step(emission *m, uint32_t i);

/* Finds what the other functions tell. 0 without memory. */
int ad__emit_find_storage(emission *m);

/* The type of a value; of a cell's elements. */
ad_type ad__emit_type(const emission *m, uint32_t cell);

/* Whether a cell is one number that does not change, and which. */
const void *ad__emit_number(const emission *m, uint32_t cell);

/* Whether two cells are the same memory. */
int ad__emit_same(const emission *m, uint32_t a, uint32_t b);

/* The address of a cell's elements, as C in the body. Arrays of constants are written on demand. */
const char *ad__emit_place(emission *m, uint32_t cell, char *text);

/* The number in a slot, as C: where its own function does not compute it. */
void ad__emit_slot(emission *m, uint32_t slot, char *text);

/* The address of input i; of output i; of a view. */
const char *ad__emit_input(const emission *m, size_t i, char *text);
const char *ad__emit_output(const emission *m, size_t i, char *text);
const char *ad__emit_view(emission *m, ad__id id, char *text);

/* The parameters of the whole, as declared or as passed on. */
void ad__put_parameters(emission *m, int declared);

/* Statements for those that the body does not use, so that no compiler warns. */
void ad__put_unused(emission *m);

/* The type of the workspace and the arrays of the body; nothing where none is needed. */
void ad__put_workspace(emission *m);
int ad__emit_has_workspace(const emission *m);

/* ---- steps ---- */

/* Each appends a step's functions to `steps` and its calls to `body`. */
void ad__emit_call(emission *m, uint32_t number, const ad__call_step *c);
void ad__emit_scalars(emission *m, uint32_t number, const ad__scalars *s);
void ad__emit_block(emission *m, uint32_t number, const ad__block *b);
void ad__emit_product(emission *m, uint32_t number, const ad__product *p);
void ad__emit_copy(emission *m, const ad__copy *c);

/* The parameters of a step: distinct places. */
typedef struct parameters {
    uint32_t count;
    uint32_t *cell;
    uint8_t *is_written;
} parameters;
int ad__emit_parameters(emission *m, uint32_t capacity, parameters *out); /* 0 without memory */
uint32_t ad__emit_parameter(emission *m, parameters *p, uint32_t cell, int is_written);
void ad__put_step_head(emission *m, uint32_t number, const parameters *p, const char *more);
void ad__put_step_call(emission *m, uint32_t number, const parameters *p, const char *more);

/* A block as a function block_NUMBER of its own that does elements first .. end - 1: of the type
 * ad__native_block. panel: the operand whose element `first` is given, or AD__NONE; over: the
 * cell where it is, or AD__NONE. */
void ad__emit_native_block(emission *m, uint32_t number, const ad__block *b, uint32_t panel,
                           uint32_t over);

/* Writes main, with the results of a run. Errors: those of ad_fn_run. */
ad_status ad__emit_main(emission *m);

/* "model.c:12", without a star, which might end the comment that it stands in. */
void ad__put_site(ad__emit *e, const char *site);

/* "ad_tanh [2, 3], model.c:12" */
void ad__put_origin(emission *m, ad__id id);

#endif
