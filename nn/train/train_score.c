/* SPDX-License-Identifier: MIT */
/* The cost and the metric of all rows, whatever the batch. */
#include "train/train_internal.h"

#include <math.h>
#include <string.h>

nn_metric nn__metric_for(nn_metric metric, nn_cost cost)
{
    const nn_metric *own = nn__cost_of(cost)->metric;
    return !nn__is_metric(&metric) && own != NULL ? *own : metric;
}

/* ---- from batches to all rows ---- */

static int is_at_once(const nn_metric *metric)
{
    return metric->add == NULL && metric->function != NULL;
}

nn__tally nn__tally_of(nn_cost cost, nn_metric metric, int64_t rows, int64_t size,
                       const ad_allocator *allocator)
{
    nn__adds adds = nn__cost_of(cost)->adds;
    int at_once = adds == NN__AT_ONCE || is_at_once(&metric);
    return (nn__tally){.allocator = allocator,
                       .cost = cost,
                       .metric = metric,
                       .cost_adds = adds,
                       .rows = rows,
                       .keeps = at_once && rows > size};
}

void nn__tally_clear(nn__tally *t)
{
    if (t->allocator != NULL) {
        nn__free(t->allocator, t->outputs);
        nn__free(t->allocator, t->targets);
    }
    t->outputs = t->targets = NULL;
}

void nn__tally_begin(nn__tally *t)
{
    t->seen = 0;
    t->sum = (nn_score){0, 0};
    memset(t->metric_sums, 0, sizeof t->metric_sums);
}

/* Copies what the model made of the rows to their places. */
static ad_status keep(nn__tally *t, const nn__outcome *o, int64_t count, const int64_t *rows,
                      ad_error *error)
{
    ad_shape shape = o->shape;
    if (shape.rank < 1 || shape.len[0] != count) {
        char text[160];
        return ad_error_set(error, AD_ERR_SHAPE,
                            "%lld rows became %s; the model's output must have as many",
                            (long long)count, ad_shape_print(&shape, text, sizeof text));
    }
    shape.len[0] = t->rows;
    size_t bytes = ad_shape_count(&shape) / (size_t)t->rows * ad_type_bytes(o->type);
    if (t->outputs == NULL) {
        t->type = o->type;
        t->shape = shape;
        t->outputs = nn__resize(t->allocator, NULL, (size_t)t->rows, bytes + (bytes == 0));
        if (t->outputs == NULL) {
            return ad_error_set(error, AD_ERR_MEMORY, "out of memory for the outputs of %lld rows",
                                (long long)t->rows);
        }
    }
    if (o->type != t->type || !ad_shape_equal(&shape, &t->shape)) {
        return ad_error_set(error, AD_ERR_SHAPE,
                            "the model's output has another shape or type in each batch");
    }
    for (int64_t i = 0; i < count && bytes > 0; i++) {
        size_t to = (size_t)(rows != NULL ? rows[i] : t->seen + i);
        memcpy((char *)t->outputs + to * bytes, (const char *)o->output + (size_t)i * bytes, bytes);
    }
    return AD_OK;
}

ad_status nn__tally_add(nn__tally *t, const nn__outcome *o, int64_t count, const int64_t *rows,
                        ad_error *error)
{
    ad_status status = t->keeps ? keep(t, o, count, rows, error) : AD_OK;
    t->sum.cost += (t->cost_adds == NN__SUM ? 1 : (double)count) * o->cost;
    t->sum.metric += (double)count * o->metric;
    for (int i = 0; i < NN_MAX_SUMS; i++) {
        t->metric_sums[i] += o->sums[i];
    }
    t->seen += count;
    return status;
}

nn_score nn__tally_so_far(const nn__tally *t)
{
    double seen = (double)t->seen;
    return (nn_score){t->sum.cost / (t->cost_adds == NN__SUM ? 1 : seen),
                      t->metric.add != NULL ? nn__metric_of_sums(&t->metric, t->metric_sums)
                                            : t->sum.metric / seen};
}

/* All outputs and all targets on the tape. */
static ad_status view_all(nn__tally *t, nn__feed *feed, const nn_array *y, ad_var *a, ad_var *b,
                          ad_error *error)
{
    ad_type type = nn__target_type(y, nn_model_type(feed->model));
    ad_shape row = nn_array_row_shape(y);
    size_t bytes = ad_shape_count(&row) * ad_type_bytes(type);
    if (t->targets == NULL) {
        t->targets = nn__resize(t->allocator, NULL, (size_t)t->rows, bytes + (bytes == 0));
        if (t->targets == NULL) {
            return ad_error_set(error, AD_ERR_MEMORY, "out of memory for the targets of %lld rows",
                                (long long)t->rows);
        }
        if (nn_array_gather(y, t->rows, NULL, type, t->targets, error) != AD_OK) {
            return error->status;
        }
    }
    if (ad_tape_rewind(feed->tape, feed->begin) == AD_OK) {
        *a = ad_input_view(feed->tape, t->type, t->shape, t->outputs);
        *b = ad_input_view(feed->tape, type, y->shape, t->targets);
    }
    return nn__tape_error(feed->tape, error);
}

ad_status nn__tally_end(nn__tally *t, const char *call, nn__feed *feed, const nn_array *y,
                        nn_score *score, ad_error *error)
{
    ad_var a = ad_literal(NAN), b = a;
    *score = nn__tally_so_far(t);
    if (!t->keeps) {
        return AD_OK;
    }
    if (view_all(t, feed, y, &a, &b, error) != AD_OK) {
        return error->status;
    }
    if (t->cost_adds == NN__AT_ONCE) {
        ad_var cost = t->cost(a, b);
        if (nn__check_cost(call, feed, cost, error) != AD_OK) {
            return error->status;
        }
        score->cost = ad_value(cost);
    }
    if (is_at_once(&t->metric)) {
        score->metric = t->metric.function(a, b);
    }
    return nn__tape_error(feed->tape, error);
}

/* ---- scoring ---- */

/* What is read of a batch: not what will be read of all rows at once. */
static int reads_cost(const nn__tally *t)
{
    return !(t->keeps && t->cost_adds == NN__AT_ONCE);
}

static const nn_metric *read_metric(const nn__tally *t)
{
    return t->keeps && is_at_once(&t->metric) ? NULL : &t->metric;
}

/* Records the batch and compiles it for those that follow. */
static ad_status score_recorded(const char *call, nn__feed *feed, nn__compiled *c,
                                const nn__tally *t, nn__outcome *outcome, ad_error *error)
{
    nn__batch batch;
    if (nn__feed_record(feed, &batch, error) != AD_OK) {
        return error->status;
    }
    ad_var a = nn_forward(feed->model, batch.x, .params = feed->params), cost;
    const nn_metric *metric = read_metric(t);
    int costs = reads_cost(t);
    if (costs) {
        cost = t->cost(a, batch.y);
        if (nn__check_cost(call, feed, cost, error) != AD_OK) {
            return error->status;
        }
    }
    if (nn__tape_error(feed->tape, error) != AD_OK) {
        return error->status;
    }
    *outcome = (nn__outcome){.cost = costs ? ad_value(cost) : NAN,
                             .metric = NAN,
                             .output = ad_data(a),
                             .type = ad_type_of(a),
                             .shape = ad_shape_of(a)};
    if (metric != NULL) {
        nn__read_metric(metric, a, batch.y, outcome);
    }
    return nn__compile(c, feed, &batch, costs, &cost, a, 1, error);
}

static ad_status score_batch(const char *call, nn__feed *feed, nn__compiled *c, const nn__tally *t,
                             int fresh, nn__outcome *outcome, ad_error *error)
{
    if (!fresh && nn__is_settled(c, feed)) {
        ad_status status = nn__run_compiled(c, feed, read_metric(t), reads_cost(t), outcome, error);
        if (status != AD_OK || !nn__has_branched(c)) {
            return status;
        }
    }
    return score_recorded(call, feed, c, t, outcome, error);
}

ad_status nn__score(const char *call, nn__feed *feed, nn__compiled *c, nn__tally *tally,
                    const nn_array *x, const nn_array *y, nn_score *score, ad_error *error)
{
    int64_t rows = nn_array_rows(x), count;
    nn__tally_begin(tally);
    for (int64_t first = 0; first < rows; first += count) {
        nn__outcome outcome = {.cost = NAN, .metric = NAN};
        ad_status status = nn__feed_slice(feed, x, y, first, &count, error);
        if (status == AD_OK) {
            status = score_batch(call, feed, c, tally, first == 0, &outcome, error);
        }
        if (status == AD_OK) {
            status = nn__tally_add(tally, &outcome, count, NULL, error);
        }
        if (status != AD_OK) {
            return status;
        }
    }
    return nn__tally_end(tally, call, feed, y, score, error);
}

nn_evaluation nn_evaluate_of(nn_model *model, nn_array x, nn_array y, nn_evaluate_options options)
{
    nn_evaluation result = {.cost = NAN, .metric = NAN};
    ad_error *error = &result.error;
    if (nn__check_built("nn_evaluate", model, error) != AD_OK ||
        nn__check_data("nn_evaluate", model, &x, &y, error) != AD_OK) {
        return result;
    }
    if (options.batch < 0) {
        ad_error_set(error, AD_ERR_DOMAIN, "nn_evaluate: batch is not negative");
        return result;
    }
    if (options.cost == NULL) {
        ad_error_set(error, AD_ERR_STATE, "nn_evaluate: give a cost, as .cost = nn_mse");
        return result;
    }
    nn_metric metric = nn__metric_for(options.metric, options.cost);
    if (nn__check_targets("nn_evaluate", model, options.cost, &y, error) != AD_OK ||
        nn__check_metric("nn_evaluate", model, metric, error) != AD_OK) {
        return result;
    }
    int64_t rows = nn_array_rows(&x), size = options.batch > 0 ? options.batch : NN__USUAL_BATCH;
    size = size < rows ? size : rows;
    ad_allocator allocator = nn__allocator(options.allocator);
    nn_score score = {NAN, NAN};
    nn__feed feed;
    nn__compiled compiled = {.f = NULL};
    nn__tally tally = nn__tally_of(options.cost, metric, rows, size, &allocator);
    if (nn__feed_init(&feed, model, &x, &y, size, &allocator, error) == AD_OK &&
        nn__score("nn_evaluate", &feed, &compiled, &tally, &x, &y, &score, error) == AD_OK) {
        if (isfinite(score.cost)) {
            result.cost = score.cost;
            result.metric = score.metric;
        } else {
            nn__not_finite("nn_evaluate", "", score.cost, &x, &y, error);
        }
    }
    nn__tally_clear(&tally);
    nn__compiled_clear(&compiled, &feed);
    nn__feed_clear(&feed);
    return result;
}
