/* SPDX-License-Identifier: MIT */
#ifndef BENCH_H
#define BENCH_H

/* Times our code beside others that do the same work, in the same run.
 *
 *   int main(void)
 *   {
 *       bench_start();
 *       bench_case("matmul.64", 2, (bench_side[]){{"ours", .run = ours, .context = &data},
 *                                                 {"blis", .run = blis, .context = &data}}, NULL);
 *       return bench_finish();
 *   }
 *
 * Every round times each side once, in turn (A B A B), so that a clock that drifts or a busy
 * neighbour meets all of them alike; the figures are medians over the rounds. Short functions are
 * called many times a round. */

#include <stddef.h>

/* One way to do the work of a case: a function, or a shell command that prints the microseconds
 * it measured as the last line of its output. A command is started three times, at the begin, in
 * the middle and at the end of the rounds. A side with neither is not there and is skipped, as is
 * a command that fails; a line says so. */
typedef struct bench_side {
    const char *name;
    void (*run)(void *context);
    void *context;
    const char *command;
} bench_side;

/* Pins the process to one CPU and asks the libraries that follow for one thread, and OpenBLAS for
 * the machine's own kernels. */
void bench_start(void);

/* Times sides[0], which is ours, and count - 1 baselines. Prints a line each and, if BENCH_TSV
 * names a file, appends the rows
 *
 *   case <tab> ours_us <tab> baseline <tab> baseline_us <tab> ratio
 *
 * where ratio = ours_us / baseline_us: below 1, ours is faster. Where no baseline is there, it is
 * "-" and the last two columns are nan. medians_us may be NULL; a skipped side's is NAN. */
void bench_case(const char *name, size_t count, const bench_side sides[], double medians_us[]);

/* Writes a row for figures measured in another way, such as the time to reach an accuracy. */
void bench_row(const char *name, double ours_us, const char *baseline, double baseline_us);

/* A row of memory, in MiB in place of microseconds. */
void bench_row_mib(const char *name, double ours, const char *baseline, double theirs);

/* Says that a baseline is not there. */
void bench_skipped(const char *name, const char *baseline);

/* The microseconds a command prints as its last line, NAN if it fails or prints no number. */
double bench_command(const char *command);

/* A clock in microseconds, and the median of count numbers, which are sorted. */
double bench_now_us(void);
double bench_median(size_t count, double numbers[]);

/* 0, or 1 if a row could not be written: what main returns. */
int bench_finish(void);

#endif
