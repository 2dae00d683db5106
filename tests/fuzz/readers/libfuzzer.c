/* SPDX-License-Identifier: MIT */
/* A row of readers.c, the one that FUZZ_READER names, for libFuzzer: see fuzz_readers in the
 * Makefile. */
#include "readers.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t bytes);

static const reader *chosen;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    const char *name = getenv("FUZZ_READER");
    (void)argc, (void)argv;
    apart_init();
    for (int i = 0; i < reader_count; i++) {
        if (name != NULL && strcmp(readers[i].name, name) == 0) {
            chosen = &readers[i];
        }
    }
    if (chosen == NULL) {
        (void)fprintf(stderr, "FUZZ_READER names no reader\n");
        exit(1);
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const unsigned char *data, size_t bytes)
{
    unsigned char options[READER_OPTIONS] = {0};
    const size_t own = bytes < sizeof options ? bytes : sizeof options;
    memcpy(options, data, own);
    chosen->run(options, data + own, bytes - own);
    reader_check_freed();
    return 0;
}
