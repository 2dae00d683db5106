/* SPDX-License-Identifier: MIT */
/* Gradients of smooth programs against central differences, both by compiled functions. */
#include "fuzz.h"

#include <math.h>
#include <stdlib.h>

enum { MOST_INPUTS = 400, LOOKED_AT = 8, LARGEST = 1000 };

typedef struct differences {
    ad_fn *f;      /* f64 inputs -> y and its gradient */
    double *x, *z; /* inputs; y and the gradient */
    size_t count;  /* of input elements */
} differences;

static double value_at(differences *d, size_t i, double x)
{
    double kept = d->x[i], y[MOST_INPUTS + 1];
    d->x[i] = x;
    y[0] = ad_fn_eval(d->f, d->x, y) == AD_OK ? y[0] : (double)NAN;
    d->x[i] = kept;
    return y[0];
}

/* Whether y is a stair by rounding, so that a large step sees the gradient and small ones do not:
 * as that of atanh(tanh(x)) at 17, where one number next to 1 stands for a range of x. */
static int is_stair(differences *d, size_t i, double slope)
{
    const double h = 0.05, x = d->x[i];
    double far = (value_at(d, i, x + h) - value_at(d, i, x - h)) / (2 * h);
    return fabs(far - d->z[1 + i]) < 0.1 * fabs(far - slope);
}

/* Whether a finite dy/dx[i] is far from a difference quotient that is itself trustworthy: those of
 * two steps and of both sides agree. */
static int is_wrong(differences *d, size_t i, double *quotient)
{
    double slope[2], y = d->z[0], x = d->x[i], scale = 1;
    for (int k = 0; k < 2; k++) {
        double h = k == 0 ? 1e-4 : 2.5e-5;
        double above = (value_at(d, i, x + h) - y) / h, below = (y - value_at(d, i, x - h)) / h;
        scale = 1 + fabs(y) + fabs(above);
        if (!(fabs(above - below) <= 1e-3 * scale)) {
            return 0;
        }
        slope[k] = (above + below) / 2;
    }
    *quotient = slope[1];
    return fabs(slope[0] - slope[1]) <= 1e-5 * scale && fabs(y) < LARGEST &&
           isfinite(d->z[1 + i]) && !(fabs(slope[1] - d->z[1 + i]) <= 1e-3 * scale) &&
           !is_stair(d, i, slope[1]);
}

static int check_gradient(fuzz_program *p, fuzz_count *count, differences *d, char *text,
                          size_t bytes)
{
    double quotient = 0;
    if (ad_fn_eval(d->f, d->x, d->z) != AD_OK) {
        return 1;
    }
    count->differences++;
    for (size_t i = 0; i < d->count; i += 1 + d->count / LOOKED_AT) {
        if (is_wrong(d, i, &quotient)) {
            (void)snprintf(text, bytes, "seed %llu: dy/dx[%zu] is %.9g, by differences %.9g",
                           (unsigned long long)p->seed, i, d->z[1 + i], quotient);
            return 0;
        }
    }
    return 1;
}

/* Whether no value is so large that quotients would lose their digits. */
static int is_tame(const fuzz_recording *r)
{
    double x[MOST_INPUTS];
    for (int i = 0; i < FUZZ_VALUES; i++) {
        size_t count = fuzz_is_live(r, i) ? ad_count(r->value[i]) : 0;
        if (count > MOST_INPUTS || ad_read(r->value[i], count, x) != AD_OK) {
            continue;
        }
        while (count > 0) {
            if (!(fabs(x[--count]) < LARGEST)) {
                return 0;
            }
        }
    }
    return 1;
}

/* The sum of the means of the f64 outputs. */
static ad_var objective(const fuzz_program *p, const fuzz_recording *r)
{
    ad_var y = ad_input(r->tape, 0);
    for (int i = 0; i < p->output_count; i++) {
        if (fuzz_is_live(r, p->output[i]) && ad_type_of(r->value[p->output[i]]) == AD_F64 &&
            ad_count(r->value[p->output[i]]) > 0) {
            y = ad_add(y, ad_mean(r->value[p->output[i]], AD_ALL));
        }
    }
    return y;
}

static int compare(fuzz_program *p, fuzz_count *count, char *text, size_t bytes)
{
    fuzz_recording r;
    void *memory[FUZZ_STEPS];
    double x[MOST_INPUTS], z[MOST_INPUTS + 1];
    ad_var in[FUZZ_STEPS], out[FUZZ_STEPS + 1];
    differences d = {.x = x, .z = z};
    int in_count = 0, ok = 1;
    fuzz_make_memory(p, memory);
    fuzz_record(&r, p, 0, memory);
    for (int i = 0; i < p->step_count; i++) {
        const fuzz_step *s = &p->step[i];
        size_t len = ad_shape_count(&s->shape);
        if (s->kind->role == FUZZ_INPUT && s->type == AD_F64 && d.count + len <= MOST_INPUTS &&
            fuzz_is_live(&r, i * FUZZ_RESULTS)) {
            fuzz_fill(s, 0, x + d.count);
            in[in_count++] = r.value[i * FUZZ_RESULTS];
            d.count += len;
        }
    }
    out[0] = objective(p, &r);
    if (in_count > 0 && is_tame(&r) && ad_grad(out[0], in_count, in, out + 1) == AD_OK) {
        d.f = ad_fn_new(r.tape, in_count, in, 1 + in_count, out);
        ok = d.f == NULL || check_gradient(p, count, &d, text, bytes);
        ad_fn_free(d.f);
    }
    fuzz_end(&r);
    fuzz_free_memory(p, memory);
    return ok;
}

int fuzz_compare_differences(fuzz_program *p, fuzz_count *count, char *text, size_t bytes)
{
    return fuzz_compare(p, count, text, bytes) && compare(p, count, text, bytes);
}
