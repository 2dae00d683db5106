/* SPDX-License-Identifier: MIT */
/* A scalar function over rows: every operation runs over a tile of rows, by the loop of its row in
 * the catalogue, before the next operation. Rows divide as the elements of ad_sum do, into pieces
 * and these into leaves, so that sums over rows have its tree. */
#include "map.h"

#include "kernels/rows_internal.h"
#include "fn/native/native_internal.h"
#include "fn/passes/passes_internal.h"

#include <string.h>

enum {
    ROOM_BYTES = 32 << 10, /* of all tiles: they stay in an L1 cache */
    LEAST_TILE = 32,
    PIECES = 64, /* at most: what threads share */
    LEVELS = 64  /* of a tree, at most */
};

/* A register is a tile of one value. Constants and views take a step of 0, inputs too where all
 * rows have the same number. */
typedef struct lane {
    uint32_t buffer;      /* AD__NONE: an input, a view or a constant */
    uint32_t input;       /* AD__NONE: no input */
    const double *number; /* of a constant or view */
} lane;

typedef struct lane_op {
    ad__loop *loop;
    uint32_t count, z, x[3];
} lane_op;

typedef struct piece {
    size_t first, count;
} piece;

/* What one part of a run works in. */
typedef struct part {
    const void **at; /* by value: its tile */
    size_t *step;
    double *tiles;
    double *sums;   /* of an output: a leaf of elements */
    double *levels; /* sums on the way up the tree */
} part;

struct ad_map {
    ad_allocator allocator;
    ad__program program;
    ad__arena arena;
    lane *lanes; /* by value */
    lane_op *ops;
    uint32_t op_count, buffer_count;
    size_t tile;
    int threads;
    const char *compiler; /* while it is made */
    ad__native_rows native;
    part *parts;
    ad__thread_pool *pool;
    piece pieces[PIECES];
    uint32_t piece_count;
    double *totals; /* [PIECES][outputs] */
    /* of the run at hand */
    const ad_column *in;
    const ad_target *out;
    uint32_t part_count;
};

/* ---- compiling ---- */

static ad_status check(ad_tape *tape, const ad__program *p)
{
    for (ad__id id = 0; id < p->count; id++) {
        const ad__value *v = &p->values[id];
        if (!ad__in_slot(v) || !(ad__is_leaf(v) || ad__is_elementwise(v))) {
            return ad_tape_fail(tape, AD_ERR_UNSUPPORTED, "ad_map_new", v->site,
                                "%s is not an operation on f64 scalars; a map takes these alone",
                                v->op->name);
        }
    }
    if (p->store_count > 0) {
        return ad_tape_fail(tape, AD_ERR_STATE, "ad_map_new", NULL,
                            "the recording assigns to a view; set .no_assign to leave that out");
    }
    return AD_OK;
}

/* The last reader of each value, the end for outputs. */
static void find_readers(const ad__program *p, ad__id *reader)
{
    for (ad__id id = 0; id < p->count; id++) {
        const ad__value *v = &p->values[id];
        for (uint32_t i = 0; i < v->count; i++) {
            reader[p->args[v->first + i]] = id;
        }
    }
    for (uint32_t i = 0; i < p->output_count; i++) {
        reader[p->outputs[i]] = AD__NONE;
    }
}

/* Tiles are given back by their last reader, after it has one of its own. */
static void take_values(ad_map *m, const ad__id *reader, uint32_t *free_buffers)
{
    const ad__program *p = &m->program;
    uint32_t free_count = 0;
    for (ad__id id = 0; id < p->count; id++) {
        const ad__value *v = &p->values[id];
        lane *own = &m->lanes[id];
        *own = (lane){AD__NONE, AD__NONE, v->attributes};
        if (ad__code_of(v) == AD__INPUT) {
            own->input = id;
        }
        if (!ad__is_elementwise(v)) {
            continue;
        }
        own->buffer = free_count > 0 ? free_buffers[--free_count] : m->buffer_count++;
        lane_op *op = &m->ops[m->op_count++];
        *op = (lane_op){.loop = v->op->loop[AD_F64], .count = v->count, .z = id};
        for (uint32_t i = 0; i < v->count; i++) {
            ad__id x = op->x[i] = p->args[v->first + i];
            int again = (i > 0 && x == op->x[0]) || (i > 1 && x == op->x[1]);
            if (m->lanes[x].buffer != AD__NONE && reader[x] == id && !again) {
                free_buffers[free_count++] = m->lanes[x].buffer;
            }
        }
    }
}

/* Of a native function only outputs have tiles. */
static void keep_outputs(ad_map *m)
{
    const ad__program *p = &m->program;
    m->buffer_count = 0;
    for (ad__id id = 0; id < p->count; id++) {
        m->lanes[id].buffer = AD__NONE;
    }
    for (uint32_t i = 0; i < p->output_count; i++) {
        if (ad__is_elementwise(&p->values[p->outputs[i]]) &&
            m->lanes[p->outputs[i]].buffer == AD__NONE) {
            m->lanes[p->outputs[i]].buffer = m->buffer_count++;
        }
    }
}

static ad_status make_parts(ad_map *m)
{
    size_t n = (size_t)m->program.count + 1, outputs = (size_t)m->program.output_count + 1;
    const size_t buffers = m->buffer_count + (size_t)m->program.input_count;
    m->parts = ad__table(&m->arena, (size_t)m->threads, AD__UNFILLED, part);
    m->totals = ad__table(&m->arena, PIECES * outputs, AD__UNFILLED, double);
    for (int i = 0; i < m->threads && m->parts != NULL; i++) {
        m->parts[i] =
            (part){.at = ad__table(&m->arena, n, AD__UNFILLED, const void *),
                   .step = ad__table(&m->arena, n, AD__UNFILLED, size_t),
                   .tiles = ad__table(&m->arena, buffers * m->tile, AD__UNFILLED, double),
                   .sums = ad__table(&m->arena, outputs * AD__SUM_LEAF, AD__UNFILLED, double),
                   .levels = ad__table(&m->arena, LEVELS * outputs, AD__UNFILLED, double)};
    }
    return ad__arena_status(&m->arena);
}

static ad_status compile(ad_map *m, const ad__capture *capture)
{
    ad__program *p = &m->program;
    ad_status status = ad__capture_program(capture, p);
    if (status == AD_OK) {
        status = ad__optimise(p, NULL);
    }
    if (status == AD_OK) {
        status = check(capture->tape, p);
    }
    if (status != AD_OK) {
        return status;
    }
    size_t n = (size_t)p->count + 1;
    ad__id *reader = ad__resize_array(&m->allocator, NULL, n, 2 * sizeof *reader);
    m->lanes = ad__table(&m->arena, n, AD__UNFILLED, lane);
    m->ops = ad__table(&m->arena, n, AD__UNFILLED, lane_op);
    status = reader != NULL ? ad__arena_status(&m->arena) : AD_ERR_MEMORY;
    if (status == AD_OK) {
        find_readers(p, reader);
        take_values(m, reader, reader + n);
    }
    ad__resize(&m->allocator, reader, 0);
    if (status != AD_OK) {
        return status;
    }
    if (m->compiler != NULL && m->op_count > 0) {
        status = ad__native_rows_make(p, m->compiler, &m->native);
    }
    if (status != AD_OK) {
        return status;
    }
    if (m->native.library != NULL) {
        keep_outputs(m);
    }
    size_t most = ROOM_BYTES / sizeof(double) / (m->buffer_count + 1);
    most = most / LEAST_TILE * LEAST_TILE;
    m->tile = most < LEAST_TILE ? LEAST_TILE : most > AD__SUM_LEAF ? AD__SUM_LEAF : most;
    return make_parts(m);
}

ad_map *ad_map_new(ad_tape *tape, int in_count, const ad_var *in, int out_count, const ad_var *out,
                   const ad_fn_options *options)
{
    static const ad_fn_options usual = {0};
    const ad_fn_options *o = options != NULL ? options : &usual;
    ad_allocator allocator = o->allocator != NULL ? *o->allocator : ad_allocator_default();
    if (tape == NULL || ad_tape_status(tape) != AD_OK) {
        return NULL;
    }
    if (o->guard || o->resizable || o->memory > 0) {
        ad_tape_fail(tape, AD_ERR_UNSUPPORTED, "ad_map_new", NULL, "%s",
                     o->guard ? "a map has no guard; take the conditions as outputs"
                     : o->resizable
                         ? "a map takes any number of rows; leave out .resizable"
                         : "a map holds tiles of rows alone, and its memory has no limit; "
                           "leave out .memory");
        return NULL;
    }
    ad_map *m = ad__resize(&allocator, NULL, sizeof *m);
    if (m == NULL) {
        ad_tape_fail(tape, AD_ERR_MEMORY, "ad_map_new", NULL, "out of memory");
        return NULL;
    }
    *m = (ad_map){.allocator = allocator,
                  .threads = o->threads < 1        ? 1
                             : o->threads < PIECES ? o->threads
                                                   : PIECES,
                  .compiler = o->native};
    ad__program_init(&m->program, &allocator);
    ad__arena_init(&m->arena, allocator);
    ad_status status =
        compile(m, &(ad__capture){tape, in_count, out_count, in, out, o->no_assign, 0, 0});
    if (status == AD_OK && m->threads > 1) {
        m->pool = ad__thread_pool_new(m->threads, &allocator);
        status = m->pool != NULL ? AD_OK : AD_ERR_MEMORY;
    }
    if (status != AD_OK) {
        ad_tape_fail(tape, status, "ad_map_new", NULL, "out of memory"); /* the first error stays */
        ad_map_free(m);
        return NULL;
    }
    return m;
}

void ad_map_free(ad_map *m)
{
    if (m != NULL) {
        ad_allocator allocator = m->allocator;
        ad__thread_pool_free(m->pool);
        ad__library_close(m->native.library);
        ad__program_clear(&m->program);
        ad__arena_clear(&m->arena);
        ad__resize(&allocator, m, 0);
    }
}

int ad_map_is_native(const ad_map *m)
{
    return m != NULL && m->native.library != NULL;
}

/* ---- a tile ---- */

/* An input's rows first .. first + n - 1, in place where they lie together. A native function takes
 * a number of each row, be it the same. */
static void set_input(const ad_map *m, const part *own, ad__id id, size_t first, size_t n)
{
    const ad_column *c = &m->in[m->lanes[id].input];
    own->step[id] = c->step != 0 || m->native.library != NULL;
    own->at[id] = c->data + (ptrdiff_t)first * c->step;
    if (c->step != (ptrdiff_t)own->step[id]) {
        double *tile = own->tiles + (m->buffer_count + m->lanes[id].input) * m->tile;
        for (size_t i = 0; i < n; i++) {
            tile[i] = c->data[(ptrdiff_t)(first + i) * c->step];
        }
        own->at[id] = tile;
    }
}

/* A result goes where it is wanted, if rows lie together there. */
static void place_output(const ad_map *m, const part *own, uint32_t output, size_t first)
{
    ad__id id = m->program.outputs[output];
    const ad_target *t = &m->out[output];
    if (t->step == 1 && m->lanes[id].buffer != AD__NONE) {
        own->at[id] = t->data + first;
    }
}

/* An output of rows first .. first + n - 1; `in_leaf` is where they begin in the leaf. */
static void put_output(const ad_map *m, const part *own, uint32_t output, size_t first,
                       size_t in_leaf, size_t n)
{
    ad__id id = m->program.outputs[output];
    const ad_target *t = &m->out[output];
    const double *from = own->at[id];
    double *to = t->step != 0 ? t->data + (ptrdiff_t)first * t->step
                              : own->sums + output * AD__SUM_LEAF + in_leaf;
    ptrdiff_t step = t->step != 0 ? t->step : 1;
    if (from == to) {
        return;
    }
    if (own->step[id] == 1 && step == 1) {
        memcpy(to, from, n * sizeof *to);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        to[(ptrdiff_t)i * step] = from[i * own->step[id]];
    }
}

static void run_tile(const ad_map *m, const part *own, size_t first, size_t in_leaf, size_t n)
{
    const ad__program *p = &m->program;
    for (uint32_t i = 0; i < p->input_count; i++) {
        set_input(m, own, p->inputs[i], first, n);
    }
    if (m->native.library != NULL) {
        for (uint32_t j = 0; j < p->output_count; j++) {
            place_output(m, own, j, first);
        }
        m->native.run(n, own->at);
    }
    for (uint32_t j = 0; j < m->op_count && m->native.library == NULL; j++) {
        const lane_op *op = &m->ops[j];
        const void *x[3];
        size_t step[3];
        for (uint32_t i = 0; i < op->count; i++) {
            x[i] = own->at[op->x[i]];
            step[i] = own->step[op->x[i]];
        }
        op->loop(n, x, step, own->tiles + m->lanes[op->z].buffer * m->tile);
    }
    for (uint32_t j = 0; j < p->output_count; j++) {
        put_output(m, own, j, first, in_leaf, n);
    }
}

/* ---- rows ---- */

static void run_leaf(const ad_map *m, const part *own, size_t first, size_t count, double *sums)
{
    for (size_t done = 0, n; done < count; done += n) {
        n = count - done < m->tile ? count - done : m->tile;
        run_tile(m, own, first + done, done, n);
    }
    for (uint32_t j = 0; j < m->program.output_count; j++) {
        sums[j] = 0;
        if (m->out[j].step == 0) {
            const size_t row[] = {1, count};
            const void *const x[] = {own->sums + j * AD__SUM_LEAF};
            ad__rows_f64.sum(&(ad__args){.n = row, .x = x, .z = &sums[j]});
        }
    }
}

/* sums[j] of rows first .. first + count - 1; what is below works in `levels`. */
static void run_rows(const ad_map *m, const part *own, size_t first, size_t count, double *sums,
                     double *levels)
{
    uint32_t outputs = m->program.output_count;
    if (count <= AD__SUM_LEAF) {
        run_leaf(m, own, first, count, sums);
        return;
    }
    size_t half = ad__sum_half(count);
    run_rows(m, own, first, half, sums, levels + outputs);
    run_rows(m, own, first + half, count - half, levels, levels + outputs);
    for (uint32_t j = 0; j < outputs; j++) {
        sums[j] += levels[j]; /* of an output that is not summed, nothing */
    }
}

static void divide(ad_map *m, size_t first, size_t count, int depth)
{
    if (count <= AD__SUM_LEAF || depth == 0) {
        m->pieces[m->piece_count++] = (piece){first, count};
        return;
    }
    size_t half = ad__sum_half(count);
    divide(m, first, half, depth - 1);
    divide(m, first + half, count - half, depth - 1);
}

/* Adds up the totals of the pieces from *at on, in the places of the first; the same way down. */
static double *join(const ad_map *m, uint32_t *at, size_t count, int depth)
{
    uint32_t outputs = m->program.output_count;
    if (count <= AD__SUM_LEAF || depth == 0) {
        return m->totals + (*at)++ * outputs;
    }
    size_t half = ad__sum_half(count);
    double *sums = join(m, at, half, depth - 1);
    const double *more = join(m, at, count - half, depth - 1);
    for (uint32_t j = 0; j < outputs; j++) {
        sums[j] += more[j];
    }
    return sums;
}

static void run_pieces(void *context, int number)
{
    ad_map *m = context;
    const part *own = &m->parts[number];
    uint32_t outputs = m->program.output_count, parts = m->part_count;
    uint32_t first = m->piece_count * (uint32_t)number / parts;
    uint32_t end = m->piece_count * ((uint32_t)number + 1) / parts;
    for (ad__id id = 0; id < m->program.count; id++) {
        own->step[id] = m->lanes[id].buffer != AD__NONE;
        own->at[id] =
            own->step[id] ? own->tiles + m->lanes[id].buffer * m->tile : m->lanes[id].number;
    }
    for (uint32_t i = first; i < end; i++) {
        run_rows(m, own, m->pieces[i].first, m->pieces[i].count, m->totals + i * outputs,
                 own->levels);
    }
}

void ad_map_run(ad_map *m, size_t rows, const ad_column *in, const ad_target *out)
{
    enum { DEPTH = 6 };
    if (m == NULL) {
        return;
    }
    uint32_t outputs = m->program.output_count, at = 0;
    m->in = in;
    m->out = out;
    m->piece_count = 0;
    memset(m->totals, 0, PIECES * outputs * sizeof *m->totals);
    if (rows > 0) {
        divide(m, 0, rows, DEPTH);
    }
    m->part_count = (uint32_t)m->threads < m->piece_count ? (uint32_t)m->threads : m->piece_count;
    if (m->part_count > 1) {
        ad__thread_pool_run(m->pool, (int)m->part_count, run_pieces, m);
    } else if (m->part_count == 1) {
        run_pieces(m, 0);
    }
    const double *sums = rows > 0 ? join(m, &at, rows, DEPTH) : m->totals;
    for (uint32_t j = 0; j < outputs; j++) {
        if (out[j].step == 0) {
            out[j].data[0] = sums[j];
        }
    }
}
