/* SPDX-License-Identifier: MIT */
#include "kernels/levels_internal.h"
#include "kernels/codes_internal.h"

extern const ad__loop_table AD__EVERY_LEVEL(ad__loops_f64), AD__EVERY_LEVEL(ad__loops_f32);

ad__loop *const *ad__loops_at(ad_type type, int level)
{
    static const ad__loop_table *const loops[2][AD__LEVELS] = {{AD__EVERY_LEVEL(&ad__loops_f64)},
                                                               {AD__EVERY_LEVEL(&ad__loops_f32)}};
    return loops[type][level]->of;
}

ad__loop *const *ad__loops_of(ad_type type)
{
    return ad__loops_at(type, ad__level());
}
