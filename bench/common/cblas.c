/* SPDX-License-Identifier: MIT */
#include "cblas.h"

#include <dlfcn.h>
#include <stddef.h>

cblas cblas_in(const char *name, void *library)
{
    cblas c = {.name = name};
    if (library != NULL) {
        *(void **)&c.sgemm = dlsym(library, "cblas_sgemm");
        *(void **)&c.dgemm = dlsym(library, "cblas_dgemm");
    }
    return c;
}

const cblas *cblas_openblas(void)
{
    static cblas openblas;
    if (openblas.name == NULL) {
        int flags = RTLD_NOW | RTLD_LOCAL | RTLD_DEEPBIND; /* BLIS has functions of these names */
        openblas = cblas_in("openblas", dlopen("libopenblas.so.0", flags));
    }
    return &openblas;
}
