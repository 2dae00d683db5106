/* SPDX-License-Identifier: MIT */
/* api CALLS SEED [FIRST LAST]: so many calls of drawn public functions, a seed for every 2000 of
 * them, in a process of its own. What crashes, hangs, leaks, writes or breaks a promise is printed
 * with its seed and call, and fails the run.
 *
 * api 2000 SEED replays a seed; FIRST and LAST leave out the calls before and after: narrow them to
 * find which ones it takes. In the environment, FUZZ_TRACE lists the calls and FUZZ_WITHOUT names
 * functions that are not called: "ad_fn_run, nn_fit_of,". */
#include "api.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { CHUNK = 2000, MOST_PRINTED = 20, MOST_FUNCTIONS = 2000 };

/* What the processes share. */
typedef struct shared {
    long calls, statuses, fine;
    long called[MOST_FUNCTIONS], good[MOST_FUNCTIONS];
} shared;
static shared *common;

static jmp_buf skipped;
static ad_error error; /* that the call was given */
static int has_error;
static int number; /* of the function */
static int is_traced, is_left_out[MOST_FUNCTIONS];

/* ---- what must hold ---- */

void api_skip(void)
{
    longjmp(skipped, 1);
}

ad_error *draw_error(void)
{
    memset(&error, 0, sizeof error);
    has_error = draw_below(8) != 0;
    return has_error ? &error : NULL;
}

void got_text(const char *text)
{
    if (text == NULL) {
        apart_broken("a text is NULL");
    }
    if (strlen(text) > 100000) {
        apart_broken("a text does not end");
    }
}

void got_report(ad_status status, const char *message, size_t bytes)
{
    if ((unsigned)status > AD_ERR_UNSUPPORTED) {
        apart_broken("a status is %d", (int)status);
    }
    got_text(message);
    if (strlen(message) >= bytes) {
        apart_broken("a message does not end");
    }
    if (status != AD_OK && message[0] == '\0') {
        apart_broken("%s has no message", ad_status_name(status));
    }
}

void got_error(const ad_error *of)
{
    got_report(of->status, of->message, sizeof of->message);
    if (of->status == AD_OK && of->message[0] != '\0') {
        apart_broken("a message without an error: %s", of->message);
    }
}

void got_status(ad_status status)
{
    got_report(status, "-", 2);
    common->statuses++;
    common->fine += status == AD_OK;
    common->good[number] += status == AD_OK;
    if (has_error) {
        if (status != error.status) {
            apart_broken("returned %s, but the error is %s: %s", ad_status_name(status),
                         ad_status_name(error.status), error.message);
        }
        got_error(&error);
    }
}

void got_good(void)
{
    common->good[number]++;
}

/* ---- calls ---- */

static void one_call(uint64_t seed, uint64_t call)
{
    api_start(seed, call);
    do {
        number = draw_below(api_function_count);
    } while (draw_below(api_functions[number].weight) != 0 || is_left_out[number]);
    apart_at(api_functions[number].name, seed, call);
    if (is_traced) {
        (void)fprintf(apart_terminal(), "%llu %s\n", (unsigned long long)call,
                      api_functions[number].name);
        (void)fflush(apart_terminal());
    }
    has_error = 0;
    if (setjmp(skipped) == 0) {
        api_functions[number].call();
        common->called[number]++;
    }
    api_end();
    forget_rooms();
    api_finish();
    common->calls++;
}

typedef struct chunk {
    uint64_t seed, first, last;
} chunk;

static int run_chunk(void *argument)
{
    const chunk *c = argument;
    for (uint64_t i = c->first; i <= c->last; i++) {
        one_call(c->seed, i);
    }
    apart_at("the end", c->seed, c->last + 1);
    world_end();
    return 0;
}

/* ---- the folder ---- */

static void write_file(const char *path, const void *bytes, size_t count)
{
    FILE *file = fopen(path, "wb");
    if (file != NULL) {
        (void)fwrite(bytes, 1, count, file);
        (void)fclose(file);
    }
}

static int enter_folder(char *folder)
{
    static const char csv[] = "a,b,y\n1,2,0\n3,4.5,1\n# x\n\"5\",-6e3,0\n7,8,1\n",
                      bad[] = "1,2\n3,\"4\n5;6", idx[] = "\0\0\x08\1\0\0\0\3abc",
                      worse[] = "\0\0\x0d\3\xff\xff\xff\xff\0\0\0\0\0\0\0\x11";
    if (mkdtemp(folder) == NULL || chdir(folder) != 0) {
        return 0;
    }
    write_file("a.csv", csv, sizeof csv - 1);
    write_file("b.csv.gz", csv, sizeof csv - 1);
    write_file("log.csv", csv, sizeof csv - 1);
    write_file("bad.csv", bad, sizeof bad - 1);
    write_file("c.idx", idx, sizeof idx - 1);
    write_file("d.idx.gz", idx, sizeof idx - 1);
    write_file("bad.idx", worse, sizeof worse - 1);
    return 1;
}

static void leave_folder(const char *folder)
{
    static const char *const files[] = {"a.csv",    "b.csv.gz", "log.csv", "bad.csv", "c.idx",
                                        "d.idx.gz", "bad.idx",  "e.svg",   "f.png",   "model.c"};
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        (void)unlink(files[i]);
    }
    (void)(chdir("/") == 0 && rmdir(folder) == 0);
}

/* How many functions were never called. With FUZZ_TRACE, how often each was, and was fine. */
static int count_never(void)
{
    int count = 0;
    for (int i = 0; i < api_function_count; i++) {
        count += common->called[i] == 0;
        if (is_traced) {
            printf("%s: %ld calls, %ld fine\n", api_functions[i].name, common->called[i],
                   common->good[i]);
        }
    }
    return count;
}

static void read_environment(void)
{
    const char *without = getenv("FUZZ_WITHOUT");
    is_traced = getenv("FUZZ_TRACE") != NULL;
    for (int i = 0; without != NULL && i < api_function_count; i++) {
        char name[100];
        (void)snprintf(name, sizeof name, "%s,", api_functions[i].name);
        is_left_out[i] = strstr(without, name) != NULL;
    }
}

int main(int argc, char **argv)
{
    uint64_t left = argc > 1 ? strtoull(argv[1], NULL, 10) : 20000;
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    const uint64_t first = argc > 3 ? strtoull(argv[3], NULL, 10) : 0;
    const uint64_t last = argc > 4 ? strtoull(argv[4], NULL, 10) : CHUNK - 1, begin = seed;
    int failures = 0;
    char folder[] = "/tmp/wengert-fuzz-XXXXXX";
    read_environment();
    apart_init();
    common = apart_shared(sizeof *common);
    if (!enter_folder(folder)) {
        return 1;
    }
    for (; left > 0 && failures < MOST_PRINTED; seed++) {
        const uint64_t count = left < CHUNK ? left : CHUNK, end = first + count - 1;
        chunk c = {seed, first, last < end ? last : end};
        failures += !apart_run(run_chunk, &c);
        left -= count;
    }
    leave_folder(folder);
    const int never = count_never();
    printf("fuzz: %ld calls from seed %llu of %d functions, %d of them never; %ld of %ld statuses "
           "were AD_OK; %d failed\n",
           common->calls, (unsigned long long)begin, api_function_count, never, common->fine,
           common->statuses, failures);
    return failures > 0;
}
