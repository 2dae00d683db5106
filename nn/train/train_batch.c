/* SPDX-License-Identifier: MIT */
#include "train/train_internal.h"

#include <math.h>
#include <string.h>

ad_status nn__tape_error(const ad_tape *tape, ad_error *error)
{
    ad_status status = ad_tape_status(tape);
    return status == AD_OK ? AD_OK : ad_error_set(error, status, "%s", ad_tape_message(tape));
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
    feed->y = y != NULL ? buffer(&own, y, size, nn__target_type(y, type)) : NULL;
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
        feed->y_type = nn__target_type(y, type);
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

ad_status nn__feed_slice(nn__feed *feed, const nn_array *x, const nn_array *y, int64_t first,
                         int64_t *count, ad_error *error)
{
    int64_t rows = nn_array_rows(x) - first;
    nn_array part_x, part_y;
    *count = rows < feed->size ? rows : feed->size;
    ad_status status = nn_array_slice(x, first, *count, &part_x, error);
    if (status == AD_OK && y != NULL) {
        status = nn_array_slice(y, first, *count, &part_y, error);
    }
    return status == AD_OK
               ? nn__feed_gather(feed, &part_x, y != NULL ? &part_y : NULL, *count, NULL, error)
               : status;
}
/* ---- using a model ---- */

/* Applies the model batch by batch; the first one tells the shape of a row of output. */
static ad_status predict_all(nn__feed *feed, const nn_array *x, const ad_allocator *allocator,
                             nn_array *out, ad_error *error)
{
    int64_t rows = nn_array_rows(x);
    for (int64_t first = 0; first < rows; first += feed->size) {
        int64_t n;
        nn__batch batch;
        ad_status status = nn__feed_slice(feed, x, NULL, first, &n, error);
        if (status == AD_OK) {
            status = nn__feed_record(feed, &batch, error);
        }
        if (status != AD_OK) {
            return status;
        }
        ad_var a = nn_forward(feed->model, batch.x, .params = feed->params);
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
    if (out == NULL) {
        return ad_error_set(error, AD_ERR_DOMAIN, "nn_predict: there is no array for the output");
    }
    *out = (nn_array){.type = NN_F64};
    ad_status status = nn__check_built("nn_predict", model, error);
    if (status == AD_OK) {
        status = nn__check_data("nn_predict", model, &x, NULL, error);
    }
    if (status != AD_OK) {
        return status;
    }
    nn__feed feed;
    status = nn__feed_init(&feed, model, &x, NULL, NN__USUAL_BATCH, allocator, error);
    if (status == AD_OK) {
        status = predict_all(&feed, &x, allocator, out, error);
    }
    nn__feed_clear(&feed);
    if (status != AD_OK) {
        nn_array_clear(out);
    }
    return status;
}

void nn__read_metric(const nn_metric *metric, ad_var a, ad_var y, nn__outcome *outcome)
{
    if (metric->add != NULL) {
        memset(outcome->sums, 0, sizeof outcome->sums);
        metric->add(a, y, outcome->sums);
        outcome->metric = nn__metric_of_sums(metric, outcome->sums);
    } else if (metric->function != NULL) {
        outcome->metric = metric->function(a, y);
    }
}
