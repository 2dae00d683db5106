/* SPDX-License-Identifier: MIT */
/* What kernels over `real` share. Included once a type. */

/* texts: real */

/* Never for whole numbers. Two comparisons, of which vectors make one with that of an extreme. */
static inline int TYPED(is_nan)(real x)
{
    return x < 0 ? 0 : !(x >= 0);
}
