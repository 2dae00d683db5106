/* SPDX-License-Identifier: MIT */
#include "plot/plot_internal.h"
#include "common/text_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- files ---- */

static ad_status io_error(const nn__figure *f, const char *what)
{
    return ad_error_set(f->error, AD_ERR_IO, "%s: %s: %s", f->path, what, strerror(errno));
}

/* A file that is gone when it is closed, with a number that is none of the standard streams', or
 * -1. */
static int temporary(void)
{
    char path[PATH_MAX];
    const char *folder = getenv("TMPDIR");
    int len = snprintf(path, sizeof path, "%s/wengert-plot-XXXXXX",
                       folder != NULL && folder[0] != '\0' ? folder : "/tmp");
    int file = len < (int)sizeof path ? mkostemp(path, O_CLOEXEC) : -1;
    if (file < 0) {
        return -1;
    }
    (void)unlink(path);
    int higher = fcntl(file, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    (void)close(file);
    return higher;
}

/* Makes a file in the folder of path, with the rights of the file that it will replace or of a new
 * one. Names it in beside [PATH_MAX]. */
static int create_beside(const char *path, char *beside)
{
    const char *name = strrchr(path, '/');
    int folder = name != NULL ? (int)(name - path) + 1 : 0;
    for (unsigned trial = 0; trial < 1000; trial++) {
        int len = snprintf(beside, PATH_MAX, "%.*s.wengert-plot-%ld-%u", folder, path,
                           (long)getpid(), trial);
        if (len >= PATH_MAX) {
            errno = ENAMETOOLONG;
            return -1;
        }
        int file = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
        struct stat old;
        if (file >= 0 && stat(path, &old) == 0) {
            (void)fchmod(file, old.st_mode & 0777);
        }
        if (file >= 0 || errno != EEXIST) {
            return file;
        }
    }
    return -1;
}

/* ---- running gnuplot ---- */

enum { COMPLAINT = 200, TAIL = 16 };

/* The last line that gnuplot wrote on its standard error: what is wrong. */
static void complaint(int errors, char line[static COMPLAINT])
{
    char text[4096];
    off_t bytes = lseek(errors, 0, SEEK_END);
    (void)lseek(errors, bytes > 4095 ? bytes - 4095 : 0, SEEK_SET);
    ssize_t got = read(errors, text, sizeof text - 1);
    text[got > 0 ? got : 0] = '\0';
    (void)snprintf(line, COMPLAINT, "it says nothing");
    char *rest = text;
    for (char *next; (next = strsep(&rest, "\n")) != NULL;) {
        if (strspn(next, " \t^") != strlen(next)) {
            (void)snprintf(line, COMPLAINT, "%s", next);
        }
    }
}

static int start(int program, int picture, int errors, pid_t *pid)
{
    char name[] = "gnuplot", defaults[] = "-d", *const arguments[] = {name, defaults, NULL};
    posix_spawn_file_actions_t actions;
    int failed = posix_spawn_file_actions_init(&actions);
    if (failed != 0) {
        return failed;
    }
    const int from[] = {program, picture, errors};
    for (int stream = 0; stream < 3 && failed == 0; stream++) {
        failed = posix_spawn_file_actions_adddup2(&actions, from[stream], stream);
    }
    if (failed == 0) {
        failed = posix_spawnp(pid, name, &actions, NULL, arguments, environ);
    }
    (void)posix_spawn_file_actions_destroy(&actions);
    return failed;
}

/* Copies what comes through the pipe into the file; tail holds its last bytes. */
static ad_status copy(const nn__figure *f, int from, int to, char tail[static TAIL])
{
    char block[1 << 14];
    for (ssize_t got; (got = read(from, block, sizeof block)) != 0;) {
        if (got < 0 && errno != EINTR) {
            return io_error(f, "cannot be drawn");
        }
        for (ssize_t done = 0, wrote; done<got; done += wrote> 0 ? wrote : 0) {
            wrote = write(to, block + done, (size_t)(got - done));
            if (wrote < 0 && errno != EINTR) {
                return io_error(f, "cannot be written");
            }
        }
        if (got > 0) {
            size_t kept = got < TAIL ? (size_t)(TAIL - got) : 0;
            memmove(tail, tail + TAIL - kept, kept);
            memcpy(tail + kept, block + (size_t)got - (TAIL - kept), TAIL - kept);
        }
    }
    return AD_OK;
}

/* A picture that is cut lacks its end. */
static int is_whole(const char *path, const char tail[static TAIL])
{
    size_t len = strlen(path);
    if (strcmp(path + len - 4, ".svg") == 0) {
        for (size_t i = 0; i + 6 <= TAIL; i++) {
            if (memcmp(tail + i, "</svg>", 6) == 0) {
                return 1;
            }
        }
        return 0;
    }
    return memcmp(tail + TAIL - 8, "IEND\xae\x42\x60\x82", 8) == 0;
}

static ad_status run(const nn__figure *f, int to, int errors)
{
    int ends[2], result = 0;
    pid_t pid = 0;
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return io_error(f, "no pipe to gnuplot");
    }
    int picture = fcntl(ends[1], F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    (void)close(ends[1]);
    (void)lseek(fileno(f->program), 0, SEEK_SET);
    int failed = picture < 0 ? errno : start(fileno(f->program), picture, errors, &pid);
    if (picture >= 0) {
        (void)close(picture);
    }
    if (failed != 0) {
        (void)close(ends[0]);
        return failed == ENOENT
                   ? ad_error_set(f->error, AD_ERR_UNSUPPORTED,
                                  "%s: gnuplot is not installed; Debian's package is gnuplot-nox",
                                  f->path)
                   : ad_error_set(f->error, AD_ERR_IO, "%s: gnuplot does not start: %s", f->path,
                                  strerror(failed));
    }
    char tail[TAIL] = {0};
    ad_status status = copy(f, ends[0], to, tail);
    (void)close(ends[0]);
    while (waitpid(pid, &result, 0) < 0 && errno == EINTR) {
    }
    if (status == AD_OK &&
        (!WIFEXITED(result) || WEXITSTATUS(result) != 0 || !is_whole(f->path, tail))) {
        char text[COMPLAINT];
        complaint(errors, text);
        return ad_error_set(f->error, AD_ERR_IO, "%s: gnuplot does not draw it: %s", f->path, text);
    }
    return status;
}

/* ---- the figure ---- */

static int ends_in(const char *path, const char *ending)
{
    size_t len = strlen(path), n = strlen(ending);
    return len > n && strcmp(path + len - n, ending) == 0;
}

static ad_status check_path(const char *path, ad_error *error)
{
    if (path == NULL) {
        return ad_error_set(error, AD_ERR_DOMAIN, "the path of a figure is NULL");
    }
    if (path[strspn(path, " \t")] == '|' || strchr(path, '`') != NULL) {
        return ad_error_set(error, AD_ERR_DOMAIN,
                            "%s: is a command; give a figure the path of a file", path);
    }
    for (const char *at = path; *at != '\0'; at++) {
        if ((unsigned char)*at < 32 || *at == 127) {
            return ad_error_set(error, AD_ERR_DOMAIN,
                                "a figure's path has the character %d in it, which no name should",
                                *at);
        }
    }
    if (!ends_in(path, ".svg") && !ends_in(path, ".png")) {
        return ad_error_set(error, AD_ERR_UNSUPPORTED,
                            "%s: figures are .svg or .png; let the path end so", path);
    }
    return AD_OK;
}

ad_status nn__figure_begin(nn__figure *f, const char *path, int width, int height, ad_error *error)
{
    *f = (nn__figure){.path = path, .error = error};
    ad_status status = check_path(path, error);
    if (status != AD_OK) {
        return status;
    }
    int file = temporary();
    f->program = file >= 0 ? fdopen(file, "w+") : NULL;
    if (f->program == NULL) {
        status = io_error(f, "no temporary file for it");
        if (file >= 0) {
            (void)close(file);
        }
        return status;
    }
    (void)fprintf(f->program,
                  "set terminal %s enhanced size %d,%d font 'sans,11' background '#ffffff'\n",
                  ends_in(path, ".svg") ? "svg" : "pngcairo", width, height);
    (void)fputs("set encoding utf8\n"
                "set border 3 lc '#555555'\nset tics nomirror\nset grid lc '#dddddd' lt 1\n"
                "set key noenhanced\n"
                "set linetype 1 lc '#1f77b4' lw 2 pt 7\nset linetype 2 lc '#ff7f0e' lw 2 pt 5\n"
                "set linetype 3 lc '#2ca02c' lw 2 pt 9\nset linetype 4 lc '#d62728' lw 2 pt 2\n"
                "set linetype 5 lc '#9467bd' lw 2 pt 1\nset linetype cycle 5\n",
                f->program);
    return AD_OK;
}

/* Draws into a file beside path and moves it there; a link leads to the figure as before. */
static ad_status draw(nn__figure *f)
{
    char beside[PATH_MAX], leads_to[PATH_MAX];
    const char *path = realpath(f->path, leads_to) != NULL ? leads_to : f->path;
    int errors = temporary();
    if (errors < 0) {
        return io_error(f, "no temporary file for it");
    }
    int to = create_beside(path, beside);
    if (to < 0) {
        ad_status status = io_error(f, "cannot be written");
        (void)close(errors);
        return status;
    }
    ad_status status = run(f, to, errors);
    if (status == AD_OK && fsync(to) != 0 && errno != EINVAL) {
        status = io_error(f, "cannot be written");
    }
    if (close(to) != 0 && status == AD_OK) {
        status = io_error(f, "cannot be written");
    }
    if (status == AD_OK && rename(beside, path) != 0) {
        status = io_error(f, "cannot be written");
    }
    if (status != AD_OK) {
        (void)unlink(beside);
    }
    (void)close(errors);
    return status;
}

ad_status nn__figure_end(nn__figure *f, ad_status status)
{
    if (f->program == NULL) {
        return status;
    }
    if (status == AD_OK && (fflush(f->program) != 0 || ferror(f->program))) {
        status = io_error(f, "its temporary file cannot be written");
    }
    if (status == AD_OK) {
        status = draw(f);
    }
    (void)fclose(f->program);
    f->program = NULL;
    return status;
}

/* ---- writing the program ---- */

/* In single quotes, which are doubled inside. */
void nn__figure_quote(nn__figure *f, const char *text)
{
    (void)fputc('\'', f->program);
    for (; text != NULL && *text != '\0'; text++) {
        if (*text == '\'') {
            (void)fputc('\'', f->program);
        }
        (void)fputc((unsigned char)*text < 32 || *text == 127 ? ' ' : *text, f->program);
    }
    (void)fputc('\'', f->program);
}

void nn__figure_set(nn__figure *f, const char *name, const char *text)
{
    (void)fprintf(f->program, "set %s ", name);
    nn__figure_quote(f, text);
    (void)fputs(" noenhanced\n", f->program);
}

void nn__figure_number(nn__figure *f, double value)
{
    if (isfinite(value)) {
        nn__print(f->program, "%.9g ", value);
    } else {
        (void)fputs("NaN ", f->program);
    }
}
