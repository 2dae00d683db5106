/* SPDX-License-Identifier: MIT */
#ifndef AD_DIFF_ANCESTORS_INTERNAL_H
#define AD_DIFF_ANCESTORS_INTERNAL_H

#include "tape/tape_internal.h"

/* Reading a recorded tape: what its dumps and its anomaly report share. */

/* Sets mark[node] of tape->count marks to 1 for what y depends on, y included, else to 0; literals
 * are skipped. results 0: every node of the tape. */
void ad__mark_ancestors(const ad_tape *tape, int results, const ad_var *y, uint8_t *mark);

#endif
