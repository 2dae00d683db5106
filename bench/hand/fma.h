/* SPDX-License-Identifier: MIT */
#ifndef FMA_H
#define FMA_H

/* The limit of the core: independent fused multiply-adds on registers, their latency covered.
 * context is a double, the floating-point operations to do; one FMA is two of them. As a side of a
 * case named flop_bound this is the time its arithmetic alone would take. */
void fma_f32(void *context);
void fma_f64(void *context);

#endif
