/* SPDX-License-Identifier: MIT */
#ifndef AD_AUTODIFF_H
#define AD_AUTODIFF_H

/* Wengert: reverse-mode automatic differentiation of any function written in C.
 *
 *   #include <stdio.h>
 *   #include <wengert/autodiff.h>
 *
 *   int main(void)
 *   {
 *       ad_tape *tape = ad_tape_new();
 *       ad_var x = ad_input(tape, 1.5), w = ad_input(tape, -0.5);
 *       ad_var y = ad_add(ad_mul(x, w), ad_sin(ad_mul(2.0, x)));
 *       ad_var dy[2], d2y;
 *       ad_grad(y, AD_LIST(x, w), dy);      // gradients are variables:
 *       ad_grad(dy[0], 1, &x, &d2y);              // differentiate them again
 *       if (ad_tape_status(tape) != AD_OK) {
 *           puts(ad_tape_message(tape));
 *       }
 *       printf("%g %g %g\n", ad_value(y), ad_value(dy[0]), ad_value(d2y));
 *       ad_tape_free(tape);
 *   }
 *
 * cc program.c $(pkg-config --cflags --libs wengert)
 *
 * The headers below are in reading order. */

#include "version.h"
#include "status.h"
#include "arena.h"
#include "rng.h"
#include "shape.h"
#include "var.h"
#include "tape.h"
#include "custom.h"
#include "ops.h"
#include "reverse.h"
#include "forward.h"
#include "jacobian.h"
#include "sparse.h"
#include "check.h"
#include "fn.h"
#include "fn_call.h"
#include "compile.h"
#include "fn_show.h"
#include "map.h"
#include "anomaly.h"
#include "dump.h"

#endif
