/* SPDX-License-Identifier: MIT */
#ifndef NN_OPTIONS_H
#define NN_OPTIONS_H

/* Named arguments. [rarely]
 *
 * A call such as nn_build(net, .seed = 7) is a macro over a real function that takes a struct of
 * options: nn_build_of(net, (nn_build_options){.seed = 7}). An option that is left out is zero,
 * which always means its usual value. In C++ the macros need C++20; the functions need nothing. */

#define NN_OPTIONS(type, ...) AD_OPTIONS(type, __VA_ARGS__)

/* Where 0 is a value like any other, an option also says whether it is given.
 *
 *   typedef struct my_options {
 *       NN_OPTION(rate);
 *       NN_OPTION(momentum);
 *   } my_options;
 *
 *   NN_GIVEN(my_options, .momentum = 0)        momentum is given, rate is not
 *
 * In memory an option is two doubles: its value, and 1 if it is given, else 0. NN_GIVEN takes 1 to
 * 12 options, sets what follows each in the struct to 1, and is the address of that struct. */
#ifdef __cplusplus
struct nn_option {
    double value, is_given;
    constexpr nn_option() : value(0), is_given(0)
    {
    }
    constexpr nn_option(double given) : value(given), is_given(1)
    {
    }
};
#define NN_OPTION(name) nn_option name = nn_option()
#define NN_GIVEN(type, ...) (&static_cast<const type &>(type{__VA_ARGS__}))
#define NN__AS(type, e) static_cast<type>(e)
#else
#define NN_OPTION(name) double name, name##_is_given
#define NN_GIVEN(type, ...)                                                                        \
    (&(const type){NN__COUNTED(__VA_ARGS__, NN__12, NN__11, NN__10, NN__9, NN__8, NN__7, NN__6,    \
                               NN__5, NN__4, NN__3, NN__2, NN__1, 0)(__VA_ARGS__)})
#define NN__AS(type, e) ((type)(e))
#define NN__COUNTED(a, b, c, d, e, f, g, h, i, j, k, l, each, ...) each
#define NN__1(a) a, 1
#define NN__2(a, ...) a, 1, NN__1(__VA_ARGS__)
#define NN__3(a, ...) a, 1, NN__2(__VA_ARGS__)
#define NN__4(a, ...) a, 1, NN__3(__VA_ARGS__)
#define NN__5(a, ...) a, 1, NN__4(__VA_ARGS__)
#define NN__6(a, ...) a, 1, NN__5(__VA_ARGS__)
#define NN__7(a, ...) a, 1, NN__6(__VA_ARGS__)
#define NN__8(a, ...) a, 1, NN__7(__VA_ARGS__)
#define NN__9(a, ...) a, 1, NN__8(__VA_ARGS__)
#define NN__10(a, ...) a, 1, NN__9(__VA_ARGS__)
#define NN__11(a, ...) a, 1, NN__10(__VA_ARGS__)
#define NN__12(a, ...) a, 1, NN__11(__VA_ARGS__)
#endif

#endif
