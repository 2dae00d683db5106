/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_API_H
#define TESTS_FUZZ_API_H

#include "../common/apart.h"

#include <wengert/nn.h>

#include <stdio.h>

/* Calls of every public function with drawn arguments: good ones, dead, stale, foreign, missing,
 * huge and mixed ones, with hostile callbacks and an allocator that fails.
 *
 *   calls.awk      the headers and drawers.def -> a call of each function (calls.c)
 *   world          objects of all kinds that live across calls, and what they borrow from
 *   numbers        plain arguments: counts, numbers, shapes, texts, files
 *   variables      handles
 *   hostile        callbacks
 *   functions      compiled functions, their inputs and outputs
 *   networks       parameters, models, data
 *   main           processes, seeds, what a call must have kept
 *
 * The arguments are a function of the seed and the number of the call, and of what is alive. */

typedef struct api_function {
    const char *name;
    void (*call)(void);
    int weight; /* called once in so many times that it is drawn */
} api_function;
extern const api_function api_functions[];
extern const int api_function_count;

/* ---- a call ---- */

void api_start(uint64_t seed, uint64_t call); /* draws begin anew */
void functions_start(void);                   /* nothing is drawn yet */
void networks_start(void);
void api_begin(void); /* before the function itself, and after it */
void api_end(void);
void api_finish(void); /* what must hold after each call */

/* Leaves the call: arguments cannot be drawn. */
_Noreturn void api_skip(void);

/* ---- numbers ---- */

uint64_t draw_bits(void);
int draw_below(int bound);
int draw_hostile(void);              /* 1: this argument should be a mistake */
void *or_null(const void *argument); /* it, or in hostile calls at times NULL */
int draw_flag(void);
int draw_count(void);
size_t draw_size(void);
int64_t draw_integer(void);
int64_t draw_length(void);
double draw_number(void);
double draw_part(void);
int draw_axis(void);
ad_axes draw_axes(void);
ad_shape draw_shape(void);      /* as a leaf has it */
ad_shape draw_shape_near(void); /* that a variable may take */
ad_shape draw_window(void);     /* of a pool */
ad_shape *room_shape(void);
ad_type draw_type(void);
ad_status draw_status(void);
ad_rng draw_rng(void);
ad_rng *room_rng(void);
ad_mt19937 *draw_mt19937(void);
const char *draw_text(void);
const char *draw_site(void);
const char *draw_path(void);
FILE *draw_file(void);

/* Memory of exactly so many bytes that lasts for the call. */
void *room(size_t bytes);
void *room_for(ad_type type, size_t count); /* filled with numbers */
int64_t *room_indices(int64_t count, int64_t bound);
double *room_numbers(int64_t count);
int *room_integers(int count);
void fill(ad_type type, size_t count, void *out);
void forget_rooms(void);

/* ---- world ---- */

enum {
    API_TAPE,
    API_MEMORY,
    API_FN,
    API_WORKSPACE,
    API_MAP,
    API_SPARSE,
    API_PARAMS,
    API_LAYER,
    API_MODEL,
    API_OPTIMISER,
    API_ARRAY,
    API_TABLE,
    API_BATCHES,
    API_STANDARD,
    API_FIT,
    API_KINDS
};
enum { API_SLOTS = 64, API_MOST = 8 };

/* What is known of an object beside itself: the signature of a function or map, the parameters of a
 * optimiser, whether it belongs to another object. */
typedef struct api_object {
    int kind; /* -1: none */
    void *at;
    uint64_t needs; /* slots that it borrows from: older ones, set at the end of its call */
    long age;
    int borrowed; /* another object frees it */
    int in_count, out_count, is_sized;
    ad_type in_type[API_MOST], out_type[API_MOST];
    ad_shape in_shape[API_MOST], out_shape[API_MOST];
    int other; /* the slot of a workspace's function, an optimiser's parameters */
} api_object;

ad_allocator *world_allocator(void);
void world_end(void);             /* frees all; nothing may be left */
api_object *world_slot(int slot); /* NULL for -1 */
int world_find(int kind);         /* a slot of that kind, used from here on, or -1 */
int world_slot_of(int kind, const void *at);
int world_keep(int kind, void *at);       /* a new object; -1 for NULL */
void *world_make(int kind, size_t bytes); /* room for a struct, zeros, as an object */
void *world_take(int kind);               /* an object to be freed by the call, or NULL */
void *world_empty(int kind); /* one to be emptied by the call, with nothing that borrows */
void world_borrow(int slot); /* the call's tapes borrow from it */
void world_finish(void);     /* what was used in the call is borrowed from */
void world_free(int slot);

ad_tape *draw_tape(void);
int tape_slot(void);
int tape_has_failed(const ad_tape *tape); /* in this call */
ad_mark draw_mark(void);
void keep_mark(ad_mark mark);
const ad_allocator *draw_allocator(void);
ad_failing_allocator *draw_failing(void);

/* ---- variables ---- */

ad_var draw_var(void);
ad_var draw_scalar(void);
ad_var draw_vector(void);
ad_var draw_matrix(void);
ad_var draw_square(void);
ad_var draw_indices(void);
ad_var draw_key(void);
ad_var draw_view(void);
ad_var draw_leaf_of(ad_type type, ad_shape shape);
const ad_var *draw_vars(int count);
const ad_var *draw_alike(int count); /* of one shape */
const ad_var *draw_scalars(int count);
const ad_var *draw_leaves(int count);
const ad_var *draw_tangents(int count, const ad_var *x);
size_t elements_of(int count, const ad_var *x);
ad_var *room_vars(int count);
void keep_var(ad_var x);
void keep_vars(int count, const ad_var *x);
void forget_vars_of(const ad_tape *tape);
const void *draw_data(ad_type type, ad_shape shape);
void *draw_memory(ad_type type, ad_shape shape);

/* ---- hostile ---- */

const ad_custom_op *draw_custom(void);
ad_var (*draw_activation(void))(ad_var x);
ad_function *draw_function(void);
nn_cost draw_cost(void);
nn_metric draw_metric(void);
nn_callback draw_callback(void);
nn_progress draw_progress(void);
nn_schedule draw_schedule(void);
nn_init draw_init(void);
const nn_init *room_init(void);
const nn_schedule *room_schedule(void);

/* ---- functions ---- */

ad_fn *draw_fn(void);
ad_workspace *draw_workspace(void); /* of the function drawn before */
ad_map *draw_map(void);
const ad_fn_options *draw_fn_options(void);
ad_fn_options draw_fn_options_value(void);
const ad_spec *draw_specs(int count);
void keep_compiled(ad_fn *f);
const ad_emit_options *draw_emit_options(void);
const ad_shape *draw_shapes_of_fn(void);
const void *const *draw_inputs(void);
void *const *draw_outputs(void);
const double *draw_eval_inputs(void);
int draw_input_count(void); /* as many as the function has, or not */
int draw_output_count(void);
const ad_array *draw_input_arrays(int count);
const ad_array *draw_output_arrays(int count);
double *draw_eval_outputs(void);
const ad_column *draw_columns(size_t rows);
const ad_target *draw_targets(size_t rows);
void keep_fn(ad_fn *f, int in_count, const ad_var *in, int out_count, const ad_var *out);
void keep_map(ad_map *m, int in_count, int out_count);
void keep_resized(ad_fn *f, const ad_shape *shapes);
void keep_workspace(ad_workspace *w);
ad_fn_branch *draw_branches(size_t count);
ad_sparse *draw_sparse(void);
void keep_sparse(ad_sparse *const *out);
const ad_check_input *draw_check_inputs(int count);
const ad_check_options *draw_check_options(void);
const ad_dump_options *draw_dump_options(void);

/* ---- networks ---- */

nn_params *draw_params(void);
nn_params *draw_own_params(void);
const nn_param *draw_param(void);
const char *draw_param_name(void);
const ad_var *draw_bound(void); /* of the parameters, or the optimiser, drawn before */
const ad_var *draw_slopes(const ad_var *w);
ad_var *room_bound(void);
void keep_params(nn_params *params, int borrowed);
nn_model *draw_model(void);
const ad_var *draw_model_vars(const nn_model *model);
nn_trace *room_trace(const nn_model *model);
nn_layer *const *draw_layers(size_t count);
nn_optimiser *draw_optimiser(void);
void keep_optimiser(nn_optimiser *optimiser);
nn_optim draw_optim(void);
const nn_rule *draw_rule(void);
const nn_layer_kind *draw_layer_kind(void);
const void *draw_layer_options(const nn_layer_kind *kind);
nn_layer *draw_layer(void);
nn_forward_options draw_forward_options(const nn_model *model);
nn_build_options draw_build_options(void);
nn_fit_options draw_fit_options(void);
nn_evaluate_options draw_evaluate_options(void);
void keep_fit(nn_fit_result result);
nn_fit_result *draw_fit(void);
nn_array *draw_array(void);
nn_array draw_rows(int axes); /* as many rows as others of the call */
nn_type draw_nn_type(void);
void keep_array(nn_array array);
int64_t rows_of(const nn_array *array);
size_t row_bytes(const nn_array *array, ad_type type);
nn_table *draw_table(void);
nn_batches *draw_batches(void);
const nn_batches_options *draw_batches_options(void);
nn_standard *draw_standard(void);
const nn_csv_options *draw_csv_options(void);
const nn_read_options *draw_read_options(void);
const nn_split_options *draw_split_options(void);
nn_draw *draw_draw(void);
nn_fans draw_fans(void);
const nn_epoch *draw_history(int count);
const nn_fit_state *draw_fit_state(void);
const nn_curve *draw_curves(size_t count);
nn_axes draw_plot_axes(void);
nn_grid draw_grid(int64_t count);

/* ---- after a call ---- */

ad_error *draw_error(void);
void got_status(ad_status status);
void got_error(const ad_error *error);
void got_text(const char *text);
void got_good(void); /* counts a call that made something */
void got_report(ad_status status, const char *message, size_t bytes);

#endif
