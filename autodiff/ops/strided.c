/* SPDX-License-Identifier: MIT */
#include "ops/strided_internal.h"

#include <string.h>

/* Axes from the innermost outwards; none has length 1, and no two could be walked as one. */
typedef struct walk {
    int rank;
    size_t len[AD_MAX_RANK];
    ptrdiff_t from[AD_MAX_RANK], to[AD_MAX_RANK];
} walk;

void ad__dense_strides(const ad_shape *shape, ptrdiff_t *stride)
{
    ptrdiff_t product = 1;
    for (int i = shape->rank - 1; i >= 0; i--) {
        stride[i] = product;
        product *= (ptrdiff_t)shape->len[i];
    }
}

static walk walk_of(const ad_shape *shape, const ptrdiff_t *from, const ptrdiff_t *to)
{
    walk w = {.rank = 0};
    for (int i = shape->rank - 1; i >= 0; i--) {
        ptrdiff_t len = (ptrdiff_t)shape->len[i];
        int top = w.rank - 1;
        if (len == 1) {
            continue;
        }
        if (top >= 0 && from[i] == w.from[top] * (ptrdiff_t)w.len[top] &&
            to[i] == w.to[top] * (ptrdiff_t)w.len[top]) {
            w.len[top] *= (size_t)len;
            continue;
        }
        w.len[w.rank] = (size_t)len;
        w.from[w.rank] = from[i];
        w.to[w.rank++] = to[i];
    }
    if (w.rank == 0) {
        w = (walk){.rank = 1, .len = {1}, .from = {1}, .to = {1}};
    }
    return w;
}

/* Makes an axis that x crosses with stride 1 the second one, if the first is not it: the two are
 * then walked in tiles, so that neither reads nor writes jump from cache line to cache line. */
static int walk_in_tiles(walk *w)
{
    for (int i = 1; i < w->rank && w->from[0] != 0 && w->from[0] != 1; i++) {
        if (w->from[i] == 1) {
            walk old = *w;
            w->len[i] = old.len[1], w->from[i] = old.from[1], w->to[i] = old.to[1];
            w->len[1] = old.len[i], w->from[1] = old.from[i], w->to[1] = old.to[i];
            return 1;
        }
    }
    return 0;
}

/* ---- copies of one and two axes; inline, so that bytes and unit strides are constants ---- */

static inline void row_of(size_t bytes, size_t n, const char *restrict x, ptrdiff_t from,
                          char *restrict z, ptrdiff_t to)
{
    for (ptrdiff_t i = 0; i < (ptrdiff_t)n; i++) {
        memcpy(z + i * to * (ptrdiff_t)bytes, x + i * from * (ptrdiff_t)bytes, bytes);
    }
}

static inline void row(size_t bytes, size_t n, const char *x, ptrdiff_t from, char *z, ptrdiff_t to)
{
    if (from == 1 && to == 1) {
        memcpy(z, x, n * bytes);
    } else if (from == 0 && to == 1) {
        row_of(bytes, n, x, 0, z, 1);
    } else {
        row_of(bytes, n, x, from, z, to);
    }
}

enum { TILE = 16 };

static inline void tiles(size_t bytes, const walk *w, const char *x, char *z)
{
    const ptrdiff_t size = (ptrdiff_t)bytes, m = (ptrdiff_t)w->len[0], n = (ptrdiff_t)w->len[1];
    for (ptrdiff_t i = 0; i < m; i += TILE) {
        size_t high = (size_t)(m - i < TILE ? m - i : TILE);
        for (ptrdiff_t j = 0; j < n; j++) {
            row_of(bytes, high, x + (i * w->from[0] + j) * size, w->from[0],
                   z + (i * w->to[0] + j * w->to[1]) * size, w->to[0]);
        }
    }
}

static inline void copy(size_t bytes, const walk *w, int tiled, const char *x, char *z)
{
    size_t index[AD_MAX_RANK] = {0};
    ptrdiff_t from = 0, to = 0;
    for (int axis = 0; axis < w->rank;) {
        if (tiled) {
            tiles(bytes, w, x + from * (ptrdiff_t)bytes, z + to * (ptrdiff_t)bytes);
        } else {
            row(bytes, w->len[0], x + from * (ptrdiff_t)bytes, w->from[0],
                z + to * (ptrdiff_t)bytes, w->to[0]);
        }
        for (axis = tiled ? 2 : 1; axis < w->rank; axis++) { /* a step outwards, with carry */
            from += w->from[axis];
            to += w->to[axis];
            if (++index[axis] < w->len[axis]) {
                break;
            }
            from -= w->from[axis] * (ptrdiff_t)w->len[axis];
            to -= w->to[axis] * (ptrdiff_t)w->len[axis];
            index[axis] = 0;
        }
    }
}

void ad__copy_strided(const ad_shape *shape, size_t bytes, const void *x, const ptrdiff_t *from,
                      void *z, const ptrdiff_t *to)
{
    if (ad_shape_count(shape) == 0) {
        return;
    }
    walk w = walk_of(shape, from, to);
    int tiled = walk_in_tiles(&w);
    if (bytes == 4) {
        copy(4, &w, tiled, x, z);
    } else {
        copy(8, &w, tiled, x, z);
    }
}
