/* SPDX-License-Identifier: MIT */
/* Batches that run as a compiled function, and when a recording may be taken for it. */
#include "train/train_internal.h"

#include <math.h>

enum {
    SETTLED = 3, /* recordings in a row that must have been the same program */
    FICKLE = 4   /* changes after which no more is compiled */
};

static void forget(nn__compiled *c)
{
    ad_fn_free(c->f);
    ad_fn_free(c->last);
    c->f = c->last = NULL;
    c->has_no_last = 0;
    c->same = 0;
}

void nn__compiled_clear(nn__compiled *c, const nn__feed *feed)
{
    forget(c);
    nn__free(&feed->allocator, c->output);
    c->output = NULL;
}

static int is_full(const nn__feed *feed)
{
    return feed->x_shape.len[0] == feed->size;
}

int nn__is_settled(const nn__compiled *c, const nn__feed *feed)
{
    return (is_full(feed) ? c->f : c->last) != NULL && c->same >= SETTLED;
}

static ad_status compile(nn__compiled *c, nn__feed *feed, const ad_var *in, int out_count,
                         const ad_var *out, int threads, ad_error *error)
{
    ad_var a = out[out_count - 1];
    const ad_fn_options options = {.threads = threads,
                                   .guard = 1,
                                   .resizable = 1,
                                   .native = feed->native,
                                   .allocator = &feed->allocator};
    c->cost_type = ad_type_of(out[0]);
    c->type = ad_type_of(a);
    c->shape = ad_shape_of(a);
    nn__free(&feed->allocator, c->output);
    c->output = nn__resize(&feed->allocator, NULL, ad_count(a) + 1, ad_type_bytes(c->type));
    if (c->output == NULL) {
        return ad_error_set(error, AD_ERR_MEMORY, "out of memory for a compiled step");
    }
    c->f = ad_fn_new_with(feed->tape, 2, in, out_count, out, &options);
    c->same = 1;
    c->is_guarded = ad_fn_guard_count(c->f) > 0;
    c->has_no_last = c->is_guarded; /* which would have no guard */
    return c->f != NULL ? AD_OK : nn__tape_error(feed->tape, error);
}

/* The function for a smaller batch, if it is the program that was recorded. */
static ad_status resize(nn__compiled *c, nn__feed *feed, const ad_var *in, int out_count,
                        const ad_var *out, ad_error *error)
{
    const ad_shape shapes[] = {feed->x_shape, feed->y_shape};
    ad_error reason;
    if (c->has_no_last || c->last != NULL || c->f == NULL || c->same < SETTLED) {
        return AD_OK;
    }
    c->last = ad_fn_resized(c->f, shapes, &reason);
    c->last_shape = ad_shape_of(out[out_count - 1]);
    if (c->last == NULL && reason.status == AD_ERR_MEMORY) {
        return ad_error_set(error, AD_ERR_MEMORY, "out of memory for a compiled step");
    }
    c->has_no_last = c->last == NULL || !ad_fn_matches(c->last, feed->tape, 2, in, out_count, out);
    if (c->has_no_last) {
        ad_fn_free(c->last);
        c->last = NULL;
    }
    return nn__tape_error(feed->tape, error);
}

ad_status nn__compile(nn__compiled *c, nn__feed *feed, const nn__batch *batch, int count,
                      const ad_var *costs, ad_var a, int threads, ad_error *error)
{
    const ad_var in[] = {batch->x, batch->y};
    ad_var out[3];
    for (int i = 0; i < count; i++) {
        out[i] = costs[i];
    }
    out[count] = a;
    if (c->changes >= FICKLE || batch->y.tape == NULL) {
        return AD_OK;
    }
    if (!is_full(feed)) {
        return resize(c, feed, in, count + 1, out, error);
    }
    if (c->f != NULL && ad_fn_matches(c->f, feed->tape, 2, in, count + 1, out)) {
        c->same++;
        return AD_OK;
    }
    if (ad_tape_status(feed->tape) != AD_OK) {
        return nn__tape_error(feed->tape, error);
    }
    c->changes += c->f != NULL;
    forget(c);
    ad_error reason;
    ad_status status = compile(c, feed, in, count + 1, out, threads, &reason);
    if (status == AD_ERR_MEMORY) {
        return ad_error_set(error, status, "%s", reason.message);
    }
    if (status != AD_OK) { /* it cannot be compiled, but recorded */
        ad_tape_clear_error(feed->tape);
        c->changes = FICKLE;
    }
    return AD_OK;
}

int nn__has_branched(const nn__compiled *c)
{
    return c->is_guarded && ad_fn_guard(c->f, 0, NULL) > 0;
}

ad_status nn__run_compiled(nn__compiled *c, nn__feed *feed, const nn_metric *metric, int count,
                           nn__outcome *outcome, ad_error *error)
{
    float narrow[2];
    double wide[2];
    void *out[3];
    for (int i = 0; i < count; i++) {
        out[i] = c->cost_type == AD_F64 ? (void *)&wide[i] : (void *)&narrow[i];
    }
    out[count] = c->output;
    ad_fn *f = is_full(feed) ? c->f : c->last;
    ad_status status = ad_fn_run(f, (const void *[]){feed->x, feed->y}, out);
    if (status != AD_OK) {
        return ad_error_set(error, status, "%s", ad_fn_message(f));
    }
    *outcome = (nn__outcome){.cost = NAN,
                             .metric = NAN,
                             .output = c->output,
                             .type = c->type,
                             .shape = is_full(feed) ? c->shape : c->last_shape};
    if (count > 0) {
        outcome->cost = c->cost_type == AD_F64 ? wide[0] : (double)narrow[0];
    }
    if (metric != NULL && nn__is_metric(metric)) {
        nn__batch batch;
        if (nn__feed_view(feed, &batch, error) != AD_OK) {
            return error->status;
        }
        ad_var a = ad_input_view(feed->tape, c->type, outcome->shape, c->output);
        nn__read_metric(metric, a, batch.y, outcome);
    }
    return nn__tape_error(feed->tape, error);
}
