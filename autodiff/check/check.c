/* SPDX-License-Identifier: MIT */
#include "check.h"

#include "check/check_internal.h"
#include "rng.h"
#include "base/text_internal.h"

#include <math.h>
#include <string.h>

/* ---- preparation ---- */

/* The inputs as doubles, and which of them are differentiated. */
static int take_inputs(ad__check *c)
{
    c->point = ad__arena_take(&c->arena, (size_t)c->count * sizeof *c->point);
    c->active = ad__arena_take(&c->arena, (size_t)c->count * sizeof *c->active);
    if (c->point == NULL || c->active == NULL) {
        return ad__check_no_memory(c);
    }
    for (int i = 0; i < c->count; i++) {
        const ad_check_input *in = &c->input[i];
        size_t count = ad_shape_is_valid(&in->shape) ? ad_shape_count(&in->shape) : 0;
        c->point[i] = NULL;
        if (!ad_shape_is_valid(&in->shape) || (in->data == NULL && count > 0)) {
            ad_tape_fail(c->tape, AD_ERR_DOMAIN, c->name, NULL, "input %d has no %s", i,
                         in->data == NULL ? "data" : "valid shape");
            return 0;
        }
        if (in->type == AD_I64) {
            continue;
        }
        c->active[c->actives++] = i;
        c->has_f32 |= in->type == AD_F32;
        c->point[i] = ad__arena_take(&c->arena, count * sizeof *c->point[i]);
        if (c->point[i] == NULL) {
            return ad__check_no_memory(c);
        }
        for (size_t k = 0; k < count; k++) {
            c->point[i][k] = in->type == AD_F32 ? (double)((const float *)in->data)[k]
                                                : ((const double *)in->data)[k];
        }
    }
    return 1;
}

/* A copy of the inputs. */
static int keep_origin(ad__check *c)
{
    c->origin = ad__table(&c->arena, (size_t)c->count + 1, AD__UNFILLED, double *);
    for (int i = 0; i < c->actives && c->origin != NULL; i++) {
        int input = c->active[i];
        size_t bytes = ad_shape_count(&c->input[input].shape) * sizeof **c->origin;
        c->origin[input] = ad__arena_copy(&c->arena, c->point[input], bytes);
    }
    return !c->arena.is_out_of_memory ? 1 : ad__check_no_memory(c);
}

/* Directions, if there are elements that are not looked at; of f32 inputs that cannot be f64 the
 * last digits are too few to follow one. */
static void add_directions(ad__check *c)
{
    int is_exact = !c->has_f32 || c->is_widened;
    for (size_t d = 0; c->singles < c->elements && is_exact && d < AD__DIRECTIONS; d++) {
        c->at[c->ats++] = (ad__place){AD__DIRECTION, d};
    }
}

/* Spreads the places to check evenly over the elements of all inputs. */
static int choose_places(ad__check *c)
{
    size_t total = 0, before = 0;
    for (int i = 0; i < c->actives; i++) {
        total += ad_shape_count(&c->input[c->active[i]].shape);
    }
    c->elements = total;
    c->singles = c->ats = total < c->options.most ? total : c->options.most;
    c->at = ad__arena_take(&c->arena, (c->ats + AD__DIRECTIONS) * sizeof *c->at);
    if (c->at == NULL || !keep_origin(c)) {
        return ad__check_no_memory(c);
    }
    double part = c->ats > 0 ? (double)total / (double)c->ats : 1;
    ad_rng rng = {.seed = c->options.seed};
    int input = 0;
    for (size_t k = 0; k < c->ats; k++) {
        double shift = total > c->ats ? ad_rng_uniform(&rng) : 0;
        size_t flat = (size_t)(((double)k + shift) * part);
        flat = flat < total ? flat : total - 1;
        size_t count = ad_shape_count(&c->input[c->active[input]].shape);
        while (flat - before >= count) {
            before += count;
            count = ad_shape_count(&c->input[c->active[++input]].shape);
        }
        c->at[k] = (ad__place){c->active[input], flat - before};
    }
    return 1;
}

/* ---- sentences ---- */

/* The index of a row: nothing for a scalar, nor for the weighted sum of all elements. */
static void say_row(char *text, size_t bytes, const ad_shape *shape, size_t element)
{
    if (element != AD__WEIGHTED_SUM) {
        ad__say_index(text, bytes, shape, element);
    }
}

/* "dy[2]/dx0[1, 3]", "d2y/dx0[1, 3]dx1" */
static void say_derivative(const ad__check *c, char *text, size_t bytes)
{
    const ad_report *r = &c->report;
    int is_sum = r->order == 2 ? c->shape.rank > 0 : r->of_element == AD__WEIGHTED_SUM;
    ad__say(text, bytes, r->order == 2 ? "d2%s" : "d%s", is_sum ? "(weighted sum of y)" : "y");
    if (r->order == 1) {
        say_row(text, bytes, &c->shape, r->of_element);
        ad__say(text, bytes, "/");
    } else {
        ad__say(text, bytes, "/dx%d", r->of_input);
        say_row(text, bytes, &c->input[r->of_input].shape, r->of_element);
    }
    if (r->input == AD__DIRECTION) {
        ad__say(text, bytes, "(a direction over all %zu elements; raise .most to see which)",
                c->elements);
        return;
    }
    ad__say(text, bytes, "dx%d", r->input);
    ad__say_index(text, bytes, &c->input[r->input].shape, r->element);
}

void ad__check_say(ad_report *r, const char *name, const char *which)
{
    char *text = r->message;
    size_t bytes = sizeof r->message, undecided = r->unresolved + r->kinks + r->skipped;
    size_t all = r->agreed + r->wrong + undecided;
    text[0] = '\0';
    if (r->wrong > 0) {
        ad__say(
            text, bytes,
            "%s: %s at %.9g is %.9g by differences, but %.9g on the tape (relative error %.2g); "
            "%zu of %zu derivatives are wrong",
            name, which, r->at, r->expected, r->got, r->error, r->wrong, all);
    } else if (r->agreed > 0) {
        ad__say(text, bytes, "%s: %zu derivatives agree; the worst, %s at %.9g, to %.2g", name,
                r->agreed, which, r->at, r->error);
    } else if (all > 0) {
        ad__say(text, bytes, "%s: none of %zu derivatives could be compared", name, all);
    } else {
        ad__say(text, bytes, "%s: there are no derivatives to compare", name);
    }
    if (undecided > 0) {
        ad__say(text, bytes, " (%zu below rounding, %zu at kinks, %zu without differences)",
                r->unresolved, r->kinks, r->skipped);
    }
    if (r->elements_seen < r->elements) {
        ad__say(text, bytes, "; %zu of %zu input elements were looked at one by one%s",
                r->elements_seen, r->elements,
                r->directions > 0 ? ", and all of them together" : ", the others were not");
    }
    if (r->dropped > 0) {
        ad__say(text, bytes,
                "; %zu infinite slopes were dropped for a cotangent of exactly 0, the first from "
                "%s (%s)",
                r->dropped, r->dropped_op, r->dropped_site != NULL ? r->dropped_site : "no line");
    }
    r->passed = r->wrong == 0 && (r->agreed + r->kinks > 0 || all == 0);
}

/* ---- the check ---- */

static int is_finite(ad__check *c)
{
    if (c->finite == c->results) {
        return 1;
    }
    char text[240] = "y";
    ad__say_index(text, sizeof text, &c->shape, c->finite);
    ad__say(text, sizeof text, " is ");
    ad__say_number(text, sizeof text, c->stray, 1);
    if (c->actives == 1 && c->ats == 1) {
        ad__say(text, sizeof text, " at x%d = %.9g", c->active[0], *c->point[c->active[0]]);
    }
    ad_tape_fail(c->tape, AD_ERR_DOMAIN, c->name, NULL,
                 "%s; check at a point where the function is finite", text);
    return 0;
}

/* The values are the same the second time. */
static int is_function(ad__check *c)
{
    double *again = ad__arena_take(&c->arena, c->rows * sizeof *again);
    if (again == NULL) {
        return ad__check_no_memory(c);
    }
    if (!ad__check_values(c, again)) {
        return 0;
    }
    if (c->rows > 0 && memcmp(c->base, again, c->rows * sizeof *again) != 0) {
        ad_tape_fail(c->tape, AD_ERR_STATE, c->name, NULL,
                     "the function has different values at the same point; fix its random numbers "
                     "and its state");
        return 0;
    }
    return 1;
}

static void carry_out(ad__check *c)
{
    if (!take_inputs(c) || !choose_places(c) || !ad__check_result(c) || !is_finite(c)) {
        return;
    }
    add_directions(c);
    if (!ad__check_map(c, 1) || !is_function(c) || !ad__check_differences(c)) {
        return;
    }
    ad_anomaly found = {.found = 0};
    if (c->actives > 0 && !ad__check_dropped(c, &found)) {
        return;
    }
    c->report.dropped = found.dropped;
    c->report.dropped_op = found.dropped > 0 ? found.op : NULL;
    c->report.dropped_site = found.dropped > 0 ? found.site : NULL;
    c->report.elements = c->elements;
    c->report.elements_seen = c->singles;
    c->report.directions = c->ats - c->singles;
    const char *broken = c->actives > 0 ? ad__check_linearity(c) : NULL;
    if (c->options.order >= 2 && c->actives > 0 && ad_tape_status(c->tape) == AD_OK) {
        broken = broken == NULL ? ad__check_adjoint(c) : broken;
        if (!ad__check_map(c, 2) || !ad__check_differences(c)) {
            return;
        }
    }
    char which[500] = "";
    if (c->report.order > 0) {
        say_derivative(c, which, sizeof which);
    }
    ad__check_say(&c->report, c->name, which);
    if (c->report.wrong == 0 && broken != NULL) {
        c->report.passed = 0;
        c->report.is_broken = 1;
        c->report.message[0] = '\0';
        ad__say(c->report.message, sizeof c->report.message, "%s: %s", c->name, broken);
    }
}

ad_report ad__check_at(ad_function *f, void *user, int count, const ad_check_input *x,
                       const ad_check_options *options, const char *name)
{
    if (f == NULL || count < 1 || x == NULL) {
        ad_report refused = {.status = AD_ERR_DOMAIN};
        ad__say(refused.message, sizeof refused.message,
                "%s: %s; give a function, and an array of its inputs", name,
                f == NULL ? "the function is NULL" : "there are no inputs");
        return refused;
    }
    ad__check c = {.f = f, .user = user, .count = count, .input = x, .name = name};
    c.options = options != NULL ? *options : (ad_check_options){0};
    ad_allocator allocator =
        c.options.allocator != NULL ? *c.options.allocator : ad_allocator_default();
    ad__arena_init(&c.arena, allocator);
    c.tape = ad_tape_new_in(&allocator);
    c.options.order = c.options.order == 0 ? 2 : c.options.order;
    c.options.most = c.options.most == 0 ? 256 : c.options.most;
    for (int i = 0; i < count && !(c.options.tolerance > 0); i++) {
        c.options.tolerance = x[i].type == AD_F32 ? 1e-4 : 0;
    }
    c.options.tolerance = c.options.tolerance > 0 ? c.options.tolerance : 1e-6;
    if (c.tape != NULL) {
        carry_out(&c);
    }
    c.report.status = ad_tape_status(c.tape);
    if (c.report.status != AD_OK) {
        const char *message = c.tape != NULL ? ad_tape_message(c.tape) : "ad_check: out of memory";
        c.report.passed = 0;
        c.report.message[0] = '\0';
        ad__say(c.report.message, sizeof c.report.message, "%s", message);
    }
    ad__arena_clear(&c.arena);
    ad_tape_free(c.tape);
    return c.report;
}

ad_report ad_check(ad_function *f, void *user, int count, const ad_check_input *x,
                   const ad_check_options *options)
{
    return ad__check_at(f, user, count, x, options, "ad_check");
}
