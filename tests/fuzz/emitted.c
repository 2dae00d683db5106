/* SPDX-License-Identifier: MIT */
/* The emitted C of many programs, compiled at once and loaded, against recordings. */
#include "compare.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATH = 256, MOST_PARAMETERS = 32 };

/* One program's emitted function. */
typedef struct emitted {
    comparison c;
    int skipped;            /* it cannot be written, or has sums of BLIS's order */
    void *view[FUZZ_STEPS]; /* the memory of its parameters */
    int view_count;
    int (*call)(const void *const *in, void *const *out, void *const *view, void *w);
    void *workspace;
} emitted;

/* ---- writing ---- */

/* What of a file's beginning tells how to call the function. */
static int read_head(const char *path, char *head, size_t bytes)
{
    FILE *file = fopen(path, "r");
    size_t n = file != NULL ? fread(head, 1, bytes - 1, file) : 0;
    head[n] = '\0';
    return file != NULL && fclose(file) == 0;
}

static void put_list(FILE *file, const char *name, int count, const char **comma)
{
    for (int i = 0; i < count; i++) {
        (void)fprintf(file, "%s%s[%d]", *comma, name, i);
        *comma = ", ";
    }
}

/* A function of one type for all programs, and how large its workspace is. */
static int put_caller(const emitted *e, const char *path, const char *head, int number)
{
    FILE *file = fopen(path, "a");
    const char *comma = "";
    int fails = strncmp(head, "/* int ", 7) == 0, has_room = strstr(head, "_workspace *w)") != NULL;
    if (file == NULL) {
        return 0;
    }
    (void)fprintf(
        file,
        "\nint call%d(const void *const *in, void *const *out, void *const *view, void *w)"
        "\n{\n    %sp%d(",
        number, fails ? "return " : "", number);
    put_list(file, "in", e->c.in_count, &comma);
    put_list(file, "out", e->c.out_count, &comma);
    put_list(file, "view", e->view_count, &comma);
    (void)fprintf(file, "%s%s);\n%s}\n", has_room ? comma : "", has_room ? "w" : "",
                  fails ? "" : "    return 0;\n");
    (void)fprintf(file, "const size_t bytes%d = ", number);
    (void)fprintf(file, has_room ? "sizeof(p%d_workspace);\n" : "%d - %d;\n", number, number);
    return fclose(file) == 0;
}

static void find_views(emitted *e)
{
    const ad__program *program = &e->c.f->program;
    for (ad__id id = 0; id < program->count; id++) {
        if (ad__code_of(&program->values[id]) == AD__VIEW) {
            e->view[e->view_count++] = (void *)program->values[id].attributes;
        }
    }
}

static int write_one(emitted *e, const char *folder, int number)
{
    char path[PATH + 32], name[32], head[1 << 14];
    const ad_emit_options options = {.pass_weights = 1};
    (void)snprintf(path, sizeof path, "%s/p%d.c", folder, number);
    (void)snprintf(name, sizeof name, "p%d", number);
    if (!fuzz_comparison_begin(&e->c)) {
        return 0;
    }
    find_views(e);
    ad_status status = ad_fn_emit_c_with(e->c.f, path, name, &options);
    if (status != AD_OK && status != AD_ERR_UNSUPPORTED) {
        return fuzz_differs(&e->c, "emitting: %d %s", (int)status, ad_fn_message(e->c.f));
    }
    e->skipped = status != AD_OK || e->c.in_count > MOST_PARAMETERS ||
                 !read_head(path, head, sizeof head) || strstr(head, "sums BLIS takes") != NULL;
    if (e->skipped && status == AD_OK) {
        (void)remove(path);
    }
    return e->skipped || put_caller(e, path, head, number);
}

/* ---- compiling and calling ---- */

/* files: "*", or the name of one without its end */
static void *library_of(const char *folder, const char *files)
{
    char command[4 * PATH], path[PATH + 16];
    (void)snprintf(path, sizeof path, "%s/all.so", folder);
    (void)snprintf(
        command, sizeof command,
        "gcc -std=c99 -w -O2 -ffp-contract=off -shared -fPIC -o %s %s/%s.c -lm 2>/dev/null", path,
        folder, files);
    int status = system(command);
    return status == 0 ? dlopen(path, RTLD_NOW | RTLD_LOCAL) : NULL;
}

/* Which of several programs the compiler refuses. */
static int find_refused(const char *folder, int count, emitted *all, uint64_t *seed)
{
    for (int i = 0; i < count; i++) {
        char name[32];
        (void)snprintf(name, sizeof name, "p%d", i);
        void *library = all[i].skipped ? NULL : library_of(folder, name);
        if (library == NULL && !all[i].skipped) {
            *seed = all[i].c.p->seed;
            return fuzz_differs(&all[i].c, "%d %s", 0, "gcc does not compile it");
        }
        if (library != NULL) {
            (void)dlclose(library);
        }
    }
    return 0;
}

static ad_status call_emitted(comparison *c, void *way, void *const *x, void *const *z,
                              const char **message)
{
    const emitted *e = way;
    (void)c;
    *message = "emitted C refuses an index";
    return e->call((const void *const *)x, z, e->view, e->workspace) == 0 ? AD_OK : AD_ERR_INDEX;
}

static int load_and_compare(emitted *e, void *library, int number)
{
    char name[32];
    int ok = 1;
    (void)snprintf(name, sizeof name, "call%d", number);
    *(void **)&e->call = dlsym(library, name);
    (void)snprintf(name, sizeof name, "bytes%d", number);
    const size_t *bytes = dlsym(library, name);
    if (e->call == NULL || bytes == NULL) {
        return fuzz_differs(&e->c, "%d %s", 0, "cannot be loaded");
    }
    e->workspace = malloc(*bytes + 1);
    for (e->c.point = 0; e->c.point < FUZZ_POINTS && ok; e->c.point++) {
        fuzz_expect(&e->c);
        e->c.count->refused += e->c.r.failed;
        ok = fuzz_call_and_compare(&e->c, "emitted C", call_emitted, e);
        fuzz_forget(&e->c);
    }
    e->c.count->emitted++;
    free(e->workspace);
    return ok;
}

static int compare_in(const char *folder, int count, emitted *all, uint64_t *seed)
{
    int written = 0;
    for (int i = 0; i < count; i++) {
        *seed = all[i].c.p->seed;
        if (!write_one(&all[i], folder, i)) {
            return 0;
        }
        written += !all[i].skipped;
    }
    void *library = written > 0 ? library_of(folder, "*") : NULL;
    if (written > 0 && library == NULL) {
        return find_refused(folder, count, all, seed);
    }
    int ok = 1;
    for (int i = 0; i < count && ok && library != NULL; i++) {
        *seed = all[i].c.p->seed;
        ok = all[i].skipped || load_and_compare(&all[i], library, i);
    }
    return ok;
}

int fuzz_compare_emitted(fuzz_program *p, int programs, uint64_t *seed, fuzz_count *count,
                         char *text, size_t bytes)
{
    const char *parent = getenv("TMPDIR");
    char folder[PATH], command[PATH + 16];
    emitted *all = calloc((size_t)programs, sizeof *all);
    (void)snprintf(folder, sizeof folder, "%s/wengert_fuzz_XXXXXX", parent ? parent : "/tmp");
    if (all == NULL || mkdtemp(folder) == NULL) {
        free(all);
        return 0;
    }
    for (int i = 0; i < programs; i++) {
        all[i].c =
            (comparison){.p = p + i, .count = count, .text = text, .bytes = bytes, .emits = 1};
    }
    int ok = compare_in(folder, programs, all, seed);
    for (int i = 0; i < programs; i++) {
        fuzz_comparison_end(&all[i].c);
    }
    free(all);
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command) == 0 && ok;
}
