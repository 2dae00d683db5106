/* SPDX-License-Identifier: MIT */
#ifndef NN_LAYERS_LAYER_INTERNAL_H
#define NN_LAYERS_LAYER_INTERNAL_H

#include "common/memory_internal.h"
#include "layer.h"
#include "model.h"

enum { NN__NAME = 32, NN__PATH = 256, NN__WAYS = 8 }; /* ways: inputs or outputs at most */

/* A model's own, of a layer that was built as one. */
typedef struct nn__root {
    nn_params *params;
    nn_build_options built; /* as asked for */
    ad_shape output;        /* of a row */
    int is_built, gives_parts, has_state;
} nn__root;

struct nn_layer {
    const nn_layer_kind *kind;
    const char *site; /* where the user wrote it, or NULL */
    ad_allocator allocator;
    ad_error error; /* in its options, or of a part; of a model all others too */
    int owners;     /* places where it is a part */
    int count;
    nn_layer **parts;
    const void *options;
    int inputs, outputs;
    const nn_layer *model; /* that it was built with, and */
    int first, params;     /* its parameters in that one's set, without those of its parts */
    nn__root root;
    char name[NN__NAME];
};

/* What a layer sees while its model is built. */
struct nn_builder {
    nn_model *model;
    const nn_layer *layer; /* that is built */
    nn_draw draw;          /* moved on by one stream a parameter */
    nn_activation follows; /* what the layer's result goes into */
    char path[NN__PATH];   /* of the layer: "block1.dense2", "" of the model itself */
};

/* State as a layer left it in this pass. */
typedef struct nn__change {
    ad_var value;
    int is_changed;
} nn__change;

/* One application of a model. */
struct nn_pass {
    nn_model *model;
    ad_tape *tape;
    const ad_var *w;     /* variables of the parameters, or NULL: views are bound where needed */
    nn__change *changes; /* one a parameter; NULL if nothing is trained or there is no state */
    int training;
    nn_builder *builder;   /* NULL but while the model is built */
    const nn_layer *layer; /* that is applied */
    int depth;             /* its parts within parts */
    ad_var said;           /* z by the layer's own word, if it has */
    int has_said;
    nn_trace last;   /* of the part that was applied last */
    nn_trace *trace; /* NULL, or where entries of the model's parts go: as many as */
    int traced;
};

/* The first error of the model, with the name of the layer and the line where it was written. */
ad_status nn__model_fail(nn_model *model, const char *name, const nn_layer *layer,
                         const ad_error *error);

/* A pass over a built model. The end assigns state, which goes before no gradient, and clears
 * it. */
void nn__pass_begin(nn_pass *pass, nn_model *model, ad_tape *tape,
                    const nn_forward_options *options);
void nn__pass_end(nn_pass *pass);
void nn__pass_drop(nn_pass *pass); /* assigns nothing */

/* Applies the whole model. */
void nn__pass_run(nn_pass *pass, const ad_var *x, ad_var *y);

/* What follows while a part is built; returns what did before. */
nn_activation nn__pass_follow(nn_pass *pass, nn_activation activation);

#endif
