/* SPDX-License-Identifier: MIT */
/* A text of C as a loaded library: a folder of its own, a compiler's process, the loader. */
#include "fn/native/native_internal.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PATH = 1024, LONGEST = 600 /* seconds */ };

static int write_text(const char *path, const char *text, size_t len)
{
    FILE *file = fopen(path, "w");
    int is_written = file != NULL && fwrite(text, 1, len, file) == len;
    return file != NULL && fclose(file) == 0 && is_written;
}

/* Who ignores SIGCHLD, or waits elsewhere, learns no status: 0, what was made will tell. */
int ad__wait_for_process(pid_t child, int seconds)
{
    enum { TURNS = 1000 }; /* a second */
    int status = 0;
    for (long turn = 0; turn < (long)seconds * TURNS; turn++) {
        pid_t ended = waitpid(child, &status, WNOHANG);
        if (ended != 0 && !(ended < 0 && errno == EINTR)) {
            return ended < 0 ? 0 : status;
        }
        (void)nanosleep(&(struct timespec){.tv_nsec = 1000000000 / TURNS}, NULL);
    }
    (void)kill(-child, SIGKILL);
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
}

/* Starts the compiler as the first of a group of its own, where it says nothing. An error
 * number. */
static int start(const char *compiler, const char *const *argv, pid_t *child)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);
    if (error != 0) {
        return error;
    }
    for (int descriptor = 0; descriptor < 3 && error == 0; descriptor++) {
        error = posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0);
    }
    if (error == 0 && (error = posix_spawnattr_init(&attributes)) == 0) {
        (void)posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
        error = posix_spawnp(child, compiler, &actions, &attributes, (char *const *)argv, environ);
        (void)posix_spawnattr_destroy(&attributes);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return error;
}

/* Runs the compiler. 0 and an error if it cannot be run, or fails. */
static int run_compiler(const char *compiler, const char *source, const char *object, ad_error *why)
{
    const char *const argv[] = {
        compiler,
        "-std=c11",
        "-O3",
        "-march=native",
#if defined(__x86_64__)
        "-mprefer-vector-width=512",
#endif
        "-ffp-contract=off",
        "-fno-math-errno",
        "-fno-trapping-math",
        "-w",
        "-shared",
        "-fPIC",
        "-o",
        object,
        source,
        "-lm",
        NULL
    };
    pid_t child;
    int error = start(compiler, argv, &child);
    if (error != 0) {
        ad_error_set(why, AD_ERR_IO, "native: %s cannot be run (%s)", compiler, strerror(error));
        return 0;
    }
    int status = ad__wait_for_process(child, LONGEST);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        ad_error_set(why, AD_ERR_IO, "native: %s failed with status %d", compiler,
                     WIFEXITED(status) ? WEXITSTATUS(status) : -1);
        return 0;
    }
    return 1;
}

void *ad__library_open(const char *compiler, const char *text, size_t len, ad_error *why)
{
    char folder[PATH], source[PATH + 8], object[PATH + 8];
    const char *parent = getenv("TMPDIR");
    void *library = NULL;
    parent = parent != NULL && *parent != '\0' ? parent : "/tmp";
    int length = snprintf(folder, sizeof folder, "%s/wengert-XXXXXX", parent);
    if (length >= (int)sizeof folder || mkdtemp(folder) == NULL) {
        ad_error_set(why, AD_ERR_IO, "native: no folder can be made in %s", parent);
        return NULL;
    }
    (void)snprintf(source, sizeof source, "%s/fn.c", folder);
    (void)snprintf(object, sizeof object, "%s/fn.so", folder);
    if (!write_text(source, text, len)) {
        ad_error_set(why, AD_ERR_IO, "native: %s cannot be written", source);
    } else if (run_compiler(compiler, source, object, why)) {
        library = dlopen(object, RTLD_NOW | RTLD_LOCAL);
        if (library == NULL) {
            ad_error_set(why, AD_ERR_IO, "native: %s", dlerror());
        }
    }
    (void)remove(source);
    (void)remove(object);
    (void)rmdir(folder);
    return library;
}

void *ad__library_symbol(void *library, const char *name)
{
    return dlsym(library, name);
}

void ad__library_close(void *library)
{
    if (library != NULL) {
        (void)dlclose(library);
    }
}
