/* SPDX-License-Identifier: MIT */
/* Replaces values by others that have the same bits, by the rows of ops/rewrites.def, and computes
 * what is made of constants alone (fold). */
#include "kernels/codes_internal.h"
#include "base/hash_internal.h"
#include "fn/passes/passes_internal.h"

#include <string.h>

enum {
    MOST_STEPS = 1000, /* by which one value is rewritten: rows in a circle come to an end */
    CONSTANT = 1,      /* a bit beside those of forms, of which AD__TERM_ANY has none */
    CLASSES = 2 /* of rows that hold for operations of many codes: elementwise ones, others */
};

/* Rows by the code of their pattern's operation, each a list by `next`; AD__CODES + is_elementwise
 * for those of a class. Most values are as no row asks, which must cost little: a value has a bit
 * for each form of term that it may be as an argument, and a row is only tried if its arguments'
 * forms are among those of the value's arguments. */
typedef struct simplify {
    ad__program *p;
    const ad__rewrite *rows;
    int count;
    int *next;
    int head[AD__CODES + CLASSES];
    uint8_t *needs;           /* by row: forms of arguments */
    uint8_t *forms;           /* by value */
    unsigned asked;           /* forms of arguments in any row */
    unsigned wanted[CLASSES]; /* what rows for elementwise values, for others, need */
    int always[CLASSES];      /* one needs nothing */
    uint8_t inner[AD__CODES]; /* by code: the operation is an argument in some row */
    int *seekers;             /* the rows that seek an earlier value; ends in -1 */
    ad__id **earlier; /* by such a row and argument: the first value that is sought, or AD__NONE */
} simplify;

/* What a pattern has found. */
typedef struct match {
    ad__id found[AD__TERM_SLOTS];
    uint32_t at; /* of ELEMENTWISE: which argument */
} match;

static const ad__value *value(const simplify *s, ad__id id)
{
    return &s->p->values[id];
}

/* ---- matching ---- */

/* A constant whose only element is this number. */
static int is_number(const ad__value *v, double number)
{
    if (!ad__is_constant(v) || v->spec->count != 1) {
        return 0;
    }
    if (v->spec->type == AD_F64) {
        return ad__bits_of(*(const double *)v->attributes) == ad__bits_of(number);
    }
    return v->spec->type == AD_F32 &&
           ad__bits_of((double)*(const float *)v->attributes) == ad__bits_of(number);
}

/* Whether a value, without its arguments, is as a term says. */
static int is_such(const ad__program *p, const ad__value *v, const ad__term *t)
{
    switch (t->form) {
    case AD__TERM_ANY:
        return 1;
    case AD__TERM_NUMBER:
        return is_number(v, t->number);
    case AD__TERM_OF:
        return v->op == t->op && v->count == (uint32_t)t->count;
    case AD__TERM_ALIAS:
        return v->op->alias != NULL && ad__is_whole_alias(p, v);
    case AD__TERM_SPREAD:
        return ad__has(v->op, AD__SPREADS) || (v->spec->count == 1 && ad__is_whole_alias(p, v));
    case AD__TERM_ELEMENTWISE:
        return ad__is_elementwise(v);
    }
    return 0;
}

static int matches(const simplify *s, const ad__term *t, ad__id id, match *m)
{
    const ad__value *v = value(s, id);
    if (!is_such(s->p, v, t)) {
        return 0;
    }
    if (t->form == AD__TERM_ANY || t->form == AD__TERM_NUMBER) {
        ad__id *found = &m->found[t->slot];
        int is_same = *found == AD__NONE || *found == id;
        *found = id;
        return is_same;
    }
    const ad__id *args = ad__arguments(s->p, v);
    if (t->form == AD__TERM_ELEMENTWISE) {
        for (m->at = 0; m->at < v->count; m->at++) {
            if (matches(s, t->arg[0], args[m->at], m)) {
                return 1;
            }
        }
        return 0;
    }
    int all = 1;
    for (int i = 0; i < t->count && all; i++) {
        all = matches(s, t->arg[i], args[i], m);
    }
    return all;
}

/* ---- replacing ---- */

/* The value that a term of a replacement stands for, or AD__NONE. */
static ad__id found(const simplify *s, int row, const ad__term *t, const match *m)
{
    if (t->form != AD__TERM_OF) {
        return m->found[t->slot];
    }
    ad__id x = m->found[t->arg[0]->slot], z = s->earlier[row][x];
    return z != AD__NONE && value(s, z)->spec == value(s, x)->spec ? z : AD__NONE;
}

/* Puts the replacement's operation in place of a value's; 0 if it cannot, or has before. */
static int replace_operation(const simplify *s, int row, ad__value *v, const match *m)
{
    const ad__term *to = s->rows[row].replacement;
    ad__id *args = s->p->args + v->first, next[3];
    if (to->form == AD__TERM_ELEMENTWISE) {
        args[m->at] = found(s, row, to->arg[0], m);
        return 1;
    }
    int changes = v->op != to->op;
    for (int i = 0; i < to->count; i++) {
        next[i] = found(s, row, to->arg[i], m);
        if (next[i] == AD__NONE) {
            return 0;
        }
        changes |= next[i] != args[i];
    }
    memcpy(args, next, (size_t)to->count * sizeof *next);
    v->op = to->op;
    v->count = (uint32_t)to->count;
    return changes;
}

static unsigned bit_of(ad__term_form form)
{
    return form == AD__TERM_ANY ? 0 : 1U << form;
}

/* The forms that a value may have as an argument. */
static unsigned forms_of(const simplify *s, const ad__value *v)
{
    if (ad__is_leaf(v)) {
        return !ad__is_constant(v)   ? 0
               : v->spec->count == 1 ? CONSTANT | bit_of(AD__TERM_NUMBER)
                                     : CONSTANT;
    }
    unsigned forms = s->inner[ad__code_of(v)] ? bit_of(AD__TERM_OF) : 0;
    if (ad__is_elementwise(v)) {
        return forms | bit_of(AD__TERM_ELEMENTWISE);
    }
    static const ad__term some[] = {{.form = AD__TERM_ALIAS}, {.form = AD__TERM_SPREAD}};
    for (int i = 0; i < 2; i++) {
        const unsigned bit = bit_of(some[i].form);
        forms |= (s->asked & bit) != 0 && is_such(s->p, v, &some[i]) ? bit : 0;
    }
    return forms;
}

/* Those of a value's arguments, which are replaced; *constant: whether all of them are. */
static unsigned take_arguments(const simplify *s, const ad__value *v, const ad__id *to,
                               int *constant)
{
    unsigned any = 0, all = CONSTANT;
    for (ad__id *arg = s->p->args + v->first, *end = arg + v->count; arg < end; arg++) {
        *arg = to[*arg];
        any |= s->forms[*arg];
        all &= s->forms[*arg];
    }
    *constant = v->count > 0 && all != 0;
    return any;
}

/* Applies the first row of a list that holds. 1 if the value is another operation now; *same is the
 * earlier value that it is. */
static int apply_one(const simplify *s, int row, unsigned forms, ad__id id, ad__id *same)
{
    for (; row >= 0; row = s->next[row]) {
        const ad__rewrite *r = &s->rows[row];
        if ((s->needs[row] & ~forms) != 0) {
            continue;
        }
        match m = {.found = {AD__NONE, AD__NONE, AD__NONE}};
        if (!matches(s, r->pattern, id, &m)) {
            continue;
        }
        if (r->replacement->count > 0) {
            if (replace_operation(s, row, &s->p->values[id], &m)) {
                return 1;
            }
            continue;
        }
        ad__id z = found(s, row, r->replacement, &m);
        if (value(s, z)->spec == value(s, id)->spec) {
            *same = z;
            return 0;
        }
    }
    return 0;
}

static ad__id rewritten(const simplify *s, ad__id id, unsigned forms, const ad__id *to)
{
    ad__id same = id;
    const ad__value *v = value(s, id);
    for (int i = 0; i < MOST_STEPS && !ad__is_leaf(v); i++) {
        if (!apply_one(s, s->head[AD__CODES + ad__is_elementwise(v)], forms, id, &same) &&
            (same != id || !apply_one(s, s->head[ad__code_of(v)], forms, id, &same))) {
            return same;
        }
        int is_constant;
        forms = take_arguments(s, v, to, &is_constant);
    }
    return same;
}

/* ---- the whole ---- */

static int list_of(const ad__term *pattern)
{
    return pattern->form == AD__TERM_OF ? pattern->op->code
                                        : AD__CODES + (pattern->form == AD__TERM_ELEMENTWISE);
}

/* The operation of a value that a row's replacement seeks, or NULL. */
static const ad_op *sought(const ad__rewrite *r)
{
    const ad__term *to = r->replacement;
    for (int i = 0; i < to->count; i++) {
        if (to->arg[i]->form == AD__TERM_OF) {
            return to->arg[i]->op;
        }
    }
    return NULL;
}

/* The forms of a pattern's arguments; notes which operations arguments are of. */
static unsigned needs_of(simplify *s, const ad__term *pattern)
{
    unsigned needs = 0;
    for (int i = 0; i < pattern->count; i++) {
        const ad__term *t = pattern->arg[i];
        needs |= bit_of(t->form);
        s->asked |= bit_of(t->form);
        if (t->form == AD__TERM_OF) {
            s->inner[t->op->code] = 1;
        }
        if (t->count > 0) {
            (void)needs_of(s, t);
        }
    }
    return needs;
}

static ad_status make_tables(simplify *s)
{
    ad__arena *arena = &s->p->scratch;
    const size_t count = (size_t)s->count + 1, values = (size_t)s->p->count + 1;
    s->next = ad__table(arena, count, AD__UNFILLED, int);
    s->seekers = ad__table(arena, count, AD__UNFILLED, int);
    s->earlier = ad__table(arena, count, AD__UNFILLED, ad__id *);
    s->needs = ad__table(arena, count, AD__UNFILLED, uint8_t);
    s->forms = ad__table(arena, values, AD__UNFILLED, uint8_t);
    if (arena->is_out_of_memory) {
        return AD_ERR_MEMORY;
    }
    int seekers = 0;
    memset(s->head, 0xff, sizeof s->head); /* -1: the end */
    for (int i = s->count; i-- > 0;) {
        int *head = &s->head[list_of(s->rows[i].pattern)];
        s->next[i] = *head;
        *head = i;
        const ad__term *pattern = s->rows[i].pattern;
        const int is_elementwise = pattern->form == AD__TERM_ELEMENTWISE ||
                                   (pattern->form == AD__TERM_OF && pattern->op->arity > 0);
        s->needs[i] = (uint8_t)needs_of(s, pattern);
        s->wanted[is_elementwise] |= s->needs[i];
        s->always[is_elementwise] |= s->needs[i] == 0;
        if (sought(&s->rows[i]) != NULL) {
            s->seekers[seekers++] = i;
            s->earlier[i] = ad__table(arena, values, AD__NONES, ad__id);
        }
    }
    s->seekers[seekers] = -1;
    return ad__arena_status(arena);
}

/* Notes a value that rows seek. */
static void note(const simplify *s, ad__id id)
{
    const ad__value *v = value(s, id);
    for (const int *row = s->seekers; *row >= 0; row++) {
        if (v->op == sought(&s->rows[*row])) {
            ad__id *first = &s->earlier[*row][ad__arguments(s->p, v)[0]];
            *first = *first == AD__NONE ? id : *first;
        }
    }
}

ad_status ad__rewrite_by(ad__program *p, int count, const ad__rewrite *rows)
{
    ad__arena_mark before = ad__arena_mark_here(&p->scratch);
    simplify s = {.p = p, .rows = rows, .count = count};
    ad__id *to = ad__replacements(p);
    ad_status status = make_tables(&s); /* an error without replacements too */
    for (ad__id id = 0; id < p->count && status == AD_OK; id++) {
        const ad__value *v = value(&s, id);
        int is_constant;
        const unsigned forms = take_arguments(&s, v, to, &is_constant);
        if (is_constant || ad__has(v->op, AD__OF_SHAPES)) {
            status = ad__fold(p, id);
        }
        const int is_elementwise = ad__is_elementwise(v);
        if (!ad__is_leaf(v) &&
            ((forms & s.wanted[is_elementwise]) != 0 || s.always[is_elementwise])) {
            to[id] = rewritten(&s, id, forms, to);
        }
        s.forms[id] = (uint8_t)forms_of(&s, v);
        note(&s, id);
    }
    if (status == AD_OK) {
        ad__replace_roots(p, to);
    }
    ad__arena_rewind(&p->scratch, before);
    return status;
}

ad_status ad__simplify(ad__program *p)
{
    return ad__rewrite_by(p, ad__rewrite_count, ad__rewrites);
}
