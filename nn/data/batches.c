/* SPDX-License-Identifier: MIT */
#include "batches.h"
#include "data/array_internal.h"

#include <inttypes.h>

ad_status nn_batches_init(nn_batches *batches, int64_t rows, int64_t batch,
                          const nn_batches_options *options, ad_error *error)
{
    static const nn_batches_options defaults = {.keep_order = 0};
    const nn_batches_options *o = options != NULL ? options : &defaults;
    if (nn__given(batches, "nn_batches_init", "batches", error)) {
        return AD_ERR_DOMAIN;
    }
    *batches = (nn_batches){0};
    if (rows < 0 || batch < 1) {
        return ad_error_set(error, AD_ERR_DOMAIN,
                            "nn_batches_init: %" PRId64 " rows in batches of %" PRId64
                            "; a batch has at least one row",
                            rows, batch);
    }
    nn_batches new = {.rows = rows, .batch = batch, .keep_order = o->keep_order, .rng = o->rng};
    new.allocator = nn__allocator(o->allocator);
    new.order = nn__resize(&new.allocator, NULL, (size_t)rows, sizeof *new.order);
    if (new.order == NULL && rows > 0) {
        return ad_error_set(error, AD_ERR_MEMORY,
                            "nn_batches_init: out of memory for the order of %" PRId64 " rows",
                            rows);
    }
    *batches = new;
    nn_batches_start(batches, 0);
    return AD_OK;
}

void nn_batches_clear(nn_batches *batches)
{
    if (batches == NULL) {
        return;
    }
    nn__free(&batches->allocator, batches->order);
    *batches = (nn_batches){0};
}

void nn_batches_start(nn_batches *batches, int64_t epoch)
{
    if (batches == NULL) {
        return;
    }
    batches->at = 0;
    if (batches->keep_order) {
        for (int64_t i = 0; i < batches->rows; i++) {
            batches->order[i] = i;
        }
        return;
    }
    ad_rng at = batches->rng;
    at.counter += (uint64_t)epoch * (uint64_t)batches->rows;
    ad_rng_permutation(at, (size_t)batches->rows, batches->order);
}

int64_t nn_batches_next(nn_batches *batches, const int64_t **rows)
{
    if (batches == NULL || rows == NULL) {
        return 0;
    }
    int64_t left = batches->rows - batches->at;
    int64_t count = left < batches->batch ? left : batches->batch;
    *rows = count > 0 ? batches->order + batches->at : NULL;
    batches->at += count;
    return count;
}

int64_t nn_batches_count(const nn_batches *batches)
{
    if (batches == NULL || batches->batch == 0) { /* or cleared */
        return 0;
    }
    return batches->rows / batches->batch + (batches->rows % batches->batch != 0);
}
