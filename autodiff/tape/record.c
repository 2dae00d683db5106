/* SPDX-License-Identifier: MIT */
#include "tape/launch_internal.h"
#include "tape/tape_internal.h"

#include <math.h>
#include <string.h>

/* The general recording path: every operation but scalar elementwise ones on live f64 handles. */

/* ---- nodes ---- */

/* Returns the number of the node. */
static uint32_t push(ad_tape *tape, ad__node node, ad__slot value)
{
    uint32_t number = tape->count++;
    tape->node[number] = node;
    tape->value[number] = value;
    tape->site[number] = tape->here;
    if ((node.spec != AD__SPEC_SCALAR || node.code == AD__STRUCTURED) &&
        tape->structured > number) {
        tape->structured = number;
    }
    return number;
}

/* 0, the dead node. */
static uint32_t out_of_memory(ad_tape *tape, const char *origin)
{
    ad_tape_fail(tape, AD_ERR_MEMORY, origin, NULL, "out of memory");
    return 0;
}

static int has_room(ad_tape *tape)
{
    return tape->count < tape->limit || (tape->error.status == AD_OK && ad__grow(tape));
}

/* 0 without memory. */
static int keep_detail(ad_tape *tape, ad__detail detail, uint32_t *number)
{
    if (!ad__reserve(tape, (void **)&tape->details, &tape->detail_capacity, tape->detail_count + 1,
                     sizeof *tape->details)) {
        return 0;
    }
    *number = tape->detail_count;
    tape->details[tape->detail_count++] = detail;
    return 1;
}

/* A place for the elements of a node: a number of the tape's, or storage; NULL without memory. */
static void *place(ad_tape *tape, uint16_t spec, ad__slot *value)
{
    if (spec == AD__SPEC_SCALAR) {
        return &value->scalar;
    }
    value->data = ad__arena_take(&tape->values, ad__spec_bytes(tape->specs[spec]));
    return value->data;
}

/* ---- leaves ---- */

static ad_status check_leaf(ad_tape *tape, ad_type type, const ad_shape *shape, const void *data,
                            const char *origin)
{
    char text[160];
    if (!ad_shape_is_valid(shape)) {
        return ad_tape_fail(tape, AD_ERR_SHAPE, origin, NULL,
                            "shape %s; ranks are 0 to %d, lengths are not negative, and their "
                            "product must fit in memory",
                            ad_shape_print(shape, text, sizeof text), AD_MAX_RANK);
    }
    if (ad_type_bytes(type) == 0) {
        return ad_tape_fail(tape, AD_ERR_TYPE, origin, NULL,
                            "%d is no element type; use AD_F64, AD_F32 or AD_I64", (int)type);
    }
    return data != NULL || ad_shape_count(shape) == 0
               ? AD_OK
               : ad_tape_fail(tape, AD_ERR_DOMAIN, origin, NULL, "the data is NULL");
}

ad_var ad__record_leaf(ad_tape *tape, uint16_t leaf, ad_type type, const ad_shape *shape,
                       const void *data, const char *origin)
{
    if (tape == NULL) {
        return ad_literal(NAN);
    }
    if (tape->error.status != AD_OK || check_leaf(tape, type, shape, data, origin) != AD_OK) {
        return ad__dead(tape);
    }
    uint16_t spec = ad__spec_index(tape, type, shape);
    if (spec == AD__SPEC_DEAD || !has_room(tape)) {
        return ad__handle(tape, out_of_memory(tape, origin));
    }
    const int is_view = leaf == AD__VIEW && data != NULL;
    uint32_t known = is_view ? ad__view_of(tape, spec, data) : 0;
    if (known != 0) {
        return ad__handle(tape, known);
    }
    ad__slot value = {.data = (void *)data};
    if (leaf != AD__VIEW || spec == AD__SPEC_SCALAR) {
        void *own = place(tape, spec, &value);
        if (own == NULL) {
            return ad__handle(tape, out_of_memory(tape, origin));
        }
        if (data != NULL) {
            memcpy(own, data, ad__spec_bytes(tape->specs[spec]));
        }
    }
    uint32_t detail = 0;
    if (leaf == AD__VIEW && (!keep_detail(tape, (ad__detail){.attributes = data}, &detail) ||
                             !ad__reserve_view(tape))) {
        return ad__handle(tape, out_of_memory(tape, origin));
    }
    uint32_t node = push(tape, (ad__node){{detail, 0, 0}, leaf, spec}, value);
    if (is_view) {
        ad__enter_view(tape, node);
    }
    return ad__handle(tape, node);
}

ad_var ad__record_borrowed(ad_tape *tape, uint16_t spec, ad__slot value, const char *origin)
{
    const ad__node leaf = {{0, 0, 0}, AD__INPUT, spec};
    return ad__handle(tape, has_room(tape) ? push(tape, leaf, value) : out_of_memory(tape, origin));
}

ad_var ad__constant_of(ad_tape *tape, ad_type type, double value, const char *origin)
{
    if (type == AD_F64) {
        return ad__handle(tape, has_room(tape) ? ad__constant_node(tape, value, tape->here)
                                               : out_of_memory(tape, origin));
    }
    float narrow = (float)value;
    int fits = value >= -0x1p63 && value < 0x1p63;
    int64_t whole = fits ? (int64_t)value : 0;
    if (type == AD_I64 && (!fits || (double)whole != value)) {
        ad_tape_fail(tape, AD_ERR_DOMAIN, origin, NULL,
                     "%g is no whole number of 64 bits, which an i64 tensor needs", value);
        return ad__dead(tape);
    }
    const ad_shape scalar = {.rank = 0};
    const void *data = type == AD_F32 ? (const void *)&narrow : (const void *)&whole;
    return ad__record_leaf(tape, AD__CONSTANT, type, &scalar, data, origin);
}

/* ---- recording an operation ---- */

/* Makes constants of the literals among the arguments, of the type of the first variable. */
static int resolve_literals(ad_tape *tape, const ad_op *op, int count, const ad_var *x,
                            uint32_t *nodes)
{
    ad_type type = AD_I64;
    for (int i = 0; i < count && type == AD_I64; i++) {
        type = x[i].tape != NULL ? ad__spec_of(tape, nodes[i])->type : type;
    }
    for (int i = 0; i < count; i++) {
        if (x[i].tape == NULL) {
            nodes[i] = ad__constant_of(tape, type, x[i].ref.literal, op->name).ref.at.node;
        }
    }
    return tape->error.status == AD_OK;
}

/* The arguments as nodes; 0 if one is not alive. */
static inline int resolve(ad_tape *tape, const ad_op *op, int count, const ad_var *x,
                          uint32_t *nodes)
{
    int literals = 0;
    for (int i = 0; i < count; i++) {
        if (x[i].tape == NULL) {
            literals++;
        } else if (!ad__is_recent(tape, x[i]) && ad__check_handle(tape, x[i], op->name) != AD_OK) {
            return 0;
        } else {
            nodes[i] = x[i].ref.at.node;
        }
    }
    return literals == 0 || resolve_literals(tape, op, count, x, nodes);
}

/* Where the elements of a result are that lie among those of its argument; else NULL. They may not
 * be those of a scalar, which lie in a column that moves, nor the caller's, which may change. */
static void *elements_of_argument(const ad_tape *tape, const ad_op *op, const ad__call *call,
                                  uint16_t spec, uint32_t argument)
{
    size_t first = 0;
    if (op->alias == NULL || spec == AD__SPEC_SCALAR ||
        tape->node[argument].spec == AD__SPEC_SCALAR || ad__is_view(tape, argument) ||
        !op->alias(call, &first)) {
        return NULL;
    }
    return (char *)tape->value[argument].data + first * ad_type_bytes(call->spec.type);
}

/* Where a node finds its arguments: its own three places, or a detail. */
static int keep_arguments(ad_tape *tape, const ad_op *op, const ad__call *call,
                          const uint32_t *nodes, size_t attribute_bytes, uint32_t *arg)
{
    uint32_t count = (uint32_t)call->count, first = tape->argument_count;
    if (op->arity > 0) {
        memcpy(arg, nodes, count * sizeof *nodes);
        return 1;
    }
    if (count > UINT32_MAX - first ||
        !ad__reserve(tape, (void **)&tape->arguments, &tape->argument_capacity, first + count,
                     sizeof *tape->arguments)) {
        return 0;
    }
    void *attributes = NULL;
    if (attribute_bytes > 0) {
        attributes = ad__arena_take(&tape->values, attribute_bytes);
        if (attributes == NULL) {
            return 0;
        }
        memcpy(attributes, call->attributes, attribute_bytes);
    }
    memcpy(tape->arguments + first, nodes, count * sizeof *nodes);
    tape->argument_count += count;
    tape->has_custom |= ad__has(op, AD__KEEPS);
    return keep_detail(
        tape, (ad__detail){op, attributes, (uint32_t)attribute_bytes, first, count, 0}, arg);
}

/* Infers, places and evaluates one result, and appends it. */
static uint32_t evaluate(ad_tape *tape, const ad_op *op, ad__call *call, ad__array *x,
                         const uint32_t *nodes, size_t attribute_bytes)
{
    const int count = call->count;
    for (int i = 0; i < count; i++) {
        x[i].spec = ad__spec_of(tape, nodes[i]);
    }
    ad_status status = op->infer(call);
    if (status == AD_OK && !ad_shape_is_valid(&call->spec.shape)) {
        status = ad_error_set(call->error, AD_ERR_SHAPE, "the result is too large to address");
    }
    if (status != AD_OK) {
        ad_tape_fail(tape, status, op->name, NULL, "%s", call->error->message);
        return 0;
    }
    ad__slot value = {.scalar = 0};
    uint16_t spec = ad__spec_index(tape, call->spec.type, &call->spec.shape);
    ad__node node = {{0, 0, 0}, op->code, spec};
    int is_shared = 0;
    if (spec != AD__SPEC_DEAD) {
        call->spec.count = tape->specs[spec]->count;
        value.data = elements_of_argument(tape, op, call, spec, nodes[0]);
        is_shared = value.data != NULL;
        call->z = is_shared ? value.data : place(tape, spec, &value);
    }
    if (call->z == NULL || !has_room(tape) ||
        !keep_arguments(tape, op, call, nodes, attribute_bytes, node.arg)) {
        call->z = NULL; /* it may point to value */
        return out_of_memory(tape, op->name);
    }
    for (int i = 0; i < count; i++) {
        x[i].data = ad__data_of(tape, nodes[i]);
    }
    status = is_shared ? AD_OK : ad__evaluate(op, call);
    if (status != AD_OK) {
        ad_tape_fail(tape, status, op->name, NULL, "%s",
                     status == AD_ERR_MEMORY ? "out of memory" : call->error->message);
        return 0;
    }
    return push(tape, node, value);
}

enum { FEW = 4 };

/* Any operation, on nodes. */
static uint32_t record(ad_tape *tape, const ad_op *op, int count, const uint32_t *nodes,
                       const void *attributes, size_t bytes)
{
    ad__arena_mark before = ad__arena_mark_here(&tape->scratch);
    ad__array few[FEW], *x = few;
    if (count > FEW) {
        x = ad__arena_take(&tape->scratch, (size_t)count * sizeof *x);
        if (x == NULL) {
            return out_of_memory(tape, op->name);
        }
    }
    ad_error error;
    error.status = AD_OK;
    error.message[0] = '\0'; /* the rest need not be cleared each time */
    ad__call call; /* field by field: clearing a whole one takes as long as a short loop */
    call.count = count;
    call.x = x;
    call.attributes = attributes;
    call.spec.type = AD_F64;
    call.spec.shape.rank = 0;
    call.z = NULL;
    call.scratch = &tape->scratch;
    call.threads = tape->threads;
    call.error = &error;
    uint32_t z = evaluate(tape, op, &call, x, nodes, bytes);
    ad__arena_rewind(&tape->scratch, before);
    return z;
}

static uint32_t record_structured(ad_tape *tape, const ad_op *op, int count, const ad_var *vars,
                                  const void *attributes, size_t bytes)
{
    ad__arena_mark before = ad__arena_mark_here(&tape->scratch);
    uint32_t few[FEW], *nodes = few;
    if (count > FEW) {
        nodes = ad__arena_take(&tape->scratch, (size_t)count * sizeof *nodes);
        if (nodes == NULL) {
            return out_of_memory(tape, op->name);
        }
    }
    uint32_t z = resolve(tape, op, count, vars, nodes)
                     ? record(tape, op, count, nodes, attributes, bytes)
                     : 0;
    ad__arena_rewind(&tape->scratch, before);
    return z;
}

/* ---- elementwise operations ---- */

static int are_scalars(const ad_tape *tape, int count, const uint32_t *nodes)
{
    int all = 1;
    for (int i = 0; i < count; i++) {
        all &= tape->node[nodes[i]].spec == AD__SPEC_SCALAR;
    }
    return all;
}

/* The spec that all arguments and so the result have, numbers among them apart; AD__SPEC_DEAD if
 * there is none. */
static uint16_t common_spec(const ad_tape *tape, int count, const uint32_t *nodes)
{
    uint16_t common = AD__SPEC_DEAD;
    int numbers = 0;
    for (int i = 0; i < count; i++) {
        uint16_t own = tape->node[nodes[i]].spec;
        if (own == common) {
            continue;
        }
        if (tape->specs[own]->shape.rank == 0) {
            numbers++;
        } else if (common == AD__SPEC_DEAD) {
            common = own;
        } else {
            return AD__SPEC_DEAD;
        }
    }
    ad_type type = tape->specs[common]->type;
    for (int i = 0; i < count && numbers > 0; i++) {
        if (ad__spec_of(tape, nodes[i])->type != type) {
            return AD__SPEC_DEAD;
        }
    }
    return type == AD_I64 ? AD__SPEC_DEAD : common;
}

/* An f64 scalar of such. */
static uint32_t record_scalar(ad_tape *tape, const ad_op *op, const uint32_t *nodes)
{
    uint32_t arg[3] = {0, 0, 0};
    const void *x[3];
    const size_t step[3] = {1, 1, 1};
    double z;
    if (!has_room(tape)) {
        return out_of_memory(tape, op->name);
    }
    for (int i = 0; i < op->arity; i++) {
        arg[i] = nodes[i];
        x[i] = &tape->value[nodes[i]].scalar;
    }
    tape->loops[AD_F64][op->code](1, x, step, &z);
    return ad__push_number(tape, op->code, arg[0], arg[1], arg[2], z, tape->here);
}

/* A result of its arguments' own spec, which is what most are: nothing to infer, and one row of the
 * loop. */
static uint32_t record_alike(ad_tape *tape, const ad_op *op, const uint32_t *nodes, uint16_t spec)
{
    const ad__spec *k = tape->specs[spec];
    ad__slot value = {.data = ad__arena_take(&tape->values, ad__spec_bytes(k))};
    if (value.data == NULL || !has_room(tape)) {
        return out_of_memory(tape, op->name);
    }
    ad__node node = {{0, 0, 0}, op->code, spec};
    const void *x[3];
    size_t step[3];
    for (int i = 0; i < op->arity; i++) {
        node.arg[i] = nodes[i];
        x[i] = ad__data_of(tape, nodes[i]);
        step[i] = tape->node[nodes[i]].spec == spec;
    }
    tape->loops[k->type][op->code](k->count, x, step, value.data);
    return push(tape, node, value);
}

static uint32_t record_elementwise(ad_tape *tape, const ad_op *op, const ad_var *vars)
{
    uint32_t nodes[3];
    if (!resolve(tape, op, op->arity, vars, nodes)) {
        return 0;
    }
    if (are_scalars(tape, op->arity, nodes)) {
        return record_scalar(tape, op, nodes);
    }
    uint16_t spec = common_spec(tape, op->arity, nodes);
    return spec != AD__SPEC_DEAD ? record_alike(tape, op, nodes, spec)
                                 : record(tape, op, op->arity, nodes, NULL, 0);
}

/* An elementwise operation on numbers alone. */
static ad_var compute(const ad_op *op, const ad_var *vars)
{
    const size_t step[3] = {0, 0, 0};
    const void *x[3];
    double z;
    for (int i = 0; i < op->arity; i++) {
        x[i] = &vars[i].ref.literal;
    }
    op->loop[AD_F64](1, x, step, &z);
    return ad_literal(z);
}

ad_var ad__record(const ad_op *op, int count, const ad_var *x, const void *attributes, size_t bytes)
{
    ad_tape *tape = ad__tape_of(count, x);
    if (tape == NULL) {
        return op->arity > 0 ? compute(op, x) : ad_literal(NAN);
    }
    if (tape->error.status != AD_OK) {
        return ad__dead(tape);
    }
    uint32_t z = op->arity > 0 ? record_elementwise(tape, op, x)
                               : record_structured(tape, op, count, x, attributes, bytes);
    return ad__handle(tape, z);
}

static ad_var record_at(const ad_op *op, int count, const ad_var *x, const char *site)
{
    ad_tape *tape = ad__tape_of(count, x);
    const char *before = ad__set_line(tape, site);
    ad_var z = ad__record(op, count, x, NULL, 0);
    ad__set_line(tape, before);
    return z;
}

ad_var ad__record_unary(ad_var a, const char *site, const ad_op *op)
{
    return record_at(op, 1, &a, site);
}

ad_var ad__record_binary(ad_var a, ad_var b, const char *site, const ad_op *op)
{
    return record_at(op, 2, (const ad_var[]){a, b}, site);
}

ad_var ad__record_ternary(ad_var a, ad_var b, ad_var c, const char *site, const ad_op *op)
{
    return record_at(op, 3, (const ad_var[]){a, b, c}, site);
}
