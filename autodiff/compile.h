/* SPDX-License-Identifier: MIT */
#ifndef AD_COMPILE_H
#define AD_COMPILE_H

#include "fn.h"
#include "fn_call.h"

/* From a C function to a compiled one, with its gradient, in one call. [everyday]
 *
 *   static ad_var energy(void *user, const ad_var *x)
 *   {
 *       return ad_sum(ad_mul(x[1], ad_square(x[0])), AD_ALL);
 *   }
 *
 *   ad_error error;
 *   ad_fn *f = ad_compile(energy, NULL, AD_INPUTS({"x", AD_F64, AD_SHAPE(3)},
 *                                                 {"w", AD_F64, AD_SCALAR}),
 *                         &error, .gradient = 1, .threads = 2);
 *   double x[3] = {1, 2, 3}, w = 0.5, y, dx[3], dw;
 *   if (ad_fn_call(f, AD_ARRAYS(x, w), AD_ARRAYS(y, dx, dw)) != AD_OK) .. ad_fn_message(f) ..
 *   ad_fn_free(f);
 *
 * The function is recorded once, on inputs of these types and shapes, and compiled; what the
 * options may say is in fn.h. */

/* AD_INPUTS({"x", AD_F64, AD_SHAPE(3)}, ..): how many inputs, and what each is. */
#ifdef __cplusplus
#define AD_INPUTS(...) ad__spec_count({__VA_ARGS__}), ad__spec_list({__VA_ARGS__})
#else
#define AD_INPUTS(...) AD__COUNT(ad_spec, __VA_ARGS__), AD__LIST(ad_spec, __VA_ARGS__)
#endif

#define ad_compile(function, user, inputs, ...)                                                    \
    ad_compile_of(function, user, inputs, AD_OPTIONS(ad_fn_options, .error = __VA_ARGS__))

#ifdef __cplusplus
extern "C" {
#endif

/* Compiles function(user, x) for x[i] of the specs inputs[i]; NULL on failure, with the reason in
 * *options.error, which may be NULL. The outputs are the value, or, with the option gradient, the
 * value and then its derivative by each input but integers. Names are those of the inputs, and "dx"
 * for the derivative by "x".
 *
 * The function is called once, here. While it is, the elements of f64 and f32 inputs are 1, those
 * of i64 inputs 0: it has to succeed on these, and what it reads by ad_value are these. A branch
 * that it takes on such a value would be taken for all inputs, so a function that asks ad_branch,
 * or reads a value that is one of few (see ad_branch), is refused: write the choice with ad_where,
 * or give the option guard and ask ad_fn_guard after each call. ad_input_view in it is memory that
 * is read in each call, such as weights.
 *
 * Errors: those of the recording; of ad_grad, where the value is no scalar; those of ad_fn_new;
 *         AD_ERR_STATE if it branches; AD_ERR_DOMAIN if the function is NULL, or there are no
 *         inputs; AD_ERR_MEMORY.
 * Owns: the caller, until ad_fn_free. */
AD_API ad_fn *ad_compile_of(ad_function *function, void *user, int count, const ad_spec *inputs,
                            ad_fn_options options);

#ifdef __cplusplus
}

static inline int ad__spec_count(std::initializer_list<ad_spec> specs)
{
    return static_cast<int>(specs.size());
}
static inline const ad_spec *ad__spec_list(std::initializer_list<ad_spec> specs)
{
    return specs.begin();
}
#endif

#endif
