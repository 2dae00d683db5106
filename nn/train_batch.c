/* SPDX-License-Identifier: MIT */
#include "train_internal.h"

#include <math.h>
#include <string.h>

ad_status nn__tape_error(const ad_tape *tape, ad_error *error)
{
    ad_status status = ad_tape_status(tape);
    return status == AD_OK ? AD_OK : ad_error_set(error, status, "%s", ad_tape_message(tape));
}

nn_metric nn__metric_for(nn_metric metric, nn_cost cost)
{
    return metric.function != NULL            ? metric
           : cost == nn_softmax_cross_entropy ? nn_accuracy
           : cost == nn_binary_cross_entropy  ? nn_binary_accuracy
                                              : metric;
}

ad_status nn__check_rows(const char *call, const nn_array *x, const nn_array *y, ad_error *error)
{
    int64_t rows = x->shape.rank > 0 ? nn_array_rows(x) : 0;
    int64_t targets = y->shape.rank > 0 ? nn_array_rows(y) : 0;
    if (rows == 0 || rows != targets) {
        return ad_error_set(error, AD_ERR_SHAPE,
                            "%s: x has %lld rows, y has %lld; one target a row, and not none", call,
                            (long long)rows, (long long)targets);
    }
    return AD_OK;
}

/* Labels stay integers; all else becomes numbers of the model's type. */
static ad_type target_type(const nn_array *y, ad_type model)
{
    int scaled = y->scale != 1 || y->offset != 0;
    return y->type == NN_I64 || (y->type == NN_U8 && !scaled) ? AD_I64 : model;
}

static void *buffer(const ad_allocator *allocator, const nn_array *rows, int64_t size, ad_type type)
{
    ad_shape shape = nn_array_row_shape(rows);
    size_t len = ad_shape_count(&shape) * ad_type_bytes(type) + 1;
    return nn__resize(allocator, NULL, (size_t)size, len);
}

ad_status nn__feed_init(nn__feed *feed, nn_model *model, const nn_array *x, const nn_array *y,
                        int64_t size, const ad_allocator *allocator, ad_error *error)
{
    ad_allocator own = nn__allocator(allocator);
    size_t params = (size_t)nn_params_count(nn_model_params(model)) + 1;
    ad_type type = nn_model_type(model);
    *feed = (nn__feed){.allocator = own, .model = model, .size = size};
    feed->tape = ad_tape_new_in(&own);
    feed->x = buffer(&own, x, size, type);
    feed->y = y != NULL ? buffer(&own, y, size, target_type(y, type)) : NULL;
    feed->params = nn__resize(&own, NULL, params, sizeof(ad_var));
    feed->grads = nn__resize(&own, NULL, params, sizeof(ad_var));
    if (feed->tape == NULL || feed->x == NULL || (y != NULL && feed->y == NULL) ||
        feed->params == NULL || feed->grads == NULL) {
        return ad_error_set(error, AD_ERR_MEMORY, "out of memory for batches of %lld rows",
                            (long long)size);
    }
    feed->begin = ad_tape_mark(feed->tape);
    return AD_OK;
}

void nn__feed_clear(nn__feed *feed)
{
    ad_tape_free(feed->tape);
    nn__free(&feed->allocator, feed->x);
    nn__free(&feed->allocator, feed->y);
    nn__free(&feed->allocator, feed->params);
    nn__free(&feed->allocator, feed->grads);
}

ad_status nn__feed_gather(nn__feed *feed, const nn_array *x, const nn_array *y, int64_t count,
                          const int64_t *rows, ad_error *error)
{
    ad_type type = nn_model_type(feed->model);
    feed->x_type = type;
    feed->x_shape = x->shape;
    feed->x_shape.len[0] = count;
    feed->y_shape.rank = -1;
    ad_status status = nn_array_gather(x, count, rows, type, feed->x, error);
    if (status == AD_OK && y != NULL) {
        feed->y_type = target_type(y, type);
        feed->y_shape = y->shape;
        feed->y_shape.len[0] = count;
        status = nn_array_gather(y, count, rows, feed->y_type, feed->y, error);
    }
    return status;
}

ad_status nn__feed_view(nn__feed *feed, nn__batch *batch, ad_error *error)
{
    *batch = (nn__batch){ad_literal(0), ad_literal(0)};
    if (ad_tape_rewind(feed->tape, feed->begin) == AD_OK) {
        batch->x = ad_input_view(feed->tape, feed->x_type, feed->x_shape, feed->x);
        if (feed->y_shape.rank >= 0) {
            batch->y = ad_input_view(feed->tape, feed->y_type, feed->y_shape, feed->y);
        }
    }
    return nn__tape_error(feed->tape, error);
}

ad_status nn__feed_record(nn__feed *feed, nn__batch *batch, ad_error *error)
{
    ad_status status = nn__feed_view(feed, batch, error);
    if (status == AD_OK) {
        nn_params_bind(nn_model_params(feed->model), feed->tape, feed->params);
        status = nn__tape_error(feed->tape, error);
    }
    return status;
}

/* Rows first to first + count - 1 of x and y as arrays of their own. */
static ad_status slice(const nn_array *x, const nn_array *y, int64_t first, int64_t count,
                       nn_array *part_x, nn_array *part_y, ad_error *error)
{
    ad_status status = nn_array_slice(x, first, count, part_x, error);
    return status == AD_OK && y != NULL ? nn_array_slice(y, first, count, part_y, error) : status;
}

/* Records the cost of the batch and compiles it for the batches that follow. */
static ad_status score_recorded(nn__feed *feed, nn__compiled *c, nn_cost cost,
                                const nn_metric *metric, double *value, double *score,
                                ad_error *error)
{
    nn__batch batch;
    if (nn__feed_record(feed, &batch, error) != AD_OK) {
        return error->status;
    }
    ad_var a = nn_forward(feed->model, feed->params, batch.x, NULL);
    ad_var y = cost(a, batch.y);
    if (nn__tape_error(feed->tape, error) != AD_OK) {
        return error->status;
    }
    *value = ad_value(y);
    *score = metric->function != NULL ? metric->function(a, batch.y) : NAN;
    return nn__compile(c, feed, &batch, 1, &y, a, 1, error);
}

ad_status nn__score(nn__feed *feed, nn__compiled *c, const nn_array *x, const nn_array *y,
                    nn_cost cost, const nn_metric *metric, nn_score *score, ad_error *error)
{
    nn_score sum = {0, 0};
    int64_t rows = nn_array_rows(x);
    for (int64_t first = 0; first < rows; first += feed->size) {
        int64_t n = rows - first < feed->size ? rows - first : feed->size;
        nn_array part_x, part_y;
        double value = NAN, right = NAN;
        ad_status status = slice(x, y, first, n, &part_x, &part_y, error);
        if (status == AD_OK) {
            status = nn__feed_gather(feed, &part_x, &part_y, n, NULL, error);
        }
        if (status != AD_OK) {
            return status;
        }
        status = first > 0 && nn__is_settled(c, feed)
                     ? nn__run_compiled(c, feed, metric, 1, &value, &right, error)
                     : score_recorded(feed, c, cost, metric, &value, &right, error);
        if (status != AD_OK) {
            return status;
        }
        sum.cost += (double)n * value;
        sum.metric += (double)n * right;
    }
    *score = (nn_score){sum.cost / (double)rows, sum.metric / (double)rows};
    return AD_OK;
}

/* ---- scoring and using a model ---- */

enum { USUAL_BATCH = 256 };

static ad_status check_built(const char *call, const nn_model *model, ad_error *error)
{
    if (nn_model_status(model) != AD_OK) {
        return ad_error_set(error, nn_model_status(model), "%s", nn_model_message(model));
    }
    if (!nn_model_is_built(model)) {
        return ad_error_set(error, AD_ERR_STATE, "%s: the model is not built; see nn_build", call);
    }
    return AD_OK;
}

nn_evaluation nn_evaluate_of(nn_model *model, nn_array x, nn_array y, nn_evaluate_options options)
{
    nn_evaluation result = {.cost = NAN, .metric = NAN};
    ad_error *error = &result.error;
    if (check_built("nn_evaluate", model, error) != AD_OK ||
        nn__check_rows("nn_evaluate", &x, &y, error) != AD_OK) {
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
    nn_score score = {NAN, NAN};
    nn__feed feed;
    nn__compiled compiled = {.f = NULL};
    if (nn__feed_init(&feed, model, &x, &y, options.batch > 0 ? options.batch : USUAL_BATCH,
                      options.allocator, error) == AD_OK) {
        nn_metric metric = nn__metric_for(options.metric, options.cost);
        nn__score(&feed, &compiled, &x, &y, options.cost, &metric, &score, error);
    }
    nn__compiled_clear(&compiled, &feed);
    nn__feed_clear(&feed);
    result.cost = score.cost;
    result.metric = score.metric;
    return result;
}

/* Applies the model batch by batch; the first one tells the shape of a row of output. */
static ad_status predict_all(nn__feed *feed, const nn_array *x, const ad_allocator *allocator,
                             nn_array *out, ad_error *error)
{
    int64_t rows = nn_array_rows(x);
    for (int64_t first = 0; first < rows; first += feed->size) {
        int64_t n = rows - first < feed->size ? rows - first : feed->size;
        nn_array part;
        nn__batch batch;
        ad_status status = slice(x, NULL, first, n, &part, NULL, error);
        if (status == AD_OK) {
            status = nn__feed_gather(feed, &part, NULL, n, NULL, error);
        }
        if (status == AD_OK) {
            status = nn__feed_record(feed, &batch, error);
        }
        if (status != AD_OK) {
            return status;
        }
        ad_var a = nn_forward(feed->model, feed->params, batch.x, NULL);
        if (nn__tape_error(feed->tape, error) != AD_OK) {
            return error->status;
        }
        ad_shape shape = ad_shape_of(a);
        size_t bytes = ad_count(a) * ad_type_bytes(ad_type_of(a));
        if (shape.rank < 1 || shape.len[0] != n) {
            char text[160];
            return ad_error_set(error, AD_ERR_SHAPE,
                                "nn_predict: %lld rows became %s; the output must have as many",
                                (long long)n, ad_shape_print(&shape, text, sizeof text));
        }
        if (first == 0) {
            shape.len[0] = rows;
            status = nn_array_init(out, (nn_type)ad_type_of(a), shape, allocator, error);
            if (status != AD_OK) {
                return status;
            }
        }
        if (bytes > 0) {
            memcpy((char *)out->owned + (size_t)first * (bytes / (size_t)n), ad_data(a), bytes);
        }
    }
    return AD_OK;
}

ad_status nn_predict(nn_model *model, nn_array x, const ad_allocator *allocator, nn_array *out,
                     ad_error *error)
{
    ad_error own;
    error = error != NULL ? error : &own;
    *out = (nn_array){.type = NN_F64};
    ad_status status = check_built("nn_predict", model, error);
    if (status == AD_OK) {
        status = nn__check_rows("nn_predict", &x, &x, error);
    }
    if (status != AD_OK) {
        return status;
    }
    nn__feed feed;
    status = nn__feed_init(&feed, model, &x, NULL, USUAL_BATCH, allocator, error);
    if (status == AD_OK) {
        status = predict_all(&feed, &x, allocator, out, error);
    }
    nn__feed_clear(&feed);
    if (status != AD_OK) {
        nn_array_clear(out);
    }
    return status;
}
