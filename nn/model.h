/* SPDX-License-Identifier: MIT */
#ifndef NN_MODEL_H
#define NN_MODEL_H

#include "layers.h"

/* A model: any layer, its parts' parameters, and how it is applied. [everyday]
 *
 *   nn_model *net = nn_sequential(nn_dense(300, .activation = ad_relu), nn_dense(10));
 *
 * The shape of its input, and so its parameters, come from the data when it is first fitted or
 * applied, or from nn_build, which also chooses the element type, the seed and the generator.
 *
 * A loop of one's own:
 *
 *   for (..) {
 *       ad_var a = nn_forward(net, x, .training = 1);
 *       nn_minimise(optimiser, nn_mse(a, y));
 *       ad_tape_rewind(tape, mark);
 *   }
 *
 * The first mistake in a layer or in building is kept and makes every later call fail with it.
 *
 * To keep what a model has learnt, write its parameters to files; state is among them:
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
 *       nn_array_clear(&array);
 *
 * IDX files hold no i64: keys of dropout (p->type is AD_I64) are left out, or written as bytes. */

typedef nn_layer nn_model;

/* In the lecture's notation, layer l's z^l and a^l = f(z^l), on a tape. */
typedef struct nn_trace {
    ad_var z, a;
} nn_trace;

typedef struct nn_build_options {
    ad_shape input; /* of one row: AD_SHAPE(784) */
    ad_type type;   /* AD_F64 or AD_F32 */
    uint64_t seed;
    ad_mt19937 *numpy;      /* where random numbers come from instead of the seed; moved on */
    const ad_shape *inputs; /* of one row of each, where there are several */
} nn_build_options;

#define nn_build(model, ...) nn_build_of(model, NN_OPTIONS(nn_build_options, __VA_ARGS__))

typedef struct nn_forward_options {
    int training;         /* 1: as while parameters are trained; state is assigned */
    const ad_var *params; /* in the order of nn_model_params; NULL: bound to the tape here */
    nn_trace *trace;      /* NULL, or filled with an entry for each of nn_model_depth's layers */
} nn_forward_options;

#define nn_forward(model, x, ...)                                                                  \
    nn_forward_of(model, x, NN_OPTIONS(nn_forward_options, __VA_ARGS__))

typedef struct nn_check_options {
    int training;           /* 1: as while parameters are trained */
    ad_check_options check; /* as ad_check takes them */
} nn_check_options;

#define nn_check(model, x, ...) nn_check_of(model, x, NN_OPTIONS(nn_check_options, __VA_ARGS__))

#ifdef __cplusplus
extern "C" {
#endif

/* As nn_layer_free. */
AD_API void nn_model_free(nn_model *model);

/* The first error, or AD_OK; and its text, "" if there is none. The text belongs to the model. NULL
 * is a model for which there was no memory. */
AD_API ad_status nn_model_status(const nn_model *model);
AD_API const char *nn_model_message(const nn_model *model);

/* Makes the parameters. The random numbers of parameter i are those of stream i of the seed; those
 * of NumPy's generator are used up in the order of the parameters.
 *
 * Errors: AD_ERR_STATE if the model is built already, or is a part of one that is: it stays as it
 *         is. Others are kept by it:
 *         AD_ERR_TYPE if type is neither AD_F64 nor AD_F32;  AD_ERR_SHAPE if a layer cannot take
 *         its input;  AD_ERR_DOMAIN from layers' options and initial values;  AD_ERR_STATE if a
 *         layer is a part of another model that is built;  AD_ERR_MEMORY. */
AD_API ad_status nn_build_of(nn_model *model, nn_build_options options);
AD_API int nn_model_is_built(const nn_model *model);

/* The parameters and state, in the order in which the layers are applied; NULL before the model is
 * built.
 * Owns: the model. Values may be changed. */
AD_API nn_params *nn_model_params(const nn_model *model);

/* The number of layers that it is made of, those of their parts not counted (1 if it has no parts);
 * the name of layer i ("" if there is none); the shapes of a row of the (first) input and output,
 * and the element type. */
AD_API int nn_model_depth(const nn_model *model);
AD_API const char *nn_model_layer_name(const nn_model *model, int i);
AD_API ad_shape nn_model_input(const nn_model *model);
AD_API ad_shape nn_model_output(const nn_model *model);
AD_API ad_type nn_model_type(const nn_model *model);

/* Records the model on x's tape. nn_apply builds the model from x (seed 0) if need be and applies
 * it as after training.
 *
 *   a^0 = x,  a^l = f^l(z^l)
 *
 * x [rows, ...]   ->   a^L [rows, ...]
 * Errors: the model's, AD_ERR_STATE before it is built (nn_forward), or if it has several inputs or
 *         outputs, and those of its operations; the tape keeps them and the result is dead. */
AD_API ad_var nn_apply(nn_model *model, ad_var x);
AD_API ad_var nn_forward_of(nn_model *model, ad_var x, nn_forward_options options);

/* The same with several inputs and outputs, as many as the model has.
 * Errors: as above; AD_ERR_DOMAIN unless count and y's are the model's. Returns the tape's
 * status. */
AD_API ad_status nn_forward_many(nn_model *model, int count, const ad_var *x, int results,
                                 ad_var *y, nn_forward_options options);

/* Are the derivatives of a built model, or of a layer of one's own, right? By its inputs x, as many
 * as it has, batches, and all parameters that train; state stays as it is, and a mask of dropout is
 * the same all along. See ad_check.
 *
 *   ad_check_input x = {AD_F64, AD_SHAPE(5, 3), numbers};
 *   ad_report r = nn_check(net, &x, .training = 1);
 *
 * Errors, in the report: the model's; AD_ERR_STATE before it is built; those of ad_check. */
AD_API ad_report nn_check_of(nn_model *model, const ad_check_input *x, nn_check_options options);

#ifdef __cplusplus
}
#endif

#endif
