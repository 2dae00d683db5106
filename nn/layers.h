/* SPDX-License-Identifier: MIT */
#ifndef NN_LAYERS_H
#define NN_LAYERS_H

#include "layer.h"

/* The layers of the library. [everyday]
 *
 *   nn_sequential(nn_dense(300, .activation = ad_relu), nn_dropout(0.5), nn_dense(10))
 *
 * Each takes a batch [rows, ...]. Every macro is nn_layer_new of its kind.
 * Owns:   what a layer is given to, else the caller until nn_layer_free; NULL if out of memory,
 *         which the model reports too. */

#ifdef __cplusplus
extern "C" {
#endif

/* A dense layer: every unit sees every input.
 *
 *   z = x W + b,  a = f(z)
 *
 * x [rows, ...]   W [n, units]   b [units]   ->   a [rows, units]
 *
 * n is the number of elements in a row of x, which is flattened: images need no reshaping. W is
 * the transpose of the lecture's w^l, whose rows are units: z^l = w^l a^(l-1) + b^l.
 *
 *   nn_dense(300, .activation = ad_relu)
 *   nn_dense(1, .weight = nn_normal(0, 1), .bias = nn_constant(0.01))
 *
 * Parameters: weight, bias.
 * Errors: AD_ERR_DOMAIN if units < 1;  AD_ERR_SHAPE if x has rank 0 or 1. The model reports
 * them. */
AD_API extern const nn_layer_kind nn_dense_kind;

typedef struct nn_dense_options {
    int64_t units;
    nn_activation activation; /* NULL: none */
    nn_init weight;           /* nn_init_for(activation), or for the one that follows */
    nn_init bias;             /* zeros */
    int no_bias;              /* 1: z = x W */
    NN_LAYER_OPTIONS;
} nn_dense_options;

#define nn_dense(...) NN_LAYER(&nn_dense_kind, nn_dense_options, .units = __VA_ARGS__)

/* Any function from a batch to a batch, as an activation: z = x, a = f(z).
 *
 * Errors: AD_ERR_DOMAIN if function is NULL; the model reports it. */
AD_API extern const nn_layer_kind nn_function_kind;

typedef struct nn_function_options {
    nn_activation function;
    NN_LAYER_OPTIONS;
} nn_function_options;

#define nn_function(...) NN_LAYER(&nn_function_kind, nn_function_options, .function = __VA_ARGS__)

/* Layer normalisation over the last axes of a row.
 *
 *   y = gain (x - mean(x)) / sqrt(var(x) + eps) + bias          var is the biased variance
 *
 * x [rows, ..., n]   gain, bias [n]   ->   y like x           with axes = 2: gain, bias [m, n]
 *
 * Parameters: gain (1), bias (0).
 * Errors: AD_ERR_DOMAIN unless axes >= 0 and eps >= 0;  AD_ERR_SHAPE if a row has fewer axes.
 * Source: Ba, Kiros, Hinton 2016, eq. 4. */
AD_API extern const nn_layer_kind nn_layer_norm_kind;

typedef struct nn_layer_norm_options {
    NN_NO_OPTION;
    int axes;      /* 0 means 1 */
    double eps;    /* 0 means 1e-5 */
    int no_affine; /* 1: neither gain nor bias */
    NN_LAYER_OPTIONS;
} nn_layer_norm_options;

#define nn_layer_norm(...)                                                                         \
    NN_LAYER(&nn_layer_norm_kind, nn_layer_norm_options, .none = 0, __VA_ARGS__)

/* Batch normalisation, before the activation: nn_dense(300), nn_batch_norm(), nn_function(ad_relu).
 *
 *   y = gain (x - m) / sqrt(v + eps) + bias
 *
 * Of each feature (an index of the axis), m and v are the mean and biased variance over all else
 * in the batch while training, and otherwise the running ones, which training moves:
 *
 *   mean = (1 - momentum) mean + momentum m,   var = (1 - momentum) var + momentum v n / (n - 1)
 *
 * n is the number of elements of a feature in the batch; of one alone, y is the bias and its
 * variance counts as 0.
 *
 * x [rows, n, ...]   gain, bias, mean, var [n]   ->   y like x
 *
 * Parameters: gain (1), bias (0); state: mean (0), var (1).
 * Errors: AD_ERR_DOMAIN unless momentum is in [0, 1] and eps >= 0;  AD_ERR_SHAPE if x has no such
 *         axis.
 * Source: Ioffe, Szegedy 2015, algorithms 1 and 2; momentum and the unbiased running variance are
 *         PyTorch's. */
AD_API extern const nn_layer_kind nn_batch_norm_kind;

typedef struct nn_batch_norm_options {
    NN_NO_OPTION;
    int axis;        /* of the features; 0 means 1, -1 is the last */
    double momentum; /* 0 means 0.1 */
    double eps;      /* 0 means 1e-5 */
    int no_affine;   /* 1: neither gain nor bias */
    NN_LAYER_OPTIONS;
} nn_batch_norm_options;

#define nn_batch_norm(...)                                                                         \
    NN_LAYER(&nn_batch_norm_kind, nn_batch_norm_options, .none = 0, __VA_ARGS__)

/* Dropout: while training, an element is 0 with probability rate, and else divided by 1 - rate, so
 * that its mean stays; otherwise y = x, exactly. As the first layer it drops inputs.
 *
 *   y = x mask / (1 - rate)
 *
 * The mask is a function of the model's seed, the layer, the number of the step and the place in
 * the batch: row i of a batch has the same mask whatever the number of rows and threads, in a
 * recorded and in a compiled step.
 *
 * State: key.
 * Errors: AD_ERR_DOMAIN unless 0 <= rate < 1.
 * Source: Srivastava et al. 2014, section 10 ("inverted"). */
AD_API extern const nn_layer_kind nn_dropout_kind;

typedef struct nn_dropout_options {
    double rate;
    NN_LAYER_OPTIONS;
} nn_dropout_options;

#define nn_dropout(...) NN_LAYER(&nn_dropout_kind, nn_dropout_options, .rate = __VA_ARGS__)

/* ---- layers of layers ---- */

/* One layer after the other: y = f_n(.. f_2(f_1(x))). */
AD_API extern const nn_layer_kind nn_sequential_kind;

typedef struct nn_sequential_options {
    NN_LAYER_OPTIONS;
} nn_sequential_options;

#define nn_sequential(...) NN_LAYER_WITH(&nn_sequential_kind, NULL, __VA_ARGS__)

/* A residual block: y = x + f(x), f the layers one after the other.
 *
 * Errors: AD_ERR_SHAPE unless f(x) has x's shape.
 * Source: He, Zhang, Ren, Sun 2016, eq. 1. */
AD_API extern const nn_layer_kind nn_residual_kind;

#define nn_residual(...) NN_LAYER_WITH(&nn_residual_kind, NULL, __VA_ARGS__)

/* Branches that all take x, and their sum: y = f_1(x) + f_2(x) + ..
 *
 * Errors: AD_ERR_SHAPE unless they have one shape. */
AD_API extern const nn_layer_kind nn_sum_kind;

#define nn_sum(...) NN_LAYER_WITH(&nn_sum_kind, NULL, __VA_ARGS__)

/* Branches that all take x, side by side along the axis: nn_concat(1, nn_dense(3), nn_dense(5)). A
 * negative axis counts from the end. */
AD_API extern const nn_layer_kind nn_concat_kind;

typedef struct nn_concat_options {
    int axis;
    NN_LAYER_OPTIONS;
} nn_concat_options;

#define nn_concat(along, ...)                                                                      \
    NN_LAYER_WITH(&nn_concat_kind, NN__POINTER(nn_concat_options, .axis = along), __VA_ARGS__)

/* Any function of layers, with several inputs and outputs:
 *
 *   static void meet(nn_pass *pass, nn_layer *const *parts, const ad_var *x, ad_var *y)
 *   {
 *       ad_var left = nn_pass_apply(pass, parts[0], x[0]);
 *       ad_var right = nn_pass_apply(pass, parts[0], x[1]);          the same layer: shared
 *       y[0] = nn_pass_apply(pass, parts[1], ad_abs(ad_sub(left, right)));
 *   }
 *
 *   nn_model *net = nn_graph(meet, 2, 1, nn_dense(8), nn_dense(1));
 *
 * Errors: AD_ERR_DOMAIN if function is NULL or a number below 1. */
AD_API extern const nn_layer_kind nn_graph_kind;

typedef struct nn_graph_options {
    void (*function)(nn_pass *pass, nn_layer *const *parts, const ad_var *x, ad_var *y);
    int inputs, outputs;
    NN_LAYER_OPTIONS;
} nn_graph_options;

#define nn_graph(f, ins, outs, ...)                                                                \
    NN_LAYER_WITH(&nn_graph_kind,                                                                  \
                  NN__POINTER(nn_graph_options, .function = f, .inputs = ins, .outputs = outs),    \
                  __VA_ARGS__)

/* nn_sequential of count layers in a list. allocator NULL: the C library's. */
AD_API nn_layer *nn_sequential_in(const ad_allocator *allocator, size_t count,
                                  nn_layer *const *layers);

#ifdef __cplusplus
}
#endif

#endif
