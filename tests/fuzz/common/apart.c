/* SPDX-License-Identifier: MIT */
#include "apart.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { SECONDS = 60, MOST_BYTES = 1 << 24 };

typedef struct shared {
    uint64_t seed, place;
    char name[100], text[1000];
} shared;
static shared *common;

static int output;     /* where standard output and error go meanwhile */
static int reports;    /* where the sanitizers write */
static FILE *terminal; /* where output went before */

void __sanitizer_set_report_fd(void *fd) __attribute__((weak));

/* ASan's warnings of refused allocations are no findings; its errors are, and end the process. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "allocator_may_return_null=1:max_allocation_size_mb=64";
}

void *apart_shared(size_t bytes)
{
    void *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) {
        perror("mmap");
        exit(1);
    }
    return at;
}

void apart_init(void)
{
    common = apart_shared(sizeof *common);
    output = memfd_create("output", 0);
    reports = memfd_create("reports", 0);
    if (output < 0 || reports < 0) {
        perror("memfd_create");
        exit(1);
    }
}

void apart_at(const char *name, uint64_t seed, uint64_t place)
{
    common->seed = seed;
    common->place = place;
    strncpy(common->name, name, sizeof common->name - 1);
}

void apart_broken(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(common->text, sizeof common->text, format, args);
    va_end(args);
    _exit(1);
}

FILE *apart_terminal(void)
{
    return terminal;
}

static void begin_process(void)
{
    terminal = fdopen(dup(STDERR_FILENO), "w");
    if (__sanitizer_set_report_fd != NULL) {
        __sanitizer_set_report_fd((void *)(intptr_t)reports);
    }
    (void)dup2(output, STDOUT_FILENO);
    (void)dup2(output, STDERR_FILENO);
    (void)alarm(SECONDS);
    const struct rlimit no_core = {0, 0}, small_files = {MOST_BYTES, MOST_BYTES};
    (void)setrlimit(RLIMIT_CORE, &no_core);
    (void)setrlimit(RLIMIT_FSIZE, &small_files);
}

/* Prints what a file holds and empties it. */
static void print_file(int file)
{
    char text[4096];
    (void)lseek(file, 0, SEEK_SET);
    for (ssize_t n; (n = read(file, text, sizeof text)) > 0;) {
        (void)fwrite(text, 1, (size_t)n, stdout);
    }
    if (ftruncate(file, 0) == 0) {
        (void)lseek(file, 0, SEEK_SET);
    }
}

int apart_run(int (*work)(void *argument), void *argument)
{
    int status = -1;
    common->text[0] = '\0';
    (void)fflush(stdout);
    const pid_t child = fork();
    if (child == 0) {
        begin_process();
        exit(work(argument)); /* not _exit: leaks are looked for on the way */
    }
    if (child < 0 || waitpid(child, &status, 0) != child) {
        perror("fork");
        return 0;
    }
    const int is_silent = lseek(output, 0, SEEK_END) == 0;
    if (status == 0 && is_silent) {
        return 1;
    }
    printf("seed %llu, %s %llu: %s%s\n", (unsigned long long)common->seed, common->name,
           (unsigned long long)common->place,
           common->text[0] != '\0' ? common->text
           : WIFSIGNALED(status)   ? strsignal(WTERMSIG(status))
           : status != 0           ? "ended the process"
                                   : "wrote to standard output or error",
           is_silent ? "" : ":");
    print_file(output);
    print_file(reports);
    return 0;
}
