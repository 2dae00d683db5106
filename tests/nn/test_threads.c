/* SPDX-License-Identifier: MIT */
/* Two threads train two nets at once; run under ThreadSanitizer this finds anything shared. */
#include "nn.h"

#include <criterion/criterion.h>
#include <pthread.h>
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

Test(nn_threads, two_nets_trained_at_once_come_out_as_one_alone)
{
    static job jobs[3];
    pthread_t thread[2];
    for (int i = 0; i < 2; i++) {
        cr_assert_eq(pthread_create(&thread[i], NULL, train, &jobs[i]), 0);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(thread[i], NULL);
    }
    train(&jobs[2]);
    for (int i = 0; i < 3; i++) {
        cr_assert_eq(jobs[i].fit.error.status, AD_OK, "%s", jobs[i].fit.error.message);
        const nn_param *w = nn_params_at(nn_model_params(jobs[i].net), 0);
        const nn_param *alone = nn_params_at(nn_model_params(jobs[2].net), 0);
        cr_expect_eq(memcmp(w->data, alone->data, w->count * sizeof(double)), 0);
    }
    for (int i = 0; i < 3; i++) {
        nn_fit_result_clear(&jobs[i].fit);
        nn_model_free(jobs[i].net);
    }
}
