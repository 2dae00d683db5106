/* SPDX-License-Identifier: MIT */
#ifndef TRAINING_H
#define TRAINING_H

/* Small trainings that several tests look at. */
#include "layers.h"
#include "train.h"

/* ---- the notes' perceptron: a = w x + b from NumPy's first two normal numbers; x = 4, y = 9
 * ---- */

static const double four = 4, nine = 9;

static inline nn_array column(int64_t rows, const double *data)
{
    return nn_array_view(NN_F64, AD_SHAPE(rows, 1), data);
}

static inline nn_model *perceptron(void)
{
    ad_mt19937 mt;
    ad_mt19937_init(&mt, 0);
    nn_model *net = nn_sequential(nn_dense(1, .weight = nn_normal(0, 1), .bias = nn_normal(0, 1)));
    nn_build(net, .input = AD_SHAPE(1), .numpy = &mt);
    return net;
}

static inline double value(const nn_model *net, const char *name)
{
    return nn_param_value(nn_params_find(nn_model_params(net), name), 0);
}

/* ---- a small classification ---- */

enum { ROWS = 50, FEATURES = 3, CLASSES = 3 };

typedef struct points {
    double x[ROWS][FEATURES];
    int64_t y[ROWS];
} points;

/* The class is the place of the largest feature. */
static inline points make_points(uint64_t seed)
{
    points p;
    ad_rng rng = {.seed = seed};
    for (int i = 0; i < ROWS; i++) {
        p.y[i] = 0;
        for (int j = 0; j < FEATURES; j++) {
            p.x[i][j] = ad_rng_normal(&rng);
            p.y[i] = p.x[i][j] > p.x[i][p.y[i]] ? j : p.y[i];
        }
    }
    return p;
}

static inline nn_array inputs(const points *p)
{
    return nn_array_view(NN_F64, AD_SHAPE(ROWS, FEATURES), p->x);
}

static inline nn_array labels(const points *p)
{
    return nn_array_view(NN_I64, AD_SHAPE(ROWS), p->y);
}

static inline nn_model *small_net(void)
{
    return nn_sequential(nn_dense(8, .activation = ad_tanh), nn_dense(CLASSES));
}

#endif
