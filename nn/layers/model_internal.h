/* SPDX-License-Identifier: MIT */
#ifndef NN_LAYERS_MODEL_INTERNAL_H
#define NN_LAYERS_MODEL_INTERNAL_H

#include "model.h"

/* Whether what the model gives lies in [0, 1] whatever its last layer's activation is applied to:
 * probabilities, by whatever name, and no logits. 0 before it is built. */
int nn__model_gives_parts(const nn_model *model);

/* Errors: AD_ERR_SHAPE unless a batch of that shape has rows of the built model's input. */
ad_status nn__model_takes(const nn_model *model, const char *call, const ad_shape *batch,
                          ad_error *error);

#endif
