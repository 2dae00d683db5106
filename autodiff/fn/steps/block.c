/* SPDX-License-Identifier: MIT */
/* Blocks of elementwise operations: all of them run over a tile before the next tile begins, by the
 * same loops as the recording. */
#include "fn/steps/steps_internal.h"

#include <string.h>

/* ---- spreading an operand over a tile: buffer[e] = x[((at + e) / repeat) % period], e < n ---- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* repeat = 1: a row again and again. From whole rows on, what is there is doubled. */
static void spread_rows(const ad__operand *o, size_t bytes, const unsigned char *x, size_t at,
                        size_t n, unsigned char *buffer)
{
    size_t index = at % o->period, done = least(o->period - index, n);
    memcpy(buffer, x + index * bytes, done * bytes);
    for (size_t run; done < n; done += run) {
        int doubles = index == 0;
        run = least(doubles ? done : o->period, n - done);
        memcpy(buffer + done * bytes, doubles ? buffer : x, run * bytes);
    }
}

#define FILL(type, NAME)                                                                           \
    static void NAME(size_t n, const unsigned char *x, unsigned char *buffer)                      \
    {                                                                                              \
        type number, *to = (type *)(void *)buffer;                                                 \
        memcpy(&number, x, sizeof number);                                                         \
        for (size_t i = 0; i < n; i++) {                                                           \
            to[i] = number;                                                                        \
        }                                                                                          \
    }
FILL(double, fill_f64)
FILL(float, fill_f32)

static void spread(const ad__operand *o, size_t bytes, const unsigned char *x, size_t at, size_t n,
                   unsigned char *buffer)
{
    if (o->repeat == 1) {
        spread_rows(o, bytes, x, at, n, buffer);
        return;
    }
    size_t index = at / o->repeat % o->period, run = o->repeat - at % o->repeat;
    for (size_t done = 0; done < n; done += run, run = o->repeat) {
        run = least(run, n - done);
        (bytes == sizeof(double) ? fill_f64 : fill_f32)(run, x + index * bytes,
                                                        buffer + done * bytes);
        index = index + 1 == o->period ? 0 : index + 1;
    }
}

/* Zeros, but x where it is. */
static void place(const ad__operand *o, size_t bytes, const unsigned char *x, size_t at, size_t n,
                  unsigned char *buffer)
{
    size_t first = o->from > at ? least(o->from - at, n) : 0;
    size_t end = o->end > at ? least(o->end - at, n) : 0;
    memset(buffer, 0, n * bytes);
    if (first < end) {
        memcpy(buffer + first * bytes, x + (at + first - o->from) * bytes, (end - first) * bytes);
    }
}

/* ---- running ---- */

/* The addresses of the registers for one tile. */
typedef struct tile {
    const ad__block *b;
    const ad__frame *f;
    unsigned char *buffer;
    size_t bytes, at, n; /* of an element; elements at .. at + n - 1 */
    uint32_t panel_operand;
    const unsigned char *panel; /* element 0 of the space, if the operand is a panel */
} tile;

/* Whether the tile lies within an operand that is placed among zeros. */
static int is_within(const tile *t, const ad__operand *o)
{
    return t->at >= o->from && t->at + t->n <= o->end;
}

static void *buffer_of(const tile *t, uint32_t buffer)
{
    return t->buffer + buffer * t->b->tile * t->bytes;
}

static void *register_of(const tile *t, uint32_t r)
{
    const ad__block *b = t->b;
    if (r >= b->operand_count) {
        uint32_t i = r - b->operand_count;
        return b->cell[i] == AD__NONE ? buffer_of(t, b->buffer[i])
                                      : (unsigned char *)t->f->cell[b->cell[i]] + t->at * t->bytes;
    }
    const ad__operand *o = &b->operands[r];
    if (r == t->panel_operand) {
        return (unsigned char *)t->panel + t->at * t->bytes;
    }
    if (o->end > 0 && is_within(t, o)) {
        return (unsigned char *)t->f->cell[o->cell] + (t->at - o->from) * t->bytes;
    }
    if (o->buffer != AD__NONE) {
        return buffer_of(t, o->buffer);
    }
    return (unsigned char *)t->f->cell[o->cell] + (o->period == 1 ? 0 : t->at * t->bytes);
}

/* A row that a tile holds whole is the same in every tile that begins with a row. */
static void spread_operands(const tile *t, int is_first)
{
    const ad__block *b = t->b;
    for (uint32_t r = 0; r < b->operand_count; r++) {
        const ad__operand *o = &b->operands[r];
        if (o->end > 0) {
            if (!is_within(t, o)) {
                place(o, t->bytes, t->f->cell[o->cell], t->at, t->n, buffer_of(t, o->buffer));
            }
            continue;
        }
        int is_there = !is_first && o->repeat == 1 && b->tile % o->period == 0;
        if (o->buffer != AD__NONE && !is_there) {
            spread(o, t->bytes, t->f->cell[o->cell], t->at, t->n, buffer_of(t, o->buffer));
        }
    }
}

void ad__run_block_range(const ad__block *b, const ad__frame *f, size_t first, size_t end,
                         unsigned char *buffer, uint32_t panel_operand, const void *panel)
{
    if (b->native != NULL) {
        const unsigned char *elements = panel;
        b->native(f->cell, first, end,
                  elements != NULL ? elements + first * ad_type_bytes(b->type) : NULL);
        return;
    }
    tile t = {.b = b,
              .f = f,
              .buffer = buffer,
              .bytes = ad_type_bytes(b->type),
              .panel_operand = panel_operand,
              .panel = panel};
    for (t.at = first; t.at < end; t.at += t.n) {
        t.n = least(b->tile, end - t.at);
        spread_operands(&t, t.at == first);
        for (uint32_t i = 0; i < b->op_count; i++) {
            const ad__block_op *op = &b->ops[i];
            const void *x[3];
            for (uint32_t a = 0; a < op->count; a++) {
                x[a] = register_of(&t, op->x[a]);
            }
            op->loop(t.n, x, op->step, register_of(&t, b->operand_count + i));
        }
    }
}

size_t ad__block_buffer(const ad__block *b)
{
    return b->buffer_count * b->tile * ad_type_bytes(b->type);
}

static size_t block_units(const ad__step *s)
{
    const ad__block *b = s->plan;
    return (b->count + b->tile - 1) / b->tile;
}

static ad_status block_run(const ad__step *s, const ad__frame *f, size_t first, size_t end,
                           unsigned char *buffer)
{
    const ad__block *b = s->plan;
    ad__run_block_range(b, f, first * b->tile, least(end * b->tile, b->count), buffer, AD__NONE,
                        NULL);
    return AD_OK;
}

const ad__step_kind ad__block_kind = {"block", block_units, block_run, NULL};
