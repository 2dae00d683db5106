/* SPDX-License-Identifier: MIT */
#include "check/check_internal.h"

#include <float.h>
#include <math.h>

/* Method: central differences D(h) for shrinking h, each two extrapolated: R = D + (D - D') / 63,
 * whose error falls with h^4. |R - R'| measures truncation, eps |y| / h rounding.
 * Source: Ridders 1982, "Accurate computation of F'(x) and F'(x)F''(x)", for the idea to let the
 * estimates themselves choose the step. */
enum { FIRST_STEP = 4, STEP_BITS = 3, STEPS = 11 };

/* An estimate may be believed if it is this close to the one before. */
#define CONSISTENT 1e-3
/* Rounding of an evaluation, in units of eps |y|. */
#define ROUNDING 4.0
/* Where one-sided slopes differ by more than this times their rounding, they do differ. */
#define SIGNIFICANT 16.0

typedef enum verdict { OPEN, AGREES, WRONG, UNRESOLVED, AT_KINK, SKIPPED } verdict;

/* What is known about one derivative while h shrinks. */
typedef struct estimate {
    verdict verdict;
    int levels;         /* finite differences in a row, 0 after a value that is not */
    int is_smooth;      /* there was one */
    int has_moved;      /* some difference was not 0 */
    double d, r;        /* the last D and R */
    double best, error; /* the most consistent R, and |R - R'| or rounding */
    double rank;        /* its relative error; infinite: no R is consistent */
    double jump;        /* the last difference between the slopes of the two sides */
    int is_kink;        /* jumps have stopped shrinking; slopes are then from low to high */
    double low, high;
} estimate;

/* One place of the input, and the bounds that hold there. */
typedef struct setting {
    const ad__check *c;
    ad__place at;
    double x, scale;     /* scale: max(1, |x|); 0 and 1 in a direction */
    double eps, own_eps; /* of the differences, and of the tape's derivative */
    double own_min;      /* the smallest number of the tape that has all its digits */
    double tolerance, resolution;
} setting;

static double larger(double a, double b)
{
    return a > b ? a : b;
}

/* Whether an estimate that is uncertain by no more than error confirms the tape. Estimates that are
 * uncertain by more than the resolution cannot: a wrong rule would sometimes agree with them. */
static int confirms(const setting *s, double value, double error, double noise, double got,
                    double floor)
{
    double size = larger(fabs(value), fabs(got));
    if (!isfinite(got)) {
        return 0;
    }
    return value == got || (error + noise + floor <= s->resolution * size &&
                            fabs(value - got) <= s->tolerance * size + noise + floor);
}

/* Follows the slopes of the two sides. At a smooth point their difference shrinks with h until it
 * drowns in rounding. At a kink it stays; it vanishes at once if the kink lies beside the point. */
static void follow_slopes(estimate *e, double up, double down, double noise)
{
    double jump = fabs(up - down);
    if (jump > SIGNIFICANT * noise) {
        e->is_kink = e->levels > 0 && jump > 0.5 * e->jump;
        e->low = up < down ? up : down;
        e->high = up < down ? down : up;
        e->jump = jump;
    } else if (e->jump > 2 * SIGNIFICANT * noise) {
        e->is_kink = 0;
    }
}

/* Takes in the values at x + a and x - b. */
static void refine(const setting *s, estimate *e, double got, double floor, double y0,
                   const double *y, double a, double b)
{
    if (!isfinite(y[0]) || !isfinite(y[1])) {
        e->levels = 0;
        return;
    }
    double noise = ROUNDING * s->eps * larger(fabs(y[0]), fabs(y[1])) / (a + b) * 2;
    double d = (y[0] - y[1]) / (a + b), r = d;
    follow_slopes(e, (y[0] - y0) / a, (y0 - y[1]) / b, noise);
    int confirmed = d == got;
    if (!confirmed && d == 0 && e->has_moved) {
        return; /* the step has become too small to change the value */
    }
    e->has_moved |= d != 0;
    if (e->levels > 0) {
        r = d + (d - e->d) / ((1 << 2 * STEP_BITS) - 1);
        double change = fabs(r - e->r), error = larger(change, noise);
        double rank = error / (fabs(r) + noise);
        if (error <= CONSISTENT * fabs(r) + 4 * noise && rank < e->rank) {
            e->best = r;
            e->error = error;
            e->rank = rank;
            if (rank >= CONSISTENT && fabs(r - got) <= noise + floor) {
                e->verdict = UNRESOLVED; /* rounding alone is left, and grows from here */
            }
        }
        double correction = fabs(r - d);
        confirmed |= confirms(s, r, change < correction ? change : correction, noise, got, floor) ||
                     confirms(s, e->d, fabs(e->d - d), noise, got, floor);
    }
    e->d = d;
    e->r = r;
    e->levels++;
    e->is_smooth = 1;
    if (confirmed) {
        e->best = d == got ? d : r;
        e->verdict = AGREES;
    }
}

/* What to say when every step has been tried. */
static verdict conclude(const setting *s, const estimate *e, double got, double floor)
{
    int has_estimate = isfinite(e->rank) != 0;
    if (e->verdict != OPEN) {
        return e->verdict;
    }
    if (!isfinite(got)) {
        return has_estimate || (isnan(got) && e->is_smooth) ? WRONG : SKIPPED;
    }
    double margin = s->tolerance * larger(fabs(e->low), fabs(e->high)) + floor;
    if (e->is_kink && got >= e->low - margin && got <= e->high + margin) {
        return AT_KINK;
    }
    margin = s->tolerance * larger(fabs(e->best), fabs(got)) + floor + 4 * e->error;
    return !has_estimate ? SKIPPED : fabs(e->best - got) <= margin ? UNRESOLVED : WRONG;
}

/* ---- the report ---- */

static void count(ad__check *c, verdict v, size_t row, size_t place, double expected)
{
    ad_report *report = &c->report;
    report->agreed += v == AGREES;
    report->wrong += v == WRONG;
    report->unresolved += v == UNRESOLVED;
    report->kinks += v == AT_KINK;
    report->skipped += v == SKIPPED;
    double got = c->got[row * c->ats + place], size = larger(fabs(got), fabs(expected));
    double error = got == expected ? 0 : fabs(got - expected) / size;
    error = isnan(error) ? INFINITY : error;
    int is_first = report->order == 0 || (v == WRONG && report->wrong == 1);
    if ((v == WRONG || (v == AGREES && report->wrong == 0)) &&
        (is_first || error > report->error)) {
        report->order = c->order;
        report->input = c->at[place].array;
        report->element = c->at[place].element;
        report->of_input = c->order == 1 ? 0 : c->active[c->row[row].array];
        report->of_element = c->row[row].element;
        report->at = report->input == AD__DIRECTION ? 0 : c->point[report->input][report->element];
        report->expected = expected;
        report->got = isnan(got) ? NAN : got; /* without a sign */
        report->error = error;
    }
}

/* ---- all rows at one place ---- */

/* A number of the type in which the function is evaluated. */
static double rounded(const ad__check *c, int input, double x)
{
    int is_narrow = input != AD__DIRECTION && c->input[input].type == AD_F32 && !c->is_widened;
    return is_narrow ? (double)(float)x : x;
}

static double floor_of(const setting *s, size_t row)
{
    double size = s->at.array == AD__DIRECTION ? s->c->along[row * AD__DIRECTIONS + s->at.element]
                                               : s->c->largest[row] / s->scale;
    return 8 * s->own_eps * size + s->own_min;
}

static void move(ad__check *c, ad__place at, double x)
{
    if (at.array == AD__DIRECTION) {
        ad__check_go(c, at.element, x);
    } else {
        c->point[at.array][at.element] = x;
    }
}

/* Evaluates at x + h and x - h and refines every open row; *open is how many stay so. */
static int step(ad__check *c, const setting *s, double h, double *y, estimate *estimates,
                const double *got, size_t *open)
{
    ad__place at = s->at;
    double above = rounded(c, at.array, s->x + h), below = rounded(c, at.array, s->x - h);
    if (above == s->x || below == s->x || !isfinite(above) || !isfinite(below)) {
        return 1;
    }
    move(c, at, above);
    int ok = ad__check_values(c, y);
    move(c, at, below);
    ok = ok && ad__check_values(c, y + c->rows);
    move(c, at, s->x);
    *open = 0;
    for (size_t r = 0; r < c->rows && ok; r++) {
        estimate *e = &estimates[r];
        if (e->verdict == OPEN) {
            refine(s, e, got[r * c->ats], floor_of(s, r), c->base[r],
                   (double[]){y[r], y[r + c->rows]}, above - s->x, s->x - below);
        }
        *open += e->verdict == OPEN;
    }
    return ok;
}

/* A derivative that moves by as much as it is wrong when the inputs change in their last digits has
 * lost its own to cancellation: it is unresolved. 0 after a failure. */
static int is_beyond_rounding(ad__check *c, size_t row, size_t place, double expected, verdict *v)
{
    size_t i = row * c->ats + place;
    if (c->moved == NULL && !ad__check_moved(c)) {
        return 0;
    }
    *v = fabs(c->got[i] - expected) <= 8 * c->moved[i] ? UNRESOLVED : *v;
    return 1;
}

static int compare_at(ad__check *c, size_t place, double *y, estimate *estimates)
{
    ad__place at = c->at[place];
    double x = at.array == AD__DIRECTION ? 0 : c->point[at.array][at.element];
    double scale = larger(1, fabs(x));
    setting s = {.c = c,
                 .at = at,
                 .x = x,
                 .scale = scale,
                 .eps = c->has_f32 && !c->is_widened ? FLT_EPSILON : DBL_EPSILON,
                 .own_eps = c->has_f32 ? FLT_EPSILON : DBL_EPSILON,
                 .own_min = c->has_f32 ? FLT_MIN : DBL_MIN,
                 .tolerance = c->options.tolerance,
                 .resolution = c->has_f32 ? 4e-4 : 1e-4};
    for (size_t r = 0; r < c->rows; r++) {
        estimates[r] = (estimate){.rank = INFINITY};
        estimates[r].verdict = isfinite(c->base[r]) ? OPEN : SKIPPED;
    }
    const double *got = c->got + place;
    const double scales[] = {scale, fabs(x) < 0x1p-8 ? fabs(x) : 0};
    size_t open = c->rows;
    for (int k = 0; k < 2 && scales[k] > 0; k++) {
        for (size_t r = 0; r < c->rows; r++) {
            estimates[r].levels = 0;
        }
        for (int i = 0; i < STEPS && open > 0; i++) {
            double h = ldexp(scales[k], -FIRST_STEP - STEP_BITS * i);
            if (!step(c, &s, h, y, estimates, got, &open)) {
                return 0;
            }
        }
    }
    for (size_t r = 0; r < c->rows; r++) {
        const estimate *e = &estimates[r];
        verdict v = conclude(&s, e, got[r * c->ats], floor_of(&s, r));
        if (v == WRONG && !is_beyond_rounding(c, r, place, e->best, &v)) {
            return 0;
        }
        int has_estimate = v == AGREES || isfinite(e->rank);
        count(c, v, r, place, has_estimate ? e->best : e->d);
    }
    return 1;
}

int ad__check_differences(ad__check *c)
{
    ad__arena_mark before = ad__arena_mark_here(&c->arena);
    double *y = ad__arena_take(&c->arena, 2 * c->rows * sizeof *y);
    estimate *estimates = ad__arena_take(&c->arena, c->rows * sizeof *estimates);
    if (y == NULL || estimates == NULL) {
        return ad__check_no_memory(c);
    }
    int ok = 1;
    for (size_t k = 0; k < c->ats && ok; k++) {
        ok = compare_at(c, k, y, estimates);
    }
    ad__arena_rewind(&c->arena, before);
    return ok;
}
