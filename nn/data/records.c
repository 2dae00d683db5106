/* SPDX-License-Identifier: MIT */
#include "data/records_internal.h"
#include "data/array_internal.h"

#include <inttypes.h>
#include <string.h>

ad_status nn__records_open(nn__records *records, const char *path, char separator, char comment,
                           char decimal, const ad_allocator *allocator, ad_error *error)
{
    *records = (nn__records){
        .separator = separator, .comment = comment, .decimal = decimal, .next_line = 1};
    ad_status status = nn__reader_open(&records->reader, path, allocator, error);
    if (status != AD_OK) {
        return status;
    }
    records->capacity = NN__BUFFER;
    records->buffer = nn__resize(&records->reader.allocator, NULL, records->capacity, 1);
    if (records->buffer == NULL) {
        nn__reader_close(&records->reader);
        return ad_error_set(error, AD_ERR_MEMORY, "%s: out of memory for its lines",
                            nn__path_shown(path));
    }
    return AD_OK;
}

void nn__records_close(nn__records *records)
{
    const ad_allocator *allocator = &records->reader.allocator;
    nn__free(allocator, records->buffer);
    nn__free(allocator, records->fields);
    nn__reader_close(&records->reader);
}

static ad_status fault(const nn__records *records, ad_status status, const char *what,
                       ad_error *error)
{
    return ad_error_set(error, status, "%s:%" PRId64 ": %s", nn__path_shown(records->reader.path),
                        records->line, what);
}

/* ---- where a record ends */

/* Reads more behind what is left in buffer, which moves to its beginning. */
static ad_status read_more(nn__records *records, ad_error *error)
{
    if (records->at > 0) {
        records->len -= records->at;
        memmove(records->buffer, records->buffer + records->at, records->len);
        records->at = 0;
    }
    if (records->len == records->capacity) {
        if (records->capacity >= NN__LONGEST_RECORD) {
            return fault(records, AD_ERR_FORMAT,
                         "a line of more than 64 MiB; is this a table, and is a quote open?",
                         error);
        }
        size_t capacity = 2 * records->capacity;
        char *more = nn__resize(&records->reader.allocator, records->buffer, capacity, 1);
        if (more == NULL) {
            return fault(records, AD_ERR_MEMORY, "out of memory for the line", error);
        }
        records->buffer = more;
        records->capacity = capacity;
    }
    size_t got;
    ad_status status = nn__reader_read(&records->reader, records->capacity - records->len,
                                       records->buffer + records->len, &got, error);
    records->len += got;
    return status;
}

static int is_blank(const nn__records *records, char c)
{
    return c == ' ' || c == '\r' || (c == '\t' && records->separator != '\t');
}

static int is_separator(const nn__records *records, char c)
{
    if (records->separator == 0) { /* not known before the end of the first record */
        return c == '\t' || c == ';' || (c == ',' && records->decimal != ',');
    }
    return c == records->separator || (c == '\t' && records->separator == ' ');
}

/* The \n after the record that begins at at, or NULL if it is not in the buffer. */
static char *record_end(const nn__records *records)
{
    char *begin = records->buffer + records->at;
    size_t len = records->len - records->at;
    char *line_end = memchr(begin, '\n', len);
    if (line_end == NULL || memchr(begin, '"', (size_t)(line_end - begin)) == NULL) {
        return line_end;
    }
    int is_quoted = 0, may_open = 1; /* a quote inside a field means nothing */
    for (char *p = begin; p < begin + len; p++) {
        if (*p == '"' && (is_quoted || may_open)) {
            is_quoted = !is_quoted; /* two in a row close and open */
            may_open = 1;
        } else if (*p == '\n' && !is_quoted) {
            return p;
        } else if (!is_quoted) {
            may_open = is_separator(records, *p) || (may_open && is_blank(records, *p));
        }
    }
    return NULL;
}

static int64_t count_line_ends(const char *begin, const char *end)
{
    int64_t count = 0;
    while ((begin = memchr(begin, '\n', (size_t)(end - begin))) != NULL) {
        begin++;
        count++;
    }
    return count;
}

/* Finds the next record, [*begin, *end), and steps over it; *begin NULL if there is none. */
static ad_status take_record(nn__records *records, char **begin, char **end, ad_error *error)
{
    records->line = records->next_line;
    char *found = record_end(records);
    int is_last = 0;
    while (found == NULL && !is_last) {
        size_t before = records->len - records->at;
        ad_status status = read_more(records, error);
        if (status != AD_OK) {
            return status;
        }
        is_last = records->len == before;
        found = record_end(records);
    }
    *begin = records->buffer + records->at;
    *end = found != NULL ? found : records->buffer + records->len;
    records->at = (size_t)(*end - records->buffer) + (found != NULL);
    records->next_line += 1 + count_line_ends(*begin, *end);
    if (found == NULL && *begin == *end) {
        *begin = NULL;
    }
    return AD_OK;
}

/* ---- fields */

static char find_separator(const char *begin, const char *end, char decimal)
{
    static const char candidates[] = "\t;, ";
    size_t first = 4;
    int is_quoted = 0;
    for (const char *p = begin; p < end; p++) {
        is_quoted ^= *p == '"';
        for (size_t i = 0; i < first && !is_quoted; i++) {
            if (*p == candidates[i] && *p != decimal) {
                first = i;
            }
        }
    }
    return first < 4 ? candidates[first] : decimal == ',' ? ';' : ',';
}

static ad_status add_field(nn__records *records, char *text, size_t len, ad_error *error)
{
    if (records->count == records->fields_capacity) {
        size_t capacity = records->count > 0 ? 2 * records->count : 64;
        nn__field *more = nn__resize(&records->reader.allocator, records->fields, capacity,
                                     sizeof *records->fields);
        if (more == NULL) {
            return fault(records, AD_ERR_MEMORY, "out of memory for the fields", error);
        }
        records->fields = more;
        records->fields_capacity = capacity;
    }
    records->fields[records->count++] = (nn__field){text, len};
    return AD_OK;
}

/* Takes the quotes off in place: text moves one to the left for each. *at is the opening quote, and
 * then what follows the closing one. NULL if there is none. */
static char *unquote(char **at, const char *end)
{
    char *to = *at;
    for (char *p = *at + 1; p < end; p++) {
        if (*p == '"') {
            if (p + 1 == end || p[1] != '"') {
                *at = p + 1;
                return to;
            }
            p++;
        }
        *to++ = *p;
    }
    return NULL;
}

/* Cuts [begin, end) into fields. Each is ended by a zero, on its separator, its blanks or the
 * line's end. Behind a last line without end the buffer has room: the file's end was found by
 * asking for more. */
static ad_status split(nn__records *records, char *begin, char *end, ad_error *error)
{
    ad_status status = AD_OK;
    char *at = begin;
    int is_more = 1;
    records->count = 0;
    while (is_more && status == AD_OK) {
        while (at < end && is_blank(records, *at)) {
            at++;
        }
        char *text = at, *text_end;
        if (at < end && *at == '"') {
            text_end = unquote(&at, end);
            if (text_end == NULL) {
                return fault(records, AD_ERR_FORMAT, "a quote opened here is never closed", error);
            }
        } else {
            while (at < end && !is_separator(records, *at)) {
                at++;
            }
            text_end = at;
            while (text_end > text && is_blank(records, text_end[-1])) {
                text_end--;
            }
        }
        while (at < end && is_blank(records, *at)) {
            at++;
        }
        is_more = at < end;
        if (is_more && records->separator != ' ' && *at++ != records->separator) {
            return fault(records, AD_ERR_FORMAT, "a separator must follow a closing quote", error);
        }
        *text_end = '\0';
        status = add_field(records, text, (size_t)(text_end - text), error);
    }
    return status;
}

static int is_skipped(const nn__records *records, const char *begin, const char *end)
{
    while (begin < end && is_blank(records, *begin)) {
        begin++;
    }
    return begin == end || (records->comment != 0 && *begin == records->comment);
}

ad_status nn__records_next(nn__records *records, ad_error *error)
{
    char *begin, *end;
    do {
        ad_status status = take_record(records, &begin, &end, error);
        if (status != AD_OK) {
            return status;
        }
        if (begin == NULL) {
            records->count = 0;
            return AD_OK;
        }
        if (records->line == 1 && end - begin >= 3 && memcmp(begin, "\xef\xbb\xbf", 3) == 0) {
            begin += 3;
        }
        if (records->line == 1 && end - begin >= 2 &&
            (memcmp(begin, "\xff\xfe", 2) == 0 || memcmp(begin, "\xfe\xff", 2) == 0)) {
            return fault(records, AD_ERR_FORMAT, "is UTF-16 text; save it as UTF-8", error);
        }
    } while (is_skipped(records, begin, end));
    if (records->separator == 0) {
        records->separator = find_separator(begin, end, records->decimal);
    }
    return split(records, begin, end, error);
}
