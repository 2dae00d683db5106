/* SPDX-License-Identifier: MIT */
#include "kernels/codes_internal.h"
#include "tape/op_internal.h"

/* Every operation that has a descriptor, in the order of ops.def. */

#define AD_UNARY(name, ...) extern const ad_op name##__op;
#define AD_BINARY(name, ...) extern const ad_op name##__op;
#define AD_TERNARY(name, ...) extern const ad_op name##__op;
#define AD_STRUCTURED(name, ...) extern const ad_op name##__op;
#define AD_COMPOSED(type, name, ...)
#include "ops/ops.def"
#undef AD_UNARY
#undef AD_BINARY
#undef AD_TERNARY
#undef AD_STRUCTURED

#define AD_UNARY(name, ...) &name##__op,
#define AD_BINARY(name, ...) &name##__op,
#define AD_TERNARY(name, ...) &name##__op,
#define AD_STRUCTURED(name, ...) &name##__op,

const ad_op *const ad__catalogue[] = {
#include "ops/ops.def"
    NULL};

#undef AD_UNARY
#undef AD_BINARY
#undef AD_TERNARY
#undef AD_STRUCTURED

#define AD_UNARY(name, ...) [name##__code] = &name##__op,
#define AD_BINARY(name, ...) [name##__code] = &name##__op,
#define AD_TERNARY(name, ...) [name##__code] = &name##__op,
#define AD_STRUCTURED(name, ...)

static const ad_op dead = {.name = "dead", .code = AD__DEAD};
static const ad_op input = {.name = "input", .code = AD__INPUT};
static const ad_op view = {.name = "view", .code = AD__VIEW};
static const ad_op assigned = {.name = "view", .code = AD__ASSIGNED};
static const ad_op constant = {.name = "constant", .code = AD__CONSTANT};

const ad_op *const ad__by_code[] = {
#include "ops/ops.def"
    [AD__DEAD] = &dead,         [AD__INPUT] = &input,       [AD__VIEW] = &view,
    [AD__ASSIGNED] = &assigned, [AD__CONSTANT] = &constant,
};

const size_t ad__code_count = sizeof ad__by_code / sizeof *ad__by_code;
