/* SPDX-License-Identifier: MIT */
/* Products that go to BLIS, in processes that have little memory left: an error, never a signal.
 * Not by Criterion, whose threads bring their process a second heap that no limit reaches. */
#include <wengert/autodiff.h>

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

enum { N = 600 };
static double a[N * N], b[N * N], c[N * N];

/* Leaves this process `more` bytes of addresses; 0 if it cannot. */
static int limit_memory(size_t more)
{
    size_t pages = 0;
    FILE *file = fopen("/proc/self/statm", "r");
    int found = file != NULL && fscanf(file, "%zu", &pages) == 1;
    if (file != NULL) {
        fclose(file);
    }
    rlim_t limit = pages * (size_t)sysconf(_SC_PAGESIZE) + more;
    return found && setrlimit(RLIMIT_AS, &(struct rlimit){limit, limit}) == 0;
}

/* On a tape: a product, and a system of equations. */
static ad_status record(ad_fn *f)
{
    (void)f;
    ad_tape *tape = ad_tape_new();
    if (tape == NULL) {
        return AD_ERR_MEMORY;
    }
    ad_var x = ad_input_view(tape, AD_F64, AD_SHAPE(N, N), a);
    ad_var y = ad_input_view(tape, AD_F64, AD_SHAPE(N, N), b);
    (void)ad_sum(ad_matmul(x, y), AD_ALL);
    ad_status status = ad_tape_status(tape);
    ad_tape_free(tape);
    return status;
}

static ad_status solve(ad_fn *f)
{
    (void)f;
    ad_tape *tape = ad_tape_new();
    if (tape == NULL) {
        return AD_ERR_MEMORY;
    }
    ad_var x = ad_input_view(tape, AD_F64, AD_SHAPE(N / 4, N / 4), a);
    ad_var y = ad_input_view(tape, AD_F64, AD_SHAPE(N / 4, 4 * N), b);
    (void)ad_solve(x, y);
    ad_status status = ad_tape_status(tape);
    ad_tape_free(tape);
    return status;
}

static ad_status call(ad_fn *f)
{
    ad_status status = ad_fn_run(f, (const void *[]){a, b}, (void *[]){c});
    return status == AD_OK || strstr(ad_fn_message(f), "out of memory") != NULL ? status
                                                                                : AD_ERR_STATE;
}

/* With more and more memory: an error at first, success at last, never a signal. */
static int step_memory(const char *name, ad_status (*work)(ad_fn *f), ad_fn *f)
{
    enum { MIB = 1 << 20, MOST = 200 };
    int refused = 0, done = 0;
    for (size_t more = 0; more <= MOST; more += more < 64 ? 1 : 17) {
        int status = -1;
        pid_t child = fork();
        if (child == 0) {
            _exit(limit_memory(more * MIB) ? (int)work(f) : 99);
        }
        (void)waitpid(child, &status, 0);
        int result = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
        if (result != AD_OK && result != AD_ERR_MEMORY) {
            printf("%s with %zu MiB: status %d\n", name, more, status);
            return 0;
        }
        refused += result == AD_ERR_MEMORY;
        done += result == AD_OK;
    }
    if (refused == 0 || done == 0) {
        printf("%s: %d errors, %d results\n", name, refused, done);
    }
    return refused > 0 && done > 0;
}

static void fill(void)
{
    for (int i = 0; i < N * N; i++) {
        a[i] = (double)(i % 1000 * 7 % 1000) / 1000, b[i] = (double)(i % 997 * 3 % 1000) / 1000;
    }
    for (int i = 0; i < N / 4; i++) {
        a[i * (N / 4) + i] += N;
    }
}

/* Recorded small: this process has not started BLIS's packing when it forks. */
static int step_compiled(int threads)
{
    ad_tape *tape = ad_tape_new();
    ad_var in[2] = {ad_input_array(tape, AD_F64, AD_SHAPE(2, 2), a),
                    ad_input_array(tape, AD_F64, AD_SHAPE(2, 2), b)};
    ad_var out = ad_matmul(in[0], in[1]);
    const ad_fn_options options = {.threads = threads, .resizable = 1};
    ad_fn *small = ad_fn_new_with(tape, 2, in, 1, &out, &options);
    ad_fn *f = ad_fn_resized(small, (ad_shape[]){AD_SHAPE(N, N), AD_SHAPE(N, N)}, NULL);
    int passed = f != NULL && step_memory("compiled", call, f);
    ad_fn_free(f);
    ad_fn_free(small);
    ad_tape_free(tape);
    return passed;
}

int main(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return 0; /* a sanitizer needs all addresses */
#endif
    fill();
    int passed = step_memory("recorded", record, NULL) && step_memory("solve", solve, NULL);
    for (int threads = 1; threads <= 3; threads++) {
        passed = passed && step_compiled(threads);
    }
    return passed ? 0 : 1;
}
