/* SPDX-License-Identifier: MIT */
/* The Jacobian of a small scalar program: one observation of a bundle adjustment, a camera of nine
 * numbers (rotation, translation, focal length, two of radial distortion) that sees a point of
 * three, and the two errors of where it sees it.
 *
 *   jacobian.small       ad_jacobian_values, 2 results by 12 variables; recorded once, the time is
 *                        that of the Jacobian alone
 *
 * Baseline: two_gradients, two calls of ad_grad_values, which give the same bits. */
#include "bench.h"

#include <wengert/autodiff.h>

#include <stdio.h>
#include <string.h>

enum { IN = 12, OUT = 2 };

typedef struct job {
    ad_var x[IN], y[OUT];
    double together[OUT][IN], apart[OUT][IN];
} job;

/* v rotated by the angle |r| about r, by Rodrigues' formula. */
static void rotate(const ad_var r[3], const ad_var v[3], ad_var z[3])
{
    ad_var square = ad_add(ad_add(ad_square(r[0]), ad_square(r[1])), ad_square(r[2]));
    ad_var angle = ad_sqrt(square), sine = ad_sin(angle), cosine = ad_cos(angle), w[3];
    for (int i = 0; i < 3; i++) {
        w[i] = ad_div(r[i], angle);
    }
    ad_var dot = ad_add(ad_add(ad_mul(w[0], v[0]), ad_mul(w[1], v[1])), ad_mul(w[2], v[2]));
    ad_var along = ad_mul(dot, ad_sub(1, cosine));
    for (int i = 0; i < 3; i++) {
        int j = (i + 1) % 3, k = (i + 2) % 3;
        ad_var cross = ad_sub(ad_mul(w[j], v[k]), ad_mul(w[k], v[j]));
        z[i] = ad_add(ad_add(ad_mul(v[i], cosine), ad_mul(cross, sine)), ad_mul(w[i], along));
    }
}

static void errors(const ad_var x[IN], ad_var y[OUT])
{
    const ad_var *camera = x, *point = x + 9;
    ad_var seen[3], p[2];
    rotate(camera, point, seen);
    for (int i = 0; i < 3; i++) {
        seen[i] = ad_add(seen[i], camera[3 + i]);
    }
    for (int i = 0; i < 2; i++) {
        p[i] = ad_neg(ad_div(seen[i], seen[2]));
    }
    ad_var r2 = ad_add(ad_square(p[0]), ad_square(p[1]));
    ad_var stretch = ad_add(1, ad_mul(r2, ad_add(camera[7], ad_mul(r2, camera[8]))));
    ad_var scale = ad_mul(camera[6], stretch);
    for (int i = 0; i < 2; i++) {
        y[i] = ad_sub(ad_mul(scale, p[i]), 0.25 + 0.5 * i);
    }
}

static void together(void *context)
{
    job *j = context;
    ad_jacobian_values(OUT, j->y, IN, j->x, j->together[0]);
}

static void apart(void *context)
{
    job *j = context;
    for (int i = 0; i < OUT; i++) {
        ad_grad_values(j->y[i], IN, j->x, j->apart[i]);
    }
}

int main(void)
{
    static const double at[IN] = {0.1, -0.2, 0.3, 1, 2, -9, 500, 1e-2, 1e-4, 0.7, -0.4, 1.1};
    job j;
    bench_start();
    ad_tape *tape = ad_tape_new();
    for (int i = 0; i < IN; i++) {
        j.x[i] = ad_input(tape, at[i]);
    }
    errors(j.x, j.y);
    together(&j);
    apart(&j);
    if (ad_tape_status(tape) != AD_OK || memcmp(j.together, j.apart, sizeof j.apart) != 0) {
        (void)fprintf(stderr, "jacobian.small: not the same bits; %s\n", ad_tape_message(tape));
        return 1;
    }
    printf("jacobian.small: %zu nodes\n", ad_tape_len(tape));
    bench_case("jacobian.small", 2,
               (bench_side[]){{"ours", .run = together, .context = &j},
                              {"two_gradients", .run = apart, .context = &j}},
               NULL);
    ad_tape_free(tape);
    return bench_finish();
}
