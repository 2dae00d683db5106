/* SPDX-License-Identifier: MIT */
#ifndef AD_VAR_H
#define AD_VAR_H

#include "shape.h"
#include "status.h"

#include <stdint.h>

/* The handle of a value on a tape. [everyday]
 *
 * A small plain value: copied freely, never freed. It names a node of a tape, or carries a plain
 * number (tape == NULL), which operations turn into a constant of the type they need; so
 * `ad_mul(2.0, x)` and `ad_var half = ad_literal(0.5)` work. Elementwise operations on literals
 * alone are computed at once; most others need a variable, and give NaN without one. A handle is
 * dead when the operation that made it failed; operations on dead handles do nothing and give dead
 * handles.
 */

typedef struct ad_tape ad_tape;

typedef struct ad__node_ref {
    uint32_t node; /* 0: dead */
    uint32_t tag;  /* twice the tape's rewinds so far mod 2^32, plus 1 for f64 scalars */
} ad__node_ref;

typedef struct ad_var {
    ad_tape *tape;
    union {
        ad__node_ref at;
        double literal;
    } ref;
} ad_var;

static inline ad_var ad_literal(double value)
{
    ad_var v;
    v.tape = 0;
    v.ref.literal = value;
    return v;
}

/* AD_LIST(x, w): 2, and an array of the two, for the calls that take a number of variables and
 * their array.
 *
 *   ad_grad(y, AD_LIST(x, w), dy);
 *
 * AD_VAR(e): e itself if it is an ad_var, the literal of e if it is a number. */
#ifdef __cplusplus
static inline ad_var ad__var(ad_var v)
{
    return v;
}
static inline ad_var ad__var(double value)
{
    return ad_literal(value);
}
static inline const ad_var *ad__list(std::initializer_list<ad_var> vars)
{
    return vars.begin();
}
template <class... var> char (&ad__counted(const var &...))[sizeof...(var)]; /* for sizeof alone */
#define AD_LIST(...) static_cast<int>(sizeof(ad__counted(__VA_ARGS__))), ad__list({__VA_ARGS__})
#define AD_VAR(e) ad__var(e)
#else
static inline ad_var ad__same(ad_var v)
{
    return v;
}
#define AD_LIST(...) AD__COUNT(ad_var, __VA_ARGS__), AD__LIST(ad_var, __VA_ARGS__)
#define AD_VAR(e) (_Generic((e), ad_var : ad__same, default : ad_literal)(e))
#endif

/* A function that can be differentiated, checked and compiled: records a result from x[0], x[1],
 * ..; a pure function of them: no random numbers, no state. */
typedef ad_var ad_function(void *user, const ad_var *x);

/* Where an operation was recorded, "train.c:42": a string that outlives the tape. */
#define AD_HERE __FILE__ ":" AD__STRING(__LINE__)
#define AD__STRING(number) AD__STRING_OF(number)
#define AD__STRING_OF(text) #text

/* How an operation's macro calls it: with its line; or, compiled with AD_NO_HERE, by the plain
 * function, which records at the line that a builder of many operations has set for all of them
 * (ad_tape_set_site). */
#ifdef AD_NO_HERE
#define AD__CALL(f, ...) (f)(__VA_ARGS__)
#else
#define AD__CALL(f, ...) f##_at(__VA_ARGS__, AD_HERE)
#endif

#endif
