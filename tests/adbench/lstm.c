/* SPDX-License-Identifier: MIT */
#include "adbench.h"

#include <stdlib.h>

enum { FORGET, IN, OUT, CHANGE, GATES };

/* What all layers remember, a row a layer. */
typedef struct memory {
    ad_var hidden, cell;
} memory;

/* The rows of `now` for the first `count` layers, of `before` for the others. */
static ad_var only_first(int64_t count, ad_var now, ad_var before)
{
    ad_var parts[] = {ad_slice(now, 0, 0, count, 1), ad_slice(before, 0, count, AD_END, 1)};
    return ad_concat(2, parts, 0);
}

/* One step of every layer at once. w and b [layers, bits] are those of the gates.
 *
 *   cell <- cell forget + in change,  hidden <- out tanh(cell) */
static memory advance(const ad_var w[GATES], const ad_var b[GATES], ad_var input, memory m)
{
    ad_var forget = ad_sigmoid(ad_fma(input, w[FORGET], b[FORGET]));
    ad_var in = ad_sigmoid(ad_fma(m.hidden, w[IN], b[IN]));
    ad_var out = ad_sigmoid(ad_fma(input, w[OUT], b[OUT]));
    ad_var change = ad_tanh(ad_fma(m.hidden, w[CHANGE], b[CHANGE]));
    ad_var cell = ad_fma(m.cell, forget, ad_mul(in, change));
    return (memory){ad_mul(out, ad_tanh(cell)), cell};
}

/* The initial state: rows of hidden state and cell take turns. */
static memory begin(const adbench_lstm *p, ad_tape *tape)
{
    ad_var both = ad_constant(tape, AD_F64, AD_SHAPE(p->layers, 2, p->bits), p->state);
    return (memory){ad_select(both, 1, 0), ad_select(both, 1, 1)};
}

/* Minus the mean of gold log softmax(y), with ADBench's 2 beside the exponentials. */
static ad_var score(ad_var y, ad_var gold)
{
    ad_var logarithm = ad_log(ad_add(2, ad_sum(ad_exp(y), AD_KEEP(1))));
    return ad_neg(ad_mean(ad_mul(gold, ad_sub(y, logarithm)), AD_ALL));
}

ad_var adbench_lstm_objective(const adbench_lstm *p, ad_var main, ad_var extra)
{
    ad_tape *tape = main.tape;
    int64_t layers = p->layers, bits = p->bits, steps = p->characters - 1;
    int64_t waves = steps + layers - 1;
    ad_var w[GATES], b[GATES], *hidden = malloc((size_t)waves * sizeof *hidden);
    if (hidden == NULL) {
        ad_tape_fail(tape, AD_ERR_MEMORY, "adbench_lstm_objective", NULL, "out of memory");
        return main;
    }
    for (int g = 0; g < GATES; g++) {
        w[g] = ad_select(main, 1, g);
        b[g] = ad_select(main, 1, GATES + g);
    }
    /* In wave s layer l is at step s - l, so that its input is ready: what the layer below made one
     * wave ago. */
    ad_var in_weight = ad_slice(extra, 0, 0, 1, 1);
    memory m = begin(p, tape);
    for (int64_t s = 0; s < waves; s++) {
        const double *character = p->sequence + (s < steps ? s : 0) * bits;
        ad_var first = ad_constant(tape, AD_F64, AD_SHAPE(1, bits), character);
        ad_var below[] = {ad_mul(first, in_weight), ad_slice(m.hidden, 0, 0, layers - 1, 1)};
        memory next = advance(w, b, ad_concat(2, below, 0), m);
        if (s < layers - 1) { /* layers above s have not begun */
            next.hidden = only_first(s + 1, next.hidden, m.hidden);
            next.cell = only_first(s + 1, next.cell, m.cell);
        }
        m = next;
        hidden[s] = m.hidden;
    }
    ad_var all = ad_concat((int)waves, hidden, 0);
    ad_var last = ad_slice(all, 0, layers * layers - 1, AD_END, layers);
    ad_var y = ad_fma(last, ad_slice(extra, 0, 1, 2, 1), ad_slice(extra, 0, 2, 3, 1));
    free(hidden);
    return score(y, ad_constant(tape, AD_F64, AD_SHAPE(steps, bits), p->sequence + bits));
}
