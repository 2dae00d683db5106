/* SPDX-License-Identifier: MIT */
#ifndef NN_ARRAY_H
#define NN_ARRAY_H

#include <wengert/arena.h>
#include <wengert/shape.h>

#include <stddef.h>
#include <stdint.h>

/* Data in ordinary memory, outside any tape: rows of examples. [everyday]
 *
 * Axis 0 counts the rows. Elements keep the type they were read in, pixels stay bytes, until rows
 * are gathered into floating-point numbers for a mini-batch:
 *
 *   nn_array_gather(&x, 64, indices, AD_F32, batch, &error);      batch = scale x + offset
 *
 * Parts of an array (a range of rows, a choice of rows) are arrays too and share its data.
 *
 * Here and in the headers beside: NULL in place of an array, or of a struct that is read or filled,
 * has no rows, and is AD_ERR_DOMAIN.
 */

/* The first three are AD_F64, AD_F32 and AD_I64. */
typedef enum nn_type { NN_F64 = AD_F64, NN_F32 = AD_F32, NN_I64 = AD_I64, NN_U8 } nn_type;

typedef struct nn_array {
    nn_type type;
    ad_shape shape;       /* [rows, ...], rank at least 1 */
    double scale, offset; /* a gathered number is scale x + offset; 1 and 0 at first */
    const void *data;     /* row-major */
    const int64_t *rows;  /* row i lies at rows[i] of data; NULL: at i */
    void *owned;          /* what nn_array_clear frees: data or rows; NULL in a view */
    ad_allocator allocator;
} nn_array;

#ifdef __cplusplus
extern "C" {
#endif

AD_API const char *nn_type_name(nn_type type);
AD_API size_t nn_type_bytes(nn_type type);

/* A new array; write its elements through owned, they are not set. allocator NULL: the C library's.
 * Errors: AD_ERR_SHAPE if shape is not valid or has rank 0;  AD_ERR_TYPE;  AD_ERR_MEMORY.
 *         *array is then empty, and need not be cleared.
 * Owns:   *array owns its data; end it with nn_array_clear. */
AD_API ad_status nn_array_init(nn_array *array, nn_type type, ad_shape shape,
                               const ad_allocator *allocator, ad_error *error);

/* An array around the caller's data, which must outlive it. */
AD_API nn_array nn_array_view(nn_type type, ad_shape shape, const void *data);

/* Frees what the array owns and empties it. Views and empty arrays (all zeros) may be cleared. */
AD_API void nn_array_clear(nn_array *array);

/* Rows first to first + count - 1.
 * Errors: AD_ERR_INDEX if they are not all rows of array.
 * Owns:   nothing: *part borrows from array, which must outlive it. */
AD_API ad_status nn_array_slice(const nn_array *array, int64_t first, int64_t count, nn_array *part,
                                ad_error *error);

/* The rows indices[0] to indices[count - 1], in this order, repeated if named twice.
 * Errors: AD_ERR_INDEX if one is not a row of array;  AD_ERR_MEMORY.
 * Owns:   a copy of the indices; end it with nn_array_clear. It borrows array's data, which must
 *         outlive it. */
AD_API ad_status nn_array_select(const nn_array *array, int64_t count, const int64_t *indices,
                                 const ad_allocator *allocator, nn_array *part, ad_error *error);

/* Copies rows into one dense block, converted to type.
 *
 *   out[i, ...] = scale array[indices[i], ...] + offset       AD_F64, AD_F32
 *   out[i, ...] = array[indices[i], ...]                      AD_I64: labels are not scaled
 *
 * indices [count], or NULL for 0 to count - 1;  out [count, ...]
 * Errors: AD_ERR_INDEX if an index is not a row of array;  AD_ERR_TYPE if type is AD_I64 and
 *         array holds floating-point numbers;  AD_ERR_SHAPE if array's shape is not valid;
 *         AD_ERR_DOMAIN if its data or out is NULL.
 *         Nothing is written then. */
AD_API ad_status nn_array_gather(const nn_array *array, int64_t count, const int64_t *indices,
                                 ad_type type, void *out, ad_error *error);

/* The number of rows, the shape of one row and where row i begins, NULL if data is NULL. i is not
 * checked. */
AD_API int64_t nn_array_rows(const nn_array *array);
AD_API ad_shape nn_array_row_shape(const nn_array *array);
AD_API const void *nn_array_row(const nn_array *array, int64_t i);

#ifdef __cplusplus
}
#endif

#endif
