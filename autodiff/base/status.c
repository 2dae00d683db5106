/* SPDX-License-Identifier: MIT */
#include "status.h"

#include "base/locale_internal.h"

#include <stdarg.h>
#include <stddef.h>

typedef struct status_row {
    const char *name, *text;
} status_row;

static const status_row rows[] = {
#define STATUS_ROW(code, text) {#code, text},
    AD_STATUS_LIST(STATUS_ROW)
#undef STATUS_ROW
};

static const status_row *row_of(ad_status status)
{
    static const status_row unknown = {"AD_ERR_UNKNOWN", "unknown status"};
    size_t count = sizeof rows / sizeof rows[0];
    return (size_t)status < count ? &rows[status] : &unknown;
}

const char *ad_status_name(ad_status status)
{
    return row_of(status)->name;
}

const char *ad_status_text(ad_status status)
{
    return row_of(status)->text;
}

ad_status ad_error_set(ad_error *error, ad_status status, const char *format, ...)
{
    if (error == NULL) {
        return status;
    }
    error->status = status;
    va_list args;
    va_start(args, format);
    (void)ad__vprint(error->message, sizeof error->message, format, args);
    va_end(args);
    return status;
}
