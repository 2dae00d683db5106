/* SPDX-License-Identifier: MIT */
#ifndef AD_FN_H
#define AD_FN_H

#include "tape.h"

#include <stdio.h>

/* The compiled function: record once, run many times. [everyday]
 *
 *   ad_fn *f = ad_fn_new(tape, AD_LIST(x, w), AD_LIST(y, dy));
 *   ad_tape_free(tape);                                the function does not need it any more
 *   for (..) {
 *       ad_fn_run(f, (const void *[]){xs, ws}, (void *[]){&value, slope});
 *   }
 *   ad_fn_free(f);
 *
 * It computes what the recording computed, bit for bit, from other inputs: without a tape, without
 * allocating, close to the machine's speed. Gradients are ordinary outputs, so a function with its
 * gradient, or a whole step of training, is one function. ad_compile in compile.h makes one from a
 * C function and shapes alone.
 *
 * What it reads and writes:
 *   inputs              each variable in `in`, a leaf of the tape (ad_input, ad_input_array or
 *                       ad_input_view), takes its elements from the call
 *   other leaves        an ad_input or ad_constant keeps the numbers it was recorded with; an
 *                       ad_input_view reads the caller's memory in every call
 *   ad_assign           every assignment on the tape is part of the function, unless the options
 *                       leave them out: at the end of a call the views have their new content
 *
 * C's own branches are not on the tape: the function computes the branch that was recorded. Whether
 * that is the right one for other inputs, ad_fn_guard tells.
 *
 * A function that could not be made is NULL. Calls of NULL give AD_ERR_DOMAIN, 0 or NULL. */

typedef struct ad_fn ad_fn;

/* What a call writes while it runs: as many threads as have one may run one function. */
typedef struct ad_workspace ad_workspace;

/* All may be left out. */
typedef struct ad_fn_options {
    ad_error *error; /* receives why there is no function, as the tape does; AD_OK where there is */
    int gradient;    /* 1: after the outputs, the derivative of output 0, one number, by each input
                      but integers */
    int no_assign;   /* 1: leave out the assignments: a function without effects */
    int threads;     /* of a call at most, the caller's among them; 0: one. See "threads" below */
    int guard;       /* 1: ad_fn_guard tells of branches that C would take otherwise */
    int resizable;   /* 1: keep what ad_fn_resized needs */
    size_t memory;   /* bytes that tensors may take in a call, 0: any number; see "memory" below */
    const char *native; /* a C compiler, such as "cc", that makes machine code of it: see below */
    const ad_allocator *allocator;                        /* is copied; default: the C library's */
    const char *const *input_names, *const *output_names; /* one each, some NULL; are copied */
    FILE *dump; /* prints the program, a value a line, after each pass of the compiler */
    const char
        *dump_after; /* .. after this one alone: "capture" (before all), "simplify", "cse", .. */
} ad_fn_options;

/* How a function is written as C. All may be left out. */
typedef struct ad_emit_options {
    int pass_weights; /* 1: views are parameters; 0: those that are only read are constants */
    int cblas;        /* 1: matrix products call cblas_dgemm and cblas_sgemm */
    const void *const *test; /* inputs as of ad_fn_run: adds a main that compares results */
} ad_emit_options;

#ifdef __cplusplus
extern "C" {
#endif

/* Compiles what the outputs are made of; NULL on failure, with the error on the tape. Outputs may
 * be any variables of the tape, inputs included. options may be NULL.
 *
 * Errors: the tape's own; AD_ERR_STATE if an input is no leaf of the tape, or is named twice, or is
 *         a view and an output needs another view of its memory, or an assigned view overlaps
 *         another; AD_ERR_STALE, AD_ERR_FOREIGN for handles that are not on it; AD_ERR_DOMAIN if a
 *         count is negative, some are NULL, or options.memory is too little, with the least that
 *         was found; those of ad_grad, with options.gradient; AD_ERR_MEMORY.
 * Owns: the caller, until ad_fn_free (NULL is fine). Views' memory must outlive the function. */
AD_API ad_fn *ad_fn_new(ad_tape *tape, int in_count, const ad_var *in, int out_count,
                        const ad_var *out);
AD_API ad_fn *ad_fn_new_with(ad_tape *tape, int in_count, const ad_var *in, int out_count,
                             const ad_var *out, const ad_fn_options *options);
AD_API void ad_fn_free(ad_fn *f);

/* What it takes and gives: how many inputs and outputs, and each one's name, or NULL, type and
 * shape, whose elements are ad_shape_count(&spec.shape). Where there is none, the rank is -1.
 * Names belong to the function. */
AD_API int ad_fn_input_count(const ad_fn *f);
AD_API int ad_fn_output_count(const ad_fn *f);
AD_API ad_spec ad_fn_input(const ad_fn *f, int i);
AD_API ad_spec ad_fn_output(const ad_fn *f, int i);

/* One call: inputs[i] points to the elements of input i, outputs[j] to room for those of output j,
 * each dense and row-major, of its variable's type and shape; without inputs or outputs the array
 * may be NULL. Neither outputs nor assigned views overlap anything else that the call reads or
 * writes. One call at a time: for several threads see ad_fn_run_in. Nothing tells how long the
 * arrays are: ad_fn_call in fn_call.h takes their types and lengths too, and refuses what does not
 * fit.
 *
 * Errors: those that depend on values, such as AD_ERR_INDEX; AD_ERR_DOMAIN if an array, or the
 * address of one that has elements, is NULL; the text is ad_fn_message's. Views may then have been
 * assigned in part. */
AD_API ad_status ad_fn_run(ad_fn *f, const void *const *inputs, void *const *outputs);

/* The same for a function of f64 alone: the elements of all inputs one after the other, and those
 * of all outputs. Errors: also AD_ERR_TYPE if an input or output is not f64. */
AD_API ad_status ad_fn_eval(ad_fn *f, const double *inputs, double *outputs);

/* The text of the last call's error, "" if it had none; ad_fn_emit_c is a call too. Owns: the
 * function. */
AD_API const char *ad_fn_message(const ad_fn *f);

/* Whether a new recording is the program that f was made from: the same operations on the same
 * shapes, constants and views. If it is not (C took another branch, a number that is no input has
 * changed), f would not compute it. Inputs and outputs as given to ad_fn_new; 0 also on an error,
 * which the tape keeps. Costs about as much as recording. */
AD_API int ad_fn_matches(const ad_fn *f, ad_tape *tape, int in_count, const ad_var *in,
                         int out_count, const ad_var *out);

/* ---- as machine code [everyday] ---- */

/* With the option native, a C compiler (its name or path, as gcc's or clang's) is run once, while
 * the function is made: elementwise operations of tensors become one loop, and small operations one
 * after the other a single piece of code, without anything between them. Large products, blocks of
 * libm's functions and what can end in an error stay the library's.
 *
 * Scalars gain most, to a quarter of the time, and small tensors; where time goes to products and
 * to long loops there is little to gain, up to a tenth. A compiler takes a tenth of a second and,
 * for long programs, about 0.1 ms a scalar operation or 1 ms a step of tensors; it is stopped after
 * 10 minutes. Beyond 250,000 scalar operations machine code is no faster, and is not made. The bits
 * stay those of the recording. The compiler works in a folder of its own in $TMPDIR, or /tmp.
 *
 * 1 if all that gains is machine code. Where that is not so, since the compiler cannot be run,
 * fails or is given too much, or nothing gains, what is missing works as without the option, this
 * returns 0, and ad_fn_message has the reason until the first call. */
AD_API int ad_fn_is_native(const ad_fn *f);

/* ---- as C [everyday] ---- */

/* Writes the function as C99 that needs libm alone: no memory is allocated and nothing lasts
 * between two calls. What it is, and what it takes, is said at its head:
 *
 *   void model(const double in0[784], double out0[10], model_workspace *w);
 *
 * Inputs, outputs and views are parameters in this order, each group as one array if it has more
 * than 32 members. Views that are assigned to are always parameters, other views if the options say
 * so; else the numbers that they hold now are part of the text. A function that indexes by its
 * inputs returns 0, or the number of the step that met an index outside its axis. w is the
 * caller's, of any content, and left out where nothing is kept in it. There is no header: copy
 * typedef and prototype, or include the file.
 *
 * The main of options.test calls the function at these inputs, with the views as they are now, and
 * prints how far each result is from that of ad_fn_run. Its exit status is 1 if that is more than
 * 1e-9 of the largest element (f32: 1e-4), else 0.
 *
 * The emitted function has the bits of ad_fn_run if it is compiled without contraction
 * (-ffp-contract=off, or gcc's -std=c99) and libm is the same; where BLIS computes a product its
 * sums have another order, which is said at the head. name is a C identifier that neither C nor the
 * text has another use for; options may be NULL.
 *
 * Errors: AD_ERR_DOMAIN for other names, or if the text cannot keep to options.memory;
 *         AD_ERR_UNSUPPORTED if the function holds an ad_custom or a guard, or a matrix product is
 *         too large for C; those of ad_fn_run at options.test; AD_ERR_IO; AD_ERR_MEMORY. The text
 *         is ad_fn_message's. */
AD_API ad_status ad_fn_emit_c(ad_fn *f, const char *path, const char *name);
AD_API ad_status ad_fn_emit_c_with(ad_fn *f, const char *path, const char *name,
                                   const ad_emit_options *options);

/* ---- branches of C [everyday] ---- */

/* Something that C was told while recording, and would be told otherwise now. */
typedef struct ad_fn_branch {
    const char *name, *site; /* the operation, and where it was recorded, or NULL */
    size_t element;          /* of a tensor, the first that differs */
    double recorded, now;
} ad_fn_branch;

/* After a call of a function with the option guard: how many of the values that C may have branched
 * on, for the inputs of that call, are not what they were while recording, and the first `capacity`
 * of them. 0: C would have recorded this very program. ad_branch in tape.h says which values these
 * are; they are computed whether the outputs need them or not.
 *
 *   ad_fn_run(f, inputs, outputs);
 *   if (ad_fn_guard(f, 0, NULL) > 0) {
 *       the outputs are those of the other branch: record and compile again
 *   }
 *
 * 0 too without the option, before the first call, and after one that failed. */
AD_API size_t ad_fn_guard(const ad_fn *f, size_t capacity, ad_fn_branch *out);

/* How many values that is of: 0 if C cannot have branched, or without the option. */
AD_API size_t ad_fn_guard_count(const ad_fn *f);

/* ---- other shapes [everyday] ---- */

/* The same function for inputs of other shapes, one each: as many axes as before, with other
 * lengths where they were above 1, such as the rows of a last, smaller batch. f was made with
 * .resizable = 1; its other options stay, but for the guard. No tape is needed. The bits are those
 * of a recording at these shapes.
 *
 * Shapes that the library took from a variable follow it: those of gradients and means, of
 * ad_reshape, of ad_size, of what ad_shaped_like was told. Numbers and shapes that C computed from
 * a length are constants, as the elements of other leaves are. ad_fn_matches tells whether a
 * recording at these shapes is the program that was made.
 *
 * Errors: AD_ERR_STATE if f is NULL, was not made to be resized, or was made by this call;
 *         AD_ERR_SHAPE if an operation, named with its line, does not fit its arguments any more or
 *         cannot tell which length follows; AD_ERR_DOMAIN if options.memory is too little; what the
 *         shape function of an ad_custom says; AD_ERR_MEMORY.
 * Owns: the caller, until ad_fn_free; f may be freed before. error may be NULL. */
AD_API ad_fn *ad_fn_resized(const ad_fn *f, const ad_shape *shapes, ad_error *error);

/* ---- threads [extending] ---- */

/* With the option threads, a call divides the large ones of its steps. Threads are started by the
 * first call that has parts for them, never more than there are parts that repay a thread, and wait
 * until the function or workspace is freed. The bits do not depend on their number. In a process
 * that was forked since, calls do without them, and freeing works as usual.
 *
 * For calls from threads of the caller's own there are workspaces, one for each such thread. */

/* Room for one call at a time; NULL without memory. allocator may be NULL.
 * Owns: the caller, until ad_workspace_free (NULL is fine); f must outlive it. */
AD_API ad_workspace *ad_workspace_new(const ad_fn *f, const ad_allocator *allocator);
AD_API void ad_workspace_free(ad_workspace *w);
AD_API ad_status ad_fn_run_in(const ad_fn *f, ad_workspace *w, const void *const *inputs,
                              void *const *outputs);
AD_API ad_status ad_fn_eval_in(const ad_fn *f, ad_workspace *w, const double *inputs,
                               double *outputs);
AD_API const char *ad_workspace_message(const ad_workspace *w);
AD_API size_t ad_fn_guard_in(const ad_fn *f, const ad_workspace *w, size_t capacity,
                             ad_fn_branch *out);

/* ---- memory [rarely] ---- */

/* options.memory limits the bytes of tensors that a call holds at one time, which is most of a
 * workspace: what the gradient will read, and all else that lives from one step to a later one.
 * Inputs, outputs, views and constants are not counted, nor are scalars, what a step needs while it
 * runs and what each thread has for itself: ad_fn_memory_of in fn_show.h tells all of them.
 *
 * What does not fit is computed a second time, from what is kept, as often as it takes: elementwise
 * operations first; then stages of the program, from checkpoints in binomial order, which reverse a
 * chain of l layers with c checkpoints at the least number of steps. The bits are those without a
 * limit, whatever it is. ad_fn_memory_of tells the operations and flops that a call has more for
 * it, before the first call; the emitted C has them too.
 *
 * There is one turning point: where the program holds most. A second derivative, whose program
 * turns more than once, saves less than a gradient. */

/* Bytes of a workspace, known before the first call: all that the function asks the allocator for
 * to make one, and all that a call uses. Only BLIS, which large products go to, has buffers of its
 * own beside it, a few megabytes for the process. */
AD_API size_t ad_fn_workspace_bytes(const ad_fn *f);

#ifdef __cplusplus
}
#endif

#endif
