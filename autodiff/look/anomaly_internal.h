/* SPDX-License-Identifier: MIT */
#ifndef AD_LOOK_ANOMALY_INTERNAL_H
#define AD_LOOK_ANOMALY_INTERNAL_H

#include "anomaly.h"
#include "tape/tape_internal.h"

/* How bad a value is. */
enum { AD__FINITE, AD__INFINITE, AD__UNDEFINED };

/* ---- anomaly_value.c ---- */

/* The same of an operand: a constant may be meant to be NaN, too. */
int ad__operand_rank(const ad_tape *tape, uint32_t node, double value);

/* Whether every element is finite. */
int ad__is_clean(const ad_tape *tape, uint32_t node);

/* The element of argument a that meets element i of an elementwise node. */
size_t ad__met(const ad_tape *tape, uint32_t node, int a, size_t i);

/* What the arguments of a node are at worst, and its largest, if the operation is not elementwise:
 * the same for every element. */
int ad__worst_argument(const ad_tape *tape, uint32_t node, ad_anomaly *out);

/* Whether a node made its element i worse than what it was made of, which is `before` at least;
 * fills in which, and its operands. */
int ad__makes_element(const ad_tape *tape, uint32_t node, size_t i, int before, ad_anomaly *out);

/* Whether it made any; the first. */
int ad__makes_anomaly(const ad_tape *tape, uint32_t node, ad_anomaly *out);

/* ---- anomaly_slope.c ---- */

/* Whether a node is a product of a derivative that drops slopes: its arguments are the cotangent
 * and the slope. */
int ad__is_chain(const ad_tape *tape, uint32_t node);

/* Whether element i of such a node is a slope that was dropped, by no choice. */
int ad__drops(const ad_tape *tape, uint32_t chain, size_t i);

/* Finds the operation that made element i of a node what it is; returns its node. */
uint32_t ad__maker_of(const ad_tape *tape, uint32_t node, size_t i, ad_anomaly *out);

/* Fills lasting[node - first] of the marked nodes (NULL: all): AD__USED alone where every operation
 * that uses a value of a derivative that is not finite drops it as a slope. */
enum { AD__USED = 1, AD__LASTING = 2 };
void ad__mark_lasting(const ad_tape *tape, const uint8_t *marks, uint32_t first, uint8_t *lasting);

#endif
