/* SPDX-License-Identifier: MIT */
#include "fn/program/program_internal.h"

/* Each pass may open work for another; two rounds find what there is in practice. */
ad_status ad__optimise(ad__program *p)
{
    static ad_status (*const passes[])(ad__program *) = {
        ad__dce, ad__simplify, ad__cse, ad__simplify, ad__cse, ad__dce, ad__schedule};
    ad_status status = AD_OK;
    for (size_t i = 0; i < sizeof passes / sizeof *passes && status == AD_OK; i++) {
        status = passes[i](p);
    }
    return status;
}
