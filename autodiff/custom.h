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
 *
 *   static ad_status cube_eval(void *user, int count, const ad_custom_array *x, ad_custom_array *z,
 *                              ad_error *error)
 *   {
 *       const double *from = x[0].data;
 *       if (x[0].type != AD_F64) {
 *           return ad_error_set(error, AD_ERR_TYPE, "cube takes f64; ad_cast converts");
 *       }
 *       for (size_t i = 0; i < z->count; i++) {
 *           ((double *)z->data)[i] = from[i] * from[i] * from[i];
 *       }
 *       return AD_OK;
 *   }
 *
 *   static void cube_vjp(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx)
 *   {
 *       dx[0] = ad_mul(g, ad_mul(3, ad_square(x[0])));
 *   }
 *
 *   static const ad_custom_op cube = {.name = "cube", .eval = cube_eval, .vjp = cube_vjp};
 *   ad_var y = ad_custom(&cube, NULL, 1, &x);
 */

/* An argument, which is only read, or a result: dense, row-major. */
typedef struct ad_custom_array {
    ad_type type;
    ad_shape shape;
    size_t count; /* of elements */
    void *data;   /* NULL while shapes are worked out */
} ad_custom_array;

/* The functions of an operation. `user` is what ad_custom was given.
 *
 * shape:  sets *type and *shape of the result, which come in as those of the first argument; NULL
 *         keeps them. Refuses arguments that do not fit.
 * eval:   fills z->data. A pure function of x and user's content: it may run again on replay.
 * vjp:    records in dx[i] the cotangent of x[i]: z's cotangent g times the derivative by x[i],
 *         with operations of the catalogue, linear in g, so that derivatives of higher order work.
 *         Its shape is x[i]'s, or one that x[i] was broadcast to. A dx[i] left alone means no
 *         contribution. NULL: no gradient at all.
 *
 * Another status than AD_OK becomes the tape's error, with the text put into *error. */
typedef struct ad_custom_op {
    const char *name;
    ad_status (*shape)(void *user, int count, const ad_custom_array *x, ad_type *type,
                       ad_shape *shape, ad_error *error);
    ad_status (*eval)(void *user, int count, const ad_custom_array *x, ad_custom_array *z,
                      ad_error *error);
    void (*vjp)(void *user, int count, const ad_var *x, ad_var z, ad_var g, ad_var *dx);
} ad_custom_op;

#endif
