/* SPDX-License-Identifier: MIT */
#ifndef AD_CUSTOM_H
#define AD_CUSTOM_H

#include "shape.h"
#include "var.h"

/* Operations of the user's own, with their own forward and derivative. [extending]
 *
 * Most functions need none: compose them from the catalogue, and derivatives of every order come by
 * themselves. Write one where a value comes from outside (a table, a solver, a device), or where a
 * derivative is known in a better form than the composed one. ad_check tells whether it is right.
 */

/* An argument or a result: dense, row-major. */
typedef struct ad_custom_array {
    ad_type type;
    ad_shape shape;
    size_t count;
    void *data;
} ad_custom_array;

/* The three functions of an operation. `user` is what ad_custom was given; arguments are const.
 *
 * shape:  sets *type and *shape of the result, which come in as those of the first argument; NULL
 *         keeps them.
 * eval:   fills z->data. A pure function of x and user's content: it may run again on replay.
 * vjp:    records dx[i], the contribution to the cotangent of each x[i], from z's cotangent g, with
 *         operations of the catalogue; linear in g; dx[i] left alone means none. NULL: no gradient.
 *
 * A status other than AD_OK becomes the tape's error; the text is put into *error. */
typedef struct ad_custom_op {
    const char *name;
    ad_status (*shape)(void *user, int count, const ad_custom_array *x, ad_type *type,
                       ad_shape *shape, ad_error *error);
    ad_status (*eval)(void *user, int count, const ad_custom_array *x, ad_custom_array *z,
                      ad_error *error);
    void (*vjp)(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx);
} ad_custom_op;

#endif
