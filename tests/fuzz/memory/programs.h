/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_PROGRAMS_H
#define TESTS_FUZZ_PROGRAMS_H

#include <wengert/nn.h>

/* Whole programs, as users write them, that are run while memory is short: each ends with the
 * numbers that it has with enough memory, bit for bit, or with an error that has a text, and frees
 * all that it made. A new one is a row of programs.c. */

enum { PROGRAM_NUMBERS = 32 };

/* What a program found. Numbers beyond count are not compared. */
typedef struct outcome {
    ad_error error;
    int count;
    double number[PROGRAM_NUMBERS];
} outcome;

typedef struct program {
    const char *name;
    int cost; /* of one run, about; the short test runs it so many times less often */
    int kept; /* blocks that the dynamic linker may keep after a failure */
    /* files are made in the current folder */
    void (*run)(const ad_allocator *allocator, outcome *out);
} program;

extern const program programs[];
extern const int program_count;

#endif
