/* SPDX-License-Identifier: MIT */
#include "adbench.h"

static ad_var dot(const ad_var a[3], const ad_var b[3])
{
    return ad_add(ad_add(ad_mul(a[0], b[0]), ad_mul(a[1], b[1])), ad_mul(a[2], b[2]));
}

static void cross(const ad_var a[3], const ad_var b[3], ad_var c[3])
{
    for (int i = 0; i < 3; i++) {
        int j = (i + 1) % 3, k = (i + 2) % 3;
        c[i] = ad_sub(ad_mul(a[j], b[k]), ad_mul(a[k], b[j]));
    }
}

/* x turned about the axis of `turn` by its length a: Rodrigues' formula
 *
 *   y = x cos(a) + (turn x x) sin(a)/a + turn (turn . x) (1 - cos(a))/a^2
 *
 * whose factors tend to 1, 1 and 1/2 as a does to 0. */
static void rotate(const ad_var turn[3], const ad_var x[3], ad_var y[3])
{
    ad_var across[3], square = dot(turn, turn), none = ad_equal(square, 0);
    ad_var safe = ad_where(none, 1, square), angle = ad_sqrt(safe);
    ad_var cosine = ad_where(none, 1, ad_cos(angle));
    ad_var sine = ad_where(none, 1, ad_div(ad_sin(angle), angle));
    ad_var rest = ad_where(none, 0.5, ad_div(ad_sub(1, cosine), safe));
    ad_var along = ad_mul(dot(turn, x), rest);
    cross(turn, x, across);
    for (int i = 0; i < 3; i++) {
        y[i] =
            ad_add(ad_add(ad_mul(x[i], cosine), ad_mul(across[i], sine)), ad_mul(turn[i], along));
    }
}

void adbench_ba_error(const ad_var cam[ADBENCH_CAM], const ad_var X[3], ad_var w,
                      const ad_var feature[2], ad_var error[2])
{
    const ad_var *centre = cam + 3, *focal = cam + 6, *middle = cam + 7, *radial = cam + 9;
    ad_var from_centre[3], seen[3], p[2];
    for (int i = 0; i < 3; i++) {
        from_centre[i] = ad_sub(X[i], centre[i]);
    }
    rotate(cam, from_centre, seen);
    for (int i = 0; i < 2; i++) {
        p[i] = ad_div(seen[i], seen[2]);
    }
    ad_var r2 = ad_add(ad_square(p[0]), ad_square(p[1]));
    ad_var stretch = ad_add(1, ad_mul(r2, ad_add(radial[0], ad_mul(r2, radial[1]))));
    ad_var scale = ad_mul(*focal, stretch);
    for (int i = 0; i < 2; i++) {
        ad_var at = ad_add(ad_mul(p[i], scale), middle[i]);
        error[i] = ad_mul(w, ad_sub(at, feature[i]));
    }
}
