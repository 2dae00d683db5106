/* SPDX-License-Identifier: MIT */
#ifndef ADBENCH_H
#define ADBENCH_H

#include <wengert/autodiff.h>

/* The three functions of ADBench (Srajer, Kukelova, Fitzgibbon 2018), written with our operations,
 * and its files. Arrays belong to `numbers`, which free() ends; readers return 0 if a file is
 * missing or too short. */

#ifdef __cplusplus
extern "C" {
#endif

/* Every number in a text, in order, words left out; NULL if there is no such file. */
double *adbench_numbers(const char *path, int *count);

/* ---- a Gaussian mixture: the logarithm of its likelihood, with a Wishart prior ---- */

typedef struct adbench_gmm {
    int d, k, n, m;
    double gamma;
    double *alphas; /* [k] */
    double *means;  /* [k, d] */
    double *icf;    /* [k, d (d + 1) / 2]: log-diagonal, then the strictly lower part by columns */
    double *x;      /* [n, d] */
    double *numbers;
} adbench_gmm;

int adbench_gmm_read(const char *path, adbench_gmm *p);

/* n sum_x log sum_k e^(alpha_k + log|Q_k| - |Q_k (x - mean_k)|^2 / 2) and what normalises it; Q_k
 * is lower triangular with diagonal e^icf. All four are tensors in the shapes above. */
ad_var adbench_gmm_objective(const adbench_gmm *p, ad_var alphas, ad_var means, ad_var icf,
                             ad_var x);

/* What does not depend on the parameters: the constant of the normal distribution and of the
 * prior. */
double adbench_gmm_constant(const adbench_gmm *p);

/* ---- bundle adjustment: a point seen by a camera ---- */

enum { ADBENCH_CAM = 11, ADBENCH_BA = ADBENCH_CAM + 3 + 1 };

/* w (projection of X - feature). cam: rotation [3], centre [3], focal length, principal point [2],
 * radial distortion [2]. */
void adbench_ba_error(const ad_var cam[ADBENCH_CAM], const ad_var X[3], ad_var w,
                      const ad_var feature[2], ad_var error[2]);

/* ---- an LSTM that predicts bits of characters ---- */

typedef struct adbench_lstm {
    int layers, characters, bits;
    double *main;  /* [2 layers, 4, bits]: weights of the forget, in, out, change gates, biases */
    double *extra; /* [3, bits]: in_weight, out_weight, out_bias */
    double *state; /* [2 layers, bits]: hidden, cell */
    double *sequence; /* [characters, bits] */
    double *numbers;
} adbench_lstm;

int adbench_lstm_read(const char *path, adbench_lstm *p);

/* Minus the mean of sequence_t log softmax(prediction_t); main [layers, 8, bits], extra [3,
 * bits]. */
ad_var adbench_lstm_objective(const adbench_lstm *p, ad_var main, ad_var extra);

#ifdef __cplusplus
}
#endif

#endif
