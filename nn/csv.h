/* SPDX-License-Identifier: MIT */
#ifndef NN_CSV_H
#define NN_CSV_H

#include "table.h"

/* Tables of numbers in text files: CSV and its relatives. [everyday]
 *
 *   nn_table table;
 *   nn_csv_options options = {.y = NN_NAMED("price"), .missing = NN_MISSING_NAN};
 *   if (nn_read_csv("houses.csv.gz", &options, &table, &error) != AD_OK) {
 *       puts(error.message);        houses.csv.gz:17: column 3 (rooms): "many" is no number
 *   }
 *
 * Fields are separated by one of , ; tab or blanks and may be in double quotes; lines end in \n or
 * \r\n; blank lines are skipped. Numbers have the point of .decimal in every locale, and integers
 * all their digits. Columns are counted from 0; those that are not chosen may hold anything.
 */

/* Columns by number, from 0, or negative from the last, -1; or by the names in the header. */
typedef struct nn_columns {
    int count;
    const int *numbers;
    const char *const *names; /* used if numbers is NULL */
} nn_columns;

#define NN_COLUMNS(...)                                                                            \
    ((nn_columns){(int)(sizeof((const int[]){__VA_ARGS__}) / sizeof(int)),                         \
                  (const int[]){__VA_ARGS__}, NULL})
#define NN_NAMED(...)                                                                              \
    ((nn_columns){(int)(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *)), NULL,        \
                  (const char *const[]){__VA_ARGS__}})

/* NN_HEADER_AUTO: the first line is a header if none of its fields is a number. */
typedef enum nn_header { NN_HEADER_AUTO, NN_HEADER_YES, NN_HEADER_NO } nn_header;

/* What a missing value is: an empty field, or one of NA, N/A, NaN, null, none, ? in any case. What
 * is read as NaN is to be filled in, through x.owned, or left out, by nn_array_select, before
 * training. */
typedef enum nn_missing { NN_MISSING_REFUSED, NN_MISSING_NAN } nn_missing;

typedef struct nn_csv_options {
    nn_columns x;                  /* none: all that are not in y */
    nn_columns y;                  /* none: y has no columns */
    nn_type x_type;                /* NN_F64 */
    nn_type y_type;                /* NN_F64; NN_I64 for class numbers */
    nn_header header;              /* NN_HEADER_AUTO */
    nn_missing missing;            /* NN_MISSING_REFUSED */
    char separator;                /* 0: the first of tab ; , blank that the first line has */
    char decimal;                  /* ',' in numbers as 1,5; 0: '.' */
    char comment;                  /* lines that begin with it are skipped; 0: none */
    const ad_allocator *allocator; /* NULL: the C library's */
} nn_csv_options;

#ifdef __cplusplus
extern "C" {
#endif

/* Reads path, plain or compressed by gzip, whatever its name. options NULL: all defaults.
 *
 * x [rows, columns]   y [rows, columns], or [rows] for one column of integers: class numbers
 *
 * Errors: AD_ERR_IO if the file cannot be read;  AD_ERR_FORMAT if a chosen field is no number or
 *         does not fit its type, lines differ in length, a quote is not closed, no line has data,
 *         or compressed data is damaged: the text names file, line, column and field;
 *         AD_ERR_INDEX if a chosen column does not exist;  AD_ERR_DOMAIN if an option is none;
 *         AD_ERR_MEMORY. *table is then empty, and need not be cleared.
 * Owns:   *table owns its data and names; end it with nn_table_clear. */
AD_API ad_status nn_read_csv(const char *path, const nn_csv_options *options, nn_table *table,
                             ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
