/* SPDX-License-Identifier: MIT */
#ifndef NN_OPTIONS_H
#define NN_OPTIONS_H

#include <wengert/autodiff.h>

/* Named arguments. [rarely]
 *
 * A call such as nn_adam(.rate = 1e-3) is a macro over a real function that takes a struct of
 * options: nn_adam_of((nn_adam_options){.rate = 1e-3}). An option that is left out is zero, which
 * always means its usual value. In C++ the macros need C++20; the functions need nothing. */

#ifdef __cplusplus
#define NN_OPTIONS(type, ...) (type{__VA_ARGS__})
#else
#define NN_OPTIONS(type, ...) ((type){__VA_ARGS__})
#endif

#endif
