/* SPDX-License-Identifier: MIT */
#include "mlp.h"

#include <math.h>
#include <stddef.h>

/* z = a w + b, and its positive part where the layer is hidden. */
static void forward(const cblas *blas, int rows, int in, int out, const float *a, const float *w,
                    const float *restrict b, float *restrict z, int is_hidden)
{
    blas->sgemm(CBLAS_ROWS, CBLAS_AS_IS, CBLAS_AS_IS, rows, out, in, 1, a, in, w, out, 0, z, out);
    for (int i = 0; i < rows; i++) {
        for (int j = 0; j < out; j++) {
            float sum = z[i * out + j] + b[j];
            z[i * out + j] = is_hidden && sum < 0 ? 0 : sum;
        }
    }
}

/* d = (softmax(z) - one_hot(label)) / rows in z's place; the mean cost. */
static float softmax_cost(int rows, float *restrict z, const int64_t *labels)
{
    float cost = 0;
    for (int i = 0; i < rows; i++, z += MLP_OUT) {
        float largest = z[0], sum = 0, label = z[labels[i]];
        for (int j = 1; j < MLP_OUT; j++) {
            largest = fmaxf(largest, z[j]);
        }
        for (int j = 0; j < MLP_OUT; j++) {
            z[j] = expf(z[j] - largest);
            sum += z[j];
        }
        cost += logf(sum) + largest - label;
        for (int j = 0; j < MLP_OUT; j++) {
            z[j] /= sum * (float)rows;
        }
        z[labels[i]] -= 1 / (float)rows;
    }
    return cost / (float)rows;
}

/* before = d w^T where a > 0, unless it is NULL; then w -= rate a^T d, b -= rate sum_rows d. */
static void back(const cblas *blas, int rows, int in, int out, const float *restrict a,
                 const float *restrict d, float *w, float *restrict b, float *restrict before,
                 float rate)
{
    if (before != NULL) {
        blas->sgemm(CBLAS_ROWS, CBLAS_AS_IS, CBLAS_TRANSPOSED, rows, in, out, 1, d, out, w, out, 0,
                    before, in);
        for (int i = 0; i < rows * in; i++) {
            before[i] = a[i] > 0 ? before[i] : 0;
        }
    }
    blas->sgemm(CBLAS_ROWS, CBLAS_TRANSPOSED, CBLAS_AS_IS, in, out, rows, -rate, a, in, d, out, 1,
                w, out);
    for (int i = 0; i < rows; i++) {
        for (int j = 0; j < out; j++) {
            b[j] -= rate * d[i * out + j];
        }
    }
}

float hand_mlp_step(const cblas *blas, hand_mlp *net, int rows, const float *x,
                    const int64_t *labels, float rate)
{
    forward(blas, rows, MLP_IN, MLP_1, x, net->w1, net->b1, net->a1, 1);
    forward(blas, rows, MLP_1, MLP_2, net->a1, net->w2, net->b2, net->a2, 1);
    forward(blas, rows, MLP_2, MLP_OUT, net->a2, net->w3, net->b3, net->a3, 0);
    float cost = softmax_cost(rows, net->a3, labels);
    back(blas, rows, MLP_2, MLP_OUT, net->a2, net->a3, net->w3, net->b3, net->d2, rate);
    back(blas, rows, MLP_1, MLP_2, net->a1, net->d2, net->w2, net->b2, net->d1, rate);
    back(blas, rows, MLP_IN, MLP_1, x, net->d1, net->w1, net->b1, NULL, rate);
    return cost;
}
