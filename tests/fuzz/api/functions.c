/* SPDX-License-Identifier: MIT */
/* Compiled functions and maps, their inputs and outputs; sparse matrices; checks and dumps. */
#include "api.h"

#include <string.h>

enum { UNKNOWN_BYTES = 1 << 16 };

static api_object *current; /* the function or map drawn in this call, or NULL */

void functions_start(void)
{
    current = NULL;
}

/* ---- functions ---- */

ad_fn *draw_fn(void)
{
    current = draw_below(16) == 0 ? NULL : world_slot(world_find(API_FN));
    return current == NULL ? NULL : current->at;
}

/* NULL unless there is one of the function drawn before. */
ad_workspace *draw_workspace(void)
{
    for (int i = 0; i < API_SLOTS; i++) {
        const api_object *o = world_slot(i);
        if (o->at != NULL && o->kind == API_WORKSPACE && world_slot(o->other) == current) {
            world_borrow(i);
            return o->at;
        }
    }
    const int any = world_find(API_WORKSPACE);
    if (any >= 0 && current == NULL) {
        return world_slot(any)->at;
    }
    return NULL;
}

void keep_workspace(ad_workspace *w)
{
    const api_object *f = current;
    const int slot = world_keep(API_WORKSPACE, w);
    for (int i = 0; slot >= 0 && i < API_SLOTS; i++) {
        if (world_slot(i) == f) {
            world_slot(slot)->other = i;
        }
    }
}

ad_map *draw_map(void)
{
    current = draw_below(16) == 0 ? NULL : world_slot(world_find(API_MAP));
    return current == NULL ? NULL : current->at;
}

static void keep_inputs(api_object *o, int count, const ad_var *in)
{
    o->in_count = count;
    for (int i = 0; i < count; i++) {
        o->in_type[i] = ad_type_of(in[i]);
        o->in_shape[i] = ad_shape_of(in[i]);
    }
}

void keep_fn(ad_fn *f, int in_count, const ad_var *in, int out_count, const ad_var *out)
{
    api_object *o = world_slot(world_keep(API_FN, f));
    if (o != NULL) {
        keep_inputs(o, in_count, in);
        o->out_count = out_count;
        o->is_sized = 1;
        for (int i = 0; i < out_count; i++) {
            o->out_type[i] = ad_type_of(out[i]);
            o->out_shape[i] = ad_shape_of(out[i]);
        }
    }
}

void keep_map(ad_map *m, int in_count, int out_count)
{
    api_object *o = world_slot(world_keep(API_MAP, m));
    if (o != NULL) {
        o->in_count = in_count;
        o->out_count = out_count;
    }
}

/* What it takes and gives is asked of itself. */
void keep_compiled(ad_fn *f)
{
    api_object *o = world_slot(world_keep(API_FN, f));
    if (o == NULL) {
        return;
    }
    o->in_count = ad_fn_input_count(f);
    o->out_count = ad_fn_output_count(f);
    o->is_sized = o->in_count <= API_MOST && o->out_count <= API_MOST;
    for (int i = 0; i < o->in_count && i < API_MOST; i++) {
        const ad_spec spec = ad_fn_input(f, i);
        o->in_type[i] = spec.type;
        o->in_shape[i] = spec.shape;
    }
    for (int i = 0; i < o->out_count && i < API_MOST; i++) {
        const ad_spec spec = ad_fn_output(f, i);
        o->out_type[i] = spec.type;
        o->out_shape[i] = spec.shape;
    }
}

const ad_shape *draw_shapes_of_fn(void)
{
    ad_shape *shapes = room(API_MOST * sizeof *shapes);
    for (int i = 0; current != NULL && i < current->in_count; i++) {
        shapes[i] = draw_hostile() ? draw_shape() : current->in_shape[i];
        for (int j = 0; j < shapes[i].rank && j < AD_MAX_RANK; j++) {
            shapes[i].len[j] =
                shapes[i].len[j] == 1 || draw_flag() ? shapes[i].len[j] : draw_length();
        }
    }
    return shapes;
}

void keep_resized(ad_fn *f, const ad_shape *shapes)
{
    if (f == NULL) {
        return;
    }
    const api_object of = *current;
    api_object *o = world_slot(world_keep(API_FN, f));
    o->in_count = of.in_count;
    o->out_count = of.out_count;
    memcpy(o->in_type, of.in_type, sizeof of.in_type);
    memcpy(o->in_shape, shapes, sizeof o->in_shape);
}

/* ---- their arguments ---- */

static size_t bytes_of(ad_type type, const ad_shape *shape)
{
    return ad_shape_count(shape) * ad_type_bytes(type);
}

const void *const *draw_inputs(void)
{
    if (current == NULL) {
        return NULL;
    }
    const void **in = room(API_MOST * sizeof *in);
    for (int i = 0; i < current->in_count; i++) {
        in[i] = room_for(current->in_type[i], ad_shape_count(&current->in_shape[i]));
    }
    return in;
}

void *const *draw_outputs(void)
{
    if (current == NULL) {
        return NULL;
    }
    void **out = room(API_MOST * sizeof *out);
    for (int i = 0; i < current->out_count; i++) {
        out[i] = room(current->is_sized ? bytes_of(current->out_type[i], &current->out_shape[i])
                                        : UNKNOWN_BYTES);
    }
    return out;
}

const double *draw_eval_inputs(void)
{
    size_t count = 0;
    for (int i = 0; current != NULL && i < current->in_count; i++) {
        count += ad_shape_count(&current->in_shape[i]);
    }
    return room_numbers((int64_t)count);
}

double *draw_eval_outputs(void)
{
    size_t bytes = 0;
    for (int i = 0; current != NULL && i < current->out_count; i++) {
        bytes += current->is_sized ? ad_shape_count(&current->out_shape[i]) * sizeof(double)
                                   : UNKNOWN_BYTES;
    }
    return room(bytes);
}

int draw_input_count(void)
{
    return current == NULL || draw_hostile() ? draw_count() : current->in_count;
}

int draw_output_count(void)
{
    return current == NULL || draw_hostile() ? draw_count() : current->out_count;
}

/* Arrays of exactly the type and length that they say. */
static const ad_array *draw_arrays(int count, int known, const ad_type *types,
                                   const ad_shape *shapes)
{
    ad_array *arrays = room((size_t)(count < 0 ? 0 : count) * sizeof *arrays);
    for (int i = 0; i < count; i++) {
        const int wrong = i >= known || draw_hostile();
        ad_array *a = &arrays[i];
        a->type = wrong ? draw_type() : types[i];
        a->count = wrong ? (size_t)draw_below(8) : ad_shape_count(&shapes[i]);
        a->data = ad_type_bytes(a->type) > 0 ? or_null(room_for(a->type, a->count)) : NULL;
    }
    return arrays;
}

const ad_array *draw_input_arrays(int count)
{
    return current == NULL
               ? NULL
               : draw_arrays(count, current->in_count, current->in_type, current->in_shape);
}

const ad_array *draw_output_arrays(int count)
{
    return current == NULL ? NULL
                           : draw_arrays(count, current->is_sized ? current->out_count : 0,
                                         current->out_type, current->out_shape);
}

const ad_column *draw_columns(size_t rows)
{
    ad_column *in = room(API_MOST * sizeof *in);
    for (int i = 0; current != NULL && i < current->in_count; i++) {
        const size_t step = (size_t)draw_below(3);
        in[i] = (ad_column){room_numbers((int64_t)(rows * step + 1)), (ptrdiff_t)step};
    }
    return in;
}

const ad_target *draw_targets(size_t rows)
{
    ad_target *out = room(API_MOST * sizeof *out);
    for (int i = 0; current != NULL && i < current->out_count; i++) {
        const size_t step = (size_t)draw_below(3);
        out[i] = (ad_target){room_numbers((int64_t)(rows * step + 1)), (ptrdiff_t)step};
    }
    return out;
}

/* ---- options ---- */

const ad_fn_options *draw_fn_options(void)
{
    static const char *const compilers[] = {"cc", "false", "", "cc -O2", "/nonexistent/cc"};
    ad_fn_options *o = room(sizeof *o);
    if (draw_below(4) == 0) {
        return NULL;
    }
    *o = (ad_fn_options){.no_assign = draw_flag(),
                         .threads = draw_below(16) == 0 ? draw_below(4) : 0,
                         .error = draw_flag() ? NULL : draw_error(),
                         .guard = draw_below(4) == 0,
                         .resizable = draw_flag(),
                         .memory = draw_below(8) == 0 ? (size_t)draw_below(4096) : 0,
                         .native = draw_below(2000) == 0 ? compilers[draw_below(5)] : NULL,
                         .allocator = draw_allocator()};
    if (draw_below(4) == 0) {
        const char **names = room(API_MOST * sizeof *names);
        for (int i = 0; i < API_MOST; i++) {
            names[i] = draw_flag() ? draw_text() : NULL;
        }
        o->input_names = o->output_names = names;
    }
    if (draw_hostile()) {
        o->threads = (int)draw_integer();
    }
    return o;
}

/* With a gradient too, as a function of one result may have one. */
ad_fn_options draw_fn_options_value(void)
{
    const ad_fn_options *o = draw_fn_options();
    ad_fn_options value = o == NULL ? (ad_fn_options){0} : *o;
    value.gradient = draw_flag();
    return value;
}

const ad_spec *draw_specs(int count)
{
    ad_spec *specs = room((size_t)(count < 0 ? 0 : count) * sizeof *specs);
    for (int i = 0; i < count; i++) {
        specs[i] = (ad_spec){draw_flag() ? draw_text() : NULL, draw_type(), draw_shape()};
    }
    return specs;
}

const ad_emit_options *draw_emit_options(void)
{
    ad_emit_options *o = room(sizeof *o);
    *o = (ad_emit_options){draw_flag(), draw_flag(), draw_flag() ? draw_inputs() : NULL};
    return draw_flag() ? NULL : o;
}

ad_fn_branch *draw_branches(size_t count)
{
    return room(count * sizeof(ad_fn_branch));
}

/* ---- sparse matrices ---- */

ad_sparse *draw_sparse(void)
{
    const api_object *o = draw_below(16) == 0 ? NULL : world_slot(world_find(API_SPARSE));
    return o == NULL ? NULL : o->at;
}

void keep_sparse(ad_sparse *const *out)
{
    (void)world_keep(API_SPARSE, *out);
}

/* ---- checks and dumps ---- */

const ad_check_input *draw_check_inputs(int count)
{
    ad_check_input *x = room(API_MOST * sizeof *x);
    for (int i = 0; i < (count > 0 ? count : 1); i++) {
        x[i].type = draw_type();
        x[i].shape = draw_shape();
        x[i].data = draw_data(x[i].type, x[i].shape);
    }
    return x;
}

const ad_check_options *draw_check_options(void)
{
    ad_check_options *o = room(sizeof *o);
    *o = (ad_check_options){.order = draw_below(3),
                            .tolerance = draw_hostile() ? draw_number() : 0,
                            .most = (size_t)draw_below(5),
                            .seed = draw_bits(),
                            .allocator = draw_allocator()};
    return draw_flag() ? NULL : o;
}

const ad_dump_options *draw_dump_options(void)
{
    ad_dump_options *o = room(sizeof *o);
    const int count = draw_below(3);
    ad_label *labels = room(sizeof *labels * (size_t)count);
    for (int i = 0; i < count; i++) {
        labels[i] = (ad_label){draw_var(), draw_text(), draw_var()};
    }
    const int results = draw_below(3);
    *o = (ad_dump_options){results, draw_vars(results), count, labels};
    return draw_flag() ? NULL : o;
}
