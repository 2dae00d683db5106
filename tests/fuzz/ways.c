/* SPDX-License-Identifier: MIT */
/* The ways of calling a compiled function. */
#include "compare.h"

#include <stdlib.h>
#include <string.h>

/* Tensors one after the other, and back. */
static double *joined(comparison *c, void *const *x)
{
    size_t count = 1;
    for (int i = 0; i < c->in_count; i++) {
        count += fuzz_leaf_bytes(&c->p->step[c->in[i]]) / sizeof(double);
    }
    double *all = malloc(count * sizeof *all), *at = all;
    for (int i = 0; i < c->in_count; i++) {
        size_t bytes = fuzz_leaf_bytes(&c->p->step[c->in[i]]);
        memcpy(at, x[i], bytes);
        at += bytes / sizeof *at;
    }
    return all;
}

static ad_status eval(comparison *c, ad_workspace *w, void *const *x, void *const *z)
{
    size_t count = 1;
    for (int i = 0; i < c->out_count; i++) {
        count += c->len[i];
    }
    double *from = joined(c, x), *to = malloc(count * sizeof *to), *at = to;
    ad_status status = ad_fn_eval_in(c->f, w, from, to);
    for (int i = 0; i < c->out_count && status == AD_OK; i++) {
        memcpy(z[i], at, fuzz_output_bytes(c, i));
        at += c->len[i];
    }
    free(from);
    free(to);
    return status;
}

static ad_status own_workspace(comparison *c, void *way, void *const *x, void *const *z,
                               const char **message)
{
    (void)way;
    ad_status status = ad_fn_run(c->f, (const void *const *)x, z);
    c->seen = ad_fn_guard(c->f, 0, NULL);
    *message = ad_fn_message(c->f);
    return status;
}

/* By ad_fn_eval if all is f64. */
static ad_status other_workspace(comparison *c, void *way, void *const *x, void *const *z,
                                 const char **message)
{
    ad_status status =
        c->f->is_f64 ? eval(c, way, x, z) : ad_fn_run_in(c->f, way, (const void *const *)x, z);
    c->seen = ad_fn_guard_in(c->f, way, 0, NULL);
    *message = ad_workspace_message(way);
    return status;
}

int fuzz_compare(fuzz_program *p, fuzz_count *count, char *text, size_t bytes)
{
    comparison c = {.p = p, .count = count, .text = text, .bytes = bytes};
    int ok = fuzz_comparison_begin(&c);
    ad_workspace *other = ok ? ad_workspace_new(c.f, NULL) : NULL;
    for (c.point = 0; c.point < FUZZ_POINTS && ok; c.point++) {
        fuzz_expect(&c);
        count->refused += c.r.failed;
        if (c.point == 1 && !c.r.failed && !c.options.guard && !c.is_shortened &&
            !fuzz_matches(&c, c.f)) {
            ok = fuzz_differs(&c, "%d %s", 0, "ad_fn_matches does not know the program");
        }
        ok = ok && fuzz_call_and_compare(&c, "ad_fn_run", own_workspace, NULL) &&
             fuzz_call_and_compare(&c, "other workspace", other_workspace, other) &&
             fuzz_call_and_compare(&c, "ad_fn_run again", own_workspace, NULL);
        fuzz_forget(&c);
    }
    ad_workspace_free(other);
    fuzz_comparison_end(&c);
    return ok;
}
