/* SPDX-License-Identifier: MIT */
#include "log.h"
#include "common/text_internal.h"

#include <errno.h>
#include <math.h>
#include <stdio_ext.h>
#include <string.h>
#include <unistd.h>

enum { LINE = 256 }; /* 7 numbers of at most 24 characters */

/* Writes a whole line or none: what a full disk took of it is cut off again, so that what is there
 * can be read. */
static ad_status write_line(FILE *to, const char *line, ad_error *error)
{
    if (to == NULL) {
        return ad_error_set(error, AD_ERR_IO, "the log has no file");
    }
    off_t before = ftello(to);
    if (!ferror(to) && fputs(line, to) != EOF && fflush(to) == 0) {
        return AD_OK;
    }
    ad_status status =
        ad_error_set(error, AD_ERR_IO, "the log cannot be written: %s", strerror(errno));
    if (before >= 0) {
        __fpurge(to);
        (void)!ftruncate(fileno(to), before);
        (void)fseeko(to, before, SEEK_SET);
    }
    return status;
}

ad_status nn_log_begin(FILE *to, ad_error *error)
{
    return write_line(to, "epoch,cost,metric,validation_cost,validation_metric,rate,seconds\n",
                      error);
}

ad_status nn_log_epoch(FILE *to, int epoch, const nn_epoch *entry, ad_error *error)
{
    if (entry == NULL) {
        return ad_error_set(error, AD_ERR_DOMAIN, "nn_log_epoch: the entry is NULL");
    }
    const double numbers[] = {entry->train.cost,        entry->train.metric, entry->validation.cost,
                              entry->validation.metric, entry->rate,         entry->seconds};
    char line[LINE] = "";
    nn__say(line, LINE, "%d", epoch);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        nn__say(line, LINE, ",");
        if (!isnan(numbers[i])) {
            nn__say(line, LINE, "%.17g", numbers[i]);
        }
    }
    nn__say(line, LINE, "\n");
    return write_line(to, line, error);
}

ad_status nn_write_log(const char *path, int count, const nn_epoch *history, ad_error *error)
{
    FILE *to = path != NULL ? fopen(path, "w") : NULL;
    if (to == NULL) {
        return ad_error_set(error, AD_ERR_IO, "%s: %s", path != NULL ? path : "(no path)",
                            path != NULL ? strerror(errno) : "the log has no path");
    }
    ad_status status = nn_log_begin(to, error);
    for (int i = 0; i < count && history != NULL && status == AD_OK; i++) {
        status = nn_log_epoch(to, i + 1, &history[i], error);
    }
    if (fclose(to) != 0 && status == AD_OK) {
        status = ad_error_set(error, AD_ERR_IO, "%s: %s", path, strerror(errno));
    }
    return status;
}
