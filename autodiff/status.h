/* SPDX-License-Identifier: MIT */
#ifndef AD_STATUS_H
#define AD_STATUS_H

/* Status codes and error texts. [everyday]
 *
 * One list makes the codes, their names and their meanings. Every function that can fail returns
 * an ad_status, or leaves one on the object it works on; the text beside it says what to do.
 */

#if defined(__GNUC__)
#define AD_API __attribute__((visibility("default")))
#define AD_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define AD_API
#define AD_PRINTF(text, first)
#endif

/* Named arguments: a call such as ad_compile(.., .gradient = 1) is a macro over a real function
 * that takes a struct of options. An option that is left out is zero, its usual value. In C++ the
 * macros need C++20, and options in the order of the struct; the functions need nothing. */
#ifdef __cplusplus
#define AD_OPTIONS(type, ...) (type{__VA_ARGS__})
#else
#define AD_OPTIONS(type, ...) ((type){__VA_ARGS__})
#endif

#define AD_STATUS_LIST(X)                                                                          \
    X(AD_OK, "no error")                                                                           \
    X(AD_ERR_MEMORY, "out of memory")                                                              \
    X(AD_ERR_SHAPE, "shapes do not fit")                                                           \
    X(AD_ERR_TYPE, "element types do not fit")                                                     \
    X(AD_ERR_DOMAIN, "an argument is outside its range")                                           \
    X(AD_ERR_INDEX, "an index is outside its axis")                                                \
    X(AD_ERR_STALE, "a variable from before a rewind was used")                                    \
    X(AD_ERR_FOREIGN, "variables of different tapes were mixed")                                   \
    X(AD_ERR_STATE, "the call does not fit the object's state")                                    \
    X(AD_ERR_IO, "a file could not be opened, read or written")                                    \
    X(AD_ERR_FORMAT, "a file's content is not what its format says")                               \
    X(AD_ERR_UNSUPPORTED, "valid, but not supported")

typedef enum ad_status {
#define AD_STATUS_ENUM(code, text) code,
    AD_STATUS_LIST(AD_STATUS_ENUM)
#undef AD_STATUS_ENUM
} ad_status;

/* A failure in full: the code and one sentence that says what is wrong and what to do. A plain
 * value: the caller keeps it, nothing is freed. */
typedef struct ad_error {
    ad_status status;
    char message[252];
} ad_error;

#ifdef __cplusplus
extern "C" {
#endif

/* The name of a code, "AD_ERR_SHAPE", and its meaning, "shapes do not fit". Static strings; an
 * unknown number gives "AD_ERR_UNKNOWN" and "unknown status". */
AD_API const char *ad_status_name(ad_status status);
AD_API const char *ad_status_text(ad_status status);

/* Fills *error, unless it is NULL, and returns status, so that a failing function can end in
 * `return ad_error_set(error, AD_ERR_IO, "%s: cannot be read", path);`. Overlong texts are cut. */
AD_API ad_status ad_error_set(ad_error *error, ad_status status, const char *format, ...)
    AD_PRINTF(3, 4);

#ifdef __cplusplus
}
#endif

#endif
