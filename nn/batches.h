/* SPDX-License-Identifier: MIT */
#ifndef NN_BATCHES_H
#define NN_BATCHES_H

#include <wengert/arena.h>
#include <wengert/rng.h>

#include <stdint.h>

/* Mini-batches: the rows of a training set in a new random order each epoch, some at a time.
 * [everyday]
 *
 *   nn_batches batches;
 *   nn_batches_init(&batches, nn_array_rows(&x), 64, NULL, &error);
 *   const int64_t *rows;
 *   for (int64_t epoch = 0; epoch < 10; epoch++) {
 *       nn_batches_start(&batches, epoch);
 *       for (int64_t count; (count = nn_batches_next(&batches, &rows)) > 0;) {
 *           nn_array_gather(&x, count, rows, AD_F32, ...);
 *       }
 *   }
 *   nn_batches_clear(&batches);
 *
 * The order of an epoch is a function of rng and the epoch's number alone, so that training can be
 * taken up again in any epoch. */

typedef struct nn_batches_options {
    ad_rng rng;     /* epoch e takes the rows' number of places from rng.counter + e rows on */
    int keep_order; /* 0 to rows - 1 in every epoch */
    const ad_allocator *allocator; /* NULL: the C library's */
} nn_batches_options;

typedef struct nn_batches {
    int64_t rows, batch; /* in all, and at a time */
    int64_t at;          /* rows given in this epoch */
    int64_t *order;      /* [rows] */
    int keep_order;
    ad_rng rng;
    ad_allocator allocator;
} nn_batches;

#ifdef __cplusplus
extern "C" {
#endif

/* Begins at epoch 0. options NULL: all defaults.
 * Errors: AD_ERR_DOMAIN if rows < 0 or batch < 1;  AD_ERR_MEMORY. *batches is then empty, and need
 *         not be cleared.
 * Owns:   the order; end it with nn_batches_clear. */
AD_API ad_status nn_batches_init(nn_batches *batches, int64_t rows, int64_t batch,
                                 const nn_batches_options *options, ad_error *error);
AD_API void nn_batches_clear(nn_batches *batches);

/* Goes to the beginning of an epoch, epoch >= 0. */
AD_API void nn_batches_start(nn_batches *batches, int64_t epoch);

/* The next batch of the epoch: *rows lists its row numbers, valid until the next start; returns how
 * many. The last batch may be smaller; after it, 0. */
AD_API int64_t nn_batches_next(nn_batches *batches, const int64_t **rows);

/* The number of batches in an epoch. */
AD_API int64_t nn_batches_count(const nn_batches *batches);

#ifdef __cplusplus
}
#endif

#endif
