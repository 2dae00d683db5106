/* SPDX-License-Identifier: MIT */
#ifndef NN_LAYERS_LAYER_INTERNAL_H
#define NN_LAYERS_LAYER_INTERNAL_H

#include "activations.h"
#include "init.h"
#include "common/memory_internal.h"
#include "layer.h"

/* The contract of a kind of layer. Its struct begins with an nn_layer. */

enum { NN__NAME = 32, NN__PARTS = 8 };

/* What a layer sees while its model is built. */
typedef struct nn__builder {
    nn_params *params;
    ad_type type;
    nn_draw draw; /* moved on by one stream a parameter */
    ad_error *error;
} nn__builder;

typedef struct nn__layer_kind {
    const char *name; /* "dense": layers are dense1, dense2, .. */

    /* Adds the parameters, at most NN__PARTS, in the order in which apply finds them, for an input
     * like x; NULL for a layer without. */
    ad_status (*build)(nn_layer *layer, nn__builder *builder, ad_var x);

    /* Records the layer; w are its parameters. *z is what the activation is applied to, the result
     * itself if there is none. */
    ad_var (*apply)(const nn_layer *layer, const ad_var *w, ad_var x, ad_var *z);

    /* What it applies to z; NULL if nothing. */
    nn_activation (*activation)(const nn_layer *layer);
} nn__layer_kind;

struct nn_layer {
    const nn__layer_kind *kind;
    const char *site; /* where the user wrote it, or NULL */
    ad_allocator allocator;
    ad_error error; /* in its options */
    int is_owned;
    nn_layer *next;   /* of the same model */
    int first, count; /* its parameters in the model's set */
    char name[NN__NAME];
};

/* A layer of bytes in all, set to zero but for the head; NULL if out of memory. name may be
 * NULL. */
void *nn__layer_new(const nn__layer_kind *kind, size_t bytes, const char *name,
                    const ad_allocator *allocator, const char *site);

/* Adds "<layer>.<part>", filled by init. */
ad_status nn__layer_add(const nn_layer *layer, nn__builder *builder, const char *part, nn_role role,
                        ad_shape shape, const nn_init *init, nn_fans fans);

#endif
