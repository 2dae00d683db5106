/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static ad_status finish(FILE *to, ad_error *error)
{
    if (fflush(to) != 0 || ferror(to)) {
        return ad_error_set(error, AD_ERR_IO, "the log cannot be written: %s", strerror(errno));
    }
    return AD_OK;
}

ad_status nn_log_begin(FILE *to, ad_error *error)
{
    (void)fputs("epoch,cost,metric,validation_cost,validation_metric,rate,seconds\n", to);
    return finish(to, error);
}

ad_status nn_log_epoch(FILE *to, int epoch, const nn_epoch *entry, ad_error *error)
{
    const double numbers[] = {entry->train.cost,        entry->train.metric, entry->validation.cost,
                              entry->validation.metric, entry->rate,         entry->seconds};
    (void)fprintf(to, "%d", epoch);
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        (void)fputc(',', to);
        if (!isnan(numbers[i])) {
            (void)fprintf(to, "%.17g", numbers[i]);
        }
    }
    (void)fputc('\n', to);
    return finish(to, error);
}

ad_status nn_write_log(const char *path, int count, const nn_epoch *history, ad_error *error)
{
    FILE *to = fopen(path, "w");
    if (to == NULL) {
        return ad_error_set(error, AD_ERR_IO, "%s: %s", path, strerror(errno));
    }
    ad_status status = nn_log_begin(to, error);
    for (int i = 0; i < count && status == AD_OK; i++) {
        status = nn_log_epoch(to, i + 1, &history[i], error);
    }
    if (fclose(to) != 0 && status == AD_OK) {
        status = ad_error_set(error, AD_ERR_IO, "%s: %s", path, strerror(errno));
    }
    return status;
}
