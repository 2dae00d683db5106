/* SPDX-License-Identifier: MIT */
/* Brings values together that run as one step.
 *
 * Scalars of f64 form runs. Elementwise operations of one type and shape form blocks, and a block
 * whose argument is a matrix product may follow it panel by panel. Everything else is a call.
 *
 * An elementwise value waits ("floats") until somebody needs it, and then comes with what it is
 * made of into one block; or it joins the group of an argument that has not run yet. A group runs
 * when a value outside needs one of its own: its arguments have run by then, since a value that
 * joins makes every other group that it reads run first. */
#include "fn/steps/steps_internal.h"

#include <string.h>

enum { LARGEST = 64 }; /* values in a block */

typedef struct fuse {
    const ad__program *p;
    ad__groups *g;
    uint8_t *open;     /* by group: it has not run */
    uint32_t *waiting; /* products for updates, which run when another operation comes */
    uint32_t waiting_count, order_count;
    uint32_t scalars; /* the open run, or AD__NONE */
    uint8_t *floats;  /* by value: how many values would come with it; 0: it does not float */
    uint8_t *updates; /* by value: it serves stores alone */
    uint8_t *rigid;   /* by value: something else than blocks of its own shape reads it */
    uint8_t *joined;  /* by value: a block of its own shape reads it */
    uint8_t *final;   /* by value: nothing reads it, it is an output alone */
} fuse;

static const ad__value *value(const fuse *f, ad__id id)
{
    return &f->p->values[id];
}

/* ---- values by what they are ---- */

static int is_f64_scalar(const ad__spec *spec)
{
    return spec->type == AD_F64 && spec->shape.rank == 0;
}

int ad__in_slot(const ad__value *v)
{
    return is_f64_scalar(v->spec);
}

/* Element i of the larger shape is element (i / repeat) % period of the smaller one, if what is
 * repeated is all before or all after its own axes; else 0. */
int ad__spread_of(const ad__spec *small, const ad__spec *large, size_t *repeat, size_t *period)
{
    const ad_shape *s = &small->shape, *l = &large->shape;
    size_t inner = 1;
    int at = l->rank - 1, missing = l->rank - s->rank;
    *period = small->count;
    if (small->count == large->count || small->count == 1) {
        *repeat = 1;
        return 1;
    }
    for (; at >= missing && s->len[at - missing] == 1; at--) {
        inner *= (size_t)l->len[at];
    }
    for (; at >= missing && s->len[at - missing] == l->len[at]; at--) {
    }
    for (; at >= 0; at--) {
        if (at >= missing && s->len[at - missing] != 1) {
            return 0;
        }
    }
    *repeat = inner;
    return 1;
}

int ad__gemm_of(const ad__program *p, const ad__value *v, ad__gemm *gemm)
{
    if (v->op->product == NULL) {
        return 0;
    }
    const ad__id *args = ad__arguments(p, v);
    const ad__array x[2] = {{p->values[args[0]].spec, NULL}, {p->values[args[1]].spec, NULL}};
    const ad__call call = {
        .count = 2, .x = x, .attributes = v->attributes, .spec = *v->spec, .threads = 1};
    return v->op->product(&call, gemm);
}

/* Whether a value is its argument among zeros, and blocks of its own shape alone read it, so that
 * they can add the zeros themselves. */
static int is_placed(const fuse *f, ad__id id, size_t *first)
{
    const ad__value *v = value(f, id);
    if (v->op->placed == NULL || f->rigid[id] || v->spec->type == AD_I64) {
        return 0;
    }
    const ad__array x = {value(f, f->p->args[v->first])->spec, NULL};
    const ad__call call = {.count = 1, .x = &x, .attributes = v->attributes, .spec = *v->spec};
    return v->op->placed(&call, first);
}

static int is_scalar_row(const fuse *f, const ad__value *v)
{
    int is = ad__is_elementwise(v) && is_f64_scalar(v->spec);
    for (uint32_t i = 0; i < v->count && is; i++) {
        is = is_f64_scalar(value(f, f->g->root[f->p->args[v->first + i]])->spec);
    }
    return is;
}

static int is_block_row(const fuse *f, const ad__value *v)
{
    int is = ad__is_elementwise(v);
    size_t repeat, period;
    for (uint32_t i = 0; i < v->count && is; i++) {
        is = ad__spread_of(value(f, f->p->args[v->first + i])->spec, v->spec, &repeat, &period);
    }
    return is;
}

/* Whether a value has all elements of its root, each in its place. */
static int is_whole(const fuse *f, ad__id id)
{
    return f->g->part[id] == 0 &&
           value(f, id)->spec->count == value(f, f->g->root[id])->spec->count;
}

/* ---- groups ---- */

static uint32_t new_group(fuse *f, ad__group_form form)
{
    uint32_t group = f->g->count++;
    f->g->group[group] = (ad__group){form, AD__NONE, AD__NONE, 0};
    f->open[group] = 1;
    return group;
}

static void add(fuse *f, uint32_t group, ad__id id)
{
    ad__group *g = &f->g->group[group];
    if (g->count++ == 0) {
        g->first = id;
    } else {
        f->g->next[g->last] = id;
    }
    g->last = id;
    f->g->next[id] = AD__NONE;
    f->g->of[id] = group;
    f->floats[id] = 0;
}

static void run_group(fuse *f, uint32_t group)
{
    if (f->open[group]) {
        f->open[group] = 0;
        f->g->order[f->order_count++] = group;
        f->scalars = f->scalars == group ? AD__NONE : f->scalars;
    }
}

static void prepare(fuse *f, ad__id id, uint32_t group);
static void place(fuse *f, ad__id id, uint32_t group);

/* Makes a value run before what comes next. */
static void need(fuse *f, ad__id id)
{
    id = f->g->root[id];
    if (f->floats[id] > 0) {
        prepare(f, id, AD__NONE);
        uint32_t group = new_group(f, AD__GROUP_BLOCK);
        place(f, id, group);
        run_group(f, group);
    } else if (f->g->of[id] != AD__NONE) {
        run_group(f, f->g->of[id]);
    }
}

/* Whether an argument waits for a value of its spec to come along with. A reshaped one may, since
 * an argument with as many elements as the value differs from it by axes of length 1 at most. */
static int comes_along(const fuse *f, ad__id root, const ad__value *v)
{
    return f->floats[root] > 0 && value(f, root)->spec == v->spec;
}

/* Lets everything run that a value reads and that cannot come into its group: which may be the
 * group itself, by way of another shape. */
static void prepare(fuse *f, ad__id id, uint32_t group)
{
    const ad__value *v = value(f, id);
    for (uint32_t i = 0; i < v->count; i++) {
        ad__id arg = f->p->args[v->first + i], x = f->g->root[arg];
        int whole = is_whole(f, arg);
        if (whole && comes_along(f, x, v)) {
            prepare(f, x, group);
        } else if (!whole || f->floats[x] > 0 || f->g->of[x] != group) {
            need(f, x);
        }
    }
}

/* Adds an elementwise value, prepared, to a group of its spec, after the floating ones that it is
 * made of. */
static void place(fuse *f, ad__id id, uint32_t group)
{
    const ad__value *v = value(f, id);
    for (uint32_t i = 0; i < v->count; i++) {
        ad__id arg = f->p->args[v->first + i], x = f->g->root[arg];
        if (is_whole(f, arg) && comes_along(f, x, v)) {
            place(f, x, group);
        }
    }
    add(f, group, id);
}

/* The open group of an argument with the same spec, the latest one, or AD__NONE: so a sum of many
 * products grows with each of them, and none is kept for the end. */
static uint32_t group_to_join(const fuse *f, const ad__value *v)
{
    uint32_t latest = AD__NONE;
    for (uint32_t i = 0; i < v->count; i++) {
        ad__id arg = f->p->args[v->first + i], x = f->g->root[arg];
        uint32_t group = f->g->of[x];
        if (group == AD__NONE || !is_whole(f, arg) || value(f, x)->spec != v->spec ||
            !f->open[group]) {
            continue;
        }
        const ad__group *g = &f->g->group[group];
        int fits = g->form == AD__GROUP_BLOCK || g->form == AD__GROUP_PRODUCT;
        if (fits && g->count < LARGEST && (latest == AD__NONE || group > latest)) {
            latest = group;
        }
    }
    return latest;
}

/* ---- one value after the other ---- */

static void take_scalar(fuse *f, ad__id id)
{
    const ad__value *v = value(f, id);
    for (uint32_t i = 0; i < v->count; i++) {
        ad__id x = f->g->root[f->p->args[v->first + i]];
        if (f->g->of[x] != f->scalars || f->floats[x] > 0) {
            need(f, x);
        }
    }
    if (f->scalars == AD__NONE) {
        f->scalars = new_group(f, AD__GROUP_SCALARS);
    }
    add(f, f->scalars, id);
}

static void take_elementwise(fuse *f, ad__id id)
{
    const ad__value *v = value(f, id);
    uint32_t group = group_to_join(f, v), weight = 1;
    if (group != AD__NONE) {
        prepare(f, id, group);
        if (f->open[group]) {
            place(f, id, group);
            return;
        }
    }
    for (uint32_t i = 0; i < v->count; i++) {
        weight += f->floats[f->g->root[f->p->args[v->first + i]]];
    }
    f->floats[id] = (uint8_t)(weight < LARGEST ? weight : LARGEST);
    if (weight >= LARGEST || f->final[id]) {
        need(f, id);
    }
}

/* Updates follow their gradient at once: once another operation comes, they are complete. */
static void run_updates(fuse *f)
{
    while (f->waiting_count > 0) {
        run_group(f, f->waiting[--f->waiting_count]);
    }
}

static void take_structured(fuse *f, ad__id id)
{
    const ad__value *v = value(f, id);
    ad__gemm gemm;
    int is_product = ad__gemm_of(f->p, v, &gemm);
    for (uint32_t i = 0; i < v->count; i++) {
        need(f, f->p->args[v->first + i]);
    }
    run_updates(f);
    uint32_t group = new_group(f, is_product ? AD__GROUP_PRODUCT : AD__GROUP_CALL);
    add(f, group, id);
    if (!is_product || !f->joined[id]) {
        run_group(f, group);
    } else if (f->updates[id]) {
        f->waiting[f->waiting_count++] = group;
    }
}

static void set_part(fuse *f, ad__id id, size_t offset, size_t placed)
{
    if (offset != 0 || placed != SIZE_MAX) {
        f->g->part[id] = f->g->part_count;
        f->g->parts[f->g->part_count++] = (ad__part){offset, placed};
    }
}

static void take(fuse *f, ad__id id)
{
    const ad__value *v = value(f, id);
    f->g->root[id] = id;
    if (ad__is_leaf(v)) {
        return;
    }
    size_t first;
    if (ad__is_alias(f->p, v, &first)) {
        ad__id x = f->p->args[v->first];
        f->g->root[id] = f->g->root[x];
        set_part(f, id, ad__part_of(f->g, x)->offset + first, SIZE_MAX);
    } else if (is_placed(f, id, &first)) {
        ad__id x = f->p->args[v->first];
        f->g->root[id] = f->g->root[x];
        set_part(f, id, ad__part_of(f->g, x)->offset, first);
    } else if (is_scalar_row(f, v)) {
        take_scalar(f, id);
    } else if (is_block_row(f, v)) {
        take_elementwise(f, id);
    } else {
        take_structured(f, id);
    }
}

/* ---- the whole ---- */

/* Marks values that stores alone are made of. */
static void mark_updates(fuse *f)
{
    const ad__program *p = f->p;
    memset(f->updates, 1, p->count);
    for (uint32_t i = 0; i < p->output_count; i++) {
        f->updates[p->outputs[i]] = 0;
    }
    for (ad__id id = p->count; id-- > 0;) {
        const ad__value *v = &p->values[id];
        for (uint32_t i = 0; i < v->count && !(f->updates[id] && ad__is_elementwise(v)); i++) {
            f->updates[p->args[v->first + i]] = 0;
        }
    }
}

/* Marks values by what reads them. */
static void mark_readers(fuse *f)
{
    const ad__program *p = f->p;
    memset(f->rigid, 0, p->count);
    memset(f->joined, 0, p->count);
    memset(f->final, 1, p->count);
    for (ad__id id = 0; id < p->count; id++) {
        const ad__value *v = &p->values[id];
        int is_block = is_block_row(f, v) && !ad__in_slot(v);
        for (uint32_t i = 0; i < v->count; i++) {
            ad__id x = p->args[v->first + i];
            uint8_t joins = is_block && value(f, x)->spec == v->spec;
            f->rigid[x] |= !joins;
            f->joined[x] |= joins;
            f->final[x] = 0;
        }
    }
    for (uint32_t i = 0; i < p->output_count; i++) {
        f->rigid[p->outputs[i]] = 1;
    }
    for (uint32_t i = 0; i < p->store_count; i++) {
        f->rigid[p->stores[i].value] = 1;
        f->final[p->stores[i].value] = 0;
    }
}

static int make_tables(fuse *f, ad__arena *arena)
{
    size_t n = (size_t)f->p->count + 1;
    ad__groups *g = f->g;
    g->group = ad__table(arena, n, AD__UNFILLED, ad__group);
    g->order = ad__table(arena, n, AD__UNFILLED, uint32_t);
    g->of = ad__table(arena, n, AD__NONES, uint32_t);
    g->next = ad__table(arena, n, AD__UNFILLED, ad__id);
    g->root = ad__table(arena, n, AD__UNFILLED, ad__id);
    g->part = ad__table(arena, n, AD__ZEROS, uint32_t);
    g->parts = ad__table(arena, n, AD__UNFILLED, ad__part);
    f->rigid = ad__table(arena, n, AD__UNFILLED, uint8_t);
    f->joined = ad__table(arena, n, AD__UNFILLED, uint8_t);
    f->final = ad__table(arena, n, AD__UNFILLED, uint8_t);
    f->open = ad__table(arena, n, AD__UNFILLED, uint8_t);
    f->waiting = ad__table(arena, n, AD__UNFILLED, ad__id);
    f->floats = ad__table(arena, n, AD__ZEROS, uint8_t);
    f->updates = ad__table(arena, n, AD__UNFILLED, uint8_t);
    if (arena->is_out_of_memory) {
        return 0;
    }
    g->parts[g->part_count++] = (ad__part){0, SIZE_MAX};
    return 1;
}

ad_status ad__fuse(const ad__program *p, ad__arena *arena, ad__groups *out)
{
    fuse f = {.p = p, .g = out, .scalars = AD__NONE};
    *out = (ad__groups){.count = 0};
    if (!make_tables(&f, arena)) {
        return AD_ERR_MEMORY;
    }
    mark_updates(&f);
    mark_readers(&f);
    for (ad__id id = 0; id < p->count; id++) {
        take(&f, id);
    }
    for (uint32_t i = 0; i < p->store_count; i++) {
        need(&f, p->stores[i].value);
    }
    for (uint32_t i = 0; i < p->output_count; i++) {
        need(&f, p->outputs[i]);
    }
    return AD_OK;
}
