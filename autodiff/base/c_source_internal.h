/* SPDX-License-Identifier: MIT */
#ifndef AD_BASE_C_SOURCE_INTERNAL_H
#define AD_BASE_C_SOURCE_INTERNAL_H

#include "base/arena_internal.h"
#include "shape.h"

#include <ctype.h>

/* C source while it is written: what operations need to write themselves as C.
 *
 * Much of it is the library's own text. Numeric functions and kernels stand in headers that are
 * written over a number type `real`; the build keeps their text, definition by definition, in
 * ad__texts. An emitted program gets those that it uses, for the types that it uses them with, and
 * so computes what the library does. In them, and in the values of elementwise rows:
 *
 *   real, REAL(c)                double or float or int64_t, a constant of it
 *   exp(..), fma(..), ...        in float expf(..), fmaf(..), ...
 *   a definition's name          the name with _f64, _f32 or _i64, unless it has one type only */

/* Text that grows. */
typedef struct ad__chars {
    char *text; /* ends in 0; NULL: empty */
    size_t len, capacity;
} ad__chars;

/* Definitions that stand together. */
typedef struct ad__text {
    const char *names; /* " name name " */
    const char *text;
    uint8_t types; /* bit i: ad_type i; 0: no number type */
    uint8_t is_function;
} ad__text;
extern const ad__text ad__texts[];
extern const size_t ad__text_count;

enum { AD__NO_TYPE = 3 }; /* beside the numbers of ad_type */

typedef struct ad__emit {
    ad_allocator allocator;
    ad__chars *out;   /* where the next text goes */
    ad__chars *texts; /* by 4 i + type: text i as it is emitted; empty: not used */
    uint32_t *order;  /* those that are used, each after what it uses itself */
    uint32_t order_count;
    struct ad__name *names;
    size_t name_count;
    int vectors;               /* of the CPU, as ad__cpu_vectors */
    int cblas;                 /* products call cblas */
    int uses_cblas, uses_blis; /* a product does; one has an order that only BLIS knows */
    int many;                  /* arguments, so that they are x[0], x[1], .. of no type */
    int fails;                 /* the step that is being written may end in `return 1` */
    size_t scratch[3];         /* by type: elements of scratch that the step needs */
    int is_out_of_memory;
} ad__emit;

/* Errors: AD_ERR_MEMORY. */
ad_status ad__emit_init(ad__emit *e, const ad_allocator *allocator);
void ad__emit_clear(ad__emit *e);
void ad__chars_clear(ad__emit *e, ad__chars *c);

/* Appends to e->out. The first failure of the allocator is kept in is_out_of_memory. */
void ad__put(ad__emit *e, const char *format, ...) AD_PRINTF(2, 3);
void ad__put_bytes(ad__emit *e, const char *text, size_t len);

/* Takes away what was appended after the first len characters. */
void ad__cut(ad__chars *c, size_t len);

/* What words of C consist of. */
static inline int ad__is_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Whether a word stands in a list with a blank before and after each. */
int ad__is_listed(const char *word, size_t len, const char *names);

/* Whether a word stands in a text. */
int ad__mentions(const ad__chars *text, const char *word);

/* A text over `real`, with x, y and w replaced by arg[0 .. 2] if arg is not NULL. */
void ad__put_text(ad__emit *e, const char *text, int type, const char *const *arg);

/* Whether a text calls, itself or through others, functions of libm that compilers do not write as
 * instructions: loops over it stay scalar. */
int ad__calls_libm(const ad__emit *e, const char *text, int type);

/* The name of a kernel for a type; it is part of the program from now on. */
void ad__put_kernel(ad__emit *e, const char *word, int type);

/* A number as a constant of its type, which reads as the same number. */
void ad__put_number(ad__emit *e, ad_type type, const void *element);

/* Everything that is used, in an order in which it compiles. */
void ad__put_used_texts(ad__emit *e);

/* "double", "float", "int64_t" */
const char *ad__c_type(ad_type type);

/* ---- what several operations write; x0, x1, .. are the arguments and z is the result ---- */

/* Argument i, of a type: x3, or where there are many ((const double *)x[3]). */
void ad__put_argument(ad__emit *e, int i, ad_type type);

/* for (size_t INDEX = 0; INDEX < LEN; INDEX++) { with the depth of its line; and its end. */
void ad__put_loop(ad__emit *e, int depth, const char *index, size_t len);
void ad__put_end(ad__emit *e, int depth);

/* array[at + i0 * stride[0] + i1 * stride[1] + ..], for the loops i0, i1, .. around it. */
void ad__put_element(ad__emit *e, const char *array, size_t at, int rank, const ptrdiff_t *stride);

/* Room for elements beside the arguments: scratch_f64, scratch_f32, scratch_i64 of at least count
 * elements. Returns where those taken now begin. */
size_t ad__emit_scratch(ad__emit *e, ad_type type, size_t count);

#endif
