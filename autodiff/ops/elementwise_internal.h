/* SPDX-License-Identifier: MIT */
#ifndef AD_OPS_ELEMENTWISE_INTERNAL_H
#define AD_OPS_ELEMENTWISE_INTERNAL_H

#include "tape/op_internal.h"

/* Shape rule and evaluation shared by every elementwise row: NumPy broadcasting over one type. */
ad_status ad__elementwise_infer(ad__call *call);
ad_status ad__elementwise_eval(const ad__call *call, ad__loop *const *loop);

/* Writes a row's text as nested loops over tensors that broadcast in any way. */
void ad__elementwise_emit(struct ad__emit *e, const ad__call *call, const char *text);

/* A numeric reverse sweep over nodes last .. first, f64 scalars of elementwise rows or leaves,
 * first > 0: adds to the adjoint of every argument what its results' adjoints hand on. adjoint is
 * by node; of a piece by node - first + 1, and its first entry receives what goes to earlier
 * nodes. */
void ad__sweep_scalars(const ad__node *nodes, const ad__slot *value, uint32_t first, uint32_t last,
                       double *adjoint);
void ad__sweep_piece(const ad__node *nodes, const ad__slot *value, uint32_t first, uint32_t last,
                     double *adjoint);

/* What the cotangent g of such a node hands on to each of its arguments, one entry an argument: for
 * a g of 1 the derivatives. */
void ad__contributions_of(const ad__node *nodes, const ad__slot *value, uint32_t node, double g,
                          double *contribution);

/* z = z + x, n elements of a float type. */
void ad__add_elements(const ad_tape *tape, ad_type type, size_t n, const void *x, void *z);

/* An operation of a run of f64 scalars: v[z] = row(v[x[0]], v[x[1]], v[x[2]]). A run ends with a
 * row AD__STRUCTURED, so that nothing is counted. */
typedef struct ad__scalar_op {
    uint32_t code, z, x[3];
} ad__scalar_op;
void ad__run_scalars(const ad__scalar_op *ops, double *v);

#endif
