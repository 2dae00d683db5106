/* SPDX-License-Identifier: MIT */
#include "anomaly.h"

#include "look/anomaly_internal.h"
#include "reverse.h"
#include "base/text_internal.h"
#include "diff/ancestors_internal.h"

#include <limits.h>

/* ---- the sentence ---- */

/* "ad_div made inf of 0.5 and 0" */
static void say_making(const ad_tape *tape, uint32_t node, ad_anomaly *out)
{
    char *text = out->message;
    size_t bytes = sizeof out->message;
    int args, is_elementwise = ad__op_of(tape, node)->arity > 0;
    const uint32_t *arg = ad__args_of(tape, node, &args);
    char shape[160];
    text[0] = '\0';
    ad__say(text, bytes, args > 0 ? "%s made " : "%s holds ", out->op);
    ad__say(text, bytes, out->kind == AD_ANOMALY_DROPPED_SLOPE ? "the slope " : "");
    ad__say_number(text, bytes, out->value, 6);
    for (int a = 0; a < out->count; a++) {
        const ad__spec *own = ad__spec_of(tape, arg[a]);
        ad__say(text, bytes, a == 0 ? " of " : a + 1 == out->count ? " and " : ", ");
        if (!is_elementwise) {
            ad__say(text, bytes, "%s up to ", ad_shape_print(&own->shape, shape, sizeof shape));
        }
        ad__say_number(text, bytes, out->operand[a], 6);
    }
}

/* Describes what `maker` made; its element is one of `node`, which is the maker itself, or the
 * product that dropped it. */
static void describe(const ad_tape *tape, uint32_t maker, uint32_t node, ad_anomaly *out)
{
    char *text = out->message;
    size_t bytes = sizeof out->message;
    const ad_shape *shape = &ad__spec_of(tape, node)->shape;
    out->found = 1;
    out->op = ad__op_of(tape, maker)->name;
    out->site = tape->site[node];
    out->is_derivative = ad__is_derived(tape, node);
    out->node = node;
    say_making(tape, maker, out);
    if (out->kind == AD_ANOMALY_DROPPED_SLOPE) {
        ad__say(text, bytes, ", dropped");
    }
    if (shape->rank > 0) {
        ad__say(text, bytes, " at element ");
        ad__say_index(text, bytes, shape, out->element);
    }
    if (out->kind == AD_ANOMALY_DROPPED_SLOPE) {
        ad__say(text, bytes,
                " because its cotangent is exactly 0, harmless only if another branch "
                "was chosen (ad_where)");
    }
    if (out->is_derivative) {
        ad__say(text, bytes, ", in a derivative");
    }
    if (out->site != NULL) {
        ad__say(text, bytes, " (%s)", out->site);
    }
}

/* ---- the search ---- */

static ad_anomaly none(void)
{
    ad_anomaly found = {.found = 0};
    ad__say(found.message, sizeof found.message, "no operation made a nan or an infinity");
    return found;
}

static ad_anomaly no_memory(const char *origin)
{
    ad_anomaly found = {.status = AD_ERR_MEMORY};
    ad__say(found.message, sizeof found.message, "%s: out of memory", origin);
    return found;
}

/* The marked nodes from first on; marks NULL: all. */
typedef struct range {
    ad_tape *tape;
    const uint8_t *marks;
    uint32_t first;
    const char *origin; /* the public function */
} range;

/* The first operation that made a value worse. */
static ad_anomaly search_values(const range *r)
{
    ad_tape *tape = r->tape;
    uint8_t *lasting = NULL;
    for (uint32_t node = r->first; node < tape->count; node++) {
        ad_anomaly found = {.kind = AD_ANOMALY_VALUE};
        if (ad__is_clean(tape, node) || (r->marks != NULL && !r->marks[node]) ||
            tape->node[node].code == AD__CONSTANT || !ad__makes_anomaly(tape, node, &found)) {
            continue;
        }
        const int is_derived = ad__is_derived(tape, node);
        if (is_derived && lasting == NULL) {
            lasting = ad__arena_take(&tape->scratch, tape->count - r->first);
            if (lasting == NULL) {
                return no_memory(r->origin);
            }
            ad__mark_lasting(tape, r->marks, r->first, lasting);
        }
        if (!is_derived || lasting[node - r->first] != AD__USED) {
            describe(tape, node, node, &found);
            return found;
        }
    }
    return none();
}

/* The first slope that was dropped, and how many were. */
static ad_anomaly search_slopes(const range *r)
{
    const ad_tape *tape = r->tape;
    ad_anomaly found = none();
    size_t dropped = 0;
    for (uint32_t node = r->first; node < tape->count && tape->derived_count > 0; node++) {
        if (!ad__has(ad__op_of(tape, node), AD__CHAIN) || (r->marks != NULL && !r->marks[node]) ||
            ad__is_clean(tape, tape->node[node].arg[1]) || !ad__is_chain(tape, node)) {
            continue;
        }
        for (size_t i = 0, count = ad__spec_of(tape, node)->count; i < count; i++) {
            if (ad__drops(tape, node, i) && dropped++ == 0) {
                found = (ad_anomaly){.kind = AD_ANOMALY_DROPPED_SLOPE};
                uint32_t slope = tape->node[node].arg[1];
                uint32_t maker = ad__maker_of(tape, slope, ad__met(tape, node, 1, i), &found);
                found.element = i;
                describe(tape, maker, node, &found);
            }
        }
    }
    found.dropped = dropped;
    return found;
}

/* What counts first is a value, then a slope; the slopes of both are counted. */
static void add(ad_anomaly *found, const ad_anomaly *more)
{
    const size_t dropped = found->dropped + more->dropped;
    if (found->status == AD_OK &&
        (more->status != AD_OK || !found->found ||
         (found->kind != AD_ANOMALY_VALUE && more->kind == AD_ANOMALY_VALUE))) {
        *found = *more;
    }
    found->dropped = dropped;
}

static ad_anomaly search(const range *r)
{
    ad__arena_mark before = ad__arena_mark_here(&r->tape->scratch);
    ad_anomaly found = search_values(r), slopes = search_slopes(r);
    ad__arena_rewind(&r->tape->scratch, before);
    add(&found, &slopes);
    return found;
}

/* ---- the gradient that left nothing on the tape ---- */

/* Searches the gradient of y as ad_grad records it, which is then forgotten. */
static ad_anomaly search_gradient(const range *r, uint32_t y, int count, const ad_var *x,
                                  ad_var *dx)
{
    ad_tape *tape = r->tape;
    const ad_mark end = ad_tape_mark(tape);
    const range own = {tape, NULL, tape->count, r->origin};
    ad_status status = ad_grad(ad__handle(tape, y), count, x, dx);
    ad_anomaly found = status == AD_OK           ? search(&own)
                       : status == AD_ERR_MEMORY ? no_memory(r->origin)
                                                 : none(); /* a view was assigned since */
    if (status != AD_OK) {
        ad_tape_clear_error(tape);
    }
    (void)ad__take_back(tape, end);
    found.node = 0;
    return found;
}

static int is_input(const ad_tape *tape, uint32_t node)
{
    return (tape->node[node].code == AD__INPUT || ad__is_view(tape, node)) &&
           ad__spec_of(tape, node)->type != AD_I64;
}

/* Adds to what was found what is in the last gradient by ad_grad_values. Which variables it was
 * taken by, but for the first, the tape does not know: it takes the inputs from that one on, or all
 * if it is none itself. */
static void add_swept(const range *r, ad_anomaly *found)
{
    ad_tape *tape = r->tape;
    const uint32_t y = tape->swept.end, first = tape->swept.first;
    if (y < first || y == 0 || tape->error.status != AD_OK || (r->marks != NULL && !r->marks[y])) {
        return;
    }
    const uint32_t begin = is_input(tape, first) ? first : 1;
    size_t count = 1;
    for (uint32_t node = begin; node <= y; node++) {
        count += node != first && is_input(tape, node);
    }
    ad_var *x = ad__arena_take(&tape->scratch, 2 * count * sizeof *x);
    if (x == NULL || count > INT_MAX) {
        *found = no_memory(r->origin);
        return;
    }
    x[0] = ad__handle(tape, first);
    count = 1;
    for (uint32_t node = begin; node <= y; node++) {
        if (node != first && is_input(tape, node)) {
            x[count++] = ad__handle(tape, node);
        }
    }
    const ad_anomaly more = search_gradient(r, y, (int)count, x, x + count);
    add(found, &more);
}

static ad_anomaly search_all(const range *r)
{
    ad__arena_mark before = ad__arena_mark_here(&r->tape->scratch);
    ad_anomaly found = search(r);
    if (found.status == AD_OK) {
        add_swept(r, &found);
    }
    ad__arena_rewind(&r->tape->scratch, before);
    return found;
}

ad_anomaly ad_tape_anomaly(ad_tape *tape)
{
    if (tape == NULL) {
        return (ad_anomaly){.status = AD_ERR_MEMORY, .message = "ad_tape_new: out of memory"};
    }
    const range all = {tape, NULL, 1, "ad_tape_anomaly"};
    return search_all(&all);
}

ad_anomaly ad_anomaly_of(ad_var y)
{
    ad_anomaly result = {.found = 0};
    if (y.tape == NULL) {
        ad__say(result.message, sizeof result.message, "a number was made by no operation");
        return result;
    }
    if (ad_is_dead(y)) {
        int has_error = ad_tape_status(y.tape) != AD_OK;
        result.status = AD_ERR_STALE;
        ad__say(result.message, sizeof result.message, "ad_anomaly_of: %s",
                has_error ? ad_tape_message(y.tape) : "the variable is dead or was forgotten");
        return result;
    }
    ad__arena_mark before = ad__arena_mark_here(&y.tape->scratch);
    uint8_t *marks = ad__arena_take(&y.tape->scratch, y.tape->count);
    if (marks == NULL) {
        return no_memory("ad_anomaly_of");
    }
    ad__mark_ancestors(y.tape, 1, &y, marks);
    const range own = {y.tape, marks, 1, "ad_anomaly_of"};
    result = search_all(&own);
    ad__arena_rewind(&y.tape->scratch, before);
    return result;
}
