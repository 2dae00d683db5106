/* SPDX-License-Identifier: MIT */
/* fuzz COUNT SEED: programs SEED .. SEED + COUNT - 1, in processes of their own, so that one that
 * crashes is a finding like any other. Prints those whose compiled function differs from the
 * recording, made short, and fails if there is one. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHUNK = 250, MOST_PRINTED = 3, SMOOTH = 5 };

/* Every fifth program is one whose gradient finite differences can see. */
static fuzz_check *draw(fuzz_program *p, uint64_t seed)
{
    int smooth = seed % SMOOTH == 0;
    fuzz_draw(p, seed, smooth);
    return smooth ? fuzz_compare_differences : fuzz_compare;
}

/* What the processes share: what was counted, and the last text. */
typedef struct shared {
    fuzz_count count;
    char text[512];
} shared;
static shared *common;

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
    static fuzz_program p;
    const range *r = argument;
    for (uint64_t i = 0; i < r->count; i++) {
        fuzz_check *check = draw(&p, r->first + i);
        common->count.programs++;
        if (!check(&p, &common->count, common->text, sizeof common->text)) {
            return 0;
        }
    }
    return 1;
}

typedef struct single {
    fuzz_program *p;
    fuzz_check *check;
} single;

static int agrees(void *argument)
{
    const single *s = argument;
    fuzz_count count = {0};
    return s->check(s->p, &count, common->text, sizeof common->text);
}

static fuzz_check *checked;
static int check_apart(fuzz_program *p, fuzz_count *count, char *text, size_t bytes)
{
    (void)count, (void)text, (void)bytes;
    return goes_well(agrees, &(single){p, checked});
}

/* Prints the first program of the range that fails, and moves the range behind it. */
static void report_first(range *r)
{
    static fuzz_program p;
    do {
        checked = draw(&p, r->first++);
        r->count--;
    } while (check_apart(&p, NULL, NULL, 0) && r->count > 0);
    fuzz_shrink(&p, check_apart);
    (void)snprintf(common->text, sizeof common->text, "seed %llu: crashed",
                   (unsigned long long)p.seed);
    (void)check_apart(&p, NULL, NULL, 0);
    printf("%s\n", common->text);
    fuzz_print(stdout, &p);
}

int main(int argc, char **argv)
{
    uint64_t left = argc > 1 ? strtoull(argv[1], NULL, 10) : 3000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    int failures = 0;
    common = mmap(NULL, sizeof *common, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (common == MAP_FAILED) {
        return 1;
    }
    for (range r = {seed, 0}; left > 0 && failures < MOST_PRINTED;) {
        range chunk = r = (range){r.first, left < CHUNK ? left : CHUNK};
        if (goes_well(all_agree, &chunk)) {
            r.first += r.count;
            left -= r.count;
        } else {
            report_first(&r);
            failures++;
            left -= chunk.count - r.count;
        }
    }
    const fuzz_count *c = &common->count;
    printf("fuzz: %ld programs from seed %llu: %ld calls, %ld recordings refused, %ld gradients "
           "beside differences, %d failed\n",
           c->programs, (unsigned long long)seed, c->runs, c->refused, c->differences, failures);
    return failures > 0;
}
