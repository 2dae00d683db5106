/* SPDX-License-Identifier: MIT */
#include "adbench.h"

#include <math.h>

enum { MAX_D = 128 };

double adbench_gmm_constant(const adbench_gmm *p)
{
    const double pi = 3.14159265359; /* ADBench's */
    double d = p->d, n = d + p->m + 1, log_gamma = 0.25 * d * (d - 1) * log(pi);
    for (int j = 1; j <= p->d; j++) {
        log_gamma += lgamma(0.5 * n + 0.5 * (1 - j));
    }
    double prior = n * d * (log(p->gamma) - 0.5 * log(2)) - log_gamma;
    return -p->n * d * 0.5 * log(2 * pi) - p->k * prior;
}

/* Q [k, d, d] from its diagonal [k, d] and its strictly lower part by columns, [k, d (d - 1) / 2]:
 * each entry is taken from its place, those above the diagonal from a zero behind all others. */
static ad_var lower_triangle(const adbench_gmm *p, ad_var diagonal, ad_var lower)
{
    int d = p->d, zero = d * (d + 1) / 2, place = d;
    int64_t from[MAX_D * MAX_D];
    for (int column = 0; column < d; column++) {
        for (int row = 0; row < d; row++) {
            from[row * d + column] = row > column ? place++ : row == column ? row : zero;
        }
    }
    ad_var entries = ad_concat(2, (ad_var[]){diagonal, ad_pad(lower, 1, 0, 1, 0)}, 1);
    return ad_take(entries, ad_constant(entries.tape, AD_I64, AD_SHAPE(d, d), from), 1);
}

ad_var adbench_gmm_objective(const adbench_gmm *p, ad_var alphas, ad_var means, ad_var icf,
                             ad_var x)
{
    int64_t d = p->d, n = p->n;
    ad_var log_diagonal = ad_slice(icf, 1, 0, d, 1), lower = ad_slice(icf, 1, d, AD_END, 1);
    ad_var diagonal = ad_exp(log_diagonal), log_det = ad_sum(log_diagonal, AD_AXES(1));
    ad_var q = lower_triangle(p, diagonal, lower);
    /* z [d, n, k] = Q_k (x - mean_k) as products of (x, 1) and the columns of (Q_k, -Q_k mean_k) */
    ad_var shift = ad_neg(ad_matmul(q, ad_expand_dims(means, 2)));
    ad_var affine = ad_concat(2, (ad_var[]){q, shift}, 2);
    ad_var z = ad_matmul(ad_pad(x, 1, 0, 1, 1), ad_transpose(affine, AD_AXES(1, 2, 0)));
    ad_var square = ad_sum(ad_square(z), AD_AXES(0));
    ad_var terms = ad_sub(ad_add(alphas, log_det), ad_mul(0.5, square));
    ad_var likelihood = ad_sub(ad_sum(ad_logsumexp(terms, AD_AXES(1)), AD_ALL),
                               ad_mul((double)n, ad_logsumexp(alphas, AD_ALL)));
    ad_var weight = ad_add(ad_sum(ad_square(diagonal), AD_ALL), ad_sum(ad_square(lower), AD_ALL));
    ad_var prior = ad_sub(ad_mul(0.5 * p->gamma * p->gamma, weight),
                          ad_mul(p->m, ad_sum(log_diagonal, AD_ALL)));
    return ad_add(ad_add(likelihood, prior), adbench_gmm_constant(p));
}
