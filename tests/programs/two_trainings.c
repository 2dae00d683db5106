/* SPDX-License-Identifier: MIT */
/* Two threads train a net each at the same time; both have to end at the bits of one that is
 * trained alone. For ThreadSanitizer. */
#include <wengert/nn.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 64 };

typedef struct job {
    double x[ROWS][2], y[ROWS];
    nn_model *net;
    nn_fit_result fit;
} job;

static void *train(void *argument)
{
    job *j = argument;
    ad_rng rng = {.seed = 4};
    for (int i = 0; i < ROWS; i++) {
        j->x[i][0] = ad_rng_normal(&rng);
        j->x[i][1] = ad_rng_normal(&rng);
        j->y[i] = j->x[i][0] * j->x[i][1] > 0;
    }
    j->net = nn_sequential(nn_dense(16, .activation = nn_mish), nn_dense(1));
    j->fit = nn_fit(j->net, nn_array_view(NN_F64, AD_SHAPE(ROWS, 2), j->x),
                    nn_array_view(NN_F64, AD_SHAPE(ROWS), j->y), .cost = nn_binary_cross_entropy,
                    .optim = nn_adam(.rate = 0.01), .epochs = 10, .batch = 8, .validation = 0.25);
    return NULL;
}

/* 1 if the two have the same parameters, bit for bit. */
static int same(const nn_model *a, const nn_model *b)
{
    const nn_params *p = nn_model_params(a), *q = nn_model_params(b);
    for (int i = 0; i < nn_params_count(p); i++) {
        const nn_param *w = nn_params_at(p, i), *v = nn_params_at(q, i);
        if (memcmp(w->data, v->data, w->count * sizeof(double)) != 0) {
            return 0;
        }
    }
    return nn_params_count(p) > 0;
}

int main(void)
{
    static job jobs[3];
    pthread_t thread[2];
    int failed = 0;
    for (int i = 0; i < 2; i++) {
        failed |= pthread_create(&thread[i], NULL, train, &jobs[i]) != 0;
    }
    for (int i = 0; i < 2 && !failed; i++) {
        failed |= pthread_join(thread[i], NULL) != 0;
    }
    train(&jobs[2]);
    for (int i = 0; i < 3 && !failed; i++) {
        if (jobs[i].fit.error.status != AD_OK) {
            printf("net %d: %s\n", i, jobs[i].fit.error.message);
            failed = 1;
        }
    }
    if (!failed && !(same(jobs[0].net, jobs[2].net) && same(jobs[1].net, jobs[2].net))) {
        printf("the nets trained at once differ from the one trained alone\n");
        failed = 1;
    }
    for (int i = 0; i < 3; i++) {
        nn_fit_result_clear(&jobs[i].fit);
        nn_model_free(jobs[i].net);
    }
    return failed;
}
