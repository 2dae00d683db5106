/* SPDX-License-Identifier: MIT */
#include "adbench.h"

enum { MAX_BITS = 64, MAX_LAYERS = 8 };

/* One layer: its hidden state and cell move on.
 *
 *   cell <- cell forget + in change,  hidden <- out tanh(cell)
 *
 * w [8, bits]: weights of the forget, in, out and change gates, then their biases. */
static void layer(int bits, const ad_var *w, const ad_var *input, ad_var *hidden, ad_var *cell)
{
    const ad_var *b = w + 4 * bits;
    for (int i = 0; i < bits; i++) {
        ad_var forget = ad_sigmoid(ad_add(ad_mul(input[i], w[i]), b[i]));
        ad_var in = ad_sigmoid(ad_add(ad_mul(hidden[i], w[bits + i]), b[bits + i]));
        ad_var out = ad_sigmoid(ad_add(ad_mul(input[i], w[2 * bits + i]), b[2 * bits + i]));
        ad_var change = ad_tanh(ad_add(ad_mul(hidden[i], w[3 * bits + i]), b[3 * bits + i]));
        cell[i] = ad_add(ad_mul(cell[i], forget), ad_mul(in, change));
        hidden[i] = ad_mul(out, ad_tanh(cell[i]));
    }
}

/* The sum of gold log softmax(y), with ADBench's 2 beside the exponentials. */
static ad_var score(int bits, const ad_var *y, const double *gold)
{
    ad_var exponentials = ad_literal(2), sum = ad_literal(0);
    for (int i = 0; i < bits; i++) {
        exponentials = ad_add(exponentials, ad_exp(y[i]));
    }
    ad_var logarithm = ad_log(exponentials);
    for (int i = 0; i < bits; i++) {
        sum = ad_add(sum, ad_mul(gold[i], ad_sub(y[i], logarithm)));
    }
    return sum;
}

ad_var adbench_lstm_objective(const adbench_lstm *p, const ad_var *main, const ad_var *extra)
{
    int bits = p->bits;
    const ad_var *in_weight = extra, *out_weight = extra + bits, *out_bias = extra + 2 * bits;
    ad_var hidden[MAX_LAYERS][MAX_BITS], cell[MAX_LAYERS][MAX_BITS], y[MAX_BITS];
    for (int l = 0; l < p->layers; l++) {
        for (int i = 0; i < bits; i++) {
            hidden[l][i] = ad_literal(p->state[2 * l * bits + i]);
            cell[l][i] = ad_literal(p->state[(2 * l + 1) * bits + i]);
        }
    }
    ad_var total = ad_literal(0);
    for (int t = 0; t + 1 < p->characters; t++) {
        const double *character = p->sequence + t * bits;
        for (int i = 0; i < bits; i++) {
            y[i] = ad_mul(character[i], in_weight[i]);
        }
        const ad_var *input = y;
        for (int l = 0; l < p->layers; l++) {
            layer(bits, main + 8 * l * bits, input, hidden[l], cell[l]);
            input = hidden[l];
        }
        for (int i = 0; i < bits; i++) {
            y[i] = ad_add(ad_mul(input[i], out_weight[i]), out_bias[i]);
        }
        total = ad_add(total, score(bits, y, character + bits));
    }
    return ad_div(ad_neg(total), (p->characters - 1) * bits);
}
