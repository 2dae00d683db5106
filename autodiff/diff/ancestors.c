/* SPDX-License-Identifier: MIT */
#include "diff/ancestors_internal.h"

#include <string.h>

void ad__mark_ancestors(const ad_tape *tape, int results, const ad_var *y, uint8_t *mark)
{
    memset(mark, results == 0, tape->count);
    mark[0] = 0;
    for (int j = 0; j < results; j++) {
        if (y[j].tape != NULL) {
            mark[y[j].ref.at.node] = 1;
        }
    }
    for (uint32_t node = tape->count - 1; node > 0 && results > 0; node--) {
        int count;
        const uint32_t *arg = ad__args_of(tape, node, &count);
        for (int i = 0; i < count && mark[node]; i++) {
            mark[arg[i]] = 1;
        }
    }
}
