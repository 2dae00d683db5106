/* SPDX-License-Identifier: MIT */
/* Two threads differentiate a network each at the same time, on tapes of their own and in different
 * types; each has to end at the bits that it reaches alone. For ThreadSanitizer. */
#include <wengert/autodiff.h>

#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { ROWS = 192, IN = 160, HIDDEN = 200, STEPS = 4 };

typedef struct job {
    ad_type type;
    uint64_t seed;
    double x[ROWS * IN], w[IN * HIDDEN]; /* room for either type */
    double loss[STEPS];
    ad_error error;
} job;

/* A step of gradient descent on mean((relu(x w) 1)^2). */
static void step(ad_tape *tape, job *j, double *loss)
{
    ad_var x = ad_input_array(tape, j->type, AD_SHAPE(ROWS, IN), j->x);
    ad_var w = ad_input_array(tape, j->type, AD_SHAPE(IN, HIDDEN), j->w);
    ad_var sums = ad_sum(ad_relu(ad_matmul(x, w)), AD_AXES(1));
    ad_var cost = ad_div(ad_sum(ad_square(sums), AD_ALL), ROWS), gradient;
    if (ad_grad(cost, 1, &w, &gradient) != AD_OK) {
        return;
    }
    ad_var moved = ad_sub(w, ad_mul(1e-6, gradient));
    *loss = ad_value(cost);
    if (ad_tape_status(tape) == AD_OK) {
        memcpy(j->w, ad_data(moved), ad_count(moved) * ad_type_bytes(j->type));
    }
}

static void *train(void *argument)
{
    job *j = argument;
    ad_rng rng = {.seed = j->seed};
    ad_tape *tape = ad_tape_new();
    (void)ad_rng_fill_normal(rng, j->type, (size_t)ROWS * IN, j->x);
    rng.stream = 1;
    (void)ad_rng_fill_normal(rng, j->type, (size_t)IN * HIDDEN, j->w);
    ad_mark mark = ad_tape_mark(tape);
    for (int i = 0; i < STEPS; i++) {
        step(tape, j, &j->loss[i]);
        (void)ad_tape_rewind(tape, mark);
    }
    ad_error_set(&j->error, ad_tape_status(tape), "%s", ad_tape_message(tape));
    ad_tape_free(tape);
    return NULL;
}

int main(void)
{
    static job together[2] = {{.type = AD_F64, .seed = 1}, {.type = AD_F32, .seed = 2}};
    static job alone[2] = {{.type = AD_F64, .seed = 1}, {.type = AD_F32, .seed = 2}};
    pthread_t thread[2];
    int failed = 0;
    for (int i = 0; i < 2; i++) {
        failed |= pthread_create(&thread[i], NULL, train, &together[i]) != 0;
    }
    for (int i = 0; i < 2 && !failed; i++) {
        failed |= pthread_join(thread[i], NULL) != 0;
    }
    for (int i = 0; i < 2; i++) {
        train(&alone[i]);
        if (together[i].error.status != AD_OK) {
            printf("thread %d: %s\n", i, together[i].error.message);
            failed = 1;
        } else if (memcmp(together[i].loss, alone[i].loss, sizeof alone[i].loss) != 0 ||
                   !(alone[i].loss[STEPS - 1] < alone[i].loss[0])) {
            printf("thread %d: loss %.17g, alone %.17g, at first %.17g\n", i,
                   together[i].loss[STEPS - 1], alone[i].loss[STEPS - 1], alone[i].loss[0]);
            failed = 1;
        }
    }
    return failed;
}
