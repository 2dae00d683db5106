/* SPDX-License-Identifier: MIT */
#include "version.h"

const char *ad_version(void)
{
    return AD_VERSION;
}
