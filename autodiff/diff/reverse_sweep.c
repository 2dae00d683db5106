/* SPDX-License-Identifier: MIT */
/* The gradient of a program of f64 scalars as numbers: adjoints are plain doubles. -0 is the one
 * number that leaves every first contribution as it is, so that sums have the bits of the recorded
 * gradient. */
#include "diff/reverse_internal.h"

#include "ops/elementwise_internal.h"

#include <string.h>

int ad__reverse_is_scalar(const ad__reverse *r)
{
    const ad_tape *tape = r->tape;
    int is = !r->has_tensors;
    if (r->last < tape->structured && !tape->has_assigned) {
        return is;
    }
    for (uint32_t node = r->first; node <= r->last && is; node++) {
        is = ad__reverse_sees(tape, node);
    }
    return is;
}

/* ---- few nodes, far apart ---- */

/* A contribution that waits for its node. Those of greater keys come first: later nodes, and
 * earlier contributions to one node. */
typedef struct waiting {
    uint64_t key;
    double value;
} waiting;

typedef struct reached {
    uint32_t node;
    double adjoint;
} reached;

/* A sweep from node to node: what waits is a heap, and what has been reached a list of decreasing
 * nodes. */
typedef struct walk {
    waiting *heap;
    uint32_t waits, turn;
    reached *done;
    uint32_t count, most; /* of done */
} walk;

static uint32_t node_of(waiting w)
{
    return (uint32_t)(w.key >> 32);
}

static void wait_for(walk *w, uint32_t node, double value)
{
    const waiting own = {(uint64_t)node << 32 | (UINT32_MAX - w->turn++), value};
    uint32_t at = w->waits++;
    for (; at > 0 && w->heap[(at - 1) / 2].key < own.key; at = (at - 1) / 2) {
        w->heap[at] = w->heap[(at - 1) / 2];
    }
    w->heap[at] = own;
}

static double next_value(walk *w)
{
    const double value = w->heap[0].value;
    const waiting last = w->heap[--w->waits];
    uint32_t at = 0, child = 1;
    for (; child < w->waits; child = 2 * at + 1) {
        child += child + 1 < w->waits && w->heap[child + 1].key > w->heap[child].key;
        if (w->heap[child].key <= last.key) {
            break;
        }
        w->heap[at] = w->heap[child];
        at = child;
    }
    w->heap[at] = last;
    return value;
}

/* Where there are FAR nodes or more, the first FEW of them, one more in DENSE and one more for
 * SPREAD that are passed over are met in this way: to meet one takes about the time of passing over
 * SPREAD nodes in the other, and the share of DENSE is not felt where all are met. */
enum { FAR = 65536, FEW = 8, DENSE = 8192, SPREAD = 64 };

static void walk_back(const ad__reverse *r, uint32_t last, uint32_t len, walk *w)
{
    const ad_tape *tape = r->tape;
    wait_for(w, last, 1);
    while (w->waits > 0) {
        const uint32_t node = node_of(w->heap[0]), *arg = tape->node[node].arg;
        if (w->count >= FEW + len / DENSE + (last - node) / SPREAD) {
            return;
        }
        double g = -0.0, c[3];
        while (w->waits > 0 && node_of(w->heap[0]) == node) {
            g += next_value(w);
        }
        w->done[w->count++] = (reached){node, g};
        const int args = g == 0 ? 0 : ad__op_of(tape, node)->arity;
        if (args > 0) {
            ad__contributions_of(tape->node, tape->value, node, g, c);
        }
        for (int i = 0; i < args; i++) {
            if (arg[i] >= r->first) {
                wait_for(w, arg[i], c[i]);
            }
        }
    }
}

/* Makes room for a walk and goes as far as it is worth while. 0 without memory. */
static int try_walk(const ad__reverse *r, uint32_t last, walk *w)
{
    const uint32_t len = last - r->first + 1;
    const size_t most = (size_t)FEW + len / DENSE + len / SPREAD;
    ad__arena *scratch = &r->tape->scratch;
    w->done = ad__arena_take(scratch, most * sizeof *w->done);
    w->heap = ad__arena_take(scratch, (3 * most + 1) * sizeof *w->heap);
    if (w->done == NULL || w->heap == NULL) {
        return 0;
    }
    walk_back(r, last, len, w);
    return 1;
}

static double adjoint_met(const walk *w, uint32_t node)
{
    uint32_t low = 0, high = w->count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (w->done[middle].node > node) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < w->count && w->done[low].node == node ? w->done[low].adjoint : 0;
}

/* ---- all nodes ---- */

/* Sweeps over all nodes from the first x to the last that something waits for, *last; adjoints are
 * those from *before on. What lies before the first x has one of its own only where it is no more
 * than the rest, so that a piece of a long tape costs that piece. NULL without memory. */
static const double *sweep_all(const ad__reverse *r, walk *w, uint32_t *last, uint32_t *before)
{
    ad_tape *tape = r->tape;
    const uint32_t first = r->first, begin = node_of(w->heap[0]);
    const uint32_t skip = first > begin - first ? first - 1 : 0, end = begin - skip;
    double *adjoint = ad__arena_take(&tape->scratch, ((size_t)end + 1) * sizeof *adjoint);
    if (adjoint == NULL) {
        return NULL;
    }
    for (uint32_t i = 0; i <= end; i++) {
        adjoint[i] = -0.0;
    }
    while (w->waits > 0) {
        const uint32_t node = node_of(w->heap[0]);
        adjoint[node - skip] += next_value(w);
    }
    (skip == 0 ? ad__sweep_scalars : ad__sweep_piece)(tape->node, tape->value, first, begin,
                                                      adjoint);
    *last = begin;
    *before = skip;
    return adjoint;
}

ad_status ad__reverse_sweep(const ad__reverse *r, ad_var y, int count, const ad_var *x, double *out)
{
    const uint32_t end = y.tape != NULL ? y.ref.at.node : 0;
    if (r->first > end) {
        memset(out, 0, (size_t)count * sizeof *out);
        return AD_OK;
    }
    waiting start[1];
    walk w = {.heap = start};
    const double *adjoint = NULL;
    uint32_t last = 0, before = 0;
    int has_memory = 1;
    if (end - r->first >= FAR) {
        has_memory = try_walk(r, end, &w);
    } else {
        wait_for(&w, end, 1);
    }
    if (has_memory && w.waits > 0) {
        adjoint = sweep_all(r, &w, &last, &before);
        has_memory = adjoint != NULL;
    }
    if (!has_memory) {
        return ad__reverse_no_memory(r);
    }
    for (int i = 0; i < count; i++) {
        const uint32_t node = x[i].ref.at.node;
        out[i] = adjoint != NULL && node <= last ? adjoint[node - before] : adjoint_met(&w, node);
        out[i] += 0.0; /* an untouched -0 becomes 0 */
    }
    return AD_OK;
}
