/* SPDX-License-Identifier: MIT */
/* Functions of one variable: at many points, each as a scalar, and all of them as a tensor. */
#include "check.h"

#include "check/check_internal.h"
#include "ops.h"
#include "rng.h"
#include "base/text_internal.h"

#include <math.h>

enum { SPREAD = 32, POINTS = SPREAD + 2 * 9 + 3 };

typedef struct unary {
    ad_var (*f)(ad_var x);
} unary;

static ad_var call_unary(void *user, const ad_var *x)
{
    return ((const unary *)user)->f(x[0]);
}

static int choose_points(double lo, double hi, double *points)
{
    int count = 0;
    ad_rng rng = {.seed = 0};
    points[count++] = lo;
    points[count++] = hi;
    for (int i = 0; i < SPREAD; i++) {
        double part = (i + ad_rng_uniform(&rng)) / SPREAD;
        points[count++] = lo * (1 - part) + hi * part;
    }
    if (lo <= 0 && hi >= 0) {
        points[count++] = 0;
    }
    for (int power = -8; power <= 8; power += 2) {
        for (int sign = -1; sign <= 1; sign += 2) {
            double x = sign * pow(10, power);
            if (x > lo && x < hi) {
                points[count++] = x;
            }
        }
    }
    return count;
}

/* Adds the counts of one check to those of all, and keeps the worse of their worst; 1 if one's. */
static int take_in(ad_report *all, const ad_report *one)
{
    int worse = one->wrong > 0 ? all->wrong == 0 || one->error > all->error
                               : all->wrong == 0 && (all->order == 0 || one->error > all->error);
    ad_report sum = worse ? *one : *all;
    sum.elements = all->elements + one->elements;
    sum.elements_seen = all->elements_seen + one->elements_seen;
    sum.agreed = all->agreed + one->agreed;
    sum.wrong = all->wrong + one->wrong;
    sum.unresolved = all->unresolved + one->unresolved;
    sum.kinks = all->kinks + one->kinks;
    sum.skipped = all->skipped + one->skipped;
    const ad_report *first = all->dropped > 0 ? all : one;
    sum.dropped = all->dropped + one->dropped;
    sum.dropped_op = first->dropped_op;
    sum.dropped_site = first->dropped_site;
    *all = sum;
    return worse;
}

/* Compares the values of f at each point alone with those at all of them as a tensor. Only a
 * message if they differ: f is then no function of one number, applied to each. */
static void compare_values(ad_var (*f)(ad_var x), int count, const double *points, ad_report *r)
{
    ad_tape *tape = ad_tape_new();
    ad_var y = f(ad_input_array(tape, AD_F64, AD_SHAPE(count), points));
    ad_shape shape = ad_shape_of(y);
    char text[160];
    if (tape == NULL || ad_tape_status(tape) != AD_OK) {
        ad_tape_free(tape); /* the check of the tensor tells why */
        return;
    }
    if (shape.rank != 1 || shape.len[0] != count) {
        ad__say(r->message, sizeof r->message,
                "ad_check_unary: a tensor [%d] gives %s: the function is not elementwise", count,
                y.tape == NULL ? "a plain number" : ad_shape_print(&shape, text, sizeof text));
    }
    for (int i = 0; i < count && r->message[0] == '\0'; i++) {
        ad_mark mark = ad_tape_mark(tape);
        double alone = ad_value(f(ad_input(tape, points[i])));
        double together = ad__element_of(tape, y.ref.at.node, (size_t)i);
        if (fabs(alone - together) > 1e-9 * fabs(alone) || isnan(alone) != isnan(together)) {
            ad__say(
                r->message, sizeof r->message,
                "ad_check_unary: at %.9g the scalar is %.9g, but element %d of the tensor is "
                "%.9g: the function is not elementwise, or C branches on ad_value, which is nan "
                "for a tensor; use ad_where",
                points[i], alone, i, together);
        }
        (void)ad_tape_rewind(tape, mark);
    }
    ad_tape_free(tape);
}

ad_report ad_check_unary(ad_var (*f)(ad_var x), double lo, double hi)
{
    static const char *const name = "ad_check_unary";
    double points[POINTS];
    unary user = {f};
    ad_report all = {.passed = 0};
    if (f == NULL) {
        return ad__check_at(NULL, NULL, 0, NULL, NULL, name);
    }
    if (!isfinite(lo) || !isfinite(hi) || lo > hi) {
        all.status = AD_ERR_DOMAIN;
        ad__say(all.message, sizeof all.message, "%s: the range is %g to %g; give finite lo <= hi",
                name, lo, hi);
        return all;
    }
    int count = choose_points(lo, hi, points), is_scalar = 1;
    for (int i = 0; i <= count; i++) { /* each point, then all of them */
        ad_check_input x = {AD_F64, AD_SCALAR, &points[i]};
        if (i == count) {
            x.shape = AD_SHAPE(count);
            x.data = points;
            ad_report values = {.passed = 0, .is_broken = 1};
            compare_values(f, count, points, &values);
            if (values.message[0] != '\0') {
                return values;
            }
        }
        ad_report one = ad__check_at(call_unary, &user, 1, &x, NULL, name);
        if (one.status != AD_OK || one.is_broken) {
            return one;
        }
        is_scalar = take_in(&all, &one) ? i < count : is_scalar;
    }
    const char *scalar = all.order == 2 ? "f''" : "f'";
    const char *tensor = all.order == 2 ? "f'' of a tensor" : "f' of a tensor";
    ad__check_say(&all, name, is_scalar ? scalar : tensor);
    return all;
}
