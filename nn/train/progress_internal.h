/* SPDX-License-Identifier: MIT */
#ifndef NN_TRAIN_PROGRESS_INTERNAL_H
#define NN_TRAIN_PROGRESS_INTERNAL_H

#include "progress.h"

enum { NN__LINE = 512 };

/* The lines of progress, without their ends, in at most so many columns: what matters least is
 * left out first, and a bar takes the room that is left. width 0: everything, without limit. */
void nn__progress_bar(const nn_fit_state *state, int width, char line[static NN__LINE]);
void nn__progress_epoch(const nn_fit_state *state, int width, char line[static NN__LINE]);

#endif
