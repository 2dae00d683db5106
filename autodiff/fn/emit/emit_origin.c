/* SPDX-License-Identifier: MIT */
/* What comments of an emitted function say of where a step comes from. */
#include "fn/emit/emit_internal.h"

#include <string.h>

void ad__put_site(ad__emit *e, const char *site)
{
    while (*site != '\0') {
        size_t len = strcspn(site, "*");
        ad__put(e, "%.*s%s", (int)len, site, site[len] != '\0' ? "_" : "");
        site += len + (site[len] != '\0');
    }
}

void ad__put_origin(emission *m, ad__id id)
{
    const ad__value *v = &m->program->values[id];
    char text[160];
    ad__put(&m->e, "%s %s", v->op->name, ad_shape_print(&v->spec->shape, text, sizeof text));
    if (v->site != NULL) {
        ad__put(&m->e, ", ");
        ad__put_site(&m->e, v->site);
    }
}
