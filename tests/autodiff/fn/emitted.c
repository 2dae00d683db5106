/* SPDX-License-Identifier: MIT */
#include "fn/emitted.h"

#include <criterion/criterion.h>
#include <dlfcn.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MANY = 32 }; /* parameters of a kind beyond which they are one array */

struct emitted {
    char *text;
    void *library, *workspace;
    int (*call)(const void *const *in, void *const *out, void *const *view, void *w);
};

const char *emitted_path(const char *name)
{
    static char path[256];
    const char *folder = getenv("TMPDIR");
    (void)snprintf(path, sizeof path, "%s/wengert_%ld_%s", folder != NULL ? folder : "/tmp",
                   (long)getpid(), name);
    return path;
}

static char *read_text(const char *path)
{
    FILE *file = fopen(path, "r");
    cr_assert_not_null(file, "%s was not written", path);
    fseek(file, 0, SEEK_END);
    size_t len = (size_t)ftell(file);
    char *text = malloc(len + 1);
    rewind(file);
    cr_assert_eq(fread(text, 1, len, file), len);
    text[len] = '\0';
    fclose(file);
    return text;
}

static void put_arguments(FILE *file, const char *name, int count, int *is_first)
{
    for (int i = 0; i < (count > MANY ? 1 : count); i++) {
        fprintf(file, count > MANY ? "%s%s" : "%s%s[%d]", *is_first ? "" : ", ", name, i);
        *is_first = 0;
    }
}

/* A function that takes arrays of addresses, whatever the emitted one takes. */
static void put_caller(FILE *file, const char *text, int in, int out, int views, int is_flat)
{
    int is_first = 1, fails = strncmp(text, "/* int ", 7) == 0;
    fprintf(file,
            "\nint call(const void *const *in, void *const *out, void *const *view, void *w);"
            "\nint call(const void *const *in, void *const *out, void *const *view, void *w)"
            "\n{\n    (void)in, (void)out, (void)view, (void)w;\n    %smodel(",
            fails ? "return " : "");
    put_arguments(file, is_flat && in > MANY ? "in[0]" : "in", in, &is_first);
    put_arguments(file, is_flat && out > MANY ? "out[0]" : "out", out, &is_first);
    put_arguments(file, "view", views, &is_first);
    int has_workspace = strstr(text, "model_workspace *w)") != NULL;
    fprintf(file, "%s);\n    %s}\n", has_workspace ? (is_first ? "w" : ", w") : "",
            fails ? "" : "return 0;\n");
    fprintf(file, "extern const size_t workspace_bytes;\nconst size_t workspace_bytes = %s;\n",
            has_workspace ? "sizeof(model_workspace)" : "1");
}

emitted *emitted_new(ad_fn *f, int in_count, int out_count, int view_count,
                     const ad_emit_options *options, const char *compiler)
{
    emitted *e = malloc(sizeof *e);
    char source[256], object[256], command[1024];
    strcpy(source, emitted_path("model.c"));
    strcpy(object, emitted_path("model.so"));
    cr_assert_eq(ad_fn_emit_c_with(f, source, "model", options), AD_OK, "%s", ad_fn_message(f));
    e->text = read_text(source);
    FILE *file = fopen(source, "a");
    int is_flat = strstr(e->text, "const double *in,") != NULL ||
                  strstr(e->text, " double *out") != NULL ||
                  strstr(e->text, "(double *out") != NULL;
    put_caller(file, e->text, in_count, out_count, view_count, is_flat);
    fclose(file);
    (void)snprintf(command, sizeof command,
                   "%s -std=c99 -Wall -Wextra -Wpedantic -Werror -O2 -ffp-contract=off -shared "
                   "-fPIC -o %s %s -lm",
                   compiler, object, source);
    cr_assert_eq(system(command), 0, "%s", command);
    e->library = dlopen(object, RTLD_NOW | RTLD_LOCAL);
    cr_assert_not_null(e->library, "%s", dlerror());
    *(void **)&e->call = dlsym(e->library, "call");
    e->workspace = malloc(*(const size_t *)dlsym(e->library, "workspace_bytes"));
    if (getenv("WENGERT_KEEP") == NULL) {
        remove(source);
    }
    remove(object);
    return e;
}

void emitted_free(emitted *e)
{
    dlclose(e->library);
    free(e->workspace);
    free(e->text);
    free(e);
}

int emitted_run(emitted *e, const void *const *in, void *const *out, void *const *view)
{
    return e->call(in, out, view, e->workspace);
}

const char *emitted_text(const emitted *e)
{
    return e->text;
}

int same_elements(ad_type type, size_t count, const void *a, const void *b)
{
    size_t bytes = ad_type_bytes(type);
    for (size_t i = 0; i < count; i++) {
        const char *x = (const char *)a + i * bytes, *y = (const char *)b + i * bytes;
        double u = 0, v = 0;
        if (type == AD_F64) {
            memcpy(&u, x, bytes), memcpy(&v, y, bytes);
        } else if (type == AD_F32) {
            float p, q;
            memcpy(&p, x, bytes), memcpy(&q, y, bytes);
            u = (double)p, v = (double)q;
        }
        if (memcmp(x, y, bytes) != 0 && !(isnan(u) && isnan(v))) {
            return 0;
        }
    }
    return 1;
}
