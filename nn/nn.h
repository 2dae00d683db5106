/* SPDX-License-Identifier: MIT */
#ifndef NN_NN_H
#define NN_NN_H

/* Neural networks as compositions of automatic differentiation: no derivative is written here.
 *
 *   #include <stdio.h>
 *   #include <wengert/nn.h>
 *
 *   int main(void)
 *   {
 *       double x[4][2] = {{0, 0}, {0, 1}, {1, 0}, {1, 1}}, y[4] = {0, 1, 1, 0};
 *       nn_array inputs = nn_array_view(NN_F64, AD_SHAPE(4, 2), x);
 *       nn_array targets = nn_array_view(NN_F64, AD_SHAPE(4), y);
 *       nn_model *net = nn_sequential(nn_dense(8, .activation = ad_tanh), nn_dense(1));
 *       nn_fit_result fit = nn_fit(net, inputs, targets, .cost = nn_binary_cross_entropy,
 *                                  .optim = nn_adam(.rate = 0.1), .epochs = 200);
 *       if (fit.error.status != AD_OK) {
 *           puts(fit.error.message);
 *       } else {
 *           printf("cost %g\n", fit.history[fit.epochs - 1].train.cost);
 *       }
 *       nn_fit_result_clear(&fit);
 *       nn_model_free(net);
 *   }
 *
 * cc program.c $(pkg-config --cflags --libs wengert-nn)
 *
 * The headers below are in reading order. */

#include <wengert/autodiff.h>

#include "options.h"
#include "params.h"
#include "init.h"
#include "activations.h"
#include "layers.h"
#include "layer.h"
#include "model.h"
#include "costs.h"
#include "optim.h"
#include "schedule.h"
#include "array.h"
#include "table.h"
#include "formats.h"
#include "csv.h"
#include "standard.h"
#include "batches.h"
#include "metrics.h"
#include "history.h"
#include "log.h"
#include "progress.h"
#include "train.h"
#include "plot.h"

#endif
