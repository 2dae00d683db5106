/* SPDX-License-Identifier: MIT */
/* What every call that differentiates asks of its arguments. */
#include "diff/reverse_internal.h"

#include <math.h>
#include <string.h>

/* ---- which tape ---- */

/* The tape of a variable or else of a result, so that an error is kept wherever one of them is. */
static ad_tape *tape_of_any(int results, const ad_var *y, int count, const ad_var *x)
{
    ad_tape *tape = x != NULL ? ad__tape_of(count, x) : NULL;
    return tape == NULL && y != NULL ? ad__tape_of(results, y) : tape;
}

/* What is recorded on a NULL tape is the number NaN. */
static int is_of_null_tape(int count, const ad_var *v)
{
    int is_one = 0;
    for (int i = 0; i < count && v != NULL; i++) {
        is_one |= v[i].tape == NULL && isnan(v[i].ref.literal);
    }
    return is_one;
}

/* ---- the arguments ---- */

ad_status ad__reverse_need(const ad__reverse *r, int count, const void *array, const char *name)
{
    return count <= 0 || array != NULL
               ? AD_OK
               : ad_tape_fail(r->tape, AD_ERR_DOMAIN, r->origin, NULL, "%s is NULL", name);
}

ad_status ad__reverse_no_memory(const ad__reverse *r)
{
    return ad_tape_fail(r->tape, AD_ERR_MEMORY, r->origin, NULL, "out of memory");
}

static ad_status check_variable(ad__reverse *r, int i, ad_var x)
{
    ad_tape *tape = r->tape;
    if (x.tape == NULL) {
        return ad_tape_fail(tape, AD_ERR_DOMAIN, r->origin, NULL,
                            "x[%d] is the plain number %g, and nothing depends on it; make it a "
                            "variable with ad_input before y is recorded",
                            i, x.ref.literal);
    }
    if (!ad__is_recent(tape, x) && ad__check_handle(tape, x, r->origin) != AD_OK) {
        return tape->error.status;
    }
    uint32_t node = x.ref.at.node;
    r->has_tensors |= tape->node[node].spec != AD__SPEC_SCALAR;
    if (ad__spec_of(tape, node)->type == AD_I64) {
        return ad_tape_fail(tape, AD_ERR_TYPE, r->origin, tape->site[node],
                            "x[%d] is i64; integers carry no derivative", i);
    }
    r->first = node < r->first ? node : r->first;
    return AD_OK;
}

static ad_status check_result(ad__reverse *r, ad_var y)
{
    ad_tape *tape = r->tape;
    if (!ad__is_recent(tape, y) && ad__check_handle(tape, y, r->origin) != AD_OK) {
        return tape->error.status;
    }
    r->last = y.ref.at.node > r->last ? y.ref.at.node : r->last;
    return AD_OK;
}

/* By node up to the last: what some y has a derivative by. NULL without memory. */
static uint8_t *find_parts(const ad__reverse *r, int results, const ad_var *y)
{
    const ad_tape *tape = r->tape;
    const size_t len = (size_t)r->last + 1;
    uint8_t *is_part = ad__arena_take(&r->tape->scratch, len);
    if (is_part == NULL) {
        return NULL;
    }
    memset(is_part, 0, len);
    for (int j = 0; j < results; j++) {
        is_part[y[j].tape != NULL ? y[j].ref.at.node : 0] = 1;
    }
    for (uint32_t node = r->last; node > 0; node--) {
        const ad_op *op = ad__op_of(tape, node);
        int args;
        const uint32_t *arg = ad__args_of(tape, node, &args);
        is_part[node] &= ad__spec_of(tape, node)->type != AD_I64;
        for (int i = ad__has(op, AD__WRITES) ? 1 : 0; i < args && is_part[node] && op->vjp != NULL;
             i++) {
            is_part[arg[i]] = 1;
        }
    }
    return is_part;
}

/* A derivative by a view has nothing of what was computed from another view of the same memory, but
 * where the two are one variable. */
static ad_status check_views(const ad__reverse *r, int results, const ad_var *y, int count,
                             const ad_var *x)
{
    ad_tape *tape = r->tape;
    ad__overlap found;
    ad__arena_mark before = ad__arena_mark_here(&tape->scratch);
    ad_status status = ad__find_overlap(tape, r->origin, count, x, NULL, 0, &found);
    if (status == AD_OK && found.other != 0) {
        const uint8_t *is_part = find_parts(r, results, y);
        status = is_part != NULL
                     ? ad__find_overlap(tape, r->origin, count, x, is_part, r->last + 1, &found)
                     : ad__reverse_no_memory(r);
    }
    ad__arena_rewind(&tape->scratch, before);
    if (status != AD_OK || found.other == 0) {
        return status;
    }
    return ad_tape_fail(tape, AD_ERR_STATE, r->origin, NULL,
                        "x[%d], viewed at %s, overlaps what y has from the view at %s; view the "
                        "memory once, and take parts with ad_slice, other shapes with ad_reshape",
                        found.i, ad__site_text(tape, found.own), ad__site_text(tape, found.other));
}

static ad_status check(ad__reverse *r, int results, const ad_var *y, int count, const ad_var *x)
{
    ad_tape *tape = r->tape;
    if (results < 0 || count < 0) {
        return ad_tape_fail(tape, AD_ERR_DOMAIN, r->origin, NULL,
                            "%d results and %d variables; there are none below 0", results, count);
    }
    if (ad__reverse_need(r, results, y, "y") != AD_OK ||
        ad__reverse_need(r, count, x, "x") != AD_OK ||
        (tape->assigned_count > 0 && ad__settle_assigned(tape, r->origin) != AD_OK)) {
        return tape->error.status;
    }
    for (int i = 0; i < count; i++) {
        if (ad__is_scalar(tape, x[i])) { /* most are */
            r->first = x[i].ref.at.node < r->first ? x[i].ref.at.node : r->first;
        } else if (check_variable(r, i, x[i]) != AD_OK) {
            return tape->error.status;
        }
    }
    for (int j = 0; j < results; j++) {
        if (y[j].tape != NULL && check_result(r, y[j]) != AD_OK) {
            return tape->error.status;
        }
    }
    if (r->last == 0 && results > 0) {
        return ad_tape_fail(tape, AD_ERR_DOMAIN, r->origin, NULL,
                            "y is the plain number %g, which depends on nothing; if it should "
                            "depend on x, look where ad_value or a branch in C lost it",
                            y[0].ref.literal);
    }
    return tape->view_count < 2 || r->last == 0 ? AD_OK : check_views(r, results, y, count, x);
}

ad_status ad__reverse_begin(ad__reverse *r, int results, const ad_var *y, int count,
                            const ad_var *x)
{
    r->tape = tape_of_any(results, y, count, x);
    r->first = UINT32_MAX;
    r->last = 0;
    r->has_tensors = 0;
    if (r->tape != NULL) {
        return r->tape->error.status != AD_OK ? r->tape->error.status
                                              : check(r, results, y, count, x);
    }
    if (count == 0 && results == 0) {
        return AD_OK;
    }
    return is_of_null_tape(count, x) || is_of_null_tape(results, y) ? AD_ERR_MEMORY : AD_ERR_DOMAIN;
}

ad_status ad__reverse_no_integers(const ad__reverse *r, int results, const ad_var *y)
{
    for (int j = 0; j < results; j++) {
        if (y[j].tape != NULL && ad__spec_of(r->tape, y[j].ref.at.node)->type == AD_I64) {
            return ad_tape_fail(r->tape, AD_ERR_TYPE, r->origin, r->tape->site[y[j].ref.at.node],
                                "y[%d] is i64; integers carry no derivative", j);
        }
    }
    return AD_OK;
}

/* ---- what is left after an error ---- */

size_t ad__elements_of(int count, const ad_var *v)
{
    size_t sum = 0;
    for (int i = 0; i < count && v != NULL; i++) {
        sum += ad_count(v[i]);
    }
    return sum;
}

ad_status ad__all_nan(size_t count, double *out, ad_status status)
{
    for (size_t i = 0; i < count && out != NULL; i++) {
        out[i] = NAN;
    }
    return status;
}

ad_status ad__all_dead(ad_tape *tape, int count, ad_var *out, ad_status status)
{
    for (int i = 0; i < count && out != NULL; i++) {
        out[i] = tape != NULL ? ad__dead(tape) : ad_literal(NAN);
    }
    return status;
}
