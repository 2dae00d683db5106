/* SPDX-License-Identifier: MIT */
#ifndef AD_KERNELS_LEAVES_INTERNAL_H
#define AD_KERNELS_LEAVES_INTERNAL_H

/* The codes of what is no row of ops.def. Those of rows begin at 1, in their order, so that a
 * switch over them is one comparison and one table; leaves come after all that there may be. */
enum {
    AD__STRUCTURED,
    AD__FIRST_CODE,
    AD__DEAD = 511,
    AD__INPUT,    /* a leaf with its own copy of the caller's numbers */
    AD__VIEW,     /* a leaf that reads the caller's memory */
    AD__ASSIGNED, /* a view that an assign has changed; arg[1], arg[2]: its node, the tape's tag */
    AD__CONSTANT, /* a leaf that no replay changes */
    AD__CODES     /* how many a table by code has entries */
};

static inline int ad__is_leaf_code(unsigned number)
{
    return number > AD__DEAD;
}

#endif
