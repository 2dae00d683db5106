/* SPDX-License-Identifier: MIT */
#include "fn/passes/passes_internal.h"

#include <string.h>

enum { ROUNDS = 2 };

#define ROW(NAME, TIMES, PURPOSE) {#NAME, TIMES, PURPOSE, ad__##NAME},
const ad__pass ad__passes[] = {AD__PASSES(ROW){NULL, 0, NULL, NULL}};

int ad__is_dump_point(const char *name)
{
    int is = strcmp(name, AD__CAPTURE) == 0;
    for (const ad__pass *pass = ad__passes; pass->name != NULL; pass++) {
        is |= strcmp(name, pass->name) == 0;
    }
    return is;
}

static void print_after(const char *name, const ad__program *p, const ad__dump_options *dump)
{
    if (dump != NULL && dump->out != NULL &&
        (dump->after == NULL || strcmp(dump->after, name) == 0)) {
        (void)fprintf(dump->out, "after %s:\n", name);
        ad__program_print(p, dump->out);
    }
}

ad_status ad__optimise(ad__program *p, const ad__dump_options *dump)
{
    ad_status status = AD_OK;
    print_after(AD__CAPTURE, p, dump);
    for (int round = 1; round <= ROUNDS; round++) {
        for (const ad__pass *pass = ad__passes; pass->name != NULL && status == AD_OK; pass++) {
            if (pass->times > ROUNDS - round) {
                status = pass->run(p);
                print_after(pass->name, p, dump);
            }
        }
    }
    return status;
}
