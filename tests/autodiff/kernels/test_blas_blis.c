/* SPDX-License-Identifier: MIT */
#include "base/cpu_internal.h"
#include "kernels/blas_internal.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if __has_include(<blis.h>)
#include <blis.h>
#endif

/* Whether the test runner, which starts a process with its own environment for each test, was
 * itself started with a variable. */
static int runner_got(const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%ld/environ", (long)getppid());
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        cr_skip_test("no /proc");
    }
    char *line = NULL;
    size_t room = 0, len = strlen(name);
    int found = 0;
    while (!found && getdelim(&line, &room, '\0', file) > 0) {
        found = strncmp(line, name, len) == 0 && line[len] == '=';
    }
    free(line);
    fclose(file);
    return found;
}

Test(blas_blis, loading_the_library_leaves_no_trace_in_the_environment)
{
    cr_expect_eq(getenv("BLIS_ARCH_TYPE") != NULL, runner_got("BLIS_ARCH_TYPE"));
}

#if defined(BLIS_CONFIG_SKX)
Test(blas_blis, blis_takes_vector_kernels_unless_the_user_chose)
{
    bli_init();
    const char *chosen = getenv("BLIS_ARCH_TYPE");
    if (chosen != NULL) {
        cr_expect_eq((long)bli_arch_query_id(), strtol(chosen, NULL, 10));
    } else if (ad__cpu_vectors() > 0) {
        cr_expect_neq(bli_arch_query_id(), BLIS_ARCH_GENERIC);
    }
}
#endif
