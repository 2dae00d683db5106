/* SPDX-License-Identifier: MIT */
#ifndef AD_SHAPE_H
#define AD_SHAPE_H

#include "status.h"

#include <stddef.h>
#include <stdint.h>

/* Element types, shapes and sets of axes. [everyday]
 *
 * Values are dense and row-major: the last axis runs fastest. A scalar has rank 0. Axes of length
 * 0 are allowed everywhere.
 */

enum { AD_MAX_RANK = 8 };

/* AD_I64 is for indices and labels and carries no gradient. */
typedef enum ad_type { AD_F64, AD_F32, AD_I64 } ad_type;

typedef struct ad_shape {
    int rank;
    int64_t len[AD_MAX_RANK];
} ad_shape;

/* What a value is: the name by which texts call it, or NULL, its type and its shape. */
typedef struct ad_spec {
    const char *name;
    ad_type type;
    ad_shape shape;
} ad_spec;

/* A set of axes to reduce over. Negative axes count from the end: -1 is the last. */
typedef struct ad_axes {
    int8_t count; /* -1: all */
    int8_t keep;
    int8_t axis[AD_MAX_RANK];
} ad_axes;

/* AD_SHAPE(64, 784)   a shape               AD_SCALAR       the shape of a scalar
 * AD_AXES(0, 2)       axes, which vanish    AD_KEEP(0, 2)   axes, which stay with length 1
 * AD_ALL              every axis: the result is a scalar */
#define AD_SCALAR (ad_shape_of_lens(0, NULL))
#define AD_ALL (ad_axes_of(-1, NULL, 0))
#ifdef __cplusplus
#define AD_SHAPE(...) (ad__shape({__VA_ARGS__}))
#define AD_AXES(...) (ad__axes({__VA_ARGS__}, 0))
#define AD_KEEP(...) (ad__axes({__VA_ARGS__}, 1))
#else
#define AD_SHAPE(...)                                                                              \
    (ad_shape_of_lens(AD__COUNT(int64_t, __VA_ARGS__), AD__LIST(int64_t, __VA_ARGS__)))
#define AD_AXES(...) (ad_axes_of(AD__COUNT(int, __VA_ARGS__), AD__LIST(int, __VA_ARGS__), 0))
#define AD_KEEP(...) (ad_axes_of(AD__COUNT(int, __VA_ARGS__), AD__LIST(int, __VA_ARGS__), 1))
#define AD__LIST(type, ...) ((const type[]){__VA_ARGS__})
#define AD__COUNT(type, ...) ((int)(sizeof(AD__LIST(type, __VA_ARGS__)) / sizeof(type)))
#endif

/* The type that a call names for an array of elements; in C an error unless it is that of the
 * array, where both are known: double is AD_F64, float AD_F32, int64_t AD_I64. Arrays of arrays are
 * looked into, a void * is taken on trust. */
#ifdef __cplusplus
#define AD__TYPED(type, ...) type
#else
#define AD__FITS(type, ...) (!AD__IS_ZERO((type)*0) || AD__IS_OF(type, AD__ELEMENT(__VA_ARGS__)))
#if defined(__clang__) /* which takes an array of numbers in a struct for one outside functions */
enum { ad__double_is_AD_F64__float_is_AD_F32__int64_t_is_AD_I64 = -1 };
#define AD__TYPED(type, ...)                                                                       \
    ((void)sizeof(char[ad__double_is_AD_F64__float_is_AD_F32__int64_t_is_AD_I64 +                  \
                       2 * AD__FITS(type, __VA_ARGS__)]),                                          \
     (type))
#else
#define AD__TYPED(type, ...)                                                                       \
    ((void)sizeof(struct {                                                                         \
         _Static_assert(                                                                           \
             AD__FITS(type, __VA_ARGS__),                                                          \
             "the array's elements are not of the type that is named: double is AD_F64,"           \
             " float is AD_F32, int64_t is AD_I64");                                               \
         char only_to_assert;                                                                      \
     }),                                                                                           \
     (type))
#endif
/* 1 for a constant that is 0; 0 for others, and for what is no constant. */
#if defined(__clang__)
#define AD__IS_ZERO(e) (__builtin_choose_expr(__builtin_constant_p(e), (e), 1) == 0)
#else
#define AD__IS_ZERO(e) _Generic(1 ? (void *)(intptr_t)(e) : (int *)0, int * : 1, void * : 0)
#endif
/* the first element of an array; a char of a void *, which has none */
#define AD__ELEMENT(...)                                                                           \
    *_Generic((__VA_ARGS__), void * : (char *)0, const void * : (char *)0, default : (__VA_ARGS__))
#define AD__IS_OF(type, element)                                                                   \
    _Generic((element),                                                                            \
        double : AD__IS_ZERO((type)-AD_F64),                                                       \
        double * : AD__IS_ZERO((type)-AD_F64),                                                     \
        const double * : AD__IS_ZERO((type)-AD_F64),                                               \
        float : AD__IS_ZERO((type)-AD_F32),                                                        \
        float * : AD__IS_ZERO((type)-AD_F32),                                                      \
        const float * : AD__IS_ZERO((type)-AD_F32),                                                \
        int64_t : AD__IS_ZERO((type)-AD_I64),                                                      \
        int64_t * : AD__IS_ZERO((type)-AD_I64),                                                    \
        const int64_t * : AD__IS_ZERO((type)-AD_I64),                                              \
        int : 0,                                                                                   \
        default : 1)
#endif

/* f(x, axes), with an error that says what to do where the axes are forgotten: what is given, then
 * AD__NO_AXES and two empty arguments. */
#define AD__ALONG(f, x, axes, ...) AD__CALL(f, AD_VAR(x), axes AD__SECOND(__VA_ARGS__, , ))
#define AD__SECOND(first, second, ...) second
#define AD__NO_AXES give_a_variable_and_axes_such_as_AD_ALL_or_AD_AXES

/* Bounds of a slice that stand for an axis's own ends: up to the end, or, with a negative step,
 * from the end down to the beginning. */
#define AD_BEGIN INT64_MIN
#define AD_END INT64_MAX

#ifdef __cplusplus
extern "C" {
#endif

AD_API const char *ad_type_name(ad_type type);
AD_API size_t ad_type_bytes(ad_type type);

/* A rank outside 0 to AD_MAX_RANK is kept as given, so that the call which receives the shape can
 * report it; without lens or axes it is -1. */
AD_API ad_shape ad_shape_of_lens(int rank, const int64_t *lens);
AD_API ad_axes ad_axes_of(int count, const int *axes, int keep);

/* 1 if rank and lengths are in range and the number of elements fits in 60 bits. NULL is no valid
 * shape, has no elements, and equals NULL alone. */
AD_API int ad_shape_is_valid(const ad_shape *shape);
AD_API int ad_shape_equal(const ad_shape *a, const ad_shape *b);

/* The product of the lengths: 1 for a scalar, 0 if an axis is empty. */
AD_API size_t ad_shape_count(const ad_shape *shape);

/* NumPy's rule: shapes are aligned at their last axes; lengths must agree or be 1. Returns
 * AD_ERR_SHAPE and leaves *out alone if they do not fit; AD_ERR_DOMAIN if one is NULL. */
AD_API ad_status ad_shape_broadcast(const ad_shape *a, const ad_shape *b, ad_shape *out);

/* Writes "[2, 3]", "[]" for a scalar, cut to bytes, and returns text, or "" where there is none.
 * 160 bytes hold any valid shape. */
AD_API const char *ad_shape_print(const ad_shape *shape, char *text, size_t bytes);

#ifdef __cplusplus
}

#include <initializer_list>

static inline ad_shape ad__shape(std::initializer_list<int64_t> lens)
{
    return ad_shape_of_lens(static_cast<int>(lens.size()), lens.begin());
}

static inline ad_axes ad__axes(std::initializer_list<int> axes, int keep)
{
    return ad_axes_of(static_cast<int>(axes.size()), axes.begin(), keep);
}
#endif

#endif
