/* SPDX-License-Identifier: MIT */
#ifndef NN_LAYER_H
#define NN_LAYER_H

#include "activations.h"
#include "init.h"
#include "options.h"
#include "params.h"

#include <stddef.h>

/* A layer: a function of batches with parameters and state of its own. [extending]
 *
 * The library's layers are in layers.h; one's own is written in the same way, a kind and a macro:
 *
 *   y = x - c,  c the mean of the batches so far
 *
 *   typedef struct centre_options {
 *       double momentum;
 *       NN_LAYER_OPTIONS;
 *   } centre_options;
 *
 *   static void centre_build(const nn_layer *layer, nn_builder *builder, ad_var x)
 *   {
 *       ad_shape row = AD_SHAPE(ad_shape_of(x).len[1]);
 *       nn_builder_add(builder, "mean", NN_STATE, row, nn_constant(0), (nn_fans){1, 1});
 *   }
 *
 *   static ad_var centre_apply(const nn_layer *layer, nn_pass *pass, ad_var x)
 *   {
 *       const centre_options *o = nn_layer_options(layer);
 *       ad_var mean = nn_pass_param(pass, "mean");
 *       if (nn_pass_is_training(pass)) {
 *           ad_var seen = ad_sub(ad_mean(x, AD_AXES(0)), mean);
 *           nn_pass_assign(pass, "mean", ad_fma(o->momentum, seen, mean));
 *       }
 *       return ad_sub(x, mean);
 *   }
 *
 *   static const nn_layer_kind centre_kind = {.name = "centre",
 *                                             .options = NN_LAYOUT(centre_options),
 *                                             .build = centre_build,
 *                                             .apply = centre_apply};
 *
 *   #define centre(...) NN_LAYER(&centre_kind, centre_options, .momentum = __VA_ARGS__)
 *
 *   nn_model *net = nn_sequential(centre(0.1), nn_dense(10));
 *
 * A layer may consist of others, its parts: a model is a layer, and every layer is a model
 * (model.h). Parameters are named by where they are: "residual1.dense2.weight". A layer that stands
 * in several places has its parameters once.
 *
 * Layers are owned by what they are parts of, and freed with the last of these. A layer or model
 * that could not be made is NULL, also if a part of it is; model.h's functions report that. */

typedef struct nn_layer nn_layer;
typedef struct nn_builder nn_builder;
typedef struct nn_pass nn_pass;

/* What ends each struct of options. */
#define NN_LAYER_OPTIONS                                                                           \
    const char *name; /* NULL: dense1, dense2, ..; copied */                                       \
    const ad_allocator *allocator

/* What begins a struct of options of which none need be given: the macro says .none = 0. */
#define NN_NO_OPTION int none

typedef struct nn_layout {
    size_t bytes, name, allocator; /* of a struct of options, and where these two are in it */
} nn_layout;

#define NN_LAYOUT(type)                                                                            \
    {                                                                                              \
        sizeof(type), offsetof(type, name), offsetof(type, allocator)                              \
    }

/* A layer of that kind with copied options. */
#ifdef __cplusplus
#define NN_LAYER(kind, type, ...)                                                                  \
    nn_layer_new(kind, &static_cast<const type &>(type{__VA_ARGS__}), 0, nullptr, AD_HERE)
#define NN__POINTER(type, ...) (&static_cast<const type &>(type{__VA_ARGS__}))
#define NN_LAYER_WITH(kind, options, ...) nn__layer_of(kind, options, {__VA_ARGS__}, AD_HERE)
#else
#define NN_LAYER(kind, type, ...) nn_layer_new(kind, &(const type){__VA_ARGS__}, 0, NULL, AD_HERE)
/* The same with parts; options is a pointer, or NULL. */
#define NN_LAYER_WITH(kind, options, ...)                                                          \
    nn_layer_new(kind, options, sizeof(NN__PARTS(__VA_ARGS__)) / sizeof(nn_layer *),               \
                 NN__PARTS(__VA_ARGS__), AD_HERE)
#define NN__POINTER(type, ...) (&(const type){__VA_ARGS__})
#define NN__PARTS(...) ((nn_layer *[]){__VA_ARGS__})
#endif

/* Where a layer stands to an activation. What is before one, and what may be between, begins with
 * weights that suit it: nn_dense(300), nn_batch_norm(), nn_function(ad_relu). */
typedef enum nn_place { NN_ANYWHERE, NN_BETWEEN, NN_ACTIVATES } nn_place;

/* A layer to try the kind with: one row of its input, and whether building it must be refused. */
typedef struct nn_sample {
    nn_layer *layer;
    ad_shape row;
    int is_refused;
} nn_sample;

/* A kind of layer. What is not needed is NULL. */
typedef struct nn_layer_kind {
    const char *name; /* "dense" */
    nn_layout options;

    /* Sets error if the options, or the number of parts, are not right. */
    ad_status (*check)(const nn_layer *layer, ad_error *error);

    /* Declares parameters and state for an input like x. */
    void (*build)(const nn_layer *layer, nn_builder *builder, ad_var x);

    /* Records the layer. apply_many is in its place where there are several inputs or outputs,
     * whose numbers `counts` gives. */
    ad_var (*apply)(const nn_layer *layer, nn_pass *pass, ad_var x);
    void (*apply_many)(const nn_layer *layer, nn_pass *pass, const ad_var *x, ad_var *y);
    void (*counts)(const nn_layer *layer, int *inputs, int *outputs);

    /* What it applies last to z; NULL if nothing. */
    nn_activation (*activation)(const nn_layer *layer);
    nn_place place;

    /* Layers 0, 1, .. for the test of every kind; a NULL layer ends them. */
    nn_sample (*sample)(int i);
} nn_layer_kind;

#ifdef __cplusplus
extern "C" {
#endif

/* A layer of a kind, with a copy of its options (NULL: all zero) and with count parts, in a memory
 * of the options' allocator. site as AD_HERE: errors name it. NULL if out of memory or a part is
 * NULL. Mistakes in options are reported by the model.
 * Owns: the layer owns its parts, also if it is NULL; the caller owns the layer until it is given
 *       to another, or nn_layer_free. */
AD_API nn_layer *nn_layer_new(const nn_layer_kind *kind, const void *options, size_t count,
                              nn_layer *const *parts, const char *site);

/* Frees a layer that is no part of another; leaves one that is alone. NULL is fine. */
AD_API void nn_layer_free(nn_layer *layer);

/* The layer under another name, as nn_named("encoder", nn_sequential(..)); NULL if it is NULL. */
AD_API nn_layer *nn_named(const char *name, nn_layer *layer);

/* Its name, "" before it has one; its options as they were given; the number of its parts; part i,
 * or NULL. */
AD_API const char *nn_layer_name(const nn_layer *layer);
AD_API const void *nn_layer_options(const nn_layer *layer);
AD_API int nn_layer_count(const nn_layer *layer);
AD_API nn_layer *nn_layer_part(const nn_layer *layer, int i);

/* ---- while it is built ---- */

/* Declares a parameter, or state, in the model's type, filled by init; fans as init.h.
 *
 * Errors: those of nn_params_add and nn_init_fill; the model keeps them, with the layer's name. */
AD_API void nn_builder_add(nn_builder *builder, const char *part, nn_role role, ad_shape shape,
                           nn_init init, nn_fans fans);

/* given, or usual if none was. */
static inline nn_init nn_init_or(nn_init given, nn_init usual)
{
    return given.fill != NULL ? given : usual;
}

/* Declares a random key for nn_pass_key: the state "key", of the model's seed and the layer's
 * own. */
AD_API void nn_builder_key(nn_builder *builder);

/* Refuses to be built: an input of a wrong shape. message as for printf. */
AD_API void nn_builder_fail(nn_builder *builder, ad_status status, const char *message, ...)
    AD_PRINTF(3, 4);

/* The activation that the layer's result goes into, as far as is known, or NULL. */
AD_API nn_activation nn_builder_activation(const nn_builder *builder);

/* ---- while it is applied ---- */

/* A parameter or state that the layer has declared. In training, state is as the layer has left it
 * if it was applied before, and no gradient goes into it.
 *
 * Errors, here and below: AD_ERR_STATE if nothing of the name was declared; the tape keeps it. */
AD_API ad_var nn_pass_param(nn_pass *pass, const char *part);

/* Gives state a new value. It is written where the pass ends, as an ad_assign on the tape, so that
 * a compiled step does so too.
 *
 * Errors: AD_ERR_STATE outside training, or if the part is no state. */
AD_API void nn_pass_assign(nn_pass *pass, const char *part, ad_var value);

/* Whether parameters are being trained: if not, running statistics are used and nothing is random
 * or assigned. */
AD_API int nn_pass_is_training(const nn_pass *pass);

/* A key for ad_random_uniform and its like, of the layer's own: streams are free. The counter in it
 * goes up by 1 with each key that is taken in training, on the tape. */
AD_API ad_var nn_pass_key(nn_pass *pass);

/* Says what the activation is applied to: z^l of the trace, which is else the result. */
AD_API void nn_pass_trace(nn_pass *pass, ad_var z);

/* Applies another layer, one of the parts, to one input or to several. x and y have as many
 * variables as it has inputs and outputs.
 *
 * Errors: the layer's; AD_ERR_STATE if it is no part of the model. */
AD_API ad_var nn_pass_apply(nn_pass *pass, nn_layer *layer, ad_var x);
AD_API void nn_pass_apply_many(nn_pass *pass, nn_layer *layer, const ad_var *x, ad_var *y);

#ifdef __cplusplus
}

static inline nn_layer *nn__layer_of(const nn_layer_kind *kind, const void *options,
                                     std::initializer_list<nn_layer *> parts, const char *site)
{
    return nn_layer_new(kind, options, parts.size(), parts.begin(), site);
}
#endif

#endif
