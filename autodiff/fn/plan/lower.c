/* SPDX-License-Identifier: MIT */
/* Makes the step of a group of values. */
#include "fn/plan/plan_internal.h"

#include <string.h>

enum {
    TILE_BYTES = 4096,           /* of a register: 512 f64 */
    TILES_BYTES = 24 << 10,      /* of all rooms of a block: half of an L1 cache */
    LEAST_TILE = 64,             /* elements */
    PANEL_BYTES = 256 << 10,     /* of a product's result: stays in L2 with what it meets there */
    SMALL_PANEL_BYTES = 64 << 10 /* in a buffer, if no panel costs more than its own rows */
};

static const ad__value *value(const plan *p, ad__id id)
{
    return &p->program->values[id];
}

static int add_step(plan *p, const ad__step_kind *kind, void *step, double work)
{
    if (step == NULL) {
        return 0;
    }
    p->out->steps[p->out->step_count++] = (ad__step){kind, step, work};
    return 1;
}

/* ---- calls ---- */

static int make_call(plan *p, uint32_t group)
{
    ad__id id = p->g->group[group].first;
    const ad__value *v = value(p, id);
    ad__call_step *c = ad__arena_take(p->arena, sizeof *c);
    uint32_t *x = ad__arena_take(p->arena, v->count * sizeof *x);
    const ad__spec **specs = ad__arena_take(p->arena, v->count * sizeof *specs);
    ad__array *arrays = ad__arena_take(p->scratch, v->count * sizeof *arrays);
    if (c == NULL || x == NULL || specs == NULL || arrays == NULL) {
        return 0;
    }
    for (uint32_t i = 0; i < v->count; i++) {
        ad__id from = p->program->args[v->first + i];
        specs[i] = value(p, from)->spec;
        arrays[i] = (ad__array){specs[i], NULL};
        x[i] = ad__cell_of(p, from);
    }
    ad__place_result(p, id, group);
    *c = (ad__call_step){.op = v->op,
                         .attributes = v->attributes,
                         .site = v->site,
                         .id = id,
                         .spec = *v->spec,
                         .count = (int)v->count,
                         .specs = specs,
                         .x = x,
                         .z = p->cell[id]};
    size_t scratch = ad__call_scratch(c, arrays);
    p->out->call_bytes = scratch > p->out->call_bytes ? scratch : p->out->call_bytes;
    return add_step(p, &ad__call_kind, c, 0);
}

/* ---- runs of scalars ---- */

/* Gives slots back as soon as the run has read them for the last time. */
static void release_slots(plan *p, uint32_t group, ad__id reader)
{
    const ad__value *v = value(p, reader);
    for (uint32_t i = 0; i < v->count; i++) {
        ad__id x = p->g->root[p->program->args[v->first + i]];
        if (p->reader[x] == reader && !ad__is_leaf(value(p, x)) && !p->released[x] &&
            p->last_use[x] == p->position[group]) {
            p->released[x] = 1;
            p->free_slots[p->free_slot_count++] = p->slot[x];
        }
    }
}

static int make_scalars(plan *p, uint32_t group)
{
    const ad__group *g = &p->g->group[group];
    ad__scalars *run = ad__arena_take(p->arena, sizeof *run);
    ad__scalar_op *op = ad__arena_take(p->arena, (g->count + 1) * sizeof *op);
    ad__id *ids = ad__arena_take(p->arena, g->count * sizeof *ids);
    if (run == NULL || op == NULL || ids == NULL) {
        return 0;
    }
    *run = (ad__scalars){g->count, op, ids};
    for (ad__id id = g->first; id != AD__NONE; id = p->g->next[id]) {
        const ad__value *v = value(p, id);
        for (uint32_t i = 0; i < v->count; i++) {
            p->reader[p->g->root[p->program->args[v->first + i]]] = id;
        }
    }
    for (ad__id id = g->first; id != AD__NONE; id = p->g->next[id], op++) {
        const ad__value *v = value(p, id);
        *op = (ad__scalar_op){.code = ad__code_of(v)};
        for (uint32_t i = 0; i < v->count; i++) {
            op->x[i] = ad__slot_of(p, p->g->root[p->program->args[v->first + i]]);
        }
        release_slots(p, group, id);
        ad__place_result(p, id, group);
        op->z = p->slot[id];
        *ids++ = id;
    }
    *op = (ad__scalar_op){.code = AD__STRUCTURED};
    return add_step(p, &ad__scalars_kind, run, 0);
}

/* ---- blocks ---- */

/* A block while it is made. Until the operands are counted, an argument that is the result of
 * operation j of the block is RESULT + j. */
enum { RESULT = 1 << 16 };
typedef struct maker {
    plan *p;
    uint32_t group;
    ad__block *b;
    const ad__spec *spec;
    uint32_t product; /* the operand that is the group's product, or AD__NONE */
    uint8_t *buffer_in_use;
} maker;

/* The register of an argument that the block does not compute: one for each way of reading it. */
static uint32_t operand_of(maker *m, ad__id x)
{
    ad__block *b = m->b;
    ad__id root = m->p->g->root[x];
    int is_product = m->p->g->of[root] == m->group;
    ad__operand o = {.cell = is_product ? m->p->cell[root] : ad__cell_of(m->p, x),
                     .buffer = AD__NONE};
    ad__spread_of(value(m->p, x)->spec, m->spec, &o.repeat, &o.period);
    const ad__part *part = ad__part_of(m->p->g, x);
    if (part->placed != SIZE_MAX) {
        const ad__value *v = value(m->p, x);
        o.from = part->placed;
        o.end = o.from + value(m->p, m->p->program->args[v->first])->spec->count;
    }
    if (is_product && m->product != AD__NONE) {
        return m->product;
    }
    for (uint32_t r = 0; r < b->operand_count && !is_product; r++) {
        const ad__operand *known = &b->operands[r];
        if (known->cell == o.cell && known->repeat == o.repeat && known->period == o.period &&
            known->from == o.from && known->end == o.end) {
            return r;
        }
    }
    if (is_product) {
        m->product = b->operand_count;
    }
    int in_place = o.end == 0 && (o.period == 1 || (o.repeat == 1 && o.period == m->spec->count));
    o.buffer = in_place ? AD__NONE : b->buffer_count++;
    b->operands[b->operand_count] = o;
    return b->operand_count++;
}

/* The operations with their arguments, and the operands on the way. */
static void take_operations(maker *m)
{
    plan *p = m->p;
    ad__block *b = m->b;
    for (ad__id id = p->g->group[m->group].first; id != AD__NONE; id = p->g->next[id]) {
        const ad__value *v = value(p, id);
        if (!ad__is_elementwise(v)) {
            continue;
        }
        ad__block_op *op = &b->ops[b->op_count];
        *op =
            (ad__block_op){.op = v->op, .loop = v->op->loop[b->type], .id = id, .count = v->count};
        for (uint32_t i = 0; i < v->count; i++) {
            ad__id from = p->program->args[v->first + i], x = p->g->root[from];
            int is_inside = p->g->of[x] == m->group && ad__is_elementwise(value(p, x));
            op->x[i] = is_inside ? RESULT + p->where[x] : operand_of(m, from);
            if (is_inside) {
                p->reader[x] = id;
            }
        }
        p->where[id] = b->op_count++;
    }
}

static uint32_t take_buffer(maker *m)
{
    uint32_t buffer = 0;
    while (m->buffer_in_use[buffer]) {
        buffer++;
    }
    m->buffer_in_use[buffer] = 1;
    m->b->buffer_count = buffer + 1 > m->b->buffer_count ? buffer + 1 : m->b->buffer_count;
    return buffer;
}

/* Cells for the results that others read, tiles for the rest, each until its last reader. */
static void place_results(maker *m)
{
    plan *p = m->p;
    ad__block *b = m->b;
    memset(m->buffer_in_use, 1, b->buffer_count);
    for (ad__id id = p->g->group[m->group].first; id != AD__NONE; id = p->g->next[id]) {
        const ad__value *v = value(p, id);
        if (!ad__is_elementwise(v)) {
            continue;
        }
        uint32_t j = p->where[id];
        ad__place_result(p, id, m->group);
        b->cell[j] = p->cell[id];
        b->buffer[j] = b->cell[j] == AD__NONE ? take_buffer(m) : AD__NONE;
        for (uint32_t i = 0; i < v->count; i++) {
            ad__id x = p->g->root[p->program->args[v->first + i]];
            int is_last = b->ops[j].x[i] >= RESULT && p->reader[x] == id;
            if (is_last && b->buffer[p->where[x]] != AD__NONE) {
                m->buffer_in_use[b->buffer[p->where[x]]] = 0;
            }
        }
    }
}

static void number_registers(ad__block *b)
{
    for (uint32_t j = 0; j < b->op_count; j++) {
        ad__block_op *op = &b->ops[j];
        for (uint32_t i = 0; i < op->count; i++) {
            int is_inside = op->x[i] >= RESULT;
            op->x[i] = is_inside ? op->x[i] - RESULT + b->operand_count : op->x[i];
            op->step[i] =
                is_inside || b->operands[op->x[i]].period != 1 || b->operands[op->x[i]].end > 0;
        }
    }
}

/* Whole rows of the operands that are spread out, if a tile can hold them. */
static size_t tile_of(const ad__block *b)
{
    size_t bytes = ad_type_bytes(b->type), tile = TILE_BYTES / bytes, row = 1;
    size_t rooms = b->buffer_count > 0 ? b->buffer_count : 1;
    if (tile > TILES_BYTES / bytes / rooms) {
        tile = TILES_BYTES / bytes / rooms;
    }
    tile = tile < LEAST_TILE ? LEAST_TILE : tile;
    for (uint32_t r = 0; r < b->operand_count; r++) {
        const ad__operand *o = &b->operands[r];
        size_t own = o->repeat * o->period;
        row = o->buffer != AD__NONE && o->end == 0 && own > row ? own : row;
    }
    tile = row <= tile ? tile / row * row : tile;
    return b->count == 0 || tile < b->count ? tile : b->count;
}

/* NULL without memory. */
static ad__block *block_of(plan *p, uint32_t group, uint32_t *product)
{
    const ad__group *g = &p->g->group[group];
    ad__block *b = ad__arena_take(p->arena, sizeof *b);
    maker m = {.p = p, .group = group, .b = b, .product = AD__NONE};
    m.spec = value(p, g->last)->spec;
    m.buffer_in_use = ad__arena_take(p->scratch, 4 * (size_t)g->count);
    if (b == NULL || m.buffer_in_use == NULL) {
        return NULL;
    }
    *b = (ad__block){.type = m.spec->type, .count = m.spec->count};
    b->operands = ad__arena_take(p->arena, 3 * g->count * sizeof *b->operands);
    b->ops = ad__arena_take(p->arena, g->count * sizeof *b->ops);
    b->buffer = ad__arena_take(p->arena, g->count * sizeof *b->buffer);
    b->cell = ad__arena_take(p->arena, g->count * sizeof *b->cell);
    if (b->operands == NULL || b->ops == NULL || b->buffer == NULL || b->cell == NULL) {
        return NULL;
    }
    memset(m.buffer_in_use, 0, 4 * (size_t)g->count);
    take_operations(&m);
    place_results(&m);
    number_registers(b);
    b->tile = tile_of(b);
    *product = m.product;
    return b;
}

static int make_block(plan *p, uint32_t group)
{
    uint32_t product;
    ad__block *b = block_of(p, group, &product);
    if (b == NULL) {
        return 0;
    }
    size_t buffer = ad__block_buffer(b);
    p->out->buffer_bytes = buffer > p->out->buffer_bytes ? buffer : p->out->buffer_bytes;
    return add_step(p, &ad__block_kind, b, (double)b->count * b->op_count);
}

/* ---- products ---- */

/* Rows of a panel, in units. Each one transposes all of y anew. */
static int64_t panel_of(const ad__product *p)
{
    int is_small = p->over == AD__NONE && !p->gemm.transpose_b;
    int64_t bytes = is_small ? SMALL_PANEL_BYTES : PANEL_BYTES;
    int64_t row = p->gemm.n * (int64_t)ad_type_bytes(p->type);
    int64_t rows = row > 0 ? bytes / row / p->unit * p->unit : p->unit;
    return rows < p->unit ? p->unit : rows;
}

/* Whether cells may be in the same memory. */
static int may_overlap(const ad__cell *a, const ad__cell *b)
{
    return a->home == b->home && a->at == b->at && a->memory == b->memory;
}

/* Where a result of the block will be and nothing is that the block reads, unless it reads the
 * product after that result. */
static uint32_t over_of(const plan *p, const ad__block *b, uint32_t product)
{
    uint32_t last = 0; /* reader of the product */
    for (uint32_t j = 0; j < b->op_count; j++) {
        for (uint32_t i = 0; i < b->ops[j].count; i++) {
            last = b->ops[j].x[i] == product ? j : last;
        }
    }
    for (uint32_t j = last; j < b->op_count; j++) {
        int is_free = b->cell[j] != AD__NONE;
        for (uint32_t r = 0; r < b->operand_count && is_free; r++) {
            is_free = r == product ||
                      !may_overlap(&p->out->cells[b->operands[r].cell], &p->out->cells[b->cell[j]]);
        }
        if (is_free) {
            return b->cell[j];
        }
    }
    return AD__NONE;
}

static int make_product(plan *p, uint32_t group)
{
    const ad__group *g = &p->g->group[group];
    const ad__value *v = value(p, g->first);
    const ad__id *args = p->program->args + v->first;
    ad__product *product = ad__arena_take(p->arena, sizeof *product);
    if (product == NULL) {
        return 0;
    }
    *product = (ad__product){.type = v->spec->type,
                             .id = g->first,
                             .x = ad__cell_of(p, args[0]),
                             .y = ad__cell_of(p, args[1]),
                             .operand = AD__NONE,
                             .over = AD__NONE};
    (void)ad__gemm_of(p->program, v, &product->gemm); /* it is one, or were no such group */
    product->unit = ad__gemm_granule(&product->gemm, v->spec->type == AD_F64);
    ad__place_result(p, g->first, group);
    product->z = p->cell[g->first];
    if (g->count > 1) {
        product->block = block_of(p, group, &product->operand);
        if (product->block == NULL) {
            return 0;
        }
        product->over =
            product->z == AD__NONE ? over_of(p, product->block, product->operand) : AD__NONE;
    }
    product->panel = panel_of(product);
    size_t buffer = ad__product_buffer(product);
    p->out->buffer_bytes = buffer > p->out->buffer_bytes ? buffer : p->out->buffer_bytes;
    const ad__gemm *s = &product->gemm;
    return add_step(p, &ad__product_kind, product, (double)s->m * (double)s->n * (double)s->k / 8);
}

int ad__make_step(plan *p, uint32_t group)
{
    static int (*const make[])(plan *, uint32_t) = {[AD__GROUP_CALL] = make_call,
                                                    [AD__GROUP_SCALARS] = make_scalars,
                                                    [AD__GROUP_BLOCK] = make_block,
                                                    [AD__GROUP_PRODUCT] = make_product};
    return make[p->g->group[group].form](p, group);
}
