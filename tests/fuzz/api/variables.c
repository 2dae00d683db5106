/* SPDX-License-Identifier: MIT */
/* Handles: of this tape and others, from before a rewind, dead, of no tape. */
#include "api.h"

#include <stdlib.h>
#include <string.h>

enum { VARS = 64, TRIES = 6, LARGE = 1000 };

static ad_var vars[VARS];

static ad_tape *tape_of_call(void)
{
    return world_slot(tape_slot())->at;
}

void forget_vars_of(const ad_tape *tape)
{
    for (int i = 0; i < VARS; i++) {
        vars[i] = vars[i].tape == tape ? (ad_var){0} : vars[i];
    }
}

void keep_var(ad_var x)
{
    if (x.tape == NULL) {
        return;
    }
    const int slot = world_slot_of(API_TAPE, x.tape);
    if (slot < 0) {
        apart_broken("a result is on no tape");
    }
    if (!ad_is_dead(x)) {
        if (tape_has_failed(x.tape)) {
            apart_broken("a call failed, but its result is alive: %s", ad_tape_message(x.tape));
        }
        const ad_shape shape = ad_shape_of(x);
        if (!ad_shape_is_valid(&shape) || ad_count(x) != ad_shape_count(&shape) ||
            (unsigned)ad_type_of(x) > AD_I64) {
            apart_broken("a result has no valid shape");
        }
    }
    if (!ad_is_dead(x)) {
        got_good();
    }
    vars[draw_below(VARS)] = x;
}

void keep_vars(int count, const ad_var *x)
{
    for (int i = 0; i < count; i++) {
        keep_var(x[i]);
    }
}

ad_var draw_leaf_of(ad_type type, ad_shape shape)
{
    ad_tape *tape = tape_of_call();
    const size_t count = ad_shape_is_valid(&shape) ? ad_shape_count(&shape) : 0;
    if (shape.rank == 0 && type == AD_F64) {
        return ad_input(tape, draw_number());
    }
    void *elements = count < LARGE ? malloc(count * ad_type_bytes(type)) : NULL;
    if (elements != NULL) {
        fill(type, count, elements);
    }
    const ad_var x = ad_input_array(tape, type, shape, elements);
    free(elements);
    return x;
}

/* One that is no good, or any. */
static ad_var hostile_var(void)
{
    const int kind = draw_below(4);
    ad_var x = vars[draw_below(VARS)];
    if (kind == 0) {
        x = (ad_var){.tape = tape_of_call()};
    } else if (kind == 1) {
        x = ad_literal(draw_number());
    }
    world_borrow(world_slot_of(API_TAPE, x.tape));
    return x;
}

static int is_mine(ad_var x)
{
    return x.tape == tape_of_call() && !ad_is_dead(x);
}

/* One of this tape, if there is one that fits; else a new leaf of the shape. */
static ad_var fitting(int (*fits)(const ad_shape *shape), ad_shape shape)
{
    if (draw_hostile()) {
        return hostile_var();
    }
    for (int i = 0; i < TRIES; i++) {
        const ad_var x = vars[draw_below(VARS)];
        if (is_mine(x)) {
            const ad_shape its = ad_shape_of(x);
            if (ad_type_of(x) != AD_I64 && fits(&its) && ad_count(x) < 100) {
                return x;
            }
        }
    }
    return draw_leaf_of(draw_below(4) == 0 ? AD_F32 : AD_F64, shape);
}

static int is_any(const ad_shape *shape)
{
    (void)shape;
    return 1;
}

static int is_scalar(const ad_shape *shape)
{
    return shape->rank == 0;
}

static int is_vector(const ad_shape *shape)
{
    return shape->rank == 1;
}

static int is_matrix(const ad_shape *shape)
{
    return shape->rank >= 1;
}

static int is_square(const ad_shape *shape)
{
    return shape->rank >= 2 && shape->rank < 4 &&
           shape->len[shape->rank - 1] == shape->len[shape->rank - 2];
}

ad_var draw_var(void)
{
    return draw_below(24) == 0 ? ad_literal(draw_number()) : fitting(is_any, draw_shape());
}

ad_var draw_scalar(void)
{
    return fitting(is_scalar, AD_SCALAR);
}

ad_var draw_vector(void)
{
    return fitting(is_vector, AD_SHAPE(2));
}

ad_var draw_matrix(void)
{
    return fitting(is_matrix, AD_SHAPE(2, 2));
}

ad_var draw_square(void)
{
    const int64_t n = draw_below(4);
    return fitting(is_square, AD_SHAPE(n, n));
}

ad_var draw_indices(void)
{
    if (draw_hostile()) {
        return hostile_var();
    }
    const int64_t n = draw_below(4);
    return draw_leaf_of(AD_I64, draw_flag() ? AD_SCALAR : AD_SHAPE(n));
}

ad_var draw_key(void)
{
    const int64_t key[2] = {(int64_t)draw_bits(), (int64_t)draw_bits()};
    return draw_hostile() ? hostile_var()
                          : ad_input_array(tape_of_call(), AD_I64, AD_SHAPE(2), key);
}

ad_var draw_view(void)
{
    if (draw_hostile()) {
        return hostile_var();
    }
    const ad_shape shape = draw_shape();
    void *memory = draw_memory(AD_F64, shape);
    return ad_input_view(tape_of_call(), AD_F64, shape, memory);
}

/* ---- several ---- */

ad_var *room_vars(int count)
{
    return room((size_t)(count < 0 ? 0 : count) * sizeof(ad_var));
}

const ad_var *draw_vars(int count)
{
    ad_var *x = room_vars(count);
    for (int i = 0; i < count; i++) {
        x[i] = draw_var();
    }
    return x;
}

const ad_var *draw_alike(int count)
{
    ad_var *x = room_vars(count);
    const ad_var first = draw_flag() ? draw_square() : draw_var();
    for (int i = 0; i < count; i++) {
        x[i] = draw_hostile() ? draw_var()
               : i == 0 || !is_mine(first) || draw_flag()
                   ? first
                   : draw_leaf_of(ad_type_of(first), ad_shape_of(first));
    }
    return x;
}

const ad_var *draw_scalars(int count)
{
    ad_var *x = room_vars(count);
    for (int i = 0; i < count; i++) {
        x[i] = draw_scalar();
    }
    return x;
}

const ad_var *draw_leaves(int count)
{
    ad_var *x = room_vars(count);
    for (int i = 0; i < count; i++) {
        x[i] = draw_hostile() ? draw_var()
                              : draw_leaf_of(AD_F64, draw_flag() ? AD_SCALAR : draw_shape());
    }
    return x;
}

const ad_var *draw_tangents(int count, const ad_var *x)
{
    ad_var *v = room_vars(count);
    for (int i = 0; i < count; i++) {
        v[i] = draw_hostile() || !is_mine(x[i]) ? draw_var()
               : draw_flag()                    ? ad_literal(draw_number())
                                                : draw_leaf_of(ad_type_of(x[i]), ad_shape_of(x[i]));
    }
    return v;
}

size_t elements_of(int count, const ad_var *x)
{
    size_t sum = 0;
    for (int i = 0; i < count; i++) {
        sum += x[i].tape == NULL ? 1 : ad_count(x[i]);
    }
    return sum;
}

ad_shape draw_shape_near(void)
{
    const ad_var x = vars[draw_below(VARS)];
    ad_shape shape = x.tape != NULL ? ad_shape_of(x) : draw_shape();
    if (draw_hostile()) {
        return draw_shape();
    }
    if (shape.rank >= 0 && shape.rank < 4 && draw_flag()) {
        shape.len[shape.rank++] = 1 + draw_below(2);
    }
    return shape;
}

/* ---- memory ---- */

/* Elements for a shape, as many as it has; NULL for one that is no shape or too large. */
static int is_small(ad_type type, const ad_shape *shape)
{
    return (unsigned)type <= AD_I64 && ad_shape_is_valid(shape) && ad_shape_count(shape) < LARGE;
}

const void *draw_data(ad_type type, ad_shape shape)
{
    if (!is_small(type, &shape) || draw_below(64) == 0) {
        return NULL;
    }
    return room_for(type, ad_shape_count(&shape));
}

void *draw_memory(ad_type type, ad_shape shape)
{
    const int is_bytes = (int)type == NN_U8;
    if (!is_small(is_bytes ? AD_F64 : type, &shape) || draw_below(64) == 0) {
        return NULL;
    }
    const size_t count = ad_shape_count(&shape);
    void *memory = world_make(API_MEMORY, count * (is_bytes ? 1 : ad_type_bytes(type)));
    fill(type, count, memory);
    return memory;
}
