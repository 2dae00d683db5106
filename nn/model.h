/* SPDX-License-Identifier: MIT */
#ifndef NN_MODEL_H
#define NN_MODEL_H

#include "init.h"
#include "layer.h"
#include "options.h"

/* A model: layers one after the other, and their parameters. [everyday]
 *
 *   nn_model *net = nn_sequential(nn_dense(300, .activation = ad_relu), nn_dense(10));
 *
 * The shape of its input, and so its parameters, come from the data when it is first fitted or
 * applied, or from nn_build, which also chooses the element type, the seed and the generator.
 *
 * The first mistake in a layer or in building is kept and makes every later call fail with it.
 *
 * To keep what a model has learnt, write its parameters to files:
 *
 *   nn_params *params = nn_model_params(net);
 *   for (int i = 0; i < nn_params_count(params); i++) {
 *       const nn_param *p = nn_params_at(params, i);
 *       nn_array array = nn_array_view((nn_type)p->type, p->shape, p->data);
 *       nn_write_array(path_of(p->name), &array, &error);        "dense1.weight.idx"
 *   }
 *
 * The same loop over the parameters of such a model, once it is built, reads them:
 *
 *       nn_read_array(path_of(p->name), NULL, &array, &error);
 *       if ((ad_type)array.type == p->type && ad_shape_equal(&array.shape, &p->shape)) {
 *           memcpy(p->data, array.data, p->count * ad_type_bytes(p->type));
 *       }
 *       nn_array_clear(&array); */

typedef struct nn_model nn_model;

/* In the lecture's notation, layer l's z^l and a^l = f(z^l), on a tape. */
typedef struct nn_trace {
    ad_var z, a;
} nn_trace;

typedef struct nn_build_options {
    ad_shape input; /* of one row: AD_SHAPE(784) */
    ad_type type;   /* AD_F64 or AD_F32 */
    uint64_t seed;
    ad_mt19937 *numpy; /* where random numbers come from instead of the seed; moved on */
} nn_build_options;

#ifdef __cplusplus
#define nn_sequential(...) nn__sequential({__VA_ARGS__})
#else
#define nn_sequential(...)                                                                         \
    nn_sequential_in(NULL, sizeof(NN__LAYERS(__VA_ARGS__)) / sizeof(nn_layer *),                   \
                     NN__LAYERS(__VA_ARGS__))
#define NN__LAYERS(...) ((nn_layer *[]){__VA_ARGS__})
#endif

#define nn_build(model, ...) nn_build_of(model, NN_OPTIONS(nn_build_options, __VA_ARGS__))

#ifdef __cplusplus
extern "C" {
#endif

/* A model of count layers, in the order in which a batch passes them. allocator NULL: the C
 * library's. NULL if out of memory; the functions below take NULL for a model and report that.
 * Owns: the model owns the layers, also if it is NULL; the caller owns the model, until
 *       nn_model_free (NULL is fine). */
AD_API nn_model *nn_sequential_in(const ad_allocator *allocator, size_t count,
                                  nn_layer *const *layers);
AD_API void nn_model_free(nn_model *model);

/* The first error, or AD_OK; and its text, "" if there is none. The text belongs to the model. */
AD_API ad_status nn_model_status(const nn_model *model);
AD_API const char *nn_model_message(const nn_model *model);

/* Makes the parameters. The random numbers of parameter i are those of stream i of the seed; those
 * of NumPy's generator are used up in the order of the parameters.
 *
 * Errors: AD_ERR_STATE if the model is built already: it stays as it is. Others are kept by it:
 *         AD_ERR_TYPE if type is neither AD_F64 nor AD_F32;  AD_ERR_SHAPE if a layer cannot take
 *         its input;  AD_ERR_DOMAIN from layers' options and initial values;  AD_ERR_MEMORY. */
AD_API ad_status nn_build_of(nn_model *model, nn_build_options options);
AD_API int nn_model_is_built(const nn_model *model);

/* The parameters, in the order of the layers; NULL before the model is built.
 * Owns: the model. Values may be changed. */
AD_API nn_params *nn_model_params(const nn_model *model);

/* The number of layers, the name of layer i ("" if there is none), the shapes of a row of input and
 * of output, and the element type. */
AD_API int nn_model_depth(const nn_model *model);
AD_API const char *nn_model_layer_name(const nn_model *model, int i);
AD_API ad_shape nn_model_input(const nn_model *model);
AD_API ad_shape nn_model_output(const nn_model *model);
AD_API ad_type nn_model_type(const nn_model *model);

/* Records the model on x's tape. nn_apply builds the model from x (seed 0) if need be and binds its
 * parameters; nn_forward takes variables for them, one each in the order of nn_model_params, and
 * fills trace, unless it is NULL, with one entry a layer.
 *
 *   a^0 = x,  a^l = f^l(z^l)
 *
 * x [rows, ...]   ->   a^L [rows, ...]
 * Errors: the model's, AD_ERR_STATE before it is built, and those of its operations; the tape
 *         keeps them and the result is dead. */
AD_API ad_var nn_apply(nn_model *model, ad_var x);
AD_API ad_var nn_forward(const nn_model *model, const ad_var *params, ad_var x, nn_trace *trace);

#ifdef __cplusplus
}

static inline nn_model *nn__sequential(std::initializer_list<nn_layer *> layers)
{
    return nn_sequential_in(nullptr, layers.size(), layers.begin());
}
#endif

#endif
