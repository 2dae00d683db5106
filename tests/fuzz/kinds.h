/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_KINDS_H
#define TESTS_FUZZ_KINDS_H

#include "fuzz.h"

/* x's elements, cut or repeated, in a shape. */
ad_var fuzz_fit(ad_var x, ad_shape shape);

#define FUZZ_KIND(name, count, weight, smooth) void fuzz_##name(fuzz_call *c);
#include "structured.def"
#undef FUZZ_KIND

#endif
