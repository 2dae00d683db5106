/* SPDX-License-Identifier: MIT */
#ifndef NN_PROGRESS_H
#define NN_PROGRESS_H

#include "history.h"

/* Progress of training for people to watch, as nn_fit's .progress. [everyday] */

#ifdef __cplusplus
extern "C" {
#endif

/* On a terminal one line that is drawn anew, with a bar, the time left, the cost and, once there
 * is one, the last validation's metric; it ends with a line an epoch. Lines are no longer than the
 * terminal is wide, which it is asked for, and else COLUMNS or 80; a narrow one has less to read.
 * Elsewhere, and where TERM is dumb, nn_progress_lines.
 *
 *   epoch  3/10  [========>           ]  41 %  left 0:12  cost 0.0712  validation accuracy 97.80 %
 */
AD_API void nn_progress_terminal(const nn_fit_state *state, FILE *to);

/* A plain line after each epoch: cost and metric in training, and then those in validation.
 *
 *   epoch  3/10  0:12  cost 0.0712  accuracy 97.91 %  validation 0.0854  97.80 %
 */
AD_API void nn_progress_lines(const nn_fit_state *state, FILE *to);

#ifdef __cplusplus
}
#endif

#endif
