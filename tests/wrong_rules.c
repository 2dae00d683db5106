/* SPDX-License-Identifier: MIT */
#include "wrong_rules.h"

ad_var test_held(ad_var s)
{
    return ad_constant(s.tape, ad_type_of(s), ad_shape_of(s), ad_data(s));
}

ad_var test_call_bent(void *user, const ad_var *x)
{
    const test_bent *b = user;
    ad_var s = b->f(x[0]), d = ad_sub(s, test_held(s));
    return ad_add(s, ad_add(ad_mul(b->p, d), ad_mul(b->q / 2, ad_square(d))));
}

ad_var test_mish(ad_var x)
{
    return ad_mul(x, ad_tanh(ad_softplus(x)));
}

ad_report test_check_scalar(ad_function *f, void *user, double x, int order)
{
    ad_check_input input = {AD_F64, AD_SCALAR, &x};
    return ad_check(f, user, 1, &input, &(ad_check_options){.order = order});
}
