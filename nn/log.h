/* SPDX-License-Identifier: MIT */
#ifndef NN_LOG_H
#define NN_LOG_H

#include "history.h"

/* Training as a table: CSV with a header, a line an epoch, written and flushed as it ends. [rarely]
 *
 *   epoch,cost,metric,validation_cost,validation_metric,rate,seconds
 *
 * Numbers have 17 digits and a decimal point in every locale, so that they read back the same; what
 * there is none of is empty. A disk that is full has whole lines, as many as it could take. */

#ifdef __cplusplus
extern "C" {
#endif

/* Writes the header; or entry `epoch`, counted from 1.
 * Errors: AD_ERR_IO. */
AD_API ad_status nn_log_begin(FILE *to, ad_error *error);
AD_API ad_status nn_log_epoch(FILE *to, int epoch, const nn_epoch *entry, ad_error *error);

/* A whole history of count epochs as a file. Errors: AD_ERR_IO. */
AD_API ad_status nn_write_log(const char *path, int count, const nn_epoch *history,
                              ad_error *error);

#ifdef __cplusplus
}
#endif

#endif
