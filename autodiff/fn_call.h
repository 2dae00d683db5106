/* SPDX-License-Identifier: MIT */
#ifndef AD_FN_CALL_H
#define AD_FN_CALL_H

#include "fn.h"

/* Calls that are checked: arrays with their types and lengths. [everyday]
 *
 *   double x[3] = {1, 2, 3}, y, dx[3];
 *   ad_fn_call(f, AD_ARRAYS(x), AD_ARRAYS(y, dx));
 *
 * What does not fit the function's inputs and outputs is refused, with the input's name, before
 * anything is read or written. That takes some 2 ns an array. */

typedef struct ad_array {
    ad_type type;
    size_t count; /* of elements */
    void *data;   /* of an input they are only read */
} ad_array;

/* AD_ARRAY(x): an array of C, also of arrays, or a number, that is x, not a pointer: of float,
 * double or int64_t. What a pointer p points to is written out: (ad_array){AD_F64, n, p}.
 *
 * AD_ARRAYS(x, y, ..): up to 12 of them, as the count and the array that ad_fn_call takes. */
#ifdef __cplusplus
#define AD_ARRAY(x) ad__array_of(x)
#define AD__ARRAY_LIST(...) ad__array_list({__VA_ARGS__})
#else
#define AD_ARRAY(x)                                                                                \
    ((ad_array){(ad_type)(AD__TYPE_OF(AD__ELEMENT_OF(x)) + 0 * AD__NO_POINTER(x)),                 \
                sizeof(x) / (AD__TYPE_OF(AD__ELEMENT_OF(x)) == AD_F32 ? 4 : 8), (void *)&(x)})
#define AD__ARRAY_LIST(...) ((const ad_array[]){__VA_ARGS__})
#define AD__ELEMENT_OF(x)                                                                          \
    *_Generic((x), double : (double *)0, float : (float *)0, int64_t : (int64_t *)0, default : (x))
#define AD__TYPE_OF(element)                                                                       \
    _Generic((element),                                                                            \
        double : AD_F64,                                                                           \
        double * : AD_F64,                                                                         \
        const double * : AD_F64,                                                                   \
        float : AD_F32,                                                                            \
        float * : AD_F32,                                                                          \
        const float * : AD_F32,                                                                    \
        int64_t : AD_I64,                                                                          \
        int64_t * : AD_I64,                                                                        \
        const int64_t * : AD_I64)
#define AD__NO_POINTER(x)                                                                          \
    (int)sizeof(struct {                                                                           \
        _Static_assert(_Generic(&(x), double ** : 0, double *const * : 0, const double ** : 0,     \
                                const double *const * : 0, float ** : 0, float *const * : 0,       \
                                const float ** : 0, const float *const * : 0, int64_t ** : 0,      \
                                int64_t *const * : 0, const int64_t ** : 0,                        \
                                const int64_t *const * : 0, default : 1),                          \
                       "how long a pointer's array is is not known: write {AD_F64, count, p}");    \
        char only_to_assert;                                                                       \
    })
#endif

/* A(x) for each x, with commas: the 13th of what follows the arguments is the one for their
 * number. */
#define AD_ARRAYS(...)                                                                             \
    AD__THIRTEENTH(__VA_ARGS__, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, )                           \
    , AD__ARRAY_LIST(AD__THIRTEENTH(__VA_ARGS__, AD__EACH_12, AD__EACH_11, AD__EACH_10,            \
                                    AD__EACH_9, AD__EACH_8, AD__EACH_7, AD__EACH_6, AD__EACH_5,    \
                                    AD__EACH_4, AD__EACH_3, AD__EACH_2,                            \
                                    AD__EACH_1, )(AD_ARRAY, __VA_ARGS__))
#define AD__THIRTEENTH(a, b, c, d, e, f, g, h, i, j, k, l, m, ...) m
#define AD__EACH_1(A, x) A(x)
#define AD__EACH_2(A, x, ...) A(x), AD__EACH_1(A, __VA_ARGS__)
#define AD__EACH_3(A, x, ...) A(x), AD__EACH_2(A, __VA_ARGS__)
#define AD__EACH_4(A, x, ...) A(x), AD__EACH_3(A, __VA_ARGS__)
#define AD__EACH_5(A, x, ...) A(x), AD__EACH_4(A, __VA_ARGS__)
#define AD__EACH_6(A, x, ...) A(x), AD__EACH_5(A, __VA_ARGS__)
#define AD__EACH_7(A, x, ...) A(x), AD__EACH_6(A, __VA_ARGS__)
#define AD__EACH_8(A, x, ...) A(x), AD__EACH_7(A, __VA_ARGS__)
#define AD__EACH_9(A, x, ...) A(x), AD__EACH_8(A, __VA_ARGS__)
#define AD__EACH_10(A, x, ...) A(x), AD__EACH_9(A, __VA_ARGS__)
#define AD__EACH_11(A, x, ...) A(x), AD__EACH_10(A, __VA_ARGS__)
#define AD__EACH_12(A, x, ...) A(x), AD__EACH_11(A, __VA_ARGS__)

#ifdef __cplusplus
extern "C" {
#endif

/* As ad_fn_run, with arrays that are checked; _in as ad_fn_run_in.
 *
 * Errors: those of ad_fn_run; AD_ERR_DOMAIN if there are not as many arrays as f has inputs and
 *         outputs; AD_ERR_TYPE, AD_ERR_SHAPE if an array has not the type, or not the number of
 *         elements, that f has. The text, as after ad_fn_run, names the input or output. */
AD_API ad_status ad_fn_call(ad_fn *f, int in_count, const ad_array *in, int out_count,
                            const ad_array *out);
AD_API ad_status ad_fn_call_in(const ad_fn *f, ad_workspace *w, int in_count, const ad_array *in,
                               int out_count, const ad_array *out);

#ifdef __cplusplus
}

#include <type_traits>

template <class element> struct ad__type_of; /* of other elements there are no arrays */
template <> struct ad__type_of<double> {
    static const ad_type value = AD_F64;
};
template <> struct ad__type_of<float> {
    static const ad_type value = AD_F32;
};
template <> struct ad__type_of<int64_t> {
    static const ad_type value = AD_I64;
};
template <class array> ad_array ad__array_of(array &x)
{
    static_assert(!std::is_pointer<array>::value,
                  "how long a pointer's array is is not known: write {AD_F64, count, p}");
    typedef typename std::remove_cv<typename std::remove_all_extents<array>::type>::type element;
    return {ad__type_of<element>::value, sizeof x / sizeof(element),
            const_cast<void *>(static_cast<const void *>(&x))};
}
static inline const ad_array *ad__array_list(std::initializer_list<ad_array> arrays)
{
    return arrays.begin();
}
#endif

#endif
