/* SPDX-License-Identifier: MIT */
#ifndef AD_TAPE_TAPE_INTERNAL_H
#define AD_TAPE_TAPE_INTERNAL_H

#include "tape/op_internal.h"
#include "tape.h"

/* The columns of a tape and the paths that write them.
 *
 * Columns are node, value, site and notes, one entry each a node. Invariants: node 0 is dead, its
 * spec is AD__SPEC_DEAD, so a test for AD__SPEC_SCALAR excludes it. Columns have room for
 * `capacity` nodes; below `limit` there is room for an operation and the constants that its numbers
 * become. It is 0 while there is an error, so that one comparison sends every failed tape to the
 * slow path. Arguments have smaller numbers than results. */

enum { AD__SPEC_SCALAR, AD__SPEC_DEAD, AD__SPEC_FIRST_FREE };
enum { AD__CONSTANT_BITS = 8, AD__CONSTANTS_MOST = 2 };

/* What a structured node or a view keeps beside the columns. */
typedef struct ad__detail {
    const ad_op *op;
    const void *attributes; /* of a view: the caller's memory */
    uint32_t bytes;         /* of the attributes */
    uint32_t first, count;  /* its arguments, in the tape's list; of a view: see view_heads */
    uint32_t like;          /* a node whose shape its attributes hold, or 0 */
} ad__detail;

/* A handle is valid if no rewind since it was made went below its node. The stack keeps the last
 * rewind to each mark that none since has gone below: marks increase from bottom to top, and so do
 * tags, which begin anew after 2^31 rewinds. */
typedef struct ad__rewind {
    uint32_t tag, node;
} ad__rewind;

/* The node of an f64 constant, which is there as long as the tape's epoch is this one. */
typedef struct ad__known_constant {
    uint64_t bits;
    uint32_t node, epoch;
} ad__known_constant;

/* Nodes first .. end - 1. */
typedef struct ad__range {
    uint32_t first, end;
} ad__range;

/* The memory of a view, in a list by address; that of an empty one begins and ends at 0. Spans of
 * one begin and spec are the same, as lone numbers are that C has changed. Of all spans up to this
 * one, `far` reaches furthest, and `next` does of those that are not the same as far; AD__NO_SPAN:
 * there are none. */
#define AD__NO_SPAN UINT32_MAX
typedef struct ad__span {
    uintptr_t begin, end;
    uint32_t node, far, next;
    uint16_t spec;
} ad__span;

/* An assignment to a view by a node, and the tape's tag then. */
typedef struct ad__assigned {
    uint32_t view, by, tag;
} ad__assigned;

struct ad_tape {
    ad__node *node;
    ad__slot *value;
    const char **site; /* where each node was recorded, or NULL */
    uint8_t *notes; /* what C has done with each node below note_count; nothing with the others */
    uint32_t note_count;
    uint32_t count, limit;
    const char *here; /* the line of what is recorded without one of its own, or NULL */
    uint32_t tag;     /* twice the rewinds so far mod 2^32, plus 1: that of new f64 scalars */
    uint32_t settled; /* nodes below are valid in handles of any age */
    /* the first node that is not an f64 scalar leaf, or such a result of an elementwise row */
    uint32_t structured;
    int has_assigned; /* ad_assign was used */
    int has_custom;   /* an operation that keeps what it sees was recorded */
    uint32_t epoch;   /* of constants: how often any node was forgotten, plus 1 */
    ad__known_constant constant[1 << AD__CONSTANT_BITS]; /* recent f64 ones, by their bits */
    ad__loop *const *loops[2];                           /* by type, then row */

    uint32_t capacity;
    ad__spec **specs; /* in keep */
    uint32_t spec_count, spec_capacity;
    uint32_t *spec_table; /* open addressing over specs, entries are index + 1 */
    uint32_t spec_table_len;
    uint16_t *spare_specs; /* numbers below spec_count that no node has */
    uint32_t spare_count, spare_capacity;
    ad__detail *details;
    uint32_t detail_count, detail_capacity;
    uint32_t *arguments;
    uint32_t argument_count, argument_capacity;
    ad__rewind *rewinds;
    uint32_t rewind_count, rewind_capacity;
    uint32_t *views; /* nodes, increasing */
    uint32_t view_count, view_capacity;
    /* by a hash of what is viewed, a view's `count`: the last one, whose `first` is that before */
    uint32_t *view_heads;
    uint32_t view_heads_len;
    ad__span *spans; /* of the first views, by address; of these the first `kept` are left */
    uint32_t span_count, span_capacity, kept;
    int spans_meet;         /* some two overlap */
    ad__assigned *assigned; /* of which other views of the memory do not know yet, in their order */
    uint32_t assigned_count, assigned_capacity;
    ad__range *derived; /* what reverse transforms recorded: increasing, no two of them touch */
    uint32_t derived_count, derived_capacity;
    ad__range swept; /* the last ad_grad_values: of node end, by nodes from first on; end 0: none */

    ad_allocator allocator;
    ad__arena values;  /* elements and attributes, taken back by rewind */
    ad__arena keep;    /* specs, for the tape's life */
    ad__arena scratch; /* for one call of an algorithm */
    int threads;
    ad_error error;
};

/* ---- the fast path: f64 scalars ---- */

/* Condition, said to hold most often: the compiler puts what follows in line. */
static inline int ad__usual(int condition)
{
    return (int)__builtin_expect(condition, 1);
}

static inline uint64_t ad__bits_of(double value)
{
    union {
        double value;
        uint64_t bits;
    } u = {value};
    return u.bits;
}

/* Whether a handle is alive on tape without a look at the rewinds: it is from after the last one,
 * or from before all. */
static inline int ad__is_recent(const ad_tape *tape, ad_var v)
{
    ad__node_ref at = v.ref.at;
    return v.tape == tape && at.node != 0 && ((at.tag | 1) == tape->tag || at.node < tape->settled);
}

/* Whether v is an f64 scalar that is alive on tape; 0 also where that takes longer to find out. */
static inline int ad__is_scalar(const ad_tape *tape, ad_var v)
{
    ad__node_ref at = v.ref.at; /* the tape's own tag: f64 scalar, and since the last rewind */
    return v.tape == tape && (at.tag == tape->tag || (at.node < tape->settled &&
                                                      tape->node[at.node].spec == AD__SPEC_SCALAR));
}

static inline ad_var ad__handle(ad_tape *tape, uint32_t node)
{
    ad_var v;
    v.tape = tape;
    v.ref.at.node = node;
    v.ref.at.tag = tape->tag - (tape->node[node].spec != AD__SPEC_SCALAR);
    return v;
}

/* Makes a line that of all that is recorded without one of its own; returns the line before, to be
 * set again at the end. There may be no tape. */
static inline const char *ad__set_line(ad_tape *tape, const char *site)
{
    const char *before = NULL;
    if (tape != NULL) {
        before = tape->here;
        tape->here = site;
    }
    return before;
}

/* Appends an f64 scalar; the caller has checked count < limit. */
static inline uint32_t ad__push_number(ad_tape *tape, uint16_t row, uint32_t a, uint32_t b,
                                       uint32_t c, double value, const char *site)
{
    uint32_t node = tape->count++;
    tape->node[node] = (ad__node){{a, b, c}, row, AD__SPEC_SCALAR};
    tape->value[node].scalar = value;
    tape->site[node] = site;
    return node;
}

static inline ad_var ad__push_scalar(ad_tape *tape, uint16_t row, uint32_t a, uint32_t b,
                                     uint32_t c, double value, const char *site)
{
    ad_var v;
    v.tape = tape;
    v.ref.at.node = ad__push_number(tape, row, a, b, c, value, site);
    v.ref.at.tag = tape->tag;
    return v;
}

static inline size_t ad__constant_place(double value)
{
    return (size_t)(ad__bits_of(value) * 0x9e3779b97f4a7c15U >> (64 - AD__CONSTANT_BITS));
}

static inline int ad__constant_is_known(const ad_tape *tape, double value)
{
    const ad__known_constant *known = &tape->constant[ad__constant_place(value)];
    return ad__usual(known->bits == ad__bits_of(value) && known->epoch == tape->epoch);
}

/* The node of an f64 constant, a recent one if it is known; the caller has checked count <
 * limit. */
static inline uint32_t ad__constant_node(ad_tape *tape, double value, const char *site)
{
    ad__known_constant *known = &tape->constant[ad__constant_place(value)];
    if (!ad__constant_is_known(tape, value)) {
        uint32_t node = ad__push_number(tape, AD__CONSTANT, 0, 0, 0, value, site);
        *known = (ad__known_constant){ad__bits_of(value), node, tape->epoch};
    }
    return known->node;
}

/* The general path for one to three arguments; in this order of parameters the call is a jump. */
ad_var ad__record_unary(ad_var a, const char *site, const ad_op *op);
ad_var ad__record_binary(ad_var a, ad_var b, const char *site, const ad_op *op);
ad_var ad__record_ternary(ad_var a, ad_var b, ad_var c, const char *site, const ad_op *op);

/* ---- the general path ---- */

/* Records op on count arguments of which at least one is on a tape (elementwise operations also
 * take literals alone): checks the handles, turns literals into constants, infers, evaluates,
 * appends. attributes are copied, bytes of them. Returns a dead handle on any error. */
ad_var ad__record(const ad_op *op, int count, const ad_var *x, const void *attributes,
                  size_t bytes);

/* Notes that the attributes of z, which was recorded last, hold the shape, or a length, of another
 * variable: where a recorded program runs on other shapes, they follow it. Returns z. */
ad_var ad__follow(ad_var z, ad_var like);

/* A leaf of a type and shape whose elements are data itself (borrowed) or a copy of it. */
ad_var ad__record_leaf(ad_tape *tape, uint16_t leaf, ad_type type, const ad_shape *shape,
                       const void *data, const char *origin);

/* A leaf of a spec that is `value` itself: the elements of a tensor are borrowed. */
ad_var ad__record_borrowed(ad_tape *tape, uint16_t spec, ad__slot value, const char *origin);

/* Takes back what was recorded since a mark, of which no handles are in use: a rewind after which
 * other handles are as good as before. */
void ad__forget_from(ad_tape *tape, ad_mark mark);

/* The same at the end of a call that recorded for itself: no handles are left, unless an operation
 * of the user's own may have kept some, and then it is a rewind. */
ad_status ad__take_back(ad_tape *tape, ad_mark mark);

/* ---- storage ---- */

/* Room for count entries of bytes each in a list of the tape's; 0 if there is no memory. */
int ad__reserve(ad_tape *tape, void **memory, uint32_t *capacity, uint32_t count, size_t bytes);

/* Room for more nodes; for more specs. */
int ad__grow(ad_tape *tape);
int ad__grow_specs(ad_tape *tape);

/* The number of a spec on this tape, or AD__SPEC_DEAD if there is no memory for a new one. */
uint16_t ad__spec_index(ad_tape *tape, ad_type type, const ad_shape *shape);

/* The view of a spec of the caller's memory, or 0; an f64 scalar only while it has the memory's
 * number. Room for one more view; 0 if there is no memory. Enters a view. Forgets those from first
 * on. */
uint32_t ad__view_of(const ad_tape *tape, uint16_t spec, const void *memory);
int ad__reserve_view(ad_tape *tape);
void ad__enter_view(ad_tape *tape, uint32_t node);
void ad__forget_views(ad_tape *tape, uint32_t first);

/* A view among variables, x[i], and another of memory that it overlaps, but in another type or
 * shape, or from another byte on; other is 0 if there is none. */
typedef struct ad__overlap {
    int i;
    uint32_t own, other;
} ad__overlap;

/* The line of a node, for error texts. */
static inline const char *ad__site_text(const ad_tape *tape, uint32_t node)
{
    return tape->site[node] != NULL ? tape->site[node] : "an unknown line";
}

/* Finds one among variables that are alive on tape. The other is one of the nodes below end for
 * which takes_part is not 0, or any view if that is NULL. AD_ERR_MEMORY is kept in the name of
 * origin. Takes scratch storage. */
ad_status ad__find_overlap(ad_tape *tape, const char *origin, int count, const ad_var *x,
                           const uint8_t *takes_part, uint32_t end, ad__overlap *found);

/* Room to note one more assignment; 0 if there is no memory. Notes that a node has assigned to a
 * view. Before a gradient, and before a rewind that forgets an assignment and keeps views: notes
 * the same for all views of the memory but lone f64, which the tape has read. AD_ERR_MEMORY is kept
 * in the name of origin. Forgets what was not yet noted of nodes from first on. */
int ad__reserve_assigned(ad_tape *tape);
void ad__note_assigned(ad_tape *tape, uint32_t view, uint32_t by);
ad_status ad__settle_assigned(ad_tape *tape, const char *origin);
void ad__forget_assigned(ad_tape *tape, uint32_t first);

/* Notes that the nodes from first on are part of a derivative; 0 if there is no memory. Forgets
 * such notes about the nodes from first on. Tells whether there is one about a node. */
int ad__note_derived(ad_tape *tape, uint32_t first);
void ad__forget_derived(ad_tape *tape, uint32_t first);
int ad__is_derived(const ad_tape *tape, uint32_t node);

/* Notes that C has read a node's value, or has branched on it. Forgets such notes about nodes from
 * first on. */
enum { AD__READ = 1, AD__BRANCH = 2 };
void ad__note_far(ad_tape *tape, uint32_t node, uint8_t what);
static inline void ad__note(ad_tape *tape, uint32_t node, uint8_t what)
{
    if (node < tape->note_count) {
        tape->notes[node] |= what;
    } else {
        ad__note_far(tape, node, what);
    }
}
void ad__forget_notes(ad_tape *tape, uint32_t first);
static inline uint8_t ad__notes_of(const ad_tape *tape, uint32_t node)
{
    return node < tape->note_count ? tape->notes[node] : 0;
}

/* ---- handles and nodes ---- */

int ad__is_alive(const ad_tape *tape, ad__node_ref at);

/* AD_OK if v is alive on tape; else the tape keeps the error, in the name of origin. */
ad_status ad__check_handle(ad_tape *tape, ad_var v, const char *origin);

ad_var ad__dead(ad_tape *tape);

/* The tape of the first argument that is on one, or NULL. */
static inline ad_tape *ad__tape_of(int count, const ad_var *x)
{
    for (int i = 0; i < count; i++) {
        if (x[i].tape != NULL) {
            return x[i].tape;
        }
    }
    return NULL;
}

/* The line at which an operation on these is recorded that has none of its own. */
static inline const char *ad__line_of(int count, const ad_var *x)
{
    const ad_tape *tape = ad__tape_of(count, x);
    return tape != NULL ? tape->here : NULL;
}

/* The literal as a constant of the given type on tape; reuses a recent one. */
ad_var ad__constant_of(ad_tape *tape, ad_type type, double value, const char *origin);

/* The operation of a node; whether it is a view; its attributes, or NULL; its arguments. */
static inline const ad__detail *ad__detail_of(const ad_tape *tape, uint32_t node)
{
    return &tape->details[tape->node[node].arg[0]];
}

static inline const ad_op *ad__op_of(const ad_tape *tape, uint32_t node)
{
    uint16_t row = tape->node[node].code;
    return row != AD__STRUCTURED ? ad__by_code[row] : ad__detail_of(tape, node)->op;
}

static inline int ad__is_view(const ad_tape *tape, uint32_t node)
{
    return tape->node[node].code == AD__VIEW || tape->node[node].code == AD__ASSIGNED;
}

static inline const void *ad__attributes_of(const ad_tape *tape, uint32_t node)
{
    int has_detail = tape->node[node].code == AD__STRUCTURED || ad__is_view(tape, node);
    return has_detail ? ad__detail_of(tape, node)->attributes : NULL;
}

static inline const uint32_t *ad__args_of(const ad_tape *tape, uint32_t node, int *count)
{
    const ad__node *n = &tape->node[node];
    if (n->code != AD__STRUCTURED) {
        *count = ad__by_code[n->code]->arity;
        return n->arg;
    }
    const ad__detail *detail = ad__detail_of(tape, node);
    *count = (int)detail->count;
    return tape->arguments + detail->first;
}

/* Whether a node read a view before the last ad_assign to it, so that its argument is gone. */
int ad__reads_stale(const ad_tape *tape, uint32_t node);

/* The elements of a node, one of them as a double, and its type and shape. */
static inline void *ad__data_of(const ad_tape *tape, uint32_t node)
{
    ad__slot *slot = &tape->value[node];
    return tape->node[node].spec == AD__SPEC_SCALAR ? &slot->scalar : slot->data;
}
double ad__element_of(const ad_tape *tape, uint32_t node, size_t i);
static inline const ad__spec *ad__spec_of(const ad_tape *tape, uint32_t node)
{
    return tape->specs[tape->node[node].spec];
}

#endif
