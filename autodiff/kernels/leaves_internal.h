/* SPDX-License-Identifier: MIT */
#ifndef AD_KERNELS_LEAVES_INTERNAL_H
#define AD_KERNELS_LEAVES_INTERNAL_H

/* The numbers of what is no row of ops.def. */
enum {
    AD__STRUCTURED,
    AD__INPUT,    /* a leaf with its own copy of the caller's numbers */
    AD__VIEW,     /* a leaf that reads the caller's memory */
    AD__ASSIGNED, /* a view that an assign has changed; arg[1], arg[2]: its node, the tape's tag */
    AD__CONSTANT, /* a leaf that no replay changes */
    AD__DEAD,
    AD__FIRST_CODE /* from here on the rows, in their order */
};

static inline int ad__is_leaf_code(unsigned number)
{
    return number - AD__INPUT <= AD__CONSTANT - AD__INPUT;
}

#endif
