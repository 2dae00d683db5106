/* SPDX-License-Identifier: MIT */
/* Binomial checkpoints. */
#include "fn/plan/rematerialise_internal.h"

/* (s + r over s), stages that s checkpoints reverse if each is advanced over r times at most; large
 * numbers are cut. */
static uint64_t reach(uint64_t s, int64_t r)
{
    uint64_t product = r >= 0;
    for (uint64_t i = 1; r > 0 && i <= s; i++) {
        product = product * ((uint64_t)r + i) / i;
        if (product > UINT32_MAX) {
            return UINT32_MAX;
        }
    }
    return product;
}

uint32_t ad__next_checkpoint(uint32_t stages, uint32_t checkpoints)
{
    uint64_t all = (uint64_t)checkpoints + 1; /* with the one before the first stage */
    int64_t r = 1;
    while (reach(all, r) < stages) {
        r++;
    }
    uint64_t most = reach(all, r - 1), behind = reach(all - 1, r - 1);
    if (stages > behind && stages - behind < most) {
        most = stages - behind;
    }
    return most < stages ? (uint32_t)most : stages - 1;
}
