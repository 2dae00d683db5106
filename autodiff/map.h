/* SPDX-License-Identifier: MIT */
#ifndef AD_MAP_H
#define AD_MAP_H

#include "fn.h"

/* One scalar function over many rows: residuals of observations, pixels, samples, particles.
 * [everyday]
 *
 *   ad_var in[] = {ad_input(tape, 1), ad_input(tape, 2)}, out[3] = {residual(in)};
 *   ad_grad(out[0], 2, in, out + 1);
 *   ad_map *m = ad_map_new(tape, 2, in, 3, out, NULL);
 *   ad_map_run(m, rows, (ad_column[]){{a, 1}, {b, 1}}, (ad_target[]){{r, 1}, {da, 1}, {db, 0}});
 *
 * The function is recorded once, with scalars of f64. Each of its operations then runs over many
 * rows at a time in vector registers; gradients and Jacobians by row are ordinary outputs. Every
 * number has the bits that recording the row would give it. What made a NaN in a row is found by
 * recording that row on a tape (anomaly.h): there is no such call for a map. */

typedef struct ad_map ad_map;

/* An input: row i has data[i * step]; step 0: all rows have data[0]. */
typedef struct ad_column {
    const double *data;
    ptrdiff_t step;
} ad_column;

/* An output: row i goes to data[i * step]; step 0: data[0] gets the sum over all rows, by the tree
 * of ad_sum. */
typedef struct ad_target {
    double *data;
    ptrdiff_t step;
} ad_target;

#ifdef __cplusplus
extern "C" {
#endif

/* Compiles outputs for rows of inputs; options may be NULL. Views are read at each run and are the
 * same for all rows.
 *
 * Errors, on the tape: as ad_fn_new; AD_ERR_UNSUPPORTED if a value is no f64 scalar or comes from a
 *         structured operation, or the options ask for a guard, limit memory or are to be resized:
 *         rows are any number; AD_ERR_STATE if the recording assigns and .no_assign is not set.
 * Owns: the caller, until ad_map_free (NULL is fine). */
AD_API ad_map *ad_map_new(ad_tape *tape, int in_count, const ad_var *in, int out_count,
                          const ad_var *out, const ad_fn_options *options);
AD_API void ad_map_free(ad_map *m);

/* Whether the option native made it machine code: one loop over the rows, with all that lies
 * between inputs and outputs in registers. 0 too where the compiler cannot be run, and where
 * machine code would not be faster: with functions of libm that have no vectors (atan, pow, erf,
 * ..), and beyond 2,000 operations, for which compilers take long. */
AD_API int ad_map_is_native(const ad_map *m);

/* One column an input, one target an output; any number of rows, also none. Targets overlap nothing
 * else. Allocates nothing; one call at a time. Nothing happens if m is NULL. */
AD_API void ad_map_run(ad_map *m, size_t rows, const ad_column *in, const ad_target *out);

#ifdef __cplusplus
}
#endif

#endif
