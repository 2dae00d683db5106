/* SPDX-License-Identifier: MIT */
#include "bench.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { MAX_SIDES = 16, MIN_ROUNDS = 11, MAX_ROUNDS = 1001 };

/* Short enough that a neighbour meets few of the rounds, whose median then does not see it. */
static const double shortest_round_us = 50, longest_case_us = 1e6;

static int rows_lost;

double bench_now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec * 1e-3;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double bench_median(size_t count, double numbers[])
{
    if (count == 0) {
        return NAN;
    }
    qsort(numbers, count, sizeof *numbers, compare);
    return (numbers[(count - 1) / 2] + numbers[count / 2]) / 2;
}

void bench_start(void)
{
    cpu_set_t all, one;
    if (sched_getaffinity(0, sizeof all, &all) == 0) {
        size_t cpu = CPU_SETSIZE - 1; /* the last: the first serves most interrupts */
        while (cpu > 0 && !CPU_ISSET(cpu, &all)) {
            cpu--;
        }
        CPU_ZERO(&one);
        CPU_SET(cpu, &one);
        (void)sched_setaffinity(0, sizeof one, &one);
    }
    const char *threads[] = {"OMP_NUM_THREADS", "BLIS_NUM_THREADS", "OPENBLAS_NUM_THREADS"};
    for (size_t i = 0; i < sizeof threads / sizeof threads[0]; i++) {
        (void)setenv(threads[i], "1", 1);
    }
    (void)unsetenv("OPENBLAS_CORETYPE"); /* halves OpenBLAS where it forces an older machine's */
    setvbuf(stdout, NULL, _IOLBF, 0);
}

int bench_finish(void)
{
    return rows_lost;
}

double bench_command(const char *command)
{
    char line[1024];
    (void)snprintf(line, sizeof line, "(%s) 2>/dev/null", command); /* why a peer is missing */
    fflush(stdout);
    FILE *pipe = popen(line, "r");
    if (pipe == NULL) {
        return NAN;
    }
    double us = NAN;
    while (fgets(line, sizeof line, pipe) != NULL) {
        char *end;
        us = strtod(line, &end);
        us = end == line ? NAN : us;
    }
    return pclose(pipe) == 0 ? us : NAN;
}

static void row(const char *name, double ours, const char *baseline, double theirs,
                const char *unit)
{
    double ratio = ours / theirs;
    printf("%-24s %14.3f %-4s %-12s %14.3f %-4s ratio %8.4f\n", name, ours, unit, baseline, theirs,
           unit, ratio);
    const char *path = getenv("BENCH_TSV");
    if (path == NULL) {
        return;
    }
    FILE *file = fopen(path, "a");
    if (file == NULL) {
        rows_lost = 1;
        return;
    }
    rows_lost |=
        fprintf(file, "%s\t%.6g\t%s\t%.6g\t%.6g\n", name, ours, baseline, theirs, ratio) < 0;
    rows_lost |= fclose(file) != 0;
}

void bench_row(const char *name, double ours_us, const char *baseline, double baseline_us)
{
    row(name, ours_us, baseline, baseline_us, "us");
}

void bench_row_mib(const char *name, double ours, const char *baseline, double theirs)
{
    row(name, ours, baseline, theirs, "MiB");
}

void bench_skipped(const char *name, const char *baseline)
{
    printf("%-24s skipped: %s is not there\n", name, baseline);
}

static double time_us(const bench_side *side, size_t calls)
{
    double start = bench_now_us();
    for (size_t i = 0; i < calls; i++) {
        side->run(side->context);
    }
    return (bench_now_us() - start) / (double)calls;
}

/* Warms the side up and finds how many calls fill a round. */
static size_t calls_a_round(const bench_side *side)
{
    size_t calls = 1;
    double us = time_us(side, 1);
    while (us * (double)calls < shortest_round_us) {
        calls *= 2;
        us = time_us(side, calls);
    }
    return calls;
}

typedef struct side_times {
    size_t calls, count;
    double us[MAX_ROUNDS];
} side_times;

static void keep(side_times *times, double us)
{
    if (isfinite(us)) {
        times->us[times->count++] = us;
    }
}

static void run_commands(size_t count, const bench_side sides[], side_times times[])
{
    for (size_t i = 0; i < count; i++) {
        if (sides[i].command != NULL) {
            keep(&times[i], bench_command(sides[i].command));
        }
    }
}

static void run_rounds(size_t count, const bench_side sides[], side_times times[])
{
    double round_us = 0;
    for (size_t i = 0; i < count; i++) {
        if (sides[i].run != NULL) {
            times[i].calls = calls_a_round(&sides[i]);
            round_us += time_us(&sides[i], times[i].calls) * (double)times[i].calls;
        }
    }
    double rounds = fmin(fmax(longest_case_us / fmax(round_us, 1), MIN_ROUNDS), MAX_ROUNDS);
    run_commands(count, sides, times);
    for (int round = 0; round < (int)rounds; round++) {
        if (round == (int)rounds / 2) {
            run_commands(count, sides, times);
        }
        for (size_t i = 0; i < count; i++) {
            if (sides[i].run != NULL) {
                keep(&times[i], time_us(&sides[i], times[i].calls));
            }
        }
    }
    run_commands(count, sides, times);
}

void bench_case(const char *name, size_t count, const bench_side sides[], double medians_us[])
{
    static side_times times[MAX_SIDES];
    double medians[MAX_SIDES];
    count = count < MAX_SIDES ? count : MAX_SIDES;
    memset(times, 0, sizeof times);
    run_rounds(count, sides, times);
    size_t rows = 0;
    for (size_t i = 0; i < count; i++) {
        medians[i] = bench_median(times[i].count, times[i].us);
        if (isnan(medians[i])) {
            bench_skipped(name, sides[i].name);
        } else if (i > 0) {
            bench_row(name, medians[0], sides[i].name, medians[i]);
            rows++;
        }
    }
    if (rows == 0) {
        bench_row(name, medians[0], "-", NAN);
    }
    if (medians_us != NULL) {
        memcpy(medians_us, medians, count * sizeof *medians);
    }
}
