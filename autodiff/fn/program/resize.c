/* SPDX-License-Identifier: MIT */
/* A captured program again, for inputs of other shapes: value by value in their order, each
 * operation with attributes that follow the lengths it was recorded with, its result's spec by its
 * own infer. Lengths that C computed are constants; an operation that they do not fit any more says
 * so. */
#include "fn/program/program_internal.h"

/* A value has the same number in both programs. */
typedef struct resize {
    const ad__program *from;
    ad__program *to;
    ad__arena scratch;
    int64_t (*changes)[2]; /* lengths of the inputs: before and now */
    int change_count;
    ad_error *error;
} resize;

/* Puts the operation's name and place around its text. */
static ad_status fail(const resize *r, ad_status status, const char *name, const char *text,
                      const char *site)
{
    return ad_error_set(r->error, status, "ad_fn_resized: %s: %s%s%s%s", name, text,
                        site ? " (" : "", site ? site : "", site ? ")" : "");
}

static ad_status out_of_memory(const resize *r)
{
    return ad_error_set(r->error, AD_ERR_MEMORY, "ad_fn_resized: out of memory");
}

/* Whether a value has the shape that it had. */
static int is_as_before(const resize *r, ad__id id)
{
    return ad_shape_equal(&r->from->values[id].spec->shape, &r->to->values[id].spec->shape);
}

/* ---- inputs ---- */

/* A length of 1 broadcasts, and one of 0 hides the others: neither tells what follows it. */
static int can_become(const ad_shape *before, const ad_shape *now)
{
    int can = ad_shape_is_valid(now) && before->rank == now->rank;
    for (int i = 0; i < before->rank && can; i++) {
        can = before->len[i] == now->len[i] || (before->len[i] > 1 && now->len[i] > 0);
    }
    return can;
}

static ad_status take_shapes(resize *r, const ad_shape *shapes)
{
    const ad__program *p = r->from;
    r->changes =
        ad__arena_take(&r->scratch, (p->input_count * AD_MAX_RANK + 1) * sizeof *r->changes);
    if (r->changes == NULL) {
        return out_of_memory(r);
    }
    for (uint32_t i = 0; i < p->input_count && shapes != NULL; i++) {
        const ad_shape *before = &p->values[p->inputs[i]].spec->shape, *now = &shapes[i];
        char a[160], b[160];
        if (!can_become(before, now)) {
            return ad_error_set(r->error, AD_ERR_SHAPE,
                                "ad_fn_resized: input %u is %s and cannot be %s: it keeps its axes "
                                "and lengths of 0 and 1; others become 1 or more",
                                (unsigned)i, ad_shape_print(before, a, sizeof a),
                                ad_shape_print(now, b, sizeof b));
        }
        for (int axis = 0; axis < before->rank; axis++) {
            if (before->len[axis] != now->len[axis]) {
                r->changes[r->change_count][0] = before->len[axis];
                r->changes[r->change_count++][1] = now->len[axis];
            }
        }
    }
    return AD_OK;
}

/* ---- values ---- */

/* Whether x and y, aligned at their last axes but for the `apart` last ones, broadcast as they did:
 * lengths that were the same still are, and one that was repeated still is 1. Else a length that
 * did not follow would be repeated, or one that was repeated would not. */
static int broadcast_alike(const ad_shape *x, const ad_shape *y, const ad_shape *now_x,
                           const ad_shape *now_y, int apart)
{
    int alike = 1;
    for (int i = x->rank - 1 - apart, j = y->rank - 1 - apart; i >= 0 && j >= 0; i--, j--) {
        alike &= x->len[i] == y->len[j]  ? now_x->len[i] == now_y->len[j]
                 : x->len[i] < y->len[j] ? now_x->len[i] == 1
                                         : now_y->len[j] == 1;
    }
    return alike;
}

/* The arguments of operations that broadcast, each against the others. */
static ad_status check_broadcasting(const resize *r, const ad__value *v, const ad__array *x,
                                    const ad__spec *result)
{
    const ad__id *args = ad__arguments(r->from, v);
    const ad__value *values = r->from->values;
    int apart = v->op->product != NULL ? 2 : 0;
    const ad_shape *one = NULL, *other = NULL;
    for (uint32_t i = 1; i < v->count && (apart > 0 || ad__is_elementwise(v)); i++) {
        for (uint32_t j = 0; j < i; j++) {
            if (!broadcast_alike(&values[args[j]].spec->shape, &values[args[i]].spec->shape,
                                 &x[j].spec->shape, &x[i].spec->shape, apart)) {
                one = &x[j].spec->shape, other = &x[i].spec->shape;
            }
        }
    }
    if (ad__has(v->op, AD__SPREADS) &&
        !broadcast_alike(&values[args[0]].spec->shape, &v->spec->shape, &x[0].spec->shape,
                         &result->shape, 0)) {
        one = &x[0].spec->shape, other = &result->shape;
    }
    char a[160], b[160];
    ad_error error;
    if (one == NULL) {
        return AD_OK;
    }
    ad_error_set(&error, AD_ERR_SHAPE,
                 "%s and %s, which had a length in common: was it a number? "
                 "see ad_shaped_like",
                 ad_shape_print(one, a, sizeof a), ad_shape_print(other, b, sizeof b));
    return fail(r, AD_ERR_SHAPE, v->op->name, error.message, v->site);
}

/* The attributes for the arguments as they are now, and the result's spec. */
static ad_status infer(const resize *r, const ad__value *v, void *attributes, ad__array *x,
                       const ad__spec **specs, ad__spec *result)
{
    const ad__id *args = ad__arguments(r->from, v);
    ad_error error = {.status = AD_OK};
    for (uint32_t i = 0; i < v->count; i++) {
        specs[i] = r->from->values[args[i]].spec;
        specs[v->count + i] = r->to->values[args[i]].spec;
        x[i] = (ad__array){specs[v->count + i], NULL};
    }
    ad__resizing resizing = {.count = (int)v->count,
                             .before = specs,
                             .now = specs + v->count,
                             .result = v->spec,
                             .like = v->like != 0 ? r->to->values[v->like - 1].spec : NULL,
                             .change_count = r->change_count,
                             .changes = (const int64_t(*)[2])r->changes,
                             .attributes = attributes,
                             .error = &error};
    ad__call call = {.count = (int)v->count,
                     .x = x,
                     .attributes = attributes,
                     .scratch = (ad__arena *)&r->scratch,
                     .threads = 1,
                     .error = &error};
    ad_status status = v->op->resize != NULL ? v->op->resize(&resizing) : AD_OK;
    status = status != AD_OK ? status : v->op->infer(&call);
    if (status == AD_OK && !ad_shape_is_valid(&call.spec.shape)) {
        status = ad_error_set(&error, AD_ERR_SHAPE, "the result is too large to address");
    }
    *result = call.spec;
    return status == AD_OK ? check_broadcasting(r, v, x, result)
                           : fail(r, status, v->op->name, error.message, v->site);
}

/* The spec of a value now, its attributes changed. */
static ad_status spec_of(resize *r, const ad__value *v, void *attributes, ad__spec *spec)
{
    const ad__id *args = ad__arguments(r->from, v);
    int same = v->like == 0 || is_as_before(r, v->like - 1);
    for (uint32_t i = 0; i < v->count; i++) {
        same &= is_as_before(r, args[i]);
    }
    *spec = *v->spec;
    if (same) {
        return AD_OK;
    }
    ad__arena_mark before = ad__arena_mark_here(&r->scratch);
    ad__array *x = ad__arena_take(&r->scratch, v->count * sizeof *x);
    const ad__spec **specs =
        ad__arena_take(&r->scratch, 2 * (size_t)v->count * sizeof(const ad__spec *));
    ad_status status =
        x != NULL && specs != NULL ? infer(r, v, attributes, x, specs, spec) : out_of_memory(r);
    ad__arena_rewind(&r->scratch, before);
    return status;
}

static ad_status take_value(resize *r, ad__id id, const ad_shape *input)
{
    ad__value v = r->from->values[id];
    ad__spec spec = *v.spec;
    ad_status status = AD_OK;
    size_t bytes = ad__is_constant(&v) ? ad__value_bytes(&v) : v.attribute_bytes;
    if (ad__code_of(&v) != AD__VIEW && v.attributes != NULL) {
        void *attributes = ad__arena_copy(&r->to->keep, v.attributes, bytes);
        if (attributes == NULL) {
            return out_of_memory(r);
        }
        v.attributes = attributes;
    }
    if (input != NULL) {
        spec.shape = *input;
    } else if (!ad__is_leaf(&v)) {
        status = spec_of(r, &r->from->values[id], (void *)v.attributes, &spec);
    }
    if (status != AD_OK) {
        return status;
    }
    const ad__id *args = ad__arguments(r->from, &v);
    ad__id same;
    v.spec = ad__program_spec(r->to, &spec);
    return v.spec != NULL && ad__program_add(r->to, v, args, &same) ? AD_OK : out_of_memory(r);
}

/* ---- the whole ---- */

/* What is assigned still has the view's shape, which is the caller's memory. */
static ad_status check_stores(const resize *r)
{
    const ad__program *p = r->to;
    for (uint32_t i = 0; i < p->store_count; i++) {
        const ad__value *view = &p->values[p->stores[i].view];
        const ad__value *value = &p->values[p->stores[i].value];
        ad_error error = {.status = AD_OK};
        const ad__array x[] = {{view->spec, NULL}, {value->spec, NULL}};
        ad__call call = {.count = 2, .x = x, .error = &error};
        const ad_op *op = p->stores[i].op;
        if (op->infer(&call) != AD_OK) {
            return fail(r, error.status, op->name, error.message, value->site);
        }
    }
    return AD_OK;
}

static ad_status resize_all(resize *r, const ad_shape *shapes)
{
    const ad__program *from = r->from;
    ad__program *to = r->to;
    ad_status status = take_shapes(r, shapes);
    for (ad__id id = 0; id < from->count && status == AD_OK; id++) {
        int is_input = id < from->input_count && shapes != NULL; /* inputs are the first values */
        status = take_value(r, id, is_input ? &shapes[id] : NULL);
    }
    if (status != AD_OK) {
        return status;
    }
    to->inputs = ad__arena_copy(&to->keep, from->inputs, from->input_count * sizeof *to->inputs);
    to->outputs =
        ad__arena_copy(&to->keep, from->outputs, from->output_count * sizeof *to->outputs);
    to->stores = ad__arena_copy(&to->keep, from->stores, from->store_count * sizeof *to->stores);
    if (to->keep.is_out_of_memory) {
        return out_of_memory(r);
    }
    if (shapes == NULL) { /* what C was told is of the old shapes */
        to->guards = from->guards;
        to->guard_count = from->guard_count;
    }
    to->input_count = from->input_count;
    to->output_count = from->output_count - from->guard_count + to->guard_count;
    to->store_count = from->store_count;
    return check_stores(r);
}

ad_status ad__program_resized(const ad__program *from, const ad_shape *shapes, ad__program *to,
                              ad_error *error)
{
    resize r = {.from = from, .to = to, .error = error};
    ad__arena_init(&r.scratch, from->allocator);
    ad_status status = resize_all(&r, shapes);
    ad__arena_clear(&r.scratch);
    return status;
}
