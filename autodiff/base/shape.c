/* SPDX-License-Identifier: MIT */
#include "shape.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct {
    const char *name;
    size_t bytes;
} types[] = {
    [AD_F64] = {"f64", sizeof(double)},
    [AD_F32] = {"f32", sizeof(float)},
    [AD_I64] = {"i64", sizeof(int64_t)},
};

static int type_is_known(ad_type type)
{
    return (size_t)type < sizeof types / sizeof types[0];
}

const char *ad_type_name(ad_type type)
{
    return type_is_known(type) ? types[type].name : "unknown type";
}

size_t ad_type_bytes(ad_type type)
{
    return type_is_known(type) ? types[type].bytes : 0;
}

ad_shape ad_shape_of_lens(int rank, const int64_t *lens)
{
    ad_shape shape;
    memset(&shape, 0, sizeof shape); /* padding too: equal shapes are compared byte by byte */
    const int has_lens = rank > 0 && rank <= AD_MAX_RANK;
    shape.rank = has_lens && lens == NULL ? -1 : rank;
    if (has_lens && lens != NULL) {
        memcpy(shape.len, lens, (size_t)rank * sizeof *lens);
    }
    return shape;
}

ad_axes ad_axes_of(int count, const int *axes, int keep)
{
    ad_axes set = {.keep = (int8_t)(keep != 0)};
    if (count < 0 || count > AD_MAX_RANK || (count > 0 && axes == NULL)) {
        set.count = (int8_t)(count > AD_MAX_RANK ? AD_MAX_RANK + 1 : -1);
        return set;
    }
    set.count = (int8_t)count;
    for (int i = 0; i < count && i < AD_MAX_RANK; i++) {
        int axis = axes[i];
        set.axis[i] = (int8_t)(axis < -AD_MAX_RANK || axis >= AD_MAX_RANK ? AD_MAX_RANK : axis);
    }
    return set;
}

int ad_shape_is_valid(const ad_shape *shape)
{
    const int64_t limit = (int64_t)(SIZE_MAX / 16) + 1; /* the bytes of any type can be counted */
    if (shape == NULL || shape->rank < 0 || shape->rank > AD_MAX_RANK) {
        return 0;
    }
    int64_t product = 1;
    for (int i = 0; i < shape->rank; i++) {
        int64_t len = shape->len[i];
        if (len < 0 || len > limit) {
            return 0;
        }
        /* an empty axis does not excuse the others from being addressable */
        if (len > 1 && product > limit / len) {
            return 0;
        }
        product *= len > 1 ? len : 1;
    }
    return 1;
}

int ad_shape_equal(const ad_shape *a, const ad_shape *b)
{
    if (a == NULL || b == NULL) {
        return a == b;
    }
    return a->rank == b->rank && (a->rank <= 0 || a->rank > AD_MAX_RANK ||
                                  memcmp(a->len, b->len, (size_t)a->rank * sizeof a->len[0]) == 0);
}

size_t ad_shape_count(const ad_shape *shape)
{
    size_t count = shape != NULL && shape->rank <= AD_MAX_RANK;
    for (int i = 0; count > 0 && i < shape->rank; i++) {
        count *= (size_t)shape->len[i];
    }
    return count;
}

ad_status ad_shape_broadcast(const ad_shape *a, const ad_shape *b, ad_shape *out)
{
    if (a == NULL || b == NULL || out == NULL) {
        return AD_ERR_DOMAIN;
    }
    ad_shape result = {.rank = a->rank > b->rank ? a->rank : b->rank};
    if (a->rank < 0 || b->rank < 0 || result.rank > AD_MAX_RANK) {
        return AD_ERR_SHAPE;
    }
    for (int i = 1; i <= result.rank; i++) {
        int64_t p = i <= a->rank ? a->len[a->rank - i] : 1;
        int64_t q = i <= b->rank ? b->len[b->rank - i] : 1;
        if (p != q && p != 1 && q != 1) {
            return AD_ERR_SHAPE;
        }
        result.len[result.rank - i] = p == 1 ? q : p;
    }
    *out = result;
    return AD_OK;
}

const char *ad_shape_print(const ad_shape *shape, char *text, size_t bytes)
{
    if (text == NULL || bytes == 0) {
        return "";
    }
    if (shape == NULL) {
        (void)snprintf(text, bytes, "no shape");
        return text;
    }
    size_t at = (size_t)snprintf(text, bytes, "[");
    if (shape->rank < 0 || shape->rank > AD_MAX_RANK) {
        (void)snprintf(text, bytes, "[rank %d]", shape->rank);
        return text;
    }
    for (int i = 0; i < shape->rank && at < bytes; i++) {
        const char *before = i > 0 ? ", " : "";
        at += (size_t)snprintf(text + at, bytes - at, "%s%" PRId64, before, shape->len[i]);
    }
    if (at < bytes) {
        (void)snprintf(text + at, bytes - at, "]");
    }
    return text;
}
