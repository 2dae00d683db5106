/* SPDX-License-Identifier: MIT */
#include "ops/rewrites_internal.h"

#define AD_UNARY(name, ...) extern const ad_op name##__op;
#define AD_BINARY(name, ...) extern const ad_op name##__op;
#define AD_TERNARY(name, ...) extern const ad_op name##__op;
#define AD_STRUCTURED(name, ...) extern const ad_op name##__op;
#define AD_COMPOSED(type, name, ...)
#include "ops/ops.def"

#define TERM(...)                                                                                  \
    &(const ad__term)                                                                              \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define X TERM(.form = AD__TERM_ANY, .slot = 0)
#define Y TERM(.form = AD__TERM_ANY, .slot = 1)
#define NUMBER(N) TERM(.form = AD__TERM_NUMBER, .slot = 2, .number = (N))
#define COUNT(...) (int)(sizeof((const ad__term *[]){__VA_ARGS__}) / sizeof(const ad__term *))
#define OF(NAME, ...)                                                                              \
    TERM(.form = AD__TERM_OF, .op = &NAME##__op, .count = COUNT(__VA_ARGS__), .arg = {__VA_ARGS__})
#define ALIAS(P) TERM(.form = AD__TERM_ALIAS, .count = 1, .arg = {P})
#define SPREAD(P) TERM(.form = AD__TERM_SPREAD, .count = 1, .arg = {P})
#define ELEMENTWISE(P) TERM(.form = AD__TERM_ELEMENTWISE, .count = 1, .arg = {P})

#define AD_REWRITE(PATTERN, REPLACEMENT) {#PATTERN " -> " #REPLACEMENT, PATTERN, REPLACEMENT},

const ad__rewrite ad__rewrites[] = {
#include "ops/rewrites.def"
};

const int ad__rewrite_count = sizeof ad__rewrites / sizeof *ad__rewrites;
