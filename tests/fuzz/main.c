/* SPDX-License-Identifier: MIT */
/* fuzz COUNT SEED [emitted]: programs SEED .. SEED + COUNT - 1, in processes of their own, so that
 * one that crashes is a finding like any other. Prints those whose compiled function, or its
 * emitted C, differs from the recording, made short, and fails if there is one. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHUNK = 250, EMITTED_CHUNK = 50, MOST_PRINTED = 3, SMOOTH = 5 };

/* What the processes share: what was counted, the program at work and what differs. */
typedef struct shared {
    fuzz_count count;
    uint64_t seed;
    char text[512];
} shared;
static shared *common;
static int of_emitted;

/* ---- one program ---- */

/* Every fifth program is one whose gradient finite differences can see. */
static void draw(fuzz_program *p, uint64_t seed)
{
    fuzz_draw(p, seed, seed % SMOOTH == 0);
}

static int check(fuzz_program *p, fuzz_count *count, char *text, size_t bytes)
{
    if (of_emitted) {
        uint64_t seed;
        return fuzz_compare_emitted(p, 1, &seed, count, text, bytes);
    }
    return (p->smooth ? fuzz_compare_differences : fuzz_compare)(p, count, text, bytes);
}

/* ---- in a process of its own ---- */

/* Whether a process that does the work ends well. */
static int goes_well(int (*work)(void *argument), void *argument)
{
    int status = -1;
    (void)fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        exit(work(argument) ? 0 : 1); /* not _exit: leaks are looked for on the way */
    }
    return child > 0 && waitpid(child, &status, 0) == child && status == 0;
}

typedef struct range {
    uint64_t first, count;
} range;

static int all_agree(void *argument)
{
    static fuzz_program p[EMITTED_CHUNK];
    const range *r = argument;
    common->count.programs += (long)r->count;
    for (uint64_t i = 0; i < r->count; i++) {
        common->seed = r->first + i;
        draw(p + (of_emitted ? i : 0), common->seed);
        if (!of_emitted && !check(p, &common->count, common->text, sizeof common->text)) {
            return 0;
        }
    }
    return !of_emitted || fuzz_compare_emitted(p, (int)r->count, &common->seed, &common->count,
                                               common->text, sizeof common->text);
}

static int agrees(void *program)
{
    fuzz_count count = {0};
    return check(program, &count, common->text, sizeof common->text);
}

static int check_apart(fuzz_program *p, fuzz_count *count, char *text, size_t bytes)
{
    (void)count, (void)text, (void)bytes;
    return goes_well(agrees, p);
}

/* Prints a program that fails. */
static void report(uint64_t seed)
{
    static fuzz_program p;
    draw(&p, seed);
    fuzz_shrink(&p, check_apart);
    (void)snprintf(common->text, sizeof common->text, "seed %llu: crashed",
                   (unsigned long long)seed);
    (void)check_apart(&p, NULL, NULL, 0);
    printf("%s\n", common->text);
    fuzz_print(stdout, &p);
}

int main(int argc, char **argv)
{
    uint64_t left = argc > 1 ? strtoull(argv[1], NULL, 10) : 3000;
    const uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    int failures = 0;
    of_emitted = argc > 3;
    const uint64_t chunk = of_emitted ? EMITTED_CHUNK : CHUNK;
    common = mmap(NULL, sizeof *common, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (common == MAP_FAILED) {
        return 1;
    }
    for (range r = {seed, 0}; left > 0 && failures < MOST_PRINTED; left -= r.count) {
        r.first += r.count;
        r.count = left < chunk ? left : chunk;
        if (!goes_well(all_agree, &r)) {
            r.count = common->seed + 1 - r.first;
            report(common->seed);
            failures++;
        }
    }
    const fuzz_count *c = &common->count;
    printf("fuzz: %ld programs from seed %llu: %ld calls, %ld functions in less memory, %ld "
           "resized, %ld guarded, %ld emitted, %ld gradients beside differences, %ld recordings "
           "refused, %d failed\n",
           c->programs, (unsigned long long)seed, c->runs, c->smaller, c->resized, c->guarded,
           c->emitted, c->differences, c->refused, failures);
    return failures > 0;
}
