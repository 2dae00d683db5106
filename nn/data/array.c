/* SPDX-License-Identifier: MIT */
#include "array.h"
#include "data/array_internal.h"

#include <inttypes.h>
#include <string.h>

const char *nn_type_name(nn_type type)
{
    return type == NN_U8 ? "u8" : ad_type_name((ad_type)type);
}

size_t nn_type_bytes(nn_type type)
{
    return type == NN_U8 ? 1 : ad_type_bytes((ad_type)type);
}

/* ---- arrays and their parts */

nn_array nn_array_view(nn_type type, ad_shape shape, const void *data)
{
    return (nn_array){.type = type, .shape = shape, .scale = 1.0, .data = data};
}

static ad_status check(const char *caller, nn_type type, const ad_shape *shape, ad_error *error)
{
    if (nn_type_bytes(type) == 0) {
        return ad_error_set(error, AD_ERR_TYPE, "%s: %d is not an nn_type", caller, (int)type);
    }
    if (shape->rank < 1 || !ad_shape_is_valid(shape)) {
        char text[160];
        return ad_error_set(error, AD_ERR_SHAPE, "%s: %s is not a shape of rows, [rows, ...]",
                            caller, ad_shape_print(shape, text, sizeof text));
    }
    return AD_OK;
}

ad_status nn_array_init(nn_array *array, nn_type type, ad_shape shape,
                        const ad_allocator *allocator, ad_error *error)
{
    if (nn__given(array, "nn_array_init", "array", error)) {
        return AD_ERR_DOMAIN;
    }
    *array = (nn_array){0};
    ad_status status = check("nn_array_init", type, &shape, error);
    if (status != AD_OK) {
        return status;
    }
    ad_allocator memory = nn__allocator(allocator);
    size_t count = ad_shape_count(&shape);
    void *data = count > 0 ? nn__resize(&memory, NULL, count, nn_type_bytes(type)) : NULL;
    if (count > 0 && data == NULL) {
        char text[160];
        return ad_error_set(error, AD_ERR_MEMORY, "nn_array_init: out of memory for %s %s",
                            nn_type_name(type), ad_shape_print(&shape, text, sizeof text));
    }
    *array = nn_array_view(type, shape, data);
    array->owned = data;
    array->allocator = memory;
    return AD_OK;
}

void nn_array_clear(nn_array *array)
{
    if (array == NULL) {
        return;
    }
    nn__free(&array->allocator, array->owned);
    *array = (nn_array){0};
}

int64_t nn_array_rows(const nn_array *array)
{
    return array != NULL && array->shape.rank > 0 ? array->shape.len[0] : 0;
}

ad_shape nn_array_row_shape(const nn_array *array)
{
    if (array == NULL || array->shape.rank < 1) {
        return AD_SCALAR;
    }
    return ad_shape_of_lens(array->shape.rank - 1, array->shape.len + 1);
}

size_t nn__row_len(const nn_array *array)
{
    ad_shape row = nn_array_row_shape(array);
    return ad_shape_count(&row);
}

const void *nn_array_row(const nn_array *array, int64_t i)
{
    if (array == NULL || array->data == NULL) {
        return NULL;
    }
    int64_t place = array->rows != NULL ? array->rows[i] : i;
    size_t bytes = nn__row_len(array) * nn_type_bytes(array->type);
    return bytes > 0 ? (const char *)array->data + (size_t)place * bytes : array->data;
}

ad_status nn_array_slice(const nn_array *array, int64_t first, int64_t count, nn_array *part,
                         ad_error *error)
{
    if (nn__given(array, "nn_array_slice", "array", error) ||
        nn__given(part, "nn_array_slice", "part", error)) {
        return AD_ERR_DOMAIN;
    }
    int64_t rows = nn_array_rows(array);
    if (first < 0 || count < 0 || count > rows || first > rows - count) {
        return ad_error_set(error, AD_ERR_INDEX,
                            "nn_array_slice: %" PRId64 " rows from %" PRId64
                            " on are not all among the array's %" PRId64,
                            count, first, rows);
    }
    nn_array view = *array;
    view.shape.len[0] = count;
    view.owned = NULL;
    if (array->rows != NULL) {
        view.rows = array->rows + first;
    } else {
        view.data = nn_array_row(array, first);
    }
    *part = view;
    return AD_OK;
}

static ad_status check_indices(const char *caller, int64_t rows, int64_t count,
                               const int64_t *indices, ad_error *error)
{
    if (count < 0 || (indices == NULL && count > rows)) {
        return ad_error_set(error, AD_ERR_INDEX, "%s: %" PRId64 " rows of an array of %" PRId64,
                            caller, count, rows);
    }
    for (int64_t i = 0; indices != NULL && i < count; i++) {
        if (indices[i] < 0 || indices[i] >= rows) {
            return ad_error_set(error, AD_ERR_INDEX,
                                "%s: indices[%" PRId64 "] is %" PRId64 ", but the array's %" PRId64
                                " rows are numbered from 0",
                                caller, i, indices[i], rows);
        }
    }
    return AD_OK;
}

ad_status nn_array_select(const nn_array *array, int64_t count, const int64_t *indices,
                          const ad_allocator *allocator, nn_array *part, ad_error *error)
{
    if (nn__given(part, "nn_array_select", "part", error)) {
        return AD_ERR_DOMAIN;
    }
    *part = (nn_array){0};
    if (nn__given(array, "nn_array_select", "array", error)) {
        return AD_ERR_DOMAIN;
    }
    ad_status status =
        check_indices("nn_array_select", nn_array_rows(array), count, indices, error);
    if (status != AD_OK) {
        return status;
    }
    nn_array view = *array;
    view.shape.len[0] = count;
    view.allocator = nn__allocator(allocator);
    view.owned = NULL;
    if (count > 0) {
        int64_t *rows = nn__resize(&view.allocator, NULL, (size_t)count, sizeof *rows);
        if (rows == NULL) {
            return ad_error_set(error, AD_ERR_MEMORY,
                                "nn_array_select: out of memory for %" PRId64 " indices", count);
        }
        for (int64_t i = 0; i < count; i++) {
            int64_t row = indices != NULL ? indices[i] : i;
            rows[i] = array->rows != NULL ? array->rows[row] : row;
        }
        view.rows = view.owned = rows;
    }
    *part = view;
    return AD_OK;
}

/* ---- gathering: z = scale x + offset, in the arithmetic of `real` */

typedef void convert(size_t n, const void *from, double scale, double offset, void *to);

#define SCALED(name, source, target, real)                                                         \
    static void name(size_t n, const void *from, double scale, double offset, void *to)            \
    {                                                                                              \
        const source *x = from;                                                                    \
        target *z = to;                                                                            \
        const real a = (real)scale, b = (real)offset;                                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            z[i] = (target)(a * (real)x[i] + b);                                                   \
        }                                                                                          \
    }

SCALED(f64_from_f64, double, double, double)
SCALED(f64_from_f32, float, double, double)
SCALED(f64_from_i64, int64_t, double, double)
SCALED(f64_from_u8, uint8_t, double, double)
SCALED(f32_from_f64, double, float, double)
SCALED(f32_from_f32, float, float, float)
SCALED(f32_from_i64, int64_t, float, double)
SCALED(f32_from_u8, uint8_t, float, float)

static void i64_from_i64(size_t n, const void *from, double scale, double offset, void *to)
{
    (void)scale, (void)offset;
    memcpy(to, from, n * sizeof(int64_t));
}

static void i64_from_u8(size_t n, const void *from, double scale, double offset, void *to)
{
    (void)scale, (void)offset;
    const uint8_t *x = from;
    int64_t *z = to;
    for (size_t i = 0; i < n; i++) {
        z[i] = x[i];
    }
}

static convert *const conversions[][NN_U8 + 1] = {
    [AD_F64] = {f64_from_f64, f64_from_f32, f64_from_i64, f64_from_u8},
    [AD_F32] = {f32_from_f64, f32_from_f32, f32_from_i64, f32_from_u8},
    [AD_I64] = {NULL, NULL, i64_from_i64, i64_from_u8},
};

/* Shuffled rows lie anywhere in memory: asking for one some rows before it is needed makes a gather
 * of MNIST's rows twice as fast. */
enum { AHEAD = 2, CACHE_LINE = 64 };

static void fetch(const void *row, size_t bytes)
{
#if defined(__GNUC__)
    for (size_t at = 0; at < bytes && at < 4096; at += CACHE_LINE) {
        __builtin_prefetch((const char *)row + at);
    }
#else
    (void)row, (void)bytes;
#endif
}

ad_status nn_array_gather(const nn_array *array, int64_t count, const int64_t *indices,
                          ad_type type, void *out, ad_error *error)
{
    if (nn__given(array, "nn_array_gather", "array", error)) {
        return AD_ERR_DOMAIN;
    }
    ad_status status = check("nn_array_gather", array->type, &array->shape, error);
    if (status == AD_OK) {
        int64_t rows = array->shape.len[0];
        status = check_indices("nn_array_gather", rows, count, indices, error);
    }
    if (status != AD_OK) {
        return status;
    }
    size_t bytes = ad_type_bytes(type);
    if (bytes == 0 || conversions[type][array->type] == NULL) {
        return ad_error_set(error, AD_ERR_TYPE,
                            "nn_array_gather: %s cannot be gathered as %s; indices and labels "
                            "must be read as NN_I64 or NN_U8",
                            nn_type_name(array->type), ad_type_name(type));
    }
    size_t len = nn__row_len(array);
    if ((array->data == NULL || out == NULL) && len > 0 && count > 0) {
        return ad_error_set(error, AD_ERR_DOMAIN, "nn_array_gather: %s is NULL",
                            out == NULL ? "out" : "the array's data");
    }
    char *to = out;
    for (int64_t i = 0; len > 0 && i < count; i++) {
        const void *from = nn_array_row(array, indices != NULL ? indices[i] : i);
        if (i + AHEAD < count) {
            int64_t ahead = indices != NULL ? indices[i + AHEAD] : i + AHEAD;
            fetch(nn_array_row(array, ahead), len * nn_type_bytes(array->type));
        }
        conversions[type][array->type](len, from, array->scale, array->offset, to);
        to += len * bytes;
    }
    return AD_OK;
}
