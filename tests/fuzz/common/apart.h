/* SPDX-License-Identifier: MIT */
#ifndef TESTS_FUZZ_APART_H
#define TESTS_FUZZ_APART_H

#include <wengert/autodiff.h>

#include <stdio.h>

/* Work in a process of its own, so that one that crashes, hangs, leaks or writes to standard output
 * or error is a finding like any other. */

void apart_init(void);

/* Memory that the processes share. */
void *apart_shared(size_t bytes);

/* 1 if work(argument) returns 0 in a process of its own that is silent, leaks nothing and ends in
 * time; else 0, after printing where it was, what was broken and what the process wrote. */
int apart_run(int (*work)(void *argument), void *argument);

/* Where the work is: a name and two numbers, for the report. */
void apart_at(const char *name, uint64_t seed, uint64_t place);

/* A promise that is broken: ends the process. */
_Noreturn void apart_broken(const char *format, ...) AD_PRINTF(1, 2);

/* Standard error as it was, for those who watch. */
FILE *apart_terminal(void);

#endif
