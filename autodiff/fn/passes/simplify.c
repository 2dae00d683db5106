/* SPDX-License-Identifier: MIT */
/* Replaces values by others that have the same bits, whatever the arguments hold: NaN, infinities
 * and signed zeros included. So x + 0 stays (it turns -0 into 0), and x - 0 goes.
 *
 *   x 1, x / 1, x - 0, --x                       x
 *   chain(1, x)                                  x;  chain(0, x) is that 0
 *   above(x, 0) where relu(x) is computed        above(relu(x), 0): one of the two is kept
 *   stop_gradient(x), a shape or type it has     x
 *   a sum over no axis                           x
 *   reshape of a reshape                         one reshape
 *   an elementwise argument broadcast or         the argument before it: elementwise operations
 *   reshaped from one element                    broadcast by themselves */
#include "kernels/codes_internal.h"
#include "fn/program/program_internal.h"

#include "ops/reduce_internal.h"
#include "ops.h"

#include <string.h>

extern const ad_op ad_stop_gradient__op, ad_reshape__op, ad_broadcast_to__op, ad_cast__op,
    ad_sum__op, ad_transpose__op;

typedef struct simplify {
    ad__program *p;
    const ad__id *to;
    const ad__id *relu; /* by value: its relu, or AD__NONE */
} simplify;

static const ad__value *argument(const simplify *s, const ad__value *v, uint32_t i)
{
    return &s->p->values[s->p->args[v->first + i]];
}

/* A constant whose only element, or every element, is this number. */
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

/* Argument i, if it is of the value's own spec: else the operation also broadcasts. */
static ad__id taken(const simplify *s, const ad__value *v, uint32_t i)
{
    return argument(s, v, i)->spec == v->spec ? s->p->args[v->first + i] : AD__NONE;
}

static ad__id unit_row(const simplify *s, const ad__value *v)
{
    switch (ad__code_of(v)) {
    case ad_mul__code:
        return is_number(argument(s, v, 1), 1)   ? taken(s, v, 0)
               : is_number(argument(s, v, 0), 1) ? taken(s, v, 1)
                                                 : AD__NONE;
    case ad_div__code:
        return is_number(argument(s, v, 1), 1) ? taken(s, v, 0) : AD__NONE;
    case ad_sub__code:
        return is_number(argument(s, v, 1), 0) ? taken(s, v, 0) : AD__NONE;
    case ad_chain__code:
        return is_number(argument(s, v, 0), 1)   ? taken(s, v, 1)
               : is_number(argument(s, v, 0), 0) ? taken(s, v, 0)
                                                 : AD__NONE;
    case ad_neg__code:
        return ad__code_of(argument(s, v, 0)) == ad_neg__code && taken(s, v, 0) != AD__NONE
                   ? taken(s, argument(s, v, 0), 0)
                   : AD__NONE;
    default:
        return AD__NONE;
    }
}

static ad__id same_elements(const simplify *s, const ad__value *v)
{
    int moves = (v->op == &ad_sum__op && ((const ad__reduction *)v->attributes)->mask == 0) ||
                v->op == &ad_stop_gradient__op || v->op == &ad_reshape__op ||
                v->op == &ad_broadcast_to__op || v->op == &ad_cast__op;
    return moves ? taken(s, v, 0) : AD__NONE;
}

/* The elements of an elementwise argument before it was brought to the result's shape. */
static ad__id before_broadcast(const simplify *s, ad__id id)
{
    for (const ad__value *x = &s->p->values[id];; x = &s->p->values[id]) {
        int spreads =
            x->op == &ad_broadcast_to__op || (x->op == &ad_reshape__op && x->spec->count == 1);
        if (!spreads) {
            return id;
        }
        id = s->p->args[x->first];
    }
}

static void rewrite(simplify *s, ad__value *v)
{
    ad__id *args = s->p->args + v->first;
    if (ad__is_elementwise(v)) {
        for (uint32_t i = 0; i < v->count; i++) {
            args[i] = before_broadcast(s, args[i]);
        }
    }
    if (ad__code_of(v) == ad_above__code && is_number(argument(s, v, 1), 0) &&
        s->relu[args[0]] != AD__NONE) {
        args[0] = s->relu[args[0]];
    }
    while (v->op == &ad_reshape__op && argument(s, v, 0)->op == &ad_reshape__op) {
        args[0] = s->p->args[argument(s, v, 0)->first];
    }
}

ad_status ad__simplify(ad__program *p)
{
    ad__arena_mark before = ad__arena_mark_here(&p->scratch);
    ad__id *to = ad__replacements(p);
    ad__id *relu = ad__arena_take(&p->scratch, ((size_t)p->count + 1) * sizeof *relu);
    ad_status status = to != NULL && relu != NULL ? AD_OK : AD_ERR_MEMORY;
    if (status == AD_OK) {
        simplify s = {p, to, relu};
        memset(relu, 0xff, (size_t)p->count * sizeof *relu); /* AD__NONE */
        for (ad__id id = 0; id < p->count && status == AD_OK; id++) {
            ad__value *v = &p->values[id];
            ad__replace_arguments(p, id, to);
            status = ad__fold(p, id);
            rewrite(&s, v);
            ad__id same = v->op->arity > 0 ? unit_row(&s, v) : same_elements(&s, v);
            to[id] = same != AD__NONE ? same : id;
            if (ad__code_of(v) == ad_relu__code && relu[p->args[v->first]] == AD__NONE) {
                relu[p->args[v->first]] = id;
            }
        }
        ad__replace_roots(p, to);
    }
    ad__arena_rewind(&p->scratch, before);
    return status;
}
