/* SPDX-License-Identifier: MIT */
#ifndef NN_PROGRESS_H
#define NN_PROGRESS_H

#include "history.h"

/* Progress of training for people to watch, as nn_fit's .progress. [everyday] */

#ifdef __cplusplus
extern "C" {
#endif

/* On a terminal one line that is drawn anew, with a bar, the time left, the cost and, once there
 * is one, the last validation's metric; it ends with a line an epoch. Elsewhere nn_progress_lines.
 *
 *   epoch  3/10  [========>           ]  41 %  left 0:12  cost 0.0712  validation accuracy 97.80 %
 */
AD_API void nn_progress_terminal(const nn_fit_state *state, FILE *to);

/* A plain line after each epoch. */
AD_API void nn_progress_lines(const nn_fit_state *state, FILE *to);

#ifdef __cplusplus
}
#endif

#endif
