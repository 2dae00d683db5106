/* SPDX-License-Identifier: MIT */
#include "table.h"
#include "data/array_internal.h"

#include <inttypes.h>
#include <math.h>

void nn_table_clear(nn_table *table)
{
    if (table == NULL) {
        return;
    }
    nn__free(&table->x.allocator, table->names);
    nn_array_clear(&table->x);
    nn_array_clear(&table->y);
    *table = (nn_table){.names = NULL};
}

/* ---- splitting */

enum { TRAIN, VALIDATION, TEST, PARTS };

typedef struct split {
    ad_allocator allocator;
    int64_t rows, classes;
    int64_t *order;           /* [rows] row numbers, then sorted into parts */
    int64_t *labels;          /* [rows] */
    int64_t *left;            /* [classes][PARTS] how many rows of a class a part still needs */
    int64_t begin[PARTS + 1]; /* of each part in order, when sorted */
} split;

static ad_status check(const nn_table *table, const nn_split_options *o, nn_table *const parts[],
                       ad_error *error)
{
    int64_t rows = nn_array_rows(&table->x);
    if (nn_array_rows(&table->y) != rows) {
        return ad_error_set(error, AD_ERR_SHAPE,
                            "nn_table_split: x has %" PRId64 " rows, y has %" PRId64, rows,
                            nn_array_rows(&table->y));
    }
    if (rows == 0) {
        return ad_error_set(error, AD_ERR_DOMAIN, "nn_table_split: the table has no rows");
    }
    if (!(o->validation >= 0.0 && o->test >= 0.0 && o->validation + o->test < 1.0)) {
        return ad_error_set(error, AD_ERR_DOMAIN,
                            "nn_table_split: parts of %g for validation and %g for tests; both "
                            "must be at least 0, and together less than 1",
                            o->validation, o->test);
    }
    const double wanted[PARTS] = {1.0, o->validation, o->test};
    for (int k = 0; k < PARTS; k++) {
        if (wanted[k] > 0.0 && parts[k] == NULL) {
            return ad_error_set(error, AD_ERR_DOMAIN,
                                "nn_table_split: a part of %g is wanted, but there is no table for "
                                "it",
                                wanted[k]);
        }
    }
    return AD_OK;
}

static ad_status memory_error(ad_error *error)
{
    (void)ad_error_set(error, AD_ERR_MEMORY, "nn_table_split: out of memory for row numbers");
    return AD_ERR_MEMORY;
}

static int64_t *take(const split *s, int64_t count)
{
    return nn__resize(&s->allocator, NULL, (size_t)count, sizeof(int64_t));
}

/* Numbers the classes; without stratification there is one. */
static ad_status find_classes(split *s, const nn_table *table, int stratify, ad_error *error)
{
    s->classes = 1;
    if (!stratify) {
        for (int64_t i = 0; i < s->rows; i++) {
            s->labels[i] = 0;
        }
        return AD_OK;
    }
    if (table->y.shape.rank != 1) {
        return ad_error_set(error, AD_ERR_SHAPE,
                            "nn_table_split: to stratify, y must be class numbers, of rank 1");
    }
    ad_status status = nn_array_gather(&table->y, s->rows, NULL, AD_I64, s->labels, error);
    for (int64_t i = 0; status == AD_OK && i < s->rows; i++) {
        int64_t label = s->labels[i];
        if (label < 0 || label >= s->rows) {
            return ad_error_set(error, AD_ERR_DOMAIN,
                                "nn_table_split: y[%" PRId64 "] is %" PRId64
                                ", not a class number from 0 to less than the number of rows",
                                i, label);
        }
        s->classes = label >= s->classes ? label + 1 : s->classes;
    }
    return status;
}

/* How many rows of each class go to each part, and where the parts begin. */
static ad_status count_parts(split *s, const nn_split_options *o, ad_error *error)
{
    s->left = take(s, s->classes * PARTS);
    if (s->left == NULL) {
        return memory_error(error);
    }
    for (int64_t i = 0; i < s->classes * PARTS; i++) {
        s->left[i] = 0;
    }
    for (int64_t i = 0; i < s->rows; i++) {
        s->left[s->labels[i] * PARTS + TRAIN]++;
    }
    int64_t count[PARTS] = {0};
    for (int64_t j = 0; j < s->classes; j++) {
        int64_t *left = s->left + j * PARTS;
        int64_t all = left[TRAIN];
        left[TEST] = llround((double)all * o->test);
        left[VALIDATION] = llround((double)all * o->validation);
        if (left[VALIDATION] > all - left[TEST]) {
            left[VALIDATION] = all - left[TEST];
        }
        left[TRAIN] = all - left[TEST] - left[VALIDATION];
        for (int k = 0; k < PARTS; k++) {
            count[k] += left[k];
        }
    }
    static const char *const names[PARTS] = {"training", "validation", "tests"};
    const double wanted[PARTS] = {1.0 - o->validation - o->test, o->validation, o->test};
    for (int k = 0; k < PARTS; k++) {
        s->begin[k + 1] = s->begin[k] + count[k];
        if (wanted[k] > 0.0 && count[k] == 0) {
            return ad_error_set(error, AD_ERR_DOMAIN,
                                "nn_table_split: of %" PRId64 " rows, a part of %g for %s is none",
                                s->rows, wanted[k], names[k]);
        }
    }
    return AD_OK;
}

/* Deals the rows out in their order: each goes to the first part that still needs one of its
 * class. sorted [rows] */
static void deal(split *s, int64_t *sorted)
{
    int64_t at[PARTS] = {s->begin[TRAIN], s->begin[VALIDATION], s->begin[TEST]};
    for (int64_t i = 0; i < s->rows; i++) {
        int64_t row = s->order[i];
        int64_t *left = s->left + s->labels[row] * PARTS;
        int k = 0;
        while (left[k] == 0 && k < TEST) {
            k++;
        }
        left[k]--;
        sorted[at[k]++] = row;
    }
}

static ad_status select_rows(const nn_table *table, int64_t count, const int64_t *rows,
                             const ad_allocator *allocator, nn_table *part, ad_error *error)
{
    ad_status status = nn_array_select(&table->x, count, rows, allocator, &part->x, error);
    if (status == AD_OK) {
        status = nn_array_select(&table->y, count, rows, allocator, &part->y, error);
    }
    part->x_names = table->x_names;
    part->y_names = table->y_names;
    return status;
}

static ad_status divide(split *s, const nn_table *table, const nn_split_options *o,
                        nn_table *const parts[], ad_error *error)
{
    s->order = take(s, s->rows);
    s->labels = take(s, s->rows);
    int64_t *sorted = take(s, s->rows);
    int has_memory = s->order != NULL && s->labels != NULL && sorted != NULL;
    ad_status status =
        has_memory ? find_classes(s, table, o->stratify, error) : memory_error(error);
    if (status == AD_OK) {
        status = count_parts(s, o, error);
    }
    if (status == AD_OK) {
        for (int64_t i = 0; i < s->rows; i++) {
            s->order[i] = i;
        }
        if (!o->keep_order) {
            ad_rng_permutation(o->rng, (size_t)s->rows, s->order);
        }
        deal(s, sorted);
    }
    for (int k = 0; k < PARTS && status == AD_OK; k++) {
        if (parts[k] != NULL) {
            status = select_rows(table, s->begin[k + 1] - s->begin[k], sorted + s->begin[k],
                                 &s->allocator, parts[k], error);
        }
    }
    int64_t *const used[] = {s->order, s->labels, s->left, sorted};
    for (size_t i = 0; i < sizeof used / sizeof used[0]; i++) {
        nn__free(&s->allocator, used[i]);
    }
    return status;
}

ad_status nn_table_split(const nn_table *table, const nn_split_options *options, nn_table *train,
                         nn_table *validation, nn_table *test, ad_error *error)
{
    static const nn_split_options none = {.validation = 0};
    nn_table *const parts[PARTS] = {train, validation, test};
    options = options != NULL ? options : &none;
    for (int k = 0; k < PARTS; k++) {
        if (parts[k] != NULL) {
            *parts[k] = (nn_table){.names = NULL};
        }
    }
    if (nn__given(table, "nn_table_split", "table", error)) {
        return AD_ERR_DOMAIN;
    }
    split s = {.allocator = nn__allocator(options->allocator), .rows = nn_array_rows(&table->x)};
    ad_status status = check(table, options, parts, error);
    if (status == AD_OK) {
        status = divide(&s, table, options, parts, error);
    }
    for (int k = 0; k < PARTS && status != AD_OK; k++) {
        if (parts[k] != NULL) {
            nn_table_clear(parts[k]);
        }
    }
    return status;
}
