/* SPDX-License-Identifier: MIT */
#ifndef BENCH_PROFILE_H
#define BENCH_PROFILE_H

#include <wengert/autodiff.h>

/* ad_fn_new and ad_map_new, with machine code by the C compiler that BENCH_NATIVE names, if it
 * names one. */
ad_fn *bench_compiled(ad_tape *tape, int in_count, const ad_var *in, int out_count,
                      const ad_var *out);
ad_map *bench_compiled_map(ad_tape *tape, int in_count, const ad_var *in, int out_count,
                           const ad_var *out);

/* What a compiled function's time is made of: appends a table to the file that BENCH_REPORT names,
 * if it does. Steps of one kind and the same operations are one line; the lines that take longest
 * come first. Arguments as of ad_fn_run, and as of ad_fn_eval. */
void bench_profile(const char *name, const ad_fn *f, const void *const *inputs,
                   void *const *outputs);
void bench_profile_eval(const char *name, const ad_fn *f, const double *x, double *y);

#endif
