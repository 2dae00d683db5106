/* SPDX-License-Identifier: MIT */
#include "plot/plot_internal.h"
#include "common/text_internal.h"

#include <float.h>
#include <math.h>

/* Space at each end of an axis, as a part of its length, so that points lie whole in the frame. */
static const double margin = 0.04;

/* gnuplot computes with differences of what it draws and their multiples, in doubles. */
static const double furthest = 1e300;

ad_status nn__range_of(double lo, double hi, int is_log, const char *path, nn__range *range,
                       ad_error *error)
{
    *range = (nn__range){lo, hi, is_log};
    if (!is_log && (lo < -furthest || hi > furthest)) {
        char from[40] = "", to[40] = "";
        nn__say(from, sizeof from, "%g", lo);
        nn__say(to, sizeof to, "%g", hi);
        return ad_error_set(error, AD_ERR_DOMAIN,
                            "%s: the numbers reach from %s to %s, and an axis to +-1e300; scale "
                            "them",
                            path, from, to);
    }
    if (is_log) { /* in powers of ten */
        double space = hi > lo ? margin * (log10(hi) - log10(lo)) : 0.3;
        range->lo = pow(10, fmax(log10(lo) - space, DBL_MIN_10_EXP));
        range->hi = pow(10, fmin(log10(hi) + space, DBL_MAX_10_EXP));
        return AD_OK;
    }
    double size = fmax(fabs(lo), fabs(hi));
    double least = hi > lo ? 1e-9 * size : size > 0 ? 0.1 * size : 1;
    double space = fmax(fmax(margin * (hi - lo), least), 1e-300);
    range->lo = lo - space;
    range->hi = hi + space;
    return AD_OK;
}

/* ---- ticks of a logarithmic axis ---- */

/* m 10^k, with as many digits as it needs. */
static void print_tick(FILE *to, int *count, double m, int k)
{
    double value = m * pow(10, k);
    (void)fputs((*count)++ > 0 ? ", \"" : "\"", to);
    if (k >= -4 && k <= 4) {
        nn__print(to, "%.6g", value);
    } else {
        nn__print(to, "%.6g·10^{%d}", m, k);
    }
    nn__print(to, "\" %.17g", value);
}

/* Powers of ten, few enough to be read. */
static void print_powers(FILE *to, double lo, double hi)
{
    static const int steps[] = {1, 2, 5, 10, 20, 50, 100};
    int i = 0, count = 0;
    while (steps[i] < 100 && (hi - lo) / steps[i] > 9) {
        i++;
    }
    for (int k = (int)ceil(lo); k <= hi; k++) {
        if (k % steps[i] == 0) {
            nn__print(to, "%s\"10^{%d}\" 1e%d", count++ > 0 ? ", " : "", k, k);
        }
    }
}

/* Less than two powers: 1, 2 and 5 times each, or steps of equal length if that is too few. */
static void print_between(FILE *to, double lo, double hi)
{
    static const double digits[] = {1, 2, 5};
    int count = 0;
    if (hi - lo > 0.9) {
        for (int k = (int)floor(lo); k <= hi; k++) {
            for (int i = 0; i < 3; i++) {
                double at = k + log10(digits[i]);
                if (at >= lo && at <= hi) {
                    print_tick(to, &count, digits[i], k);
                }
            }
        }
        return;
    }
    int k = (int)floor(hi), power;
    double first = pow(10, lo - k), last = pow(10, hi - k), step = (last - first) / 5;
    power = (int)floor(log10(step));
    double unit = pow(10, power);
    step = step < 2 * unit ? 2 * unit : step < 5 * unit ? 5 * unit : 10 * unit;
    for (double n = ceil(first / step); n * step <= last && count < 20; n++) {
        print_tick(to, &count, n * step, k);
    }
}

void nn__figure_axis(nn__figure *f, char axis, const nn__range *range)
{
    nn__print(f->program, "set %crange [%.17g:%.17g]\n", axis, range->lo, range->hi);
    if (!range->is_log) {
        nn__print(f->program, "unset logscale %c\nset format %c '%%h'\nset %ctics autofreq\n", axis,
                  axis, axis);
        return;
    }
    double lo = log10(range->lo), hi = log10(range->hi);
    nn__print(f->program, "set logscale %c\nunset m%ctics\nset %ctics (", axis, axis, axis);
    if (floor(hi) - ceil(lo) >= 2) {
        print_powers(f->program, lo, hi);
    } else {
        print_between(f->program, lo, hi);
    }
    (void)fputs(")\n", f->program);
}
