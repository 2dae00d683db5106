/* SPDX-License-Identifier: MIT */
#ifndef NN_PARAMS_H
#define NN_PARAMS_H

#include <wengert/autodiff.h>

/* A set of named tensors: the only state of a model or an optimiser. [extending]
 *
 * Parameters live in ordinary memory, outside every tape, and outlive them. A step of training
 * binds them to a tape as views, records the function and its gradient, and assigns new values,
 * which are written to the same memory:
 *
 *   ad_var w[2], dw[2];
 *   nn_params_bind(params, tape, w);
 *   ad_grad(cost_of(w), 2, w, dw);
 */

typedef struct nn_params nn_params;

/* What a parameter is for. Optimisers move weights, biases and gains; penalties and weight decay
 * hold weights down. State is what a layer itself assigns while training: running statistics,
 * random keys, which are i64. What is frozen stays as it is. */
typedef enum nn_role { NN_WEIGHT, NN_BIAS, NN_GAIN, NN_STATE, NN_FROZEN } nn_role;

/* One parameter: a view of it. data is aligned to 64 bytes and stays where it is for the life of
 * the set, as does name. */
typedef struct nn_param {
    const char *name; /* "dense1.weight" */
    nn_role role;
    ad_type type;
    ad_shape shape;
    size_t count; /* of elements */
    void *data;   /* row-major */
} nn_param;

#ifdef __cplusplus
extern "C" {
#endif

/* Whether optimisers move parameters of a role, and whether penalties and decay hold them down. */
AD_API int nn_role_trains(nn_role role);
AD_API int nn_role_decays(nn_role role);

/* An empty set; NULL if out of memory. allocator NULL: the C library's.
 * Owns: the caller, until nn_params_free (NULL is fine). */
AD_API nn_params *nn_params_new(const ad_allocator *allocator);
AD_API void nn_params_free(nn_params *params);

/* Adds a parameter of zeros under a name of its own, which is copied.
 *
 * Errors: AD_ERR_STATE if the name is taken, or it or the set is NULL;  AD_ERR_TYPE unless type is
 *         AD_F64 or AD_F32, or AD_I64 of state;  AD_ERR_SHAPE;  AD_ERR_MEMORY. The set is then as
 * before. */
AD_API ad_status nn_params_add(nn_params *params, const char *name, nn_role role, ad_type type,
                               ad_shape shape, ad_error *error);

/* The number of parameters, and of elements in all of them. Here and below NULL, which the
 * parameters of a model not yet built are, is a set of none. */
AD_API int nn_params_count(const nn_params *params);
AD_API size_t nn_params_len(const nn_params *params);

/* Parameter i in the order in which they were added, or the one of that name; NULL if there is
 * none. The view is valid until the next nn_params_add. */
AD_API const nn_param *nn_params_at(const nn_params *params, int i);
AD_API const nn_param *nn_params_find(const nn_params *params, const char *name);

/* Element i as a double; NaN if there is no such element or param is NULL, so that
 * nn_param_value(nn_params_find(params, "dense1.bias"), 0) needs no check between. */
AD_API double nn_param_value(const nn_param *param, size_t i);

/* Sets element i, rounded to the parameter's type; does nothing if there is no such element. */
AD_API void nn_param_set(const nn_param *param, size_t i, double value);

/* Sets all elements, row-major, from doubles.
 * Errors: AD_ERR_INDEX if there is no such parameter;  AD_ERR_SHAPE if it has not count
 * elements. */
AD_API ad_status nn_params_write(nn_params *params, const char *name, size_t count,
                                 const double *values, ad_error *error);

/* Records every parameter on a tape as a view of its memory: vars[i] is parameter i. Returns the
 * tape's status, AD_ERR_DOMAIN if vars is NULL. The set must outlive what is recorded. */
AD_API ad_status nn_params_bind(const nn_params *params, ad_tape *tape, ad_var *vars);

/* The gradients of cost by the parameters that train: dw[i] by w[i], and a literal 0 for the
 * others. Returns the tape's status. Errors: those of ad_grad; AD_ERR_MEMORY. */
AD_API ad_status nn_params_grad(const nn_params *params, ad_var cost, const ad_var *w, ad_var *dw);

/* A set with the same names, roles, shapes and values; NULL if out of memory. */
AD_API nn_params *nn_params_copy(const nn_params *params, const ad_allocator *allocator);

/* Gives to's parameters the values of from's.
 * Errors: AD_ERR_STATE unless both have the same names, types and shapes in the same order. */
AD_API ad_status nn_params_assign(nn_params *to, const nn_params *from, ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
