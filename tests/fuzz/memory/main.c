/* SPDX-License-Identifier: MIT */
/* memory MOST [NAME]: every program, or that one, while memory is short: each request of the
 * library for memory fails once, and with all after it; each call of malloc in the process does;
 * the address space ends after ever more bytes. At most MOST runs of each kind (0: all), evenly
 * spread. */
#include "programs.h"

#include "../common/apart.h"
#include "malloc.h"

#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SPACE = 1 << 18, MOST_SPACE = 64 << 20 };

typedef enum kind { FREELY, HOOK, HOOK_FOREVER, MALLOC, MALLOC_FOREVER, ADDRESS_SPACE } kind;
static const char *const kind_names[] = {
    "freely", "hook", "hook, for good", "malloc", "malloc, for good", "address space"};

/* What the processes share: what a program finds when there is memory. */
typedef struct shared {
    outcome right;
    long hook_requests, malloc_requests, malloc_left;
    long runs, right_runs;
    int ended_right; /* the last run */
} shared;
static shared *common;

typedef struct run {
    const program *program;
    kind kind;
    long at;
} run;

/* ---- short memory ---- */

static long bytes_of_process(void)
{
    char text[64] = "";
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fgets(text, sizeof text, file) == NULL) {
        apart_broken("no /proc/self/statm");
    }
    (void)fclose(file);
    return strtol(text, NULL, 10) * sysconf(_SC_PAGESIZE);
}

static void limit_space(long more)
{
    struct rlimit limit;
    (void)getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = (rlim_t)(bytes_of_process() + more);
    (void)setrlimit(RLIMIT_AS, &limit);
}

static void free_space(void)
{
    struct rlimit limit;
    (void)getrlimit(RLIMIT_AS, &limit);
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_AS, &limit);
}

/* ---- one run ---- */

static void check(const run *r, const outcome *out, size_t live)
{
    if (r->kind == FREELY && out->error.status != AD_OK) {
        apart_broken("fails with enough memory: %s", out->error.message);
    }
    if (live != 0) {
        apart_broken("%zu blocks of the library's memory are left", live);
    }
    if (out->error.status != AD_OK) {
        if (out->error.message[0] == '\0') {
            apart_broken("%s without a text", ad_status_name(out->error.status));
        }
        return;
    }
    if (out->count != common->right.count ||
        memcmp(out->number, common->right.number, (size_t)out->count * sizeof *out->number) != 0) {
        apart_broken("no error, but other numbers than with enough memory");
    }
    common->ended_right = 1;
    common->right_runs++;
}

static int run_program(void *argument)
{
    const run *r = argument;
    static outcome out;
    const int by_hook = r->kind == HOOK || r->kind == HOOK_FOREVER;
    ad_failing_allocator state = {.fail_at = by_hook ? (size_t)r->at : SIZE_MAX,
                                  .fail_forever = r->kind == HOOK_FOREVER};
    const ad_allocator allocator = ad_allocator_failing(&state);
    char where[100];
    (void)snprintf(where, sizeof where, "%s, %s", r->program->name, kind_names[r->kind]);
    apart_at(where, 0, (uint64_t)r->at);
    common->runs++;
    if (r->kind == ADDRESS_SPACE) {
        limit_space(r->at);
    }
    malloc_start(r->kind == MALLOC || r->kind == MALLOC_FOREVER ? r->at : -1,
                 r->kind == MALLOC_FOREVER);
    r->program->run(&allocator, &out);
    const long requests = malloc_requests(), left = malloc_live();
    malloc_stop();
    free_space();
    if (r->kind == FREELY) {
        common->right = out;
        common->hook_requests = (long)state.requests;
        common->malloc_requests = requests;
        common->malloc_left = left;
    }
    check(r, &out, state.live);
    if (malloc_is_ours() && left > common->malloc_left + r->program->kept) {
        apart_broken("%ld blocks of malloc are left, %ld with enough memory", left,
                     common->malloc_left);
    }
    return 0;
}

/* ---- all runs ---- */

/* Runs a program with places 0, step, 2 step, .. up to end. */
static int run_all(const program *p, kind k, long end, long most)
{
    int failures = 0;
    const long step = most > 0 && end > most ? end / most : 1;
    for (long at = 0; at < end && failures == 0; at += step) {
        run r = {p, k, at};
        failures += !apart_run(run_program, &r);
    }
    return failures;
}

/* Until the program has what it needs. */
static int run_in_space(const program *p, long most)
{
    int failures = 0;
    const long step = most > 0 ? MOST_SPACE / most : SPACE;
    common->ended_right = 0;
    for (long at = 0; at < MOST_SPACE && failures == 0 && !common->ended_right; at += step) {
        run r = {p, ADDRESS_SPACE, at};
        failures += !apart_run(run_program, &r);
    }
    return failures;
}

static int run_kinds(const program *p, long most)
{
    run freely = {p, FREELY, 0};
    const long some = most / p->cost, least = most > 0 && some == 0 ? 1 : some;
    int failures = !apart_run(run_program, &freely);
    if (failures > 0) {
        return failures;
    }
    failures += run_all(p, HOOK, common->hook_requests, least);
    failures += run_all(p, HOOK_FOREVER, common->hook_requests, least);
    if (malloc_is_ours()) {
        failures += run_all(p, MALLOC, common->malloc_requests, least);
        failures += run_all(p, MALLOC_FOREVER, common->malloc_requests, least);
        failures += run_in_space(p, least);
    }
    return failures;
}

int main(int argc, char **argv)
{
    static const char *const files[] = {"log.csv", "data.csv", "classes.idx.gz", "model.c",
                                        "figure.svg"};
    const long most = argc > 1 ? strtol(argv[1], NULL, 10) : 20;
    char folder[] = "/tmp/wengert-memory-XXXXXX";
    int failures = 0;
    apart_init();
    common = apart_shared(sizeof *common);
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
        perror(folder);
        return 1;
    }
    for (int i = 0; i < program_count; i++) {
        if (argc <= 2 || strcmp(argv[2], programs[i].name) == 0) {
            failures += run_kinds(&programs[i], most);
        }
    }
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)unlink(files[i]);
    }
    (void)(chdir("/") == 0 && rmdir(folder) == 0);
    printf("memory: %d programs, %ld runs, %ld of them right all the same, the others with an "
           "error: %d failed\n",
           program_count, common->runs, common->right_runs, failures);
    return failures > 0;
}
